"""Presets: public catalogues by name, so that nobody needs to know their addresses."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """A public catalogue. collections: those that are searched where none is named; none: all."""

    name: str
    address: str
    collections: tuple[str, ...]
    holds: str


PRESETS = (
    Preset("maxar-open-data", "https://maxar-opendata.s3.amazonaws.com/events/catalog.json", (),
           "Maxar Open Data: places hit by disasters, 0.3 to 0.6 m, CC BY-NC 4.0; --collection EVENT names one"),
    Preset("openaerialmap", "https://api.imagery.hotosm.org/stac", ("openaerialmap",),
           "OpenAerialMap: drones and aircraft by volunteers, 0.02 to 0.5 m, mostly CC BY 4.0"),
    Preset("naip", "https://planetarycomputer.microsoft.com/api/stac/v1", ("naip",),
           "NAIP by the Planetary Computer: the USA from the air every two or three years, 0.3 to 1 m, public domain"),
    Preset("planetary-computer", "https://planetarycomputer.microsoft.com/api/stac/v1",
           ("naip", "sentinel-2-l2a", "landsat-c2-l2"),
           "Microsoft Planetary Computer: NAIP, and Sentinel-2 (10 m) and Landsat (30 m), which are too coarse to count"),
    Preset("earth-search", "https://earth-search.aws.element84.com/v1", ("sentinel-2-l2a",),
           "Earth Search by Element 84: Sentinel-2, 10 m, too coarse to count"),
)  # fmt: skip


def preset_named(name: str) -> Preset | None:
    return next((one for one in PRESETS if one.name == name.casefold()), None)
