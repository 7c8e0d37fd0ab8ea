"""The evidence packs that were made of a run's alerts: a short list in the run folder, by alert."""

import json
import os
from pathlib import Path

from sattrack.errors import StoreError
from sattrack.writing import write_whole

_NAME = "evidence.json"


def packs_of(folder: Path) -> dict[str, str]:
    """The path of the newest pack of each alert; empty where none was made. StoreError where the list is damaged."""
    path = folder / _NAME
    try:
        listed = json.loads(path.read_bytes()) if path.is_file() else {}
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(path) from error
    if not isinstance(listed, dict) or not all(isinstance(value, str) for value in listed.values()):
        raise _damaged(path)
    return listed


def note_pack(folder: Path, alert: str, *, pack: Path) -> str:
    """Lists a pack, and returns what is said of its place: its path in the run folder, or the bare name of a file elsewhere.

    A run is passed on; where else on a machine files lie is nobody's business. For whoever holds the folder.
    """
    inside = os.path.relpath(pack.resolve(), folder.resolve())
    said = pack.name if inside.startswith("..") or os.path.isabs(inside) else Path(inside).as_posix()  # noqa: PTH117
    listed = packs_of(folder) | {alert: said}
    write_whole(folder / _NAME, (json.dumps(dict(sorted(listed.items())), indent=1, ensure_ascii=False) + "\n").encode())
    return said


def _damaged(path: Path) -> StoreError:
    return StoreError("the list of evidence packs is damaged", where=str(path), way_out="remove it: packs are made again")
