"""Tables: what a benchmark found as rows for a terminal, as Markdown for the pages, and as plain values for JSON."""

import math
from collections.abc import Sequence

from sattrack.bench.emptiness import Empty
from sattrack.phrases import some

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


def empty_table(found: Sequence[Empty]) -> Table:
    """A row for each folder, and one for all together; each names its worst picture.

    no sure box: pictures with boxes of which a count would say so, and the boxes in them.
    """
    head = ("folder", "pictures", "km2 seen", "false boxes", "per km2", "without any", "no sure box", "worst")
    rows: list[tuple[str, ...]] = []
    lots = [(name, [one for one in found if one.folder == name]) for name in dict.fromkeys(one.folder for one in found)]
    for name, own in [*lots, ("all", found)]:
        km2, boxes = sum(one.km2 for one in own), sum(one.false_boxes for one in own)
        clean = sum(one.false_boxes == 0 for one in own)
        doubted = [one.false_boxes for one in own if one.doubted]
        worst = max(own, key=lambda one: (one.false_boxes, one.name))
        rows.append(
            (
                name, str(len(own)), f"{km2:.2f}", str(boxes), shown(boxes / km2 if km2 else None, ".1f"), str(clean),
                f"{len(doubted)} ({some(sum(doubted), 'box', 'boxes')})", f"{worst.name} ({worst.false_boxes})",
            )
        )  # fmt: skip
    return head, rows


def markdown(table: Table) -> str:
    """A table as Markdown."""
    head, rows = table
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def shown(value: float | None, spec: str) -> str:
    """A number as a cell; a dash for none and for what is not finite."""
    return format(value, spec) if value is not None and math.isfinite(value) else "-"


def finite(value: float | None) -> float | None:
    """A number as JSON holds it, to four places; none for what is not finite."""
    return round(value, 4) if value is not None and math.isfinite(value) else None
