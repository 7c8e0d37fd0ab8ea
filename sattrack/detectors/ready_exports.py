"""Exports at hand: found beside the weights, in the cache, or made on first use."""

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from sattrack.detectors.backends import EIGHT_BIT, demand
from sattrack.detectors.cards import passed
from sattrack.detectors.exports import SUFFIXES, Export, asked_as, check_export, demand_whole, keep, kept, kept_at, read_export
from sattrack.detectors.instructions import eight_bit_instructions
from sattrack.errors import UsageError, WeightsError
from sattrack.results import ModelCard

# Exports of this process that could not be kept on disk.
_IN_MEMORY: dict[Path, Export] = {}


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an export is no default. surprising: it is there, should be one, and must not."""

    why: str
    surprising: bool = False


def eight_bit_refusal(weights: Path, *, card: ModelCard, careful: bool) -> Refused | None:
    """Why the export in 8 bits must not be the default of these weights here; none where it may."""
    from sattrack.detectors.golden import refusal

    if careful:
        return Refused("it was not measured with --careful")
    if not any(place.is_file() for place in places(weights, card=card, backend=EIGHT_BIT)):
        return Refused("there is no such export of these weights")
    try:
        export = ready_export(weights, card=card, backend=EIGHT_BIT)
    except (UsageError, WeightsError) as error:
        return Refused(str(error), surprising=True)
    if not passed(card, sha256=export.sha256, instructions=(kind := eight_bit_instructions())):
        on = f"on processors with {kind}" if kind else "on this processor"
        return Refused(f"the weights' card does not say that this export passed the gate {on}")
    why = refusal(export, card=card, folder=kept_at(card, backend=EIGHT_BIT).parent)
    return Refused(why, surprising=True) if why else None


def places(weights: Path, *, card: ModelCard, backend: str) -> tuple[Path, Path]:
    """Where an export of the weights is looked for: beside them, then in the cache. UsageError without the backend."""
    demand(backend)
    return weights.with_suffix(SUFFIXES[backend]), kept_at(card, backend=backend)


def ready_export(weights: Path, *, card: ModelCard, backend: str) -> Export:
    """The export of these weights: the one beside them, else the one kept in the cache, else made now, and kept if it can be.

    torch is imported only to make one. One in 8 bits is never made here. UsageError where the backend is not installed, or that
    one is not there; WeightsError where the one beside the
    weights is of others; DetectorError where what was made does not answer as torch does.
    """
    beside, at = places(weights, card=card, backend=backend)
    check = partial(check_export, card=card, backend=backend)
    if beside.is_file():
        return check(_read(beside, beside.stat().st_mtime_ns, backend=backend), where=str(beside))
    found = _IN_MEMORY.get(at) or kept(at, backend=backend)
    if found is None and backend == EIGHT_BIT:
        raise UsageError(
            "there is no export in 8 bits of these weights",
            where=str(weights),
            way_out=f"sattrack model export WEIGHTS {asked_as(backend)}, which takes minutes; or --backend openvino",
        )
    if found is None:
        demand(backend, making=True)
        from sattrack.detectors.exporting import export_network

        found, _ = export_network(weights, card=card, backend=backend)
        if not keep(found, at):
            _IN_MEMORY[at] = found
    return check(found, where=str(at))


@lru_cache(maxsize=2)
def _read(path: Path, _changed: int, *, backend: str) -> Export:
    """A run asks for it several times: to choose it, for its card, and to run it."""
    export = read_export(path, backend=backend)
    return export if backend == EIGHT_BIT else demand_whole(export, path)  # one in 8 bits holds its digests itself
