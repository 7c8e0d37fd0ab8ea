"""Clocks: wall time and the processor's time together, and the most memory that this process held."""

import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Clock:
    """A moment, or the time between two: seconds of the wall, and of the processor in all threads of this process."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    @classmethod
    def now(cls) -> "Clock":
        return cls(time.monotonic(), time.process_time())

    def __sub__(self, before: "Clock") -> "Clock":
        return Clock(self.wall_s - before.wall_s, self.cpu_s - before.cpu_s)

    def __add__(self, other: "Clock") -> "Clock":
        return Clock(self.wall_s + other.wall_s, self.cpu_s + other.cpu_s)


def peak_bytes() -> int:
    """The greatest resident memory of this process since its program was loaded."""
    status = Path("/proc/self/status")
    if status.is_file():
        # getrusage would also tell the memory of the parent from before this program took the process over.
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
