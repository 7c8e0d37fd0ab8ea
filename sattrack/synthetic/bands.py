"""Strips of a yard that hold boxes: blocks of stacks, wheeled rows, trains, lorries under way. Bands return their width."""

import numpy as np

from sattrack.synthetic.lookalikes import chassis_row, gantry, lorry, wagons
from sattrack.synthetic.palettes import STEEL_PAINTS, pick
from sattrack.synthetic.plot import Plot
from sattrack.synthetic.solids import BOX_WIDTH_M, STEEL, VEHICLE, solids
from sattrack.synthetic.yards import FT20, FT40, Habit, block_slots, ragged_tiers, single, stacked


def draw_habit(rng: np.random.Generator) -> Habit:
    """How one yard stacks: neat or careless, mixed or of one fleet."""
    careless = rng.random() < 0.3
    return Habit(
        share20=float(rng.choice([0.0, 0.12, 0.35, 0.7, 1.0], p=[0.2, 0.3, 0.3, 0.15, 0.05])),
        share45=float(rng.choice([0.0, 0.03, 0.15])),
        spread_m=float(rng.uniform(0.08, 0.2) if careless else rng.uniform(0.02, 0.08)),
        tilt=float(rng.uniform(0.004, 0.015) if careless else rng.uniform(0.001, 0.004)),
        favourites=int(rng.integers(0, 4)),
        patch=float(rng.uniform(0.1, 0.7)),
        whole_bays=float(rng.choice([0.0, 0.15, 0.45, 0.9], p=[0.35, 0.3, 0.2, 0.15])),
        even=0.7,
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
        tiers = ragged_tiers(rng, slots=slots, highest=highest, fill=float(np.clip(fill + rng.normal(0, 0.15), 0.02, 0.98)))
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
                lined: bool = True, twenties: bool = False) -> float:  # fmt: skip
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
        tiers = ragged_tiers(rng, slots=slots, highest=highest, fill=float(np.clip(fill + rng.normal(0, 0.15), 0.02, 0.98)))
        plot.put(stacked(rng, slots=slots, tiers=tiers, habit=habit))
        if lined:
            slot_lines(plot, u=(u, u + length), v=(v, v + width), pitch_u=pitch, pitch_v=width / bays)
        u += length + float(rng.choice([rng.uniform(1.5, 6), rng.uniform(8, 40)]))
    return width


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


def rail_band(plot: Plot, *, v: float, loaded: float) -> float:
    """Two to five tracks on ballast; trains stand on most of them."""
    rng = plot.rng
    tracks, pitch = int(rng.integers(1, 6)), float(rng.uniform(4.4, 5.6))
    width = tracks * pitch
    if rng.random() < 0.8:
        plot.pave("ballast", u=(-plot.half, plot.half), v=(v, v + width), shade=float(rng.uniform(0.75, 1.2)))
    for track in range(tracks):
        at = v + (track + 0.5) * pitch
        plot.line((-plot.half, at), (plot.half, at), width_m=2.5, colour=(92, 84, 78), opacity=0.35)
        for rail in (-0.75, 0.75):
            plot.line((-plot.half, at + rail), (plot.half, at + rail), width_m=0.12, colour=(70, 58, 52), opacity=0.8)
        if rng.random() < 0.7:
            start = -plot.half + float(rng.uniform(-20, plot.half))
            count = int(rng.integers(3, 25))
            plot.put(wagons(rng, start=plot.at(start, at), heading=plot.frame, frame=plot.frame, count=count, loaded=loaded))
    return width


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
        machine(plot, u=float(rng.uniform(-plot.half, plot.half)), v=v + width / 2)
    return width


def machine(plot: Plot, *, u: float, v: float) -> None:
    """A reach stacker or a straddle carrier."""
    rng = plot.rng
    place, turn = plot.at(u, v), plot.frame + float(rng.choice([0, np.pi / 2])) + float(rng.normal(0, 0.1))
    paint = pick(rng, paints=STEEL_PAINTS, count=1)
    if rng.random() < 0.6:
        spot = np.array([place])
        plot.put(
            solids(spot, heading=turn, length=7.5, width=3.6, base=0, top=2.6, colour=paint, kind=VEHICLE, frame=plot.frame),
            solids(spot, heading=turn, length=9.5, width=0.9, base=3.4, top=4.6, colour=paint, kind=STEEL, frame=plot.frame),
        )
        return
    cos, sin = np.cos(turn), np.sin(turn)
    sides = np.array([(place[0] - s * sin, place[1] + s * cos) for s in (-2.1, 2.1)])
    ends = np.array([(place[0] + s * cos, place[1] + s * sin) for s in (-3.6, 3.6)])
    plot.put(
        solids(sides, heading=turn, length=9.2, width=0.8, base=0, top=12.5, colour=paint, kind=STEEL, frame=plot.frame),
        solids(
            ends, heading=turn, length=1.0, width=4.4, base=11.2, top=12.6, colour=paint * 0.95, kind=STEEL, frame=plot.frame
        ),
    )


def scattered_band(plot: Plot, *, v: tuple[float, float], habit: Habit, crowd: float) -> None:
    """A ragged depot: small stacks and singles anywhere, nearly square to each other. crowd: groups in 1000 m2."""
    rng = plot.rng
    room = plot.half * 2 * (v[1] - v[0])
    taken: list[tuple[float, float, float]] = []
    for _ in range(int(crowd * room / 1000)):
        u_at, v_at = float(rng.uniform(-plot.half, plot.half)), float(rng.uniform(*v))
        lone = rng.random() < 0.35
        rows, bays = (1, 1) if lone else (int(rng.integers(1, 9)), int(rng.integers(1, 4)))
        twenties = rng.random() < 0.45
        reach = 0.55 * float(np.hypot(rows * 2.6, bays * (6.6 if twenties else 12.7))) + 0.6
        if any((u_at - a) ** 2 + (v_at - b) ** 2 < (reach + c) ** 2 for a, b, c in taken):
            continue
        taken.append((u_at, v_at, reach))
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
        tiers = ragged_tiers(rng, slots=slots, highest=int(rng.choice([1, 2, 3, 5], p=[0.4, 0.3, 0.2, 0.1])), fill=0.85)
        plot.put(stacked(rng, slots=slots, tiers=tiers, habit=habit))
