"""Figures of dense blocks, and their tables for a terminal and as plain values for JSON."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sattrack.bench.dense import STRIDES, Dense, Density
from sattrack.bench.tables import Table, finite, shown
from sattrack.phrases import some


@dataclass(frozen=True, slots=True)
class Lot:
    """Blocks that are alike, pooled. tile_true, tile_stored: of the fullest tile."""

    name: tuple[str, ...]
    blocks: int
    per_hectare: float
    true: int
    found: int
    recall: float
    precision: float
    error_pct: float
    core_recall: float
    tile_true: int
    tile_stored: int


def lots(blocks: Sequence[Dense], *, key: Callable[[Dense], tuple[str, ...]]) -> tuple[Lot, ...]:
    """The blocks by key, in the order of their first."""
    names = list(dict.fromkeys(key(b) for b in blocks))
    return tuple(_lot(name, [b for b in blocks if key(b) == name]) for name in names)


def _lot(name: tuple[str, ...], own: Sequence[Dense]) -> Lot:
    true, found, hits = sum(b.true for b in own), sum(b.found for b in own), sum(b.hits for b in own)
    core = sum(b.core for b in own)
    return Lot(
        name, len(own), true / sum(b.hectares for b in own), true, found, hits / true if true else math.nan,
        hits / found if found else math.nan, 100 * (found / true - 1) if true else math.nan,
        sum(b.core_hits for b in own) / core if core else math.nan, max(b.tile_true for b in own),
        max(b.tile_stored for b in own),
    )  # fmt: skip


def side_name(block: Dense) -> str:
    """How much ground the block covers."""
    return "all ground" if math.isinf(block.block.side_m) else f"{block.block.side_m:.0f} m"


_FIGURES = (
    "blocks", "boxes", "boxes / ha", "fullest tile", "it returned", "count error %", "precision", "recall",
    "recall of the shared middle",
)  # fmt: skip


def _cells(lot: Lot) -> tuple[str, ...]:
    return (
        str(lot.blocks), str(lot.true), f"{lot.per_hectare:.0f}", str(lot.tile_true), str(lot.tile_stored),
        shown(lot.error_pct, "+.1f"), shown(lot.precision, ".3f"), shown(lot.recall, ".3f"), shown(lot.core_recall, ".3f"),
    )  # fmt: skip


def density_table(density: Density) -> Table:
    """By pixel size and by how much ground the block covers: the same boxes in the middle, more and more around them."""
    rows = lots(density.blocks, key=lambda b: (f"{b.block.gsd_m:g} m", side_name(b)))
    return ("pixel", "block", *_FIGURES), [(*lot.name, *_cells(lot)) for lot in rows]


def packing_table(density: Density) -> Table:
    """Of blocks that cover all ground, by length of box and by heading (degrees, a quarter turn folded to 0 to 45)."""
    full = [b for b in density.blocks if math.isinf(b.block.side_m)]
    rows = [*lots(full, key=lambda b: (f"boxes of {b.block.length_m:.1f} m",)), *lots(full, key=lambda b: (_turn(b),))]
    return ("blocks that cover all ground", *_FIGURES), [
        (*lot.name, *_cells(lot)) for lot in sorted(rows, key=lambda r: r.name)
    ]


def _turn(block: Dense) -> str:
    degrees = math.degrees(block.block.heading) % 90
    folded = min(degrees, 90 - degrees)
    return f"turned by {15 * int(min(folded, 44.9) // 15)} to {15 * int(min(folded, 44.9) // 15) + 15} degrees"


def cell_table(density: Density) -> Table:
    """Boxes that share a cell of a level of the head with another, by the length of boxes, over all tiles of full ground."""
    full = [b for b in density.blocks if math.isinf(b.block.side_m)]
    tile = density.card.tile_px
    head = ("level", "cell", "cells a tile", *(f"boxes of {n:.1f} m" for n in _lengths(full)))
    return head, [
        (
            f"stride {s}", f"{s * density.card.gsd_m:g} m", str((tile // s) ** 2),
            *(shown(_crowded([b for b in full if b.block.length_m == n], stride=s), ".1%") for n in _lengths(full)),
        )
        for s in STRIDES
    ]  # fmt: skip


def _lengths(blocks: Sequence[Dense]) -> list[float]:
    return sorted({b.block.length_m for b in blocks})


def _crowded(blocks: Sequence[Dense], *, stride: int) -> float:
    boxes = sum(b.tile_boxes for b in blocks)
    return sum(b.crowded[stride] for b in blocks) / boxes if boxes else math.nan


def cap_sentence(density: Density) -> str:
    """How near a tile came to its limit."""
    most = max((b.tile_stored for b in density.blocks), default=0)
    hit = sum(b.cap_hit for b in density.blocks)
    return (
        f"limit: a tile may return {density.tile_cap} boxes; the fullest returned {most} ({most / density.tile_cap:.0%}); "
        f"reached in {hit} of {some(len(density.blocks), 'block')}"
    )


def dense_values(density: Density) -> dict[str, Any]:
    """All figures as JSON holds them; a number that does not exist is null."""
    return {
        "model_id": density.card.id,
        "threshold": density.threshold,
        "tile_cap": density.tile_cap,
        "strides": list(STRIDES),
        "blocks": [
            {
                "name": b.block.name, "seed": b.block.seed, "gsd_m": b.block.gsd_m, "length_m": b.block.length_m,
                "gap_m": list(b.block.gap_m), "heading_deg": round(math.degrees(b.block.heading), 1),
                "side_m": finite(b.block.side_m), "per_hectare": finite(b.true / b.hectares), "true": b.true,
                "found": b.found, "hits": b.hits, "core": b.core, "core_hits": b.core_hits, "tile_true": b.tile_true,
                "tile_stored": b.tile_stored, "tile_boxes": b.tile_boxes,
                "sharing_a_cell": {str(s): n for s, n in b.crowded.items()}, "cap_hit": b.cap_hit,
            }
            for b in density.blocks
        ],
    }  # fmt: skip
