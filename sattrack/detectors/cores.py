"""Cores: how many this process may use. The backends' own guesses differ, and some take one."""

import os

from sattrack.detectors.backends import asked_threads


def granted_threads() -> int:
    """The threads that OMP_NUM_THREADS grants; where it says nothing, as many as there are cores for this process."""
    if asked := asked_threads():
        return asked
    return own_cores()


def own_cores() -> int:
    """The cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
