"""The heap: memory that was freed goes back to the system, so that a long scene takes no more than a short one."""

import ctypes
import sys

# Batches between two returns; one takes under a millisecond.
EVERY = 16


def give_back() -> None:
    """Where the C library is glibc: it keeps the holes that a network's buffers of changing sizes leave, elsewhere nothing."""
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
