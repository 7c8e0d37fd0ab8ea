"""Changes: which boxes of a site stayed, came and went between two of its scenes."""

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sattrack.detections import Detections

Rows = NDArray[np.intp]
Sure = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Offset:
    """Where the later scene lies against the earlier one: a point there = the point here + (x_m, y_m), along columns and rows
    of a picture whose rows run down, metres.

    known: whether it was found; otherwise both are 0 and `why` says what was missing. clear: how many times the best place
    stands above the next best one. stands: how far above all others it is, in robust standard deviations.
    """

    x_m: float
    y_m: float
    known: bool
    clear: float
    stands: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Lean:
    """How the boxes' tops lie against their ground, later against earlier, metres: what is high leans with the view."""

    x_m: float
    y_m: float

    @property
    def metres(self) -> float:
        return float(np.hypot(self.x_m, self.y_m))


@dataclass(frozen=True, slots=True)
class Total:
    """A number of boxes with its interval at Exchange.level; none where it was not measured, or boxes were not told apart."""

    value: int | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Exchange:
    """Two scenes of a site, on the ground that both show.

    by: `boxes`, or `counts` where boxes cannot be told apart for the reason `why`; then kept, arrived and left are none.
    `nothing` where no ground was seen in both: then the change is none too.
    earlier, later: the scenes' ids. before, after: the counted boxes of each, in metres of the site's frame. pairs: (k, 2) rows
    of before and after that are one box. before_sure, after_sure: confidence in each box's state, 0 to 1.
    change: later less earlier. faint_before, faint_after: rows of boxes that are kept though only a faint box, too faint to be
    counted, lies in their place at the other date.
    unlike: boxes in the place of others that look different, told as exchanged. shared_fraction: of the site, seen by both.
    """

    site_id: str
    site_name: str
    zone: str
    earlier: str
    later: str
    earlier_time: dt.datetime | None
    later_time: dt.datetime | None
    by: str
    why: str
    offset: Offset
    lean: Lean | None
    before: Detections
    after: Detections
    pairs: Rows
    before_sure: Sure
    after_sure: Sure
    kept: Total
    arrived: Total
    left: Total
    change: Total
    level: float
    shared_fraction: float
    threshold: float
    model_id: str
    unlike: int = 0
    notes: tuple[str, ...] = ()
    faint_before: Rows = field(default_factory=lambda: np.zeros(0, np.intp))
    faint_after: Rows = field(default_factory=lambda: np.zeros(0, np.intp))

    @property
    def assessable(self) -> bool:
        """Whether any ground was seen in both scenes: else nothing was counted, which is not nought."""
        return self.by != "nothing"

    @property
    def stays_before(self) -> NDArray[np.bool_]:
        """Which boxes of the earlier scene are kept."""
        return _marked(len(self.before), self.pairs[:, 0], self.faint_before)

    @property
    def stays_after(self) -> NDArray[np.bool_]:
        """Which boxes of the later scene were there before."""
        return _marked(len(self.after), self.pairs[:, 1], self.faint_after)

    @property
    def direction(self) -> str:
        """rise, fall or none, by whether the interval of the change holds nought; unknown without one."""
        if self.change.low is None or self.change.high is None:
            return "unknown"
        return "rise" if self.change.low > 0 else "fall" if self.change.high < 0 else "none"


def _marked(n: int, *rows: Rows) -> NDArray[np.bool_]:
    marks = np.zeros(n, bool)
    for some in rows:
        marks[some] = True
    return marks
