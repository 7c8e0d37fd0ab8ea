"""The samples' truth: how many boxes there are at each site in each scene, and what was moved between scenes."""

import csv
import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sattrack.errors import ManifestError

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class TrueMove:
    """All boxes that came to a site and left it between two neighbouring scenes of one sensor, seen or not."""

    site_id: str
    sensor: str
    begin: dt.datetime
    end: dt.datetime
    arrived: int
    left: int


@dataclass(frozen=True, slots=True)
class Truth:
    """visible: {(site_id, scene_id): boxes that can be seen}. there: with those that cloud or the swath's edge hides.

    moves: of each site and sensor in time.
    """

    visible: Mapping[tuple[str, str], int]
    there: Mapping[tuple[str, str], int]
    moves: tuple[TrueMove, ...] = ()


def read_truth(path: Path) -> dict[tuple[str, str], int]:
    """truth.csv -> {(site_id, scene_id): boxes that can be seen}, whole sites only."""
    return {key: seen for key, (seen, _) in _read(path, _standing) if key is not None}


def read_story(folder: Path) -> Truth:
    """truth.csv and, where it is there, movements.csv of the samples' folder; ManifestError where they are not as expected."""
    standing = {key: both for key, both in _read(folder / "truth.csv", _standing) if key is not None}
    moves = folder / "movements.csv"
    return Truth(
        {key: seen for key, (seen, _) in standing.items()},
        {key: seen + hidden for key, (seen, hidden) in standing.items()},
        tuple(_read(moves, _move)) if moves.exists() else (),
    )


def _standing(row: Mapping[str, str]) -> tuple[tuple[str, str] | None, tuple[int, int]]:
    """Boxes seen and hidden; the rows of zones have no key."""
    key = None if row.get("zone") else (row["site_id"], row["scene_id"])
    return key, (int(row["count"]), int(row.get("hidden") or 0))


def _move(row: Mapping[str, str]) -> TrueMove:
    begin, end = (dt.datetime.fromisoformat(row[name]) for name in ("from", "to"))
    return TrueMove(row["site_id"], row["sensor"], begin, end, int(row["arrived"]), int(row["left"]))


def _read(path: Path, one: Callable[[Mapping[str, str]], Value]) -> list[Value]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [one(row) for row in csv.DictReader(file)]
    except OSError as error:
        raise ManifestError(f"the samples' truth cannot be read: {error.strerror}", where=str(path)) from error
    except (KeyError, ValueError) as error:
        raise ManifestError(f"the samples' truth is not as expected: {error}", where=str(path)) from error
