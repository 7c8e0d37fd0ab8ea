"""Connecting: one connection to a checked address, and answers that must be whole before a deadline."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any
from urllib.parse import SplitResult

from sattrack.errors import RemoteError
from sattrack.readers.remote.addresses import addresses_of

# Slower than this, bytes a second, is no transfer but a way to hold us.
_SLOWEST = 10_000
_PIECE = 1 << 16


class Connection(http.client.HTTPConnection):
    """To the addresses that were checked, and to no others: a name that is looked up twice may stand for two things."""

    def __init__(self, place: SplitResult, *, seconds: float, allowed: Sequence[str], where: str, led: bool) -> None:
        self.tls = place.scheme == "https"
        host, port = place.hostname or "", place.port or (443 if self.tls else 80)
        super().__init__(host, port, timeout=seconds)
        self.seconds = seconds
        self.default_port = 443 if self.tls else 80
        self.place = (place.scheme, host, port)
        self.used = False
        self._allowed, self._where, self._led = allowed, where, led

    def connect(self) -> None:
        last: OSError | None = None
        for address in addresses_of(self.host, self.port, allowed=self._allowed, where=self._where, led=self._led):
            try:
                self.sock = self._to(address.family, address.at)
                return
            except ssl.SSLCertVerificationError as error:
                raise RemoteError(
                    f"the certificate of {self.host} does not hold: {error.verify_message}", where=self._where,
                    way_out="check the address, the clock and the network: something may stand between",
                ) from error  # fmt: skip
            except OSError as error:
                last = error
        raise last or OSError("no address")

    def _to(self, family: int, at: Any) -> socket.socket:
        plain = socket.socket(family, socket.SOCK_STREAM)
        try:
            plain.settimeout(self.timeout)
            plain.connect(at)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _context().wrap_socket(plain, server_hostname=self.host) if self.tls else plain
        except BaseException:
            plain.close()
            raise

    def ask(self, target: str, headers: Mapping[str, str], body: bytes | None = None) -> http.client.HTTPResponse:
        """The head of an answer. body: what is posted; none: it is only got."""
        self.request("GET" if body is None else "POST", target, body=body, headers=dict(headers))
        self.used = True
        return self.getresponse()

    @contextmanager
    def deadline(self) -> Iterator[None]:
        """Ends what is going on once it takes too long: a timeout alone never ends a server that sends a byte now and then."""
        seconds = 2 * self.seconds  # to connect, and to answer
        late = threading.Event()

        def end() -> None:
            late.set()
            if self.sock is not None:
                with suppress(OSError):
                    socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            if late.is_set():
                raise TimeoutError(f"no end after {seconds:.3g} s") from error
            raise
        finally:
            timer.cancel()
        if late.is_set():
            raise TimeoutError(f"no end after {seconds:.3g} s")


def read_body(response: http.client.HTTPResponse, to: Callable[[bytes], object], *, most: int, patience: float) -> int:
    """Hands over the body piece by piece; how many bytes. Never more than `most` and one. IncompleteRead where it was cut;
    TimeoutError where it comes too slowly for longer than patience, s.
    """
    told, came, began = response.length, 0, time.monotonic()
    while came <= most:
        piece = response.read1(min(_PIECE, most + 1 - came))
        if not piece:
            break
        to(piece)
        came += len(piece)
        took = time.monotonic() - began
        if took > patience and came < took * _SLOWEST:
            raise TimeoutError(f"{came} bytes in {took:.3g} s")
    if told is not None and came < min(told, most + 1):
        raise http.client.IncompleteRead(b"", told - came)
    return came


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()
