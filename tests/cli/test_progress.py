"""The bar of a run: its tiles of all tiles, also in a pass of a watch, which has several runs."""

from types import SimpleNamespace
from typing import Any

from sattrack.cli.progress import _bar, _Following
from sattrack.cli.voice import Voice


def planned(name: str, *, cells: int) -> Any:
    return SimpleNamespace(name=name, work=SimpleNamespace(cells=range(cells)), stored=False)


def ended(name: str) -> Any:
    return SimpleNamespace(part=name, status="done", reason="", boxes=0)


def test_each_run_of_a_watch_begins_the_bar_anew() -> None:
    bar = _bar()
    following = _Following(bar, Voice(quiet=True))
    for tiles in (30, 10):
        following.planned([planned("a", cells=tiles), planned("b", cells=tiles)])
        following.tiles(tiles)
        following.ends(ended("a"))
        (task,) = bar.tasks
        assert (task.completed, task.total) == (tiles, 2 * tiles)
        following.ends(ended("b"))
        assert task.completed == task.total
