"""Clusters: the work of worker processes on the machines of a Ray cluster, under the same bounds.

An actor a worker keeps one worker process beside itself, as the process executor does: what kills, hangs or swells that process
is told by the actor that outlives it; and an actor that is gone, or frozen, is told by Ray, and made anew.
"""

import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from sattrack.errors import DetectorError, SattrackError, UsageError
from sattrack.executors.joining import joined
from sattrack.executors.processes import READY_S, Bounds, Lost, Place, Retired, answers_of

# Beyond what a worker is given for an item, the actor that keeps it has so long to say that the time is up.
_GRACE_S = 15.0
# An actor that has not answered for so long is asked whether it is there, and has so long to say so.
_ASK_S, _THERE_S = 20.0, 20.0


class RayExecutor:
    """`workers` actors of a Ray cluster, each with a worker process in which `serves` ("module:function") makes the work.

    address: see joining.joined. gpus: where the cluster has graphics cards, each actor has one of them for itself, and there
    are no more actors than cards. environment: of each worker, by its number.
    """

    def __init__(
        self, serves: str, start: object, *, workers: int, bounds: Bounds, address: str = "", gpus: bool = False,
        environment: Callable[[int], Mapping[str, str]] = lambda _number: {},
    ) -> None:  # fmt: skip
        self._serves, self._start, self._workers, self._bounds = serves, start, workers, bounds
        self._address, self._gpus, self._environment = address, gpus, environment

    def map(self, items: Iterable[Any]) -> Iterator[Any]:
        """An answer, or Lost, for each item, in order; a bounded number in flight. Raises what kept a worker from starting."""
        with joined(self._address, workers=self._workers, gpus=self._gpus) as ray, _failing(ray):
            cards = int(ray.cluster_resources().get("GPU", 0)) if self._gpus else 0
            workers = min(self._workers, cards) if cards else self._workers
            options = {"num_cpus": 1, "num_gpus": 1 if cards else 0, "max_restarts": 0, "max_task_retries": 0}
            options["max_concurrency"] = 2  # one for the work, one to say that it is there
            kind = ray.remote(**options)(Keeper)
            firsts = [
                (self._serves, self._start, self._bounds, dict(self._environment(number)), str(Path.cwd()), list(sys.path))
                for number in range(workers)
            ]
            places = [_Actor(ray, kind, first, bounds=self._bounds) for first in firsts]
            yield from answers_of(places, items, attempts=self._bounds.attempts)


class Keeper:
    """In the actor's process: a place for one worker process after another."""

    def __init__(
        self, serves: str, start: object, bounds: Bounds, environment: Mapping[str, str], folder: str, path: list[str]
    ) -> None:
        with suppress(OSError):
            os.chdir(folder)  # relative paths mean what they mean at home, where this machine has the folder
        sys.path.extend(one for one in path if one not in sys.path)
        self._place = Place((serves, start), bounds=bounds, environment=environment)

    def versions(self) -> dict[str, str]:
        return versions()

    def there(self) -> bool:
        """Whether the actor is there: one that is frozen says nothing."""
        return True

    def ready(self) -> SattrackError | None:
        """Starts the worker process where there is none; what keeps it from starting."""
        try:
            self._place.ready()
        except SattrackError as error:
            return error
        return None

    def once(self, item: Any) -> Any:
        """The item's answer, or Lost."""
        return self._place.once(item)


@contextmanager
def _failing(ray: Any) -> Iterator[None]:
    """What Ray raises where the cluster itself fails, in our words."""
    try:
        yield
    except ray.exceptions.RayError as error:
        raise DetectorError(
            f"the Ray cluster failed: {_last_line(error)}",
            way_out="see that it runs, and give the same command again: parts are kept",
        ) from error


class _Silent(Lost):
    """Where nothing was said in time."""


class _Gone(Lost):
    """Where the actor died."""


class _Actor:
    """Where one actor after another keeps a worker."""

    def __init__(self, ray: Any, kind: Any, first: tuple[Any, ...], *, bounds: Bounds) -> None:
        self._ray, self._kind, self._first, self._bounds = ray, kind, first, bounds
        self._actor: Any = None
        self._worked, self._cause = False, ""
        self.closed = False

    def once(self, item: Any) -> Any:
        """The item's answer; Lost where its worker is lost, and where the actor is: that was no fault of the item's."""
        if self._actor is None and (lost := self._begin()) is not None:
            return lost
        said = self._told("ready", seconds=READY_S + _GRACE_S)
        if isinstance(said, SattrackError):
            raise said
        if isinstance(said, Lost):
            return said
        self._worked = True
        return self._told("once", item, seconds=self._bounds.seconds + _GRACE_S)

    def _begin(self) -> Lost | None:
        """Starts an actor; Lost where it dies at once on the way back from a loss, or was closed meanwhile.

        Retired where it worked before and nothing starts now, as where its machine is gone for good. DetectorError where it has
        never worked.
        """
        self._actor = self._kind.remote(*self._first)
        if self.closed:  # meanwhile
            self._end()
        said = self._told("versions", seconds=READY_S)
        if not isinstance(said, Lost):
            _refuse_others(said)
            return None
        if self.closed or (self._worked and isinstance(said, _Gone)):
            return said
        if self._worked:
            raise Retired(self._unstarted(said))
        raise self._unstarted(said)

    def close(self) -> None:
        self.closed = True
        self._end()

    def _told(self, method: str, *words: Any, seconds: float) -> Any:
        """What the actor answers; Lost, and the actor ended, where it is gone or says nothing."""
        actor, errors = self._actor, self._ray.exceptions
        if actor is None:
            return Lost("its Ray actor was ended", final=False)
        until = time.monotonic() + seconds
        lost: Lost | None = None
        try:
            answer = getattr(actor, method).remote(*words)
            while lost is None:
                left = until - time.monotonic()
                try:
                    return self._ray.get(answer, timeout=max(0.0, min(left, _ASK_S)))
                except errors.GetTimeoutError:
                    if left <= _ASK_S:
                        lost = _Silent(f"its Ray actor said nothing for {seconds:g} s", final=False)
                    elif method != "versions" and not self._there(actor):
                        lost = Lost(f"its Ray actor was frozen for {_THERE_S:g} s", final=False)
        except errors.RayTaskError as error:
            if isinstance(error.cause, SattrackError):
                raise error.cause from error
            lost = Lost(f"its Ray actor failed: {_last_line(error)}", final=False)
        except errors.RayError as error:
            lost = _Gone(f"its Ray actor was lost ({type(error).__name__})", final=False)
            self._cause = _last_line(error)
        self._end()
        return lost

    def _there(self, actor: Any) -> bool:
        try:
            return bool(self._ray.get(actor.there.remote(), timeout=_THERE_S))
        except self._ray.exceptions.GetTimeoutError:
            return False

    def _unstarted(self, said: Lost) -> DetectorError:
        if isinstance(said, _Silent):
            total = self._ray.cluster_resources()
            return DetectorError(
                f"no worker could be started: {said.reason}; the cluster has {total.get('CPU', 0):g} CPUs and "
                f"{total.get('GPU', 0):g} GPUs, of which each worker takes one",
                way_out="give fewer --workers, or wait until the cluster has room",
            )
        why = f": {self._cause}" if isinstance(said, _Gone) and self._cause else ""
        return DetectorError(
            f"no worker could be started: {said.reason}{why}",
            way_out="see that `sattrack doctor` is content on every machine of the cluster",
        )

    def _end(self) -> None:
        actor, self._actor = self._actor, None
        if actor is not None:
            with suppress(self._ray.exceptions.RayError):  # gone already, with its cluster
                self._ray.kill(actor)


def _last_line(error: Exception) -> str:
    """Of what Ray says, which is mostly a traceback: what happened, in a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:200] if lines else type(error).__name__


def versions() -> dict[str, str]:
    """What must be the same on every machine: a part is to be the same bytes wherever it is made."""
    names = ("sattrack", "numpy", "rasterio", "pyarrow", "torch", "openvino")
    found = {"python": platform.python_version()}
    for name in names:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _refuse_others(theirs: Mapping[str, str]) -> None:
    ours = versions()
    other = [f"{name} {theirs.get(name, 'none')} there, {said} here" for name, said in ours.items() if theirs.get(name) != said]
    if other:
        raise UsageError(
            f"a machine of the cluster has other versions: {', '.join(other)}",
            way_out="install the same versions of sattrack on every machine (constraints.txt)",
        )
