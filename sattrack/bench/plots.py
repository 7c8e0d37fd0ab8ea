"""Plots: counts against labels, what thresholds give, whether scores are right, and groups of pictures, as line drawings."""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from sattrack.bench.accuracy import Accuracy
from sattrack.bench.accuracy_wording import BAR_PCT, rate, signed
from sattrack.bench.calibration import Calibration
from sattrack.bench.scoring import tally
from sattrack.bench.strata import Stratum
from sattrack.bench.sweeps import Sweep, Values
from sattrack.reports.canvas import Dot, Drawing, Ink, Mark, Stroke, Words
from sattrack.reports.cells import clean
from sattrack.reports.wording import share, whole

# Count errors beyond this are not drawn: what happens below them is what a threshold is chosen by.
MOST_ERROR = 60.0
_MOST_TIPS = 1500
_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where values lie on a sheet of (width, height)."""

    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]
    left: float = 46.0
    right: float = 16.0
    top: float = 24.0
    foot: float = 42.0

    @property
    def base(self) -> float:
        return self.height - self.foot

    def across(self, value: float) -> float:
        return self.left + (value - self.x[0]) / (self.x[1] - self.x[0]) * (self.width - self.left - self.right)

    def up(self, value: float) -> float:
        return self.base - (value - self.y[0]) / (self.y[1] - self.y[0]) * (self.base - self.top)

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.across(x), self.up(y)


def threshold_frame(width: float, height: float, *, errors: bool) -> Frame:
    """The frame of error_plot, or of rates_plot: the page moves a line over it."""
    y = (-MOST_ERROR, MOST_ERROR) if errors else (0.0, 1.0)
    return Frame(width, height, (0.0, 1.0), y, right=58.0 if errors else 16.0)


def count_range(results: Sequence[Accuracy]) -> tuple[float, float]:
    """The least and the greatest number of boxes that any picture has, labelled or found; nought stands at a half."""
    pictures = [tally([m.scored], threshold=result.threshold) for result in results for m in result.images]
    numbers = [max(float(n), 0.5) for one in pictures for n in (one.true, one.found)]
    return min([10.0, *numbers]), max([10.0, *numbers])


def scatter_plot(result: Accuracy, *, span: tuple[float, float], width: float, height: float) -> Drawing:
    """A dot a picture, labelled against found, both on logarithmic scales, with lines at 0, 10 and 20 % of error.

    span: as count_range gives it, of all detectors that are to be compared.
    """
    at = [(m, tally([m.scored], threshold=result.threshold)) for m in result.images]
    least, most = span
    ends = math.log10(least * 0.7), math.log10(most * 1.35)
    frame = Frame(width, height, ends, ends)
    ticks = [(math.log10(v), whole(v) if v >= 1 else "0") for v in (0.5, *_TICKS) if least * 0.7 <= v <= most * 1.35]
    marks = [*_grid(frame, x=ticks, y=ticks), *_names(frame, "labelled", "found")]
    for error in (20, 10, 0, -10, -20):
        marks += _slope(frame, error)
    tips = len(at) <= _MOST_TIPS
    for measured, one in at:
        place = frame.at(math.log10(max(one.true, 0.5)), math.log10(max(one.found, 0.5)))
        off = f" ({one.error_pct:+.0f} %)" if one.true else ""
        tip = f"{measured.image.dataset}, {measured.image.name}: {one.true} labelled, {one.found} found{off}"
        marks.append(Dot(*place, 3.4, "accent", hollow=True, tip=clean(tip) if tips else ""))
    return Drawing(width, height, tuple(marks), title=f"Boxes found against boxes labelled, {len(at)} pictures")


def error_plot(whole_: Sweep, *, sets: Sequence[tuple[str, Sweep]], width: float, height: float) -> Drawing:
    """Count error by threshold: bold for all together, thin for each set, and the mean of the sets' errors without sign."""
    frame = threshold_frame(width, height, errors=True)
    marks = [*_grid(frame, x=_TENTHS, y=[(-40, "−40"), (-20, "−20"), (0, "0"), (20, "+20"), (40, "+40")], zero=0.0)]
    marks += _names(frame, "threshold", "count error, %")
    curves = [one.error_pct for _, one in sets if one.true]
    for curve in curves:
        marks += _curve(frame, whole_.thresholds, curve, ink="quiet", width=1.0, faint=0.45)
    if len(curves) > 1:
        apart = np.abs(np.stack(curves)).mean(axis=0)
        marks += _curve(frame, whole_.thresholds, apart, ink="ink", width=1.4, name="mean, unsigned")
    marks += _curve(frame, whole_.thresholds, whole_.error_pct, ink="accent", width=2.4, name="all")
    return Drawing(width, height, tuple(marks), title="Count error by threshold")


def rates_plot(swept: Sweep, *, width: float, height: float) -> Drawing:
    """Precision, recall and F1 by threshold."""
    frame = threshold_frame(width, height, errors=False)
    marks = [*_grid(frame, x=_TENTHS, y=_TENTHS), *_names(frame, "threshold", "share of boxes")]
    curves: tuple[tuple[str, Values, Ink, float], ...] = (
        ("precision", swept.precision, "ink", 1.3),
        ("recall", swept.recall, "quiet", 1.3),
        ("F1", swept.f1, "accent", 2.4),
    )
    for _, curve, ink, thick in curves:
        marks += _curve(frame, swept.thresholds, curve, ink=ink, width=thick)
    free = 0.0
    # Where they begin the three lie apart; a name hangs under its line, and under the name above it.
    for name, curve, ink, thick in sorted(curves, key=lambda one: -np.nan_to_num(one[1][0])):
        y = max(frame.up(float(np.nan_to_num(curve[0]))) + 15, free)
        free = y + 13
        marks.append(Words(frame.across(float(swept.thresholds[0])) + 3, y, name, ink=ink, size=11.5, bold=thick > 2))
    return Drawing(width, height, tuple(marks), title="Precision, recall and F1 by threshold")


def calibration_plot(measured: Calibration, *, width: float, height: float) -> Drawing:
    """The share of boxes that are containers by their score; on the diagonal a score is a probability."""
    frame = Frame(width, height, (0.0, 1.0), (0.0, 1.0))
    marks = [*_grid(frame, x=_TENTHS, y=_TENTHS), *_names(frame, "mean score", "share of them containers")]
    marks.append(Stroke((frame.at(0, 0), frame.at(1, 1)), "quiet", 1.2))
    marks.append(Stroke(tuple(frame.at(b.score, b.true) for b in measured.bins), "accent", 1.6, faint=0.5))
    most = max((b.boxes for b in measured.bins), default=1)
    for b in measured.bins:
        tip = f"scores {b.low:g} to {b.high:g}: {whole(b.boxes)} boxes, {share(b.true)} containers"
        marks.append(Dot(*frame.at(b.score, b.true), 2.5 + 5.0 * math.sqrt(b.boxes / most), "accent", tip=tip))
    return Drawing(width, height, tuple(marks), title="Share of boxes that are containers, by score")


def strata_plot(parts: Sequence[Stratum], *, width: float) -> Drawing:
    """A row for each part of the pictures: labelled boxes, count error as a bar and a number, F1; as high as it needs to be."""
    left, right = 172.0, width - 92.0
    middle, half = (left + right) / 2, (right - left) / 2
    columns = ((left - 12.0, "boxes"), (width - 48.0, "error %"), (width - 2.0, "F1"))
    marks: list[Mark] = [Words(x, 14, text, anchor="end", size=11.5) for x, text in columns]
    y = 14.0
    for by, group in itertools.groupby(parts, key=lambda one: one.by):
        y += 24
        marks.append(Words(0, y, by, ink="ink", size=12.5, bold=True))
        top = y + 6
        for one in group:
            y += 19
            at = one.figures.at
            marks.append(Words(0, y, clean(one.name)))
            cells = whole(at.true), signed(at.error_pct), rate(at.f1, digits=2)
            marks += [Words(x, y, text, ink="ink", anchor="end") for (x, _), text in zip(columns, cells, strict=True)]
            long = half * max(-1.0, min(1.0, np.nan_to_num(at.error_pct) / BAR_PCT))
            if abs(long) > 0.5:
                # Thin lines beside each other: the round ends of one thick line would lengthen a short bar.
                for rise in (6.4, 4.8, 3.2, 1.6):
                    marks.append(Stroke(((middle, y - rise), (middle + long, y - rise)), "accent", 1.8))
        marks += [Stroke(((middle + half * v, top), (middle + half * v, y + 3)), "rule") for v in (-20 / BAR_PCT, 20 / BAR_PCT)]
        marks.append(Stroke(((middle, top), (middle, y + 3)), "quiet"))
    return Drawing(width, y + 10, tuple(marks), title="Count error and F1 by parts of the pictures")


_TENTHS = [(v / 10, f"{v / 10:g}") for v in range(0, 11, 2)]


def _grid(
    frame: Frame, *, x: Sequence[tuple[float, str]], y: Sequence[tuple[float, str]], zero: float | None = None
) -> Iterator[Mark]:
    for value, text in y:
        ink: Ink = "quiet" if value == (frame.y[0] if zero is None else zero) else "rule"
        yield Stroke((frame.at(frame.x[0], value), frame.at(frame.x[1], value)), ink)
        yield Words(frame.left - 7, frame.up(value) + 4, text, anchor="end", size=11.5)
    for value, text in x:
        yield Stroke(((frame.across(value), frame.base), (frame.across(value), frame.base + 4)), "quiet")
        yield Words(frame.across(value), frame.base + 17, text, anchor="middle", size=11.5)


def _names(frame: Frame, x: str, y: str) -> Iterator[Mark]:
    yield Words((frame.left + frame.width - frame.right) / 2, frame.height - 6, x, anchor="middle", size=11.5)
    yield Words(4, 10, y, size=11.5)


def _slope(frame: Frame, error: int) -> Iterator[Mark]:
    """A line of one relative error: on two logarithmic scales all are parallel."""
    shift = math.log10(1 + error / 100)
    begin, end = frame.x[0] + max(0.0, -shift), frame.x[1] - max(0.0, shift)
    ink: Ink = "rule" if error else "quiet"
    yield Stroke((frame.at(begin, begin + shift), frame.at(end, end + shift)), ink, 1.2)


def _curve(frame: Frame, x: Values, y: Values, *, ink: Ink, width: float, faint: float = 1.0, name: str = "") -> Iterator[Mark]:
    """A line that breaks where it leaves the frame or does not exist; its name stands at its last point."""
    inside = np.isfinite(y) & (y >= frame.y[0]) & (y <= frame.y[1])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inside.astype(int), [0]])))
    for first, last in edges.reshape(-1, 2).tolist():
        points = tuple(frame.at(float(x[i]), float(y[i])) for i in range(first, last))
        if len(points) > 1:
            yield Stroke(points, ink, width, faint=faint)
    if name and inside.any():
        last = int(np.flatnonzero(inside)[-1])
        place = frame.at(float(x[last]), float(y[last]))
        yield Words(place[0] + 5, place[1] + 4, name, ink=ink, size=11.5, bold=width > 2)
