"""Watching a benchmark: a bar on a terminal, a line a set where stderr is none, nothing when quiet."""

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sattrack.cli.voice import Voice, one_line

if TYPE_CHECKING:
    from sattrack.bench.accuracy import Measured
    from sattrack.bench.comparing import Contender


class Watch:
    """Says which detector is at which set."""

    def __init__(self, voice: Voice, bar: Any = None) -> None:
        self._voice, self._bar = voice, bar
        self._task = bar.add_task("", total=None) if bar else None
        self._who = self._set = ""

    def begins(self, contender: "Contender") -> None:
        """A detector begins; loading it may take a while."""
        named = contender.predictions or contender.model.detector or contender.model.weights
        self._who, self._set = str(named).rpartition("/")[2], ""
        if self._bar:
            self._bar.update(self._task, description=one_line(f"{self._who}: loading")[:50], completed=0, total=None)

    def heard(self, measured: "Measured", done: int, of: int) -> None:
        """A picture is done."""
        if self._bar:
            said = one_line(f"{self._who}: {measured.image.dataset}")[:50]
            self._bar.update(self._task, description=said, completed=done, total=of)
        elif measured.image.dataset != self._set:
            self._set = measured.image.dataset
            self._voice.say(one_line(f"{self._who}: {self._set}, picture {done} of {of}"))


@contextlib.contextmanager
def watching(voice: Voice) -> Iterator[Watch]:
    """A watch for bench_several; its bar is gone at the end, so that only the tables stay."""
    if voice.quiet or not sys.stderr.isatty():
        yield Watch(voice)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bar:
        yield Watch(voice, bar)
