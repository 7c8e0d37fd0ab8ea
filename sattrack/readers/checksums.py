"""Checksums: a list of what files should be, as sha256sum writes it, held against the files before they are read."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from sattrack.errors import SceneError, UsageError
from sattrack.imagery import Scene, is_remote
from sattrack.readers.opening import files_of

MOST_BYTES = 64 << 20
_LINE = re.compile(r"(\\?)([0-9a-fA-F]{64}) [ *](.+)")
# What sha256sum writes for what would break its lines, in those that begin with a backslash.
_ESCAPES = {r"\\": "\\", r"\n": "\n", r"\r": "\r"}
_ESCAPED = re.compile(r"\\[\\nr]")
_WAY_OUT = "sha256sum FILES > SHA256SUMS writes such a list"

Digest = Callable[[Scene], str]


def verified(digest: Digest, *, listed: Path) -> Digest:
    """The same digest, of scenes whose files are what the list says; SceneError of one that is not, or is not in it, and of one
    whose mask is another than the list says.

    Names in the list are relative to it. UsageError where it is no such list.
    """
    sums = _read(listed)

    def check(scene: Scene) -> str:
        for location in scene.locations:
            for file in (location,) if is_remote(location) else map(str, files_of(location)):
                _check(file, sums, listed=listed)
        # Many lists are of pictures alone; of one that names the mask too its word is held.
        if scene.mask and not is_remote(scene.mask) and Path(scene.mask).resolve() in sums:
            _check(scene.mask, sums, listed=listed)
        return digest(scene)

    return check


def _check(location: str, sums: dict[Path, str], *, listed: Path) -> None:
    """SceneError of a file that is not what the list says, or is not in it."""
    expected = None if is_remote(location) else sums.get(Path(location).resolve())
    if expected is None:
        raise SceneError(f"is not listed in {listed.name}", where=location, way_out="add it to the list, or leave --verify out")
    try:
        with Path(location).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SceneError(f"cannot be read: {error.strerror}", where=location, way_out="fetch it again") from error
    if found != expected:
        raise SceneError(
            f"its sha256 is {found[:12]}..., {listed.name} says {expected[:12]}...", where=location,
            way_out="the file is damaged or another one: fetch it again",
        )  # fmt: skip


def _read(listed: Path) -> dict[Path, str]:
    try:
        if listed.stat().st_size > MOST_BYTES:
            raise UsageError(f"is larger than {MOST_BYTES >> 20} MB", where=str(listed), way_out=_WAY_OUT)
        if not listed.is_file():
            raise UsageError("is no file", where=str(listed), way_out=_WAY_OUT)
        text = listed.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(listed), way_out=_WAY_OUT) from error
    except UnicodeDecodeError as error:
        raise UsageError("is no list of checksums: it is not UTF-8", where=str(listed), way_out=_WAY_OUT) from error
    sums = {}
    # Not splitlines, which also parts at what may stand in a name.
    for number, line in enumerate(text.split("\n"), start=1):
        found = _LINE.fullmatch(line)
        if found:
            name = _ESCAPED.sub(lambda one: _ESCAPES[one[0]], found[3]) if found[1] else found[3]
            sums[(listed.parent / name).resolve()] = found[2].lower()
        elif line.strip():
            raise UsageError("is no sha256 and a name", where=f"{listed}, line {number}", way_out=_WAY_OUT)
    return sums
