"""Strict JSON: a document of bounded depth, without NaN, infinities or repeated keys."""

import json
import re
from typing import Any

from sattrack.errors import CatalogueError

MOST_DEEP = 64
# More than these no number of the machine's can hold.
_MOST_DIGITS = 300
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json(raw: bytes, *, where: str) -> Any:
    """The value that a document holds. where: for errors. CatalogueError where it is none that may be read."""
    try:
        value = json.loads(
            raw.decode("utf-8-sig"), object_pairs_hook=_object, parse_constant=_no_number, parse_float=_finite, parse_int=_whole
        )
    except UnicodeDecodeError as error:
        raise CatalogueError("the document is not UTF-8 text", where=where) from error
    except RecursionError as error:
        raise CatalogueError("the document is nested too deeply", where=where) from error
    except ValueError as error:
        raise CatalogueError(f"the document is broken JSON: {str(error)[:200]}", where=where) from error
    if _deeper_than(value, MOST_DEEP):
        raise CatalogueError(f"the document is nested more than {MOST_DEEP} levels deep", where=where)
    if _SURROGATE.search(raw) and not _is_text(value):
        raise CatalogueError("the document holds half a character (\\uD800 to \\uDFFF alone), which no text does", where=where)
    return value


def _is_text(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:40]!r} stands twice in one object")
        found[key] = value
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:20]} is too large a number")
    return number


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"{text[:20]}... is too large a number")
    return int(text)


def _deeper_than(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most + 1):
        inner = [one for one in level if isinstance(one, dict | list)]
        if not inner:
            return False
        level = [each for one in inner for each in (one.values() if isinstance(one, dict) else one)]
    return True
