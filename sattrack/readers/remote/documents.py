"""Documents: the JSON of a catalogue, from its server by our own client, or from this machine, bounded in size and number."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from sattrack.errors import CatalogueError, UsageError
from sattrack.imagery import is_remote
from sattrack.readers.remote.connecting import Connection
from sattrack.readers.remote.fetching import Fetcher
from sattrack.readers.remote.places import address_of, bare, named_place
from sattrack.readers.strict_json import read_json
from sattrack.settings import Settings


class TooMuch(CatalogueError):
    """A search would have to ask for more than it may."""


class Documents:
    """The documents of one catalogue. requests and received, bytes: what was asked for so far. For one thread."""

    def __init__(self, root: str, *, limits: Settings) -> None:
        """root: a path or an address. UsageError where it is no address that is read."""
        self._limits = limits
        self.requests, self.received = 0, 0
        self._connection: Connection | None = None
        self.remote = is_remote(root)
        self.root = address_of(named_place(root)) if self.remote else os.path.realpath(root)
        self._host = _host_of(self.root) if self.remote else ""
        self._folder = Path(self.root).parent

    @property
    def told(self) -> str:
        """The root as it may be told to anyone."""
        return bare(self.root)

    def base_of(self, address: str) -> str:
        """What the relative hrefs of a document's items start from: its address, or on this machine its folder."""
        return address if self.remote else str(Path(address).parent)

    def address_in(self, base: str) -> str:
        """An address whose neighbours are what the base of an item's hrefs says."""
        return base if self.remote else str(Path(base) / "item.json")

    def get(self, address: str) -> Any:
        """A document of the catalogue. RemoteError, CatalogueError."""
        return self._read(address, None)

    def post(self, address: str, body: Mapping[str, Any]) -> Any:
        """What the catalogue answers to a question. NotOffered where it takes none this way; RemoteError, CatalogueError."""
        return self._read(address, json.dumps(body, allow_nan=False).encode())

    def resolved(self, href: str, *, base: str) -> str:
        """The address of a link. CatalogueError where it is none, or leads out of the catalogue: to another host, or out of its
        folder.
        """
        try:
            return self._resolved(href, base=base)
        except CatalogueError:
            raise
        except ValueError as error:
            raise CatalogueError(
                f"a link is no address: {bare(href).encode('unicode_escape').decode()} ({error})", where=bare(base),
                way_out="mend the catalogue",
            ) from error  # fmt: skip

    def _resolved(self, href: str, *, base: str) -> str:
        if self.remote:
            address = self._secured(urljoin(base, href))
            if not is_remote(address) or _host_of(address) != self._host:
                raise CatalogueError(
                    f"a link leads out of the catalogue, to {bare(address)}", where=bare(base),
                    way_out="give the catalogue that it leads to by its own address",
                )  # fmt: skip
            return address
        if is_remote(href):
            raise CatalogueError(
                f"a link of a catalogue on this machine leads elsewhere: {bare(href)}", where=base,
                way_out="give that catalogue by its own address",
            )  # fmt: skip
        path = Path(os.path.realpath(Path(base).parent / href))
        if not path.is_relative_to(self._folder):
            raise CatalogueError(f"a link leads out of the catalogue's folder: {bare(href)}", where=base)
        return str(path)

    def _secured(self, address: str) -> str:
        """Behind a proxy many a server calls itself by plain http, though it is asked, and answers, by https."""
        if self._host[0] != "https" or _host_of(address) != ("http", self._host[1], 80):
            return address
        return urlsplit(address)._replace(scheme="https", netloc=urlsplit(self.root).netloc).geturl()

    def _read(self, address: str, body: bytes | None) -> Any:
        self.requests += 1
        if self.requests > self._limits.catalogue_requests:
            raise TooMuch(
                f"more than {self._limits.catalogue_requests:,} documents would have to be asked for", where=self.told,
                way_out="narrow it by --collection, --datetime or --sites, or raise catalogue_requests in a settings file",
            )  # fmt: skip
        if self.received > self._limits.catalogue_total_bytes:
            raise TooMuch(
                f"more than {self._limits.catalogue_total_bytes / 1e6:,.2g} MB came of the catalogue's documents",
                where=self.told,
                way_out="narrow it by --collection, --datetime or --sites, or raise catalogue_total_bytes in a settings file",
            )
        raw = self._remote(address, body) if self.remote else self._local(address)
        return read_json(raw, where=bare(address))

    def _remote(self, address: str, body: bytes | None) -> bytes:
        try:
            named = named_place(address)
        except UsageError as error:
            raise CatalogueError(f"{bare(address)}: {error.message}", where=self.told) from error
        fetcher = Fetcher(named, limits=self._limits, told=self._came, connection=self._connection)
        self._connection = None
        raw = fetcher.document(most=self._limits.catalogue_bytes, body=body)
        # Of a static catalogue hundreds of small documents are asked for, each of which would begin by shaking hands.
        self._connection = fetcher.released()
        return raw

    def close(self) -> None:
        """Ends the connection; who asks on connects again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _came(self, count: int) -> None:
        self.received += count

    def _local(self, address: str) -> bytes:
        try:
            if Path(address).exists() and not Path(address).is_file():
                raise CatalogueError("is no file", where=address)
            with Path(address).open("rb") as file:
                raw = file.read(self._limits.catalogue_bytes + 1)
        except OSError as error:
            raise CatalogueError(f"cannot be read: {error.strerror}", where=address) from error
        if len(raw) > self._limits.catalogue_bytes:
            raise CatalogueError(f"more than {self._limits.catalogue_bytes / 1e6:.2g} MB", where=address)
        return raw


def _host_of(address: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(address)
        scheme = parts.scheme.casefold()
        return scheme, (parts.hostname or "").casefold(), parts.port or {"http": 80, "https": 443}.get(scheme)
    except ValueError:
        return ("", "", None)
