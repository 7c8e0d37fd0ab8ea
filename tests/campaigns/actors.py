"""The processes of this process' own Ray cluster that look at scenes, to be killed or frozen."""

import psutil


def keepers() -> list[int]:
    """The pids of the actors, which call themselves so."""
    return [pid for pid, line in _below() if line.startswith("ray::Keeper")]


def workers() -> list[int]:
    """The pids of the processes that actors keep, in which scenes are looked at."""
    return [pid for pid, line in _below() if line.endswith("import serve; serve()")]


def _below() -> list[tuple[int, str]]:
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            found.append((process.pid, " ".join(process.cmdline()).strip()))
        except psutil.Error:
            continue
    return found
