"""Tables of accuracy: one detector in full, or several side by side, three to a table so that 100 columns hold them."""

import math
from collections.abc import Callable, Sequence

from sattrack.bench.accuracy import Accuracy
from sattrack.bench.bands import measured_bands
from sattrack.bench.figures import THRESHOLDS, Figures
from sattrack.bench.summaries import Summary
from sattrack.bench.tables import Table, shown

# Detectors that stand beside each other in one table.
ABREAST = 3
# The figures of detectors side by side: how far the count is off, per cent; whether boxes are right, whether they lie right.
_MAIN: tuple[tuple[str, Callable[[Figures], str]], ...] = (
    ("bias", lambda row: shown(row.at.error_pct, "+.1f")),
    ("F1", lambda row: shown(row.at.f1, ".2f")),
    ("AP50", lambda row: shown(row.ap50, ".3f")),
)


def count_tables(summary: Summary) -> tuple[Table, Table]:
    """How far counts are off: a row for each set and one for all; and a row for each stratum of whole pictures.

    right at: see Figures.right_threshold.
    """
    head, rows = _counts("set", (*summary.sets, summary.total))
    right = [f"{row.right_threshold:.2f}" for row in (*summary.sets, summary.total)]
    by_set = (*head, "right at"), [(*row, at) for row, at in zip(rows, right, strict=True)]
    return by_set, _counts("stratum", [one.figures for one in summary.strata if not one.of_boxes])


def box_tables(summary: Summary) -> tuple[Table, Table]:
    """Whether boxes are right: a row for each set and one for all; and a row for each stratum. Where it says no IoU, 0.3."""
    parts = [one.figures for one in summary.strata]
    return _boxes("set", (*summary.sets, summary.total)), _boxes("stratum", parts)


def total_table(summaries: Sequence[Summary]) -> Table:
    """A row for each figure of all pictures together, a column for each detector."""
    cells: list[tuple[str, Callable[[Figures], str]]] = [
        ("threshold", lambda row: f"{row.threshold:g}"),
        ("pictures", lambda row: str(row.pictures)),
        ("boxes labelled", lambda row: str(row.at.true)),
        ("boxes found", lambda row: str(row.at.found)),
        ("bias %", lambda row: shown(row.at.error_pct, "+.1f")),
        ("MAE, boxes a picture", lambda row: shown(row.mae, ".1f")),
        ("MAE %", lambda row: shown(row.mae_pct, ".1f")),
        ("pictures within 10 %", lambda row: shown(row.within_10, ".2f")),
        ("pictures of 50 and more within 15 %", lambda row: shown(row.within_15, ".2f")),
        ("precision", lambda row: shown(row.at.precision, ".3f")),
        ("recall", lambda row: shown(row.at.recall, ".3f")),
        ("F1", lambda row: shown(row.at.f1, ".3f")),
        ("AP30", lambda row: shown(row.ap30, ".3f")),
        ("AP50", lambda row: shown(row.ap50, ".3f")),
        ("AP50:95", lambda row: shown(row.ap50_95, ".3f")),
        ("would count right at (not used)", lambda row: f"{row.right_threshold:.2f}"),
    ]
    head = ("all sets", *(letter(i) for i in range(len(summaries))))
    rows = [(name, *(cell(one.total) for one in summaries)) for name, cell in cells]
    error = ("calibration error", *(shown(one.calibration.error, ".3f") for one in summaries))
    return head, [*rows, error]


def set_comparison(summaries: Sequence[Summary]) -> tuple[Table, ...]:
    """A row for each set and one for all, the main figures of each detector beside each other; bias in per cent."""
    rows = [{row.name: row for row in (*one.sets, one.total)} for one in summaries]
    labelled = {row.name: str(row.at.true) for one in summaries for row in (*one.sets, one.total)}
    return tuple(
        ((head[0], "boxes", *head[1:]), [(row[0], labelled[row[0]], *row[1:]) for row in rows])
        for head, rows in _side_by_side("set", rows)
    )


def strata_comparison(summaries: Sequence[Summary]) -> tuple[Table, ...]:
    """The same by stratum."""
    rows = [{one.figures.name: one.figures for one in summary.strata} for summary in summaries]
    return _side_by_side("stratum", rows)


def calibration_tables(summaries: Sequence[Summary]) -> tuple[Table, ...]:
    """A row for each bin of scores; for each detector its boxes, their mean score, and the share of them that is true."""
    tables = []
    for group in _abreast(summaries):
        lows = sorted({(one.low, one.high) for _, summary in group for one in summary.calibration.bins})
        head = ["score"]
        for mark, _ in group:
            head += [_titled(name, mark, summaries) for name in ("boxes", "mean", "true")]
        rows = []
        for low, high in lows:
            cells = [f"{low:.1f}-{high:.1f}"]
            for _, summary in group:
                own = next((one for one in summary.calibration.bins if one.low == low), None)
                cells += [str(own.boxes), f"{own.score:.2f}", f"{own.true:.2f}"] if own else ["0", "-", "-"]
            rows.append(tuple(cells))
        tables.append((tuple(head), rows))
    return tuple(tables)


def threshold_tables(summaries: Sequence[Summary]) -> tuple[Table, ...]:
    """A row for each of THRESHOLDS: what all pictures together would say from it on; the last column marks two of them."""
    tables = []
    for group in _abreast(summaries):
        names = ("found", "bias %", "MAE %", "precision", "recall", "F1") if len(summaries) == 1 else ("bias", "MAE %")
        head = ["threshold"]
        for mark, _ in group:
            head += [_titled(name, mark, summaries) for name in names]
        rows = [_threshold_row(i, group, names=names, alone=len(summaries) == 1) for i in range(len(THRESHOLDS))]
        tables.append(((*head, ""), rows))
    return tuple(tables)


def band_table(result: Accuracy) -> Table:
    """What the model card would hold: by pixel size and boxes found a hectare round a box."""
    head = ("GSD m", "boxes / ha", "boxes", "precision", "recall", "spread")
    rows: list[tuple[str, ...]] = []
    for band in measured_bands(result.images, threshold=result.threshold):
        rows.append(
            (
                f"{band['gsd_low']:.2f}-{band['gsd_high']:.2f}", f"{band['density_low']:.0f}-{band['density_high']:.0f}",
                f"{band['n']:.0f}", f"{band['precision']:.2f}", f"{band['recall']:.2f}", f"{band['spread']:.2f}",
            )
        )  # fmt: skip
    return head, rows


def letter(i: int) -> str:
    """A, B, ..., Z, then 27, 28, ...: how detectors side by side are called in the heads of columns."""
    return chr(ord("A") + i) if i < 26 else str(i + 1)


def _counts(what: str, rows: Sequence[Figures]) -> Table:
    head = (what, "pictures", "boxes", "found", "bias %", "MAE", "MAE %", "in 10 %", "in 15 %")
    return head, [
        (
            row.name, str(row.pictures), str(row.at.true), str(row.at.found), shown(row.at.error_pct, "+.1f"),
            shown(row.mae, ".1f"), shown(row.mae_pct, ".1f"), shown(row.within_10, ".2f"), shown(row.within_15, ".2f"),
        )
        for row in rows
    ]  # fmt: skip


def _boxes(what: str, rows: Sequence[Figures]) -> Table:
    head = (what, "GSD m", "boxes", "precision", "recall", "F1", "AP30", "AP50", "AP50:95")
    return head, [
        (
            row.name, _sizes(row), str(row.at.true), shown(row.at.precision, ".2f"), shown(row.at.recall, ".2f"),
            shown(row.at.f1, ".2f"), shown(row.ap30, ".3f"), shown(row.ap50, ".3f"), shown(row.ap50_95, ".3f"),
        )
        for row in rows
    ]  # fmt: skip


def _sizes(row: Figures) -> str:
    return "-".join(dict.fromkeys(f"{v:.2f}" for v in row.gsd_m))


def _abreast(summaries: Sequence[Summary]) -> list[list[tuple[str, Summary]]]:
    marked = [(letter(i), one) for i, one in enumerate(summaries)]
    return [marked[i : i + ABREAST] for i in range(0, len(marked), ABREAST)]


def _titled(name: str, mark: str, summaries: Sequence[Summary]) -> str:
    return name if len(summaries) == 1 else f"{mark} {name}"


def _side_by_side(what: str, rows: Sequence[dict[str, Figures]]) -> tuple[Table, ...]:
    names = list(dict.fromkeys(name for one in rows for name in one))
    tables = []
    for first in range(0, len(rows), ABREAST):
        group = rows[first : first + ABREAST]
        marks = [letter(first + i) for i in range(len(group))]
        head = (what, *(f"{mark} {title}" for mark in marks for title, _ in _MAIN))
        tables.append((head, [(name, *_compared(name, group)) for name in names]))
    return tuple(tables)


def _compared(name: str, group: Sequence[dict[str, Figures]]) -> list[str]:
    return [cell(one[name]) if name in one else "-" for one in group for _, cell in _MAIN]


def _threshold_row(i: int, group: Sequence[tuple[str, Summary]], *, names: Sequence[str], alone: bool) -> tuple[str, ...]:
    cells: list[str] = []
    marks: dict[str, list[str]] = {"used": [], "right": []}
    for mark, summary in group:
        one = summary.total.swept[i]
        told = {
            "found": str(one.at.found),
            "bias %": shown(one.at.error_pct, "+.1f"),
            "bias": shown(one.at.error_pct, "+.1f"),
            "MAE %": shown(one.mae_pct, ".1f"),
            "precision": shown(one.at.precision, ".2f"),
            "recall": shown(one.at.recall, ".2f"),
            "F1": shown(one.at.f1, ".2f"),
        }
        cells += [told[name] for name in names]
        if math.isclose(one.threshold, summary.result.threshold):
            marks["used"].append(mark)
        if one.threshold == summary.total.right_threshold:
            marks["right"].append(mark)
    notes = [name if alone else " ".join([name, *whose]) for name, whose in marks.items() if whose]
    return (f"{THRESHOLDS[i]:.2f}", *cells, ", ".join(notes))
