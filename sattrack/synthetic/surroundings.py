"""Strips without a box: parks of cars, trailers and buses, sheds, houses, stored goods, tanks, green; masts and litter."""

from collections.abc import Callable

import numpy as np

from sattrack.synthetic.buildings import huts, narrow_houses, shed, tank
from sattrack.synthetic.goods import pallets, row_of_goods, small_things, steel_stack
from sattrack.synthetic.palettes import ROOF_PAINTS, pick
from sattrack.synthetic.pieces import Point
from sattrack.synthetic.plot import Plot
from sattrack.synthetic.solids import ROOF, STEEL, Floats, Solids, solids
from sattrack.synthetic.vehicles import box_trailer_row, bus_row, car_park, chassis_row, van_row

_LITTER = ((200, 200, 196), (70, 68, 66), (170, 90, 50), (120, 116, 110), (60, 80, 120), (150, 130, 90))


def cars_band(plot: Plot, *, v: float) -> float:
    """A car park, rows of bays with lines between."""
    rng = plot.rng
    rows, columns = int(rng.integers(1, 5)), int(plot.half * 2 / 2.6)
    depth = rows * 5.6 + 5
    u = float(rng.uniform(-plot.half, plot.half) * 0.4)
    middle, across = plot.at(u, v + depth / 2), plot.frame + np.pi / 2
    plot.put(car_park(rng, centre=middle, heading=across, frame=plot.frame, rows=rows, columns=columns))
    for at in np.arange(u - columns * 1.3, u + columns * 1.3, 2.6):
        plot.line((float(at), v + 2.5), (float(at), v + depth - 2.5), width_m=0.1)
    return depth


def trailers_band(plot: Plot, *, v: float) -> float:
    """Road trailers or empty chassis side by side."""
    rng = plot.rng
    u = -plot.half
    bare = rng.random() < 0.4
    slant = float(rng.choice([0.0, rng.uniform(-0.4, 0.4)]))
    while u < plot.half:
        count = int(rng.integers(4, 20))
        place, heading = plot.at(u + count * 1.8, v + 7.5), plot.frame + np.pi / 2 + slant
        if bare:
            plot.put(chassis_row(rng, centre=place, heading=heading, frame=plot.frame, count=count, loaded=0.0))
        else:
            plot.put(box_trailer_row(rng, centre=place, heading=heading, frame=plot.frame, count=count))
        u += count * 3.7 + float(rng.uniform(4, 40))
    return 16.0


def buses_band(plot: Plot, *, v: float) -> float:
    """Buses or rigid lorries side by side, in one or two rows."""
    rng = plot.rng
    row_of: Callable[..., Solids] = bus_row if rng.random() < 0.5 else van_row
    rows = int(rng.integers(1, 3))
    slant = float(rng.choice([0.0, rng.uniform(-0.5, 0.5)], p=[0.6, 0.4]))
    for row in range(rows):
        u = -plot.half
        while u < plot.half:
            count = int(rng.integers(3, 18))
            place = plot.at(u + count * 1.8, v + 7 + row * 14)
            plot.put(row_of(rng, centre=place, heading=plot.frame + np.pi / 2 + slant, frame=plot.frame, count=count))
            u += count * 3.7 + float(rng.uniform(3, 30))
    return 14.0 * rows + 2


def sheds_band(plot: Plot, *, v: float) -> float:
    """Sheds in a row, some with lean-tos and roof units."""
    rng = plot.rng
    depth = float(rng.uniform(12, 48))
    u = -plot.half - float(rng.uniform(0, 40))
    while u < plot.half:
        length = float(rng.uniform(12, 90))
        middle = plot.at(u + length / 2, v + depth / 2)
        plot.put(shed(rng, centre=middle, heading=plot.frame, frame=plot.frame, size=(length, depth)))
        if rng.random() < 0.3:
            units = rng.uniform(-0.4, 0.4, (int(rng.integers(2, 14)), 2)) * (length, depth)
            places = np.array([plot.at(u + length / 2 + a, v + depth / 2 + b) for a, b in units])
            n = len(places)
            tone = pick(rng, paints=ROOF_PAINTS, count=n)
            plot.put(
                solids(places, heading=plot.frame, length=rng.uniform(1.5, 7, n), width=rng.uniform(1.2, 2.8, n), base=11,
                       top=12.5, colour=tone, kind=STEEL, frame=plot.frame)
            )  # fmt: skip
        u += length + float(rng.uniform(2, 40))
    return depth + 2


def houses_band(plot: Plot, *, v: float) -> float:
    """Small houses with gardens."""
    rng = plot.rng
    plot.pave("grass", u=(-plot.half, plot.half), v=(v, v + 18), shade=float(rng.uniform(0.7, 1.1)))
    for u in np.arange(-plot.half, plot.half, float(rng.uniform(11, 22))):
        if rng.random() < 0.85:
            size = (float(rng.uniform(7, 13)), float(rng.uniform(6, 9)))
            place = plot.at(float(u), v + 9 + float(rng.normal(0, 1)))
            heading = plot.frame + float(rng.choice([0, np.pi / 2]))
            plot.put(shed(rng, centre=place, heading=heading, frame=plot.frame, size=size))
    wood(plot, u=(-plot.half, plot.half), v=(v + 1, v + 17), count=int(plot.half / 6))
    return 18.0


def narrow_houses_band(plot: Plot, *, v: float) -> float:
    """A quarter of narrow houses: rows back to back along streets."""
    rng = plot.rng
    rows = int(rng.integers(2, 7))
    at = v + 1.0
    plot.pave(str(rng.choice(["concrete", "asphalt", "soil"])), u=(-plot.half, plot.half), v=(v, v + 8), shade=0.8)
    for row in range(rows):
        depth = float(rng.uniform(9, 19))
        u = -plot.half - float(rng.uniform(0, 15))
        while u < plot.half:
            count = int(rng.integers(5, 26))
            middle = plot.at(u + count * 2.1, at + depth / 2 + float(rng.normal(0, 0.3)))
            turn = np.pi * (row % 2)
            plot.put(narrow_houses(rng, centre=middle, heading=plot.frame + turn, frame=plot.frame, count=count, depth_m=depth))
            u += count * 4.2 + float(rng.choice([rng.uniform(0.5, 2.0), rng.uniform(3, 9)]))
        # Every second row stands back to back with the one before.
        at += depth + (float(rng.uniform(3, 7)) if row % 2 else 0.4)
        if row % 2 and rng.random() < 0.4:
            wood(plot, u=(-plot.half, plot.half), v=(at - 3, at - 1), count=int(plot.half / 8))
    return at - v


def clutter_band(plot: Plot, *, v: float) -> float:
    """Pallets, timber, pipes, steel and cabins in heaps and in rows."""
    rng = plot.rng
    depth = float(rng.uniform(12, 35))
    for _ in range(int(plot.half / 6)):
        u_at, v_at = float(rng.uniform(-plot.half, plot.half)), v + float(rng.uniform(2, depth - 2))
        place, across = plot.at(u_at, v_at), plot.frame + np.pi / 2
        count = int(rng.integers(1, 12))
        what = str(rng.choice(["heap", "row", "pallets", "huts"], p=[0.35, 0.35, 0.18, 0.12]))
        if what == "heap":
            spots = [plot.at(u_at + a, v_at + b) for a, b in rng.normal(0, 4, (count, 2))]
            plot.put(small_things(rng, places=np.array(spots), frame=plot.frame))
        elif what == "row":
            plot.put(row_of_goods(rng, centre=place, heading=across, frame=plot.frame, count=count))
        elif what == "pallets":
            rows, columns = int(rng.integers(2, 12)), int(rng.integers(2, 9))
            plot.put(pallets(rng, centre=place, heading=plot.frame, frame=plot.frame, rows=rows, columns=columns))
        else:
            spots = [plot.at(u_at + 4.2 * i, v_at) for i in range(min(count, 6))]
            plot.put(huts(rng, places=spots, heading=across, frame=plot.frame))
    return depth


def steel_band(plot: Plot, *, v: float) -> float:
    """Plates, billets and pipes in bundles of about a box's size, as they lie on quays and at mills."""
    rng = plot.rng
    depth = float(rng.uniform(16, 40))
    u = -plot.half - float(rng.uniform(0, 20))
    while u < plot.half:
        turn = float(rng.choice([0, np.pi / 2]))
        place = plot.at(u + 10, v + depth / 2 + float(rng.uniform(-0.2, 0.2)) * depth)
        plot.put(steel_stack(rng, centre=place, heading=plot.frame + turn, frame=plot.frame))
        u += float(rng.uniform(20, 42))
    return depth


def tanks_band(plot: Plot, *, v: float) -> float:
    """Round tanks in a row within a wall."""
    rng = plot.rng
    across, high = float(rng.uniform(8, 34)), float(rng.uniform(7, 16))
    for u in np.arange(-plot.half, plot.half, across * float(rng.uniform(1.2, 1.8))):
        if rng.random() < 0.85:
            place = plot.at(float(u), v + across * 0.6)
            plot.put(tank(rng, centre=place, across_m=across * float(rng.uniform(0.9, 1)), high_m=high, frame=plot.frame))
    for edge in (v, v + across * 1.2):
        plot.line((-plot.half, edge), (plot.half, edge), width_m=0.4, colour=(160, 156, 148), opacity=0.8)
    return across * 1.2


def panels_band(plot: Plot, *, v: float) -> float:
    """Rows of solar panels or of greenhouses: long, alike and side by side."""
    rng = plot.rng
    glass = rng.random() < 0.5
    rows, pitch = int(rng.integers(4, 9)), float(rng.uniform(5, 8))
    tone = np.array([[206, 212, 214]] if glass else [[48, 58, 86]], np.float32)
    step = float(rng.uniform(12, 40))
    places = [plot.at(float(u), v + (r + 0.5) * pitch) for r in range(rows) for u in np.arange(-plot.half, plot.half, step)]
    colour = np.repeat(tone, len(places), 0) * rng.normal(1, 0.05, (len(places), 1))
    plot.put(
        solids(np.array(places), heading=plot.frame, length=step - 1.0, width=pitch * (0.9 if glass else 0.5), base=0, top=2.6,
               colour=colour, kind=ROOF, frame=plot.frame)
    )  # fmt: skip
    plot.pave(str(rng.choice(["grass", "soil"])), u=(-plot.half, plot.half), v=(v, v + rows * pitch))
    return rows * pitch


def green_band(plot: Plot, *, v: float) -> float:
    """Grass or scrub with trees."""
    depth = float(plot.rng.uniform(5, 30))
    kind, shade = str(plot.rng.choice(["grass", "soil"])), float(plot.rng.uniform(0.6, 1.1))
    plot.pave(kind, u=(-plot.half, plot.half), v=(v, v + depth), shade=shade)
    wood(plot, u=(-plot.half, plot.half), v=(v + 1, v + depth - 1), count=int(plot.rng.integers(0, 40)))
    return depth


def trees(plot: Plot, *, u: tuple[float, float], v: tuple[float, float], count: int) -> None:
    """Crowns: three squares turned against each other, lighter towards the top."""
    rng = plot.rng
    places = np.array([plot.at(float(rng.uniform(*u)), float(rng.uniform(*v))) for _ in range(count)]).reshape(-1, 2)
    size, high = rng.uniform(2.2, 6.5, count), rng.uniform(2.5, 9, count)
    tone = pick(rng, paints=((58, 72, 44), (70, 84, 52), (82, 88, 58), (48, 60, 42)), count=count)
    for turn, width, rise, light in ((0.0, 1.0, 0.55, 0.75), (0.8, 0.9, 0.75, 0.9), (0.4, 0.55, 1.0, 1.12)):
        plot.put(
            solids(places + rng.normal(0, 0.3, places.shape), heading=plot.frame + turn, length=size * width,
                   width=size * width * 0.9, base=0.4 * high, top=high * rise, colour=tone * np.float32(light), kind=ROOF,
                   frame=plot.frame)
        )  # fmt: skip


def wood(plot: Plot, *, u: tuple[float, float], v: tuple[float, float], count: int) -> None:
    """Crowns of many small leafy lumps, ragged at their edges."""
    rng = plot.rng
    middles = np.stack([rng.uniform(*u, count), rng.uniform(*v, count)], -1)
    reach, high = rng.uniform(1.1, 3.6, count), rng.uniform(2.5, 10, count)
    tone = pick(rng, paints=((58, 72, 44), (70, 84, 52), (82, 88, 58), (48, 60, 42), (92, 92, 64)), count=count)
    lumps = 9
    out, turn = rng.uniform(0, 1, (lumps, count)) ** 0.6, rng.uniform(0, 2 * np.pi, (lumps, count))
    for i in range(lumps):
        spots = middles + (reach * out[i])[:, None] * np.stack([np.cos(turn[i]), np.sin(turn[i])], -1)
        places = np.array([plot.at(float(a), float(b)) for a, b in spots]).reshape(-1, 2)
        side = reach * rng.uniform(0.5, 0.9, count)
        top = high * (1 - 0.35 * out[i])
        plot.put(
            solids(places, heading=turn[i], length=side, width=side * 0.85, base=0.5 * top, top=top,
                   colour=tone * rng.normal(0.95, 0.12, (count, 1)), kind=ROOF, frame=plot.frame)
        )  # fmt: skip


def masts(plot: Plot, *, count: int) -> None:
    """Light masts anywhere on land."""
    spots = plot.rng.uniform(-plot.half, plot.half, (count, 2))
    masts_at(plot, spots=spots[spots[:, 1] < plot.shore - 2])


def masts_at(plot: Plot, *, spots: Floats) -> None:
    """Light masts at places (n, 2) of the plot: hardly dots from above, but long lines of shade."""
    places = np.array([plot.at(float(u), float(v)) for u, v in spots]).reshape(-1, 2)
    tone = pick(plot.rng, paints=((150, 152, 154),), count=len(places))
    for side, base, top in ((0.45, 0.0, 24.0), (2.0, 24.0, 24.8)):
        plot.put(
            solids(places, heading=plot.frame, length=side, width=side, base=base, top=top, colour=tone, kind=STEEL,
                   frame=plot.frame)
        )  # fmt: skip


def litter(plot: Plot, *, count: int) -> None:
    """Odds and ends that lie about anywhere on land: crates, cones, barriers, a parked car."""
    rng = plot.rng
    spots = rng.uniform(-plot.half, plot.half, (count, 2))
    spots = spots[spots[:, 1] < plot.shore - 2]
    places, count = np.array([plot.at(*spot) for spot in spots]).reshape(-1, 2), len(spots)
    tone = pick(rng, paints=_LITTER, count=count)
    size = rng.gamma(1.6, 0.55, (count, 2)).clip(0.3, 3.8)
    plot.put(
        solids(places, heading=plot.frame + rng.normal(0, 0.5, count), length=size[:, 0] * 1.3, width=size[:, 1].clip(0, 1.9),
               base=0, top=rng.uniform(0.4, 1.8, count), colour=tone, kind=ROOF, frame=plot.frame)
    )  # fmt: skip


def lone_lorries(plot: Plot, *, spots: list[Point]) -> None:
    """Rigid lorries parked one by one, mostly white."""
    for u, v in spots:
        heading = plot.frame + float(plot.rng.choice([0, np.pi / 2])) + float(plot.rng.normal(0, 0.1))
        plot.put(van_row(plot.rng, centre=plot.at(u, v), heading=heading, frame=plot.frame, count=1))
