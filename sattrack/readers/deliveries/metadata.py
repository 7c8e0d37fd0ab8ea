"""Vendor metadata: which files of a vendor's speak for a picture, read within bounds, and held against each other."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sattrack.errors import ManifestError
from sattrack.imagery import Viewing
from sattrack.phrases import some
from sattrack.readers.deliveries.dimap import told_by_dimap
from sattrack.readers.deliveries.maxar import told_by_maxar
from sattrack.readers.deliveries.names import without_tile
from sattrack.readers.deliveries.planet import told_by_item, told_by_planet_xml
from sattrack.readers.deliveries.pvl import Entry, read_pvl
from sattrack.readers.deliveries.values import VENDOR, Told
from sattrack.readers.hints import Hints
from sattrack.readers.sidecars import Beside
from sattrack.readers.strict_xml import parse_strictly

MOST_BYTES = 8 << 20
_DEEPEST = 24
# Two clocks that differ by more speak of two moments.
_ALIKE_S, _ALIKE_DEG = 60.0, 1.0
_PLANET_ITEM = re.compile(r"(\d{8}_\d{6}_\w+?)(?:_[13][ab])?_(?:analytic|visual|panchro|pansharp|basic|ortho)\w*")
_PLAIN_NAME = re.compile(r"[^/\\:\0\n]{1,255}")
# Of Pléiades Neo the pictures of one product, of which one DIMAP tells.
_PICTURE_OF_NEO = re.compile(r"_(?:rgb|ned|ps|p)$")
_MOST_SHOWN = 3


def read_vendor(picture: Path, *, beside: Beside, read: Callable[[Path], Told]) -> Hints:
    """What a vendor's files say of the picture that they stand beside. read: read_told, or what remembers its answers.

    What cannot be used is a note, never an error: the picture can be counted without it. No name in these files is opened.
    """
    names = [beside.names[one] for one in dict.fromkeys(_candidates(picture)) if one in beside.names]
    found = [(name, read(beside.folder / name)) for name in names]
    used = [name for name, told in found if replace(told, notes=(), listed=()) != Told()]
    notes = [f"{name}: {note}" for name, told in found for note in told.notes]
    if used:
        notes.insert(0, f"how it was taken is told by {' and '.join(used)}")
    one = _agreed(found, notes=notes)
    return Hints(
        acquired=one.acquired, acquired_source=VENDOR if one.acquired else "", vendor_timed=bool(one.acquired),
        sensor=one.sensor, viewing=one.viewing,
        gsd_m=(one.gsd_m, one.gsd_m) if one.gsd_m else None, gsd_source=VENDOR if one.gsd_m else "", vendor_bands=one.bands,
        vendor_bands_of=one.bands_of,
        listed=_plain(one.listed, notes=notes), notes=tuple(notes),
    )  # fmt: skip


def contradiction(said: Hints, vendor: Hints) -> tuple[str, ...]:
    """What the user or a sidecar says otherwise than the vendor, which is then not used."""
    if said.acquired and vendor.acquired and abs((said.acquired - vendor.acquired).total_seconds()) > _ALIKE_S:
        return (
            f"the {said.acquired_source} says {said.acquired:%Y-%m-%d %H:%M:%S}, the vendor's metadata "
            f"{vendor.acquired:%Y-%m-%d %H:%M:%S}: the {said.acquired_source} is used",
        )
    return ()


def read_told(path: Path) -> Told:
    """What one file says, by what it is; nothing where it is no vendor's."""

    def refused(message: str) -> ManifestError:
        return ManifestError(message, where=str(path))

    try:
        return _understood(path, refused=refused)
    except ManifestError as error:
        return Told(notes=(f"not used as the vendor's metadata: {error.message}",))


def _understood(path: Path, *, refused: Callable[[str], ManifestError]) -> Told:
    try:
        if not path.is_file():
            return Told()
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise refused(f"cannot be read: {error.strerror}") from error
    if len(raw) > MOST_BYTES:
        raise refused(f"larger than {MOST_BYTES >> 20} MB")
    suffix = path.suffix.casefold()
    if suffix == ".json":
        return told_by_item(_json(raw, refused=refused))
    if suffix == ".xml":
        return _told_by_xml(parse_strictly(raw, deepest=_DEEPEST, refused=refused, local_names=True))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise refused("not UTF-8 text") from error
    return told_by_maxar(read_pvl(text, refused=refused))


def _json(raw: bytes, *, refused: Callable[[str], ManifestError]) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise refused(f"broken JSON: {error}") from error


def _told_by_xml(root: ET.Element) -> Told:
    if root.tag == "Dimap_Document":
        return told_by_dimap(root)
    if root.tag == "EarthObservation":
        return told_by_planet_xml(root)
    if root.tag.casefold() in ("isd", "imd"):
        return told_by_maxar(list(_leaves(root, ())))
    return Told()


def _leaves(element: ET.Element, names: tuple[str, ...]) -> Iterator[Entry]:
    names = (*names, element.tag.casefold())
    if len(element) == 0 and element.text and element.text.strip():
        yield names, element.text.strip()
    for child in element:
        yield from _leaves(child, names)


def _candidates(picture: Path) -> Iterator[str]:
    """The names, casefolded, of what may speak for a picture, the most sure first."""
    stem = picture.stem.casefold()
    for base in dict.fromkeys((stem, without_tile(stem))):
        yield from (f"{base}{suffix}" for suffix in (".imd", ".xml", ".til"))
        if base.startswith("img_"):
            yield f"dim_{_PICTURE_OF_NEO.sub('', base.removeprefix('img_'))}.xml"
    if item := _PLANET_ITEM.fullmatch(stem):
        yield f"{item[1]}_metadata.json"
        own = stem.removesuffix("_clip").replace("_harmonized", "").replace("_sr", "")
        names = (stem.removesuffix("_clip"), own, f"{item[1]}_3b_analyticms", f"{item[1]}_3b_analyticms_8b")
        yield from (f"{one}_metadata{cut}.xml" for one in names for cut in ("", "_clip"))


def _agreed(found: Sequence[tuple[str, Told]], *, notes: list[str]) -> Told:
    """What several files say together: of each value the first; of times that differ none, which is told."""
    one = Told()
    times = [(name, told.acquired) for name, told in found if told.acquired]
    if times and all(abs((when - times[0][1]).total_seconds()) <= _ALIKE_S for _, when in times):
        one = replace(one, acquired=times[0][1])
    elif times:
        said = ", ".join(f"{name} says {when:%Y-%m-%d %H:%M:%S}" for name, when in times)
        notes.append(f"the vendor's files contradict each other on the time, and none of them is used: {said}")
    for field in ("sensor", "gsd_m", "bands"):
        values = [(name, value) for name, told in found if (value := getattr(told, field))]
        if any(_folded(value) != _folded(values[0][1]) for _, value in values[1:]):
            said = ", ".join(f"{name} says {value}" for name, value in values)
            notes.append(f"the vendor's files contradict each other, and the first is used: {said}")
        one = replace(one, **{field: values[0][1]}) if values else one
    one = replace(one, bands_of=next((told.bands_of for _, told in found if told.bands), 0))
    listed = dict.fromkeys(name for _, told in found for name in told.listed)
    return replace(one, viewing=_viewing(found, notes=notes), listed=tuple(listed))


def _folded(value: object) -> object:
    return re.sub(r"[^a-z0-9]", "", value.casefold()) if isinstance(value, str) else value


def _viewing(found: Sequence[tuple[str, Told]], *, notes: list[str]) -> Viewing | None:
    views = [(name, told.viewing) for name, told in found if told.viewing]
    if not views:
        return None
    together: dict[str, float] = {}
    for name, view in views:
        for key, value in asdict(view).items():
            if value is not None and abs(together.setdefault(key, value) - value) > _ALIKE_DEG:
                notes.append(f"{name}: {key} {value:g} contradicts {together[key]:g} of {views[0][0]}, which is used")
    return Viewing(**together)


def _plain(listed: Sequence[str], *, notes: list[str]) -> tuple[str, ...]:
    """The names that can be those of files in the same folder; others are told, and never followed."""
    names = [name.removeprefix("./") for name in listed]
    strange = [name for name in names if not _PLAIN_NAME.fullmatch(name) or name in (".", "..")]
    if strange:
        shown = ", ".join(repr(name[:60]) for name in strange[:_MOST_SHOWN])
        many = some(len(strange), "file outside the folder, which is", "files outside the folder, which are")
        notes.append(f"the vendor's list names {many} never followed: {shown}")
    return tuple(name for name in names if name not in strange)
