"""Places: remote locations as they may be told to anyone, and the addresses that are asked for them."""

import hashlib
import re
import threading
from collections.abc import Mapping
from urllib.parse import quote, urlsplit, urlunsplit

from sattrack.errors import UsageError

WAY_OUT = "give https://HOST/FILE.tif, or s3://BUCKET/KEY of a public bucket"
_S3 = re.compile(r"(?:s3://|/vsis3/)([^/?#]+)/([^?#]+)", re.IGNORECASE)
_HTTP = re.compile(r"(?:/vsicurl/)?(https?://.*)", re.IGNORECASE | re.DOTALL)
_MARK = "?query-"
_UNSEEN = re.compile(r"[\x00-\x20\x7f]")

_QUERIES: dict[str, str] = {}
_LOCK = threading.Lock()


def named_place(text: str) -> str:
    """A remote location without its query, which may be a key to the file: this process alone keeps it. UsageError where the
    location cannot be read.
    """
    found = _S3.fullmatch(text)
    if found:
        return _of_bucket(found[1], found[2])
    http = _HTTP.fullmatch(text)
    if not http:
        raise UsageError("no such kind of location is read", where=bare(text), way_out=WAY_OUT)
    try:
        parts = urlsplit(http[1])
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"not an address: {error}", where=bare(text), way_out=WAY_OUT) from error
    if not host or _UNSEEN.search(parts.netloc):
        raise UsageError("the address names no host", where=bare(text), way_out=WAY_OUT)
    if "@" in parts.netloc:
        raise UsageError(
            "an address with a user or a password is not read", where=bare(text),
            way_out="give a signed address (https://...?signature), or fetch the file and give its path",
        )  # fmt: skip
    scheme, path = parts.scheme.casefold(), quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    plain = urlunsplit((scheme, parts.netloc.casefold(), path, "", ""))
    if not parts.query:
        return plain
    # Two files may differ in nothing but the query.
    named = f"{plain}{_MARK}{hashlib.sha256(parts.query.encode()).hexdigest()[:8]}"
    with _LOCK:
        _QUERIES[named] = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]")
    return named


def address_of(place: str) -> str:
    """The address to ask for a named place. Without the query that this process was not told."""
    plain = place.partition(_MARK)[0]
    with _LOCK:
        query = _QUERIES.get(place)
    return f"{plain}?{query}" if query else plain


def plain_address(place: str) -> str:
    """The address of a named place without its query."""
    return place.partition(_MARK)[0]


def query_of(place: str) -> str:
    """The query by which a named place is asked for now; empty where it has none."""
    with _LOCK:
        return _QUERIES.get(place, "")


def renew(place: str, *, by: str) -> None:
    """From now on a named place is asked for with the query of another address; its name stays, as the file does."""
    other = named_place(by)
    with _LOCK:
        _QUERIES[place] = _QUERIES.get(other, "")


def secrets() -> dict[str, str]:
    """What a worker must be told to ask for the same places."""
    with _LOCK:
        return dict(_QUERIES)


def learn(told: Mapping[str, str]) -> None:
    """Takes over what another process calls its secrets."""
    with _LOCK:
        _QUERIES.update(told)


def bare(text: str, *, most: int | None = 200) -> str:
    """An address without user, password, query and fragment, cut to a length that can be shown."""
    plain = re.sub(r"//[^/?#]*@", "//", re.split(r"[?#]", text, maxsplit=1)[0])
    return plain if most is None or len(plain) <= most else plain[:most] + "..."


def _of_bucket(bucket: str, key: str) -> str:
    """S3's own address of a public object. A bucket with a dot is no name that the certificate holds."""
    key = quote(key, safe="/!*'()~-._")
    return f"https://s3.amazonaws.com/{bucket}/{key}" if "." in bucket else f"https://{bucket}.s3.amazonaws.com/{key}"
