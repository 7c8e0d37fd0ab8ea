"""Flow bars: a movement as a bar up for what came and down for what left, as wide as the time between its two scenes."""

from sattrack.flows import Moved, Movement
from sattrack.reports.axes import Plot
from sattrack.reports.canvas import Area, Ink, Mark, Stroke
from sattrack.reports.cells import clean
from sattrack.reports.wording import moved_words, when

_LEAST_PX = 3.0
_SURE, _UNSURE = 0.75, 0.22


def most_moved(moved: Moved) -> float:
    """The boxes up to which a chart must reach to show it with its interval."""
    return max(moved.value, moved.high or 0.0)


def movement_bars(plot: Plot, one: Movement, *, line: float, per_box: float, whiskers: bool) -> list[Mark]:
    """Bars from the line of nought (y on the sheet), so many units a box; faint where the change is not sure."""
    left, right = plot.x(one.earlier.time), plot.x(one.later.time)
    spare = max(_LEAST_PX - (right - left), 0.0) / 2
    left, right = left + 0.5 - spare, right - 0.5 + spare
    marks: list[Mark] = []
    ways: tuple[tuple[Moved, int, Ink, str], ...] = ((one.arrived, -1, "accent", "came"), (one.left, 1, "warn", "left"))
    for moved, sign, ink, word in ways:
        if moved.value <= 0:
            continue
        sure = moved.low is None or moved.low > 0
        y = line + sign * moved.value * per_box
        tip = f"{when(one.earlier.time)} to {when(one.later.time)}: {moved_words(moved)} {word}{'' if sure else ', not sure'}"
        corners = ((left, line), (right, line), (right, y), (left, y))
        marks.append(Area(corners, ink, faint=_SURE if sure else _UNSURE, tip=clean(tip)))
        if whiskers and moved.low is not None and moved.high is not None:
            x = (left + right) / 2
            ends = ((x, line + sign * moved.low * per_box), (x, line + sign * moved.high * per_box))
            marks.append(Stroke(ends, "ink", 1.3, faint=0.8 if sure else 0.4))
    return marks
