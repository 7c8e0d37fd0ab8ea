"""Work for worker processes in tests: what it does with an item hangs on the item."""

import contextlib
import ctypes
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sattrack.errors import UsageError


class Riddle:
    """What can be said, and not be understood."""

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return importlib.import_module, ("no_such_module_here",)


def begin(start: str) -> Callable[[str], object]:
    if start == "refuse":
        raise UsageError("no such weights", way_out="give others")
    if start == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return lambda item: answer(item, folder=Path(start))


def answer(item: str, *, folder: Path) -> object:
    """The item itself, after what its first word asks for; attempts are kept as files."""
    word, _, name = item.partition(" ")
    (folder / f"{name or word}.{time.monotonic_ns()}").write_text(str(os.getpid()))
    attempts = len(list(folder.glob(f"{name or word}.*")))
    if word in ("part", "stuck"):
        leave_a_child(folder / f"child of {name}")
    if word == "part":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "segfault":
        ctypes.string_at(0)
    if (word == "kill" and name != "parent") or (word == "once" and attempts == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "raise":
        raise ValueError("what nobody thought of")
    if word == "leave":
        os._exit(7)
    if word in ("hang", "stuck"):
        time.sleep(600)
    if word == "swell":
        held = bytearray(600 << 20)
        held[::4096] = b"x" * len(held[::4096])
        time.sleep(600)
    if word == "print":
        print("noise", flush=True)
        os.write(1, b"more noise\n")
    if word == "threads":
        return os.environ["OMP_NUM_THREADS"]
    if word == "pid":
        return str(os.getpid())
    if word == "sleep":
        time.sleep(1.0)
    if word == "kill" and name == "parent":
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    if word == "card":
        time.sleep(1.0)
        return f"card {os.environ['CUDA_VISIBLE_DEVICES']}"
    if word == "ports":
        return f"ports {' '.join(listening())}"
    if word == "token":
        mode, path = os.environ["RAY_AUTH_MODE"], Path(os.environ["RAY_AUTH_TOKEN_PATH"])
        secret = path.stat().st_mode & 0o077 == 0 and path.parent.stat().st_mode & 0o077 == 0 and len(path.read_text()) == 64
        return f"token {mode} {secret} usage {os.environ['RAY_USAGE_STATS_ENABLED']}"
    if word == "riddle":
        return Riddle()
    if word == "modules":
        return " ".join(sorted({"torch", "cv2", "rasterio"} & set(sys.modules)))
    return "x" * int(name) if word == "large" else item


def leave_a_child(named: Path) -> None:
    """A forked process that lives for a minute; it is not in the way of one that ends before it."""
    if child := os.fork():
        named.write_text(str(child))
        return
    time.sleep(60)
    os._exit(0)


def listening() -> list[str]:
    """The addresses at which the program that started the cluster, and all that it started, listen."""
    import psutil

    program = next(one for one in psutil.Process().parents() if "alone.py" in " ".join(one.cmdline()))
    found = set()
    for process in [program, *program.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):
            found |= {link.laddr.ip for link in process.net_connections("tcp") if link.status == "LISTEN"}
    return sorted(found)
