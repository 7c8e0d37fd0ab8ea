"""Catalogues: from a public catalogue's name or address, and what is wanted, to the items that it has of that."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sattrack.errors import CatalogueError, RemoteBusy, RemoteError, UsageError
from sattrack.imagery import is_remote
from sattrack.readers.catalogues.api import search, search_link
from sattrack.readers.catalogues.item_files import each_once, going_on, left_out, of_the_rest, pages_after
from sattrack.readers.catalogues.item_filters import AT_NO_SITE, Filters, Wanted, wanted
from sattrack.readers.catalogues.item_lists import write_items
from sattrack.readers.catalogues.items import Item, Unread, items_in, links_of
from sattrack.readers.catalogues.kept_keys import keep_keys
from sattrack.readers.catalogues.presets import PRESETS, preset_named
from sattrack.readers.catalogues.static import walk
from sattrack.readers.hints import read_text
from sattrack.readers.remote.documents import Documents, TooMuch
from sattrack.readers.remote.places import bare
from sattrack.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a catalogue has of what is wanted, by time. address: without keys. collections: what they say of licence and
    providers. notes: what was left out or passed over. requests and received, bytes: what the search cost.
    """

    address: str
    items: tuple[Wanted, ...]
    unread: tuple[Unread, ...]
    collections: dict[str, dict[str, Any]]
    notes: tuple[str, ...]
    requests: int
    received: int


def find_items(where: str, *, filters: Filters, limits: Settings) -> Found:
    """Searches a catalogue: a preset's name, the address of an API or of a static catalogue, or a path to one.

    UsageError, CatalogueError, RemoteError. A search that hits a limit is refused: half an answer would look like a whole one.
    """
    preset = preset_named(where)
    if preset is None and not is_remote(where) and "/" not in where and not where.casefold().endswith((".json", ".geojson")):
        raise UsageError(
            f"no catalogue is called {where[:60]!r}",
            way_out=f"give an address, a path, or one of {', '.join(one.name for one in PRESETS)}",
        )  # fmt: skip
    if preset and not filters.collections:
        filters = replace(filters, collections=preset.collections)
    with closing(Documents(preset.address if preset else where, limits=limits)) as documents:
        return _found_in(documents, filters=filters, limits=limits)


def _found_in(documents: Documents, *, filters: Filters, limits: Settings) -> Found:
    root = documents.get(documents.root)
    walked = _is_walked(root, documents)
    notes: list[str] = []
    everything = _all(documents, root, filters, limits=limits, notes=notes)
    found = list(_bounded(each_once(everything), limits=limits, of=documents.told))
    # What lies below a collection of a static catalogue is the collection's, whatever it calls itself.
    rest = replace(filters, collections=()) if walked else of_the_rest(filters, root)
    items, left = wanted([one for one in found if isinstance(one, Item)], rest)
    seen = len(found)
    items, refused = keep_keys(items, limits=limits)
    unread = (*(one for one in found if isinstance(one, Unread)), *refused)
    del left[AT_NO_SITE]  # what was not asked for is no news
    notes += left_out(documents.told, left, of=seen)
    if not (seen or walked):
        notes += _unknown(documents, root, filters)
    collections = _collections(documents, items, notes=notes)
    return Found(documents.told, tuple(items), unread, collections, tuple(notes), documents.requests, documents.received)


def refuse_over(to: Path, *given: str | Path | None) -> None:
    """UsageError where a list would be written over what it is made of: a catalogue's own file, or outlines."""
    for one in given:
        if one is not None and not is_remote(str(one)) and Path(one).is_file() and Path(one).resolve() == to.resolve():
            raise UsageError("would be written over by a list that is made of it", where=str(one), way_out="give another place")


def save_found(found: Found, to: Path, *, filters: Filters) -> None:
    """Writes the list of what was found, and what was searched for. StoreError where it cannot be written."""
    write_items(to, found.items, asked=asked_of(found, filters=filters), collections=found.collections)


def asked_of(found: Found, *, filters: Filters) -> dict[str, Any]:
    """Where and for what was searched, as a list says it."""
    return {
        "catalogue": found.address, "datetime": filters.span.asked() if filters.span.first or filters.span.last else None,
        "collections": list(filters.collections), "sites": [name for name, _ in filters.sites],
    }  # fmt: skip


def _all(documents: Documents, root: Any, filters: Filters, *, limits: Settings, notes: list[str]) -> Iterator[Item | Unread]:
    kind = root.get("type") if isinstance(root, dict) else None
    if kind in ("Feature", "FeatureCollection"):
        return _listed(documents, root, most=limits.catalogue_items, notes=notes)
    if kind not in ("Catalog", "Collection"):
        raise CatalogueError(
            f"expected a STAC catalogue, came {str(kind)[:40]!r}", where=documents.told, way_out="give its root document"
        )
    _refuse_collection_of_api(root, documents)
    if not _is_walked(root, documents):
        return search(documents, root, filters=filters, most=limits.catalogue_items)
    return walk(documents, root, filters=filters, most=limits.catalogue_items, told=notes.append)


def _listed(documents: Documents, root: Any, *, most: int, notes: list[str]) -> Iterator[Item | Unread]:
    """The items of an item file, or of an answer of an API that is given by its address, page by page to the last."""
    if not documents.remote:
        notes += going_on(root, documents.told)
        yield from items_in(root, where=documents.told, base=documents.base_of(documents.root), most=most)
        return
    page, address, met = root, documents.root, {documents.root}
    while True:
        yield from items_in(page, where=bare(address), base=address, most=most)
        following = next(iter(pages_after(page)), None)
        if following is None:
            return
        if str(following.get("method", "GET")).upper() != "GET":
            raise CatalogueError(
                "the answer has more pages, which are not asked for by an address", where=bare(address),
                way_out="give the root of the API, and what is wanted as options",
            )  # fmt: skip
        address = documents.resolved(following["href"], base=address)
        if address in met:
            raise CatalogueError("the catalogue's pages lead in a ring", where=bare(address))
        met.add(address)
        page = documents.get(address)


def _unknown(documents: Documents, root: Any, filters: Filters) -> Iterator[str]:
    """What is said of collections that a catalogue does not have: its search finds nothing in them, as in those that it has."""
    if search_link(root) is None:
        return
    at, mark, query = documents.root.partition("?")
    for name in filters.collections:
        try:
            documents.get(f"{at.rstrip('/')}/collections/{quote(name, safe='')}{mark}{query}")
        except (RemoteBusy, TooMuch):
            return  # who is not answered knows nothing of it
        except (CatalogueError, RemoteError) as error:
            yield f"the collection {name[:100]!r} is not known there: {error.message}"


def _refuse_collection_of_api(root: Any, documents: Documents) -> None:
    """CatalogueError of a document that links to its items by a question, and to nothing that could be walked."""
    if not documents.remote or not links_of(root, "items") or any(links_of(root, to) for to in ("search", "item", "child")):
        return
    above = next((link["href"] for to in ("root", "parent") for link in links_of(root, to)), "the root of the API")
    raise CatalogueError(
        "is a collection of an API, which is searched from its root", where=documents.told,
        way_out=f"give {bare(above)} --collection {read_text(root.get('id'))[:100]}",
    )  # fmt: skip


def _is_walked(root: Any, documents: Documents) -> bool:
    """Whether a document is the root of a static catalogue."""
    kind = root.get("type") if isinstance(root, dict) else None
    return kind in ("Catalog", "Collection") and not (documents.remote and search_link(root) is not None)


def _bounded(found: Iterator[Item | Unread], *, limits: Settings, of: str) -> Iterator[Item | Unread]:
    for number, one in enumerate(found):
        if number >= limits.catalogue_items:
            raise CatalogueError(
                f"more than {limits.catalogue_items:,} items", where=of,
                way_out="narrow it by --sites, --datetime or --collection, or raise catalogue_items in a settings file",
            )  # fmt: skip
        yield one


def _collections(documents: Documents, items: list[Wanted], *, notes: list[str]) -> dict[str, dict[str, Any]]:
    """Licence and providers of the collections whose items do not say theirs."""
    silent = {one.item.collection: one.item for one in items if not (one.item.licence and one.item.source)}
    told: dict[str, dict[str, Any]] = {}
    for name, item in sorted(silent.items()):
        links = links_of(item.raw, "collection") or links_of(item.raw, "parent")
        if not name or not links:
            continue
        try:
            document = documents.get(documents.resolved(links[0]["href"], base=documents.address_in(item.base)))
        except (CatalogueError, RemoteError) as error:
            notes.append(f"what the collection {name} says of its licence is not known: {error}")
            continue
        if isinstance(document, dict):
            told[name] = {key: document[key] for key in ("license", "providers") if key in document}
    return told
