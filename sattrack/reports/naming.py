"""Naming: names of files that any system takes, whatever a scene or site is called."""

import hashlib
import itertools
import re

from sattrack.reports.cells import clean

# Names that Windows keeps for devices, whatever their suffix.
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?$")
_LONGEST = 120


def file_name(name: str, *, taken: set[str]) -> str:
    """A name safe on every file system, made unique among those taken, and taken."""
    safe = re.sub(r"[^\w.-]+", "_", clean(name)).strip("._-")[:80].encode()[:_LONGEST].decode("utf-8", "ignore") or "unnamed"
    safe = f"_{safe}" if _DEVICES.match(safe) else safe
    chosen = next(c for c in itertools.chain([safe], (f"{safe}_{n}" for n in itertools.count(2))) if c.lower() not in taken)
    taken.add(chosen.lower())
    return chosen


def label_name(part: str) -> str:
    """A part's name as a file's name on any system; one that had to be changed ends in digits of its own, to stay unique."""
    tame = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]', "_", clean(part)).strip(" .")
    if _DEVICES.match(tame):
        tame = f"_{tame}"
    if tame and tame == part and len(tame.encode()) <= _LONGEST:
        return f"{tame}.txt"
    mark = hashlib.sha256(part.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return f"{tame.encode()[:_LONGEST].decode('utf-8', 'ignore')}_{mark}.txt"
