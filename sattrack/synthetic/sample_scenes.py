"""The scenes of a made-up place: its boxes come and go by the calendar, and each look is drawn with the truth of every box."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Quads
from sattrack.synthetic.clouds import Veiled, cut_wedge, draw_cloud
from sattrack.synthetic.layouts import Layout
from sattrack.synthetic.places import Change, Look, Place
from sattrack.synthetic.rendering import View, render_scene
from sattrack.synthetic.sensor import Sensor
from sattrack.synthetic.solids import Solids, joined
from sattrack.synthetic.stands import Stand


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One date of a place. quads: (n, 4, 2) pixels of the visible tops that no cloud hides.

    lost: tops hidden by cloud or beyond the swath. below: boxes under other boxes. corner: of the georeferencing as written.
    """

    id: str
    place: Place
    look: Look
    picture: NDArray[np.uint8]
    hidden: NDArray[np.bool_] | None
    quads: Quads
    lost: Quads
    below: int
    corner: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands at a look, whatever can be seen: boxes of all tiers by zone, "" for the whole site.

    arrived, left: boxes that came and went since the last look by the same camera, seen or not; 0 at its first.
    """

    look: Look
    stock: dict[str, int]
    arrived: int
    left: int


def standings(place: Place) -> Iterator[Standing]:
    """The place at its looks, in order; its stands are as they are told while the iterator waits."""
    changes = list(enumerate(place.changes))
    moved = np.zeros(2, int)
    last: dict[str, NDArray[np.int_]] = {}
    for look in place.looks:
        while changes and changes[0][1].time <= look.time:
            moved = moved + _change(place, *changes.pop(0))
        arrived, left = moved - last.get(look.camera, moved)
        last[look.camera] = moved
        stock = Counter({"": 0})
        for zone, stand in place.stands:
            stock[place.zones[zone]] += len(stand.boxes())
        stock[""] = stock.total()
        yield Standing(look, dict(stock), int(arrived), int(left))


def _change(place: Place, number: int, change: Change) -> tuple[int, int]:
    """Moves a zone's stands to their next number; how many boxes came and went."""
    rng = np.random.default_rng((place.seed, number))
    stands = [stand for zone, stand in place.stands if zone == change.zone]
    orderly = place.orderly[change.zone]
    came = went = 0
    for stand, stacks in zip(stands, _shared(change.stacks, stands, orderly=orderly), strict=True):
        before = np.concatenate(stand.present())
        stand.fill(stacks / len(stand.slots), rng=rng, turnover=place.turnover[change.zone], orderly=orderly)
        after = np.concatenate(stand.present())
        came += int((after & ~before).sum())
        went += int((before & ~after).sum())
    return came, went


def _shared(stacks: int, stands: list[Stand], *, orderly: bool) -> list[int]:
    """How many of the stacks stand in each block: the first is full before the next begins, or all alike."""
    room = np.array([len(stand.slots) for stand in stands])
    if orderly:
        return [int(n) for n in np.clip(stacks - (np.cumsum(room) - room), 0, room)]
    ends = np.round(np.cumsum(room) * min(stacks, room.sum()) / room.sum()).astype(int)
    return [int(n) for n in np.diff(ends, prepend=0)]


def draw_scenes(place: Place, *, only: int | None = None) -> Iterator[tuple[Scene, Standing]]:
    """The place at its looks, in order, with what stands there; only: just that one, with the same past."""
    for number, standing in enumerate(standings(place)):
        if only is None or number == only:
            yield _drawn(place, look=standing.look, rng=np.random.default_rng(place.seed + 1 + number)), standing


def _drawn(place: Place, *, look: Look, rng: np.random.Generator) -> Scene:
    plot = replace(place.plot, rng=rng, parts=[], surfaces=[], stripes=[])
    place.passing(plot, look)
    things = joined([place.fixtures, *plot.parts, *(stand.boxes() for _, stand in place.stands)])
    shape = round(place.extent_m[1] / look.gsd_m), round(place.extent_m[0] / look.gsd_m)
    drawn = render_scene(
        Layout(place.extent_m, place.ground, things, place.zones), gsd_m=look.gsd_m, shape=shape, view=_view(look, rng=rng),
        sensor=_sensor(look, rng=rng), rng=rng,
    )  # fmt: skip
    veiled = _veiled(place, picture=drawn.picture, look=look, rng=rng)
    lost = _covered(drawn.quads, hidden=veiled.hidden)
    name = scene_id(place, look)
    return Scene(
        name, place, look, veiled.picture, veiled.hidden if look.veil else None, drawn.quads[~lost], drawn.quads[lost],
        _below(things), (place.corner[0] + look.shift_m[0], place.corner[1] + look.shift_m[1]),
    )  # fmt: skip


def scene_id(place: Place, look: Look) -> str:
    """Place and time: the name of the scene's files."""
    return f"{place.site_id}_{look.time:%Y%m%dT%H%M%S}"


def _view(look: Look, *, rng: np.random.Generator) -> View:
    """The sun stands in the south, the satellite anywhere."""
    side = rng.uniform(0, 2 * np.pi)
    noon = np.radians(rng.uniform(-115, -65))
    lean, reach = np.tan(np.radians(look.off_nadir)), 1 / np.tan(np.radians(look.sun))
    return View(
        (float(lean * np.cos(side)), float(lean * np.sin(side))),
        (float(reach * np.cos(noon)), float(reach * np.sin(noon))),
        0.34,
    )


def _sensor(look: Look, *, rng: np.random.Generator) -> Sensor:
    cast = rng.normal(1, 0.025, 3)
    return Sensor(
        blur_px=float(rng.uniform(0.45, 0.7)), sharpen=float(rng.uniform(0.1, 0.6)), haze=look.haze,
        contrast=float(rng.uniform(0.95, 1.15)), gain=float(rng.uniform(0.85, 1.08)), gamma=float(rng.uniform(0.95, 1.15)),
        cast=(float(cast[0]), float(cast[1]), float(cast[2])), saturation=float(rng.uniform(0.75, 1.0)),
        noise=float(rng.uniform(1.2, 2.4)), jpeg=0,
    )  # fmt: skip


def _veiled(place: Place, *, picture: NDArray[np.uint8], look: Look, rng: np.random.Generator) -> Veiled:
    if look.veil in ("cloud", "unmasked"):
        u, v, reach = look.bank
        return draw_cloud(picture, rng=rng, gsd_m=look.gsd_m, corner=place.plot.at(u, v), reach_m=reach)
    if look.veil == "wedge":
        return cut_wedge(picture, left=0.85, right=0.5)
    return Veiled(picture, np.zeros(picture.shape[:2], np.bool_))


def _covered(quads: Quads, *, hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n,) boxes of which less than half is left in view: the corners drawn halfway in, and the middle, are looked up."""
    middle = quads.mean(axis=1, keepdims=True)
    spots = np.concatenate([middle, (quads + middle) / 2], axis=1)
    at = np.clip(spots.astype(int), 0, np.array(hidden.shape)[::-1] - 1)
    return np.asarray(hidden[at[..., 1], at[..., 0]].mean(axis=1) > 0.5)


def _below(things: Solids) -> int:
    """Boxes that carry another."""
    boxes = things.where(things.zone >= 0)
    key = np.round(np.column_stack([boxes.lane, boxes.heading]), 1)[:, :4]
    return len(boxes) - len(np.unique(key, axis=0))
