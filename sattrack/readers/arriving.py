"""Arriving: files that are still being copied, and so are left for a later look."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sattrack.readers.finding import Source


@dataclass(frozen=True, slots=True)
class Sight:
    """A file that changed of late, or whose clock is ahead, as it was when it was first seen so. since: seconds since 1970."""

    size: int
    mtime_ns: int
    since: float


def still_arriving(
    sources: Sequence[Source], before: dict[str, Sight], *, now: float, settle_s: float
) -> tuple[frozenset[str], dict[str, Sight]]:  # fmt: skip
    """The local pictures that changed less than settle_s seconds ago, or whose masks did, by path; and what the next look must
    know.

    before: what the last look left for this one. A file whose clock is ahead counts as settled once it looked the same for so
    long; it is remembered while its clock is ahead, or the next look would take it for a new one.
    """
    left: set[str] = set()
    seen: dict[str, Sight] = {}
    for source in sources:
        for path in filter(None, (source.path, source.hints.mask)):
            try:
                stat = Path(path).stat()
            except OSError:
                continue  # remote, or gone: for the reader to say
            if now - stat.st_mtime >= settle_s:
                continue
            known = before.get(path)
            alike = known is not None and (known.size, known.mtime_ns) == (stat.st_size, stat.st_mtime_ns)
            # Of a clock that was set back since, what was noted by it is no time that has passed.
            since = known.since if known is not None and alike and known.since <= now else now
            seen[path] = Sight(stat.st_size, stat.st_mtime_ns, since)
            if not alike or now - since < settle_s:
                left.add(source.path)
    return frozenset(left), seen
