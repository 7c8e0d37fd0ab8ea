"""Packed: a row of a million values in little memory, each made when it is asked for; and at which places a word stands."""

import hashlib
import heapq
import itertools
import pickle
import zlib
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

# Values that are packed together. Larger blocks are hardly smaller in all, and one value takes longer to find.
_BLOCK = 64
# Blocks that stay as they were unpacked: a row is mostly walked through, at times from two places at once.
_OPEN = 4
# Values that are sorted at once.
_SORTED = 1 << 12
_DIGEST = 16


class _Lazy(Sequence[T]):
    """A row whose values are made one by one."""

    __slots__ = ()

    @abstractmethod
    def _at(self, place: int) -> T:
        """The value at a place from 0 on."""

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...

    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        places = range(len(self))[index]
        return tuple(map(self._at, places)) if isinstance(places, range) else self._at(places)


class Packed(_Lazy[T]):
    """Values as they were appended, in compressed blocks: the outcome of a scene takes 100 bytes so, and 1.4 kB as it is.

    Equal to any row of equal values. What is unpacked is equal to what was appended, and another object: for frozen values.
    Only what this process packed is ever unpacked.
    """

    __slots__ = ("_blocks", "_last", "_open")

    def __init__(self, values: Iterable[T] = ()) -> None:
        self._blocks: list[bytes] = []
        self._last: list[T] = []
        self._open: tuple[tuple[int, list[T]], ...] = ()
        for value in values:
            self.append(value)

    def append(self, value: T) -> None:
        self._last.append(value)
        if len(self._last) == _BLOCK:
            self._blocks.append(zlib.compress(pickle.dumps(self._last, pickle.HIGHEST_PROTOCOL), 1))
            self._last = []

    def __len__(self) -> int:
        return len(self._blocks) * _BLOCK + len(self._last)

    def _at(self, place: int) -> T:
        block, within = divmod(place, _BLOCK)
        return self._block(block)[within]

    def __iter__(self) -> Iterator[T]:
        for number in range(len(self._blocks)):
            yield from self._unpacked(number)
        yield from self._last

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str | bytes):
            return NotImplemented
        return len(self) == len(other) and all(one == its for one, its in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __repr__(self) -> str:
        return f"Packed({len(self)} values)"

    def _block(self, number: int) -> list[T]:
        if number == len(self._blocks):
            return self._last
        for opened, values in self._open:
            if opened == number:
                return values
        values = self._unpacked(number)
        # In one step, for threads that look meanwhile.
        self._open = ((number, values), *self._open[: _OPEN - 1])
        return values

    def _unpacked(self, number: int) -> list[T]:
        values: list[T] = pickle.loads(zlib.decompress(self._blocks[number]))
        return values


class Made(_Lazy[T]):
    """A value for each of some places, made when it is asked for."""

    def __init__(self, places: Sequence[int] | NDArray[np.integer[Any]], make: Callable[[int], T]) -> None:
        self._places, self._make = places, make

    def __len__(self) -> int:
        return len(self._places)

    def _at(self, place: int) -> T:
        return self._make(int(self._places[place]))


def in_order(values: Iterable[T], *, key: Callable[[T], Any], reverse: bool = False) -> Iterator[T]:
    """The values sorted as by sorted(), those with equal keys as they came; few of them are unpacked at once."""
    drawn = iter(values)
    rows = []
    while some := list(itertools.islice(drawn, _SORTED)):
        rows.append(Packed(sorted(some, key=key, reverse=reverse)))
    return heapq.merge(*rows, key=key, reverse=reverse)


class Lookup:
    """At which places a word stands in a row of words: 20 bytes a word, however long it is.

    A word is known by 16 bytes of its BLAKE2 digest, which two of a million words share at odds of 1 to 10^26.
    """

    def __init__(self, words: Iterable[str]) -> None:
        digests = bytearray()
        for word in words:
            digests += _digest(word)
        row = np.frombuffer(bytes(digests), f"S{_DIGEST}")
        self._order = np.argsort(row, kind="stable").astype(np.uint32)
        self._sorted = row[self._order]

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, word: str) -> bool:
        return len(self.places(word)) > 0

    def places(self, word: str) -> list[int]:
        """Where a word stands, ascending; empty where it stands nowhere."""
        sought = np.frombuffer(_digest(word), self._sorted.dtype)[0]
        first, end = (int(np.searchsorted(self._sorted, sought, side=side)) for side in ("left", "right"))
        found: list[int] = self._order[first:end].tolist()
        return found

    def groups(self) -> Iterator[list[int]]:
        """The places of each word, ascending, in the order in which the words first appear."""
        firsts = np.flatnonzero(np.concatenate([[True], self._sorted[1:] != self._sorted[:-1]])[: len(self)])
        ends = np.append(firsts[1:], len(self))
        for number in np.argsort(self._order[firsts]):
            yield self._order[firsts[number] : ends[number]].tolist()


def _digest(word: str) -> bytes:
    # Halves of broken characters in names are words like others.
    return hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).digest()
