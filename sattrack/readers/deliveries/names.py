"""Vendor names: what the names of delivered pictures say: the acquisition, the kind of product, and the place in its grid."""

import re
from dataclasses import dataclass

PAN, COLOUR, BASIC = "panchromatic", "colour", "not laid out"

_TILE = re.compile(r"(?<![0-9a-z])r(?P<row>[0-9]{1,3})c(?P<col>[0-9]{1,3})(?![0-9a-z])")
_MAXAR = re.compile(
    r"(?P<time>[0-9]{2}[a-z]{3}[0-9]{8})-(?P<kind>[pms])[0-9][a-z0-9]{2,3}-(?P<order>[0-9]{6,}_[0-9]{2}_p[0-9]{3})"
)
_MAXAR_ARD = re.compile(r"(?P<catalogue>10[0-9a-f]{14})-(?P<kind>visual|pan|ms)")
_AIRBUS = re.compile(
    r"img_(?:[0-9]{2}_)?(?P<satellite>phr1[ab]|pneo[0-9]|spot[0-9]?)_(?P<kind>[a-z]+)[a-z0-9-]*_(?P<time>[0-9]{15})_.*"
)
# Pléiades Neo names the time before the kind, and newer deliveries the mode of acquisition before both.
_NEO = re.compile(
    r"img_(?:[0-9]{2}_)?(?P<satellite>pneo[0-9])_(?:st[a-z0-9]_)?(?P<time>[0-9]{15})_(?P<kind>[a-z]+)[a-z0-9-]*_.*"
)
_PLANET = re.compile(
    r"(?P<item>[0-9]{8}_[0-9]{6}_\w+?)_(?:[13][ab]_)?(?P<kind>analytic|visual|panchromatic|pansharpened|basic|ortho_[a-z]+)\w*"
)
_KINDS = {
    "p": PAN, "pan": PAN, "panchromatic": PAN, "ortho_panchromatic": PAN, "basic": BASIC,
}  # fmt: skip
_BAND = re.compile(r"(?<![0-9a-z])b(0?[1-9]|1[0-9]|8a)(?![0-9a-z])")
# Small or coded pictures that come with a delivery, and show what its scenes show.
_DECOY = re.compile(
    r"(?:.*[-_. ])?(?:browse|preview|thumb|thumbnail|quicklook|gmask)"
    r"|(?:preview|icon|quicklook)_(?:phr|pneo|spot).*|img_.*_ned(?:_r[0-9]+c[0-9]+)?"
)


@dataclass(frozen=True, slots=True)
class Named:
    """acquisition: what its products share; empty where a name does not tell. kind: PAN, COLOUR or BASIC; empty as above.

    product: what the tiles of one picture share. tile: (row, column) from 1; none of a picture in one file.
    """

    acquisition: str
    kind: str
    product: str
    tile: tuple[int, int] | None = None


def named(stem: str) -> Named:
    """What a picture's name, without folder and suffix, says."""
    stem = stem.casefold()
    found = _TILE.search(stem)
    product = without_tile(stem)
    tile = (int(found["row"]), int(found["col"])) if found else None
    for pattern in (_MAXAR, _MAXAR_ARD, _NEO, _AIRBUS, _PLANET):
        if said := pattern.fullmatch(product):
            parts = said.groupdict()
            kind = _KINDS.get(parts.pop("kind"), COLOUR)
            return Named(" ".join(parts.values()), kind, product, tile)
    return Named("", "", product, tile)


def without_tile(stem: str) -> str:
    """A casefolded stem without the place in a grid that it names: `a_r1c2-b` -> `a-b`, `a_r1c2` -> `a`."""
    found = _TILE.search(stem)
    if not found:
        return stem
    before, after = stem[: found.start()], stem[found.end() :]
    return (before[:-1] if before[-1:] in ("_", "-", ".", " ") else before) + after


def band_named(stem: str) -> str:
    """The one band that a picture's name says it is, as Sentinel-2's do: `..._B04_10m` -> `B04`; empty where it says none."""
    found = _BAND.findall(stem.casefold())
    return f"B{found[0].upper().zfill(2)}" if len(found) == 1 else ""


def is_decoy(stem: str) -> bool:
    """Whether a picture of this stem is a browse image, preview, thumbnail or coded mask of a delivery."""
    return bool(_DECOY.fullmatch(stem.casefold()))
