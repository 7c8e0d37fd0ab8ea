"""Choosing assets: which file of an item is looked at, by its bands, roles and pixel size, and which one masks clouds."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from sattrack.errors import SceneRefused
from sattrack.readers.catalogues.items import Asset, Item
from sattrack.readers.masks import rule_named
from sattrack.steps.judging import FINE_COLOUR_M

_RASTERS = ("image/tiff", "image/jp2", "image/vnd.stac.geotiff", "image/geotiff")
_PLAIN = ("image/png", "image/jpeg")
_SUFFIXES = (".tif", ".tiff", ".jp2", ".j2k")
_NEVER = {
    "thumbnail",
    "overview",
    "metadata",
    "cloud",
    "cloud-shadow",
    "snow-ice",
    "water-mask",
    "data-mask",
    "saturation",
    "iso-19115",
}
_RGB = ("red", "green", "blue")
_VISUAL = ("visual", "tci", "true-color", "truecolor", "rgb", "ortho_visual", "image", "pansharpened", "ortho_pansharpened")
# By the key that the catalogues give them, or by what a mask's file is called: what hides the ground in it.
_MASK_KEYS = {
    "scl": "scl", "scl-jp2": "", "udm2": "udm2", "ortho_udm2": "udm2", "basic_udm2": "", "qa_pixel": "qa_pixel",
    "qa-pixel": "qa_pixel",
}  # fmt: skip


_FINER = 1.2


@dataclass(frozen=True, slots=True)
class Choice:
    """What is looked at of an item. bands: of the file, to be fed; none where it says itself. gsd_m: by what the item says."""

    asset: Asset
    bands: tuple[int, ...] | None
    gsd_m: float | None
    mask: Asset | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    asset: Asset
    bands: tuple[int, ...] | None
    gsd_m: float | None
    kind: str

    @property
    def order(self) -> tuple[float, int, str]:
        """Finest first; of those as fine, the one that was made to be looked at."""
        made = "visual" in self.asset.roles or self.asset.key.casefold() in _VISUAL
        return (self.gsd_m if self.gsd_m is not None else 1e9, 0 if made else 1, self.asset.key)


def choose(item: Item) -> Choice:
    """The file to be looked at: colour in one file where it is fine enough, else what is finest.

    SceneRefused where there is none.
    """
    if item.radar:
        raise SceneRefused("a radar picture, in which containers are not counted", where=item.where, way_out="leave it out")
    found = [one for asset in item.assets if (one := _candidate(asset, item))]
    colour = min((one for one in found if one.kind == "colour"), key=lambda one: one.order, default=None)
    gray = min((one for one in found if one.kind == "pan"), key=lambda one: one.order, default=None)
    notes: list[str] = []
    chosen = colour
    if gray and (colour is None or (not _sure(colour.gsd_m) and _finer(gray.gsd_m, colour.gsd_m))):
        chosen = gray
    if chosen is None:
        chosen = min(
            (one for one in found if one.kind == "band"),
            key=lambda one: (_BAND_ORDER[_band(one.asset)], one.order),
            default=None,
        )
        if chosen:
            notes.append(f"the item has its bands in files of their own: the {_band(chosen.asset)} one is looked at, as gray")
    if chosen is None:
        raise SceneRefused(
            "none of its assets is a picture in colour or gray", where=item.where,
            way_out=f"it has {', '.join(one.key[:40] for one in item.assets[:8])}: give the picture itself, or leave it out",
        )  # fmt: skip
    if chosen.asset.requester_pays:
        raise SceneRefused(
            "whoever reads its files pays, and asks with keys, which sattrack does not", where=item.where,
            way_out="fetch the file and give its path",
        )  # fmt: skip
    mask = _mask(item, notes)
    return Choice(chosen.asset, chosen.bands, chosen.gsd_m, mask, tuple(notes))


def native_gsd(choice: Choice, item: Item) -> float | None:
    """The pixel size that an item says of its camera, where its file has finer ones, which show no more; none where not."""
    if item.gsd_m is None or choice.gsd_m is None or item.gsd_m <= _FINER * choice.gsd_m or "pan" in choice.asset.bands:
        return None
    return item.gsd_m


_BAND_ORDER = {"green": 0, "red": 1, "nir": 2, "blue": 3}


def _band(asset: Asset) -> str:
    """The one colour that an asset holds, where it is one that can stand for gray."""
    named = asset.bands[0] if len(asset.bands) == 1 else asset.key.casefold() if not asset.bands else ""
    return named if named in _BAND_ORDER else ""


def _candidate(asset: Asset, item: Item) -> _Candidate | None:
    if set(asset.roles) & _NEVER or not _is_picture(asset) or asset.key.casefold() in _MASK_KEYS:
        return None
    gsd = asset.gsd_m if asset.gsd_m is not None else item.gsd_m
    if all(asset.bands.count(colour) == 1 for colour in _RGB):
        return _Candidate(asset, tuple(asset.bands.index(colour) + 1 for colour in _RGB), gsd, "colour")
    key = asset.key.casefold()
    if asset.bands == ("pan",) or (not any(asset.bands) and re.search(r"(^|[-_])pan(chromatic)?([-_]|$)", key)):
        return _Candidate(asset, None, gsd, "pan")
    if _band(asset):
        return _Candidate(asset, None, gsd, "band")
    if any(asset.bands):
        return None
    # Where other files say their bands, one that says none is something else, such as a measure of quality.
    bare = not any(any(other.bands) for other in item.assets) and "qa" not in re.split(r"[-_.]", key)
    if "visual" in asset.roles or key in _VISUAL or (bare and ("data" in asset.roles or len(item.assets) == 1)):
        # Its own colours tell, once its header is read.
        return _Candidate(asset, None, gsd, "colour")
    return None


def _is_picture(asset: Asset) -> bool:
    kind = asset.media_type.partition(";")[0].strip()
    suffix = PurePosixPath(asset.href.partition("?")[0]).suffix.casefold()
    if kind in _PLAIN:
        return "://" not in asset.href and bool({"data", "visual"} & set(asset.roles))
    return kind in _RASTERS if kind else suffix in _SUFFIXES


def _sure(gsd_m: float | None) -> bool:
    return gsd_m is not None and gsd_m <= FINE_COLOUR_M


def _finer(one: float | None, other: float | None) -> bool:
    return one is not None and (other is None or one < other)


def _mask(item: Item, notes: list[str]) -> Asset | None:
    """The mask whose rule its key and its name agree on: read by another rule it would hide what is clear."""
    for asset in item.assets:
        rule = _MASK_KEYS.get(asset.key.casefold(), "")
        if not rule or not _is_picture(asset):
            continue
        named = rule_named(PurePosixPath(asset.href.partition("?")[0]).name)
        if named == rule:
            return asset
        notes.append(f"the mask {asset.key} is not used: its file's name does not say that it is one of {rule}")
    return None
