"""The nouns of the samples: a made-up place, what comes to stand there and goes, and when it was looked at."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sattrack.synthetic.ground import Ground
from sattrack.synthetic.plot import Plot
from sattrack.synthetic.solids import Solids
from sattrack.synthetic.stands import Stand

Span = tuple[float, float]

# Two kinds of camera, by the name that stands in the files, and their pixels on the ground, metres.
CAMERAS = {"rendered-30": 0.3, "rendered-50": 0.5}


@dataclass(frozen=True, slots=True)
class Look:
    """One acquisition. camera: one of CAMERAS. ship: one lies alongside.

    off_nadir, sun: degrees. haze: 0..1. shift_m: error of the georeferencing, east and north. veil: none, cloud, wedge, or
    unmasked: a cloud that nobody masked. bank: its middle (u, v) and reach, metres.
    """

    time: dt.datetime
    camera: str
    off_nadir: float = 8.0
    sun: float = 45.0
    haze: float = 0.05
    ship: bool = False
    shift_m: tuple[float, float] = (0.0, 0.0)
    veil: str = ""
    bank: tuple[float, float, float] = (-40.0, 0.0, 55.0)

    @property
    def gsd_m(self) -> float:
        return CAMERAS[self.camera]


@dataclass(frozen=True, slots=True)
class Change:
    """From this time on so many stacks stand in a zone, until its next change."""

    time: dt.datetime
    zone: int
    stacks: int


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A made-up site.

    kind: pier, quay or depot. corner: easting and northing of the top-left corner in `crs`. outlines: rectangles (u, v) of the
    plot by zone, "" for the whole site. fixtures: never change. stands: the zone's index and a block. orderly: a zone whose
    blocks fill one after the other, bay by bay. turnover: share of a zone's stacks exchanged at each of its changes. changes,
    looks: in order of time. passing: puts on the plot what a date adds.
    """

    site_id: str
    name: str
    kind: str
    crs: str
    corner: tuple[float, float]
    extent_m: tuple[float, float]
    seed: int
    plot: Plot
    ground: Ground
    fixtures: Solids
    zones: tuple[str, ...]
    outlines: dict[str, tuple[Span, Span]]
    stands: tuple[tuple[int, Stand], ...]
    orderly: tuple[bool, ...]
    turnover: tuple[float, ...]
    changes: tuple[Change, ...]
    looks: tuple[Look, ...]
    passing: Callable[[Plot, Look], None] = field(repr=False)


def open_plot(seed: int, *, extent_m: tuple[float, float], frame: float) -> Plot:
    """An empty board that reaches beyond the picture's corners."""
    middle = extent_m[0] / 2, extent_m[1] / 2
    half = float(np.hypot(*extent_m) / 2 + 20)
    return Plot(np.random.default_rng(seed), middle, frame, half, paint=(206, 202, 192), opacity=0.45)


def ground_under(plot: Plot, *, base: str, shade: float, seed: int, worn: float, dirt: float) -> Ground:
    """The ground with all that was paved and painted on the board."""
    return Ground(base, seed, shade, tuple(plot.surfaces), tuple(plot.stripes), dirt, plot.frame, worn)
