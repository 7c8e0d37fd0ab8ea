"""Leases: one process at a time writes a run in an object store, by objects that are put only where there is none yet.

Each holder has a number of its own, one above the last; the highest holds. It says until when, and says so again and again
while it lives: whoever died is followed once its time is up. A store that puts over what is there, whatever it is asked, keeps
nobody out, and that is said.
"""

import datetime as dt
import json
import logging
import os
import platform
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sattrack.errors import StoreError
from sattrack.stores.objects import Objects

# How long a holder that says nothing is believed to live; machines' clocks must agree to a fraction of that.
LEASE_S = 60.0
_FOLDER = "lock"
_FREE = "free"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a lock object says. until: UTC; a free one is nobody's any more."""

    owner: str
    mark: str
    until: dt.datetime


class Lease:
    """A lock that is held, and held on to by a thread until it is given back. since: by `_clocks`, when it was asked for."""

    def __init__(self, objects: Objects, number: int, *, mark: str, lease_s: float, since: tuple[float, ...]) -> None:
        self._objects, self._number, self._mark, self._lease_s = objects, number, mark, lease_s
        self._since = since
        self._lost, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold_on, name="sattrack-lease", daemon=True)
        self._thread.start()

    def demand(self) -> None:
        """Asks the store. StoreError where another holds the run, or may by now, since it could not be reached for too long."""
        # Twice, since an answer may take its time.
        if self._over.is_set() or not self._sure() or self._followed() or not self._sure():
            raise StoreError(
                f"the hold on the run was lost: the store could not be told for {self._lease_s:g} s, or another took it",
                where=str(self._objects.location), way_out="give the same command again: parts are kept",
            )  # fmt: skip

    def give_back(self) -> None:
        self._over.set()
        self._thread.join()
        if self._sure():
            try:
                self._objects.put(_name(self._number), _said(_FREE, self._mark, 0))
            except StoreError as error:
                _log.warning("%s", error)  # it is free once its time is up

    def _hold_on(self) -> None:
        # Once its time was up another may have come, worked and gone: it is never said again then.
        while not self._over.wait(self._lease_s / 4) and self._sure():
            try:
                if self._followed():
                    return
                asked = _clocks()
                self._objects.put(_name(self._number), _said(_owner(), self._mark, self._lease_s))
                # The machine may have slept between our look and our put.
                if not self._followed() and self._sure():
                    self._since = asked
            except StoreError as error:
                _log.warning("%s", error)

    def _sure(self) -> bool:
        """Whether nobody else can hold the run yet; never again once that was not so."""
        if any(now - then > self._lease_s for now, then in zip(_clocks(), self._since, strict=True)):
            self._lost.set()
        return not self._lost.is_set()

    def _followed(self) -> bool:
        if not self._lost.is_set() and _last(self._objects) > self._number:
            self._lost.set()
        return self._lost.is_set()


def _clocks() -> tuple[float, ...]:
    """Seconds by clocks of which one at least goes on while the machine sleeps: the one that says so, or the time of day."""
    since_boot = getattr(time, "CLOCK_BOOTTIME", None)
    return (time.monotonic(), time.time()) if since_boot is None else (time.clock_gettime(since_boot),)


@contextmanager
def leased(objects: Objects, *, lease_s: float = LEASE_S) -> Iterator[Lease]:
    """Holds the run below the location meanwhile. StoreError where another holds it, by process and machine."""
    number, mark, since = _taken(objects, lease_s=lease_s)
    lease = Lease(objects, number, mark=mark, lease_s=lease_s, since=since)
    try:
        yield lease
    finally:
        lease.give_back()


def _taken(objects: Objects, *, lease_s: float) -> tuple[int, str, tuple[float, ...]]:
    """The number that is ours now, the mark that we set there, and since when. StoreError where another holds the run."""
    mine = uuid.uuid4().hex
    last = _last(objects)
    if last:
        held = _claim(objects.find(_name(last)))
        if held is not None and held.owner != _FREE and held.until > dt.datetime.now(dt.UTC):
            raise _held(objects, held)
    number, since = last + 1, _clocks()
    if not objects.put_new(_name(number), _said(_owner(), mine, lease_s)):
        first = _claim(objects.find(_name(number)))
        # A put that arrived, but whose answer was lost, is put again by the client and finds itself.
        if first is None or first.mark != mine:
            raise _held(objects, first)
    elif objects.put_new(_name(number), _said(_owner(), mine, lease_s)):
        _log.warning("%s: the store knows no conditional put: let no second sattrack write into this run", objects.location)
    if _last(objects) > number:
        # Between listing and putting, others came and went past our number.
        objects.remove(_name(number))
        return _taken(objects, lease_s=lease_s)
    for older in _numbers(objects):
        if older < number:
            objects.remove(_name(older))
    return number, mine, since


def _held(objects: Objects, claim: Claim | None) -> StoreError:
    who = f"{claim.owner}, until {claim.until:%H:%M:%S} UTC unless it says so again" if claim else "which one is not said"
    return StoreError(
        f"another sattrack writes into this run: {who}", where=str(objects.location),
        way_out="wait until it has ended and give the same command again, or choose another -o",
    )  # fmt: skip


def _numbers(objects: Objects) -> list[int]:
    return sorted(int(name) for name in objects.names(_FOLDER) if name.isascii() and name.isdigit())


def _last(objects: Objects) -> int:
    return max(_numbers(objects), default=0)


def _name(number: int) -> str:
    return f"{_FOLDER}/{number:09d}"


def _owner() -> str:
    return f"process {os.getpid()} on {platform.node() or 'a machine'}"


def _said(owner: str, mark: str, lease_s: float) -> bytes:
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=lease_s)
    return json.dumps({"owner": owner, "mark": mark, "until": until.isoformat()}).encode()


def _claim(content: bytes | None) -> Claim | None:
    """What a lock object says; none of one that is gone or not ours to read."""
    try:
        said = json.loads(content or b"")
        until = dt.datetime.fromisoformat(said["until"])
        return Claim(str(said["owner"])[:200], str(said["mark"]), until if until.tzinfo else until.replace(tzinfo=dt.UTC))
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
