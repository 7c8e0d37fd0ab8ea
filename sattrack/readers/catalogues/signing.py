"""Signing: leave to read the Planetary Computer's files, which anybody is given who asks, for a while."""

import datetime as dt
import re
import threading
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import urlsplit

from sattrack.errors import CatalogueError, RemoteError, SceneError
from sattrack.readers.catalogues.items import Item
from sattrack.readers.remote.documents import Documents
from sattrack.readers.remote.places import learn, query_of
from sattrack.readers.remote.refreshing import renewed_by
from sattrack.readers.times import parse_time
from sattrack.settings import Settings

CATALOGUE_HOST = "planetarycomputer.microsoft.com"
TOKENS_AT = "https://planetarycomputer.microsoft.com/api/sas/v1/token"
_BLOB = re.compile(r"https://([a-z0-9]{3,24})\.blob\.core\.windows\.net/([a-z0-9-]{3,63})/.+")
# A token this near its end is asked for anew.
_ROOM = dt.timedelta(minutes=5)

_TOKENS: dict[tuple[str, str], tuple[str, dt.datetime]] = {}
_REFUSED: dict[tuple[str, str], SceneError] = {}
# Place -> the token that it was given here, and the settings by which it was asked for.
_SIGNED: dict[str, tuple[str, Settings]] = {}
_LOCK = threading.Lock()


def sign(place: str, item: Item, *, limits: Settings) -> None:
    """Gets leave to read a file of the Planetary Computer's, and keeps it in memory, until it ends or is refused; leaves all
    other places alone, and those whose address came with a signature.

    RemoteError where none is given.
    """
    if not _BLOB.fullmatch(place) or not _is_theirs(item):
        return
    used = query_of(place)
    if "?" not in place and (not used or _is_ours(place, used)):
        _sign(place, limits=limits)


def _sign(place: str, *, limits: Settings) -> None:
    found = _BLOB.fullmatch(place)
    assert found
    token = _token(found[1], found[2], limits=limits)
    renewed_by(_renewed)
    with _LOCK:
        _SIGNED[place] = (token, limits)
        learn({place: token})


def signed() -> dict[str, tuple[str, Settings]]:
    """What a worker must be told, beside the secrets of places, to sign the same places again when their leave ends."""
    with _LOCK:
        return dict(_SIGNED)


def sign_too(told: Mapping[str, tuple[str, Settings]]) -> None:
    """Takes over what another process has signed."""
    if told:
        renewed_by(_renewed)
    with _LOCK:
        _SIGNED.update(told)


def _is_ours(place: str, used: str) -> bool:
    with _LOCK:
        return place in _SIGNED and _SIGNED[place][0] == used


def _renewed(place: str, used: str) -> bool:
    """Whether a place that was signed here has another token now than one that its server refused."""
    with _LOCK:
        if place not in _SIGNED:
            return False
        token, limits = _SIGNED[place]
        if query_of(place) != used:
            return True
        if token != used:
            return False
        for key in [key for key, (known, _) in _TOKENS.items() if known == used]:
            del _TOKENS[key]
    try:
        _sign(place, limits=limits)
    except SceneError:
        return False
    return query_of(place) != used


def forget_refusals() -> None:
    """A new search or run begins: what was refused is asked for again."""
    with _LOCK:
        _REFUSED.clear()


def _is_theirs(item: Item) -> bool:
    links = item.raw.get("links")
    hrefs = [str(link.get("href")) for link in links if isinstance(link, dict)] if isinstance(links, list) else []
    return any(_host(href) == CATALOGUE_HOST for href in (item.base, *hrefs))


def _host(href: str) -> str:
    try:
        return (urlsplit(href).hostname or "").casefold()
    except ValueError:
        return ""


def _token(account: str, container: str, *, limits: Settings) -> str:
    key = (account, container)
    with _LOCK:
        if key in _REFUSED:
            raise _REFUSED[key]
        token, until = _TOKENS.get(key, ("", dt.datetime.min.replace(tzinfo=dt.UTC)))
        if until > dt.datetime.now(dt.UTC) + _ROOM:
            return token
        try:
            _TOKENS[key] = _asked(f"{TOKENS_AT}/{account}/{container}", limits=limits)
        except SceneError as error:
            _REFUSED[key] = error
            raise
        return _TOKENS[key][0]


def _asked(address: str, *, limits: Settings) -> tuple[str, dt.datetime]:
    try:
        with closing(Documents(address, limits=limits)) as documents:
            said = documents.get(address)
        token, until = said["token"], said["msft:expiry"]
        if not isinstance(token, str) or not token or not isinstance(until, str):
            raise CatalogueError("something else came")
        return token, parse_time(until, taken=False)
    except RemoteError:
        raise
    except (CatalogueError, KeyError, TypeError, ValueError) as error:
        raise RemoteError(f"no leave to read was given: {error}", where=address, way_out="run again later") from error
