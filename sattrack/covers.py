"""Covered ground: what pixels too coarse for boxes still tell of a site. Never counts, and never among them."""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sattrack.imagery import Scene, Stretch

# Of covers.csv and covers.json.
COVER_SCHEMA = "1"
# By which a folder of covers is known, and the columns by which a table of them is.
COVERS_FILE = "covers.json"
COVER_MARKS = ("kind", "area_m2", "top_boxes_low")


@dataclass(frozen=True, slots=True)
class CoverCard:
    """What must travel with the weights of the reader of cover.

    gsd_m: of the pixels that it works on, metres. bands: rows {gsd_low, gsd_high, gray, ratio, low, high, false_m2_ha, records,
    places} (see bench.cover_bands): true by read area on places not seen, the bounds between which nine of ten such places lie,
    and the cover read on a hectare where none is, which 19 of 20 places stay under. footprint_m2: of one box, its least and its
    most over the labelled sets. figures: what was measured, row by row.
    """

    id: str
    sha256: str
    gsd_m: float
    name: str = ""
    description: str = ""
    licence: str = ""
    trained_on: tuple[dict[str, str], ...] = ()
    bands: tuple[dict[str, float], ...] = ()
    footprint_m2: tuple[float, float] = (14.0, 33.0)
    figures: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Area:
    """What of a site's ground is covered by stacks, square metres, at a level of 0.9. low, high: none where not measured.

    read: as the network answered; area: that times what was measured of it. least: below this nothing can be said.
    """

    read: float
    area: float
    low: float | None
    high: float | None
    least: float | None
    method: str


@dataclass(frozen=True, slots=True)
class Change:
    """How a site's brightness or texture changed beside its surroundings, in the file's own units, since another scene.

    noise: what places round it changed by, one standard deviation, and what is in doubt of a site beyond all of them; none
    where they are too few, most did not change, or nothing is known of such a site.
    """

    since: str
    change: float
    noise: float | None

    @property
    def times_noise(self) -> float | None:
        return None if self.noise is None or self.noise <= 0 else self.change / self.noise


@dataclass(frozen=True, slots=True)
class Cover:
    """One site (or zone) in one scene whose pixels are too coarse for boxes. One row of covers.csv.

    status: done, not_assessable, refused, failed, outside. capability: area or presence; of other scenes whatever they allow.
    area: none but for capability area. boxes: how many containers the area may be on top, least and most; tiers: how many may
    stand under each, seen from above by nobody. brightness, texture: mean and local standard deviation in the file's own units,
    none but for presence. said: the row in a sentence. parts: the files that it was read from, where those of its scene are of
    several kinds that cannot be read as one.
    """

    site_id: str
    site_name: str
    zone: str
    scene_id: str
    datetime: dt.datetime | None
    datetime_source: str
    sensor: str
    status: str
    capability: str
    observed_fraction: float
    cloud_checked: bool
    gsd_m: float
    px_per_width: float
    site_m2: float | None = None
    area: Area | None = None
    footprint_m2: tuple[float, float] | None = None
    boxes: tuple[int, int] | None = None
    tiers: tuple[int, int] | None = None
    brightness: float | None = None
    texture: float | None = None
    brightness_change: Change | None = None
    texture_change: Change | None = None
    said: str = ""
    model_id: str = ""
    notes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, ...]:
        """What no other row of the same call has."""
        return self.site_id, self.zone, self.scene_id, *self.parts


@dataclass(frozen=True, slots=True, eq=False)
class CoverPicture:
    """What a site looks like in a scene, to be shown.

    pixels: (rows, cols, 3) uint8. cover: (rows, cols) uint8, 0 to 255, none for presence. rings: the outline in the picture's
    pixels. m_px: metres a pixel of the picture.
    """

    site_id: str
    zone: str
    scene: Scene
    pixels: NDArray[np.uint8]
    cover: NDArray[np.uint8] | None
    rings: tuple[NDArray[np.float64], ...]
    m_px: float


@dataclass(frozen=True, slots=True)
class CoarseScene:
    """What became of one file. status: done, refused, failed or skipped, with the reason. stretch: raw values that became 0 and
    255, per channel."""

    scene_id: str
    part: str
    location: str
    status: str
    reason: str = ""
    capability: str = "unknown"
    sha256: str = ""
    scene: Scene | None = None
    stretch: Stretch | None = None


@dataclass(frozen=True, slots=True)
class Covers:
    """All that `sattrack cover` found: rows, what became of each file, and by which weights and settings."""

    rows: tuple[Cover, ...]
    scenes: tuple[CoarseScene, ...]
    card: CoverCard
    settings: dict[str, object]
    versions: dict[str, str]
    command: str = ""
    sites_file: str = ""
    notes: tuple[str, ...] = ()

    @property
    def troubled(self) -> bool:
        """Whether any scene failed or was refused."""
        return any(one.status in ("failed", "refused") for one in self.scenes)
