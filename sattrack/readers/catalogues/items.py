"""Items: what a STAC item says of an acquisition and its files, read strictly; one that cannot be read costs itself alone."""

import datetime as dt
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely

from sattrack.errors import CatalogueError, ManifestError, SceneError
from sattrack.readers.catalogues.footprints import footprint_of
from sattrack.readers.hints import read_text
from sattrack.readers.times import parse_time

_VERSION = re.compile(r"1\.[0-9]+\.[0-9]+(?:-[0-9A-Za-z.]+)?", re.ASCII)
_MOST_ASSETS = 500
_LONG = dt.timedelta(days=1)
WAY_OUT = "mend the item, or give its picture instead"
# Names of bands where nobody says a common name.
_COMMON = {
    "r": "red", "b": "blue", "g": "green", "nir1": "nir", "n": "nir", "p": "pan", "panchromatic": "pan", "ir": "nir",
    "near-infrared": "nir",
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x1f]")
_SHA2_256 = re.compile(r"1220([0-9a-f]{64})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of an item. href: as written. bands: the common name of each, empty where none is known. gsd_m: of its pixels."""

    key: str
    href: str
    media_type: str = ""
    roles: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    gsd_m: float | None = None
    size: int | None = None
    sha256: str = ""
    requester_pays: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """An acquisition, or a part of one, of a catalogue.

    where: the document and the item, for errors. base: the folder or address that its relative hrefs start from.
    start, end: UTC. footprint: longitude and latitude. cloud_cover: percent. acquisition: a name that its other parts share,
    where one is said. raw: the item as it came.
    """

    id: str
    collection: str
    where: str
    base: str
    start: dt.datetime | None
    end: dt.datetime | None
    footprint: shapely.Geometry | None
    assets: tuple[Asset, ...]
    gsd_m: float | None = None
    sensor: str = ""
    source: str = ""
    licence: str = ""
    off_nadir_deg: float | None = None
    cloud_cover: float | None = None
    sun_elevation_deg: float | None = None
    sun_azimuth_deg: float | None = None
    acquisition: str = ""
    radar: bool = False
    notes: tuple[str, ...] = ()
    raw: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unread:
    """An item that cannot be read, and why."""

    id: str
    where: str
    error: SceneError


def items_in(document: Any, *, where: str, base: str, most: int) -> Iterator[Item | Unread]:
    """The items of an Item, ItemCollection or FeatureCollection, in its order. CatalogueError where it is none of these."""
    kind = document.get("type") if isinstance(document, dict) else None
    if kind == "FeatureCollection":
        rows = document.get("features")
        if not isinstance(rows, list):
            raise CatalogueError("the collection of items has no list of features", where=where)
        if len(rows) > most:
            raise CatalogueError(
                f"{len(rows):,} items, and {most:,} may be given", where=where,
                way_out="give fewer, or raise catalogue_items in a settings file",
            )  # fmt: skip
    elif kind == "Feature":
        rows = [document]
    else:
        hint = "sattrack fetch searches it" if kind in ("Catalog", "Collection") else "give a STAC Item or ItemCollection"
        raise CatalogueError(f"expected STAC items, came {_came(document)}", where=where, way_out=hint)
    for number, row in enumerate(rows, start=1):
        named = read_text(row.get("id")) if isinstance(row, dict) else ""
        place = f"{where}, item {named or number}"
        try:
            yield read_item(row, where=place, base=base)
        except SceneError as error:
            yield Unread(named or f"item-{number}", place, error)


def _came(document: Any) -> str:
    if not isinstance(document, dict):
        return f"a {type(document).__name__}"
    return f"type {str(document.get('type'))[:40]!r}"


def read_item(raw: Any, *, where: str, base: str) -> Item:
    """One item. SceneError says what of it cannot be read."""
    if not isinstance(raw, dict) or raw.get("type") != "Feature":
        raise SceneError(f"expected a STAC item, came {_came(raw)}", where=where, way_out=WAY_OUT)
    said = raw.get("properties")
    properties: dict[str, Any] = said if isinstance(said, dict) else {}
    notes: list[str] = []
    _check_version(raw, where=where, notes=notes)
    name = read_text(raw.get("id"))
    if not name:
        raise SceneError("it has no id", where=where, way_out=WAY_OUT)
    start, end = _times(properties, where=where, notes=notes)
    number = _Numbers(properties, notes)
    cloud = number("eo:cloud_cover", 0, 100)
    return Item(
        id=name,
        collection=read_text(raw.get("collection")),
        where=where,
        base=base,
        start=start,
        end=end,
        footprint=footprint_of(raw.get("geometry"), raw.get("bbox"), where=where),
        assets=_assets(raw, properties, where=where),
        gsd_m=number("gsd", 1e-3, 1e5),
        sensor=_sensor(properties),
        source=_providers(properties),
        licence=read_text(properties.get("license")),
        off_nadir_deg=number("view:off_nadir", 0, 90),
        # Maxar's name for it.
        cloud_cover=number("tile:clouds_percent", 0, 100) if cloud is None else cloud,
        sun_elevation_deg=number("view:sun_elevation", -90, 90),
        sun_azimuth_deg=number("view:sun_azimuth", 0, 360),
        acquisition=read_text(properties.get("catalog_id")),
        radar=any(key.startswith("sar:") for key in properties),
        notes=tuple(notes),
        raw=raw,
    )


def links_of(document: Any, relation: str) -> list[dict[str, Any]]:
    """The links of a document of one relation that have an address."""
    rows = document.get("links") if isinstance(document, dict) else None
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    return [row for row in found if row.get("rel") == relation and isinstance(row.get("href"), str) and row["href"]]


def _check_version(raw: dict[str, Any], *, where: str, notes: list[str]) -> None:
    version = raw.get("stac_version")
    if version is None:
        notes.append("the item does not say its STAC version: it is read as 1.0.0")
    elif not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise SceneError(f"STAC version {str(version)[:20]!r} is not read", where=where, way_out="give items of version 1")


def _times(properties: dict[str, Any], *, where: str, notes: list[str]) -> tuple[dt.datetime, dt.datetime] | tuple[None, None]:
    """First and last moment: the same where one is said."""
    one, first = (_time(properties, key, where=where) for key in ("datetime", "start_datetime"))
    # A span that has begun may end in days to come.
    last = _time(properties, "end_datetime", where=where, taken=first is None and one is None)
    if one:
        return one, one
    if first and last and first > last:
        raise SceneError("it ends before it began", where=where, way_out=WAY_OUT)
    start = first or last
    if start is None:
        return None, None
    end = last or start
    if end - start > _LONG:
        notes.append(f"the item says a span, {start:%Y-%m-%d} to {end:%Y-%m-%d}: its start is taken as the time")
    return start, end


def _time(properties: dict[str, Any], key: str, *, where: str, taken: bool = True) -> dt.datetime | None:
    text = properties.get(key)
    if text is None:
        return None
    try:
        if not isinstance(text, str):
            raise ManifestError(f"the time {str(text)[:60]!r} is not text")
        return parse_time(text, taken=taken)
    except ManifestError as error:
        raise SceneError(f"{key}: {error.message}", where=where, way_out=WAY_OUT) from error


class _Numbers:
    """Numbers of an item's properties; what cannot be one is noted and not used."""

    def __init__(self, properties: dict[str, Any], notes: list[str]) -> None:
        self._properties, self._notes = properties, notes

    def __call__(self, key: str, low: float, high: float) -> float | None:
        value = self._properties.get(key)
        if value is None:
            return None
        number = _number(value)
        if number is None or not low <= number <= high:
            self._notes.append(f"the item's {key} {str(value)[:20]!r} cannot be, and is not used")
            return None
        return number


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300 else None


def _sensor(properties: dict[str, Any]) -> str:
    """Platform and instruments, as platform or as `platform instrument`; Maxar's vehicle where no platform is said."""
    platform = read_text(properties.get("platform")) or read_text(properties.get("vehicle_name"))
    instruments = properties.get("instruments")
    named = [read_text(one) for one in instruments] if isinstance(instruments, list) else []
    told = [platform, *(one for one in named[:3] if one and one.casefold() != platform.casefold())]
    return " ".join(one for one in told if one)[:200]


def _providers(properties: dict[str, Any]) -> str:
    rows = properties.get("providers")
    named = (
        [(read_text(row.get("name")), row.get("roles")) for row in rows if isinstance(row, dict)]
        if isinstance(rows, list)
        else []
    )
    # Who made it stands before who serves it.
    makers = [
        name for name, roles in named if name and isinstance(roles, list) and {"producer", "licensor"} & {str(r) for r in roles}
    ]
    chosen = makers or [name for name, _ in named if name]
    return ", ".join(dict.fromkeys(chosen[:5])) or read_text(properties.get("oam:producer_name"))


def _assets(raw: dict[str, Any], properties: dict[str, Any], *, where: str) -> tuple[Asset, ...]:
    rows = raw.get("assets")
    if not isinstance(rows, dict) or not rows:
        raise SceneError("it has no assets", where=where, way_out="it names no picture: leave it out")
    if len(rows) > _MOST_ASSETS:
        raise SceneError(f"it has {len(rows):,} assets, and {_MOST_ASSETS} are looked at", where=where, way_out=WAY_OUT)
    pays = properties.get("storage:requester_pays") is True
    named = [(str(key), row) for key, row in rows.items() if isinstance(row, dict) and is_address(row.get("href"))]
    if not named:
        raise SceneError("none of its assets has an address", where=where, way_out="it names no picture: leave it out")
    return tuple(
        Asset(
            key=key,
            href=row["href"].strip(),
            media_type=read_text(row.get("type")).casefold(),
            roles=tuple(str(role)[:40].casefold() for role in _list(row.get("roles"))),
            bands=_bands(row),
            gsd_m=_gsd(row, properties),
            size=_size(row),
            sha256=_sha256(row),
            requester_pays=pays or row.get("storage:requester_pays") is True,
        )
        for key, row in named
    )


def is_address(href: Any) -> bool:
    """Whether a value can be an address or a path at all."""
    return isinstance(href, str) and bool(href.strip()) and not _CONTROL.search(href.strip())


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _bands(row: dict[str, Any]) -> tuple[str, ...]:
    """Common names, of STAC 1.1's bands or of the eo extension's."""
    rows = next((found for key in ("eo:bands", "bands") if (found := _list(row.get(key)))), ())
    return tuple(_common(one) for one in rows[:1000] if isinstance(one, dict))


def _common(band: dict[str, Any]) -> str:
    said = band.get("common_name", band.get("eo:common_name"))
    if isinstance(said, str) and said:
        return said.casefold()[:40]
    name = read_text(band.get("name")).casefold()
    return _COMMON.get(name, name if name in ("red", "green", "blue", "nir", "pan") else "")


def _gsd(row: dict[str, Any], properties: dict[str, Any]) -> float | None:
    """The finest pixel size that is said of this one file: in metres, of its lattice where that is in metres."""
    rows = [*_list(row.get("raster:bands")), *_list(row.get("bands")), *_list(row.get("eo:bands"))]
    said = [row.get("gsd"), row.get("raster:spatial_resolution")]
    said += [
        one.get(key)
        for one in rows
        if isinstance(one, dict)
        for key in ("spatial_resolution", "raster:spatial_resolution", "gsd")
    ]
    said += [_step(row, properties)]
    numbers = [n for n in map(_number, said) if n is not None and 1e-3 <= n <= 1e5]
    return min(numbers, default=None)


def _step(row: dict[str, Any], properties: dict[str, Any]) -> float | None:
    """The size of a pixel by its affine transform, where that is of a UTM zone."""
    steps = _list(row.get("proj:transform"))
    code = row.get("proj:code", row.get("proj:epsg", properties.get("proj:code", properties.get("proj:epsg"))))
    if not re.fullmatch(r"(?:EPSG:)?32[67]\d\d", str(code)) or len(steps) < 6:
        return None
    numbers = [_number(step) for step in steps[:6]]
    if any(number is None for number in numbers):
        return None
    a, b, _, d, e, _ = (number or 0.0 for number in numbers)
    return max(math.hypot(a, d), math.hypot(b, e)) or None


def _size(row: dict[str, Any]) -> int | None:
    size = row.get("file:size")
    return size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else None


def _sha256(row: dict[str, Any]) -> str:
    """The digest where the file extension's multihash is SHA-2 of 256 bits."""
    found = _SHA2_256.fullmatch(str(row.get("file:checksum", "")))
    return found[1].lower() if found else ""
