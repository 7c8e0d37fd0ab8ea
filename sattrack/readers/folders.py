"""Looking for pictures in folders and by glob: streamed, never through a link that loops or leads outside, in natural order."""

import fnmatch
import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

PICTURE_SUFFIXES = (".tif", ".tiff", ".jp2", ".j2k", ".png", ".jpg", ".jpeg", ".vrt")
_MAGIC = re.compile(r"[*?\[]")
_RUN_MARK = "run.json"

logger = logging.getLogger(__name__)
# Hears what is passed over, and why.
Told = Callable[[str], None]


def log(text: str) -> None:
    """Who hears of what is passed over where nobody else is named."""
    logger.warning("%s", text)


def is_picture(name: str) -> bool:
    """Whether a file of this name, without its folders, is looked at as a picture. Hidden files are not."""
    return not name.startswith(".") and name.lower().endswith(PICTURE_SUFFIXES)


def has_magic(text: str) -> bool:
    """Whether a path holds a wildcard."""
    return bool(_MAGIC.search(text))


def pictures_below(folder: Path, *, recursive: bool, follow_links: bool = False, told: Told = log) -> Iterator[str]:
    """Absolute paths of a folder's pictures, in no order.

    Hidden files and folders, earlier run folders and links to folders are passed over; a link to a file counts where it stays
    inside the folder, or with follow_links.
    """
    root = folder.absolute()
    inside = "/" if follow_links else os.path.realpath(root)
    waiting = [str(root)]
    while waiting:
        for entry in _entries(waiting.pop(), told=told):
            if entry.is_dir(follow_symlinks=False):
                if recursive and not _is_run(entry.path):
                    waiting.append(entry.path)
            elif _is_linked_folder(entry):
                if recursive:
                    _tell_linked_folder(entry, inside=inside, told=told)
            elif is_picture(entry.name) and _may_follow(entry, inside=inside, told=told):
                yield entry.path


def pictures_matching(
    pattern: str, *, recursive: bool = False, follow_links: bool = False, told: Told = log
) -> Iterator[str]:  # fmt: skip
    """Absolute paths of the pictures that a glob names, in no order; `**` stands for any folders, a folder for its pictures,
    also those of its subfolders where that is asked for.
    """
    first, *rest = Path(pattern).absolute().parts
    root, parts = Path(first), tuple(rest)
    # A folder that is there as it is written is only a name, whatever brackets are in it, as where somebody works in one.
    while len(parts) > 1 and (not has_magic(parts[0]) or _is_there(root / parts[0])):
        root, parts = root / parts[0], parts[1:]
    inside = "/" if follow_links else os.path.realpath(root)
    yield from _matching(str(root), parts, recursive=recursive, inside=inside, told=told)


def natural_key(path: str) -> tuple[str, str]:
    """Sorts `t2` before `t10`, whatever the case, and the same everywhere.

    A text, since a million paths are sorted at once: each number stands behind how many digits it has, and each piece of text
    before what is less than any letter.
    """
    pieces = re.split(r"([0-9]+)", path)
    for at, piece in enumerate(pieces):
        digits = piece.lstrip("0")
        pieces[at] = f"{chr(len(digits))}{digits}" if at % 2 else f"{piece.casefold()}\0"
    return "".join(pieces), path


def _is_there(folder: Path) -> bool:
    try:
        return folder.is_dir()
    except OSError:  # a name too long for this disk
        return False


def _matching(folder: str, parts: tuple[str, ...], *, recursive: bool, inside: str, told: Told) -> Iterator[str]:
    head, rest = parts[0], parts[1:]
    if head == "**":
        yield from _matching(folder, rest or ("*",), recursive=recursive, inside=inside, told=told)
    for entry in _entries(folder, told=told):
        is_folder = entry.is_dir(follow_symlinks=False)
        if head == "**" and is_folder and not _is_run(entry.path):
            yield from _matching(entry.path, parts, recursive=recursive, inside=inside, told=told)
        linked = _is_linked_folder(entry)
        if (head == "**" and not linked) or (head != "**" and not fnmatch.fnmatchcase(entry.name, head)):
            continue
        if linked:
            _tell_linked_folder(entry, inside=inside, told=told)
        elif rest and is_folder:
            yield from _matching(entry.path, rest, recursive=recursive, inside=inside, told=told)
        elif not rest and is_folder and not _is_run(entry.path):
            yield from pictures_below(Path(entry.path), recursive=recursive, follow_links=inside == "/", told=told)
        elif not rest and is_picture(entry.name) and _may_follow(entry, inside=inside, told=told):
            yield entry.path


def _entries(folder: str, *, told: Told) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            for entry in found:
                if not entry.name.startswith("."):
                    yield entry
    except OSError as error:
        told(f"{folder}: not looked into: {error.strerror}")


def _may_follow(entry: os.DirEntry[str], *, inside: str, told: Told) -> bool:
    if entry.is_file(follow_symlinks=False):
        return True
    target = os.path.realpath(entry.path)
    if Path(target).exists() and not Path(target).is_file():
        told(f"{entry.path}: passed over: a pipe, socket or device is no picture")
        return False
    # A link to what is not there is a picture that cannot be read: where a disk is away, its scenes must not go in silence.
    if os.path.commonpath([target, inside]) != inside:
        told(f"{entry.path}: not followed: the link leads outside the folder; name the file itself, or give --follow-links")
        return False
    return True


def _is_linked_folder(entry: os.DirEntry[str]) -> bool:
    return entry.is_symlink() and Path(entry.path).is_dir()


def _tell_linked_folder(entry: os.DirEntry[str], *, inside: str, told: Told) -> None:
    """Of a linked folder none is ever followed, which might lead in a ring; of one that is walked anyway nothing is said."""
    if inside == "/" or not Path(os.path.realpath(entry.path)).is_relative_to(inside):
        told(f"{entry.path}: not looked into: it is a link to a folder; name the folder itself")


def _is_run(folder: str) -> bool:
    # The pictures of an earlier run's report are no scenes.
    return (Path(folder) / _RUN_MARK).is_file()
