"""Water and what floats on it: quays with fenders and cranes, freighters with hatches or with boxes, boats."""

import numpy as np

from sattrack.synthetic.cranes import quay_crane
from sattrack.synthetic.palettes import pick
from sattrack.synthetic.pieces import Piece, Point, assembled
from sattrack.synthetic.plot import Plot
from sattrack.synthetic.solids import STEEL, VEHICLE, Solids, solids
from sattrack.synthetic.yards import FT40, Habit, block_slots, stacked

_HULLS = ((112, 50, 42), (60, 64, 74), (44, 66, 100), (96, 108, 98), (130, 126, 120))
_DECKS = ((126, 74, 58), (104, 120, 104), (120, 116, 112), (96, 70, 62))
_LIDS = ((150, 84, 66), (128, 134, 128), (92, 110, 98), (110, 106, 102))
_FISHERS = ((46, 92, 150), (52, 122, 140), (196, 196, 190), (140, 60, 50), (80, 120, 90), (172, 150, 110))


def waterfront(plot: Plot, *, v: float, cranes: bool, ships: float) -> float:
    """Water from v to the end of the board, a quay edge with fenders, cranes and hulls along it; returns the apron's depth."""
    rng = plot.rng
    far = plot.half + 60
    plot.shore = v
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


def ship(plot: Plot, *, u: float, v: float, length: float | None = None) -> None:
    """A freighter alongside: hull, bow, hatch covers in pairs across the beam, a house aft. No box on deck.

    length: metres, drawn where none is given.
    """
    rng = plot.rng
    length = float(rng.choice([95, 140, 210, 290]) * rng.uniform(0.85, 1.15)) if length is None else length
    beam, deck = length * float(rng.uniform(0.12, 0.17)), 4 + length * 0.03
    middle, turn = v + beam / 2, float(rng.choice([-1, 1]))
    _hull(plot, u=u, v=middle, length=length, beam=beam, deck=deck, turn=turn)
    pitch = float(rng.choice([13.5, 14.5, 20.0]))
    lids, panels = np.arange(-0.22 * length, 0.36 * length, pitch), int(rng.integers(1, 4))
    tone = pick(rng, paints=_LIDS, count=1)
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


def box_ship(plot: Plot, *, u: float, v: float, habit: Habit) -> None:
    """A container ship alongside: bays of boxes across the beam, some of them empty down to the hatch covers."""
    rng = plot.rng
    length = float(rng.choice([115, 150, 210]) * rng.uniform(0.9, 1.1))
    rows = int(np.clip(length * 0.058, 6, 13))
    beam, deck, turn = rows * 2.52 + 1.2, 4 + length * 0.03, float(rng.choice([-1, 1]))
    middle = v + beam / 2
    _hull(plot, u=u, v=middle, length=length, beam=beam, deck=deck, turn=turn)
    tone = pick(rng, paints=_LIDS, count=1)
    lids: list[Point] = []
    bay_m = FT40 + 1.8
    for along in np.arange(-0.26 * length, 0.36 * length, bay_m):
        place = plot.at(u + turn * float(along), middle)
        lids.append(place)
        if rng.random() < 0.3:
            continue
        slots = block_slots(place, heading=plot.frame, rows=rows, bays=1, gap_m=(0.4, 0.08), frame=plot.frame)
        tiers = np.clip(rng.integers(1, 5) + rng.integers(-1, 2, len(slots)) * (rng.random(len(slots)) < 0.3), 0, 5)
        plot.put(stacked(rng, slots=slots, tiers=tiers.astype(np.intp), habit=_on_deck(habit, deck=deck + 1.6)))
    plot.put(
        solids(np.array(lids), heading=plot.frame, length=FT40 + 0.5, width=beam * 0.94, base=deck, top=deck + 1.6,
               colour=np.repeat(tone, len(lids), 0), kind=VEHICLE, frame=plot.frame),
        solids(np.array([plot.at(u - turn * 0.36 * length, middle)]), heading=plot.frame, length=min(14, 0.09 * length),
               width=beam * 0.92, base=deck, top=deck + 16, colour=np.array([[224, 224, 220]]), kind=STEEL, frame=plot.frame),
    )  # fmt: skip


def _on_deck(habit: Habit, *, deck: float) -> Habit:
    return Habit(
        share20=habit.share20 * 0.5, favourites=habit.favourites, patch=habit.patch, spread_m=0.02, tilt=0.001, base_m=deck
    )


def _hull(plot: Plot, *, u: float, v: float, length: float, beam: float, deck: float, turn: float) -> None:
    """Hull and bow in three steps; v: of the keel."""
    hull = pick(plot.rng, paints=_HULLS, count=1)
    tone = pick(plot.rng, paints=_DECKS, count=1)
    for along, share, wide in ((0.0, 0.84, 1.0), (0.44, 0.06, 0.72), (0.47, 0.06, 0.4)):
        place = plot.at(u + turn * along * length, v)
        plot.put(
            solids(np.array([place]), heading=plot.frame, length=length * share, width=beam * wide, base=0, top=deck,
                   colour=tone if along == 0 else hull, kind=VEHICLE, frame=plot.frame, block=plot.at(u, v))
        )  # fmt: skip


def boat(rng: np.random.Generator, *, centre: Point, heading: float, frame: float) -> Solids:
    """A launch, a barge or a freighter's hull with hatches and a house."""
    length = float(rng.choice([9, 18, 45, 90]) * rng.uniform(0.8, 1.2))
    width = length * float(rng.uniform(0.16, 0.28))
    paint = pick(rng, paints=((120, 60, 50), (60, 66, 74), (190, 190, 186), (70, 96, 110)), count=1)
    deck = length * 0.06 + 0.8
    white = np.array([[222, 222, 218]], np.float32)
    pieces = [
        Piece((length, width), (0, deck), paint),
        Piece((length * 0.14, width * 0.8), (deck, deck + length * 0.07 + 1.5), white, along=-length * 0.36, kind=STEEL),
        *(
            Piece((length * 0.16, width * 0.66), (deck, deck + 0.9), paint * 0.8 + 30, along=length * a, kind=STEEL)
            for a in (-0.14, 0.06, 0.26)
        ),
    ]
    return assembled(pieces, centre=centre, heading=heading, frame=frame)


def moored_boats(plot: Plot, *, u: float, v: float, count: int) -> float:
    """Boats side by side, bows to the quay at v: 2.3 to 3.8 m wide, 8 to 15 m long; returns the width that they take."""
    rng = plot.rng
    length, wide = float(rng.uniform(8, 15)), float(rng.uniform(2.3, 3.8))
    alike = pick(rng, paints=_FISHERS, count=1) if rng.random() < 0.4 else None
    at = u
    for _ in range(count):
        width = wide * float(rng.uniform(0.9, 1.1))
        at += width + float(rng.choice([0.1, 0.5, 1.5]))
        if rng.random() < 0.12:
            continue
        paint = alike if alike is not None else pick(rng, paints=_FISHERS, count=1)
        long = length * float(rng.uniform(0.85, 1.1))
        pieces = [
            Piece((long * 0.78, width), (0, 1.2), paint * 0.9, along=-0.1 * long),
            Piece((long * 0.14, width * 0.68), (0, 1.4), paint, along=0.36 * long),
            Piece((long * 0.1, width * 0.3), (0, 1.5), paint, along=0.46 * long),
            Piece((long * 0.6, width * 0.62), (1.2, 1.25), 0.4 * paint + 80, along=-0.1 * long),
            Piece((long * 0.22, width * 0.66), (1.2, 2.8), np.array([[218, 218, 212]]), along=-0.25 * long),
        ]
        heading = plot.frame - np.pi / 2 + float(rng.normal(0, 0.04))
        plot.put(assembled(pieces, centre=plot.at(at, v + 1.5 + length / 2), heading=heading, frame=plot.frame))
    return at - u
