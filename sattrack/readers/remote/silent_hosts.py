"""Hosts that give no answer: after some files in a row are given up, the next fail at once, until one that is tried succeeds.

Without it a thousand scenes at a dead server each wait for all their tries.
"""

import threading
import time
from dataclasses import dataclass

from sattrack.errors import RemoteBusy
from sattrack.phrases import some

# Files in a row that got no answer at all, and how long nobody asks after that, s.
MOST_FILES, PAUSE_S = 5, 60.0


@dataclass(slots=True)
class _Host:
    files: int = 0
    until: float = 0.0


_HOSTS: dict[str, _Host] = {}
_LOCK = threading.Lock()


def tries_at(host: str, *, usual: int, where: str) -> int:
    """How often a file at the host may be tried: as usual; once, where the pause of a silent one is over. RemoteBusy in it."""
    with _LOCK:
        known = _HOSTS.get(host)
        if known is None or known.files < MOST_FILES:
            return usual
        left = known.until - time.monotonic()
        if left <= 0:
            # One file finds out for all.
            known.until = time.monotonic() + PAUSE_S
            return 1
        files = known.files
    raise RemoteBusy(
        f"not asked: {host} gave no answer for {some(files, 'file')} before, and is tried again in {left:.0f} s", where=where,
        way_out="run again later: what is done is kept",
    )  # fmt: skip


def was_silent(host: str) -> None:
    """A file was given up without any answer of the host's."""
    with _LOCK:
        known = _HOSTS.setdefault(host, _Host())
        known.files += 1
        known.until = time.monotonic() + PAUSE_S


def answered(host: str) -> None:
    with _LOCK:
        _HOSTS.pop(host, None)


def forget() -> None:
    """All hosts may be asked again: a new run begins."""
    with _LOCK:
        _HOSTS.clear()
