"""Sparing: what an export is never written over - the run's own files, and the pictures that the run was made of."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from sattrack.errors import UsageError
from sattrack.imagery import is_remote
from sattrack.ports import Finished

# Files at the top of a run's folder that another command wrote, and reads.
_OWN = frozenset(
    {"run.json", "counts.csv", "scenes.csv", "sites.json", "timings.json", "items.json", "report.html", "evidence.json",
     "alerts.csv", "alerts.json", "alerts.geojson", "flow.csv", "flow.json"}
)  # fmt: skip
_PARTS = "parts"


def spare(run: Finished, to: Path) -> None:
    """UsageError where a file or folder `to` would take the place of a file of the run, or lie among its pictures."""
    place, home = to.resolve(), run.folder.resolve()
    if place in {home / name for name in _OWN} or home / _PARTS in (place, *place.parents):
        raise UsageError("is a file of the run itself", where=str(to), way_out="give another name with -o")
    for location in _placed(_pictures(run)):
        if place == location:
            raise UsageError("is a picture that the run was made of", where=str(to), way_out="give another name with -o")
        if place == location.parent:
            raise UsageError(
                f"holds {location.name}, of which the run was made: it could be written over, and what is written be taken "
                "for a scene", where=str(to), way_out="choose another folder with -o",
            )  # fmt: skip


def _pictures(run: Finished) -> Iterator[str]:
    for outcome in run.index.outcomes:
        yield from outcome.locations
        if outcome.scene and outcome.scene.mask:
            yield outcome.scene.mask


def _placed(locations: Iterable[str]) -> Iterator[Path]:
    """Where local files lie, links of their folders followed, each folder once."""
    folders: dict[str, Path] = {}
    for location in locations:
        folder, name = os.path.split(location)
        if is_remote(location):
            continue
        if folder not in folders:
            folders[folder] = Path(folder).resolve()
        yield folders[folder] / name
