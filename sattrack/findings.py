"""Findings: what is made of a run's counts for its page - series, alarms, flows, a chain, and pictures before and after."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sattrack.flows import Agreement, Chain, Flow
from sattrack.geometry import Points, Quads
from sattrack.timeline import Alert, Observation, Series


@dataclass(frozen=True, slots=True)
class Findings:
    """All of one run. alerts: of every scene, whatever their level. agreements: of the chain's links, in their order.

    notes: what must be said of how they came about.
    """

    series: tuple[Series, ...] = ()
    alerts: tuple[Alert, ...] = ()
    flows: tuple[Flow, ...] = ()
    chain: Chain | None = None
    agreements: tuple[Agreement, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """One scene of a pair, on the pair's frame.

    pixels: (rows, cols, 3) uint8 RGB, as stretched for the detector; none, for the reason `missing`. valid: (rows, cols), what
    of them was seen. quads: (n, 4, 2) the counted boxes, in pixels of the frame.
    """

    observation: Observation
    sensor: str
    source: str
    licence: str
    quads: Quads
    pixels: NDArray[np.uint8] | None = None
    valid: NDArray[np.bool_] | None = None
    missing: str = ""

    @property
    def datetime(self) -> dt.datetime:
        return self.observation.datetime


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """The scene of an alert and the last assessable one before it in its series, on one frame: north up, square pixels.

    shape: (rows, cols); pixel_m: ground of a pixel, metres; outline: rings of the site, in pixels.
    """

    alert: Alert
    before: Side
    after: Side
    shape: tuple[int, int]
    pixel_m: float
    outline: tuple[Points, ...]
