"""Verifying: whether an evidence pack is whole, and what of it a run tells otherwise."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import Any

from sattrack.errors import StoreError
from sattrack.evidence import NoSuchAlert, make_pack
from sattrack.readers.evidence_packs import read_pack
from sattrack.reports.evidence_zip import SUMS, sums
from sattrack.settings import Settings

# What a run that was made again may say otherwise: when, where and with what it was made, and what hangs on other sites and
# on scenes of other series.
_MAY = re.compile(
    r"(made_with|run|outlines|commands)(\.|$)|settings\.(device|batch|read_ahead|gdal_cache_bytes|max_\w+|remote_\w+)$"
    r"|inputs\.\d+\.(file|file_now)$|alert\.q_value$|series\.breaks\.\d+$"
)
# Texts say in words what the others hold: other words where those say otherwise.
_WORDS = ("README.txt", "page.html", "LICENCES.txt", "settings.yaml")
# What tables of boxes say of a scene's part: by its key boxes are named, and it is of the outlines of all sites in the scene.
_OF_PARTS = {"detections": ("det_id",), "scenes": ("key", "boxes", "counted")}
_MOST_LINES = 40
# Whether so rare a count is an alert or a warning is settled by the q-value, and so by other sites.
_BY_OTHERS = ("alert.level", "alert.explanation")
_LEVEL = f"alert.json, {_BY_OTHERS[0]}: "


@dataclass(frozen=True, slots=True)
class Verdict:
    """damage: what in the pack is not what its digests say. differs: what the run tells otherwise. aside: differences that a
    run made again may have. compared: whether a run was asked.
    """

    alert_id: str
    damage: tuple[str, ...]
    differs: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()
    compared: bool = False

    @property
    def good(self) -> bool:
        return not self.damage and not self.differs


def verify(pack: Path, *, run: Path | None = None, allow_remote: bool = False, allow_hosts: Sequence[str] = ()) -> Verdict:
    """Whether a pack is whole, and, with a run, whether that gives the same pack. StoreError where it is none.

    It is made again from the run, by the settings that it names, and compared number by number; a whole pack may still have
    been made up: its digests say only that nothing was changed without them.
    """
    files = read_pack(pack)
    damage = tuple(_damage(files))
    try:
        provenance = _json(files["provenance.json"])
        alert, settings = str(provenance["alert_id"]), Settings.model_validate(provenance["settings"]).allowing(allow_hosts)
        imagery, amounts = bool(provenance["imagery"]), tuple(float(one) for one in provenance["cumulative"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise StoreError(
            "provenance.json is damaged, or of another version", where=str(pack), way_out="fetch the pack again"
        ) from error
    if run is None:
        return Verdict(alert, damage)
    try:
        again = make_pack(run, alert, settings=settings, amounts=amounts, imagery=imagery, allow_remote=allow_remote).files
    except NoSuchAlert as error:
        return Verdict(alert, damage, (f"the run: {error.message}",), compared=True)
    found = _compared(files, again)
    if any(may and line.startswith(_LEVEL) for may, line in found):  # which the chart marks
        found = [(may or line.startswith("chart.svg: "), line) for may, line in found]
    differs = tuple(line for may, line in found if not may)
    return Verdict(alert, damage, _short(differs), _short(tuple(line for may, line in found if may)), compared=True)


def _damage(files: Mapping[str, bytes]) -> list[str]:
    lines = [line.partition("  ") for line in files[SUMS].decode("utf-8", "replace").splitlines()]
    listed = {name: digest for digest, _, name in lines if name}
    found = []
    for name in sorted({*files, *listed} - {SUMS}):
        if name not in files:
            found.append(f"{name} is listed, but not there")
        elif name not in listed:
            found.append(f"{name} is there, but not listed")
        elif hashlib.sha256(files[name]).hexdigest() != listed[name]:
            found.append(f"{name} is not what {SUMS} says")
    if not found and files[SUMS] != sums(files):
        found.append(f"{SUMS} has other lines than a digest and a name for each file")
    return found


def _compared(files: Mapping[str, bytes], again: Mapping[str, bytes]) -> list[tuple[bool, str]]:
    """Each difference, and whether it may be."""
    found: list[tuple[bool, str]] = []
    worded = []
    for name in sorted({*files, *again} - {SUMS}):
        one, two = files.get(name), again.get(name)
        if one == two:
            continue
        if two is None:
            found.append((False, f"{name}: the run gives none"))
        elif one is None:
            found.append((False, f"{name}: only the run gives it"))
        elif name in _WORDS:
            worded.append(name)
        elif name.endswith(".json"):
            found += _values(name, one, two)
        elif name.endswith(".gpkg") and _but_for_parts(one, two):
            found.append((True, f"{name}: other det_id of the same boxes, and other key, boxes and counted of whole scenes"))
        elif not name.endswith(".gpkg") or _of_any_sqlite(one) != _of_any_sqlite(two):
            found.append((False, f"{name}: other bytes"))
    # A run made again differs at least in its time, so that words about it do, too: whoever trusts them must know that.
    unheld = ", which nothing was held against, since numbers differ too" if found else ""
    return found + [(bool(found), f"{name}: other words{unheld}") for name in worded]


def _of_any_sqlite(content: bytes) -> bytes:
    """A GeoPackage without the number of the SQLite that wrote it last, which each machine has of its own."""
    return content[:96] + content[100:]


def _but_for_parts(one: bytes, two: bytes) -> bool:
    """Whether two GeoPackages say the same but for what hangs on a scene's part. two: made here, unlike one."""
    try:
        with closing(_opened(two)) as own, closing(_opened(one)) as theirs:
            schema = own.execute(_SCHEMA).fetchall()
            if theirs.execute(_SCHEMA).fetchall() != schema:  # nothing of a stranger's making is run
                return False
            tables = [name for kind, name, sql in schema if kind == "table" and not str(sql).startswith("CREATE VIRTUAL")]
            said = [{name: list(_rows(file, name)) for name in tables} for file in (own, theirs)]
            parts = [{name: [row[0] for row in rows] for name, rows in every.items()} for every in said]
            rest = [{name: [row[1] for row in rows] for name, rows in every.items()} for every in said]
            return rest[0] == rest[1] and parts[0] != parts[1]
    except sqlite3.Error:
        return False


_SCHEMA = "SELECT type, name, sql FROM sqlite_master ORDER BY rowid"


def _opened(content: bytes) -> sqlite3.Connection:
    opened = sqlite3.connect(":memory:")
    opened.deserialize(content)
    return opened


def _rows(file: sqlite3.Connection, table: str) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Each row of a table as what hangs on the part, and the rest."""
    found = file.execute(f'SELECT * FROM "{table}" ORDER BY rowid')
    of_part = [column[0] in _OF_PARTS.get(table, ()) for column in found.description]
    for row in found:
        yield tuple(compress(row, of_part)), tuple(compress(row, (not one for one in of_part)))


def _values(name: str, one: bytes, two: bytes) -> Iterator[tuple[bool, str]]:
    """The values of two JSON files that differ, by their place."""
    try:
        ours, theirs = (dict(_leaves(_of_one_series(_json(content)))) for content in (one, two))
    except (ValueError, RecursionError):
        yield False, f"{name}: is no JSON, or says a thing twice"
        return
    levels = {side.get(("alert", "level")) for side in (ours, theirs)}
    told = [("alert", one) for one in ("p_value", "direction", "observed")]
    same_chance = all(ours.get(place) == theirs.get(place) for place in told)
    by_others = _BY_OTHERS if levels == {"alert", "warning"} and same_chance else ()
    for place in sorted({*ours, *theirs}):
        # A text that says nothing is null, and so is one that is not there: versions differ in which of them they write.
        left, right = (side.get(place) if side.get(place) != "" else None for side in (ours, theirs))
        if left != right:
            said, where = [json.dumps(value, ensure_ascii=False)[:80] for value in (left, right)], ".".join(place)
            may = where in by_others or bool(_MAY.match(where))
            yield may, f"{name}, {where}: {said[0]} in the pack, {said[1]} in the run"


def _of_one_series(value: Any) -> Any:
    """What alert.json says without what its notes repeat of the site's other series, whose scenes the pack does not hold."""
    others = value["series"].get("breaks") if isinstance(value, dict) and isinstance(value.get("series"), dict) else None
    if isinstance(others, list):
        for told in (value.get("alert"), value.get("flow")):
            if isinstance(told, dict) and isinstance(told.get("notes"), list):
                told["notes"] = [note for note in told["notes"] if note not in others]
    return value


def _leaves(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        yield place, value
        return
    for key, one in inner:
        yield from _leaves(one, (*place, str(key)))


def _json(content: bytes) -> Any:
    """ValueError also where an object has a key twice, of which other readers may take the other."""
    return json.loads(content, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _short(lines: tuple[str, ...]) -> tuple[str, ...]:
    more = len(lines) - _MOST_LINES
    return (*lines[:_MOST_LINES], f"and {more} more") if more > 0 else lines
