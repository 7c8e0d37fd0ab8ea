"""Coverage: how often the intervals on counts hold what was labelled, and how wide they are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import binom

from sattrack.bench.accuracy import Measured
from sattrack.bench.bands import BARE, Point, bands_of, point_of
from sattrack.results import ModelCard
from sattrack.steps.estimating import interval_for, likely, nearest_band

# What intervals at 90 % are held to: shares of pictures, and half-width over count from so many boxes on.
LEAST_COVERED, MOST_COVERED, WIDEST, ENOUGH_BOXES = 0.85, 0.97, 0.20, 50
UNMEASURED = "no band"
# Below this probability a share is not what chance made of one that meets the target.
_CHANCE = 0.05


@dataclass(frozen=True, slots=True)
class Judged:
    """One picture, or several as one count, against its interval. band: a name of a row of the card, UNMEASURED outside all.

    middle: what the interval takes the truth to be, before it is stretched to hold the count.
    """

    name: str
    dataset: str
    band: str
    true: int
    found: int
    low: float
    high: float
    middle: float

    @property
    def held(self) -> bool:
        return self.low <= self.true <= self.high

    @property
    def blank(self) -> bool:
        """Nothing stands there and nothing was found: an interval is no feat."""
        return self.true == 0 and self.found == 0

    @property
    def half_width(self) -> float:
        """Over the count; NaN where nothing was found."""
        return (self.high - self.low) / 2 / self.found if self.found else math.nan


@dataclass(frozen=True, slots=True)
class Coverage:
    """Intervals of several pictures that are not blank; NaN where there is no such picture.

    covered: share that holds the labelled number. half_width: median over the count, of pictures with ENOUGH_BOXES labelled;
    wide: how many those are. error: boxes found over labelled, less one. middle_error: the same of the intervals' middles.
    """

    name: str
    pictures: int
    boxes: int
    covered: float
    wide: int
    half_width: float
    error: float
    middle_error: float

    @property
    def verdict(self) -> str:
        """met, missed and how, or open: the share held lies outside the target, as chance may have it with so few pictures."""
        if not self.pictures:
            return "-"
        held = round(self.covered * self.pictures)
        outside = not LEAST_COVERED <= self.covered <= MOST_COVERED
        faults = {
            "low": outside and binom.cdf(held, self.pictures, LEAST_COVERED) < _CHANCE,
            "high": outside and binom.sf(held - 1, self.pictures, MOST_COVERED) < _CHANCE,
            "wide": self.half_width > WIDEST,
        }
        missed = [name for name, there in faults.items() if there]
        return f"missed: {', '.join(missed)}" if missed else "open" if outside else "met"


@dataclass(frozen=True, slots=True)
class Intervals:
    """Judged intervals of pictures, and of sets as one count each where there are several pictures of a set."""

    title: str
    card: ModelCard
    pictures: tuple[Judged, ...]
    sets: tuple[Judged, ...] = ()

    def rows(self) -> tuple[Coverage, ...]:
        """A row for each band, of pictures where boxes stand; for all of these; for sets; for pictures where none stands.

        An interval on what look-alikes give grows with them, and holds nought only where most are faint: they would hide how
        well boxes are counted, so they stand apart. Pictures without any box where none was found are in no row.
        """
        rows = [*by_band([j for j in self.pictures if j.true], card=self.card)]
        if self.sets:
            rows.append(covered(self.sets, name="sets, each as one count"))
        empty = [j for j in self.pictures if not j.true and not j.blank]
        if empty:
            rows.append(covered(empty, name="no box stands there, some found"))
        return tuple(rows)


def band_name(row: dict[str, float]) -> str:
    """A row of a card as people read it."""
    return f"{row['gsd_low']:.2f}-{row['gsd_high']:.2f} m, {row['density_low']:.0f}-{row['density_high']:.0f} /ha"


def judge(points: Sequence[Point], *, card: ModelCard, bands: ModelCard | None = None) -> Judged:
    """The interval on the count of all these pictures together, by the card. bands: the card whose bands give the name.

    Their boxes are pooled as a site's are; the coarsest pixel size counts, and the crowding of all boxes on average.
    """
    found = sum(p.at.found for p in points)
    density = float(np.average([p.density for p in points], weights=[p.at.found for p in points])) if found else 0.0
    gsd_m = max(p.gsd_m for p in points)
    surest = max((float(p.measured.scored.scores.max(initial=0.0)) for p in points), default=0.0)
    interval = interval_for(found, card=card, gsd_m=gsd_m, density=density, faint=sum(p.faint for p in points), surest=surest)
    row, _ = nearest_band(card, gsd_m=gsd_m, density=density)
    named, inside = nearest_band(bands or card, gsd_m=gsd_m, density=density)
    image = points[0].measured.image
    return Judged(
        image.name if len(points) == 1 else image.dataset, image.dataset,
        band_name(named) if named and inside else UNMEASURED, sum(p.at.true for p in points), found,
        math.nan if interval.low is None else interval.low, math.nan if interval.high is None else interval.high,
        likely(found, band=row) if row else math.nan,
    )  # fmt: skip


def judge_each(measured: Sequence[Measured], *, card: ModelCard, threshold: float) -> tuple[Judged, ...]:
    """Each picture by one card."""
    return tuple(judge([point_of(m, threshold=threshold)], card=card) for m in measured)


def judge_left_out(measured: Sequence[Measured], *, threshold: float) -> Intervals:
    """Each picture, and each set as one count, by bands from the other sets only; named by the bands of all.

    None is judged where there is but one set: there are no others.
    """
    points = [point_of(m, threshold=threshold) for m in measured]
    bands = replace(BARE, measured=bands_of(points))
    pictures: list[Judged] = []
    sets: list[Judged] = []
    names = sorted({_set(p) for p in points})
    for name in names if len(names) > 1 else ():
        own = [p for p in points if _set(p) == name]
        card = replace(BARE, measured=bands_of([p for p in points if _set(p) != name]))
        pictures += [judge([p], card=card, bands=bands) for p in own]
        sets.append(judge(own, card=card, bands=bands))
    return Intervals("labelled sets, each judged by the others", bands, tuple(pictures), tuple(sets))


def _set(point: Point) -> str:
    return point.measured.image.dataset


def covered(judged: Sequence[Judged], *, name: str) -> Coverage:
    """The figures of any pictures, pooled."""
    full = [j for j in judged if not j.blank]
    wide = [j.half_width for j in full if j.true >= ENOUGH_BOXES and j.found]
    true = sum(j.true for j in full)
    return Coverage(
        name=name,
        pictures=len(full),
        boxes=true,
        covered=_mean([j.held for j in full]),
        wide=len(wide),
        half_width=float(np.median(wide)) if wide else math.nan,
        error=sum(j.found for j in full) / true - 1 if true else math.nan,
        middle_error=sum(j.middle for j in full) / true - 1 if true else math.nan,
    )


def by_band(judged: Sequence[Judged], *, card: ModelCard) -> tuple[Coverage, ...]:
    """A row for each band of the card, one for pictures outside all where there are any, and one for all, named `all`."""
    names = [band_name(row) for row in card.measured]
    if any(j.band == UNMEASURED for j in judged):
        names.append(UNMEASURED)
    rows = [covered([j for j in judged if j.band == name], name=name) for name in names]
    return (*rows, covered(judged, name="all"))


def interval_coverage(measured: Sequence[Measured], *, threshold: float) -> dict[str, float]:
    """How often a 90 % interval holds the labelled number, each set judged by bands from the other sets only: see shares."""
    return shares(judge_left_out(measured, threshold=threshold))


def shares(judged: Intervals) -> dict[str, float]:
    """pictures and sets: shares covered of those that are not blank; half_width: mean over the pictures, over their count."""
    return {
        "pictures": _mean([j.held for j in judged.pictures if not j.blank]),
        "sets": _mean([j.held for j in judged.sets if not j.blank]),
        "half_width": _mean([j.half_width for j in judged.pictures if j.found]),
    }


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else math.nan
