"""Progress of a run: scenes, tiles, rate and time left on a terminal; nothing where stderr is none."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sattrack.cli.voice import Voice, one_line
from sattrack.phrases import some

if TYPE_CHECKING:
    from rich.progress import Progress

    from sattrack.results import SceneOutcome
    from sattrack.running import Listener, Planned


@contextlib.contextmanager
def following(voice: Voice) -> Iterator["Listener"]:
    """A listener that shows a bar on a terminal, and says a line a scene when verbose."""
    from sattrack.running import Listener

    if voice.quiet or not sys.stderr.isatty():
        yield Listener(scene_ends=lambda outcome: voice.detail(told(outcome)))
        return
    with _bar() as bar:
        following = _Following(bar, voice)
        yield Listener(following.planned, following.begins, following.tiles, following.ends)


def told(outcome: "SceneOutcome") -> str:
    """What became of a scene, in a line."""
    kept = f", {some(outcome.boxes, 'box', 'boxes')} kept" if outcome.status == "done" else ""
    end = f": {outcome.reason}" if outcome.reason else kept
    return one_line(f"{outcome.part}: {outcome.status}{end}")


class _Following:
    """Counts tiles over all scenes; those without a seen pixel never reach the detector: made up for at a scene's end."""

    def __init__(self, bar: "Progress", voice: Voice) -> None:
        self._bar, self._voice = bar, voice
        self._task = bar.add_task("reading", total=None)
        self._cells: dict[str, int] = {}
        self._done = 0

    def planned(self, planned: "Sequence[Planned]") -> None:
        # A pass of a watch has several runs, one after the other.
        self._cells, self._done = {one.name: len(one.work.cells) for one in planned if one.work and not one.stored}, 0
        stored = sum(one.stored for one in planned)
        if stored:
            self._voice.say(f"{stored} of {some(len(planned), 'scene')} {'is' if stored == 1 else 'are'} in the run already")
        self._bar.update(self._task, total=sum(self._cells.values()), completed=0)

    def begins(self, planned: "Planned") -> None:
        self._bar.update(self._task, description=one_line(planned.name)[:40])

    def tiles(self, n: int) -> None:
        self._bar.advance(self._task, n)

    def ends(self, outcome: "SceneOutcome") -> None:
        self._done += self._cells.pop(outcome.part, 0)
        self._bar.update(self._task, completed=self._done)
        self._voice.detail(told(outcome))


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            speed = task.finished_speed or task.speed
            return Text(f"{speed:.1f} tiles/s" if speed else "", style="progress.data.speed")

    class Name(TextColumn):
        def render(self, task: Any) -> Text:
            return Text(task.description)

    return Progress(
        Name(""), BarColumn(), MofNCompleteColumn(), Rate(), TimeRemainingColumn(compact=True),
        console=Console(file=sys.stderr), transient=True,
    )  # fmt: skip
