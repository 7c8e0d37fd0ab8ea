"""Carding: what was measured on places that weights never saw, written into their model card and onto its page."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sattrack import wiring
from sattrack.bench.accuracy import Measured, figures, measure
from sattrack.bench.coverage import Intervals, judge_left_out
from sattrack.bench.figures import THRESHOLDS, Figures
from sattrack.bench.folds import read_folds
from sattrack.bench.tables import markdown
from sattrack.results import ModelCard
from sattrack.settings import Settings


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Figures on sets that the weights which made them never saw. intervals: each set judged by the others' bands."""

    rows: tuple[Figures, ...]
    by: dict[str, str]
    whole: Figures
    intervals: Intervals

    @property
    def set_error_pct(self) -> dict[float, float]:
        """Mean absolute count error of a set at each of THRESHOLDS, per cent: by this a card's threshold is chosen.

        Of the sets that hold boxes; NaN where none does.
        """
        errors = [row.error_pct for row in self.rows if row.at.true]
        return {t: sum(abs(one[t]) for one in errors) / len(errors) if errors else math.nan for t in THRESHOLDS}


def measure_held_out(folds: Sequence[Path], *, data: Path, threshold: float, settings: Settings) -> HeldOut:
    """Each fold's weights on the sets that their card says they never saw, at one threshold, pooled.

    data, and what it raises: see read_folds.
    """
    measured: list[Measured] = []
    by: dict[str, str] = {}
    for fold in read_folds(folds, data=data, careful=settings.careful):
        model = wiring.Model(str(fold.weights), careful=settings.careful)
        measured += measure(fold.images, model=model, threshold=threshold, settings=settings).images
        by |= dict.fromkeys((image.dataset for image in fold.images), fold.card.id)
    rows = tuple(
        figures([m for m in measured if m.image.dataset == name], name=name, threshold=threshold) for name in sorted(by)
    )
    whole = figures(measured, name="all", threshold=threshold)
    return HeldOut(rows, by, whole, judge_left_out(measured, threshold=threshold))


def carded(card: ModelCard, held_out: HeldOut, *, threshold: float, careful: bool = False) -> ModelCard:
    """The card with the threshold, the bands and a row of figures for each set; careful: as those of several views."""
    rows = [_row(row, by=held_out.by[row.name]) for row in held_out.rows]
    figures, bands = (*rows, _row(held_out.whole, by="each set by its fold")), held_out.intervals.card.measured
    if careful:
        return replace(card, threshold_careful=threshold, measured_careful=bands, figures_careful=figures)
    return replace(card, threshold=threshold, measured=bands, figures=figures)


def _row(row: Figures, *, by: str) -> dict[str, object]:
    return {
        "set": row.name, "gsd_m": round(row.gsd_m[1], 3), "pictures": row.pictures, "boxes": row.at.true, "found": row.at.found,
        "count_error_pct": round(row.at.error_pct, 1), "precision": round(row.at.precision, 3),
        "recall": round(row.at.recall, 3), "ap30": round(row.ap[0], 3), "ap50": round(row.ap[1], 3), "measured_with": by,
    }  # fmt: skip


def card_page(card: ModelCard) -> str:
    """The card as a page of Markdown."""
    lines = [f"# {card.name}", "", card.description, ""]
    lines += [
        f"- id `{card.id}`, sha256 `{card.sha256}`",
        f"- classes: {', '.join(card.classes)}; oriented boxes: {'yes' if card.oriented else 'no'}",
        f"- pixels of {card.gsd_m:g} m, tiles of {card.tile_px} px, each scene stretched per channel from its "
        f"{card.percentiles[0]:g} to its {card.percentiles[1]:g} % percentile",
        f"- boxes are counted from a score of {card.threshold:g}{_with_careful(card)}",
        f"- licence of the weights: {card.licence}",
        "",
        "## Trained on",
        "",
    ]
    sources: list[tuple[str, ...]] = [
        (s.get("name", ""), _kind(s), _never_seen(s), s.get("terms", "")) for s in card.trained_on
    ]
    lines.append(markdown((("source", "kind", "never seen", "terms"), sources)))
    lines += _section("Measured on places not seen", card.figures, cell=str)
    lines += _section("Bands, from which intervals are made", card.measured, cell="{:g}".format)
    lines += _section("Measured on places not seen, with `--careful`", card.figures_careful, cell=str)
    lines += _section("Bands with `--careful`", card.measured_careful, cell="{:g}".format)
    lines += _section("Exports, held against the weights: costs in points of AP, counts in per cent", card.exports, cell=str)
    return "\n".join(lines) + "\n"


def _with_careful(card: ModelCard) -> str:
    return "" if card.threshold_careful is None else f", with `--careful` from {card.threshold_careful:g}"


def _section(title: str, rows: Sequence[Mapping[str, object]], *, cell: Callable[[Any], str]) -> list[str]:
    """A heading and a table, with a dash for a number that does not exist; nothing where there are no rows."""
    if not rows:
        return []
    head = tuple(dict.fromkeys(name for row in rows for name in row))
    cells = [tuple("-" if _is_none(row.get(name)) else cell(row[name]) for name in head) for row in rows]
    return ["", f"## {title}", "", markdown((tuple(name.replace("_", " ") for name in head), cells))]


def _is_none(value: object) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def _kind(source: Mapping[str, str]) -> str:
    """labelled (coco), where the format is known."""
    return f"{source.get('kind', '')} ({source['format']})" if source.get("format") else source.get("kind", "")


def _never_seen(source: Mapping[str, str]) -> str:
    """Sets, and pictures of the sets that were seen."""
    return ", ".join(said for said in (source.get("left_out"), source.get("pictures_left_out")) if said)
