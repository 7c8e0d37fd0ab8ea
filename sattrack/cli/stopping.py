"""Stopping: Ctrl-C, SIGTERM and SIGHUP end the program within two seconds, whatever it is doing."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from sattrack.cli.exit_codes import INTERRUPTED

# The rest of the two seconds is for the process to go.
_GRACE_S = 1.5
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextlib.contextmanager
def stop_cleanly() -> Iterator[None]:
    """Inside, the first signal raises KeyboardInterrupt; after a grace, or at the second signal, the process ends at once.

    Ending at once is safe: what is stored is stored whole. Outside the main thread nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    over = threading.Event()
    hear, tell = os.pipe()
    os.set_blocking(tell, False)
    woken = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(hear, over), name="sattrack-stop", daemon=True).start()
    for number in _SIGNALS:
        if before[number] is not signal.SIG_IGN:  # nohup stays nohup
            signal.signal(number, _raise)
    try:
        yield
    finally:
        over.set()
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(tell)  # the watcher reads the end and goes


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _watch(hear: int, over: threading.Event) -> None:
    """Python runs handlers only between its own steps; this thread also ends a process that is deep in a library's call."""
    try:
        while heard := os.read(hear, 1):
            if heard[0] in _SIGNALS:
                threading.Thread(target=_end_after_grace, args=(over,), name="sattrack-grace", daemon=True).start()
                if (second := os.read(hear, 1)) and second[0] in _SIGNALS:
                    os._exit(INTERRUPTED)
                return
    finally:
        os.close(hear)


def _end_after_grace(over: threading.Event) -> None:
    if not over.wait(_GRACE_S):
        if os.isatty(2):
            os.write(2, b"\x1b[?25h\n")  # progress hides the cursor, and nothing else will show it again
        os._exit(INTERRUPTED)
