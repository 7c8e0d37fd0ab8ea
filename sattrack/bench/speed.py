"""Speed: whole runs on pictures of several sizes, each in a fresh process: seconds, megapixels a second, peak memory."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sattrack import wiring
from sattrack.bench.speed_pictures import make_picture
from sattrack.errors import DetectorError, UsageError
from sattrack.settings import Settings

SIZES = (2500, 10_000, 20_000)
MOST_RSS_BYTES, MOST_RSS_SPREAD, MOST_WALL_RATIO = 1.5e9, 1.15, 1.25
# On a few tiles the start and the end of a run weigh more than what overlaps with what.
_LEAST_TILES_FOR_RATIO = 100
# A run that seems quicker than its detector alone was timed while something else slowed the detector.
_LEAST_RATIO = 0.95


@dataclass(frozen=True, slots=True)
class Speed:
    """One size. wall_s: the run but for loading the network (load_s). detector_s: the detector alone on the same tiles, already
    in memory (timed on `timed_tiles` of them). waiting_s: the detector stood idle for pixels. peak_bytes: resident memory.
    """

    size_px: int
    tiles: int
    boxes: int
    wall_s: float
    detector_s: float
    waiting_s: float
    load_s: float
    peak_bytes: int
    timed_tiles: int
    device: str

    @property
    def ratio(self) -> float:
        """Wall time over the detector's own."""
        return self.wall_s / self.detector_s

    @property
    def tiles_per_s(self) -> float:
        return self.tiles / self.wall_s

    @property
    def megapixels_per_s(self) -> float:
        return self.size_px**2 / 1e6 / self.wall_s


@dataclass(frozen=True, slots=True)
class Law:
    """Something promised of speed or memory, whether it held, and the figure."""

    promise: str
    held: bool
    figure: str


def bench_speed(
    *,
    sizes: Sequence[int] = SIZES,
    model: wiring.Model | None = None,
    folder: Path | None = None,
    settings: Settings | None = None,
    most_tiles: int = 400,
    on_row: Callable[[Speed], None] = lambda _row: None,
) -> tuple[Speed, ...]:
    """Makes a picture of each size at the model's own pixel size, and measures. The pictures stay in `folder`, if one is given.

    Nothing else should run meanwhile. Raises UsageError, WeightsError, and DetectorError where a run fails.
    """
    if not sizes or min(sizes) < 1:
        raise UsageError(f"sizes are {list(sizes)}", way_out="give sides in pixels, such as 2500 10000")
    asked = settings or Settings()
    model = model or wiring.Model(careful=asked.careful)
    card = wiring.card_of(model)
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="sattrack-pictures-") as made:
            return _measured(Path(made), sizes, model, gsd_m=card.gsd_m, settings=asked, most_tiles=most_tiles, on_row=on_row)
    return _measured(folder, sizes, model, gsd_m=card.gsd_m, settings=asked, most_tiles=most_tiles, on_row=on_row)


def laws(rows: Sequence[Speed]) -> tuple[Law, ...]:
    """What is promised: memory that does not grow with the picture, and reading that hides behind the detector."""
    peaks = [row.peak_bytes for row in rows]
    said = [
        Law("peak memory under 1.5 GB", max(peaks) < MOST_RSS_BYTES, f"{max(peaks) / 1e9:.2f} GB"),
    ]
    if len(rows) > 1:
        spread = max(peaks) / min(peaks)
        said.append(Law("peak memory of all sizes within 15 %", spread <= MOST_RSS_SPREAD, f"{100 * (spread - 1):.0f} %"))
    long = [row for row in rows if row.tiles >= _LEAST_TILES_FOR_RATIO]
    if long:
        worst = max(long, key=lambda row: row.ratio)
        promise = f"wall time at most 1.25 x the detector's own, from {_LEAST_TILES_FOR_RATIO} tiles"
        said.append(Law(promise, worst.ratio <= MOST_WALL_RATIO, f"{worst.ratio:.2f} x at {worst.size_px} px"))
        odd = min(long, key=lambda row: row.ratio)
        if odd.ratio < _LEAST_RATIO:
            figure = f"{odd.ratio:.2f} x at {odd.size_px} px: a run cannot beat its own detector, so time says nothing here"
            said.append(Law("nothing else ran meanwhile", False, figure))
    return tuple(said)


def _measured(
    folder: Path,
    sizes: Sequence[int],
    model: wiring.Model,
    *,
    gsd_m: float,
    settings: Settings,
    most_tiles: int,
    on_row: Callable[[Speed], None],
) -> tuple[Speed, ...]:
    rows = []
    for size in sizes:
        picture = make_picture(folder, size=size, gsd_m=gsd_m)
        run = _apart("run", picture, model, settings=settings, most_tiles=most_tiles)
        own = _apart("detector", picture, model, settings=settings, most_tiles=most_tiles)
        row = Speed(
            size_px=size,
            tiles=run["tiles"],
            boxes=run["boxes"],
            wall_s=run["wall_s"],
            detector_s=own["detector_s"] * run["tiles"] / max(own["tiles"], 1),
            waiting_s=run["waiting_s"],
            load_s=run["load_s"],
            peak_bytes=run["peak_bytes"],
            timed_tiles=own["tiles"],
            device=own["device"],
        )
        rows.append(row)
        on_row(row)
    return tuple(rows)


def _apart(what: str, picture: Path, model: wiring.Model, *, settings: Settings, most_tiles: int) -> dict[str, Any]:
    """The measurement, made by a fresh process."""
    asked = {
        "what": what, "picture": str(picture), "model": asdict(model), "settings": settings.model_dump(mode="json"),
        "most_tiles": most_tiles,
    }  # fmt: skip
    command = [sys.executable, "-m", "sattrack.bench.alone", json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    told = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    if done.returncode or "error" in told:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise DetectorError(
            str(told.get("error") or f"the process ended with code {done.returncode}: {last}"), where=str(picture)
        )
    return dict(told)
