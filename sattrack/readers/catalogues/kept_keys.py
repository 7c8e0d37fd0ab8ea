"""Kept keys: what stands behind the `?` of addresses, kept in this process for a list that is saved without it."""

from collections.abc import Iterator, Sequence

from sattrack.errors import SceneError, SceneRefused
from sattrack.readers.catalogues.choosing_assets import choose
from sattrack.readers.catalogues.item_filters import Wanted
from sattrack.readers.catalogues.item_places import place_of
from sattrack.readers.catalogues.items import Item, Unread
from sattrack.readers.remote.places import learn, plain_address, query_of
from sattrack.settings import Settings


def keep_keys(found: Sequence[Wanted], *, limits: Settings) -> tuple[list[Wanted], list[Unread]]:
    """The items whose files can be told apart without what stands behind the `?`, which this process keeps by their plain
    addresses so that it can read the saved list; and those that cannot, of which one would be read with another's key.
    """
    places = [tuple(_places(one.item, limits=limits)) for one in found]
    queries: dict[str, set[str]] = {}
    for place in (place for named in places for place in named):
        queries.setdefault(plain_address(place), set()).add(query_of(place))
    shared = {plain for plain, known in queries.items() if len(known) > 1}
    learn({plain: query for plain, known in queries.items() if plain not in shared for query in known if query})
    kept, refused = [], []
    for one, named in zip(found, places, strict=True):
        if shared.isdisjoint(map(plain_address, named)):
            kept.append(one)
        else:
            refused.append(_refused(one.item))
    return kept, refused


def _places(item: Item, *, limits: Settings) -> Iterator[str]:
    """What would be looked at of an item, by the queries that it gives."""
    try:
        choice = choose(item)
        for asset in (choice.asset, choice.mask):
            if asset is not None:
                yield place_of(asset.href, item, allow_remote=True, allow_hosts=limits.allow_hosts)
    except (SceneError, SceneRefused):
        return


def _refused(item: Item) -> Unread:
    why = "its picture's address differs from another item's in nothing but what stands behind the ?, which no list keeps"
    return Unread(item.id, item.where, SceneError(why, where=item.where, way_out="give a file of these items that you saved"))
