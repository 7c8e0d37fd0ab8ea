"""Plates: each chart of a page twice, for a desk and for a hand, with what of it must be explained beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from sattrack.reports.alarm_marks import Drawn, drawn_of
from sattrack.reports.canvas import THEMED, Drawing, Shape, svg
from sattrack.reports.charts import chart, model_changes, shapes_of
from sattrack.timeline import Alert, Count


@dataclass(frozen=True, slots=True)
class Plate:
    """A chart as SVG, wide and narrow."""

    wide: Markup
    narrow: Markup


@dataclass(frozen=True, slots=True)
class CountPlate:
    """A chart of counts. sensors: the shape of each class of sensor, where there are several; models: changes of model."""

    plate: Plate
    drawn: Drawn
    sensors: tuple[tuple[Shape, str], ...]
    models: int


def plate_of(wide: Drawing, narrow: Drawing, *, title: str) -> Plate:
    """Both drawings, named for those who do not see them."""
    return Plate(
        Markup(svg(replace(wide, title=title), colours=THEMED, css_class="wide")),
        Markup(svg(replace(narrow, title=title), colours=THEMED, css_class="narrow")),
    )


def count_plate(counts: Sequence[Count], alerts: Sequence[Alert], *, title: str) -> CountPlate | None:
    """A series' counts with their alerts; none where no scene has a date."""
    wide = chart(counts, width=820, height=320, alerts=alerts)
    narrow = chart(counts, width=350, height=280, alerts=alerts)
    if wide is None or narrow is None:
        return None
    shapes = shapes_of(counts)
    sensors = tuple((shape, name) for name, shape in shapes.items()) if len(shapes) > 1 else ()
    return CountPlate(plate_of(wide, narrow, title=title), drawn_of(alerts), sensors, len(model_changes(counts)))
