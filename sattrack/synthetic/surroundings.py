"""Strips and corners that hold no box: parks of cars and trailers, sheds, houses, trees, masts, water with ships."""

import numpy as np

from sattrack.synthetic.lookalikes import boat, box_trailer_row, car_park, chassis_row, quay_crane, shed, small_things, wagons
from sattrack.synthetic.palettes import ROOF_PAINTS, pick
from sattrack.synthetic.plot import Plot
from sattrack.synthetic.solids import ROOF, STEEL, VEHICLE, Floats, solids


def cars_band(plot: Plot, *, v: float) -> float:
    """A car park, rows of bays with lines between."""
    rng = plot.rng
    rows, columns = int(rng.integers(1, 5)), int(plot.half * 2 / 2.6)
    depth = rows * 5.6 + 5
    u = float(rng.uniform(-plot.half, plot.half) * 0.4)
    plot.put(
        car_park(
            rng, centre=plot.at(u, v + depth / 2), heading=plot.frame + np.pi / 2, frame=plot.frame, rows=rows, columns=columns
        )
    )
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
            tone = pick(rng, paints=ROOF_PAINTS, count=len(places))
            plot.put(
                solids(
                    places,
                    heading=plot.frame,
                    length=rng.uniform(1.5, 7, len(places)),
                    width=rng.uniform(1.2, 2.8, len(places)),
                    base=11,
                    top=12.5,
                    colour=tone,
                    kind=STEEL,
                    frame=plot.frame,
                )
            )
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
            plot.put(
                shed(rng, centre=place, heading=plot.frame + float(rng.choice([0, np.pi / 2])), frame=plot.frame, size=size)
            )
    trees(plot, u=(-plot.half, plot.half), v=(v + 1, v + 17), count=int(plot.half / 6))
    return 18.0


def empty_rails_band(plot: Plot, *, v: float) -> float:
    """Tracks with closed wagons, or bare."""
    rng = plot.rng
    tracks = int(rng.integers(2, 8))
    plot.pave("ballast", u=(-plot.half, plot.half), v=(v, v + tracks * 4.8))
    for track in range(tracks):
        at = v + (track + 0.5) * 4.8
        for rail in (-0.75, 0.75):
            plot.line((-plot.half, at + rail), (plot.half, at + rail), width_m=0.12, colour=(70, 58, 52), opacity=0.8)
        if rng.random() < 0.6:
            start = -plot.half + float(rng.uniform(-20, plot.half))
            if rng.random() < 0.4:
                plot.put(wagons(rng, start=plot.at(start, at), heading=plot.frame, frame=plot.frame, count=12, loaded=0.0))
            else:
                _closed_train(plot, u=start, v=at)
    return tracks * 4.8


def _closed_train(plot: Plot, *, u: float, v: float) -> None:
    """Vans, hoppers and coaches of one kind: long, narrow, alike."""
    rng = plot.rng
    length, count = float(rng.choice([11.5, 14.0, 17.5, 24.5])), int(rng.integers(4, 22))
    places = np.array([plot.at(u + (i + 0.5) * (length + 1.2), v) for i in range(count)])
    paint = pick(
        rng, paints=((104, 70, 56), (120, 118, 114), (84, 86, 80), (150, 144, 130), (60, 90, 130), (150, 60, 50)), count=1
    )
    tone = np.repeat(paint, count, axis=0) * rng.normal(1, 0.06, (count, 1))
    plot.put(
        solids(
            places,
            heading=plot.frame,
            length=length,
            width=2.95,
            base=0.8,
            top=4.2,
            colour=tone,
            kind=VEHICLE,
            frame=plot.frame,
        )
    )


def clutter_band(plot: Plot, *, v: float) -> float:
    """Pallets, timber, pipes and coils in heaps and in rows."""
    rng = plot.rng
    depth = float(rng.uniform(12, 35))
    for _ in range(int(plot.half / 6)):
        middle = float(rng.uniform(-plot.half, plot.half)), v + float(rng.uniform(2, depth - 2))
        count = int(rng.integers(1, 12))
        if rng.random() < 0.5:
            spots = [plot.at(middle[0] + a, middle[1] + b) for a, b in rng.normal(0, 4, (count, 2))]
            plot.put(small_things(rng, places=np.array(spots), frame=plot.frame))
            continue
        pitch = float(rng.uniform(1.5, 3.0))
        tone = pick(rng, paints=((150, 126, 92), (112, 100, 90), (130, 70, 52), (176, 172, 160), (92, 96, 100)), count=1)
        spots = [plot.at(middle[0] + (i - count / 2) * pitch, middle[1]) for i in range(count)]
        plot.put(
            solids(
                np.array(spots),
                heading=plot.frame + np.pi / 2,
                length=float(rng.choice([4.0, 8.0, 18.0])),
                width=pitch * 0.8,
                base=0,
                top=float(rng.uniform(0.6, 2.5)),
                colour=np.repeat(tone, count, 0) * rng.normal(1, 0.08, (count, 1)),
                kind=ROOF,
                frame=plot.frame,
            )
        )
    return depth


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
        solids(
            np.array(places),
            heading=plot.frame,
            length=step - 1.0,
            width=pitch * (0.9 if glass else 0.5),
            base=0,
            top=2.6,
            colour=colour,
            kind=ROOF,
            frame=plot.frame,
        )
    )
    plot.pave(str(rng.choice(["grass", "soil"])), u=(-plot.half, plot.half), v=(v, v + rows * pitch))
    return rows * pitch


def green_band(plot: Plot, *, v: float) -> float:
    """Grass or scrub with trees."""
    depth = float(plot.rng.uniform(5, 30))
    plot.pave(
        str(plot.rng.choice(["grass", "soil"])),
        u=(-plot.half, plot.half),
        v=(v, v + depth),
        shade=float(plot.rng.uniform(0.6, 1.1)),
    )
    trees(plot, u=(-plot.half, plot.half), v=(v + 1, v + depth - 1), count=int(plot.rng.integers(0, 40)))
    return depth


def trees(plot: Plot, *, u: tuple[float, float], v: tuple[float, float], count: int) -> None:
    """Crowns: three squares turned against each other, lighter towards the top."""
    rng = plot.rng
    places = np.array([plot.at(float(rng.uniform(*u)), float(rng.uniform(*v))) for _ in range(count)]).reshape(-1, 2)
    size, high = rng.uniform(2.2, 6.5, count), rng.uniform(2.5, 9, count)
    tone = pick(rng, paints=((58, 72, 44), (70, 84, 52), (82, 88, 58), (48, 60, 42)), count=count)
    for turn, width, rise, light in ((0.0, 1.0, 0.55, 0.75), (0.8, 0.9, 0.75, 0.9), (0.4, 0.55, 1.0, 1.12)):
        plot.put(
            solids(
                places + rng.normal(0, 0.3, places.shape),
                heading=plot.frame + turn,
                length=size * width,
                width=size * width * 0.9,
                base=0.4 * high,
                top=high * rise,
                colour=tone * np.float32(light),
                kind=ROOF,
                frame=plot.frame,
            )
        )


def masts(plot: Plot, *, count: int) -> None:
    """Light masts anywhere."""
    masts_at(plot, spots=plot.rng.uniform(-plot.half, plot.half, (count, 2)))


def masts_at(plot: Plot, *, spots: Floats) -> None:
    """Light masts at places (n, 2) of the plot: hardly dots from above, but long lines of shade."""
    places = np.array([plot.at(float(u), float(v)) for u, v in spots]).reshape(-1, 2)
    tone = pick(plot.rng, paints=((150, 152, 154),), count=len(places))
    for side, base, top in ((0.45, 0.0, 24.0), (2.0, 24.0, 24.8)):
        plot.put(
            solids(
                places, heading=plot.frame, length=side, width=side, base=base, top=top, colour=tone, kind=STEEL,
                frame=plot.frame,
            )
        )  # fmt: skip


def litter(plot: Plot, *, count: int) -> None:
    """Odds and ends that lie about anywhere: crates, cones, barriers, a parked car."""
    rng = plot.rng
    places = np.array([plot.at(*rng.uniform(-plot.half, plot.half, 2)) for _ in range(count)]).reshape(-1, 2)
    tone = pick(
        rng, paints=((200, 200, 196), (70, 68, 66), (170, 90, 50), (120, 116, 110), (60, 80, 120), (150, 130, 90)), count=count
    )
    size = rng.gamma(1.6, 0.55, (count, 2)).clip(0.3, 3.8)
    plot.put(
        solids(
            places, heading=plot.frame + rng.normal(0, 0.5, count), length=size[:, 0] * 1.3, width=size[:, 1].clip(0, 1.9),
            base=0, top=rng.uniform(0.4, 1.8, count), colour=tone, kind=ROOF, frame=plot.frame,
        )
    )  # fmt: skip


def waterfront(plot: Plot, *, v: float, cranes: bool, ships: float) -> float:
    """Water from v to the end of the board, a quay edge with fenders, cranes and hulls along it; returns the apron's depth."""
    rng = plot.rng
    far = plot.half + 60
    plot.pave("water", u=(-far, far), v=(v, far * 2), shade=float(rng.uniform(0.55, 1.5)))
    plot.line((-far, v - 0.6), (far, v - 0.6), width_m=1.2, colour=(176, 172, 162), opacity=0.7)
    for u in np.arange(-far, far, float(rng.uniform(8, 20))):
        plot.line((float(u), v + 0.3), (float(u) + 1.6, v + 0.3), width_m=0.8, colour=(38, 38, 40), opacity=0.9)
    apron = float(rng.uniform(12, 45))
    if cranes:
        for at in (v - 3.0, v - 3.0 - float(rng.choice([15.24, 18.0, 30.5]))):
            plot.line((-far, at), (far, at), width_m=0.35, colour=(82, 78, 74), opacity=0.8)
        for _ in range(int(rng.integers(1, 4))):
            place = plot.at(float(rng.uniform(-plot.half, plot.half)), v - 18)
            plot.put(quay_crane(rng, centre=place, heading=plot.frame + np.pi / 2, frame=plot.frame))
        apron = max(apron, 34.0)
    if rng.random() < ships:
        ship(plot, u=float(rng.uniform(-plot.half, plot.half)), v=v + 1.5)
    for _ in range(int(rng.integers(0, 4))):
        place = plot.at(float(rng.uniform(-plot.half, plot.half)), v + float(rng.uniform(30, 120)))
        plot.put(boat(rng, centre=place, heading=float(rng.uniform(0, 6.3)), frame=plot.frame))
    return apron


def ship(plot: Plot, *, u: float, v: float) -> None:
    """A freighter alongside: hull, bow, hatch covers in pairs across the beam, a house aft. No box on deck."""
    rng = plot.rng
    length = float(rng.choice([95, 140, 210, 290]) * rng.uniform(0.85, 1.15))
    beam, deck = length * float(rng.uniform(0.12, 0.17)), 4 + length * 0.03
    middle, turn = v + beam / 2, float(rng.choice([-1, 1]))
    hull = pick(rng, paints=((112, 50, 42), (60, 64, 74), (44, 66, 100), (96, 108, 98), (130, 126, 120)), count=1)
    deck_tone = pick(rng, paints=((126, 74, 58), (104, 120, 104), (120, 116, 112), (96, 70, 62)), count=1)
    for along, share, wide in ((0.0, 0.84, 1.0), (0.44, 0.06, 0.72), (0.47, 0.06, 0.4)):
        place = plot.at(u + turn * along * length, middle)
        plot.put(
            solids(np.array([place]), heading=plot.frame, length=length * share, width=beam * wide, base=0, top=deck,
                   colour=deck_tone if along == 0 else hull, kind=VEHICLE, frame=plot.frame, block=plot.at(u, middle))
        )  # fmt: skip
    pitch = float(rng.choice([13.5, 14.5, 20.0]))
    lids, panels = np.arange(-0.22 * length, 0.36 * length, pitch), int(rng.integers(1, 4))
    tone = pick(rng, paints=((150, 84, 66), (128, 134, 128), (92, 110, 98), (110, 106, 102)), count=1)
    places = [
        plot.at(u + turn * float(a), middle + (p - (panels - 1) / 2) * beam * 0.8 / panels) for a in lids for p in range(panels)
    ]
    colour = np.repeat(tone, len(places), 0) * rng.normal(1, 0.05, (len(places), 1))
    plot.put(
        solids(np.array(places), heading=plot.frame, length=pitch - 1.2, width=beam * 0.8 / panels - 0.4, base=deck,
               top=deck + 1.6, colour=colour, kind=STEEL, frame=plot.frame),
        solids(np.array([plot.at(u - turn * 0.34 * length, middle)]), heading=plot.frame, length=min(16, 0.1 * length),
               width=beam * 0.9, base=deck, top=deck + 14, colour=np.array([[224, 224, 220]]), kind=STEEL, frame=plot.frame),
    )  # fmt: skip
