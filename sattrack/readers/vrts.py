"""Virtual rasters: parsed by us before GDAL sees them, so that one can only name plain pictures in its own folder."""

import math
import re
import xml.etree.ElementTree as ET
from pathlib import Path

from sattrack.errors import SceneError
from sattrack.readers.strict_xml import parse_strictly

MOST_BYTES = 8 << 20
MOST_SOURCES = 10_000
_DEEPEST = 12
_WAY_OUT = "build it with gdalbuildvrt beside its pictures, or give the pictures themselves"

# What may stand in which element. Anything else may name a file, a formula or a program.
_METADATA = (
    "Metadata", "MDI", "SRS", "GeoTransform", "GCPList", "GCP", "Description", "NoDataValue", "ColorInterp", "UnitType",
    "Offset", "Scale", "ColorTable", "Entry", "CategoryNames", "Category", "HideNoDataValue", "BlockXSize", "BlockYSize",
    "Histograms", "HistItem", "HistMin", "HistMax", "BucketCount", "IncludeOutOfRange", "Approximate", "HistCounts",
)  # fmt: skip
_SOURCE = (
    "SourceFilename", "SourceBand", "SourceProperties", "SrcRect", "DstRect", "NODATA", "ScaleOffset", "ScaleRatio",
    "LUT", "ColorTableComponent", "UseMaskBand", "Exponent", "SrcMin", "SrcMax", "DstMin", "DstMax", "Clamp",
)  # fmt: skip
_SOURCES = ("SimpleSource", "ComplexSource")
_ALLOWED = frozenset((*_METADATA, *_SOURCE, "VRTDataset", "VRTRasterBand", "MaskBand", *_SOURCES, "OverviewList"))
_EVERYWHERE = (0.0, 0.0, math.inf, math.inf)
_PLAIN_NAME = re.compile(r"[^\0\n]{1,500}")

Box = tuple[float, float, float, float]  # column, row, width, height


def vrt_sources(path: Path) -> tuple[Path, ...]:
    """The files that a virtual raster is made of, in its own folder or below. SceneError where it asks for anything more."""
    root = _parsed(path)
    folder = path.resolve().parent
    found: dict[Path, None] = {}
    for element in root.iter():
        if element.tag not in _ALLOWED:
            raise _refused(path, f"it holds a {element.tag[:40]!r}")
        if "subClass" in element.attrib:
            raise _refused(path, f"it is a {element.attrib['subClass'][:40]}")
        if element.tag == "SourceFilename":
            found[_inside(path, element, folder=folder)] = None
    if root.tag != "VRTDataset" or not found:
        raise _refused(path, "it names no pictures")
    if len(found) > MOST_SOURCES:
        raise _refused(path, f"it names more than {MOST_SOURCES} files")
    return tuple(found)


def vrt_boxes(path: Path) -> tuple[Box, ...]:
    """Where the pictures of a virtual raster lie in it; one that is not said to lie anywhere fills it all."""
    found: dict[Box, None] = {}
    for source in (source for band in _parsed(path).findall("VRTRasterBand") for source in band if source.tag in _SOURCES):
        place = source.find("DstRect")
        try:
            found[_EVERYWHERE if place is None else _box(place)] = None
        except ValueError as error:
            raise _refused(path, f"a DstRect is not four numbers: {error}") from error
    return tuple(found)


def _box(place: ET.Element) -> Box:
    col, row, width, height = (float(place.get(name, "")) for name in ("xOff", "yOff", "xSize", "ySize"))
    if not all(map(math.isfinite, (col, row, width, height))):
        raise ValueError(f"{col:g}, {row:g}, {width:g}, {height:g}")
    return col, row, width, height


def _refused(path: Path, message: str) -> SceneError:
    return SceneError(f"this virtual raster is not read: {message}", where=str(path), way_out=_WAY_OUT)


def _inside(path: Path, element: ET.Element, *, folder: Path) -> Path:
    name = (element.text or "").strip()
    if element.get("relativeToVRT") != "1" or not _PLAIN_NAME.fullmatch(name) or Path(name).is_absolute():
        raise _refused(path, f"{name[:80]!r} is not named relative to it")
    target = (folder / name).resolve()
    if not target.is_relative_to(folder):
        raise _refused(path, f"{name[:80]!r} lies outside its folder")
    if target == path.resolve():
        raise _refused(path, "it names itself")
    if not target.is_file():
        raise _refused(path, f"{name[:80]!r} does not exist")
    return target


def _parsed(path: Path) -> ET.Element:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise _refused(path, f"it is larger than {MOST_BYTES >> 20} MB")
        raw = path.read_bytes()
    except SceneError:
        raise
    except OSError as error:
        raise SceneError(f"cannot be read: {error.strerror}", where=str(path)) from error
    # Names as written: GDAL, which reads the file after us, knows no namespaces.
    return parse_strictly(raw, deepest=_DEEPEST, refused=lambda message: _refused(path, message))
