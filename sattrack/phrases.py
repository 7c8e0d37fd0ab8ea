"""Phrases: pieces of sentences that every floor tells people alike: so many of a thing, and the first few of many."""

from collections.abc import Sequence


def some(number: int, one: str, more: str = "") -> str:
    """1 scene, 1,200 scenes. more: what several are called, with their verb where one follows; else an s is added."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def first_of(names: Sequence[str], *, most: int) -> str:
    """a, b and 12 more: of more than `most` names only so many."""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")
