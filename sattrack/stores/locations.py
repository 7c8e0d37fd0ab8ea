"""Locations: where a run is kept that is no folder of this machine: a bucket and a prefix, as any command may print them."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sattrack.errors import UsageError

# scheme -> the package that fsspec needs for it; stores in which an object is put whole or not at all. memory is this process'
# own, for trying things out.
SCHEMES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs", "memory": "fsspec"}
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://(.*)", re.DOTALL)
# What Path makes of an address, and a finger.
_ONE_SLASH = re.compile(rf"(?:{'|'.join(SCHEMES)}):/", re.IGNORECASE)
_SEGMENT = re.compile(r"[A-Za-z0-9!_.*'()=,+$ \-]+", re.ASCII)
_WAY_OUT = "give a folder, or s3://BUCKET/PREFIX"


@dataclass(frozen=True, slots=True)
class Location:
    """scheme: one of SCHEMES. path: bucket and prefix, or prefix. endpoint: of a server that speaks S3; none: Amazon's.

    No password or key is ever part of it: those are found by the store's own client, where it always looks.
    """

    scheme: str
    path: str
    endpoint: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.path}"


def run_at(text: str, *, endpoint: str = "") -> Path | Location:
    """What -o names: a folder of this machine, or a location elsewhere. UsageError.

    Without an endpoint that of the environment holds, for whoever works on the location, on whatever machine.
    """
    found = _ADDRESS.fullmatch(text)
    if not found:
        if _ONE_SLASH.match(text):
            raise UsageError("has one slash, and would be a folder here", where=_shown(text), way_out=_WAY_OUT)
        return _folder(text, endpoint=endpoint)
    scheme, path = found[1].casefold(), found[2].rstrip("/")
    if scheme == "file":
        host, _, folder = path.partition("/")
        if host.casefold() not in ("", "localhost") or not folder:
            raise UsageError("names no folder of this machine", where=_shown(text), way_out="give a path, or file:///PATH")
        return _folder(unquote(f"/{folder}"), endpoint=endpoint)
    if scheme not in SCHEMES:
        known = ", ".join(f"{name}://" for name in SCHEMES)
        raise UsageError(f"a run cannot be kept at {scheme}://", where=_shown(text), way_out=f"one of {known} or a folder")
    segments = path.split("/")
    if "@" in path or "?" in path or "#" in path:
        raise UsageError(
            "a location holds no user, password, query or fragment", where=_shown(text),
            way_out="keys are taken from where the store's own client looks: environment, profile or the machine's role",
        )  # fmt: skip
    if not all(_SEGMENT.fullmatch(one) and one.strip(".") for one in segments):
        raise UsageError("is no bucket and prefix", where=_shown(text), way_out=_WAY_OUT)
    if len(segments) < 2 and scheme != "memory":
        raise UsageError(
            "names a bucket, and no prefix in it", where=_shown(text), way_out=f"{_WAY_OUT}: a run has its own prefix"
        )
    if endpoint and scheme != "s3":
        raise UsageError(f"--store-endpoint is of s3://, not of {scheme}://", way_out="leave it out")
    asked = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "") if scheme == "s3" else ""
    return Location(scheme, path, checked_endpoint(endpoint or asked))


def _folder(text: str, *, endpoint: str) -> Path:
    if endpoint:
        raise UsageError("--store-endpoint is of s3://, and this is a folder", where=_shown(text), way_out=_WAY_OUT)
    return Path(text)


def location_of(text: str, *, endpoint: str = "") -> Location:
    """The location that is named. UsageError of a folder."""
    at = run_at(text, endpoint=endpoint)
    if isinstance(at, Path):
        raise UsageError("is a folder, which needs no copy", where=text, way_out="give it to count, report or export itself")
    return at


def checked_endpoint(text: str) -> str:
    """http:// or https:// with a host, and nothing that is a secret. UsageError."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound, parts = False, urlsplit("")
    if not sound or "@" in parts.netloc or parts.query or parts.fragment or any(not 33 <= ord(one) < 127 for one in text):
        raise UsageError(
            "the endpoint of the store is no address of a server", where=_shown(text), way_out="give https://HOST[:PORT]"
        )
    return text.rstrip("/")


def _shown(text: str) -> str:
    """The text without what may be a password or a key."""
    return re.sub(r"//[^/]*@", "//", re.split(r"[?#]", text, maxsplit=1)[0])[:200]
