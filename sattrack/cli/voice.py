"""What people are told: data on stdout, everything else on stderr, and silence where the other end of a pipe is gone."""

import json
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TextIO


@dataclass(frozen=True, slots=True)
class Voice:
    """How much is said. quiet leaves only errors; verbose adds what is going on."""

    quiet: bool = False
    verbose: bool = False

    def out(self, text: str) -> None:
        """Data, on stdout."""
        if not self.quiet:
            _write(sys.stdout, text)

    def json(self, value: object) -> None:
        """One JSON document on stdout, also when quiet: it was asked for."""
        _write(sys.stdout, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))

    def say(self, text: str) -> None:
        """A remark on stderr."""
        if not self.quiet:
            _write(sys.stderr, text)

    def fault(self, text: str) -> None:
        """What went wrong with a part of the work, on stderr, also when quiet."""
        _write(sys.stderr, text)

    def detail(self, text: str) -> None:
        """A remark on stderr, only when asked to be verbose."""
        if self.verbose and not self.quiet:
            _write(sys.stderr, text)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), title: str = "") -> None:
        """A table on stdout; columns in `right` are aligned right."""
        if not self.quiet:
            _write(sys.stdout, drawn_table(head, rows, right=right, title=title))


def logged(*, quiet: bool, verbose: bool) -> Voice:
    """A voice, beside which stderr has what readers and stores log: all of it where verbose, else only what must be heard."""
    logging.basicConfig(level=logging.INFO if verbose else logging.ERROR, stream=sys.stderr, format="%(name)s: %(message)s")
    logging.getLogger("rasterio").setLevel(logging.INFO if verbose else logging.CRITICAL)
    logging.getLogger("sattrack.stores").setLevel(logging.WARNING)  # that nobody is kept out, also when quiet
    return Voice(quiet=quiet, verbose=verbose)


def complain(text: str) -> None:
    """One line `error: ...` on stderr."""
    _write(sys.stderr, f"error: {one_line(text)}")


def one_line(text: str) -> str:
    """The text without what could break a line or drive a terminal: names of files come from anywhere."""
    joined = " ".join(text.split("\n"))
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in joined.replace("\t", " ").replace("\r", " "))


def drawn_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), title: str = "") -> str:
    """A table as text, as wide as the terminal, or as wide as it needs to be where stdout is none."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for i, name in enumerate(head):
        table.add_column(name, justify="right" if i in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, width=None if terminal else 10_000, color_system="auto" if terminal else None)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n"))


def plain(value: Any) -> Any:
    """A value as JSON can hold it: tuples as lists, times as RFC 3339, numbers that are not finite as null."""
    import datetime as dt
    import math
    from pathlib import Path

    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def open_streams() -> None:
    """Opens nowhere what of stdin, stdout and stderr is closed: a run's own file would be given its number, and be written into
    by whatever prints there.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # under the lowest number that is free, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


def _write(to: TextIO, text: str) -> None:
    try:
        to.write(text + "\n")
        to.flush()
    except BrokenPipeError:
        # Whoever read has enough. The work goes on; later writes, and Python's own flush at exit, go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), to.fileno())
    except UnicodeEncodeError:
        to.write(text.encode(to.encoding or "ascii", "backslashreplace").decode(to.encoding or "ascii") + "\n")
        to.flush()
