"""Bands of the reader of cover: from what it read of known ground to intervals for ground that nobody knows."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.stats import t

from sattrack.bench.cover import Footprint, Record
from sattrack.covers import CoverCard
from sattrack.steps.covering import LEAST_RATIO_M2, LEVEL, area_of, boxes_of

# Pixel sizes, metres, within which records are pooled; the first and last edges are those of what is read for area.
BAND_EDGES_M = (1.2, 2.0, 3.2, 5.0)
_FALSE_SHARE = 0.95
# Ground with less cover tells, as empty ground does, how much is read where none is: lorries, trailers and huts stand there.
_SPARSE = 0.1


@dataclass(frozen=True, slots=True)
class Held:
    """How often intervals hold. area: true area within, boxes: labelled boxes within; width: median half of high less low, by
    area, of those with LEAST_RATIO_M2; error: sums of area over true less one; mean_error: of pictures, absolute."""

    name: str
    records: int
    pictures: int
    area: float
    boxes: float
    half_width: float
    error: float
    read_error: float
    mean_error: float


def measured_bands(records: Sequence[Record], *, empty: Sequence[Record]) -> tuple[dict[str, float], ...]:
    """A row for each band of pixel sizes, in colour and in gray.

    ratio: true by read area of a place, the geometric mean over places. low and high: bounds of the same for one picture of a
    place not seen, by Student's t: the variance between places, that of their mean, and that within places. false_m2_ha: cover
    read for nothing on a hectare of bare ground, which 0.95 stay under of the empty pictures, and of the labelled ones with
    hardly a box.
    """
    rows = []
    for low, high, gray in ((*edge, gray) for edge in _edges() for gray in (False, True)):
        of_places: dict[str, list[float]] = {}
        for one in records:
            if low <= one.gsd_m < high and one.gray == gray and one.true >= LEAST_RATIO_M2:
                of_places.setdefault(one.place, []).append(math.log(one.true / max(one.read, 1.0)))
        false = [
            _read_for_nothing([one for one in some if low <= one.gsd_m < high and one.gray == gray])
            for some in (empty, [one for one in records if one.true < _SPARSE * one.seen])
        ]
        if len(of_places) < 3 or false[0] is None:
            continue
        means = np.array([np.mean(ratios) for ratios in of_places.values()])
        within = float(np.mean([np.var(ratios) for ratios in of_places.values()]))
        places = len(means)
        spread = math.sqrt(float(means.var(ddof=1)) * (1 + 1 / places) + within)
        reach = float(t.ppf(0.5 + LEVEL / 2, places - 1)) * spread
        middle = float(means.mean())
        rows.append(
            {
                "gsd_low": low, "gsd_high": high, "gray": float(gray), "ratio": round(math.exp(middle), 4),
                "low": round(math.exp(middle - reach), 4), "high": round(math.exp(middle + reach), 4),
                "false_m2_ha": round(max(rate for rate in false if rate is not None), 1),
                "records": sum(map(len, of_places.values())), "places": places,
            }
        )  # fmt: skip
    return tuple(rows)


def _read_for_nothing(records: Sequence[Record]) -> float | None:
    """Of pictures' medians the rate, square metres a hectare, that a new one stays under with a chance of 0.95: the highest of
    them where they are under 19 (Vovk's conformal bound)."""
    of_pictures: dict[tuple[str, str], list[float]] = {}
    for one in records:
        rate = max(0.0, one.read - one.true) / (one.seen - one.true) * 1e4
        of_pictures.setdefault((one.place, one.picture), []).append(rate)
    if not of_pictures:
        return None
    rates = sorted(float(np.median(some)) for some in of_pictures.values())
    return rates[min(len(rates), math.ceil((len(rates) + 1) * _FALSE_SHARE)) - 1]


def footprint_range(footprints: Sequence[Footprint]) -> tuple[float, float]:
    """The least and most ground of one box over the sets: from mostly short boxes to mostly long ones."""
    sizes = [one.m2 for one in footprints]
    return round(min(sizes), 1), round(max(sizes), 1)


def held_by_folds(
    records: Sequence[Record], *, empty: Sequence[Record], folds: Mapping[str, Sequence[str]], card: CoverCard
) -> list[tuple[Record, CoverCard]]:  # fmt: skip
    """Each record with the card that its place had no part in: bands of the other folds."""
    found = []
    for names in folds.values():
        others = [one for one in records if one.place not in names]
        bands = measured_bands(others, empty=empty)
        found += judged_by([one for one in records if one.place in names], card=replace(card, bands=bands))
    return found


def judged_by(records: Sequence[Record], *, card: CoverCard) -> list[tuple[Record, CoverCard]]:
    """The records of which a card has a band, each with it; of others nothing can be judged."""
    told = {(b["gsd_low"], b["gsd_high"], b["gray"]) for b in card.bands}
    return [
        (one, card) for one in records if any(low <= one.gsd_m < high and gray == one.gray for low, high, gray in told)
    ]  # fmt: skip


def held(name: str, judged: Sequence[tuple[Record, CoverCard]]) -> Held:
    """How often intervals hold over some records, at least one."""
    inside, boxes_in, widths, reads, areas, trues, errors = 0, 0, [], 0.0, 0.0, 0.0, []
    for one, card in judged:
        area = area_of(one.read, seen_m2=one.seen, gsd_m=one.gsd_m, gray=one.gray, card=card)
        assert area.low is not None
        assert area.high is not None
        inside += area.low <= one.true <= area.high
        tops = boxes_of(area, footprint_m2=card.footprint_m2)
        boxes_in += tops is not None and tops[0] <= one.boxes <= tops[1]
        reads, areas, trues = reads + one.read, areas + area.area, trues + one.true
        if one.true >= LEAST_RATIO_M2:
            widths.append((area.high - area.low) / 2 / area.area if area.area else math.inf)
            errors.append(abs(area.area - one.true) / one.true)
    n = len(judged)
    nan = float("nan")
    return Held(
        name, n, len({(one.place, one.picture) for one, _ in judged}), inside / n, boxes_in / n,
        float(np.median(widths)) if widths else nan, areas / trues - 1 if trues else nan, reads / trues - 1 if trues else nan,
        float(np.mean(errors)) if errors else nan,
    )  # fmt: skip


def by_band(judged: Sequence[tuple[Record, CoverCard]]) -> list[Held]:
    """A row for each band, and within it by how much of the ground is covered, then all."""
    rows = []
    for low, high in _edges():
        some = [pair for pair in judged if low <= pair[0].gsd_m < high]
        for gray in (False, True):
            if alike := [pair for pair in some if pair[0].gray == gray]:
                rows.append(held(f"{low:g} to {high:g} m, {'gray' if gray else 'colour'}", alike))
        for least, most in ((0.0, 0.1), (0.1, 0.3), (0.3, 1.01)):
            part = [pair for pair in some if least <= pair[0].true / pair[0].seen < most]
            if part:
                rows.append(held(f"{low:g} to {high:g} m, {least:.0%} to {min(most, 1):.0%} covered", part))
    return [*rows, held("all", judged)] if judged else rows


def _edges() -> Iterator[tuple[float, float]]:
    yield from itertools.pairwise(BAND_EDGES_M)


def by_place(judged: Sequence[tuple[Record, CoverCard]]) -> list[Held]:
    """A row for each place."""
    names = sorted({one.place for one, _ in judged})
    return [held(name, [pair for pair in judged if pair[0].place == name]) for name in names]


def held_row(one: Held) -> dict[str, Any]:
    """Figures as a card or JSON holds them."""
    return {
        "what": one.name, "pictures": one.pictures, "records": one.records, "area_error_pct": _pct(one.error),
        "read_error_pct": _pct(one.read_error), "mean_abs_error_pct": _pct(one.mean_error), "held_pct": _pct(one.area),
        "boxes_held_pct": _pct(one.boxes), "half_width_pct": _pct(one.half_width),
    }  # fmt: skip


def _pct(share: float) -> float | None:
    return round(100 * share, 1) if math.isfinite(share) else None
