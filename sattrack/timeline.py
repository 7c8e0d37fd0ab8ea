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
    outline: dict[str, Any] | None
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
