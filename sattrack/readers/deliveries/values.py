"""Vendor values: what imagery vendors say of a picture, as plain values; a wrong one is none, never a guess."""

import datetime as dt
import math
from dataclasses import dataclass

from sattrack.errors import ManifestError
from sattrack.imagery import Viewing
from sattrack.readers.hints import read_text
from sattrack.readers.times import parse_time

# As whom the time of a scene is then said to be learnt from.
VENDOR = "vendor metadata"
MOST_LISTED = 10_000


@dataclass(frozen=True, slots=True)
class Told:
    """What a file of a vendor's says. gsd_m: the product's pixel. bands: red, green, blue, or the only one, from 1, of a
    picture of so many bands (bands_of).

    listed: names of the delivery's pictures, as written. notes: what could not be used.
    """

    acquired: dt.datetime | None = None
    sensor: str = ""
    viewing: Viewing | None = None
    gsd_m: float | None = None
    bands: tuple[int, ...] | None = None
    bands_of: int = 0
    listed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def moment_in(text: str) -> dt.datetime | None:
    """A time of acquisition; none of what is no real one."""
    try:
        return parse_time(text)
    except ManifestError:
        return None


def number_in(text: object, *, low: float, high: float) -> float | None:
    """A number within bounds; vendors write -999 for what is not known."""
    try:
        value = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None
    return value if math.isfinite(value) and low <= value <= high and not isinstance(text, bool) else None


def viewing_of(*, off_nadir: object, sun_elevation: object, sun_azimuth: object, cloud_cover: object) -> Viewing | None:
    """What of these can be; none where nothing can. Angles in degrees, an angle's sign being the side; clouds as a share."""
    angle = number_in(off_nadir, low=-90, high=90)
    viewing = Viewing(
        off_nadir_deg=None if angle is None else round(abs(angle), 3),
        sun_elevation_deg=number_in(sun_elevation, low=-90, high=90),
        sun_azimuth_deg=number_in(sun_azimuth, low=-360, high=360),
        cloud_cover=number_in(cloud_cover, low=0, high=1),
    )
    return None if viewing == Viewing() else viewing


def text_in(value: object) -> str:
    """A name as one clean line."""
    return read_text(value)[:80]
