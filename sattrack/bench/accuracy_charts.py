"""Charts: what the page of a benchmark draws, a panel a detector, as SVG."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sattrack.bench.plots import (
    Frame,
    calibration_plot,
    count_range,
    error_plot,
    rates_plot,
    scatter_plot,
    strata_plot,
    threshold_frame,
)
from sattrack.bench.strata import Stratum
from sattrack.bench.summaries import Summary
from sattrack.bench.sweeps import Sweep
from sattrack.reports.canvas import THEMED, Drawing, svg

# One or two panels stand wide on a desk; three and more are drawn small at once, and so they are for a hand.
_WIDE, _NARROW = (520.0, 340.0), (350.0, 290.0)
_SCATTER = (
    "A dot a picture, at the threshold in use, on logarithmic scales. On the middle line the count is right; the others are 10 "
    "and 20 % off."
)
_ERRORS = (
    "Bold: all pictures together. Thin: each set. Where there are several, the line “mean, unsigned” is the mean of the sets’ "
    "errors without sign. Upright: the threshold."
)
_RATES = "All boxes together, right where they overlap a label from an IoU of 0.3 on. Upright: the threshold."
_RIGHT = (
    "Boxes by tenths of their score, larger discs for more boxes, against the share of them that are containers. Under the "
    "diagonal, scores promise more than they keep."
)

_PARTS = (
    "The fine lines stand at 20 % of count error. Density: labelled boxes a hectare round a box. Heading: of a box’s long "
    "side, clockwise from up; it parts boxes, all else parts pictures. The sun stands here only where the sets say it."
)


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart of one detector, once, or for a desk and for a hand."""

    detector: int
    drawn: tuple[Markup, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """One kind of chart, a panel a detector, with what must be known to read it."""

    title: str
    note: str
    panels: tuple[Panel, ...]


def charts_of(summaries: Sequence[Summary], swept: Sequence[Sequence[tuple[str, Sweep]]]) -> tuple[Chart, ...]:
    """All charts. swept: of each detector the sets by name, and all of them together, the last."""
    sizes = (_WIDE, _NARROW) if len(summaries) <= 2 else (_NARROW,)
    results = [summary.result for summary in summaries]
    span = count_range(results)

    def panels(draw: Callable[[int, float, float], Drawing], *, errors: bool | None = None) -> tuple[Panel, ...]:
        return tuple(
            Panel(i, _drawn([draw(i, *size) for size in sizes], at=result.threshold, errors=errors))
            for i, result in enumerate(results)
        )

    charts = (
        Chart(
            "Counts, picture by picture", _SCATTER,
            panels(lambda i, w, h: scatter_plot(results[i], span=span, width=w, height=h)),
        ),
        Chart(
            "Count error by threshold", _ERRORS,
            panels(lambda i, w, h: error_plot(swept[i][-1][1], sets=swept[i][:-1], width=w, height=h), errors=True),
        ),
        Chart(
            "Right and wrong boxes by threshold", _RATES,
            panels(lambda i, w, h: rates_plot(swept[i][-1][1], width=w, height=h), errors=False),
        ),
        Chart(
            "Is a score a probability?", _RIGHT,
            panels(lambda i, w, h: calibration_plot(summaries[i].calibration, width=w, height=h)),
        ),
    )  # fmt: skip
    parts = [_telling(summary.strata) for summary in summaries]
    if not any(parts):
        return charts
    return (*charts, Chart("By kind of picture", _PARTS, panels(lambda i, w, _: strata_plot(parts[i], width=w))))


def _telling(parts: Sequence[Stratum]) -> list[Stratum]:
    """Without what holds no box, and without what parts nothing: what no set says, or what is the same in all pictures."""
    parts = [one for one in parts if one.figures.at.true or one.figures.at.found]
    several = {by for by, own in itertools.groupby(parts, key=lambda one: one.by) if len(list(own)) > 1}
    return [one for one in parts if one.by in several]


def _drawn(drawings: Sequence[Drawing], *, at: float, errors: bool | None) -> tuple[Markup, ...]:
    """errors: of which frame over thresholds the drawings are, or none; these get a line that the page moves."""
    classes = ("wide", "narrow") if len(drawings) > 1 else ("only",)
    made = []
    for drawing, name in zip(drawings, classes, strict=True):
        text = svg(drawing, colours=THEMED, css_class=name)
        if errors is not None:
            text = text.removesuffix("</svg>") + _cursor(threshold_frame(drawing.width, drawing.height, errors=errors), at=at)
        made.append(Markup(text))
    return tuple(made)


def _cursor(frame: Frame, *, at: float) -> str:
    place = f'd="M0 {frame.top:g}V{frame.base:g}" transform="translate({frame.across(at):.2f} 0)"'
    span = f'data-left="{frame.across(0):.2f}" data-right="{frame.across(1):.2f}"'
    return f'<path class="cursor" {place} {span}/></svg>'
