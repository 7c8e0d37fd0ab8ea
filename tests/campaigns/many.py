"""Many: run folders of very many scenes, counted, listed and exported. `python -m tests.campaigns.many --scenes 1000 10000`."""

import argparse
import datetime as dt
import hashlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from sattrack.detections import Detections
from sattrack.imagery import Grid, Scene, Stretch
from sattrack.packed import Packed
from sattrack.reopening import keep_sites
from sattrack.reports.shots import MOST_SHOTS
from sattrack.results import SCHEMA_VERSION, ModelCard, Part, RunIndex, SceneOutcome, Seen
from sattrack.run_parts import KEPT_BYTES
from sattrack.settings import Settings
from sattrack.stores.folder import RunFolder
from sattrack.stores.parts import table_of
from sattrack.timeline import Site

COMMANDS = {
    "count": ("count", "{run}", "--no-report", "-q"),
    "series": ("series", "{run}", "-o", "{out}.csv", "-q"),
    "csv": ("export", "{run}", "-f", "csv", "-o", "{out}.csv", "-q"),
    "parquet": ("export", "{run}", "-f", "parquet", "-o", "{out}.parquet", "-q"),
    "geojson": ("export", "{run}", "-f", "geojson", "-o", "{out}.geojson", "-q"),
    "gpkg": ("export", "{run}", "-f", "gpkg", "-o", "{out}.gpkg", "-q"),
    "report": ("report", "{run}", "--no-imagery", "-q"),
}
_CARD = ModelCard("many", "0" * 64, ("container",), 0.5, 160, 0.3)
_EPSG, _SIZE, _GSD, _BEGAN = "EPSG:32652", 200, 0.5, dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
# Half a site in any place of the UTM zone would do; this one lies in longitude and latitude round all scenes.
_RING = [[128.99, 42.4], [129.01, 42.4], [129.01, 42.46], [128.99, 42.46], [128.99, 42.4]]
_OUTLINE = {"type": "Polygon", "coordinates": [_RING]}
# So much more memory a scene, bytes, beyond the parts that are kept, and so much more time than the number of scenes explains,
# tell a fault. A series holds what is judged, and the page the rows and pictures that it shows.
MOST_BYTES, MOST_BYTES_TOLD, MOST_TIMES = 300, {"series": 6_000, "report": 6_000}, 1.5


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command took: seconds of wall and processor, and the most memory, megabytes."""

    command: str
    scenes: int
    boxes: int
    wall_s: float
    cpu_s: float
    megabytes: float


def write_run(folder: Path, scenes: int, *, boxes: int) -> Path:
    """A run of one site as detect leaves it, without detecting and without waiting for the disk."""
    store = RunFolder(folder)
    corners = _corners(boxes)
    outcomes: Packed[SceneOutcome] = Packed()
    for number in range(scenes):
        part = _part(number, corners)
        pq.write_table(table_of(part), store._path(part.key), compression="zstd", write_page_checksum=True)
        outcomes.append(
            SceneOutcome(
                part.scene.id, part.scene.part, f"/pictures/{part.scene.location}", "done", key=part.key,
                scene=replace(part.scene, location=f"/pictures/{part.scene.location}"), boxes=boxes, sha256=part.sha256,
            )
        )  # fmt: skip
    keep_sites((Site("port", "Port", _OUTLINE),), folder=folder)
    index = RunIndex(
        SCHEMA_VERSION, 0.3, _CARD.id, "sattrack detect", Settings().model_dump(mode="json"), {}, _CARD, outcomes,
        "port.geojson", _BEGAN,
    )  # fmt: skip
    store.write_index(index)
    return folder


def _part(number: int, corners: np.ndarray) -> Part:
    n = len(corners)
    name = f"port_{number:07d}"
    # As of real scenes, of which no two digests are alike: they are the larger half of what is kept of one.
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    pick = np.random.default_rng(number)
    grid = Grid((_SIZE, _SIZE), (_GSD, _GSD), _EPSG, (_GSD, 0.0, 500_000.0, 0.0, -_GSD, 4_700_000.0))
    scene = Scene(
        name, f"{name}.tif", grid, (1, 2, 3), "uint8", part=name, acquired=_BEGAN + dt.timedelta(minutes=5 * number),
        acquired_source="tags", sensor="many", driver="GTiff", gsd_source="georeferencing",
    )  # fmt: skip
    return Part(
        sha256[:40], scene, sha256[::-1],
        Detections(corners + pick.uniform(0, 1, (n, 1, 2)), pick.uniform(0.2, 1, n).astype(np.float32), np.zeros(n, np.int32)),
        Seen(np.full((13, 13), 255, np.uint8), (16.0, 16.0)), Stretch((0.0,) * 3, (255.0,) * 3), _CARD, "cpu", 1, 0,
    )  # fmt: skip


def _corners(boxes: int) -> np.ndarray:
    """(n, 4, 2): boxes of 12 m x 2.5 m in rows."""
    at = np.array([(2 + 26 * (one % 7), 2 + 6 * (one // 7 % 32)) for one in range(boxes)], float).reshape(-1, 1, 2)
    return at + np.array([(0, 0), (24, 0), (24, 5), (0, 5)], float)


def costs(scenes: int, *, boxes: int, commands: tuple[str, ...], folder: Path) -> Iterator[Cost]:
    """Writes a run of so many scenes and puts each command through it, one after the other."""
    began = time.monotonic()
    run = write_run(folder / f"run{scenes}", scenes, boxes=boxes)
    print(f"{scenes} scenes of {boxes} boxes written in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    for name in commands:
        out = folder / f"out-{name}"
        words = [word.format(run=run, out=out) for word in COMMANDS[name]]
        began = time.monotonic()
        child = subprocess.Popen([sys.executable, "-m", "sattrack", *words], stdout=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        assert child.returncode == 0, f"{' '.join(words)} ended with {child.returncode}"
        one = Cost(name, scenes, boxes, time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
        told = f"{one.wall_s:.1f} s, {one.cpu_s:.1f} s of processor, {one.megabytes:.0f} MB"
        print(f"  {name}: {told}", file=sys.stderr, flush=True)
        for made in folder.glob(f"out-{name}*"):
            made.unlink()
        yield one


def grown(found: list[Cost]) -> list[str]:
    """What takes more memory a scene than it may, or more time than the number of scenes explains, from size to size."""
    faults = []
    for name in dict.fromkeys(one.command for one in found):
        # The page fills up to its most rows and pictures, and grows no more after that.
        least = MOST_SHOTS if name == "report" else 0
        own = sorted((one for one in found if one.command == name and one.scenes >= least), key=lambda one: one.scenes)
        for less, more in itertools.pairwise(own):
            a_scene = ((more.megabytes - less.megabytes) * 2**20 - KEPT_BYTES) / (more.scenes - less.scenes)
            if a_scene > MOST_BYTES_TOLD.get(name, MOST_BYTES):
                faults.append(f"{name}: {a_scene:,.0f} bytes a scene from {less.scenes} to {more.scenes}")
            # Starting takes a second or two, of which the smaller run has as much as the larger.
            if less.cpu_s > 5 and more.cpu_s / less.cpu_s > MOST_TIMES * more.scenes / less.scenes:
                faults.append(f"{name}: {more.cpu_s / less.cpu_s:.1f} times the time from {less.scenes} to {more.scenes}")
    return faults


def campaign(*, scenes: list[int], boxes: int, commands: tuple[str, ...], folder: Path | None = None) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="campaign-many-", dir=folder) as made:
        found = [one for size in sorted(scenes) for one in costs(size, boxes=boxes, commands=commands, folder=Path(made))]
    rows = [
        {"command": one.command, "scenes": one.scenes, "boxes": one.scenes * one.boxes, "wall_s": round(one.wall_s, 1),
         "cpu_s": round(one.cpu_s, 1), "megabytes": round(one.megabytes)}
        for one in found
    ]  # fmt: skip
    return {"campaign": "many", "rows": rows, "grown": grown(found)}


def run() -> int:
    words = argparse.ArgumentParser(prog="python -m tests.campaigns.many")
    words.add_argument("--scenes", type=int, nargs="+", default=[1_000, 10_000, 100_000], help="sizes of run folders")
    words.add_argument("--boxes", type=int, default=100, help="boxes of a scene")
    words.add_argument("--commands", nargs="+", default=list(COMMANDS), choices=list(COMMANDS))
    words.add_argument("--folder", type=Path, default=None, help="where to write them: a scene of 100 boxes takes 20 kB")
    said = words.parse_args()
    found = campaign(scenes=said.scenes, boxes=said.boxes, commands=tuple(said.commands), folder=said.folder)
    for row in found["rows"]:
        print("{command:8} {scenes:>9,} scenes {boxes:>11,} boxes {wall_s:>8} s {megabytes:>6} MB".format(**row))
    print(f"many: grown: {'; '.join(found['grown']) or 'nothing'}")
    print(json.dumps(found))
    return 1 if found["grown"] else 0


if __name__ == "__main__":
    sys.exit(run())
