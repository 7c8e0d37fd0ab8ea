"""The matrix of speed: sizes, layouts of files, depths, densities, numbers of scenes and threads, one run for each."""

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from sattrack import wiring
from sattrack.bench.apart import demand_one_process
from sattrack.bench.merging import Merged, bench_merging
from sattrack.bench.speed import Speed, timed_limit, timed_run, with_limit
from sattrack.bench.speed_pictures import DENSITIES, LAYOUTS, Picture, make_picture
from sattrack.detectors.cores import own_cores
from sattrack.errors import StoreError
from sattrack.settings import Settings

SIZES = (640, 1250, 2500, 5000, 10_000, 20_000)
SCENES = (1, 10, 100, 1000)
THREADS = (1, 2)
BOXES = (1000, 10_000, 100_000, 1_000_000)
_MIDDLE_PX, _SMALL_PX = 2500, 640
JOURNAL = "matrix.jsonl"


@dataclass(frozen=True, slots=True)
class Case:
    """One run of the matrix: the axis that it is on, and what is to be run."""

    axis: str
    name: str
    size: int
    density: str = "full"
    layout: str = "cog-deflate"
    dtype: str = "uint8"
    scenes: int = 1
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A case as it was measured; the figures are those of Speed. limit: of the network, tiles/s, measured around the run."""

    case: Case
    tiles: int
    boxes: int
    found: int
    true: int
    wall_s: float
    cpu_s: float
    load_s: float
    waiting_s: float
    peak_bytes: int
    limit: float
    ratio_to_limit: float
    ratio_by_cpu: float
    stages: dict[str, float] = field(default_factory=dict)

    @property
    def megapixels(self) -> float:
        return self.case.scenes * self.case.size**2 / 1e6


@dataclass(frozen=True, slots=True)
class Matrix:
    """All rows, of one model; and merging alone, by the number of boxes."""

    rows: tuple[Row, ...]
    model_id: str
    runtime: str
    merged: tuple[Merged, ...] = ()

    def on(self, axis: str) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.case.axis == axis)


def cases_up_to(most_px: int = SIZES[-1], most_scenes: int = SCENES[-1]) -> tuple[Case, ...]:
    """The cases of no larger pictures and no more scenes than these."""
    middle, small = min(_MIDDLE_PX, most_px), min(_SMALL_PX, most_px)
    sizes = [size for size in SIZES if size <= most_px] or [most_px]
    cases = [Case("size", f"{size} px", size) for size in sizes]
    cases += [Case("layout", layout, middle, layout=layout) for layout in LAYOUTS]
    cases += [Case("layout", f"{layout} uint16", middle, layout=layout, dtype="uint16") for layout in _DEEP]
    cases += [Case("density", density, middle, density=density) for density in DENSITIES]
    cases += [Case("scenes", f"{n} of {small} px", small, scenes=n) for n in SCENES if n <= most_scenes]
    cases += [Case("threads", f"{n}", middle, threads=n) for n in THREADS if n <= own_cores()]
    return tuple(cases)


_DEEP = ("cog-deflate", "cog-zstd", "strips-16")


def bench_matrix(
    cases: Sequence[Case],
    *,
    model: wiring.Model,
    settings: Settings,
    folder: Path | None = None,
    boxes: Sequence[int] = (),
    heard: Callable[[str], None] = lambda _line: None,
) -> Matrix:
    """Measures each case between two halves of the limit. Cases that `folder` holds from an earlier call of the same model and
    settings are not done again.

    boxes: for which merging is then measured alone. Pictures are made one case at a time and removed after it. Raises
    UsageError, StoreError, WeightsError, and DetectorError where a run fails.
    """
    demand_one_process(settings)
    card = wiring.card_of(model)
    asked = settings.model_dump(mode="json")
    journal = _Journal(folder / JOURNAL if folder else None, key=[card.id, card.sha256, card.runtime, asked])
    rows = []
    for number, case in enumerate(cases, start=1):
        row = journal.known(case)
        if row is None:
            with tempfile.TemporaryDirectory(prefix="sattrack-matrix-") as scratch:
                row = _measured(case, Path(scratch), model=model, settings=settings, gsd_m=card.gsd_m)
            journal.add(row)
        rows.append(row)
        heard(f"{number} of {len(cases)}: {case.axis}, {case.name}: {row.wall_s:.1f} s, {100 * row.ratio_to_limit:.0f} %")
    merged = bench_merging(boxes, rounds=1, on_row=lambda m: heard(f"merging {m.boxes}: {m.cpu_s:.2f} s")) if boxes else ()
    return Matrix(tuple(rows), card.id, card.runtime, merged)


def _measured(case: Case, folder: Path, *, model: wiring.Model, settings: Settings, gsd_m: float) -> Row:
    picture = Picture(case.size, gsd_m, case.density, case.layout, case.dtype)
    paths = [make_picture(folder, replace(picture, number=number)) for number in range(case.scenes)]
    # The limit is that of a middling picture, whatever the case: the same yardstick for all.
    yardstick = Picture(min(case.size, _MIDDLE_PX) if case.scenes == 1 else _MIDDLE_PX, gsd_m)
    at = make_picture(folder, yardstick)

    def limit(half: int) -> dict[str, Any]:
        halves = 2 if yardstick.size > _SMALL_PX else 1
        first = half % halves
        return timed_limit(yardstick, at, model=model, settings=settings, every=halves, first=first, threads=case.threads)

    before = limit(0)
    speed = timed_run(picture, paths, model=model, settings=settings, threads=case.threads)
    return _row(case, with_limit(speed, before, limit(1)))


def _row(case: Case, speed: Speed) -> Row:
    limit = speed.network or speed.detector
    assert limit is not None
    return Row(
        case, speed.tiles, speed.boxes, speed.found, speed.true, speed.wall_s, speed.cpu_s, speed.load_s, speed.waiting_s,
        speed.peak_bytes, limit.tiles_per_s, speed.ratio_to_limit or 0.0, speed.ratio_by_cpu or 0.0, speed.stages,
    )  # fmt: skip


class _Journal:
    """Rows on disk as they are measured, a line of JSON each, with what the model and the settings were; or nowhere."""

    def __init__(self, path: Path | None, *, key: list[Any]) -> None:
        self._path, self._key = path, key
        self._rows: dict[Case, Row] = {}
        if path is not None:
            self._read(path)

    def _read(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text() if path.is_file() else ""
            if text and not text.endswith("\n"):
                # Or the next row would be the end of a line that a killed run left half written.
                with path.open("a") as file:
                    file.write("\n")
        except OSError as error:
            raise StoreError(f"the matrix cannot be kept there: {error.strerror}", where=str(path)) from error
        for line in text.splitlines():
            try:
                said = json.loads(line)
            except json.JSONDecodeError:  # a line that was left half written
                continue
            if said["key"] == self._key:
                case = Case(**said["row"].pop("case"))
                self._rows[case] = Row(case=case, **said["row"])

    def known(self, case: Case) -> Row | None:
        return self._rows.get(case)

    def add(self, row: Row) -> None:
        if self._path is not None:
            with self._path.open("a") as file:
                file.write(json.dumps({"key": self._key, "row": asdict(row)}) + "\n")
