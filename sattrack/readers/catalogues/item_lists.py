"""Item lists: the items that a search found, saved so that a run can be repeated: the same items, the same bytes."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sattrack.errors import UsageError
from sattrack.imagery import is_remote
from sattrack.readers.catalogues.item_filters import Wanted
from sattrack.readers.catalogues.item_places import without_key
from sattrack.readers.catalogues.items import Item, is_address, links_of
from sattrack.writing import write_whole

_KEPT_LINKS = ("self", "collection", "license")


def write_items(
    path: Path, found: Sequence[Wanted], *, asked: Mapping[str, Any], collections: Mapping[str, Mapping[str, Any]]
) -> None:
    """Writes an ItemCollection. asked: where and for what was searched. collections: what they say of licence and providers,
    for items that do not say it themselves. What stands behind a `?` in an address may be a key, and is left out.
    """
    document = {
        "type": "FeatureCollection",
        "sattrack:search": dict(asked),
        "features": [_saved(one.item, collections.get(one.item.collection, {}), path.parent) for one in found],
    }
    text = json.dumps(document, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, f"{text}\n".encode())


def _saved(item: Item, of_collection: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """An item as it came, with absolute addresses without keys, and few links, since others change from day to day."""
    raw = dict(item.raw)
    said = raw.get("properties")
    properties = dict(said) if isinstance(said, dict) else {}
    for key in ("license", "providers"):
        if key in of_collection and key not in properties:
            properties[key] = of_collection[key]
    assets = {
        str(key): {**row, "href": _address(row["href"].strip(), item, folder)}
        for key, row in raw["assets"].items()
        if isinstance(row, dict) and is_address(row.get("href"))
    }
    for row in assets.values():
        # Other addresses of the same file, which are not read.
        row.pop("alternate", None)
    return {**raw, "properties": properties, "assets": assets, "links": _links(item)}


def _address(href: str, item: Item, folder: Path) -> str:
    """In full; of a file on this machine relative to the list, below which it must lie. UsageError where it does not."""
    whole = without_key(href, item)
    if is_remote(whole) or is_remote(item.base) or not Path(whole).is_absolute():
        return whole
    here, path = Path(os.path.realpath(folder)), Path(os.path.realpath(whole))
    if not path.is_relative_to(here):
        raise UsageError(
            "the list would name files that do not lie below it, which is never read", where=str(path),
            way_out="save it in the catalogue's folder, or give the pictures themselves",
        )  # fmt: skip
    relative = path.relative_to(here).as_posix()
    return f"./{relative}" if ":" in relative else relative  # what stands before a colon would be a scheme (RFC 3986, 4.2)


def _links(item: Item) -> list[dict[str, str]]:
    found = [(relation, link["href"]) for relation in _KEPT_LINKS for link in links_of(item.raw, relation)[:1]]
    whole = [(relation, without_key(href, item)) for relation, href in found]
    return [{"rel": relation, "href": href} for relation, href in whole if is_remote(href)]
