"""Cover: labelled and empty pictures made coarse, read as any coarse scene is, against the area that people outlined."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.bench.cover_scenes import SHARP, SOFT, Fine, coarse_scene, fine_of
from sattrack.covering import Ground, read_area
from sattrack.covers import CoverCard
from sattrack.errors import UsageError
from sattrack.geometry import Quads
from sattrack.imagery import Stretch
from sattrack.labels.seen import left_out_sets
from sattrack.labels.sets import read_sets
from sattrack.ports import AreaReader
from sattrack.steps.grounding import Frame
from sattrack.steps.sizing import CLASS_BOUNDARIES_M
from sattrack.wiring import make_area_reader

# Pixels that pictures are made to have, metres: both ends of every band, and the sizes that the issue names.
GSDS_M = (1.25, 1.5, 1.9, 2.5, 3.0, 3.8, 4.7)
# One of each band, for pictures of which there are many.
FEW_GSDS_M = (1.5, 3.0, 4.3)
# Each picture at each size is seen sharp and soft, in colour and gray.
LOOKS = ((SHARP, False), (SHARP, True), (SOFT, False), (SOFT, True))
_PLAIN = Stretch((0.0, 0.0, 0.0), (255.0, 255.0, 255.0))
_FIRST_NOISE = 7_100_000
FIRST_SEED = 9_600_000


@dataclass(frozen=True, slots=True)
class Record:
    """One picture at one pixel size. read, true, seen: square metres, outside what its labels ignore; boxes: labelled there.

    place: the set or folder that it is of; model_id: which weights read it. blur: of the optics, pixels; gray: whether its
    colour was taken away.
    """

    place: str
    picture: str
    model_id: str
    gsd_m: float
    blur: float
    gray: bool
    read: float
    true: float
    seen: float
    boxes: int


@dataclass(frozen=True, slots=True)
class Footprint:
    """Boxes of one set: how many, the share of 20 ft among them, and the ground that one covers, square metres."""

    place: str
    boxes: int
    share_20ft: float
    m2: float


def fold_sets(weights: Sequence[Path]) -> dict[Path, tuple[str, ...]]:
    """The sets that each fold's weights never saw, by their cards. UsageError where one says none, or two say the same."""
    folds: dict[Path, tuple[str, ...]] = {}
    for path in weights:
        names = left_out_sets(make_area_reader(str(path))[0].trained_on)
        if not names:
            raise UsageError("the card names no set that was left out", where=str(path), way_out="train with --fold")
        if twice := [name for name in names if any(name in others for others in folds.values())]:
            raise UsageError(f"{', '.join(twice)} was left out by two of the weights", where=str(path))
        folds[path] = names
    return folds


def records_of_sets(
    data: Path, *, folds: Mapping[Path, Sequence[str]], gsds_m: Sequence[float] = GSDS_M, heard: Callable[[str], None]
) -> list[Record]:  # fmt: skip
    """Every picture of the sets of each fold, read by weights that never saw them. folds: weights -> names of its sets."""
    found: list[Record] = []
    for weights, names in folds.items():
        card, load = make_area_reader(str(weights))
        network = load()
        for name in names:
            for image in read_sets([data / name])[0].images:
                fine = fine_of(image)
                found += _records(fine, place=name, card=card, network=network, gsds_m=gsds_m)
            heard(f"{card.id}: {name}")
    return found


def records_of(
    pictures: Iterable[tuple[str, Fine]], *, weights: str, gsds_m: Sequence[float] = FEW_GSDS_M
) -> list[Record]:  # fmt: skip
    """Pictures of (place, picture), such as rendered or empty ones, read by one network."""
    card, load = make_area_reader(weights)
    network = load()
    found: list[Record] = []
    for place, fine in pictures:
        found += _records(fine, place=place, card=card, network=network, gsds_m=gsds_m)
    return found


def footprints_of(data: Path) -> list[Footprint]:
    """What a box covers in each set; sets of under 20 boxes tell too little and are left out."""
    found = []
    for one in read_sets([data]):
        quads = [image.truth * np.asarray(image.gsd_m) for image in one.images]
        joined = np.concatenate(quads)
        if len(joined) < 20:
            continue
        sides = np.linalg.norm(np.roll(joined, -1, axis=1) - joined, axis=2)
        long = np.maximum(sides[:, 0] + sides[:, 2], sides[:, 1] + sides[:, 3]) / 2
        whole = sum(shapely.union_all(shapely.polygons(quad)).area for quad in quads)
        found.append(Footprint(one.name, len(joined), float((long < CLASS_BOUNDARIES_M[0]).mean()), whole / len(joined)))
    return found


def _records(
    fine: Fine, *, place: str, card: CoverCard, network: AreaReader, gsds_m: Sequence[float]
) -> Iterator[Record]:  # fmt: skip
    known = shapely.box(0, 0, fine.pixels.shape[1], fine.pixels.shape[0])
    if fine.ignore:
        known = known.difference(shapely.union_all([shapely.make_valid(shapely.Polygon(ring)) for ring in fine.ignore]))
    if known.area < 1:
        return
    m2 = fine.gsd_m[0] * fine.gsd_m[1]
    true, boxes = _truth(fine.quads, known)
    for number, gsd in enumerate(gsds_m):
        for look, (blur, gray) in enumerate(LOOKS):
            rng = np.random.default_rng([_FIRST_NOISE, number, look])
            scene, held = coarse_scene(fine, gsd_m=gsd, rng=rng, blur=blur, gray=gray)
            scale = np.array([fine.gsd_m[0] / scene.grid.gsd_m[0], fine.gsd_m[1] / scene.grid.gsd_m[1]])
            pixels = shapely.transform(known, lambda xy, by=scale: xy * by)
            metres = shapely.transform(known, lambda xy: xy * np.asarray(fine.gsd_m))
            ground = Ground(Frame.of_pixels(), metres, pixels)
            read = read_area(ground, scene=scene, stretch=_PLAIN, reader=held, network=network)
            yield Record(
                place, fine.name, card.id, gsd, blur, gray, read.covered_m2, true * m2, read.seen_m2, boxes
            )  # fmt: skip


def _truth(quads: Quads, known: shapely.Geometry) -> tuple[float, int]:
    """Square pixels under boxes, and boxes, in what is known."""
    if not len(quads):
        return 0.0, 0
    middles: NDArray[np.float64] = quads.mean(axis=1)
    covered = shapely.union_all(shapely.polygons(quads)).intersection(known)
    return float(covered.area), int(shapely.contains_xy(known, middles[:, 0], middles[:, 1]).sum())
