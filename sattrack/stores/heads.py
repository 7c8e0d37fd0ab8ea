"""The head of a run, run.json: a scene a line, written and read line by line, since a run may be of a million scenes."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from pydantic import TypeAdapter, ValidationError

from sattrack.packed import Packed
from sattrack.results import RunIndex, SceneOutcome
from sattrack.stores.parts import plain

_INDEX, _OUTCOME = TypeAdapter(RunIndex), TypeAdapter(SceneOutcome)
_OPENED, _CLOSED, _END, _INDENT = b' "outcomes": [\n', b" ]\n", b"}", "  "
# What is said first of all: the version. Longer than any that was ever written.
_SAID_FIRST = re.compile(rb'\s*\{\s*"schema_version":\s*"([^"\\]{0,40})"')


def lines_of(index: RunIndex) -> Iterator[bytes]:
    """run.json, a line at a time."""
    head = _INDEX.dump_python(replace(index, outcomes=()), mode="json", exclude={"outcomes"})
    # Python's own indenting of the scenes would take ten times as long.
    yield f"{json.dumps(plain(head), indent=1, ensure_ascii=False, allow_nan=False).removesuffix(chr(10) + '}')},\n".encode()
    yield _OPENED
    last = len(index.outcomes) - 1
    for number, outcome in enumerate(index.outcomes):
        line = _line(_OUTCOME.dump_python(outcome, mode="json"))
        yield f"{_INDENT}{line}{',' if number < last else ''}\n".encode()
    if last < 0:
        yield f"{_INDENT}\n".encode()
    yield _CLOSED + _END


def read_lines(file: BinaryIO) -> RunIndex | None:
    """What `lines_of` wrote, its scenes packed; none where it is not that, line for line."""
    head: list[bytes] = []
    for line in file:
        if line == _OPENED:
            break
        head.append(line)
    else:
        return None
    try:
        bare = _INDEX.validate_json(b"".join(head).rstrip().removesuffix(b",") + b"}")
        outcomes = Packed(_OUTCOME.validate_json(line) for line in _scenes(file))
    except (ValidationError, ValueError):
        return None
    return replace(bare, outcomes=outcomes)


def version_at_the_front(begins: bytes) -> str | None:
    """The schema version that a file says first, as ours do; none where it does not begin so."""
    found = _SAID_FIRST.match(begins)
    return found[1].decode("utf-8", "replace") if found else None


def _scenes(file: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of the scenes. ValueError where they do not end as ours do."""
    more = True
    for line in file:
        if line == _CLOSED:
            if b"".join(file) != _END:
                break
            return
        said = line.strip()
        if not said:
            continue
        if not more:
            raise ValueError("a scene after the last")
        more = said.endswith(b",")
        yield said.removesuffix(b",")
    raise ValueError("the end is missing")


def _line(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(plain(value), ensure_ascii=False, allow_nan=False)
