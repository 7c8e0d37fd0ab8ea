"""The samples' truth: how many boxes there are per site and scene."""

import csv
from pathlib import Path

from sattrack.errors import ManifestError


def read_truth(path: Path) -> dict[tuple[str, str], int]:
    """truth.csv -> {(site_id, scene_id): boxes}, whole sites only."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if not row.get("zone")]
        return {(row["site_id"], row["scene_id"]): int(row["count"]) for row in rows}
    except OSError as error:
        raise ManifestError(f"the samples' truth cannot be read: {error.strerror}", where=str(path)) from error
    except (KeyError, ValueError) as error:
        raise ManifestError(f"the samples' truth is not as expected: {error}", where=str(path)) from error
