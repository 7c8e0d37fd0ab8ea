"""Mutated rasters: what the reader makes of damaged pictures. `python -m tests.campaigns.rasters --count 10000`."""

import hashlib
import random
import sys
import tempfile
import traceback
from functools import partial
from pathlib import Path

import numpy as np

from sattrack.errors import SattrackError
from sattrack.imagery import Scene, Window
from sattrack.readers.describing import describe
from sattrack.readers.finding import find_sources
from sattrack.readers.rasters import RasterReader
from tests.campaigns.hunting import Files, Tally, asked, hunt, keep_files, tell
from tests.campaigns.mutations import mutated
from tests.campaigns.raster_seeds import Seed, raster_seeds
from tests.campaigns.workers import Bounds, Verdict, perturb

_TILE = 256
About = tuple[int, tuple[Seed, ...]]


def mutant(about: About, number: int) -> tuple[Seed, Files]:
    """The files of a mutant by its number; those of a negative number are a seed as it is."""
    seed, seeds = about
    if number < 0:
        one = seeds[(-1 - number) % len(seeds)]
        return one, one.files
    pick = random.Random(f"{seed}-{number}")
    one = seeds[number % len(seeds)]
    chosen = pick.choice([one.main, one.main, *one.files])
    alike = [other.files[other.main] for other in seeds if other.family == one.family]
    made = mutated(pick, one.files[chosen], others=alike, text=chosen.endswith((".vrt", ".json")))
    return one, {**one.files, chosen: made}


def look(about: About, number: int, folder: Path) -> Verdict:
    """A mutant, written and read twice, each time with other rubbish in fresh memory."""
    seed, files = mutant(about, number)
    for old in folder.iterdir():
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    outcomes = []
    for value in (0x55, 0xAA):
        perturb(value)
        try:
            outcomes.append(("read", read_digest(folder / seed.main)))
        except SattrackError as error:
            if not any(name in str(error) for name in files):
                return Verdict("unnamed", str(error), seed.family)
            outcomes.append(("refused", str(error)))
        except Exception as error:  # the fault that is looked for
            return Verdict(type(error).__name__, str(error)[:300], seed.family, trace=traceback.format_exc())
    first, second = outcomes
    if first[0] != second[0] or (first[0] == "read" and first != second):
        return Verdict("differs", f"{first} then {second}", seed.family)
    return Verdict(first[0], first[1][:200], seed.family)


def read_digest(path: Path) -> str:
    """All that the reader says of a picture: its scene, its sample and windows at tile size. Raises what reading raises."""
    total = hashlib.sha256()
    for source in find_sources([str(path)]):
        scene = describe(source)
        reader = RasterReader()
        try:
            total.update(repr(scene).replace(str(path.parent), "").encode())
            total.update(reader.digest(scene).encode())
            for arrays in [reader.sample(scene), *(reader.read(scene, window, shape) for window, shape in windows(scene))]:
                for array in arrays:
                    total.update(repr((array.shape, array.dtype)).encode() + np.ascontiguousarray(array).tobytes())
        finally:
            reader.close()
    return total.hexdigest()


def windows(scene: Scene) -> list[tuple[Window, tuple[int, int]]]:
    """At full size the first, the last and one over the edge; a small one enlarged; a large one reduced."""
    rows, cols = scene.grid.shape
    full = (_TILE, _TILE)
    return [
        (Window(0, 0, *full), full),
        (Window(cols - _TILE, rows - _TILE, *full), full),
        (Window(cols // 2, rows - 20, *full), full),
        (Window(3, 5, 60, 60), full),
        (Window(-50, -50, min(cols, 4096) + 100, min(rows, 4096) + 100), (100, 100)),
    ]


def campaign(
    *, count: int, seed: int, minutes: float | None = None, only: list[int] | None = None, keep: Path | None = None
) -> Tally:
    """Mutants 0 to count, or only some."""
    with tempfile.TemporaryDirectory(prefix="campaign-seeds-") as folder:
        about = (seed, raster_seeds(Path(folder)))
    keeper = partial(_keep, keep, about) if keep else None
    return hunt("rasters", look, about, seed=seed, numbers=only or range(count), minutes=minutes, bounds=Bounds(), keep=keeper)


def _keep(folder: Path, about: About, number: int, verdict: Verdict) -> None:
    keep_files(folder, number, mutant(about, number)[1], verdict)


if __name__ == "__main__":
    words = asked("rasters", count=10_000)
    sys.exit(tell(campaign(count=words.count, seed=words.seed, minutes=words.minutes, only=words.only, keep=words.keep)))
