"""Fetching: bytes of a remote file, asked for again where that may help, with every redirect checked."""

import http.client
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from sattrack.errors import RemoteBusy, RemoteError
from sattrack.readers.remote import answers
from sattrack.readers.remote.answers import Passing, Version
from sattrack.readers.remote.connecting import Connection, read_body
from sattrack.readers.remote.places import address_of, query_of
from sattrack.readers.remote.refreshing import refreshed
from sattrack.readers.remote.silent_hosts import answered, tries_at, was_silent
from sattrack.settings import Settings

_MOST_REDIRECTS = 5
# A file cut again and again comes nearer each time, but not for ever.
_MOST_TIMES = 8

# Until when a host asked not to be asked, for all threads.
_HELD: dict[str, float] = {}
_HOLDING = threading.Lock()


@dataclass(slots=True)
class _Part:
    """A part on its way: what came of it so far, and of which version it is once that is known."""

    first: int
    length: int
    version: Version | None
    got: bytearray = field(default_factory=bytearray)

    @property
    def missing(self) -> tuple[int, int]:
        """First byte that is missing, and one past the last."""
        end = self.first + self.length
        return self.first + len(self.got), end if self.version is None else min(end, self.version.size)


class _Unkept(Exception):
    """What came cannot be written."""

    def __init__(self, error: OSError) -> None:
        self.error = error


class Fetcher:
    """For one file, and for one thread at a time. told: hears of every byte of a body that came. connection: of another one,
    which is used on where it leads to the same host.
    """

    def __init__(
        self, named: str, *, limits: Settings, told: Callable[[int], None], connection: Connection | None = None
    ) -> None:
        self._named, self._limits, self._told = named, limits, told
        self._place: SplitResult | None = None
        self._connection = connection
        # Whether the server said anything at all.
        self._heard = False

    def released(self) -> Connection | None:
        """The connection, for another one to use on."""
        connection, self._connection = self._connection, None
        return connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def part(self, first: int, length: int, *, pinned: Version | None) -> tuple[bytes, Version]:
        """Bytes from `first`, as many as asked for or up to the file's end, and the version they are of.

        Raises Unranged at first contact; RemoteBusy, RemoteError.
        """
        part = _Part(first, length, pinned)
        self._patiently(lambda: self._once(part), progress=lambda: len(part.got))
        assert part.version is not None
        return bytes(part.got), part.version

    def whole(
        self, write: Callable[[bytes], object], begin: Callable[[], object], *, most: int, excess: RemoteError | None = None
    ) -> None:
        """The whole file; begin: called before each try. OSError of begin or write ends it: the server is not to blame. excess:
        what is raised where it has more than `most` bytes.
        """

        def keep(piece: bytes) -> None:
            try:
                write(piece)
            except RemoteError:
                raise
            except OSError as error:
                raise _Unkept(error) from error

        def once() -> bool:
            begin()
            with self._answer({}) as response:
                self._refuse(response)
                if response.status != 200:
                    raise RemoteError(f"the server answers {response.status}", where=self._named, way_out=answers.AGAIN)
                if self._body(response, keep, most=most) > most:
                    raise excess or answers.too_large(self._named, most)
            return True

        try:
            self._patiently(once, progress=lambda: 0)
        except _Unkept as fault:
            raise fault.error from fault

    def document(self, *, most: int, body: bytes | None = None) -> bytes:
        """A whole document of at most so many bytes. body: JSON that is posted for it, to this host and to no other."""
        got = bytearray()

        def once() -> bool:
            got.clear()
            headers = {"Accept": "application/geo+json, application/json"}
            with self._answer(headers if body is None else {**headers, "Content-Type": "application/json"}, body) as response:
                self._refuse(response)
                if response.status != 200:
                    raise answers.refused_document(response, named=self._named)
                if self._body(response, got.extend, most=most) > most:
                    raise RemoteError(
                        f"a document of more than {most / 1e6:.2g} MB", where=self._named,
                        way_out="ask for less, or raise catalogue_bytes in a settings file",
                    )  # fmt: skip
            return True

        self._patiently(once, progress=lambda: 0)
        return bytes(got)

    def _patiently(self, once: Callable[[], bool], *, progress: Callable[[], int]) -> None:
        """Tries until it is done. Tries that brought something nearer are not counted against those that brought nothing."""
        host = urlsplit(address_of(self._named)).netloc
        tries = tries_at(host, usual=self._limits.remote_tries, where=self._named)
        idle, before, self._heard = 0, progress(), False
        for _ in range(_MOST_TIMES * tries):
            try:
                if once():
                    return
                continue
            except Passing as fault:
                self.close()
                self._place = None
                idle = idle + 1 if fault.slow or progress() == before else 1
                before = progress()
                if idle >= tries:
                    if not self._heard:
                        was_silent(host)
                    raise self._given_up(fault.why, idle) from None
                self._wait(idle, fault.wait)
            except BaseException:
                self.close()
                raise
        raise self._given_up("it ends too early each time", _MOST_TIMES * tries)

    def _given_up(self, why: str, times: int) -> RemoteBusy:
        return RemoteBusy(f"{why}, {times} times" if times > 1 else why, where=self._named, way_out=answers.AGAIN)

    def _wait(self, number: int, asked: float) -> None:
        most = self._limits.remote_wait_s
        # Spread, so that many readers do not come back at the same instant.
        wait = min(most, self._limits.remote_backoff_s * 2 ** (number - 1)) * random.uniform(0.5, 1)
        time.sleep(max(wait, min(asked, most)))

    def _once(self, part: _Part) -> bool:
        """One request for what is missing of a part, and whether that was all."""
        first, end = part.missing
        if part.version is not None and first >= end:
            return True
        headers = {"Range": f"bytes={first}-{end - 1}", **(part.version.as_condition() if part.version else {})}
        with self._answer(headers) as response:
            if part.version is None and (nothing := answers.size_of_none(response)):
                part.version = nothing
                return True
            if response.status in (412, 416):
                raise answers.changed(self._named)
            self._refuse(response)
            if response.status == 200:
                answers.refuse_whole(response, pinned=part.version, named=self._named)
            if response.status != 206:
                raise RemoteError(f"the server answers {response.status}", where=self._named, way_out=answers.CHECK)
            part.version, expected = answers.promised(response, first, end - 1, pinned=part.version, named=self._named)
            self._body(response, part.got.extend, most=expected, exactly=True)
        first, end = part.missing
        return first >= end

    def _refuse(self, response: http.client.HTTPResponse) -> None:
        try:
            answers.refuse_status(response, named=self._named)
        except Passing as fault:
            self._hold(fault.wait)
            raise

    def _body(
        self, response: http.client.HTTPResponse, write: Callable[[bytes], object], *, most: int, exactly: bool = False
    ) -> int:
        left = most

        def take(piece: bytes) -> None:
            nonlocal left
            self._told(len(piece))
            write(piece[:left] if exactly else piece)
            left -= len(piece)

        came = read_body(response, take, most=most, patience=self._limits.remote_timeout_s)
        if exactly and came != most:
            # What was sent beyond what was promised is not the file's.
            raise Passing("the server sends a part of another length than it says")
        return came

    @contextmanager
    def _answer(self, headers: dict[str, str], body: bytes | None = None) -> Iterator[http.client.HTTPResponse]:
        """The answer after any redirects; faults of the network on the way, and in the body, are Passing."""
        used = query_of(self._named)
        own = urlsplit(address_of(self._named))
        came_from, place = self._place, self._place or own
        try:
            for hop in range(_MOST_REDIRECTS + 1):
                led = hop > 0 or came_from is not None
                answers.check_scheme(place, named=self._named, allowed=self._limits.allow_hosts, led=led)
                self._await(place)
                connection = self._connected(place, led=led)
                with connection.deadline():
                    response = self._asked(connection, place, headers, body)
                if not self._heard:
                    self._heard = True
                    answered(own.netloc)
                if response.status not in answers.REDIRECTS:
                    if response.status in answers.NOT_ALLOWED and came_from is not None:
                        # A signed address that a redirect led to has a life of its own.
                        raise Passing(f"the server answers {response.status}")
                    if response.status in answers.NOT_ALLOWED and used and refreshed(self._named, used=used):
                        raise Passing(f"the server answers {response.status} to a fresh address")
                    yield response
                    self._place = place if place != own else None
                    if response.length == 0:
                        response.close()  # the connection stays open for the next part
                    elif not response.isclosed():
                        self.close()
                    return
                led_to = answers.redirected(response, place, named=self._named)
                if body is not None:
                    answers.check_reposted(response.status, place, led_to, named=self._named)
                place = led_to
                self.close()
        except RemoteError:
            raise
        except (OSError, http.client.HTTPException) as error:
            raise Passing(answers.why_of(error), slow=isinstance(error, TimeoutError)) from error
        raise RemoteError(f"more than {_MOST_REDIRECTS} redirects", where=self._named, way_out=answers.CHECK)

    def _asked(
        self, connection: Connection, place: SplitResult, headers: dict[str, str], body: bytes | None
    ) -> http.client.HTTPResponse:
        target = (place.path or "/") + (f"?{place.query}" if place.query else "")
        sent = {"Accept-Encoding": "identity", "User-Agent": "sattrack", "Accept": "*/*", **headers}
        stale = connection.used
        try:
            return connection.ask(target, sent, body)
        except (ConnectionError, http.client.BadStatusLine):
            if not stale:
                raise
            # A server may close a connection that it was not asked over for a while.
            connection.close()
            return connection.ask(target, sent, body)

    def _connected(self, place: SplitResult, *, led: bool) -> Connection:
        port = place.port or (443 if place.scheme == "https" else 80)
        if self._connection is None or self._connection.place != (place.scheme, place.hostname, port):
            self.close()
            self._connection = Connection(
                place, seconds=self._limits.remote_timeout_s, allowed=self._limits.allow_hosts, where=self._named, led=led
            )
        return self._connection

    def _hold(self, seconds: float) -> None:
        if self._connection is not None and seconds > 0:
            with _HOLDING:
                host = self._connection.host
                _HELD[host] = max(_HELD.get(host, 0.0), time.monotonic() + min(seconds, self._limits.remote_wait_s))

    def _await(self, place: SplitResult) -> None:
        """Waits until the host may be asked again, whichever thread was told to wait."""
        with _HOLDING:
            until = _HELD.get(place.hostname or "", 0.0)
        time.sleep(max(0.0, until - time.monotonic()))
