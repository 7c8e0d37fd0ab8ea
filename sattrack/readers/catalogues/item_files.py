"""Item files: a file of STAC items as what is to be looked at, each with what it says of its picture; most like a manifest."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sattrack.errors import CatalogueError, SattrackError, SceneError, SceneRefused
from sattrack.imagery import Viewing
from sattrack.phrases import some
from sattrack.readers.catalogues.choosing_assets import Choice, choose, native_gsd
from sattrack.readers.catalogues.item_filters import Filters, Wanted, acquisition_of, wanted
from sattrack.readers.catalogues.item_places import place_of
from sattrack.readers.catalogues.items import Item, Unread, items_in, links_of
from sattrack.readers.catalogues.signing import forget_refusals, sign
from sattrack.readers.hints import Hints
from sattrack.readers.remote.places import bare
from sattrack.readers.strict_json import read_json
from sattrack.settings import Settings
from sattrack.steps.judging import INSTEAD, capability, px_per_width

SUFFIXES = (".json", ".geojson")
# What a list is called that stands beside the pictures that it names.
ITEMS = "items.json"
_LOOKED_AT = 1 << 20
# What stands in every item or collection of items, and in no labels, outlines or settings.
_SIGNS = (b'"stac_version"', b'"assets"')
_STRANGE = re.compile(r"[^\w.+-]+")
# A disk takes 255 bytes, and a run puts words before and after.
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Pick:
    """A picture of an item: where it lies, its name in a run, its acquisition's, what the item says of it. acquisition: what
    tells it from others so named. fault: why it cannot be looked at; coarse: why its boxes cannot be counted; both known before
    a byte of it is read.
    """

    path: str
    where: str
    name: str
    scene: str
    hints: Hints = field(default_factory=Hints)
    acquisition: str = ""
    fault: SattrackError | None = None
    coarse: SceneRefused | None = None


@dataclass(frozen=True, slots=True)
class Picked:
    """The pictures of an item file, and what is to be said of the items that were left out."""

    picks: tuple[Pick, ...]
    notes: tuple[str, ...] = ()


def holds_items(path: Path) -> bool:
    """Whether a JSON file speaks of STAC items, by its beginning."""
    if not path.name.casefold().endswith(SUFFIXES):
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_LOOKED_AT)
    except OSError:
        return False
    return head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and any(sign in head for sign in _SIGNS)


def read_items(path: Path, *, limits: Settings) -> list[Item | Unread]:
    """Every item of a file, those that stand twice once. CatalogueError where the file as a whole cannot be read."""
    return _items_of(_document(path, limits=limits), path, limits=limits)


def _document(path: Path, *, limits: Settings) -> Any:
    try:
        with path.open("rb") as file:
            raw = file.read(limits.catalogue_bytes + 1)
    except OSError as error:
        raise CatalogueError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if len(raw) > limits.catalogue_bytes:
        raise CatalogueError(
            f"more than {limits.catalogue_bytes / 1e6:.2g} MB", where=str(path),
            way_out="give fewer items, or raise catalogue_bytes in a settings file",
        )  # fmt: skip
    return read_json(raw, where=str(path))


def _items_of(document: Any, path: Path, *, limits: Settings) -> list[Item | Unread]:
    found = items_in(document, where=str(path), base=str(path.parent), most=limits.catalogue_items)
    return list(each_once(found))


def each_once(found: Iterable[Item | Unread]) -> Iterator[Item | Unread]:
    """Items that were met before are left out; one that says otherwise under the same name is an error of its own."""
    met: dict[tuple[str, str], Item] = {}
    for one in found:
        if isinstance(one, Unread):
            yield one
            continue
        first = met.setdefault((one.collection, one.id), one)
        if first is one:
            yield one
        elif _unsigned(first.raw) != _unsigned(one.raw):
            error = SceneError("the id stands twice, with other values", where=one.where, way_out="give each item its own id")
            yield Unread(one.id, f"{one.where}, again", error)


def _unsigned(value: Any) -> Any:
    """A value of JSON without what stands behind the `?` of addresses: a server may sign them anew in each of its answers."""
    if isinstance(value, dict):
        return {
            key: bare(inner, most=None) if key == "href" and isinstance(inner, str) else _unsigned(inner)
            for key, inner in value.items()
        }
    return [_unsigned(inner) for inner in value] if isinstance(value, list) else value


def pick(path: Path, *, filters: Filters, limits: Settings, allow_remote: bool) -> Picked:
    """The pictures that an item file leads to, by time. UsageError where they are remote and that was not allowed."""
    document = _document(path, limits=limits)
    found = _items_of(document, path, limits=limits)
    forget_refusals()
    kept, left = wanted([one for one in found if isinstance(one, Item)], of_the_rest(filters, document))
    unread = [one for one in found if isinstance(one, Unread)]
    shared = Counter(acquisition_of(one.item) for one in kept)
    picks = [_pick(one, shared, limits=limits, allow_remote=allow_remote) for one in kept]
    met: set[str] = set()
    alone: list[Pick] = []
    twice = 0
    for one in picks:
        twice += one.path in met
        if one.path not in met:
            alone.append(one)
        met.add(one.path)
    if twice:
        left["of a picture that another item names"] += twice
    alone += [
        Pick(one.where, one.where, file_name(one.id), file_name(one.id), acquisition=one.where, fault=one.error)
        for one in unread
    ]
    return Picked(tuple(alone), (*going_on(document, path.name), *left_out(path.name, left, of=len(found))))


def of_the_rest(filters: Filters, document: Any) -> Filters:
    """What is still to be looked for: in a list that was searched for by collection, an item is of the collection in which the
    search met it, whatever it calls itself.
    """
    search = document.get("sattrack:search") if isinstance(document, dict) else None
    asked = search.get("collections") if isinstance(search, dict) else None
    searched = isinstance(asked, list) and bool(asked) and all(one in filters.collections for one in asked)
    return replace(filters, collections=()) if searched else filters


def pages_after(document: Any) -> list[dict[str, Any]]:
    """Links to the page that follows in an answer. What a single item calls its next one is another item."""
    return [] if isinstance(document, dict) and document.get("type") == "Feature" else links_of(document, "next")


def going_on(document: Any, name: str) -> tuple[str, ...]:
    """What is said of a file that is one page of a longer answer."""
    if not pages_after(document):
        return ()
    return (f"{name}: is one page of a longer answer, whose next one is not asked for; a search of the catalogue has all",)


def left_out(name: str, left: Counter[str], *, of: int) -> tuple[str, ...]:
    """What is said of items that are not wanted."""
    if not left:
        return ()
    told = "; ".join(f"{n:,} {why}" for why, n in sorted(left.items()))
    return (f"{name}: {sum(left.values()):,} of {some(of, 'item')} left out: {told}",)


def _pick(one: Wanted, shared: Counter[str], *, limits: Settings, allow_remote: bool) -> Pick:
    item = one.item
    name = file_name(item.id)
    key = acquisition_of(item)
    scene = file_name(key) if shared[key] > 1 else name
    hints = _hints(item)
    fault: SattrackError | None = None
    too_coarse: SceneRefused | None = None
    try:
        choice = choose(item)
        path = place_of(choice.asset.href, item, allow_remote=allow_remote, allow_hosts=limits.allow_hosts)
        hints = _with_choice(hints, choice, item, limits=limits, allow_remote=allow_remote)
        too_coarse = coarse(choice, item)
        for place in (path, hints.mask or ""):
            sign(place, item, limits=limits)
    except (SceneError, SceneRefused) as error:
        path, fault = item.where, error
    return Pick(path, item.where, name, scene, hints, key, fault, too_coarse)


def coarse(choice: Choice, item: Item) -> SceneRefused | None:
    """The refusal of a picture that is too coarse by what its item says; one that does not say is looked at."""
    if choice.gsd_m is None:
        return None
    gsd = (choice.gsd_m, choice.gsd_m)
    able = capability(gsd)
    if able == "count":
        return None
    return SceneRefused(
        f"the item says pixels of {choice.gsd_m:.3g} m, {px_per_width(gsd):.2g} px across a container: boxes cannot be counted "
        f"(capability: {able}); nothing of it was read", where=item.where,
        way_out=f"counting takes pixels of 1.2 m or finer{INSTEAD.get(able, '')}; where it is wrong, give the picture itself",
    )  # fmt: skip


def _hints(item: Item) -> Hints:
    viewing = Viewing(
        off_nadir_deg=item.off_nadir_deg,
        sun_elevation_deg=item.sun_elevation_deg,
        sun_azimuth_deg=item.sun_azimuth_deg,
        cloud_cover=None if item.cloud_cover is None else round(item.cloud_cover / 100, 6),
    )
    return Hints(
        acquired=item.start,
        acquired_source="item" if item.start else "",
        sensor=item.sensor,
        source=item.source,
        licence=item.licence,
        viewing=None if viewing == Viewing() else viewing,
        notes=item.notes,
    )


def _with_choice(hints: Hints, choice: Choice, item: Item, *, limits: Settings, allow_remote: bool) -> Hints:
    notes, mask = list(choice.notes), None
    if native := native_gsd(choice, item):
        notes.append(f"the item says that it was taken at {native:.3g} m; pixels of {choice.gsd_m:.3g} m show no more")
    if choice.mask:
        try:
            mask = place_of(choice.mask.href, item, allow_remote=allow_remote, allow_hosts=limits.allow_hosts)
        except SceneError as error:
            notes.append(f"the item's mask is not used: {error.message}")
    return Hints(bands=choice.bands, mask=mask, notes=tuple(notes)).over(hints)


def file_name(text: str) -> str:
    """A name as files and tables can hold it, of 120 bytes at most."""
    whole = _STRANGE.sub("-", text).strip("-.").encode()
    return whole[:_LONGEST].decode(errors="ignore").strip("-.") or "item"
