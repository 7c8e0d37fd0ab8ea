"""Item places: where the files of an item lie, resolved and checked; nothing outside what its document may speak of."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from sattrack.errors import SceneError, UsageError
from sattrack.imagery import is_remote
from sattrack.readers.catalogues.items import Item, links_of
from sattrack.readers.remote.addresses import is_allowed
from sattrack.readers.remote.places import bare, named_place

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_READ = ("http", "https", "s3")
_WAY_OUT = "an item's files are read at https:// and public s3://, and beside an item file or below it"


def place_of(href: str, item: Item, *, allow_remote: bool, allow_hosts: Sequence[str] = ()) -> str:
    """The path or the remote location of an item's file. What stands behind a `?` is kept in memory; a mark of it stays in the
    location, since two files may differ in nothing else.

    SceneError where the item may not name it; UsageError where it is remote and that was not allowed.
    """
    scheme = _SCHEME.match(href)
    if "\0" in href or "\n" in href or href.startswith("//") or href.casefold().startswith("/vsi"):
        raise _refused(href, item, "is no place that is read")
    if scheme:
        if scheme[1].casefold() not in _READ:
            raise _refused(href, item, f"{scheme[1].casefold()[:20]}: is not read")
        return _remote(href, item, allow_remote=allow_remote, allow_hosts=allow_hosts)
    if is_remote(item.base):
        return _remote(_joined(item.base, href, item), item, allow_remote=allow_remote, allow_hosts=allow_hosts)
    return _beside(href, item, allow_remote=allow_remote, allow_hosts=allow_hosts)


def absolute(href: str, item: Item) -> str:
    """An address of an item in full, whatever it is; of an item in a file on this machine the path."""
    # What is never read is not made to look as if it could be.
    if is_remote(item.base) and not href.startswith("//") and not href.casefold().startswith("/vsi"):
        try:
            return urljoin(item.base, href)
        except ValueError:
            return href
    return href if _SCHEME.match(href) or href.startswith("/") else str(Path(item.base) / href)


def without_key(href: str, item: Item) -> str:
    """An address in full without what may be a key; the path of a file that is there as it is."""
    if is_remote(item.base) or _SCHEME.match(href):
        return bare(absolute(href, item), most=None)
    whole = absolute(href, item)
    return whole if _is_file(Path(whole)) else absolute(bare(href, most=None), item)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long for this disk, or one that no disk holds
        return False


def _joined(base: str, href: str, item: Item) -> str:
    try:
        return urljoin(base, href)
    except ValueError as error:
        raise _refused(href, item, f"is no address beside {bare(base)} ({error})") from error


def _beside(href: str, item: Item, *, allow_remote: bool, allow_hosts: Sequence[str]) -> str:
    """A file in the item file's folder or below. Where none is there, the item's own address tells where it came from."""
    folder = Path(os.path.realpath(item.base))
    if href.startswith("/"):
        raise _refused(href, item, "is an absolute path")
    for text in dict.fromkeys((href, unquote(href))):
        path = Path(os.path.realpath(folder / text)) if "\0" not in text else folder
        if not path.is_relative_to(folder):
            raise _refused(href, item, "leads out of the folder of the item file")
        if _is_file(path):
            return str(Path(item.base) / text) if path == folder / text else str(path)
    own = next((link["href"] for link in links_of(item.raw, "self") if is_remote(link["href"])), None)
    if own is not None:
        return _remote(_joined(own, href, item), item, allow_remote=allow_remote, allow_hosts=allow_hosts)
    raise SceneError(
        f"{bare(href)} is not beside the item file", where=item.where, way_out="fetch it, or give an absolute href"
    )


def _remote(href: str, item: Item, *, allow_remote: bool, allow_hosts: Sequence[str]) -> str:
    if not allow_remote:
        raise UsageError(
            f"{bare(href)} is not a file on this machine", where=item.where, way_out="--allow-remote reads such locations"
        )
    try:
        return named_place(_secured(href, allow_hosts))
    except UsageError as error:
        raise SceneError(f"{bare(href)}: {error.message}", where=item.where, way_out=error.way_out) from error


def _secured(href: str, allow_hosts: Sequence[str]) -> str:
    """Old items name the public buckets by plain http, which serve the same by https."""
    try:
        parts = urlsplit(href)
        host, port = parts.hostname or "", parts.port or 80
    except ValueError:
        return href
    if parts.scheme.casefold() != "http" or is_allowed(host, port, allow_hosts) or parts.port not in (None, 80):
        return href
    return parts._replace(scheme="https", netloc=host if "@" not in parts.netloc else parts.netloc).geturl()


def _refused(href: str, item: Item, why: str) -> SceneError:
    return SceneError(f"the asset at {bare(href)!r} {why}", where=item.where, way_out=_WAY_OUT)
