"""Finding: from what a user names (files, folders, globs, manifests, remote locations) to a sorted list of sources."""

import hashlib
import os
import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from sattrack.errors import ManifestError, SattrackError, SceneError, SceneRefused, UsageError
from sattrack.imagery import is_remote
from sattrack.readers.catalogues.item_files import ITEMS, Pick, Picked, holds_items, pick
from sattrack.readers.catalogues.item_filters import EVERYTHING, Filters
from sattrack.readers.deliveries.metadata import contradiction, read_told, read_vendor
from sattrack.readers.deliveries.names import is_decoy
from sattrack.readers.deliveries.values import Told as VendorsWord
from sattrack.readers.folders import Told, has_magic, is_picture, log, natural_key, pictures_below, pictures_matching
from sattrack.readers.gdals_sidecars import gdals_beside, read_gdals
from sattrack.readers.hints import SILENT, Hints
from sattrack.readers.locations import exists, no_such, remote, writable
from sattrack.readers.manifest import SUFFIXES, Row, read_manifest
from sattrack.readers.sidecars import Beside, base_of_mask, is_mask_name, look_beside, mask_bases, read_sidecars
from sattrack.readers.vrts import vrt_sources
from sattrack.settings import Settings

_REMOTE = re.compile(r"(https?|s3)://", re.IGNORECASE)
_MOST_SHOWN = 3
# What stands beside pictures, and comes along when a shell expands `folder/*`.
_BESIDE = (".json", ".xml", ".prj", ".ovr", ".msk", ".wld", ".tfw", ".pgw", ".pngw", ".jgw", ".jpgw", ".j2w", ".txt", ".md",
           ".geojson", ".gpkg", ".kml", ".imd", ".til")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be looked at, with what is said of it outside the file.

    path: absolute path, or a remote location. part: the file's own unique name in the run. scene_id: its acquisition, shared by
    files that a manifest or items join. fault: why it cannot be looked at, coarse: why its boxes cannot be counted, where that
    is known before it is opened. pieces: the files of a mosaic, of which path is the first (see readers.deliveries). aside: why
    it is not to be counted.
    """

    path: str
    part: str
    scene_id: str
    hints: Hints = SILENT
    fault: SattrackError | None = None
    coarse: SceneRefused | None = None
    pieces: tuple["Source", ...] = ()
    aside: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """A file that an input led to. named: the user wrote its own name; where: the manifest's line or the item, if one said it;
    stem: its name in the run, where that is not its file's; acquisition: of an item, what tells its scene from others so named.
    """

    path: str
    named: bool = True
    where: str = ""
    scene: str = ""
    hints: Hints = SILENT
    stem: str = ""
    acquisition: str = ""
    fault: SattrackError | None = None
    coarse: SceneRefused | None = None

    @property
    def key(self) -> str:
        return self.path if is_remote(self.path) else os.path.realpath(self.path)


def find_sources(
    inputs: list[str],
    *,
    recursive: bool = False,
    allow_remote: bool = False,
    follow_links: bool = False,
    sidecars: bool = False,
    filters: Filters = EVERYTHING,
    limits: Settings | None = None,
    told: Told = log,
) -> list[Source]:
    """The sources that the inputs name, each file once, in natural order of their paths, with what stands beside them.

    follow_links: links to files outside a folder count as its own. sidecars: a NAME.aux.xml may place a picture that has no
    place. filters: which items of STAC files are wanted; limits: of what such a file may hold, and whom it may name. told:
    hears what is passed over.

    Masks (`NAME_udm2`, `_udm`, `_mask`, `NAME.mask`) are no sources, unless one is named itself and its picture is not. Raises
    UsageError where an input does not exist, or is remote and that was not allowed; ManifestError where a manifest cannot be
    understood. Where a sidecar of ours cannot be, the source has a fault.
    """
    items = partial(pick, filters=filters, limits=limits or Settings(), allow_remote=allow_remote)
    found: dict[str, _Found] = {}
    strays: list[str] = []
    for text in inputs:
        for one in _found(
            text, recursive=recursive, allow_remote=allow_remote, follow_links=follow_links, items=items, told=told,
            strays=strays,
        ):  # fmt: skip
            key = one.key
            found[key] = _agreed(found[key], one) if key in found else one
    found = _told_apart(found)
    _check_scenes(found.values())
    beside, vendor = cache(look_beside), cache(read_told)
    pairs = [
        _with_hints(one, beside=beside, vendor=vendor, gdals=sidecars)
        for one in sorted(found.values(), key=lambda one: natural_key(one.path))
    ]
    pairs = [(one, _with_parts(one, hints, found)) for one, hints in pairs]
    masks = {os.path.realpath(hints.mask) for _, hints in pairs if hints.mask and not is_remote(hints.mask)}
    _refuse_masks_listed_as_pictures(pairs, masks)
    known = masks | found.keys()
    strays += _drawn_masks((one for one, _ in pairs if not one.named), inputs, recursive=recursive, beside=beside)
    _tell_masks_of_none([one for one in strays if os.path.realpath(one) not in known], pairs, told=told)
    return _named((one, hints) for one, hints in pairs if one.key not in masks)


def stem_of(path: str) -> str:
    """The name of a path or remote location, without folders, suffix or query."""
    name = PurePosixPath(urlsplit(path).path if _REMOTE.match(path) else path)
    return name.stem or "scene"


def _found(
    text: str, *, recursive: bool, allow_remote: bool, follow_links: bool, items: Callable[[Path], Picked], told: Told,
    strays: list[str],
) -> Iterator[_Found]:  # fmt: skip
    """strays: gets the masks that stand in folders."""
    if is_remote(text):
        yield _Found(remote(text, allow_remote=allow_remote))
    elif exists(text):
        # Absolute, so that a name like GTIFF_DIR:1:a.tif or -a.tif is only ever a name.
        path = Path(text).absolute()
        if path.is_dir():
            if holds_items(path / ITEMS):
                told(
                    f"{path / ITEMS} lists what was fetched into this folder, and is not looked at: name it instead of the "
                    "folder, or the times, masks and acquisitions that it tells are not known"
                )
            below = pictures_below(path, recursive=recursive, follow_links=follow_links, told=told)
            yield from _walked(below, told=told, strays=strays)
        elif not path.is_file():
            raise UsageError("neither a file nor a folder", where=text, way_out="give a picture's file")
        elif path.name.casefold().endswith(SUFFIXES):
            yield from (_from_row(row, folder=path.parent, allow_remote=allow_remote) for row in read_manifest(path))
        elif holds_items(path):
            picked = items(path)
            for note in picked.notes:
                told(note)
            yield from map(_from_item, picked.picks)
        elif is_picture(path.name) or not path.name.casefold().endswith(_BESIDE):
            yield _Found(writable(str(path)))
    else:
        globbed = has_magic(text) and "\0" not in text
        how: dict[str, Any] = {"recursive": recursive, "follow_links": follow_links, "told": told}
        matching = pictures_matching(text, **how) if globbed else iter(())
        first = next(matching, None)
        if first is None:
            raise no_such(text)
        yield from _walked(chain([first], matching), told=told, strays=strays)


def _walked(paths: Iterable[str], *, told: Told, strays: list[str]) -> Iterator[_Found]:
    """The scenes among what stands in folders; of previews and the like it is said that they are passed over."""
    passed = []
    for path in paths:
        stem = stem_of(path)
        if is_decoy(stem):
            passed.append(PurePosixPath(path).name)
        elif is_mask_name(stem):
            strays.append(path)
        else:
            yield _of_folder(path)
    if passed:
        shown = _some_of(passed)
        told(f"not looked at, since their names are those of previews: {shown}; name such a file itself to have it counted")


def _drawn_masks(
    pictures: Iterable[_Found], inputs: Sequence[str], *, recursive: bool, beside: Callable[[Path], Beside]
) -> Iterator[str]:  # fmt: skip
    """The masks that are no pictures, of the folders that were looked into and not picked from by a glob."""
    given = [Path(text).absolute() for text in inputs if not is_remote(text) and exists(text) and Path(text).is_dir()]
    for folder in map(Path, sorted({one.path.rpartition("/")[0] for one in pictures})):
        if folder in given or (recursive and any(one in folder.parents for one in given)):
            yield from (str(folder / name) for name in beside(folder).masks.values() if not is_picture(name))


def _tell_masks_of_none(masks: Sequence[str], pairs: Iterable[tuple[_Found, Hints]], *, told: Told) -> None:
    """Of masks that bear the name of no picture it is said: a slip in a name would hide nothing without a word."""
    if not masks:
        return
    bases = {(one.path.rpartition("/")[0], base) for one, _ in pairs for base in mask_bases(stem_of(one.path))}
    alone = [path for path in masks if (path.rpartition("/")[0], base_of_mask(stem_of(path))) not in bases]
    if alone:
        shown = _some_of(PurePosixPath(path).name for path in alone)
        told(f"masks by their names, but of no picture beside them: {shown}; a manifest or --mask says what they are of")


def _some_of(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:_MOST_SHOWN]) + (", ..." if len(listed) > _MOST_SHOWN else "")


def _of_folder(path: str) -> _Found:
    """A picture that stands in a folder. A name that no output can hold fails it alone."""
    try:
        return _Found(writable(path), named=False)
    except UsageError as error:
        return _Found(os.fsencode(path).decode("utf-8", "backslashreplace"), named=False, fault=error)


def _from_row(row: Row, *, folder: Path, allow_remote: bool) -> _Found:
    """A row's picture; its path and mask are relative to the manifest. A missing file is for the reader to fail."""

    def placed(text: str) -> str:
        try:
            return remote(text, allow_remote=allow_remote) if is_remote(text) else writable(str(folder / text))
        except UsageError as error:
            raise ManifestError(f"{error.where}: {error.message}", where=row.where, way_out=error.way_out) from error

    path = placed(row.path)
    if not is_remote(path) and exists(path) and not Path(path).is_file():
        raise ManifestError(f"{row.path!r} is not a file", where=row.where, way_out="write a line for each picture")
    mask = placed(row.hints.mask) if row.hints.mask else None
    return _Found(path, where=row.where, scene=row.scene, hints=replace(row.hints, mask=mask))


def _from_item(one: Pick) -> _Found:
    return _Found(
        one.path, where=one.where, scene=one.scene, hints=one.hints, stem=one.name, acquisition=one.acquisition,
        fault=one.fault, coarse=one.coarse,
    )  # fmt: skip


def _agreed(first: _Found, second: _Found) -> _Found:
    """The same file met twice: a manifest's word stands before none; two words must be the same."""
    items = bool(first.acquisition) and first.acquisition == second.acquisition
    # What is told of a manifest as a whole stands in the notes of its first line; how many parts of an acquisition a list of
    # items holds is all that its scene's name tells.
    said = [("" if items else one.scene, replace(one.hints, notes=())) for one in (first, second)]
    if first.where and second.where and said[0] != said[1]:
        raise ManifestError(
            f"the picture {second.path} stands also in {first.where}, with other values", where=second.where,
            way_out="keep one of the lines",
        )  # fmt: skip
    if items:
        return min(first, second, key=_moment)
    return first if first.where or not second.where else second


def _told_apart(found: dict[str, _Found]) -> dict[str, _Found]:
    """Each acquisition of items with a scene name of its own, whatever its ids are cut to, and its first moment as its time."""
    first: dict[str, _Found] = {}
    for one in sorted((one for one in found.values() if one.acquisition), key=_moment):
        first.setdefault(one.acquisition, one)
    taken = {one.scene.casefold() for one in found.values() if one.scene and not one.acquisition}
    names: dict[str, str] = {}
    for key, one in first.items():
        mark = hashlib.sha256(key.encode()).hexdigest()[:8]
        names[key] = one.scene if one.scene.casefold() not in taken else f"{one.scene}-{mark}"
        taken.add(names[key].casefold())
    return {place: _as_first(one, first, names) if one.acquisition else one for place, one in found.items()}


def _as_first(one: _Found, first: dict[str, _Found], names: dict[str, str]) -> _Found:
    said, acquired = one.hints.acquired, first[one.acquisition].hints.acquired
    # The same id with another time is no part of it: see _check_scenes.
    if said is None or acquired is None or said.replace(microsecond=0) != acquired.replace(microsecond=0):
        acquired = said
    return replace(one, scene=names[one.acquisition], hints=replace(one.hints, acquired=acquired))


def _moment(one: _Found) -> tuple[str, str, bool, str]:
    """Of one moment the part that a list names by its acquisition comes first: it is not alone there."""
    return (one.hints.acquired.isoformat() if one.hints.acquired else "", one.acquisition, one.scene == one.stem, one.path)


def _check_scenes(found: Iterable[_Found]) -> None:
    """Files of one acquisition have one time."""
    first: dict[str, _Found] = {}
    for one in found:
        if one.scene and one.hints.acquired:
            other = first.setdefault(one.scene, one)
            if other.hints.acquired != one.hints.acquired:
                raise ManifestError(
                    f"the scene {one.scene!r} has another time in {other.where}", where=one.where,
                    way_out="give files of one acquisition the same datetime, or other scene names",
                )  # fmt: skip


def _with_hints(
    one: _Found, *, beside: Callable[[Path], Any], vendor: Callable[[Path], VendorsWord], gdals: bool
) -> tuple[_Found, Hints]:
    """A file, and what is said of it. What cannot be understood beside a picture fails that picture alone."""
    try:
        return one, _hints(one, beside=beside, vendor=vendor, gdals=gdals)
    except ManifestError as error:
        return replace(one, fault=error), one.hints


def _with_parts(one: _Found, hints: Hints, found: Container[str]) -> Hints:
    """Of a virtual raster it is said where the files that it is made of are scenes as well."""
    if is_remote(one.path) or not one.path.casefold().endswith(".vrt"):
        return hints
    try:
        twice = [part.name for part in vrt_sources(Path(one.path)) if str(part) in found]
    except SceneError:  # its own turn will tell
        return hints
    if not twice:
        return hints
    note = f"it is made of files that are looked at by themselves too, {_some_of(twice)}: what both show is counted twice"
    return replace(hints, notes=(*hints.notes, note))


def _refuse_masks_listed_as_pictures(pairs: Iterable[tuple[_Found, Hints]], masks: set[str]) -> None:
    """A shell's `folder/*` names masks too; a line of a manifest that names one as its picture is a slip, and none is lost."""
    for one, _ in pairs:
        if one.where and not one.acquisition and one.key in masks:
            raise ManifestError(
                f"the picture {one.path} is also named as a mask", where=one.where, way_out="name it once, as what it is"
            )


def _hints(one: _Found, *, beside: Callable[[Path], Any], vendor: Callable[[Path], VendorsWord], gdals: bool) -> Hints:
    if is_remote(one.path) or one.fault:
        return one.hints
    path = Path(one.path)
    if one.hints.mask:
        # The user's mask replaces the one beside, and with it the note on that.
        said = read_sidecars(path, beside=replace(beside(path.parent), masks={}))
    else:
        said = read_sidecars(path, beside=beside(path.parent))
    if gdals:
        said = said.over(read_gdals(path, beside=beside(path.parent)))
    elif name := gdals_beside(path, beside=beside(path.parent)):
        unplaced = (said.unplaced, f"{name} beside it is read with --sidecars only")
        said = replace(said, unplaced="; ".join(why for why in unplaced if why))
    said, vendors = one.hints.over(said), read_vendor(path, beside=beside(path.parent), read=vendor)
    said = replace(said, notes=(*said.notes, *contradiction(said, vendors))).over(vendors)
    return SILENT if said == SILENT else said  # one for all of a million pictures of which nothing is said


def _named(pairs: Iterable[tuple[_Found, Hints]]) -> list[Source]:
    """Names made unique, whatever the case: the first keeps its stem, the others get -2, -3, ...

    A file without a scene of its own in a manifest never takes the name of a scene there, which would join the two.
    """
    listed = [(one, hints, one.stem or stem_of(one.path)) for one, hints in pairs]
    scenes = {one.scene.casefold() for one, _, _ in listed if one.scene}
    taken = scenes | {stem.casefold() for _, _, stem in listed}
    met: set[str] = set()
    sources = []
    for one, hints, stem in listed:
        part, number = stem, 2
        if part.casefold() in met or (not one.scene and part.casefold() in scenes):
            while f"{stem}-{number}".casefold() in taken:
                number += 1
            part = f"{stem}-{number}"
            taken.add(part.casefold())
        met.add(part.casefold())
        sources.append(Source(one.path, part, one.scene or part, hints, one.fault, one.coarse))
    return sources
