"""Strata: the figures again by pixel size, density, sun and slant of the pictures, and by heading of the boxes."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sattrack.bench.accuracy import Measured, figures
from sattrack.bench.datasets import LabelledImage
from sattrack.bench.figures import Figures, figures_of
from sattrack.bench.scoring import Scored, match
from sattrack.errors import ManifestError
from sattrack.geometry import Quads, centres, sides
from sattrack.steps.estimating import crowding

NOT_SAID = "not said"
HEADING = "heading"
# Headings are binned round 0, 30, ... degrees, so that boxes along the grid of a quay do not part at a bin's edge.
_HEADING_STEP = 30


@dataclass(frozen=True, slots=True)
class Stratum:
    """Figures of a part. by: what parts it, such as "GSD"; name: which part, such as "0.4-0.55 m".

    of_boxes: it holds some boxes of pictures, not whole pictures, so that what figures say of pictures (mae, ...) says nothing.
    """

    by: str
    name: str
    figures: Figures
    of_boxes: bool = False


@dataclass(frozen=True, slots=True)
class _Axis:
    """One thing that parts pictures: its value, none where a set does not say it; edges between the parts; a unit."""

    by: str
    value: Callable[[LabelledImage], float | None]
    edges: tuple[float, ...]
    unit: str

    def part(self, image: LabelledImage) -> int:
        """The number of the part; one more than there are for what is not said."""
        value = self.value(image)
        return len(self.edges) + 1 if value is None else int(np.searchsorted(self.edges, value, side="right"))

    def name(self, part: int) -> str:
        if part > len(self.edges):
            return NOT_SAID
        if part == 0:
            return f"< {self.edges[0]:g}{self.unit}"
        if part == len(self.edges):
            return f">= {self.edges[-1]:g}{self.unit}"
        return f"{self.edges[part - 1]:g}-{self.edges[part]:g}{self.unit}"


def strata(measured: Sequence[Measured], *, threshold: float) -> tuple[Stratum, ...]:
    """Parts of the pictures that hold any, in order. ManifestError where a set says of the sun what is no number.

    Pictures are parted by pixel size; by how densely their labelled boxes stand (estimating.crowding, boxes a hectare); and by
    sun_elevation_deg, sun_azimuth_deg and off_nadir_deg of their sets. Boxes are parted by heading, mod 180 degrees: a found
    box belongs to that of the labelled one that it claims at IoU 0.3, and to its own where it claims none.
    """
    found: list[Stratum] = []
    for axis in _AXES:
        parts = [axis.part(m.image) for m in measured]
        for part in sorted(set(parts)):
            own = [m for m, p in zip(measured, parts, strict=True) if p == part]
            name = axis.name(part)
            found.append(Stratum(axis.by, name, figures(own, name=f"{axis.by} {name}", threshold=threshold)))
    return (*found, *_by_heading(measured, threshold=threshold))


def heading_parts(quads: Quads, *, gsd_m: tuple[float, float]) -> NDArray[np.intp]:
    """(n, 4, 2) in pixels -> (n,): the long side's heading, clockwise from up, in steps of 30 degrees; 0 for -15 to 15."""
    right, down = sides(quads * np.asarray(gsd_m))[2].T
    degrees = np.degrees(np.arctan2(right, -down))
    steps = np.floor((degrees + _HEADING_STEP / 2) / _HEADING_STEP).astype(np.intp)
    return np.asarray(steps % (180 // _HEADING_STEP))


def _by_heading(measured: Sequence[Measured], *, threshold: float) -> Iterator[Stratum]:
    """All parts, those without a box too: detectors side by side then have the same."""
    parted = [_parted(m) for m in measured]
    sizes = [max(m.image.gsd_m) for m in measured]
    for part in range(180 // _HEADING_STEP if measured else 0):
        name = f"{part * _HEADING_STEP} ± {_HEADING_STEP // 2}°"
        of = figures_of([one[part] for one in parted], name=f"{HEADING} {name}", gsd_m=sizes, threshold=threshold)
        yield Stratum(HEADING, name, of, of_boxes=True)


def _parted(measured: Measured) -> list[Scored]:
    """What is scored in a picture, for each part of the headings; each labelled and each found box is in one part."""
    image = measured.image
    matches = match(measured.found, truth=image.truth, ignore=image.ignore)
    labels = heading_parts(image.truth, gsd_m=image.gsd_m)
    boxes = heading_parts(measured.found.quads[matches.rows], gsd_m=image.gsd_m)
    claims = matches.claims
    boxes = np.where(claims[0] >= 0, _of(labels, claims[0]), boxes)
    # A box may claim one label at IoU 0.3 and another at 0.5; where that one has another heading it is no hit of this part.
    hits = (claims >= 0) & (_of(labels, claims) == boxes)
    scores = measured.found.scores[matches.rows]
    return [
        Scored(int((labels == part).sum()), scores[boxes == part], hits[:, boxes == part])
        for part in range(180 // _HEADING_STEP)
    ]


def _of(labels: NDArray[np.intp], claims: NDArray[np.intp]) -> NDArray[np.intp]:
    """The part of each claimed label; -1 for no claim."""
    return np.append(labels, -1)[claims]


def _said(*names: str) -> Callable[[LabelledImage], float | None]:
    def value(image: LabelledImage) -> float | None:
        for name in names:
            given = image.about.get(name)
            if given is None:
                continue
            if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
                raise ManifestError(
                    f"{name} is {given!r}", where=f"{image.dataset}, {image.name}", way_out="give degrees as a number"
                )
            return float(given)
        return None

    return value


def _azimuth(image: LabelledImage) -> float | None:
    value = _said("sun_azimuth_deg", "sun_azimuth")(image)
    return None if value is None else value % 360


def _off_nadir(image: LabelledImage) -> float | None:
    """Some sensors tell by a sign to which side they looked."""
    value = _said("off_nadir_deg", "off_nadir")(image)
    return None if value is None else abs(value)


def _density(image: LabelledImage) -> float:
    return crowding(centres(image.truth) * np.asarray(image.gsd_m))


_AXES = (
    _Axis("GSD", lambda image: max(image.gsd_m), (0.3, 0.4, 0.55, 0.7, 1.0), " m"),
    _Axis("density", _density, (50.0, 100.0, 150.0, 200.0), " / ha"),
    _Axis("sun elevation", _said("sun_elevation_deg", "sun_elevation"), (15.0, 30.0, 45.0, 60.0), "°"),
    _Axis("sun azimuth", _azimuth, (45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0), "°"),
    _Axis("off nadir", _off_nadir, (10.0, 20.0, 30.0), "°"),
)
