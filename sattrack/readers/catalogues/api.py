"""API catalogues: searched by pystac-client, which asks and pages through our own client alone."""

import importlib.util
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from sattrack.errors import CatalogueError, SattrackError, UsageError
from sattrack.readers.catalogues.footprints import Box, boxes_around
from sattrack.readers.catalogues.item_filters import Filters
from sattrack.readers.catalogues.items import Item, Unread, items_in, links_of
from sattrack.readers.remote.answers import NotOffered
from sattrack.readers.remote.documents import Documents
from sattrack.readers.remote.places import bare

_PAGE = 100
# Each is a search of its own; of more parts one box around all is asked, which may be the world.
_MOST_BOXES = 1_000
_SORT = "item-search#sort"


def search_link(document: Any) -> dict[str, Any] | None:
    """Where a catalogue lets itself be searched, by posting where it says so; none where it is a static one."""
    links = links_of(document, "search")
    posting = [link for link in links if str(link.get("method", "")).upper() == "POST"]
    return next(iter([*posting, *links]), None)


def search(documents: Documents, landing: Any, *, filters: Filters, most: int) -> Iterator[Item | Unread]:
    """The items that a catalogue's own search finds by place, time and collection, page by page; newest first where it sorts.

    UsageError where pystac-client is not installed.
    """
    if importlib.util.find_spec("pystac_client") is None:
        raise UsageError(
            "searching a catalogue takes pystac-client, which is not installed", where=documents.told,
            way_out="pip install 'sattrack[stac]'; static catalogues and item files need nothing",
        )  # fmt: skip
    link = search_link(landing)
    assert link is not None
    address = documents.resolved(link["href"], base=documents.root)
    posts = str(link.get("method", "GET")).upper() == "POST"
    told = landing.get("conformsTo")
    sorts = isinstance(told, list) and any(isinstance(one, str) and one.endswith(_SORT) for one in told)
    boxes: list[Box | None] = [*boxes_around(filters.places, most=_MOST_BOXES)] if filters.places else [None]
    for box in boxes:
        asked = _asked(filters, box=box, sorts=sorts)
        try:
            pages = _pages(documents, address, asked, posts=posts)
            yield from _items(pages, most=most)
        except NotOffered:
            if not posts:
                raise
            posts = False
            yield from _items(_pages(documents, address, asked, posts=False), most=most)


def _asked(filters: Filters, *, box: Box | None, sorts: bool) -> dict[str, Any]:
    asked: dict[str, Any] = {"limit": _PAGE}
    if box is not None:
        asked["bbox"] = box
    if filters.span.first or filters.span.last:
        asked["datetime"] = filters.span.asked()
    if filters.collections:
        asked["collections"] = list(filters.collections)
    if sorts:
        asked["sortby"] = "-properties.datetime"
    return asked


def _items(pages: Iterator[dict[str, Any]], *, most: int) -> Iterator[Item | Unread]:
    for page in pages:
        yield from items_in(page, where=page["sattrack:from"], base=page["sattrack:base"], most=most)


def _pages(documents: Documents, address: str, asked: dict[str, Any], *, posts: bool) -> Iterator[dict[str, Any]]:
    """Pages to the last, asked for as pystac-client asks. An empty one may have a next, after which pystac-client would look no
    further. CatalogueError where the catalogue does not page as the standard has it.
    """
    from pystac_client import ItemSearch
    from pystac_client.exceptions import APIError

    io = _client_io()(documents, address)
    try:
        method = "POST" if posts else "GET"
        parameters = ItemSearch(address, method=method, stac_io=io, **asked).get_parameters()
        page = io.read_json(address, method=method, parameters=parameters)
        yield page
        while page["links"]:
            page = io.read_json(page["links"][0], parameters=parameters)
            yield page
    except APIError as error:
        raise CatalogueError(f"the catalogue cannot be searched: {error}", where=bare(address)) from error
    except SattrackError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CatalogueError(f"the catalogue answers otherwise than STAC has it: {error!r}", where=bare(address)) from error


def _client_io() -> Any:
    """The class by which pystac-client asks, made here since its base is in an extra."""
    from pystac_client.stac_api_io import StacApiIO

    class OurIO(StacApiIO):
        """Asks through Documents: hosts are checked, answers bounded, and no page is asked for twice."""

        def __init__(self, documents: Documents, address: str) -> None:
            super().__init__(max_retries=None)
            # Should anything else ever ask the network by it, then nobody's name goes along.
            self.session.trust_env = False
            self._documents, self._base = documents, address
            self._met: set[str] = set()

        def read_json(self, source: Any, *_args: Any, **kwargs: Any) -> dict[str, Any]:
            """A page, with only those links that can be followed."""
            href, method, body = self._question(source, **kwargs)
            address = self._documents.resolved(href, base=self._base)
            once = repr((address, method, sorted(body.items(), key=lambda pair: pair[0])))
            if once in self._met:
                raise CatalogueError("the catalogue's pages lead in a ring", where=bare(address))
            self._met.add(once)
            if method == "POST":
                page = self._documents.post(address, body)
            else:
                more = urlencode({key: _as_text(value) for key, value in body.items()})
                page = self._documents.get(f"{address}{'&' if '?' in address else '?'}{more}" if more else address)
            return _page(page, address)

        def request(self, *_args: Any, **_kwargs: Any) -> str:
            raise CatalogueError("pystac-client asked the network by itself", where=self._documents.told)

        def _question(self, source: Any, **kwargs: Any) -> tuple[str, str, dict[str, Any]]:
            """Address, method and what is said with it: of a search, or of the link to its next page."""
            if isinstance(source, str):
                return source, (kwargs.get("method") or "GET").upper(), dict(kwargs.get("parameters") or {})
            link: dict[str, Any] = source
            method = str(link.get("method", "GET")).upper()
            if method != "POST":
                return link["href"], "GET", {}
            said = link.get("body")
            body: dict[str, Any] = said if isinstance(said, dict) else {}
            return link["href"], "POST", {**(kwargs.get("parameters") or {}), **body} if link.get("merge") else body

    return OurIO


def _page(page: Any, address: str) -> dict[str, Any]:
    if not isinstance(page, dict) or not isinstance(page.get("features"), list):
        raise CatalogueError("the catalogue answers with something else than items", where=bare(address))
    following = [link for link in links_of(page, "next") if str(link.get("method", "GET")).upper() in ("GET", "POST")]
    return {
        "type": "FeatureCollection", "features": page["features"], "links": following[:1], "sattrack:from": bare(address),
        "sattrack:base": address,
    }  # fmt: skip


def _as_text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
