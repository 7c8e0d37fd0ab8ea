"""A case: one alert with all that its evidence pack tells and shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sattrack.changes import Exchange
from sattrack.detections import Detections
from sattrack.flows import Flow
from sattrack.ports import Finished
from sattrack.results import Part
from sattrack.settings import Settings
from sattrack.steps.lattices import Lattice
from sattrack.timeline import Alert, Count, Series, Site


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """One of the two scenes that are shown, on the case's lattice.

    role: before or after. parts: its files. boxes: those that were counted at the site, in metres of the lattice's frame.
    pixels: (rows, cols, 3) uint8 RGB by the scene's own stretch; none, for the reason `missing`. valid: (rows, cols), where the
    scene has pixels.
    """

    role: str
    count: Count
    parts: tuple[Part, ...]
    boxes: Detections
    pixels: NDArray[np.uint8] | None = None
    valid: NDArray[np.bool_] | None = None
    missing: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """An alert and what stands behind it.

    alerts: of all scenes of its series, for the chart. counts: the run's rows of that series, in time. before: the last scene
    of the series before it that could be assessed, or where a period begins; none where there is none, or none that can be
    shown. exchange: which boxes stayed, came and went between the two; none where that was not told, for the reason `apart`.
    flow: of a cumulative alert, what moved in its period. files: what became of each input since the run, by scene file: same,
    or why not; those that were not looked at are missing. settings: by which it was counted and judged. versions: of what made
    the pack.
    """

    alert: Alert
    series: Series
    alerts: tuple[Alert, ...]
    counts: tuple[Count, ...]
    site: Site | None
    run: Finished
    settings: Settings
    settings_file: str
    versions: Mapping[str, str]
    imagery: bool
    lattice: Lattice | None = None
    before: Sight | None = None
    after: Sight | None = None
    exchange: Exchange | None = None
    apart: str = ""
    flow: Flow | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def sights(self) -> tuple[Sight, ...]:
        return tuple(one for one in (self.before, self.after) if one is not None)

    @property
    def name(self) -> str:
        """The site, and the zone where there is one."""
        return ", ".join(filter(None, (self.alert.site_name or self.alert.site_id, self.alert.zone)))
