"""Telling: what the page of a benchmark says in words and numbers, and what its slider counts with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sattrack.bench.accuracy import Accuracy
from sattrack.bench.accuracy_wording import BAR_PCT, rate, signed
from sattrack.bench.figures import Figures
from sattrack.bench.summaries import Summary
from sattrack.bench.sweeps import STEPS, Sweep, sweep
from sattrack.phrases import first_of, some
from sattrack.reports.cells import clean, discreet
from sattrack.reports.wording import whole
from sattrack.results import ModelCard


@dataclass(frozen=True, slots=True)
class Line:
    """One detector on one set, as the table shows it. error: of the count, per cent; bar: (x, width) of -100 to 100."""

    detector: int
    found: str
    error: str
    bar: tuple[float, float]
    mae: str
    precision: str
    recall: str
    f1: str
    ap: tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class SetRow:
    """One set, or all together, with a line a detector."""

    name: str
    gsd: str
    pictures: str
    true: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One detector on all sets. key: the name of its colour in the style sheet. sha256: of the weights, or empty."""

    key: str
    name: str
    sha256: str
    trained: str
    threshold: str
    device: str
    found: str
    line: Line
    within_10: str


def told(summaries: Sequence[Summary], *, cards: Sequence[ModelCard | None]) -> tuple[Told, ...]:
    """What stands on top, a detector at a time."""
    names = names_of([summary.result for summary in summaries])
    return tuple(
        Told(
            key=f"d{i % 4 + 1}",
            name=name,
            sha256=card.sha256[:12] if card else "",
            trained=_trained(card) if card else "",
            threshold=f"{summary.total.threshold:g}",
            device=", ".join(sorted({clean(m.device) for m in summary.result.images if m.device})),
            found=whole(summary.total.at.found),
            line=_line(summary.total, i),
            within_10=f"{round(100 * summary.total.within_10)} %",
        )
        for i, (summary, card, name) in enumerate(zip(summaries, cards, names, strict=True))
    )


def names_of(results: Sequence[Accuracy]) -> list[str]:
    """A name for each detector; where weights stand twice, their thresholds tell them apart, and then their places."""
    ids = [clean(result.model_id) for result in results]
    with_threshold = [f"{one} from {r.threshold:g}" if ids.count(one) > 1 else one for one, r in zip(ids, results, strict=True)]
    return [f"{one} ({i})" if with_threshold.count(one) > 1 else one for i, one in enumerate(with_threshold, start=1)]


def set_rows(summaries: Sequence[Summary]) -> tuple[SetRow, ...]:
    """A row for each set by name, and the last for all of them together."""
    return tuple(
        SetRow(
            name=clean(several[0].name),
            gsd="–".join(dict.fromkeys(f"{v:.2f}" for v in several[0].gsd_m)),
            pictures=some(several[0].pictures, "picture"),
            true=whole(several[0].at.true),
            lines=tuple(_line(row, i) for i, row in enumerate(several)),
        )
        for several in zip(*((*one.sets, one.total) for one in summaries), strict=True)
    )


def scope(result: Accuracy) -> tuple[str, str]:
    """(what was scored, in a title; the same in a sentence)."""
    boxes, sizes = sum(len(m.image.truth) for m in result.images), [max(m.image.gsd_m) for m in result.images]
    sets = list(result.by_set())
    title = f"{some(boxes, 'labelled box', 'labelled boxes')} in {some(len(sets), 'set')}"
    pixels = " to ".join(dict.fromkeys(f"{v:.2f}" for v in (min(sizes), max(sizes))))
    return title, clean(f"{some(len(result.images), 'picture')} of {pixels} m a pixel: {first_of(sets, most=8)}.")


def sweeps(results: Sequence[Accuracy]) -> tuple[tuple[tuple[str, Sweep], ...], ...]:
    """For each detector the sweep of each set by name, and of all together, the last; at the same thresholds for all."""
    steps = sorted({*STEPS, *(result.threshold for result in results)})
    return tuple(
        tuple(
            (name, sweep([m.scored for m in own], thresholds=steps))
            for name, own in [*result.by_set().items(), ("all", result.images)]
        )
        for result in results
    )


def slider_values(results: Sequence[Accuracy], swept: Sequence[Sequence[tuple[str, Sweep]]]) -> dict[str, Any]:
    """What the page's script counts with: for each detector and set, boxes by threshold; sets as in set_rows."""
    steps = swept[0][0][1].thresholds.tolist()
    return {
        "steps": steps,
        "at": [steps.index(result.threshold) for result in results],
        "bar": BAR_PCT,
        "true": [one.true for _, one in swept[0]],
        "found": [[one.found.tolist() for _, one in sets] for sets in swept],
        "hits": [[one.hits.tolist() for _, one in sets] for sets in swept],
        "apart": [[one.apart.tolist() for _, one in sets] for sets in swept],
    }


def bar(error_pct: float) -> tuple[float, float]:
    """(x, width) of a bar from nought in the middle of -100 to 100."""
    if not math.isfinite(error_pct):
        return 0.0, 0.0
    long = max(-100.0, min(100.0, 100 * error_pct / BAR_PCT))
    return round(min(0.0, long), 2), round(abs(long), 2)


def _line(row: Figures, detector: int) -> Line:
    return Line(
        detector=detector,
        found=whole(row.at.found),
        error=signed(row.at.error_pct),
        bar=bar(row.at.error_pct),
        mae=rate(row.mae_pct, digits=1),
        precision=rate(row.at.precision),
        recall=rate(row.at.recall),
        f1=rate(row.at.f1),
        ap=(rate(row.ap30), rate(row.ap50), rate(row.ap50_95)),
    )


def _trained(card: ModelCard) -> str:
    """What the card says it was trained on, since figures on such sets flatter."""
    said = []
    for row in card.trained_on:
        name, without = row.get("name", ""), row.get("left_out", "")
        said.append(f"{name} without {without}" if without else name)
    return discreet("; ".join(filter(None, said)))
