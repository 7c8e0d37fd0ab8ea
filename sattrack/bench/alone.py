"""One measurement in a process of its own, so that its memory is nobody else's: `python -m sattrack.bench.alone JSON`."""

import json
import sys
from pathlib import Path
from typing import Any

from sattrack.errors import SattrackError


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    # Each imports only what it measures: another tool's memory is not to hold ours.
    if asked["what"] == "tool":
        from sattrack.bench.peers.rivals import measure_tool

        return measure_tool(asked["tool"], asked["order"], most_bytes=asked["most_bytes"])
    from sattrack import wiring
    from sattrack.settings import Settings

    model, settings = wiring.Model(**asked["model"]), Settings.model_validate(asked["settings"])
    if asked["what"] == "run":
        from sattrack.bench.runs import measure_run

        return measure_run(asked["inputs"], model=model, settings=settings, gsd_m=asked["gsd_m"])
    from sattrack.bench.limits import measure_limit

    return measure_limit(
        Path(asked["inputs"][0]), model=model, settings=settings, every=asked["every"], first=asked["first"],
        gsd_m=asked["gsd_m"],
    )  # fmt: skip


def main(text: str) -> int:
    """Prints the measurement as one line of JSON; an error that a user can mend as {"error": ...}."""
    try:
        told = _answer(json.loads(text))
    except SattrackError as error:
        told = {"error": str(error)}
    print(json.dumps(told))
    return 1 if "error" in told else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
