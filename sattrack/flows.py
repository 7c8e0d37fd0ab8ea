"""Flows: what was moved into and out of a site between its scenes, as lower bounds, and what a chain of sites says together."""

import datetime as dt
from dataclasses import dataclass

# The largest number of boxes that may be asked for: no place ever moved as many.
MOST_BOXES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Moved:
    """A number of boxes moved, or a change, with its interval at the level of what holds it; low and high none where unknown.

    Of what moved between two scenes only what the scenes show is in it: it is a lower bound of all that moved.
    """

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """One assessable scene of a site: boxes in the whole site (the count over the share seen), with limits at Flow.level."""

    scene_id: str
    time: dt.datetime
    boxes: float
    low: float | None
    high: float | None
    observed_fraction: float = 1.0


@dataclass(frozen=True, slots=True)
class Movement:
    """What moved between two consecutive assessable scenes.

    change: boxes, later less earlier. left, arrived: at least so many boxes went and came. by: `counts`, where they are the
    net change, or `boxes`, where boxes were matched one to one (the stronger bound). skipped: scenes between the two that could
    not be assessed. why: what kept boxes from being matched, where that was tried.
    """

    earlier: Stand
    later: Stand
    change: Moved
    left: Moved
    arrived: Moved
    by: str = "counts"
    skipped: tuple[str, ...] = ()
    why: str = ""

    @property
    def direction(self) -> str:
        """rise, fall or none, by whether the interval of the change holds nought; without one, by the change itself."""
        low = self.change.value if self.change.low is None else self.change.low
        high = self.change.value if self.change.high is None else self.change.high
        return "rise" if low > 0 else "fall" if high < 0 else "none"


@dataclass(frozen=True, slots=True)
class Cycle:
    """A site that filled and emptied: sure rise to a peak, sure fall from it. emptied none: it has not been seen to empty.

    began: the last scene before it filled; none where the first scene already shows it full. filled: boxes that came from
    `began` to `peak`; left: boxes that went from `peak` to `emptied`.
    """

    began: Stand | None
    peak: Stand
    emptied: Stand | None
    filled: Moved | None
    left: Moved | None


@dataclass(frozen=True, slots=True)
class Crossing:
    """A cumulative threshold: so many boxes moved since a time. direction: `fall` for boxes out, `rise` for boxes in.

    reached: the times of the two scenes between which the total, at its point, passed the amount. earliest: before this time
    not even the upper end of the total had passed it; latest: by then its lower end had, none where that has not happened.
    total: all that moved from `since` to the scene that ends `reached`, whose id is scene_id.
    """

    amount: float
    direction: str
    since: dt.datetime
    earliest: dt.datetime
    reached: tuple[dt.datetime, dt.datetime]
    latest: dt.datetime | None
    total: Moved
    scene_id: str


@dataclass(frozen=True, slots=True)
class Flow:
    """What moved at a site or zone over a period, by one class of sensor and one model.

    departed, arrived: the sums of falls and of rises between the scenes shown, each with an interval at `level` that holds the
    true sum of falls (rises) of what stood there at those scenes. by_boxes: the same of matched boxes (out, in), where boxes
    were matched. unseen: scenes of the period that could not be assessed. known: whether every count came with an interval.
    """

    site_id: str
    site_name: str
    zone: str
    sensor: str
    model_id: str
    since: dt.datetime
    until: dt.datetime
    movements: tuple[Movement, ...]
    departed: Moved
    arrived: Moved
    by_boxes: tuple[Moved, Moved] | None
    cycles: tuple[Cycle, ...]
    crossings: tuple[Crossing, ...]
    unseen: int
    known: bool
    level: float
    place: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Of which series: site, zone, class of sensor, model."""
        return self.site_id, self.zone, self.sensor, self.model_id


@dataclass(frozen=True, slots=True)
class Place:
    """A site, or a zone of one, with its part in a chain: origin, transit or destination."""

    site_id: str
    role: str
    zone: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """Boxes that leave `source` are said to reach `target` within least_days to most_days. Both are site ids of the chain."""

    source: str
    target: str
    least_days: float
    most_days: float


@dataclass(frozen=True, slots=True)
class Chain:
    """Sites between which boxes are said to move, with who said so."""

    name: str
    places: tuple[Place, ...]
    links: tuple[Link, ...]
    sources: str = ""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether arrivals at a link's target fit departures from its source; never whether they are the same boxes.

    verdict: `consistent`, `not consistent`, or `cannot be told`, for the reason `why`. departed, arrived: the totals of the two
    flows. lag_days: at which they fit best, of those that the link allows. alike: how well they fit there, 0 to 1: the share of
    the boxes that left which arrived in time; p_value: how often arrivals at other times would do as well at their best
    lag. matched: sure departures followed by a sure arrival in time, of so many `departures` that could have been.
    """

    link: Link
    verdict: str
    why: str
    departed: Moved | None
    arrived: Moved | None
    lag_days: float | None
    alike: float | None
    p_value: float | None
    matched: int
    departures: int
    sentence: str
