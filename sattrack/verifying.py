"""Verifying: whether an evidence pack is whole, and what of it a run tells otherwise."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sattrack.errors import StoreError
from sattrack.evidence import make_pack
from sattrack.readers.evidence_packs import read_pack
from sattrack.reports.evidence_zip import SUMS
from sattrack.settings import Settings

# What a run that was made again may say otherwise: when, where and with what it was made, and what hangs on other sites.
_MAY = re.compile(
    r"(made_with|run|outlines|commands)(\.|$)|settings\.(device|batch|read_ahead|gdal_cache_bytes|max_\w+|remote_\w+)$"
    r"|inputs\.\d+\.(file|file_now)$|alert\.q_value$"
)
# Texts say in words what the others hold, and the version that wrote them.
_WORDS = ("README.txt", "page.html", "LICENCES.txt", "settings.yaml", SUMS)
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
        provenance = json.loads(files["provenance.json"])
        alert, settings = str(provenance["alert_id"]), Settings.model_validate(provenance["settings"]).allowing(allow_hosts)
        imagery, amounts = bool(provenance["imagery"]), tuple(float(one) for one in provenance["cumulative"])
    except (ValueError, TypeError, KeyError, RecursionError, ValidationError) as error:
        raise StoreError(
            "provenance.json is damaged, or of another version", where=str(pack), way_out="fetch the pack again"
        ) from error
    if run is None:
        return Verdict(alert, damage)
    again = make_pack(run, alert, settings=settings, amounts=amounts, imagery=imagery, allow_remote=allow_remote).files
    found = [*_compared(files, again)]
    if any(may and line.startswith(_LEVEL) for may, line in found):  # which the chart marks
        found = [(may or line.startswith("chart.svg: "), line) for may, line in found]
    differs = tuple(line for may, line in found if not may)
    return Verdict(alert, damage, _short(differs), _short(tuple(line for may, line in found if may)), compared=True)


def _damage(files: Mapping[str, bytes]) -> Iterator[str]:
    lines = [line.partition("  ") for line in files[SUMS].decode("utf-8", "replace").splitlines()]
    listed = {name: digest for digest, _, name in lines if name}
    for name in sorted({*files, *listed} - {SUMS}):
        if name not in files:
            yield f"{name} is listed, but not there"
        elif name not in listed:
            yield f"{name} is there, but not listed"
        elif hashlib.sha256(files[name]).hexdigest() != listed[name]:
            yield f"{name} is not what SHA256SUMS says"


def _compared(files: Mapping[str, bytes], again: Mapping[str, bytes]) -> Iterator[tuple[bool, str]]:
    """Each difference, and whether it may be."""
    for name in sorted({*files, *again} - set(_WORDS)):
        if name not in again:
            yield False, f"{name}: the run gives none"
        elif name not in files:
            yield False, f"{name}: only the run gives it"
        elif files[name] == again[name]:
            continue
        elif name.endswith(".json"):
            yield from _values(name, files[name], again[name])
        else:
            yield False, f"{name}: other bytes"


def _values(name: str, one: bytes, two: bytes) -> Iterator[tuple[bool, str]]:
    """The values of two JSON files that differ, by their place."""
    try:
        ours, theirs = dict(_leaves(json.loads(one))), dict(_leaves(json.loads(two)))
    except (ValueError, RecursionError):
        yield False, f"{name}: is no JSON"
        return
    levels = {side.get("alert.level") for side in (ours, theirs)}
    same_chance = all(ours.get(f"alert.{one}") == theirs.get(f"alert.{one}") for one in ("p_value", "direction", "observed"))
    by_others = _BY_OTHERS if levels == {"alert", "warning"} and same_chance else ()
    for place in sorted({*ours, *theirs}):
        # A text that says nothing is null, and so is one that is not there: versions differ in which of them they write.
        left, right = (side.get(place) if side.get(place) != "" else None for side in (ours, theirs))
        if left != right:
            said = [json.dumps(value, ensure_ascii=False)[:80] for value in (left, right)]
            yield place in by_others or bool(_MAY.match(place)), f"{name}, {place}: {said[0]} in the pack, {said[1]} in the run"


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        yield place.removeprefix("."), value
        return
    for key, one in inner:
        yield from _leaves(one, f"{place}.{key}")


def _short(lines: tuple[str, ...]) -> tuple[str, ...]:
    more = len(lines) - _MOST_LINES
    return (*lines[:_MOST_LINES], f"and {more} more") if more > 0 else lines
