"""GDAL's sidecars: the place that a NAME.aux.xml says, where the user asked for it; read by us, never by GDAL."""

import math
import xml.etree.ElementTree as ET
from pathlib import Path

import pyproj

from sattrack.errors import ManifestError
from sattrack.geometry import Affine6, invert_affine
from sattrack.readers.hints import Hints
from sattrack.readers.sidecars import Beside
from sattrack.readers.strict_xml import parse_strictly

MOST_BYTES = 8 << 20
_DEEPEST = 12
_WAY_OUT = "mend it, or leave --sidecars out"


def gdals_beside(picture: Path, *, beside: Beside) -> str | None:
    """The name of a picture's .aux.xml, where there is one."""
    return beside.names.get(f"{picture.name}.aux.xml".casefold())


def read_gdals(picture: Path, *, beside: Beside) -> Hints:
    """The transform and CRS of a picture's .aux.xml, for a picture that has no place of its own; nothing else in it is read.

    ManifestError where it is no such file.
    """
    name = gdals_beside(picture, beside=beside)
    if name is None:
        return Hints()
    path = beside.folder / name

    def refused(message: str) -> ManifestError:
        return ManifestError(message, where=str(path), way_out=_WAY_OUT)

    try:
        if not path.is_file():
            raise refused("is no file")
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise refused(f"cannot be read: {error.strerror}") from error
    if len(raw) > MOST_BYTES:
        raise refused(f"is larger than {MOST_BYTES >> 20} MB")
    root = parse_strictly(raw, deepest=_DEEPEST, refused=refused)
    transform, crs = _transform(root), _crs(root)
    if transform is None or crs is None:
        unplaced = f"{name} says no transform and CRS that can be used"
        return Hints(unplaced=unplaced, notes=(unplaced,))
    return Hints(transform=transform, crs=crs, notes=(f"the place comes from {name}, unless the file has one of its own",))


def _transform(root: ET.Element) -> Affine6 | None:
    """GDAL's order is (c, a, b, f, d, e)."""
    try:
        c, a, b, f, d, e = (float(number) for number in (root.findtext("GeoTransform") or "").split(","))
        transform = (a, b, c, d, e, f)
        invert_affine(transform)
    except ValueError:
        return None
    return transform if all(map(math.isfinite, transform)) else None


def _crs(root: ET.Element) -> str | None:
    try:
        crs = pyproj.CRS.from_user_input((root.findtext("SRS") or "").strip())
    except pyproj.exceptions.CRSError:
        return None
    return crs.to_wkt() if crs.is_projected or crs.is_geographic else None
