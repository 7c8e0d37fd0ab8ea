"""Work for worker processes in tests: what it does with an item hangs on the item."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from sattrack.errors import UsageError


def begin(start: str) -> Callable[[str], str]:
    if start == "refuse":
        raise UsageError("no such weights", way_out="give others")
    if start == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return lambda item: answer(item, folder=Path(start))


def answer(item: str, *, folder: Path) -> str:
    """The item itself, after what its first word asks for; attempts are kept as files."""
    word, _, name = item.partition(" ")
    (folder / f"{name or word}.{time.monotonic_ns()}").write_text(str(os.getpid()))
    attempts = len(list(folder.glob(f"{name or word}.*")))
    if word == "segfault":
        ctypes.string_at(0)
    if word == "kill" or (word == "once" and attempts == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if word == "raise":
        raise ValueError("what nobody thought of")
    if word == "leave":
        os._exit(7)
    if word == "hang":
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
    if word == "modules":
        return " ".join(sorted({"torch", "cv2", "rasterio"} & set(sys.modules)))
    return "x" * int(name) if word == "large" else item
