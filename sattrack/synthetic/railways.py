"""Tracks and what stands on them: flat wagons with boxes or without, tank, hopper and closed wagons, coaches."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sattrack.synthetic.palettes import BOX_PAINTS, fade, pick
from sattrack.synthetic.pieces import Piece, Point, assembled, moved
from sattrack.synthetic.plot import Plot
from sattrack.synthetic.solids import BOX_WIDTH_M, STEEL, Solids, joined
from sattrack.synthetic.yards import FT20, FT40, FT45, single

FLOOR_M = 1.16
_BEDS = ((78, 66, 58), (64, 62, 60), (96, 70, 56), (58, 56, 58))
_CLOSED = ((104, 70, 56), (120, 118, 114), (84, 86, 80), (150, 144, 130), (60, 90, 130), (150, 60, 50))

# Loads of a flat wagon: its deck, and the boxes on it (length, place along).
_LOADS: tuple[tuple[float, tuple[tuple[float, float], ...]], ...] = (
    (13.1, ((FT40, 0.0),)),
    (13.1, ((FT20, -3.1), (FT20, 3.1))),
    (13.1, ((FT20, 0.0),)),
    (14.4, ((FT45, 0.0),)),
    (18.7, ((FT40, -3.1), (FT20, 6.2))),
    (18.7, ((FT20, -6.2), (FT20, 0.0), (FT20, 6.2))),
    (18.7, ((FT40, 0.0),)),
    (25.2, ((FT40, -6.3), (FT40, 6.3))),
    (25.2, ((FT40, 0.0),)),
)
_OFTEN = (0.2, 0.15, 0.06, 0.06, 0.16, 0.12, 0.08, 0.12, 0.05)


def track(plot: Plot, *, v: float) -> None:
    """Sleepers and two rails along the plot; what is beside them is the caller's."""
    far = plot.half
    plot.line((-far, v), (far, v), width_m=2.5, colour=(92, 84, 78), opacity=0.35)
    worn = (70, 58, 52) if plot.rng.random() < 0.7 else (150, 146, 140)
    for rail in (-0.75, 0.75):
        plot.line((-far, v + rail), (far, v + rail), width_m=0.12, colour=worn, opacity=0.8)


def tracks_band(plot: Plot, *, v: float, train: Callable[[Plot, float, float], None], busy: float = 0.75) -> float:
    """One to six tracks on ballast, with trains on a share `busy` of them: train(plot, u, v) puts one."""
    rng = plot.rng
    count, pitch = int(rng.integers(1, 7)), float(rng.uniform(4.4, 5.6))
    if rng.random() < 0.8:
        plot.pave("ballast", u=(-plot.half, plot.half), v=(v, v + count * pitch), shade=float(rng.uniform(0.75, 1.2)))
    for i in range(count):
        at = v + (i + 0.5) * pitch
        track(plot, v=at)
        if rng.random() < busy:
            train(plot, -plot.half + float(rng.uniform(-20, plot.half)), at)
        elif rng.random() < 0.3:
            train(plot, float(rng.uniform(0, plot.half)), at)
    return count * pitch


def rail_band(plot: Plot, *, v: float, loaded: float) -> float:
    """Tracks with container trains; loaded: share of places on the wagons that hold a box."""
    alike = plot.rng.random() < 0.3

    def train(plot: Plot, u: float, v: float) -> None:
        rng = plot.rng
        if rng.random() < 0.12:
            closed_train(plot, u, v)
            return
        share = float(np.clip(loaded + rng.normal(0, 0.15), 0.03, 1.0))
        count = int(rng.integers(4, 30))
        plot.put(
            flat_train(rng, start=plot.at(u, v), heading=plot.frame, frame=plot.frame, count=count, loaded=share, alike=alike)
        )

    return tracks_band(plot, v=v, train=train)


def empty_rails_band(plot: Plot, *, v: float) -> float:
    """Tracks with wagons that hold no box, or bare."""

    def train(plot: Plot, u: float, v: float) -> None:
        rng = plot.rng
        if rng.random() < 0.35:
            plot.put(flat_train(rng, start=plot.at(u, v), heading=plot.frame, frame=plot.frame, count=12, loaded=0.0))
        else:
            closed_train(plot, u, v)

    return tracks_band(plot, v=v, train=train, busy=0.55)


def flat_train(
    rng: np.random.Generator, *, start: Point, heading: float, frame: float, count: int, loaded: float, alike: bool = False
) -> Solids:
    """Flat wagons from a place along the heading, with boxes on a share `loaded` of their places.

    alike: all boxes of one paint. Ends, deck and gaps show between the boxes.
    """
    parts = []
    at = 0.0
    one_kind = int(rng.choice(len(_LOADS), p=_OFTEN)) if rng.random() < 0.45 else None
    bed = pick(rng, paints=_BEDS, count=1)
    paint = np.array([BOX_PAINTS[int(rng.integers(len(BOX_PAINTS)))][0]], np.float32)
    stacked = rng.random() < 0.08  # two high, in well wagons
    for _ in range(count):
        kind = one_kind if one_kind is not None and rng.random() < 0.9 else int(rng.choice(len(_LOADS), p=_OFTEN))
        deck, loads = _LOADS[kind]
        middle = moved(start, heading, along=at + deck / 2)
        at += deck + float(rng.uniform(1.0, 1.5))
        if rng.random() < 0.04:
            parts.append(_tank_wagon(rng, centre=middle, heading=heading, frame=frame, length=deck))
            continue
        tone = bed * float(rng.normal(1, 0.06))
        parts.append(_flat_wagon(tone, centre=middle, heading=heading, frame=frame, length=deck))
        empty = rng.random() < (1 - loaded) * 0.5
        for length, along in loads:
            if empty or rng.random() > loaded + (1 - loaded) * 0.35 * (loaded > 0):
                continue
            place = moved(middle, heading, along=along + float(rng.normal(0, 0.05)))
            box = single(rng, centre=place, heading=heading, frame=frame, base_m=FLOOR_M, length_m=length)
            if alike:
                box = replace(box, colour=fade(rng, colours=paint))
            parts.append(box)
            if stacked and length > FT20 and rng.random() < 0.7:
                high = float(box.top[0])
                parts.append(single(rng, centre=place, heading=heading, frame=frame, base_m=high, length_m=length))
    return joined(parts)


def closed_train(plot: Plot, u: float, v: float) -> None:
    """Vans, hoppers, tanks and coaches of one kind: long, narrow, alike."""
    rng = plot.rng
    length, count = float(rng.choice([11.5, 12.4, 14.0, 17.5, 24.5])), int(rng.integers(4, 22))
    paint = pick(rng, paints=_CLOSED, count=1)
    look = str(rng.choice(["van", "hopper", "tank", "gondola"], p=[0.4, 0.25, 0.15, 0.2]))
    for i in range(count):
        middle = plot.at(u + (i + 0.5) * (length + 1.2), v)
        tone = paint * float(rng.normal(1, 0.06))
        if look == "tank":
            plot.put(_tank_wagon(rng, centre=middle, heading=plot.frame, frame=plot.frame, length=length))
            continue
        pieces = [Piece((length, 2.95), (0.8, 4.2 if look != "gondola" else 2.4), tone)]
        top = pieces[0].height[1]
        if look == "hopper":
            pieces.append(Piece((length * 0.8, 0.7), (top, top + 0.3), tone * 0.7, kind=STEEL))
        elif look == "gondola":  # its load, darker or paler than its walls
            load = pick(rng, paints=((52, 50, 50), (150, 130, 104), (96, 84, 74)), count=1)
            pieces.append(Piece((length - 0.5, 2.4), (top, top + 0.2), load))
        elif rng.random() < 0.5:  # a roof walk
            pieces.append(Piece((length * 0.95, 0.5), (top, top + 0.12), tone * 1.15, kind=STEEL))
        plot.put(assembled(pieces, centre=middle, heading=plot.frame, frame=plot.frame))


def _flat_wagon(tone: np.ndarray, *, centre: Point, heading: float, frame: float, length: float) -> Solids:
    """A deck between two headstocks, with buffers."""
    ends = [Piece((0.5, 2.7), (0, FLOOR_M + 0.1), tone * 0.75, along=side * (length / 2 - 0.25)) for side in (-1, 1)]
    hooks = [Piece((0.9, 0.5), (0.6, 1.0), tone * 0.6, along=side * (length / 2 + 0.4)) for side in (-1, 1)]
    deck = Piece((length, BOX_WIDTH_M), (0, FLOOR_M - 0.05), tone)
    spine = Piece((length, 0.5), (FLOOR_M - 0.05, FLOOR_M), tone * 0.8)
    return assembled([*hooks, deck, spine, *ends], centre=centre, heading=heading, frame=frame)


def _tank_wagon(rng: np.random.Generator, *, centre: Point, heading: float, frame: float, length: float) -> Solids:
    """A barrel on a frame: darker towards its sides, a walk along its top."""
    paint = pick(rng, paints=((60, 60, 62), (206, 206, 200), (150, 146, 140), (92, 70, 58)), count=1)
    barrel = length - 1.2
    pieces = [
        Piece((length, 2.2), (0, 1.1), np.array([70, 66, 62])),
        Piece((barrel, 2.9), (1.1, 3.0), paint * 0.7),
        Piece((barrel, 1.9), (3.0, 3.7), paint * 0.92),
        Piece((barrel * 0.98, 0.9), (3.7, 4.0), paint * 1.1),
        Piece((1.1, 1.1), (4.0, 4.3), paint * 0.6, kind=STEEL),
    ]
    return assembled(pieces, centre=centre, heading=heading, frame=frame)
