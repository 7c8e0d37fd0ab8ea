"""Sites and their counts in time."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Site:
    """An outlined place, or a zone of one.

    outline: a GeoJSON geometry (Polygon or MultiPolygon) in longitude and latitude, WGS 84. zone: empty for the whole site.
    kind: free text; `exclude` masks known false boxes. Several Site values may share one id with different zones.
    pixel_scene: set only for the site that a scene without a CRS is for itself; its outline is then none.
    """

    id: str
    name: str
    outline: dict[str, Any] | None = field(hash=False)
    zone: str = ""
    kind: str = ""
    notes: str = ""
    pixel_scene: str | None = None

    @property
    def excludes(self) -> bool:
        return self.kind == "exclude"


@dataclass(frozen=True, slots=True)
class Count:
    """One site (or zone) in one scene: visible boxes, what could not be seen, and how sure. One row of counts.csv.

    status: done, not_assessable (too little of the site was seen), refused, failed, outside (it does not touch the site).
    count, low, high are none unless something was counted. interval_method says where the interval comes from.
    """

    site_id: str
    site_name: str
    zone: str
    scene_id: str
    datetime: dt.datetime | None
    datetime_source: str
    sensor: str
    count: int | None
    count_low: float | None
    count_high: float | None
    interval_level: float
    interval_method: str
    n_checked: int
    observed_fraction: float
    cloud_checked: bool
    status: str
    count_per_observed_area: float | None
    n_20ft: int | None
    n_40ft: int | None
    n_45ft: int | None
    teu: float | None
    threshold: float
    cap_hit: bool
    gsd_m: float
    px_per_width: float
    capability: str
    model_id: str
    notes: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Observation:
    """One scene of a series. count, low, high are boxes, none where nothing was counted; low and high hold at `level`.

    status: as of a Count; only `done` is assessable, the others stay in the series, marked. observed_fraction: 0 to 1.
    """

    scene_id: str
    datetime: dt.datetime
    count: int | float | None
    low: float | None = None
    high: float | None = None
    observed_fraction: float = 1.0
    status: str = "done"
    level: float = 0.9
    notes: tuple[str, ...] = ()

    @property
    def assessable(self) -> bool:
        return self.status == "done" and self.count is not None and self.observed_fraction > 0

    @property
    def bounded(self) -> bool:
        """Whether its count came with an interval; one end alone is none."""
        return self.low is not None and self.high is not None


@dataclass(frozen=True, slots=True)
class Series:
    """One site or zone in time, by one class of sensor and one model at one threshold: what may stand in one baseline.

    observations: in order of time. place: longitude and latitude of the site, WGS 84, none where it has none. breaks: what of
    the same site and zone stands in other series, and so in no baseline of this one, in words.
    """

    site_id: str
    site_name: str
    zone: str
    sensor: str
    model_id: str
    threshold: float | None
    observations: tuple[Observation, ...]
    place: tuple[float, float] | None = None
    breaks: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Of which series: site, zone, class of sensor, model."""
        return self.site_id, self.zone, self.sensor, self.model_id

    @property
    def assessable(self) -> tuple[Observation, ...]:
        return tuple(one for one in self.observations if one.assessable)


@dataclass(frozen=True, slots=True)
class Cusum:
    """The second opinion on slow changes: the largest likelihood ratio of a change that began at `since` and lasts.

    factor: by which the counts changed since then. signals: whether p_value, over all beginnings, reaches the alarm's.
    least: lasting rise, in boxes, that would have signalled within `scenes` scenes half of the time.
    """

    statistic: float
    p_value: float
    direction: str
    since: dt.datetime
    factor: float
    scenes: int
    signals: bool
    least: float | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """What became of one scene of a series, or of one cumulative threshold: one a site, zone, scene and direction.

    id: stable, made of what it is about. level: alert, warning, normal or not_assessable. direction: rise, fall or none.
    kind: scene or cumulative. observed: boxes seen. expected, with its band in which 19 of 20 scenes lie, and alarm_below and
    alarm_above are boxes at this scene's observed_fraction. p_value: one-sided, in the direction, but of method two scenes
    two-sided; q_value: after Benjamini-Hochberg over the sites of that month. history: past scenes in the baseline, 0 where the
    scene itself could not be seen. minimum_detectable: boxes more in the whole site that would have raised an alert four times
    in five, none where the count's own interval is too wide for any to. sentence: one that can be printed. evidence_path: of
    the newest evidence pack that was made of it, empty where none was. surely: of a cumulative one the scene by which its
    threshold was surely passed, none where it was not yet.
    """

    id: str
    site_id: str
    site_name: str
    zone: str
    scene_id: str
    datetime: dt.datetime
    level: str
    direction: str
    observed: float | None
    expected: float | None
    expected_low: float | None
    expected_high: float | None
    p_value: float | None
    q_value: float | None
    method: str
    history: int
    observed_fraction: float
    sensor: str
    model_id: str
    minimum_detectable: float | None
    sentence: str
    kind: str = "scene"
    cusum: Cusum | None = None
    alarm_below: float | None = None
    alarm_above: float | None = None
    place: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    evidence_path: str = ""
    surely: dt.datetime | None = None

    @property
    def new_at(self) -> dt.datetime:
        """The scene that made it what it is: a threshold that was passed long ago may be passed surely only now."""
        return self.surely or self.datetime

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Of which series: site, zone, class of sensor, model."""
        return self.site_id, self.zone, self.sensor, self.model_id
