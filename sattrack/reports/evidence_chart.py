"""The chart of an evidence pack: its series, with the alert told from others that the chart shows."""

from dataclasses import replace

from sattrack.reports.canvas import Dot, Drawing, Mark, Words
from sattrack.reports.cells import clean
from sattrack.reports.charts import chart
from sattrack.reports.evidence_case import Case


def series_chart(case: Case, *, width: float, height: float, title: str = "", legend: bool = False) -> Drawing | None:
    """The counts of the series with what was expected, and a word at the alert's own triangle; none without a date."""
    drawn = chart(case.counts, width=width, height=height, title=title, legend=legend, alerts=case.alerts)
    if drawn is None:
        return None
    own = clean(case.alert.sentence)
    words: list[Mark] = [
        Words(mark.x, mark.y + (-10 if mark.shape == "up" else 20), "this alert", ink="warn", anchor="middle", bold=True)
        for mark in drawn.marks
        if isinstance(mark, Dot) and mark.shape in ("up", "down") and mark.tip == own
    ]
    return replace(drawn, marks=(*drawn.marks, *words))
