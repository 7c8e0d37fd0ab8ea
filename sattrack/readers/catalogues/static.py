"""Static catalogues: STAC files that link to each other, walked down to their items, but for branches that cannot match."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

from sattrack.errors import CatalogueError, RemoteBusy, RemoteError, SattrackError, SceneError
from sattrack.readers.catalogues.footprints import area_of, read_box
from sattrack.readers.catalogues.item_filters import Filters
from sattrack.readers.catalogues.items import Item, Unread, items_in, links_of
from sattrack.readers.remote.documents import Documents, TooMuch
from sattrack.readers.remote.places import bare
from sattrack.readers.times import parse_time

_MOST_DEEP = 16


def walk(
    documents: Documents, root: Any, *, filters: Filters, most: int, told: Callable[[str], None]
) -> Iterator[Item | Unread]:
    """The items below a catalogue or collection, each document read once, in the order of its links.

    told: hears of links that lead out of the catalogue, which are passed over. A document that cannot be had or read is Unread.
    """
    met: set[str] = {documents.root}
    missing = set(filters.collections)
    yield from _below(documents, root, documents.root, filters, most, told, met, missing, inside=not missing, deep=0)
    for name in sorted(missing):
        told(f"no collection {name[:100]!r} was met; branches of other places and times were not entered")


def _below(
    documents: Documents, document: Any, address: str, filters: Filters, most: int, told: Callable[[str], None],
    met: set[str], missing: set[str], *, inside: bool, deep: int,
) -> Iterator[Item | Unread]:  # fmt: skip
    """missing: collections that were asked for and not met yet, of which those that are met are taken out."""
    if deep > _MOST_DEEP:
        raise CatalogueError(f"catalogues within catalogues, more than {_MOST_DEEP} deep", where=bare(address))
    # A collection that was asked for holds what is below it, whatever that calls itself.
    missing -= {one for one in filters.collections if one == document.get("id")}
    inside = inside or document.get("id") in filters.collections
    if not _may_hold(document, filters):
        return
    if inside:
        for found in _linked(documents, document, "item", address, told, met):
            if isinstance(found, Unread):
                yield found
            else:
                yield from items_in(found[1], where=bare(found[0]), base=documents.base_of(found[0]), most=most)
    children = list(_linked(documents, document, "child", address, told, met))
    yield from (child for child in children if isinstance(child, Unread))
    below = [child for child in children if not isinstance(child, Unread)]
    # Where one level has all that was asked for, its neighbours are not entered: there may be thousands.
    asked = [] if inside else [child for child in below if _id_of(child[1]) in filters.collections]
    missing -= {one for one in filters.collections for _, child in asked if _id_of(child) == one}
    others = [child for child in below if _id_of(child[1]) not in filters.collections] if asked else below
    for number, (child_address, child) in enumerate([*asked, *others]):
        if asked and number >= len(asked) and not missing:
            break
        if isinstance(child, dict) and child.get("type") in ("Catalog", "Collection"):
            yield from _below(documents, child, child_address, filters, most, told, met, missing, inside=inside, deep=deep + 1)
        else:
            told(f"{bare(child_address)}: is neither a catalogue nor a collection, and is passed over")


def _linked(
    documents: Documents, document: Any, relation: str, address: str, told: Callable[[str], None], met: set[str]
) -> Iterator[tuple[str, Any] | Unread]:
    for link in links_of(document, relation):
        try:
            to = documents.resolved(link["href"], base=address)
        except CatalogueError as error:
            told(str(error))
            continue
        if to in met:
            continue
        met.add(to)
        try:
            found = documents.get(to)
        except (TooMuch, RemoteBusy):
            raise
        except (CatalogueError, RemoteError) as error:
            where = bare(to)
            yield Unread(where, where, SceneError(error.message, where=where, way_out=error.way_out))
            continue
        yield to, found


def _id_of(document: Any) -> Any:
    return document.get("id") if isinstance(document, dict) else None


def _may_hold(document: Any, filters: Filters) -> bool:
    """Whether what a collection says of its extent leaves room for anything that is wanted. One that says none may hold all."""
    extent = document.get("extent")
    if not isinstance(extent, dict):
        return True
    try:
        return _meets_place(extent.get("spatial"), filters) and _meets_time(extent.get("temporal"), filters)
    except (ValueError, TypeError, AttributeError, SattrackError):
        return True


def _meets_place(spatial: Any, filters: Filters) -> bool:
    boxes = spatial.get("bbox") if isinstance(spatial, dict) else None
    if not isinstance(boxes, list) or not boxes:
        return True
    # The first is around all others.
    box = read_box(boxes[0])
    if box is None:
        return True
    area = area_of(box)
    if filters.area is not None and not area.intersects(filters.area):
        return False
    return not filters.sites or any(area.intersects(outline) for _, outline in filters.sites)


def _meets_time(temporal: Any, filters: Filters) -> bool:
    rows = temporal.get("interval") if isinstance(temporal, dict) else None
    if not isinstance(rows, list) or not rows:
        return True
    first, last = (parse_time(text, taken=False) if isinstance(text, str) else None for text in rows[0])
    far = dt.datetime.max.replace(tzinfo=dt.UTC)
    return filters.span.meets(first or dt.datetime.min.replace(tzinfo=dt.UTC), last or far)
