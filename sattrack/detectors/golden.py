"""The golden tiles: an 8-bit export must count on them what it counted when it was made, on this processor too (P11, G10)."""

import hashlib
import os
import platform
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sattrack.detectors.backends import BACKENDS, version_of
from sattrack.detectors.decoding import NetworkDetector
from sattrack.detectors.exports import Export
from sattrack.detectors.forwarding import run_export
from sattrack.detectors.parity import drawn_pixels
from sattrack.errors import SattrackError, StoreError
from sattrack.imagery import Batch, Tile, Window
from sattrack.results import ModelCard
from sattrack.settings import Settings
from sattrack.writing import write_whole

# Per cent by which a count may drift.
MOST_DRIFT_PCT = 1.0
_TILES = 2


def counted(export: Export, tiles: Iterable[NDArray[np.uint8]], *, card: ModelCard) -> list[int]:
    """The boxes that the export counts on each tile (rows, cols, 3) uint8 RGB, from the card's threshold on."""
    known = Settings()
    detector = NetworkDetector(
        run_export(export), card=card, score_floor=known.score_floor, merge_overlap=known.merge_overlap,
        tile_cap=known.tile_cap,
    )  # fmt: skip
    batches = (Batch((_tile(pixels),)) for pixels in tiles)
    return [int((found.scores >= card.threshold).sum()) for batch in detector.detect(batches) for found in batch]


def golden_count(export: Export, *, card: ModelCard) -> int:
    return sum(counted(export, drawn_pixels(_TILES, tile_px=card.tile_px), card=card))


def drift_pct(found: int, of: int) -> float:
    """Per cent by which one count is off another; of none, any is wholly off."""
    return 100 * (found - of) / of if of else (100.0 if found else 0.0)


def refusal(export: Export, *, card: ModelCard, folder: Path) -> str:
    """Why the export must not be the default here, or nothing. folder: where it is remembered that it may, here."""
    stated = export.stated
    if stated.golden is None or stated.drift_pct is None:
        return "it does not state what it counts on the golden tiles"
    if abs(stated.drift_pct) > MOST_DRIFT_PCT:
        return f"its count on rendered tiles drifts by {stated.drift_pct:+.1f} %, {MOST_DRIFT_PCT:g} % allowed"
    held = folder / f"{export.sha256[:12]}-golden-{_here(export)}"
    if held.is_file():
        return ""
    try:
        found = golden_count(export, card=card)
    except SattrackError as error:
        return error.message
    if abs(off := drift_pct(found, stated.golden)) > MOST_DRIFT_PCT:
        return (
            f"on this processor it counts {found} on the golden tiles, not {stated.golden}: {off:.1f} % off, "
            f"{MOST_DRIFT_PCT:g} % allowed"
        )
    _remember(held)
    return ""


def _remember(held: Path) -> None:
    """Nothing where the folder cannot be written: then the tiles are counted at every run, in under a second."""
    try:
        held.parent.mkdir(parents=True, exist_ok=True)
        write_whole(held, b"")
    except (OSError, StoreError):
        return


def _here(export: Export) -> str:
    """The processor, and the version of what computes on it: a cache may be shared by several machines."""
    said = [
        platform.machine(),
        platform.processor(),
        version_of(BACKENDS[export.stated.backend]),
        os.environ.get("ONEDNN_MAX_CPU_ISA"),
    ]
    try:
        lines = Path("/proc/cpuinfo").read_text(errors="replace").partition("\n\n")[0].splitlines()
    except OSError:
        lines = []
    said += [line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))]
    return hashlib.sha256(repr(said).encode()).hexdigest()[:12]


def _tile(pixels: NDArray[np.uint8]) -> Tile:
    rows, cols = pixels.shape[:2]
    return Tile(Window(0, 0, cols, rows), pixels, np.ones((rows, cols), bool))
