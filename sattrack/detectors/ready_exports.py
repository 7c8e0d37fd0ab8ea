"""Exports at hand: found beside the weights, in the cache, or made on first use."""

from functools import partial
from pathlib import Path

from sattrack.detectors.backends import demand
from sattrack.detectors.exports import SUFFIXES, Export, check_export, keep, kept, kept_at, read_export
from sattrack.results import ModelCard

# Exports of this process that could not be kept on disk.
_IN_MEMORY: dict[Path, Export] = {}


def places(weights: Path, *, card: ModelCard, backend: str) -> tuple[Path, Path]:
    """Where an export of the weights is looked for: beside them, then in the cache. UsageError without the backend."""
    demand(backend)
    return weights.with_suffix(SUFFIXES[backend]), kept_at(card, backend=backend)


def ready_export(weights: Path, *, card: ModelCard, backend: str) -> Export:
    """The export of these weights: the one beside them, else the one kept in the cache, else made now, and kept if it can be.

    torch is imported only to make one. UsageError where the backend is not installed; WeightsError where the one beside the
    weights is of others; DetectorError where what was made does not answer as torch does.
    """
    beside, at = places(weights, card=card, backend=backend)
    check = partial(check_export, card=card, backend=backend)
    if beside.is_file():
        return check(read_export(beside, backend=backend), where=str(beside))
    found = _IN_MEMORY.get(at) or kept(at, backend=backend)
    if found is None:
        demand(backend, making=True)
        from sattrack.detectors.exporting import export_network

        found, _ = export_network(weights, card=card, backend=backend)
        if not keep(found, at):
            _IN_MEMORY[at] = found
    return check(found, where=str(at))
