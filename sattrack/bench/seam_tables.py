"""Figures of seams and shifts, and their tables for a terminal and as plain values for JSON."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sattrack.bench.scoring import Tally
from sattrack.bench.seams import AWAY, EDGE, MOST_BOXES, MOST_SHIFT, NEAR, Laid, Reading, Seams, always_found
from sattrack.bench.tables import Table, finite, shown


@dataclass(frozen=True, slots=True)
class Shifted:
    """One picture's counts under every grid, and how many of all things found were found under every grid."""

    name: str
    counts: tuple[int, ...]
    always: int
    things: int

    @property
    def spread(self) -> float:
        """Most less least, over the mean; NaN where nothing was found."""
        mean = float(np.mean(self.counts))
        return (max(self.counts) - min(self.counts)) / mean if mean else math.nan

    @property
    def deviation(self) -> float:
        """Standard deviation over the mean; NaN where nothing was found."""
        mean = float(np.mean(self.counts))
        return float(np.std(self.counts, ddof=1)) / mean if mean else math.nan

    @property
    def lawful(self) -> bool:
        """Whether no grid's count is further from the mean than MOST_SHIFT of it, or MOST_BOXES."""
        mean = float(np.mean(self.counts))
        return max(abs(count - mean) for count in self.counts) <= max(MOST_SHIFT * mean, MOST_BOXES)


def place_tally(readings: Iterable[Reading], *, place: int) -> Tally:
    """Boxes labelled, found and hit in NEAR, AWAY or EDGE places, over any readings. A hit lies where its label lies."""
    true = found = hits = 0
    for r in readings:
        true += int((r.true_lies == place).sum())
        # A box that claims a label near a border is near it, even where its own middle is a hand's breadth away.
        claimed = r.claims >= 0
        lies = np.where(claimed, r.true_lies[r.claims], r.lies) if len(r.true_lies) else r.lies
        found += int((lies == place).sum())
        hits += int((claimed & (lies == place)).sum())
    return Tally(true, found, hits)


def ground(pictures: Sequence[Laid], *, place: int) -> tuple[int, int]:
    """Boxes found in NEAR, AWAY or EDGE places under all grids; and those of the wide reading on the same ground each time."""
    every = [r for p in pictures for r in p.shifts]
    return sum(int((r.lies == place).sum()) for r in every), sum(int((r.wide_lies == place).sum()) for r in every)


def seam_error(pictures: Sequence[Laid]) -> float:
    """What borders take from a count or add to it, per cent; NaN where the wide reading found nothing near, or elsewhere.

    The count near borders over that of the same ground under far more overlap, less the same for ground elsewhere: how hard the
    ground is to count falls out.
    """
    (near, near_wide), (away, away_wide) = (ground(pictures, place=place) for place in (NEAR, AWAY))
    return 100 * (near / near_wide - away / away_wide) if near_wide and away_wide else math.nan


def jackknife(pictures: Sequence[Laid], *, figure: Callable[[Sequence[Laid]], float]) -> float:
    """Standard error of a figure by leaving out each picture in turn (Quenouille 1956, Tukey 1958); NaN below two."""
    n = len(pictures)
    if n < 2:
        return math.nan
    each = np.array([figure([*pictures[:i], *pictures[i + 1 :]]) for i in range(n)])
    return float(np.sqrt((n - 1) / n * ((each - each.mean()) ** 2).sum()))


def shifted(seams: Seams) -> tuple[Shifted, ...]:
    """A row for each picture, and at the end all of them together, named `all`."""
    rows = [
        Shifted(p.image.name, tuple(len(r.found) for r in p.shifts), *always_found([r.found for r in p.shifts]))
        for p in seams.pictures
    ]
    whole = tuple(int(sum(column)) for column in zip(*(row.counts for row in rows), strict=True))
    return (*rows, Shifted("all", whole, sum(row.always for row in rows), sum(row.things for row in rows)))


def seam_table(seams: Seams) -> Table:
    """Where boxes lie against how they are found, over all grids; and the reading with far more overlap."""
    head = ("boxes", "labelled", "found", "count error %", "precision", "recall", "against far more overlap %")
    normal, wide = seams.overlap_m
    every = [r for p in seams.pictures for r in p.shifts]
    lots = [
        ("within their length of a tile border", place_tally(every, place=NEAR), ground(seams.pictures, place=NEAR)),
        ("elsewhere", place_tally(every, place=AWAY), ground(seams.pictures, place=AWAY)),
        ("at the picture's edge", place_tally(every, place=EDGE), ground(seams.pictures, place=EDGE)),
        (f"all, tiles overlapping by {normal:g} m", _all(every), _both(seams.pictures)),
        (f"all, tiles overlapping by {wide:g} m", _all([p.wide for p in seams.pictures]), (1, 1)),
    ]
    return head, [
        (
            name, str(t.true), str(t.found), shown(t.error_pct, "+.2f"), shown(t.precision, ".4f"), shown(t.recall, ".4f"),
            shown(100 * (own / theirs - 1) if theirs else math.nan, "+.2f"),
        )
        for name, t, (own, theirs) in lots
    ]  # fmt: skip


def shift_table(rows: Sequence[Shifted]) -> Table:
    """Counts of the same ground under every grid."""
    head = ("picture", "counts", "most - least %", "deviation %", "found under every grid", "held")
    return head, [
        (
            row.name, " ".join(map(str, row.counts)), shown(100 * row.spread, ".2f"), shown(100 * row.deviation, ".2f"),
            shown(row.always / row.things if row.things else math.nan, ".1%"), "yes" if row.lawful else "no",
        )
        for row in rows
    ]  # fmt: skip


def verdicts(seams: Seams, rows: Sequence[Shifted]) -> tuple[str, ...]:
    """What the tables come to, a sentence each."""
    each, whole = rows[:-1], rows[-1]
    error, unsure = seam_error(seams.pictures), jackknife(seams.pictures, figure=seam_error)
    wide = sum(len(p.wide.found) for p in seams.pictures)
    mean = float(np.mean(whole.counts))
    lawful = sum(row.lawful for row in each)
    spreads = [row.spread for row in each if math.isfinite(row.spread)]
    middle = 100 * float(np.median(spreads)) if spreads else math.nan
    return (
        f"seam error: {shown(error, '+.2f')} % of the count near borders, standard error {shown(unsure, '.2f')} over pictures",
        f"far more overlap changes the whole count by {shown(100 * (wide / mean - 1) if mean else math.nan, '+.2f')} %",
        f"shift error: the count of a picture varies by {shown(middle, '.2f')} % (median of most - least), "
        f"that of all by {shown(100 * whole.spread, '.2f')} %; in {lawful} of {len(each)} pictures "
        f"within {MOST_SHIFT:.0%} or {MOST_BOXES} boxes of the mean",
    )


def seam_values(seams: Seams) -> dict[str, Any]:
    """All figures as JSON holds them; a number that does not exist is null."""
    every = [r for p in seams.pictures for r in p.shifts]
    rows = shifted(seams)
    places = {"near": NEAR, "elsewhere": AWAY, "edge": EDGE}
    return {
        "model_id": seams.model_id,
        "threshold": seams.threshold,
        "shifts_m": [[round(v, 3) for v in shift] for shift in seams.shifts_m],
        "overlap_m": list(seams.overlap_m),
        "places": {name: _values(place_tally(every, place=place)) for name, place in places.items()}
        | {"all": _values(_all(every)), "wide": _values(_all([p.wide for p in seams.pictures]))},
        "same_ground": {name: list(ground(seams.pictures, place=place)) for name, place in places.items()},
        "seam_error_pct": finite(seam_error(seams.pictures)),
        "seam_error_standard_error_pct": finite(jackknife(seams.pictures, figure=seam_error)),
        "shifts": [
            {
                "name": row.name, "counts": list(row.counts), "spread": finite(row.spread), "deviation": finite(row.deviation),
                "always": row.always, "things": row.things, "held": row.lawful,
            }
            for row in rows
        ],
    }  # fmt: skip


def _all(readings: Sequence[Reading]) -> Tally:
    each = [place_tally(readings, place=place) for place in (NEAR, AWAY, EDGE)]
    return Tally(sum(t.true for t in each), sum(t.found for t in each), sum(t.hits for t in each))


def _both(pictures: Sequence[Laid]) -> tuple[int, int]:
    own, wide = zip(*(ground(pictures, place=place) for place in (NEAR, AWAY, EDGE)), strict=True)
    return sum(own), sum(wide)


def _values(at: Tally) -> dict[str, Any]:
    return {
        "labelled": at.true, "found": at.found, "hits": at.hits, "count_error_pct": finite(at.error_pct),
        "precision": finite(at.precision), "recall": finite(at.recall),
    }  # fmt: skip
