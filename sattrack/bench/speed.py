"""Speed: a whole run on a full yard, held against what its own network does with the same tiles in the same minutes."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sattrack import wiring
from sattrack.bench.apart import demand_one_process, measured_apart
from sattrack.bench.clocks import Clock
from sattrack.bench.speed_pictures import Picture, make_picture, true_boxes
from sattrack.errors import UsageError
from sattrack.results import ModelCard
from sattrack.settings import Settings
from sattrack.steps.tiling import plan_windows

SIZE_PX = 10_000
# Pixel sizes at which a square kilometre is timed, and what such a picture measures on a side, metres.
GROUND_GSDS_M, GROUND_M = (0.3, 0.5), 1000.0


@dataclass(frozen=True, slots=True)
class Limit:
    """Tiles and the time they took, part by part: one before the run, one after it."""

    parts: tuple[tuple[int, Clock], ...]

    @property
    def tiles_per_s(self) -> float:
        return sum(n for n, _ in self.parts) / sum(clock.wall_s for _, clock in self.parts)

    @property
    def cpu_ms_a_tile(self) -> float:
        return 1000 * sum(clock.cpu_s for _, clock in self.parts) / sum(n for n, _ in self.parts)

    @property
    def spread(self) -> float:
        """The slowest part's time a tile over the quickest one's."""
        each = [clock.wall_s / n for n, clock in self.parts]
        return max(each) / min(each)


@dataclass(frozen=True, slots=True)
class Speed:
    """A run on one picture, or on `scenes` like it. wall_s, cpu_s: all but loading the network (load_s).

    boxes: stored; found: at the threshold; true: that stand there. waiting_s: the detector stood idle for pixels. stages:
    seconds of each, those of reading ahead beside the others. peak_bytes: resident memory. network, detector: alone on the
    same tiles, without and with decoding; none where not measured, or the detector shows no network.
    """

    picture: Picture
    tiles: int
    boxes: int
    found: int
    true: int
    wall_s: float
    cpu_s: float
    load_s: float
    waiting_s: float
    peak_bytes: int
    stages: dict[str, float]
    device: str = ""
    backend: str = ""
    precision: str = ""
    network: Limit | None = None
    detector: Limit | None = None
    scenes: int = 1
    threads: int | None = None

    @property
    def tiles_per_s(self) -> float:
        return self.tiles / self.wall_s

    @property
    def megapixels_per_s(self) -> float:
        return self.scenes * self.picture.size**2 / 1e6 / self.wall_s

    @property
    def seconds_per_square_km(self) -> float:
        return self.wall_s / (self.scenes * self.picture.square_km)

    @property
    def ratio_to_limit(self) -> float | None:
        """The share of the network's own throughput that the whole run reaches; of the detector's where no network is shown."""
        limit = self.network or self.detector
        return self.tiles_per_s / limit.tiles_per_s if limit else None

    @property
    def ratio_by_cpu(self) -> float | None:
        """The same by time of the processor, which hangs less on what else runs."""
        limit = self.network or self.detector
        return limit.cpu_ms_a_tile / (1000 * self.cpu_s / self.tiles) if limit else None


Heard = Callable[[str], None]


def bench_speed(
    *,
    sizes: Sequence[int] = (SIZE_PX,),
    ground: bool = False,
    model: wiring.Model | None = None,
    folder: Path | None = None,
    settings: Settings | None = None,
    most_tiles: int = 400,
    heard: Heard = lambda _line: None,
) -> tuple[Speed, ...]:
    """A full yard of each size at the model's own pixel size: half of the limit, the run, the other half of the limit.

    ground: then a square kilometre at each of GROUND_GSDS_M, the run only. most_tiles: on which the limit is measured. The
    pictures stay in `folder`, if one is given. Nothing else should run meanwhile. Raises UsageError, WeightsError, and
    DetectorError where a run fails.
    """
    if not sizes or min(sizes) < 1:
        raise UsageError(f"sizes are {list(sizes)}", way_out="give sides in pixels, such as 2500 10000")
    asked = settings or Settings()
    demand_one_process(asked)
    model = model or wiring.Model(careful=asked.careful)
    gsd_m = wiring.card_of(model).gsd_m
    pictures = [Picture(size, gsd_m) for size in sizes]
    if ground:
        pictures += [Picture(round(GROUND_M / gsd), gsd) for gsd in GROUND_GSDS_M]
    with tempfile.TemporaryDirectory(prefix="sattrack-pictures-") as scratch:
        rows = []
        for i, picture in enumerate(pictures):
            path = make_picture(folder or Path(scratch), picture)
            if i < len(sizes):
                row = timed(picture, path, model=model, settings=asked, most_tiles=most_tiles)
            else:
                row = timed_run(picture, [path], model=model, settings=asked)
            rows.append(row)
            heard(f"{picture.size} px of {picture.gsd_m:g} m: {row.wall_s:.1f} s {row.device}".rstrip())
            if folder is None:
                path.unlink()
    return tuple(rows)


def timed(
    picture: Picture, path: Path, *, model: wiring.Model, settings: Settings, most_tiles: int = 400, threads: int | None = None
) -> Speed:
    """A run between the two halves of its limit, each in a process of its own."""
    tiles = _tiles(picture, wiring.card_of(model), settings)
    every = 2 * -(-tiles // most_tiles) if tiles > 1 else 1
    before = timed_limit(picture, path, model=model, settings=settings, every=every, threads=threads)
    row = timed_run(picture, [path], model=model, settings=settings, threads=threads)
    after = timed_limit(picture, path, model=model, settings=settings, every=every, first=every // 2, threads=threads)
    return with_limit(row, before, after)


def timed_run(
    picture: Picture, paths: Sequence[Path], *, model: wiring.Model, settings: Settings, threads: int | None = None
) -> Speed:
    """A run on files that are all of the picture's size; the truth is told only of one."""
    told = measured_apart(
        {"what": "run", "inputs": [str(path) for path in paths], **_asked(picture, model, settings)},
        where=str(paths[0]), threads=threads,
    )  # fmt: skip
    told.pop("cap_hit")
    runtime = str(told.pop("runtime"))
    return Speed(
        picture=picture, true=len(true_boxes(picture)) if len(paths) == 1 else 0, scenes=len(paths), threads=threads,
        backend="custom" if model.detector else model.backend, precision=" ".join(runtime.split()[2:]) or "fp32", **told,
    )  # fmt: skip


def timed_limit(
    picture: Picture, path: Path, *, model: wiring.Model, settings: Settings, every: int = 1, first: int = 0,
    threads: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """What measure_limit says of every so manieth tile of the picture, from the first-th on."""
    asked = {"what": "limit", "inputs": [str(path)], "every": every, "first": first, **_asked(picture, model, settings)}
    return measured_apart(asked, where=str(path), threads=threads)


def with_limit(row: Speed, *parts: dict[str, Any]) -> Speed:
    """The row with the limits that timed_limit measured around it."""
    network, detector = (
        Limit(tuple((part["tiles"], Clock(*part[name])) for part in parts)) if all(part[name] for part in parts) else None
        for name in ("network", "detector")
    )
    return replace(row, network=network, detector=detector, device=str(parts[0]["device"]))


def _asked(picture: Picture, model: wiring.Model, settings: Settings) -> dict[str, Any]:
    # Only what was asked for: where nobody says how many tiles a call takes, a card takes as many as fit.
    said = settings.model_dump(mode="json", exclude_unset=True)
    return {"model": asdict(model), "settings": said, "gsd_m": picture.gsd_m}


def _tiles(picture: Picture, card: ModelCard, settings: Settings) -> int:
    plan = plan_windows(
        (picture.size, picture.size), gsd_m=(picture.gsd_m, picture.gsd_m), model_gsd_m=card.gsd_m, tile_px=card.tile_px,
        overlap_m=settings.overlap_m, longest_object_m=settings.longest_object_m, shift_m=settings.tile_shift_m,
    )  # fmt: skip
    return len(plan.cells)
