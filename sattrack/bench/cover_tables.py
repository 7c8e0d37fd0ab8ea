"""Tables of the reader of cover, and the page of its card."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sattrack.bench.cover import Footprint, Record
from sattrack.bench.cover_bands import BAND_EDGES_M, Held
from sattrack.bench.cover_presence import Pair
from sattrack.covers import Change, CoverCard

Table = tuple[list[str], list[list[str]]]
_FEW_BOXES = 10


def band_table(card: CoverCard) -> Table:
    """What intervals are made of."""
    head = ["pixels", "true / read", "low", "high", "nothing said below, m2/ha", "records", "sets"]
    return head, [
        [
            f"{b['gsd_low']:g} to {b['gsd_high']:g} m, {'gray' if b['gray'] else 'colour'}", f"{b['ratio']:.2f}",
            f"{b['low']:.2f}", f"{b['high']:.2f}", f"{b['false_m2_ha']:.0f}", f"{b['records']:.0f}", f"{b['places']:.0f}",
        ]
        for b in card.bands
    ]  # fmt: skip


def held_table(rows: Sequence[Held]) -> Table:
    """Errors, and how often intervals hold."""
    head = ["what", "pictures", "area as told, error", "as read", "of a picture", "area held", "boxes held", "half-width"]
    return head, [
        [
            one.name, str(one.pictures), _signed(one.error), _signed(one.read_error), _pct(one.mean_error), _pct(one.area),
            _pct(one.boxes), _pct(one.half_width),
        ]
        for one in rows
    ]  # fmt: skip


def empty_table(records: Sequence[Record]) -> Table:
    """Cover read where none is, by folder and pixel size: square metres a hectare."""
    head = ["pictures without containers", "pixels", "pictures", "hectares", "mean, m2/ha", "19 of 20 under", "most"]
    rows = []
    for place in [*sorted({one.place for one in records}), ""]:
        for low, high in itertools.pairwise(BAND_EDGES_M):
            some = [one for one in records if place in ("", one.place) and low <= one.gsd_m < high]
            if not some:
                continue
            rates = [one.read / one.seen * 1e4 for one in some]
            ground = {(one.place, one.picture): one.seen / 1e4 for one in some}
            mean = sum(one.read for one in some) / sum(one.seen for one in some) * 1e4
            rows.append(
                [
                    place or "all", f"{low:g} to {high:g} m", str(len(ground)), f"{sum(ground.values()):.0f}", f"{mean:.0f}",
                    f"{np.quantile(rates, 0.95):.0f}", f"{max(rates):.0f}",
                ]
            )  # fmt: skip
    return head, rows


def footprint_table(rows: Sequence[Footprint]) -> Table:
    """What one box covers."""
    head = ["set", "boxes", "20 ft", "m2 a box"]
    return head, [[one.place, str(one.boxes), f"{one.share_20ft:.0%}", f"{one.m2:.1f}"] for one in rows]


def presence_table(found: Sequence[Pair]) -> Table:
    """Of sites where nothing changed and of those whose boxes went, how many were told to have changed."""
    head = ["rendered sites of 120 m at 10 m", "pairs", "told as a change", "brightness, times noise", "texture, times noise"]
    return head, [
        [
            row["what"], str(row["pairs"]), f"{row['told']:.0%}", f"{row['brightness_times_noise']:.1f}",
            f"{row['texture_times_noise']:.1f}",
        ]
        for row in presence_values(found)
    ]  # fmt: skip


def presence_values(found: Sequence[Pair]) -> list[dict[str, Any]]:
    """The rows of presence_table as JSON holds them. told: a share, 0 to 1; times noise: medians, without sign."""
    groups = {
        "nothing changed": [p for p in found if p.boxes == 0],
        f"{_FEW_BOXES} to 99 boxes went": [p for p in found if _FEW_BOXES <= p.boxes < 100],
        "100 to 299 boxes went": [p for p in found if 100 <= p.boxes < 300],
        "300 boxes or more went": [p for p in found if p.boxes >= 300],
    }
    return [
        {
            "what": name, "pairs": len(some), "told": sum(p.told for p in some) / len(some),
            "brightness_times_noise": _times_noise([p.brightness for p in some]),
            "texture_times_noise": _times_noise([p.texture for p in some]),
        }
        for name, some in groups.items()
        if some
    ]  # fmt: skip


def _times_noise(changes: Sequence[Change]) -> float:
    return float(np.median([abs(one.times_noise or 0) for one in changes]))


def card_page(card: CoverCard, *, tables: Mapping[str, Table]) -> str:
    """The card for people, as Markdown. tables: under their headings."""
    from sattrack.bench.tables import markdown

    lines = [
        f"# {card.name}", "", card.description, "", f"- id `{card.id}`, sha256 `{card.sha256}`",
        f"- works on pixels of {card.gsd_m:g} m, brought there from 1.2 to 5 m; answers with covered shares, never with boxes",
        f"- one box covers {card.footprint_m2[0]:g} to {card.footprint_m2[1]:g} m2, by set",
        f"- licence of the weights: {card.licence}", "", "## Trained on", "",
    ]  # fmt: skip
    rows = [[row["name"], row["kind"], row.get("pictures_left_out", ""), row["terms"]] for row in card.trained_on]
    lines += [markdown((("source", "kind", "never seen", "terms"), [tuple(row) for row in rows])), ""]
    for title, table in tables.items():
        lines += [f"## {title}", "", markdown((tuple(table[0]), [tuple(row) for row in table[1]])), ""]
    return "\n".join(lines)


def _pct(share: float) -> str:
    return f"{share:.0%}" if math.isfinite(share) else "-"


def _signed(share: float) -> str:
    return f"{share:+.0%}" if math.isfinite(share) else "-"
