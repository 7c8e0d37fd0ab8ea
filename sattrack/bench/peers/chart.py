"""The chart of the peers: how long each takes, and how far its count is from the truth."""

from collections.abc import Iterator
from pathlib import Path

from sattrack.bench.peers.rounds import OURS, Comparison, Result
from sattrack.bench.speed_charts import write_drawing
from sattrack.phrases import some
from sattrack.reports.canvas import Area, Drawing, Mark, Words

_WIDTH, _LEFT, _RIGHT, _STEP = 760.0, 170.0, 240.0, 24.0


def write_peers(found: Comparison, folder: Path) -> tuple[Path, ...]:
    """peers.svg and peers.png. StoreError where they cannot be written."""
    return write_drawing(peer_chart(found), folder, name="peers")


def peer_chart(found: Comparison) -> Drawing:
    """A bar a contestant, the quickest first; beside it how many times ours, and the error of its count."""
    side_m = found.picture.size * found.picture.gsd_m
    title = f"The same weights on the same yard of {side_m:.0f} x {side_m:.0f} m, {some(found.true, 'box', 'boxes')} in truth"
    done = sorted((r for r in found.results if r.turns), key=lambda r: r.median(lambda t: t.wall_s))
    most = max((r.median(lambda t: t.wall_s) for r in done), default=1.0)
    marks: list[Mark] = [Words(0, 16, title, ink="ink", size=13.5, bold=True)]
    y = 34.0
    for result in done:
        marks += _bar(found, result, y, most)
        y += _STEP
    for result in found.results:
        if result.failed:
            marks.append(Words(_LEFT - 8, y + 12, _name(result), anchor="end", ink="ink"))
            marks.append(Words(_LEFT, y + 12, "failed", ink="warn"))
            y += _STEP
    return Drawing(_WIDTH, y + 6, tuple(marks), title=title)


def _bar(found: Comparison, result: Result, y: float, most: float) -> Iterator[Mark]:
    seconds = result.median(lambda t: t.wall_s)
    right = _LEFT + seconds / most * (_WIDTH - _LEFT - _RIGHT)
    own = result.contestant.tool == OURS
    yield Words(_LEFT - 8, y + 12, _name(result), anchor="end", ink="ink", bold=own)
    yield Area(((_LEFT, y), (right, y), (right, y + 16), (_LEFT, y + 16)), "accent" if own else "quiet")
    ratio = found.times_ours(result, lambda t: t.wall_s)
    error = 100 * (result.turns[0].found / found.true - 1)
    yield Words(right + 6, y + 12, f"{seconds:.1f} s, {ratio:.1f} x, count {error:+.1f} %".replace("-", "−"))


def _name(result: Result) -> str:
    return f"{result.contestant.tool}, {result.contestant.engine}"
