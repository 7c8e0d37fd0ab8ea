"""Answers: what a server's answer means for the file that was asked for: its bytes, another try, or the end."""

import email.utils
import http.client
import math
import re
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

from sattrack.errors import RemoteBusy, RemoteError
from sattrack.readers.remote.addresses import is_allowed
from sattrack.readers.remote.places import WAY_OUT

REDIRECTS = (301, 302, 303, 307, 308)
NOT_ALLOWED = (401, 403)
AGAIN = "run again later: what is done is kept"
CHANGED = "the file changed while it was read"
_MOST_TOLD = 300
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")
_EMPTY = re.compile(r"bytes \*/(\d+)")
CHECK = "check the address"


@dataclass(frozen=True, slots=True)
class Version:
    """What a server says of a file, by which a change is noticed. size: bytes."""

    size: int
    etag: str
    modified: str

    def as_condition(self) -> dict[str, str]:
        """Headers by which a server refuses to serve another version. A weak tag may not be used so (RFC 9110, 13.1.1)."""
        if self.etag and not self.etag.startswith("W/"):
            return {"If-Match": self.etag}
        return {"If-Unmodified-Since": self.modified} if self.modified else {}


class Unranged(Exception):
    """The server sends whole files only. size: bytes, where it says so."""

    def __init__(self, size: int | None, etag: str, modified: str) -> None:
        self.size, self.etag, self.modified = size, etag, modified


class NotOffered(RemoteError):
    """The server does not let itself be asked this way."""


class Passing(Exception):
    """What may help itself: why, and how long the server asked to wait, s. slow: what came meanwhile is no sign of hope."""

    def __init__(self, why: str, wait: float = 0.0, *, slow: bool = False) -> None:
        self.why, self.wait, self.slow = why, wait, slow


def promised(
    response: http.client.HTTPResponse, first: int, last: int, *, pinned: Version | None, named: str
) -> tuple[Version, int]:
    """The version and the number of bytes that a partial answer says it has."""
    found = _RANGE.fullmatch(said(response, "Content-Range"))
    if not found or int(found[1]) != first or int(found[2]) != min(last, int(found[3]) - 1):
        raise Passing("the server sends another part than it was asked for")
    version = Version(int(found[3]), said(response, "ETag"), said(response, "Last-Modified"))
    if pinned is not None and version != pinned:
        raise changed(named)
    length = int(found[2]) + 1 - first
    if response.length is not None and response.length != length:
        raise Passing("the server sends a part of another length than it says")
    return version, length


def refuse_whole(response: http.client.HTTPResponse, *, pinned: Version | None, named: str) -> None:
    """Raises what a whole file means where a part was asked for."""
    size = response.length
    if pinned is None:
        raise Unranged(size, said(response, "ETag"), said(response, "Last-Modified"))
    if (said(response, "ETag"), said(response, "Last-Modified")) != (pinned.etag, pinned.modified):
        raise changed(named)
    raise Passing("the server sends the whole file where a part was asked for")


def refuse_status(response: http.client.HTTPResponse, *, named: str) -> None:
    """Raises what an answer without the file means."""
    status = response.status
    if status in _PASSING:
        raise Passing(f"the server answers {status} {response.reason[:40]}".rstrip(), _retry_after(response))
    if status in NOT_ALLOWED:
        raise RemoteBusy(
            f"the server does not allow it ({status}): the address has expired, or needs leave", where=named,
            way_out="give a fresh signed address and run again: what is done is kept",
        )  # fmt: skip
    if status in (404, 410):
        raise RemoteError(f"the server has no such file ({status})", where=named, way_out=CHECK)
    packed = said(response, "Content-Encoding").casefold()
    if status in (200, 206) and packed not in ("", "identity"):
        raise RemoteError(
            f"the server packs the file ({packed[:20]}), so that no part of it can be read", where=named,
            way_out="fetch it and give its path",
        )  # fmt: skip


def refused_document(response: http.client.HTTPResponse, *, named: str) -> RemoteError:
    """The error of a document that does not come, with what the server says of it. NotOffered where it is the way of asking."""
    if response.status in (405, 501):
        return NotOffered("the server does not take searches this way", where=named, way_out=CHECK)
    told = "".join(c for c in response.read(_MOST_TOLD).decode("utf-8", "replace") if c.isprintable())
    return RemoteError(f"the server answers {response.status}{f': {told}' if told else ''}", where=named, way_out=CHECK)


def check_reposted(status: int, place: SplitResult, led: SplitResult, *, named: str) -> None:
    """RemoteError where a redirect would drop what was posted, or carry it to another host."""
    if status not in (307, 308):
        raise RemoteError(f"a redirect ({status}) would drop what was asked", where=named, way_out=CHECK)
    if led.netloc.casefold() != place.netloc.casefold():
        raise RemoteError(f"a redirect would tell another host what was asked: {led.hostname}", where=named, way_out=CHECK)


def size_of_none(response: http.client.HTTPResponse) -> Version | None:
    """What is said of a file that has nothing of the part that was asked for: an empty one has none of any."""
    found = _EMPTY.fullmatch(said(response, "Content-Range")) if response.status == 416 else None
    return Version(int(found[1]), said(response, "ETag"), said(response, "Last-Modified")) if found else None


def changed(named: str) -> RemoteBusy:
    return RemoteBusy(CHANGED, where=named, way_out="run again: it is then looked at anew")


def redirected(response: http.client.HTTPResponse, place: SplitResult, *, named: str) -> SplitResult:
    """Where a redirect leads. Nothing that belongs to the first host goes along."""
    target = response.getheader("Location")
    region = response.getheader("x-amz-bucket-region")
    if not target and region and f".{place.hostname}".endswith(".s3.amazonaws.com"):
        # The bucket stands before the host, or in the path.
        bucket = str(place.hostname).removesuffix("s3.amazonaws.com")
        return place._replace(netloc=f"{bucket}s3.{region}.amazonaws.com")
    try:
        led = urlsplit(urljoin(place.geturl(), target or ""))
        whole = led.geturl()
        known = bool(target) and "@" not in led.netloc and led.port != 0 and whole.isascii() and whole.isprintable()
    except ValueError:
        known = False
    if not known or " " in whole or (led.scheme in ("http", "https") and not led.hostname):
        raise RemoteError("a redirect leads to no address that can be asked", where=named, way_out=CHECK)
    return led


def too_large(named: str, most: int) -> RemoteError:
    """The error of a file that would have to be fetched whole."""
    return RemoteError(
        f"the server sends no parts of a file, and whole it is more than {most / 1e6:.0f} MB", where=named,
        way_out="fetch it and give its path, or raise remote_whole_bytes",
    )  # fmt: skip


def check_scheme(place: SplitResult, *, named: str, allowed: Sequence[str], led: bool) -> None:
    """RemoteError where a place is asked otherwise than by https, but for hosts that the user named. led: by a redirect."""
    host, port = place.hostname or "", place.port or 80
    if place.scheme == "https" or (place.scheme == "http" and is_allowed(host, port, allowed)):
        return
    came = "a redirect leads to " if led else ""
    if place.scheme != "http":
        raise RemoteError(f"{came}{place.scheme[:20]}:, which is not read", where=named, way_out=WAY_OUT)
    raise RemoteError(
        f"{came}plain http:// at {host}: what comes may be read and changed on its way", where=named,
        way_out=CHECK if led else f"give the https:// address; --allow-host {host}:{port} if the server is yours",
    )  # fmt: skip


def said(response: http.client.HTTPResponse, name: str) -> str:
    return (response.getheader(name) or "").strip()[:300]


def _retry_after(response: http.client.HTTPResponse) -> float:
    """Seconds that a server asks to wait: a number, or a date; 0 where it does not say."""
    asked = said(response, "Retry-After")
    try:
        seconds = float(asked) if asked else 0.0
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(asked).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return 0.0
    return max(0.0, seconds) if math.isfinite(seconds) else 0.0


def why_of(error: Exception) -> str:
    """What went wrong on the way, in our words."""
    if isinstance(error, TimeoutError):
        return f"the server is silent or too slow ({error})"
    if isinstance(error, http.client.IncompleteRead):
        return "the transfer was cut short"
    if isinstance(error, socket.gaierror):
        return "the host's name cannot be looked up now"
    if isinstance(error, ssl.SSLError):
        return f"the secure connection failed ({error.reason or 'cut off'})"
    if isinstance(error, ConnectionRefusedError):
        return "the server refuses the connection"
    if isinstance(error, ConnectionError):
        return "the connection was lost"
    return f"the connection failed ({getattr(error, 'strerror', None) or type(error).__name__})"
