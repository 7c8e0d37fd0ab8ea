"""Write calls: all that a run does to files below a folder, one after the other: to end it there, or to write it down."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True, slots=True)
class Call:
    """One call. kind: open, sync, rename, remove, mkdir. content: of the file at a sync, or of what is renamed."""

    kind: str
    path: str
    to: str = ""
    content: bytes | None = None


def on_write_calls(root: Path, told: Callable[[Call], None]) -> None:
    """From now on tells of every such call of this process below a folder, before it is made. There is no way back."""
    top = str(root)

    def below(path: Any) -> str:
        text = str(Path(os.fsdecode(path)).absolute()) if isinstance(path, str | bytes | os.PathLike) else ""
        return text if text == top or text.startswith(top + os.sep) else ""

    def hook(event: str, words: tuple[Any, ...]) -> None:
        if event == "open":
            # A file without a name, as tempfile likes them, is opened by the name of its folder.
            if isinstance(words[2], int) and words[2] & _WRITING and below(words[0]) and not Path(below(words[0])).is_dir():
                told(Call("open", below(words[0])))
        elif event == "os.rename" and below(words[1]):
            told(Call("rename", below(words[0]), below(words[1]), _content(below(words[0]))))
        elif event == "os.remove" and below(words[0]):
            told(Call("remove", below(words[0])))
        elif event == "os.mkdir" and below(words[0]):
            told(Call("mkdir", below(words[0])))

    plain = os.fsync

    def fsync(number: Any) -> None:
        path = below(Path(f"/proc/self/fd/{number if isinstance(number, int) else number.fileno()}").readlink())
        if path:
            told(Call("sync", path, content=None if Path(path).is_dir() else _content(path)))
        plain(number)

    os.fsync = fsync
    sys.addaudithook(hook)


def _content(path: str) -> bytes:
    number = os.open(path, os.O_RDONLY)
    try:
        return os.read(number, 1 << 30)
    finally:
        os.close(number)
