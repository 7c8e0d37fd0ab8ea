"""Serving: the body of a worker process: what it is to do comes in by standard input, item by item, and answers go out.

Started afresh by executors.processes; nothing is inherited from the parent but its words, and where it looks for modules.
"""

import faulthandler
import importlib
import os
import pickle
import queue
import signal
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

from sattrack.errors import SattrackError

_LENGTH = 8


def afresh(does: str, *words: str) -> list[str]:
    """The command of a new Python that looks for modules where this one does, and does what is said.

    Called by -m it would first look into the folder of now, where pictures of strangers may lie, and code beside them.
    """
    path = [folder for folder in sys.path if isinstance(folder, str)]  # Python passes over any other, and so do we
    return [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {path!a}; {does}", *words]


def framed(message: object) -> bytes:
    """A message as it is sent: its length, then itself, pickled."""
    said = pickle.dumps(message)
    return len(said).to_bytes(_LENGTH, "big") + said


def send(to: IO[bytes], message: object) -> None:
    """Writes a message whole. OSError where nobody reads any more."""
    to.write(framed(message))
    to.flush()


def receive(source: IO[bytes]) -> Any:
    """The next message. EOFError where the other end is gone, UnpicklingError where what it said cannot be read."""
    head = source.read(_LENGTH)
    said = source.read(int.from_bytes(head, "big")) if len(head) == _LENGTH else b""
    if not said or len(said) < int.from_bytes(head, "big"):
        raise EOFError
    try:
        return pickle.loads(said)
    except Exception as error:  # whatever the making of what was said raises; in a thread it would end on the terminal
        raise pickle.UnpicklingError(str(error)) from error


def serve() -> None:
    """Makes the work that the first message names, then does it on every other; ends at once when the parent is gone."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the whole terminal; the parent says when it is over
    source, answers = _taken_over()
    name, start = receive(source)
    items: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(source, items), name="sattrack-parent", daemon=True).start()
    module, _, function = name.partition(":")
    try:
        work: Callable[[Any], Any] = getattr(importlib.import_module(module), function)(start)
    except SattrackError as error:
        send(answers, error)
        return
    send(answers, None)
    while True:
        send(answers, work(items.get()))


def _taken_over() -> tuple[IO[bytes], IO[bytes]]:
    """Standard input and output for messages alone: what libraries print goes to standard error."""
    ends = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)

    def let_go() -> None:
        for end in ends:
            os.dup2(nothing, end, inheritable=False)

    # A child that the work forks would hold the pipes open, and nobody would hear that this process has died.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=let_go)
    return os.fdopen(ends[0], "rb"), os.fdopen(ends[1], "wb")


def _listen(source: IO[bytes], items: "queue.SimpleQueue[Any]") -> None:
    try:
        while True:
            items.put(receive(source))
    except (EOFError, OSError):
        # Whatever it is at, with what it started: what is stored is stored whole, and nobody waits for the rest.
        if sys.platform != "win32" and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(0)
