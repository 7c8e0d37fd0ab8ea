"""Finding: from what a user names (files, folders, globs, manifests, remote locations) to a sorted list of sources."""

import datetime as dt
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from sattrack.errors import UsageError
from sattrack.geometry import Affine6
from sattrack.readers.folders import has_magic, is_picture, natural_key, pictures_below, pictures_matching

_REMOTE = re.compile(r"(https?|s3)://", re.IGNORECASE)
_PREFIX = re.compile(r"[A-Za-z][A-Za-z0-9_+.-]+:")
# What stands beside pictures, and comes along when a shell expands `folder/*`.
_SIDECARS = (".json", ".xml", ".prj", ".ovr", ".msk", ".wld", ".txt", ".md")


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be looked at, with what is said of it outside the file; what is not said is none or empty.

    path: absolute path, or a remote location. part: the file's own unique name in the run. scene_id: its acquisition, shared by
    files that a manifest joins. acquired: UTC; acquired_source: manifest or sidecar. gsd_m: (along columns, along rows).
    transform and crs: from a world file and its .prj, outer corner of the top-left pixel.
    """

    path: str
    part: str
    scene_id: str
    acquired: dt.datetime | None = None
    acquired_source: str = ""
    gsd_m: tuple[float, float] | None = None
    gsd_source: str = ""
    sensor: str = ""
    source: str = ""
    licence: str = ""
    bands: tuple[int, ...] | None = None
    mask: str | None = None
    transform: Affine6 | None = None
    crs: str | None = None
    notes: tuple[str, ...] = ()


def find_sources(inputs: list[str], *, recursive: bool = False, allow_remote: bool = False) -> list[Source]:
    """The sources that the inputs name, each file once, in natural order of their paths.

    UsageError where an input does not exist, or is remote and that was not allowed.
    """
    paths: dict[str, str] = {}
    for text in inputs:
        for path in _paths(text, recursive=recursive, allow_remote=allow_remote):
            paths.setdefault(os.path.realpath(path) if is_local(path) else path, path)
    ordered = sorted(paths.values(), key=natural_key)
    return _named(Source(path, stem_of(path), "") for path in ordered)


def is_local(path: str) -> bool:
    """Whether a source's path is a file on this machine's disks."""
    return not (_REMOTE.match(path) or path.lower().startswith("/vsi"))


def stem_of(path: str) -> str:
    """The name of a path or remote location, without folders, suffix or query."""
    name = PurePosixPath(urlsplit(path).path if _REMOTE.match(path) else path)
    return name.stem or name.name or "scene"


def _paths(text: str, *, recursive: bool, allow_remote: bool) -> Iterator[str]:
    if not is_local(text):
        yield _remote(text, allow_remote=allow_remote)
    elif _exists(text):
        path = Path(text).absolute()
        if path.is_dir():
            yield from pictures_below(path, recursive=recursive)
        elif is_picture(path.name) or not path.name.lower().endswith(_SIDECARS):
            # Absolute, so that a name like GTIFF_DIR:1:a.tif or -a.tif is only ever a name.
            yield str(path)
    elif has_magic(text) and not text.lstrip().startswith("<") and not _PREFIX.match(text):
        yield from pictures_matching(text)
    else:
        raise _no_such(text)


def _exists(text: str) -> bool:
    try:
        return bool(text) and Path(text).exists()
    except OSError:  # a name too long for this disk
        return False


def _remote(text: str, *, allow_remote: bool) -> str:
    if not allow_remote:
        raise UsageError("this is not a file on this machine", where=text, way_out="--allow-remote reads such locations")
    return text


def _no_such(text: str) -> UsageError:
    shown = text if len(text) <= 200 else text[:200] + "..."
    if text.lstrip().startswith("<"):
        return UsageError("this is XML, not a path", where=shown[:60], way_out="save it as a .vrt file and name that")
    prefix = _PREFIX.match(text)
    if prefix:
        return UsageError(
            f"no such file, and {prefix.group()!r} is not a kind of location that is read", where=shown,
            way_out="give a path; with --allow-remote also https://, s3:// and /vsi",
        )  # fmt: skip
    return UsageError("no such file or folder", where=shown or "input", way_out="check the path")


def _named(sources: Iterable[Source]) -> list[Source]:
    """Part names made unique, whatever the case: the first keeps its stem, the others get -2, -3, ..."""
    listed = list(sources)
    taken = {source.part.casefold() for source in listed}
    met: set[str] = set()
    named = []
    for source in listed:
        part, number = source.part, 2
        if part.casefold() in met:
            while f"{part}-{number}".casefold() in taken:
                number += 1
            part = f"{part}-{number}"
            taken.add(part.casefold())
        met.add(part.casefold())
        named.append(replace(source, part=part, scene_id=source.scene_id or part))
    return named
