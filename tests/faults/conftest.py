"""Small scenes, good ones and bad ones, and the real command in a process of its own; one run serves many rows."""

import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from sattrack.cli.app import main
from tests.cli.conftest import _BRIGHT, EAST, GSD, NORTH, Said, write_site

UTM = {"crs": "EPSG:32652", "transform": Affine(GSD, 0, EAST, 0, -GSD, NORTH)}
# Cores are shared with whatever else runs: a bound on time only tells a hang from work.
PATIENCE_S = 240

_TROUBLED = '''

class Noisy(Bright):
    """50,000 boxes a tile, as of weights that were never trained."""

    def look(self, pixels):
        at = np.random.default_rng(0).uniform(10, 240, (50_000, 2))
        quads = at[:, None] + np.array([(-9, -2), (9, -2), (9, 2), (-9, 2)])
        scores = np.linspace(0.3, 0.9, len(at)).astype(np.float32)
        return Detections(quads, scores, np.zeros(len(at), np.int32))


class Meddling(Bright):
    """While it looks, the file that the environment names is changed."""

    def look(self, pixels):
        import os
        from pathlib import Path

        path = Path(os.environ["MEDDLE_WITH"])
        if os.environ.get("MEDDLE_HOW") == "replace":
            path.write_bytes(path.read_bytes() + b"changed")
        else:
            path.write_bytes(path.read_bytes()[:1000])
        return super().look(pixels)


class Hungry(Bright):
    """Memory ends where more than one tile, or where any, comes at once."""

    def detect(self, batch):
        import os

        if len(batch.tiles) > int(os.environ.get("MOST_TILES", "1")):
            raise MemoryError
        return super().detect(batch)


class Tardy(Bright):
    def look(self, pixels):
        time.sleep(0.7)
        return super().look(pixels)
'''


@dataclass(frozen=True)
class Ran:
    """What a command printed and returned, and what it cost: peak memory of its process, bytes, and seconds."""

    code: int
    out: str
    err: str
    folder: Path
    peak: int
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        return self.out + self.err

    def scene(self, part: str) -> dict[str, Any]:
        (one,) = [one for one in self.json["scenes"] if one["part"] == part]
        return one

    def count(self, part: str) -> dict[str, Any]:
        (one,) = [one for one in self.json["counts"] if one["scene_id"] == part]
        return one

    @property
    def parts(self) -> dict[str, str]:
        """Digest of each stored part by its key."""
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in self.folder.glob("parts/*.parquet")}

    def assert_told(self, part: str, *words: str, status: str = "failed") -> None:
        """A scene has no count, and one line on stderr names it, says why and the way out."""
        one = self.scene(part)
        assert one["status"] == status, one
        assert self.count(part)["count"] is None
        (line,) = [line for line in self.err.splitlines() if line.startswith(f"{status}: {part}: ")]
        assert line.endswith(")"), f"no way out is named: {line}"
        for word in words:
            assert word in line, line

    def assert_nothing_lost(self, good: "Ran") -> None:
        """Exit code 3, no traceback, and the good scenes' parts are the bytes of a run without the bad ones."""
        assert self.code == 3, self.err
        assert "Traceback" not in self.said
        assert good.parts.items() <= self.parts.items()


Detect = Callable[..., Ran]


@pytest.fixture(scope="session")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the module `bright_boxes`."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "bright_boxes.py").write_text(_BRIGHT + _TROUBLED)
    return folder


@pytest.fixture(scope="session")
def sattrack(modules: Path) -> Detect:
    """sattrack(words..., folder=, env=, memory=): the command in a process of its own. memory: bytes that it may address."""

    def call(*words: object, folder: Path, env: Mapping[str, str] | None = None, memory: int | None = None) -> Ran:
        folder.mkdir(parents=True, exist_ok=True)
        streams = (folder / "stdout.txt", folder / "stderr.txt")
        set_here = {"PYTHONPATH": f"{modules}{os.pathsep}{Path.cwd()}", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        began = time.monotonic()
        with streams[0].open("w") as out, streams[1].open("w") as err:
            child = subprocess.Popen(
                [sys.executable, "-m", "sattrack", *map(str, words)], stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                env={**os.environ, **set_here, **(env or {})}, preexec_fn=_bounded(memory),
            )  # fmt: skip
            code, peak = _waited(child)
        said = [path.read_text() for path in streams]
        return Ran(code, said[0], said[1], folder / "run", peak, time.monotonic() - began)

    return call


@pytest.fixture(scope="session")
def detect(sattrack: Detect) -> Detect:
    """detect(inputs..., folder=, detector=): `sattrack detect` into folder/run, as JSON, without a page."""

    def call(*words: object, folder: Path, detector: str = "Bright", **how: Any) -> Ran:
        told = ("--detector", f"bright_boxes:{detector}", "--no-report", "--json", "-o", folder / "run")
        return sattrack("detect", *words, *told, folder=folder, **how)

    return call


def _bounded(memory: int | None) -> Callable[[], None] | None:
    if memory is None:
        return None
    return lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def _waited(child: "subprocess.Popen[bytes]") -> tuple[int, int]:
    """The exit code, and the most memory that the program held, bytes.

    As the system tells of the program itself: what it tells once a child has ended counts the memory of whoever started it.
    """
    ends, peak = time.monotonic() + PATIENCE_S, 0
    while time.monotonic() < ends:
        peak = max(peak, _peak_bytes(child.pid))
        if (code := child.poll()) is not None:
            return code, peak
        time.sleep(0.02)
    child.kill()
    child.wait()
    raise AssertionError(f"the command hung: {child.args}")


def _peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def yard(boxes: int = 12, *, seed: int = 0, shape: tuple[int, int] = (200, 300)) -> np.ndarray:
    """(3, rows, cols) uint8: dark ground with white boxes of 24 x 5 px, 4 to a row."""
    ground = np.random.default_rng(seed).integers(30, 60, (3, *shape)).astype(np.uint8)
    for i in range(boxes):
        x, y = 20 + 60 * (i % 4), 20 + 20 * (i // 4)
        ground[:, y : y + 5, x : x + 24] = 250
    return ground


def write(
    path: Path, array: np.ndarray, *, driver: str = "GTiff", tags: Mapping[str, str] | None = None, **profile: Any
) -> Path:
    """A picture (bands, rows, cols); in UTM at 0.5 m unless crs=None."""
    place = {} if profile.get("crs", "") is None else UTM
    colours = {"photometric": "rgb"} if driver == "GTiff" and len(array) == 3 else {}
    made = {**place, **colours, **profile, "count": len(array), "height": array.shape[1], "width": array.shape[2]}
    with rasterio.open(path, "w", driver=driver, dtype=array.dtype, **made) as to:
        to.write(array)
        if tags:
            to.update_tags(**tags)
    return path


def write_good(folder: Path) -> None:
    """The two scenes that every run has: 12 and 16 boxes."""
    write(folder / "may.tif", yard(12), tags={"TIFFTAG_DATETIME": "2024:05:01 10:00:00"})
    write(folder / "june.tif", yard(16, seed=7), tags={"TIFFTAG_DATETIME": "2024:06:01 10:00:00"})


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory, detect: Detect) -> Ran:
    """A run of the good scenes alone."""
    folder = tmp_path_factory.mktemp("good")
    (folder / "scenes").mkdir()
    write_good(folder / "scenes")
    ran = detect(folder / "scenes", folder=folder)
    assert ran.code == 0, ran.err
    assert {one["part"]: one["boxes"] for one in ran.json["scenes"]} == {"june": 16, "may": 12}
    return ran


Maker = Callable[[Path], object]


@pytest.fixture(scope="session")
def run_beside(tmp_path_factory: pytest.TempPathFactory, detect: Detect) -> Callable[..., Ran]:
    """run_beside({name: maker}, words..., **how): one run over the good scenes and those that makers write."""

    def call(makers: Mapping[str, Maker], *words: object, **how: Any) -> Ran:
        folder = tmp_path_factory.mktemp("beside")
        scenes = folder / "scenes"
        scenes.mkdir()
        write_good(scenes)
        for name, make in makers.items():
            make(scenes / name)
        return detect(scenes, *words, folder=folder, **how)

    return call


Here = Callable[..., Said]


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Here:
    """here(words...): the command line in this process, for what needs none of its own. Nothing it says is a traceback."""

    def call(*words: object) -> Said:
        capsys.readouterr()
        code = main([str(word) for word in words])
        said = capsys.readouterr()
        assert "Traceback" not in said.err + said.out, said.err
        return Said(code, said.out, said.err)

    return call


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """A folder with the good scenes."""
    folder = tmp_path / "scenes"
    folder.mkdir()
    write_good(folder)
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """An outline over the left half of the good scenes."""
    return write_site(tmp_path / "site.geojson")


def strange(kind: str, to: Path) -> tuple[object, ...]:
    """The options of `detect` for a detector of strange_boxes, a run folder, and JSON without a page."""
    return "--detector", f"tests.faults.strange_boxes:{kind}", "-o", to, "--no-report", "--json"


def contents(folder: Path) -> dict[str, bytes]:
    """All that a run leaves but what tells the time of day and how long it took."""
    kept = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name not in ("run.json", "timings.json"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in kept}
