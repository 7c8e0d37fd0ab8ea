"""Strips of a yard that hold boxes: blocks of stacks, wheeled rows, lorries under way. Bands return their width."""

import numpy as np

from sattrack.synthetic.cranes import gantry
from sattrack.synthetic.ground import KINDS
from sattrack.synthetic.pieces import Piece, assembled
from sattrack.synthetic.plot import Plot
from sattrack.synthetic.solids import BOX_WIDTH_M, ROOF, Solids
from sattrack.synthetic.vehicles import chassis_row, lorry, machine
from sattrack.synthetic.yards import FT20, FT40, Habit, block_slots, ragged_tiers, single, stacked


def draw_habit(rng: np.random.Generator) -> Habit:
    """How one yard stacks: neat or careless, mixed, of one fleet or of one paint; level, or low stacks beside tall."""
    careless = rng.random() < 0.3
    uniform = rng.random() < 0.12
    return Habit(
        share20=float(rng.choice([0.0, 0.12, 0.35, 0.7, 1.0], p=[0.2, 0.3, 0.3, 0.15, 0.05])),
        share45=float(rng.choice([0.0, 0.03, 0.15])),
        spread_m=float(rng.uniform(0.08, 0.2) if careless else rng.uniform(0.02, 0.08)),
        tilt=float(rng.uniform(0.004, 0.015) if careless else rng.uniform(0.001, 0.004)),
        favourites=int(rng.integers(0, 4)),
        patch=float(rng.uniform(0.1, 0.7)),
        whole_bays=float(rng.choice([0.0, 0.15, 0.45, 0.9], p=[0.35, 0.3, 0.2, 0.15])) if not uniform else 1.0,
        even=0.7,
        one_paint=float(rng.uniform(0.75, 1.0)) if uniform else 0.0,
        cliffs=float(rng.choice([0.0, 0.35, 0.8], p=[0.6, 0.25, 0.15])),
    )


def block_band(
    plot: Plot, *, v: float, rows: int, fill: float, highest: int, habit: Habit, gap_m: tuple[float, float], crane: float = 0.0,
    lined: bool = True, twenties: bool = False,
) -> float:  # fmt: skip
    """Blocks end to end along the strip, boxes lying along it. gap_m: between bays and between rows."""
    rng = plot.rng
    bay_m = FT20 if twenties else FT40
    width, pitch = rows * (BOX_WIDTH_M + gap_m[1]), bay_m + gap_m[0]
    u = -plot.half - float(rng.uniform(0, 60))
    while u < plot.half:
        bays = int(rng.integers(5, 30))
        length = bays * pitch
        middle = (u + length / 2, v + width / 2)
        slots = block_slots(
            plot.at(*middle), heading=plot.frame, rows=rows, bays=bays, gap_m=gap_m, bay_m=bay_m, frame=plot.frame
        )
        tiers = ragged_tiers(rng, slots=slots, highest=highest, fill=_near(rng, fill), cliffs=habit.cliffs)
        plot.put(stacked(rng, slots=slots, tiers=tiers, habit=habit))
        if lined:
            slot_lines(plot, u=(u, u + length), v=(v, v + width), pitch_u=pitch, pitch_v=width / rows)
        while rng.random() < crane:
            place = plot.at(u + float(rng.uniform(0, length)), v + width / 2 + 1.8)
            plot.put(
                gantry(
                    rng, centre=place, heading=plot.frame, frame=plot.frame, span_m=width + 5, high_m=float(rng.uniform(16, 24))
                )
            )
        u += length + float(rng.uniform(8, 30))
    return width


def across_band(plot: Plot, *, v: float, bays: int, fill: float, highest: int, habit: Habit, gap_m: tuple[float, float],
                twenties: bool = False) -> float:  # fmt: skip
    """Long rows of boxes that stand side by side, their long side across the strip; gap_m as above."""
    rng = plot.rng
    bay_m = FT20 if twenties else FT40
    width, pitch = bays * (bay_m + gap_m[0]), BOX_WIDTH_M + gap_m[1]
    u = -plot.half - float(rng.uniform(0, 40))
    while u < plot.half:
        rows = int(rng.integers(4, 40))
        length = rows * pitch
        slots = block_slots(
            plot.at(u + length / 2, v + width / 2), heading=plot.frame + np.pi / 2, rows=rows, bays=bays, gap_m=gap_m,
            bay_m=bay_m, frame=plot.frame,
        )  # fmt: skip
        tiers = ragged_tiers(rng, slots=slots, highest=highest, fill=_near(rng, fill), cliffs=habit.cliffs)
        plot.put(stacked(rng, slots=slots, tiers=tiers, habit=habit))
        slot_lines(plot, u=(u, u + length), v=(v, v + width), pitch_u=pitch, pitch_v=width / bays)
        u += length + float(rng.choice([rng.uniform(1.5, 6), rng.uniform(8, 40)]))
    return width


def _near(rng: np.random.Generator, fill: float) -> float:
    """The share of slots taken in one block of a yard where `fill` of all are."""
    return float(np.clip(fill + rng.normal(0, 0.15), 0.02, 0.98))


def slot_lines(plot: Plot, *, u: tuple[float, float], v: tuple[float, float], pitch_u: float, pitch_v: float) -> None:
    """The painted grid of ground slots, with bay numbers as little blots."""
    if plot.opacity < 0.08:
        return
    thin = float(plot.rng.uniform(0.08, 0.22))
    for at in np.arange(v[0], v[1] + pitch_v / 2, pitch_v):
        plot.line((u[0], float(at)), (u[1], float(at)), width_m=thin)
    for at in np.arange(u[0], u[1] + pitch_u / 2, pitch_u):
        plot.line((float(at), v[0]), (float(at), v[1]), width_m=thin)
        plot.line((float(at) + 0.6, v[0] - 1.2), (float(at) + 2.0, v[0] - 1.2), width_m=0.9)


def wheeled_band(plot: Plot, *, v: float, loaded: float) -> float:
    """Boxes on chassis, parked side by side in one or two rows, straight or slanted."""
    rng = plot.rng
    slant = float(rng.choice([0.0, rng.uniform(-0.5, 0.5)], p=[0.6, 0.4]))
    double = rng.random() < 0.5
    depth = 13.5 + abs(slant) * 3
    for row in range(1 + double):
        u = -plot.half - float(rng.uniform(0, 40))
        middle = v + depth * (row + 0.5)
        while u < plot.half:
            count = int(rng.integers(5, 26))
            place = plot.at(u + count * 1.8, middle)
            plot.put(
                chassis_row(
                    rng, centre=place, heading=plot.frame - np.pi / 2 + slant, frame=plot.frame, count=count, loaded=loaded
                )
            )
            u += count * 3.65 + float(rng.choice([2.0, rng.uniform(4, 25)]))
        for at in np.arange(-plot.half, plot.half, 3.65):
            plot.line((float(at), middle - 6.0), (float(at) + slant * 12, middle + 6.0), width_m=0.12)
    return depth * (1 + double)


def lane_band(plot: Plot, *, v: float, width: float, traffic: float, loaded: float = 0.5) -> float:
    """A lane or road along the strip with lines and lorries; traffic: lorries in 100 m."""
    rng = plot.rng
    if rng.random() < 0.5:
        plot.pave(
            str(rng.choice(["asphalt", "concrete"])),
            u=(-plot.half, plot.half),
            v=(v, v + width),
            shade=float(rng.uniform(0.75, 1.2)),
        )
    for edge in (v + 0.4, v + width - 0.4):
        plot.line((-plot.half, edge), (plot.half, edge), width_m=0.2)
    if width > 9:
        plot.dashes(u=(-plot.half, plot.half), v=v + width / 2)
    for _ in range(rng.poisson(traffic * plot.half * 2 / 100)):
        turn = np.pi * int(rng.integers(0, 2))
        place = plot.at(float(rng.uniform(-plot.half, plot.half)), v + width * float(rng.choice([0.3, 0.7])))
        tilt = float(rng.normal(0, 0.02))
        plot.put(
            lorry(rng, centre=place, heading=plot.frame + turn + tilt, frame=plot.frame, loaded=bool(rng.random() < loaded))
        )
    if rng.random() < 0.4:
        machine_at(plot, u=float(rng.uniform(-plot.half, plot.half)), v=v + width / 2)
    return width


def machine_at(plot: Plot, *, u: float, v: float) -> None:
    """A reach stacker or a straddle carrier, along the board or across it."""
    turn = plot.frame + float(plot.rng.choice([0, np.pi / 2])) + float(plot.rng.normal(0, 0.1))
    plot.put(machine(plot.rng, centre=plot.at(u, v), heading=turn, frame=plot.frame))


def scattered_band(plot: Plot, *, v: tuple[float, float], habit: Habit, crowd: float) -> None:
    """A ragged depot: small stacks and singles anywhere, nearly square to each other. crowd: groups in 1000 m2."""
    rng = plot.rng
    room = plot.half * 2 * (v[1] - v[0])
    taken = np.zeros((0, 3))
    for _ in range(int(crowd * room / 1000)):
        u_at, v_at = float(rng.uniform(-plot.half, plot.half)), float(rng.uniform(*v))
        lone = rng.random() < 0.35
        rows, bays = (1, 1) if lone else (int(rng.integers(1, 9)), int(rng.integers(1, 4)))
        twenties = rng.random() < 0.45
        reach = 0.55 * float(np.hypot(rows * 2.6, bays * (6.6 if twenties else 12.7))) + 0.6
        if (np.hypot(taken[:, 0] - u_at, taken[:, 1] - v_at) < taken[:, 2] + reach).any():
            continue
        taken = np.vstack([taken, (u_at, v_at, reach)])
        heading = plot.frame + float(rng.choice([0, np.pi / 2])) + float(rng.normal(0, 0.25 if lone else 0.03))
        if lone:
            plot.put(single(rng, centre=plot.at(u_at, v_at), heading=heading, frame=plot.frame))
            continue
        gap = (float(rng.uniform(0.1, 0.7)), float(rng.uniform(0.03, 0.5)))
        slots = block_slots(
            plot.at(u_at, v_at),
            heading=heading,
            rows=rows,
            bays=bays,
            gap_m=gap,
            bay_m=FT20 if twenties else FT40,
            frame=plot.frame,
        )
        tiers = ragged_tiers(
            rng, slots=slots, highest=int(rng.choice([1, 2, 3, 5], p=[0.4, 0.3, 0.2, 0.1])), fill=0.85, cliffs=habit.cliffs
        )
        plot.put(stacked(rng, slots=slots, tiers=tiers, habit=habit))


def berms_band(plot: Plot, *, v: float, habit: Habit) -> float:
    """A store among earth walls: pits or lanes between berms, boxes alone or in short rows beside them."""
    rng = plot.rng
    depth, pitch = float(rng.uniform(24, 40)), float(rng.uniform(28, 60))
    earth = str(rng.choice(["soil", "grass"]))
    for u in np.arange(-plot.half - float(rng.uniform(0, pitch)), plot.half, pitch):
        at = float(u)
        plot.pave("soil", u=(at + 4, at + pitch - 4), v=(v + 4, v + depth - 4), shade=float(rng.uniform(0.85, 1.15)))
        high = float(rng.uniform(1.5, 4.0))
        walls = (
            ((at, at + pitch), (v, v + 4.5)),
            ((at, at + 4.5), (v, v + depth)),
            ((at, at + pitch), (v + depth - 4.5, v + depth)),
        )
        for wall_u, wall_v in walls[: int(rng.integers(1, 4))]:
            plot.put(berm(plot, u=wall_u, v=wall_v, high_m=high, earth=earth))
        kind = rng.random()
        if kind < 0.25:
            continue
        rows = int(rng.integers(1, 3)) if kind < 0.55 else int(rng.integers(3, 11))
        turn = float(rng.choice([0, np.pi / 2])) + float(rng.normal(0, 0.04))
        middle = plot.at(at + pitch / 2 + float(rng.normal(0, 3)), v + depth / 2 + float(rng.normal(0, 2)))
        twenties = rng.random() < 0.6
        slots = block_slots(
            middle, heading=plot.frame + turn, rows=rows, bays=1, gap_m=(0.5, float(rng.uniform(0.1, 1.2))),
            bay_m=FT20 if twenties else FT40, frame=plot.frame,
        )  # fmt: skip
        plot.put(stacked(rng, slots=slots, tiers=ragged_tiers(rng, slots=slots, highest=1, fill=0.9), habit=habit))
    return depth


def berm(plot: Plot, *, u: tuple[float, float], v: tuple[float, float], high_m: float, earth: str) -> Solids:
    """An earth wall over a rectangle of the board, in three steps up."""
    tone = np.array(KINDS[earth][0], np.float32) * float(plot.rng.uniform(0.85, 1.1))
    length, width = u[1] - u[0], v[1] - v[0]
    steps = ((0.0, 0.4, 1.0), (0.9, 0.75, 1.06), (1.6, 1.0, 1.0))
    pieces = [
        Piece((max(length - 2 * slim, 0.6), max(width - 2 * slim, 0.6)), (0, high_m * rise), tone * light, kind=ROOF)
        for slim, rise, light in steps
    ]
    middle = plot.at((u[0] + u[1]) / 2, (v[0] + v[1]) / 2)
    return assembled(pieces, centre=middle, heading=plot.frame, frame=plot.frame, block=middle)
