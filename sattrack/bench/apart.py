"""Apart: a measurement made by a fresh process, so that its memory is nobody else's."""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from sattrack.errors import DetectorError, UsageError
from sattrack.executors.serving import afresh
from sattrack.settings import Settings


def demand_one_process(settings: Settings) -> None:
    """UsageError where scenes would be looked at in workers, whose time, memory and loading of the network nobody measures."""
    if settings.isolated:
        raise UsageError(
            "speed is measured in one process, and these settings look at scenes in workers",
            way_out="leave executor and workers out of the settings",
        )


def measured_apart(
    asked: Mapping[str, Any], *, where: str, threads: int | None = None, most_s: float | None = None
) -> dict[str, Any]:
    """What sattrack.bench.alone answers to what is asked. threads: that the network may use; none: as it would by itself.

    where: what is measured, for the error. Raises DetectorError where the process fails, with its reason, or takes longer than
    most_s.
    """
    environment = dict(os.environ) if threads is None else os.environ | {"OMP_NUM_THREADS": str(threads)}
    command = afresh("from sattrack.bench.alone import main; sys.exit(main(sys.argv[1]))", json.dumps(asked))
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=most_s)
    except subprocess.TimeoutExpired as error:
        raise DetectorError(f"it was not done after {most_s:g} s, and was stopped", where=where) from error
    lines = done.stdout.strip().splitlines()
    told = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    if done.returncode or "error" in told:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise DetectorError(str(told.get("error") or f"the process ended with code {done.returncode}: {last}"), where=where)
    return dict(told)
