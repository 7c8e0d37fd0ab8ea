"""Planet: what NAME_metadata.json and NAME_metadata.xml say of a PlanetScope or SkySat picture."""

import xml.etree.ElementTree as ET
from typing import Any

from sattrack.imagery import Viewing
from sattrack.readers.deliveries.values import Told, moment_in, number_in, text_in, viewing_of

_SKYSAT = "ssc"


def told_by_item(said: Any) -> Told:
    """What an item's properties say, as Planet's API gives them. They say no order of bands, and none is guessed."""
    known = said.get("properties") if isinstance(said, dict) else None
    if not isinstance(known, dict):
        return Told()
    satellite = text_in(known.get("satellite_id"))
    kind = "SkySat" if satellite.casefold().startswith(_SKYSAT) else text_in(known.get("provider")).capitalize()
    return Told(
        acquired=moment_in(str(known.get("acquired", ""))[:60]),
        sensor=" ".join(part for part in (kind, satellite or text_in(known.get("instrument"))) if part),
        viewing=_viewing(known),
        gsd_m=number_in(known.get("pixel_resolution"), low=0.05, high=100),
    )


def _viewing(known: dict[str, Any]) -> Viewing | None:
    cloud = known.get("cloud_cover")
    if cloud is None and (percent := number_in(known.get("cloud_percent"), low=0, high=100)) is not None:
        cloud = percent / 100
    return viewing_of(
        off_nadir=known.get("view_angle"), sun_elevation=known.get("sun_elevation"), sun_azimuth=known.get("sun_azimuth"),
        cloud_cover=cloud,
    )  # fmt: skip


def told_by_planet_xml(root: ET.Element) -> Told:
    """What an EarthObservation document says; elements by their names without namespaces."""

    def first(name: str) -> str:
        return next(((one.text or "").strip() for one in root.iter(name)), "")

    platform = root.find(".//Platform")
    short, serial = (
        "" if platform is None else next(((one.text or "").strip() for one in platform.iter(name)), "")
        for name in ("shortName", "serialIdentifier")
    )
    percent = number_in(first("cloudCoverPercentage"), low=0, high=100)
    return Told(
        acquired=moment_in(first("acquisitionDateTime") or first("acquisitionDate")),
        sensor=" ".join(part for part in (text_in(short), text_in(serial)) if part),
        viewing=viewing_of(
            off_nadir=first("spaceCraftViewAngle"), sun_elevation=first("illuminationElevationAngle"),
            sun_azimuth=first("illuminationAzimuthAngle"), cloud_cover=None if percent is None else round(percent / 100, 6),
        ),
        gsd_m=number_in(first("rowGsd") or first("resolution"), low=0.05, high=100),
    )  # fmt: skip
