"""Locations: what a user calls a file, as the reader knows it, and what is said where nothing is there."""

import re
from pathlib import Path

from sattrack.errors import UsageError
from sattrack.imagery import is_remote
from sattrack.readers.folders import has_magic
from sattrack.readers.remote.places import bare, named_place

_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_+.-]+:")


def exists(text: str) -> bool:
    """Whether something is there by that name."""
    try:
        return bool(text) and Path(text).exists()
    except OSError:  # a name too long for this disk
        return False


def writable(path: str) -> str:
    """A path that every output can hold. UsageError where its bytes are not UTF-8."""
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise UsageError("the name is not valid UTF-8", where=ascii(path), way_out="rename the file") from error
    return path


def located(text: str, *, allow_remote: bool) -> str:
    """A file as the reader knows it, from whatever folder it is asked for later. UsageError: remote, and not allowed to be."""
    return remote(text, allow_remote=allow_remote) if is_remote(text) else str(Path(text).absolute())


def remote(text: str, *, allow_remote: bool) -> str:
    """A remote location as the reader knows it: see named_place."""
    if not allow_remote:
        raise UsageError("not a file on this machine", where=bare(text), way_out="--allow-remote reads such locations")
    return named_place(text)


def no_such(text: str) -> UsageError:
    """What is said of a name by which nothing is there."""
    shown = text if len(text) <= 200 else text[:200] + "..."
    if text.lstrip().startswith("<"):
        return UsageError("this is XML, not a path", where=shown[:60], way_out="save it as a .vrt file and name that")
    prefix = _PREFIX.match(text)
    if prefix:
        return UsageError(
            f"no such file, and {prefix.group()!r} is not a kind of location that is read", where=shown,
            way_out="give a path; with --allow-remote also https:// and s3://",
        )  # fmt: skip
    if has_magic(text):
        return UsageError("no picture matches", where=shown, way_out="check the pattern")
    return UsageError("no such file or folder", where=shown or "input", way_out="check the path")
