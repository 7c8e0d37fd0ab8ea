"""Figures of changes on labelled pairs, as tables, sentences and plain values."""

from typing import Any

import numpy as np

from sattrack.bench.changes import NEAR_PX, SURE_CHANGE, WIDEST, Changes, exchanged_share
from sattrack.bench.tables import Table, shown
from sattrack.reports.change_values import change_value


def window_table(found: Changes) -> Table:
    """Each window: labelled and found."""
    head = (
        "window",
        "labelled",
        "change",
        "found",
        "change found",
        "interval",
        "half-width",
        "held",
        "by",
        "kept",
        "arrived",
        "left",
        "unlike",
    )
    rows: list[tuple[str, ...]] = []
    for one in found.windows:
        e = one.exchange
        ends = f"{shown(e.change.low, '+.1f')} to {shown(e.change.high, '+.1f')}"
        totals = [str(t.value) if t.value is not None else "-" for t in (e.kept, e.arrived, e.left)]
        rows.append(
            (
                one.name, f"{one.true[0]} → {one.true[1]}", f"{one.true_change:+d}", f"{len(e.before)} → {len(e.after)}",
                f"{e.change.value:+d}", ends, shown(one.half_width, ".1f"), "yes" if one.held else "NO", e.by, *totals,
                str(e.unlike),
            )
        )  # fmt: skip
    return head, rows


def offset_table(found: Changes) -> Table:
    """Each pair's offset, all windows together and each alone: how often it was told, and how far it was off."""
    head = ("pair", "windows", "moved", "told", "within 2 px", "worst px", "told and wrong")
    rows: list[tuple[str, ...]] = []
    for pair, windows in dict.fromkeys((one.pair, one.windows) for one in found.offsets):
        lot = [one for one in found.offsets if (one.pair, one.windows) == (pair, windows)]
        off = [float(np.hypot(*one.off)) for one in lot if one.off is not None]
        near = sum(d <= NEAR_PX for d in off)
        worst = shown(max(off), ".2f") if off else "-"
        rows.append((pair, windows, str(len(lot)), str(len(off)), str(near), worst, str(len(off) - near)))
    return head, rows


def verdicts(found: Changes) -> tuple[str, ...]:
    """What the tables come to."""
    n = len(found.windows)
    signs = [one.right_sign for one in found.windows if one.right_sign is not None]
    exchanged = exchanged_share([one for one in found.windows if one.pair == "v"])
    widest = max(one.half_width for one in found.windows)
    share = "not told" if exchanged is None else f"{exchanged:.0%} of the earlier boxes left"
    return (
        f"the interval holds the labelled change in {sum(one.held for one in found.windows)} of {n} windows; "
        f"widest half-width {widest:.1f} boxes (asked: at most {WIDEST:g})",
        f"changes of more than {SURE_CHANGE} boxes with the right sign: {sum(signs)} of {len(signs)}",
        f"pair v, in the windows compared box by box: {share}",
        f"bands of the intervals: {found.bands}",
    )


def change_values(found: Changes) -> dict[str, Any]:
    """Everything, for JSON."""
    return {
        "bands": found.bands,
        "windows": [
            {"pair": w.pair, "name": w.name, "labelled": list(w.true), "held": w.held, "right_sign": w.right_sign}
            | {"exchange": change_value(w.exchange)}
            for w in found.windows
        ],
        "offsets": [
            {
                "pair": o.pair, "windows": o.windows, "shift": list(o.shift), "off_px": list(o.off) if o.off else None,
                "clear": round(o.offset.clear, 3), "stands": round(o.offset.stands, 3),
            }
            for o in found.offsets
        ],
    }  # fmt: skip
