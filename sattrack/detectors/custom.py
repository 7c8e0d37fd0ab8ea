"""A user's own detector, by `module:Class` on the command line: what it must have, and what becomes of its errors."""

import hashlib
import importlib
import inspect
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sattrack.detections import Detections
from sattrack.detectors.calling import asked
from sattrack.detectors.cards import possible
from sattrack.errors import DetectorError, SattrackError, UsageError
from sattrack.imagery import Batch, Tile
from sattrack.phrases import some
from sattrack.ports import Detector
from sattrack.results import ModelCard

_NEEDED = ("classes", "gsd_m", "tile_px", "detect")
_log = logging.getLogger(__name__)
# A script taken for a module ends the program where it likes, and with 0: a run that counted nothing would pass for done.
_ANYTHING = (Exception, SystemExit)


def load_custom(name: str) -> Detector:
    """Imports module:Class and makes one. UsageError where that fails, or it lacks a part of the protocol."""
    module_name, _, class_name = name.partition(":")
    if not module_name or not class_name:
        raise UsageError(f"--detector expects module:Class, got {name!r}")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise UsageError(f"the module {module_name!r} cannot be imported: {error}", way_out="check PYTHONPATH") from error
    except _ANYTHING as error:
        raise _refused(f"the module {module_name!r} fails as it is imported", error) from error
    kind = getattr(module, class_name, None)
    if kind is None:
        raise UsageError(f"the module {module_name!r} has no {class_name!r}")
    try:
        made = kind()
        streams = inspect.isgeneratorfunction(getattr(made, "detect", None))
        missing = [part for part in (*_NEEDED, *(("device",) if streams else ())) if not hasattr(made, part)]
        if missing:
            raise UsageError(f"{name} lacks {', '.join(missing)}", way_out="see sattrack/ports.py, Detector")
        return Streaming(made, name=name) if streams else EachBatch(made, name=name)
    except UsageError:
        raise
    except _ANYTHING as error:
        raise _refused(f"{name} cannot be made", error) from error


def _refused(what: str, error: BaseException) -> UsageError:
    _log.info("%s", what, exc_info=error)
    return UsageError(f"{what}: {_told(error)}", way_out=_MEND)


_MEND = "-v shows where"


@contextmanager
def _telling() -> Iterator[None]:
    """What a user's own code raises is told as a DetectorError: it may be anything, and costs the scene, not the run."""
    try:
        yield
    except (SattrackError, MemoryError):
        raise  # ours, which went through it, and what is told of memory
    except _ANYTHING as error:
        _log.info("the detector failed", exc_info=error)
        raise DetectorError(f"the detector failed: {_told(error)}", way_out=_MEND) from error


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


class _Stated:
    """What an object of the user's own says of itself. UsageError where that cannot be."""

    def __init__(self, own: Any, *, name: str) -> None:
        self._own = own
        self.classes: tuple[str, ...] = self._read("classes", _texts, expected='texts, such as ("container",)', name=name)
        self.gsd_m: float = self._read("gsd_m", float, expected="a number", name=name)
        self.tile_px: int = self._read("tile_px", _whole, expected="a whole number", name=name)
        stated = getattr(own, "threshold", None) is not None
        self.threshold: float | None = self._read("threshold", float, expected="a number", name=name) if stated else None
        self.sha256 = str(getattr(own, "sha256", "") or _sha256_of_source(type(own)))

    def _read(self, part: str, kind: Callable[[Any], Any], *, expected: str, name: str) -> Any:
        value = getattr(self._own, part)
        try:
            return kind(value)
        except (TypeError, ValueError, OverflowError) as error:
            raise UsageError(f"{name}: {part} is {value!r}, expected {expected}") from error


def _texts(value: Any) -> tuple[str, ...]:
    texts = () if isinstance(value, str) else tuple(value)
    if isinstance(value, str) or not all(isinstance(one, str) for one in texts):
        raise TypeError
    return texts


def _whole(value: Any) -> int:
    if int(value) != value:
        raise ValueError
    return int(value)


class Streaming(_Stated):
    """Adapts an object whose `detect(batches)` is a generator, and which has all that is needed."""

    # Asked for anew each time: where it really runs may be known only once it did.
    device: str

    def __getattr__(self, name: str) -> str:
        if name != "device":
            raise AttributeError(name)
        with _telling():
            return str(self._own.device)

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        with _telling():
            yield from self._own.detect(batches)


class EachBatch(_Stated):
    """Adapts an object whose `detect(batch)` returns a list of Detections for one batch."""

    def __init__(self, own: Any, *, name: str) -> None:
        super().__init__(own, name=name)
        self.device = str(getattr(own, "device", "its own"))

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        for batch in batches:
            yield asked(self._found, list(batch.tiles), alone=nullcontext()) if batch.tiles else []

    def _found(self, tiles: list[Tile]) -> list[Detections]:
        with _telling():
            found = list(self._own.detect(Batch(tuple(tiles))))
        if len(found) != len(tiles):
            raise DetectorError(f"the detector returned {some(len(found), 'result')} for {some(len(tiles), 'tile')}")
        return found


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
