"""Joining: a Ray cluster that is there, or one of this machine's own that is started for the work and stopped after it."""

import os
import re
import secrets
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sattrack.errors import DetectorError, UsageError
from sattrack.writing import private_folder

# Items are names of scenes, and answers what became of them: nothing large travels. Ray takes no less than 75 MB.
_OBJECT_STORE_BYTES = 100_000_000
_ADDRESS = re.compile(r"[A-Za-z0-9._\-\[\]:]+:[0-9]{1,5}|auto", re.ASCII)
# The path of a Unix socket has 107 bytes, and Ray's own folders take some 70 of them.
_LONGEST_FOLDER = 36
_KNOCK_S = 10.0
_MODE, _TOKEN_PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN_PATH"


def checked_address(address: str) -> str:
    """HOST:PORT of a cluster's head, or auto. UsageError of anything else."""
    if address.startswith("ray://"):
        raise UsageError(
            f"--ray-address is {address!r}: Ray Client is not used",
            way_out="call sattrack on a machine of the cluster, and give HOST:PORT of its head",
        )
    if not _ADDRESS.fullmatch(address):
        raise UsageError(f"--ray-address is {address!r}", way_out="give HOST:PORT of the cluster's head, or auto")
    return address


@contextmanager
def joined(address: str = "", *, workers: int, gpus: bool) -> Iterator[Any]:
    """The module ray, connected. Without an address to a cluster of this machine alone: so many CPUs, a token of its own, ports
    on the loopback only, all gone afterwards. A connection that the caller made before is used, and stays.

    gpus: whether graphics cards may be used. UsageError where ray is missing or tokens are switched off, DetectorError.
    """
    known = sys.modules.get("ray")
    if known is not None and known.is_initialized():
        yield known
        return
    with _prepared(address) as folder:
        ray = _imported()
        try:
            if address:
                _knock(address)
                _begun(ray, address=address)
            else:
                _begun(
                    ray, address="local", num_cpus=workers, num_gpus=None if gpus else 0, include_dashboard=False,
                    object_store_memory=_OBJECT_STORE_BYTES, _temp_dir=str(folder / "ray"),
                )  # fmt: skip
        except (ray.exceptions.RayError, RuntimeError, ValueError, OSError, OverflowError) as error:
            ray.shutdown()
            said = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
            raise DetectorError(
                f"Ray cannot be {'reached at ' + address if address else 'started'}: {said}",
                way_out="check that the cluster runs, and that RAY_AUTH_TOKEN_PATH names its token" if address
                else "--executor process works without Ray",
            ) from error  # fmt: skip
        try:
            yield ray
        finally:
            ray.shutdown()


def _knock(address: str) -> None:
    """OSError where nobody listens: Ray itself would ask for minutes."""
    if address != "auto":
        host, _, port = address.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_S).close()


def _imported() -> Any:
    try:
        import ray
    except ImportError as error:
        raise UsageError("--executor ray: Ray is not installed", way_out="pip install 'sattrack[ray]'") from error
    return ray


@contextmanager
def _prepared(address: str) -> Iterator[Path]:
    """The environment that Ray reads when it is imported: a token is asked for, nothing is reported. A private folder."""
    asked = os.environ.get(_MODE, "token" if "ray" not in sys.modules else "not set when Ray was imported")
    if asked != "token":
        raise UsageError(
            f"{_MODE} is {asked}: whoever reaches a cluster without tokens runs code on all of it",
            way_out=f"start the cluster with {_MODE}=token, and give the same here, before anything imports Ray",
        )
    # These stay: Ray keeps what it has read.
    os.environ |= {_MODE: "token", "RAY_USAGE_STATS_ENABLED": "0"}
    # The first is for other systems than this one: Ray then listens on the loopback only. By its niceness of 15 workers would
    # starve beside anything else.
    here = {} if address else {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_worker_niceness": "0", "RAY_AUTH_TOKEN": ""}
    # Ray opens its own folder to all, and so stands in one that is not.
    with private_folder("ray", within=_place()) as folder:
        if not address:
            token = folder / "token"
            token.touch(0o600)
            token.write_text(_token())
            here[_TOKEN_PATH] = str(token)
        before = {name: os.environ.get(name) for name in here}
        os.environ |= here
        try:
            yield folder
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value


def _place() -> Path:
    """Where temporary files go, or a place whose name is short enough for sockets in it."""
    place = tempfile.gettempdir()
    return Path("/tmp" if len(place) > _LONGEST_FOLDER and sys.platform != "win32" else place)


@lru_cache(maxsize=1)
def _token() -> str:
    """The token of this process' own clusters: Ray reads one but once."""
    return secrets.token_hex(32)


class _Unasked(list[str]):
    """The folders in which Ray's processes look for modules before all others: none, for Ray would add the folder of now."""

    def extend(self, _folders: Iterable[str], /) -> None:
        return


def _begun(ray: Any, **words: Any) -> None:
    """ray.init, whose handler of SIGTERM does not stay: ours ends the run as Ctrl-C does. Ray tells nothing on standard output,
    where it would say of each lost worker what we say of its item, and runs nothing that lies in the folder of now, which may
    be a stranger's: actors are told where we look for modules. There is no setting for either.
    """
    ours = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM)
    ray._private.worker._worker_logs_enabled = False
    job = ray.job_config.JobConfig()
    job._py_driver_sys_path = _Unasked()
    try:
        ray.init(log_to_driver=False, configure_logging=False, logging_level="ERROR", job_config=job, **words)
    finally:
        if ours:
            signal.signal(signal.SIGTERM, before)
