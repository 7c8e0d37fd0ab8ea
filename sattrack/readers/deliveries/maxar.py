"""Maxar: what .IMD, .TIL and .XML say of a picture; all three have the same names in the same groups."""

import re
from collections.abc import Mapping, Sequence

from sattrack.readers.deliveries.pvl import Entry
from sattrack.readers.deliveries.values import MOST_LISTED, Told, moment_in, number_in, text_in, viewing_of

# The most sure first: when the first line was seen, then when the earliest part of a product was.
_TIMES = ("firstlinetime", "earliestacqtime", "tlctime")
_SATELLITES = {
    "QB02": "QuickBird-2", "IK01": "IKONOS", "GE01": "GeoEye-1", "WV01": "WorldView-1", "WV02": "WorldView-2",
    "WV03": "WorldView-3", "WV04": "WorldView-4", "LG01": "WorldView Legion 1", "LG02": "WorldView Legion 2",
    "LG03": "WorldView Legion 3", "LG04": "WorldView Legion 4", "LG05": "WorldView Legion 5", "LG06": "WorldView Legion 6",
}  # fmt: skip
_BAND = re.compile(r"band_([a-z0-9]{1,4})")


def told_by_maxar(entries: Sequence[Entry]) -> Told:
    """What is said of the whole product: of several images in it, of the first."""
    said: dict[str, str] = {}
    for names, value in entries:
        said.setdefault(names[-1], value)
    notes = []
    images = {value for names, value in entries if names[-1] == "catid" and value}
    if len(images) > 1:
        notes.append(f"made of {len(images)} images of other times: time and angles are those of the first")
    satellite = text_in(said.get("satid"))
    bands, bands_of = _bands(entries, said)
    return Told(
        acquired=next((found for name in _TIMES if (found := moment_in(said.get(name, "")))), None),
        sensor=_SATELLITES.get(satellite.upper(), satellite),
        viewing=viewing_of(
            off_nadir=said.get("meanoffnadirviewangle", said.get("offnadirviewangle")),
            sun_elevation=said.get("meansunel", said.get("sunel")), sun_azimuth=said.get("meansunaz", said.get("sunaz")),
            cloud_cover=said.get("cloudcover"),
        ),
        gsd_m=number_in(said.get("productgsd"), low=0.05, high=100),
        bands=bands, bands_of=bands_of,
        listed=tuple(value for names, value in entries if names[-1] == "filename" and value)[:MOST_LISTED],
        notes=tuple(notes),
    )  # fmt: skip


def _bands(entries: Sequence[Entry], said: Mapping[str, str]) -> tuple[tuple[int, ...] | None, int]:
    """Where red, green and blue are, by the order of the groups BAND_B, BAND_G, BAND_R, ..., which is that of the file; and of
    how many bands.
    """
    groups: dict[str, None] = {}
    for names, _ in entries:
        found = next((m[1] for name in names[:-1] if (m := _BAND.fullmatch(name))), None)
        if found:
            groups[found] = None
    order = [*groups]
    if order == ["p"] or said.get("bandid", "").upper() == "P":
        return (1,), 1
    if all(colour in order for colour in "rgb"):
        return tuple(order.index(colour) + 1 for colour in "rgb"), len(order)
    return None, 0
