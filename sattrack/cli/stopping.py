"""Stopping: Ctrl-C, SIGTERM and SIGHUP end the program within two seconds, whatever it is doing."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

from sattrack.cli.exit_codes import INTERRUPTED

INTERRUPTION = "interrupted; what is stored is kept, and a run goes on from there by the same command"
# The rest of the two seconds is for the process to go.
_GRACE_S = 1.5
_TELLING_S = 0.2
_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


@contextlib.contextmanager
def stop_cleanly() -> Iterator[Callable[[], bool]]:
    """Inside, the first signal raises KeyboardInterrupt; after a grace, or at the second signal, the process ends at once.

    Ending at once is safe: what is stored is stored whole. Gives what answers once, and once only, that it is now to be told
    of the interruption: whoever ends at once tells it too. Outside the main thread nothing is changed.
    """
    # Only one can take it, whichever thread asks.
    told = threading.Lock()

    def turn() -> bool:
        return told.acquire(blocking=False)

    if threading.current_thread() is not threading.main_thread():
        yield turn
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    over = threading.Event()
    hear, tell = os.pipe()
    os.set_blocking(tell, False)
    woken = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(hear, over, turn), name="sattrack-stop", daemon=True).start()
    for number in _SIGNALS:
        if before[number] is not signal.SIG_IGN:  # nohup stays nohup
            signal.signal(number, _raise)
    try:
        yield turn
    finally:
        over.set()
        signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(tell)  # the watcher reads the end and goes


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _watch(hear: int, over: threading.Event, turn: Callable[[], bool]) -> None:
    """Python runs handlers only between its own steps; this thread also ends a process that is deep in a library's call."""
    try:
        while heard := os.read(hear, 1):
            if heard[0] in _SIGNALS:
                threading.Thread(target=_end_after_grace, args=(over, turn), name="sattrack-grace", daemon=True).start()
                if (second := os.read(hear, 1)) and second[0] in _SIGNALS:
                    _end_at_once(turn)
                return
    finally:
        os.close(hear)


def _end_after_grace(over: threading.Event, turn: Callable[[], bool]) -> None:
    if not over.wait(_GRACE_S):
        _end_at_once(turn)


def _end_at_once(turn: Callable[[], bool]) -> None:
    """Past Python's own streams, which whoever is stuck may hold."""
    with contextlib.suppress(OSError):  # nobody reads it any more
        if os.isatty(2):
            os.write(2, b"\x1b[?25h\n")  # progress hides the cursor, and nothing else will show it again
        if turn():
            os.write(2, f"error: {INTERRUPTION}\n".encode())
        else:
            time.sleep(_TELLING_S)  # whoever took it may be at it
    os._exit(INTERRUPTED)
