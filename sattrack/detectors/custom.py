"""A user's own detector, by `module:Class` on the command line, and the adapter for a plain `detect(batch)`."""

import hashlib
import importlib
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from sattrack.detections import Detections
from sattrack.detectors.cards import possible
from sattrack.errors import DetectorError, UsageError
from sattrack.imagery import Batch
from sattrack.ports import Detector
from sattrack.results import ModelCard

_NEEDED = ("classes", "gsd_m", "tile_px", "detect")


def load_custom(name: str) -> Detector:
    """Imports module:Class and makes one. UsageError where it is not there or lacks a part of the protocol."""
    module_name, _, class_name = name.partition(":")
    if not module_name or not class_name:
        raise UsageError(f"--detector expects module:Class, got {name!r}")
    try:
        kind = getattr(importlib.import_module(module_name), class_name)
    except ImportError as error:
        raise UsageError(f"the module {module_name!r} cannot be imported: {error}", way_out="check PYTHONPATH") from error
    except AttributeError as error:
        raise UsageError(f"the module {module_name!r} has no {class_name!r}") from error
    made = kind()
    streams = inspect.isgeneratorfunction(getattr(made, "detect", None))
    missing = [part for part in (*_NEEDED, *(("device",) if streams else ())) if not hasattr(made, part)]
    if missing:
        raise UsageError(f"{name} lacks {', '.join(missing)}", way_out="see sattrack/ports.py, Detector")
    return made if streams else EachBatch(made)


class EachBatch:
    """Adapts an object whose `detect(batch)` returns a list of Detections for one batch."""

    def __init__(self, plain: Any) -> None:
        self._plain = plain
        self.classes: tuple[str, ...] = tuple(plain.classes)
        self.gsd_m = float(plain.gsd_m)
        self.tile_px = int(plain.tile_px)
        self.device = str(getattr(plain, "device", "its own"))
        self.threshold = getattr(plain, "threshold", None)
        self.sha256 = str(getattr(plain, "sha256", "") or _sha256_of_source(type(plain)))

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        for batch in batches:
            found = list(self._plain.detect(batch)) if batch.tiles else []
            if len(found) != len(batch.tiles):
                raise DetectorError(f"the detector returned {len(found)} results for {len(batch.tiles)} tiles")
            yield found


def card_of_custom(name: str, *, detector: Detector, threshold: float | None) -> ModelCard:
    """A bare card for a user's own detector: no interval was measured."""
    own = getattr(detector, "threshold", None)
    chosen = threshold if threshold is not None else own
    if chosen is None:
        raise UsageError(f"{name} states no threshold", way_out="give --threshold, or the class an attribute `threshold`")
    card = ModelCard(
        id=f"custom:{name}",
        sha256=str(getattr(detector, "sha256", "") or _sha256_of_source(type(detector))),
        classes=tuple(detector.classes),
        gsd_m=detector.gsd_m,
        tile_px=detector.tile_px,
        threshold=float(chosen),
        name=name,
        description="A detector of the user's own: no interval was measured.",
    )
    return possible(card, where=name)


def _sha256_of_source(kind: type) -> str:
    """Of the file that holds the class, so that a changed detector never meets a stale result; empty where there is no file.

    What the class loads from elsewhere is for it to state, as an attribute `sha256`.
    """
    try:
        return hashlib.sha256(Path(inspect.getfile(kind)).read_bytes()).hexdigest()
    except (OSError, TypeError):
        return ""
