import os
from pathlib import Path

import numpy as np
import pytest
import rasterio

from sattrack.bench.alone import Stopwatch, peak_bytes
from sattrack.bench.speed import Speed, bench_speed, laws
from sattrack.bench.speed_pictures import drawn_block, make_picture
from sattrack.bench.tables import markdown, speed_table, speed_values
from sattrack.detections import Detections
from sattrack.errors import DetectorError, UsageError
from sattrack.imagery import Batch
from sattrack.wiring import Model


def row(size: int, *, wall: float = 10.0, alone: float = 9.0, peak: float = 0.9e9, tiles: int = 400) -> Speed:
    return Speed(size, tiles, 100, wall, alone, 0.1, 1.0, int(peak), tiles, "cpu")


def test_a_picture_is_a_cog_of_the_asked_size_and_pixel(tmp_path: Path) -> None:
    path = make_picture(tmp_path, size=1300, gsd_m=0.4)
    with rasterio.open(path) as raster:
        assert (raster.width, raster.height, raster.count, raster.dtypes[0]) == (1300, 1300, 3, "uint8")
        assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert raster.overviews(1)
        assert raster.transform.a == 0.4
        read = np.moveaxis(raster.read(window=((0, 1024), (0, 1024))), 0, -1)
    assert np.array_equal(read, drawn_block(0, 0, gsd_m=0.4))
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    made = path.stat().st_mtime_ns
    assert make_picture(tmp_path, size=1300, gsd_m=0.4).stat().st_mtime_ns == made


def test_blocks_differ_from_place_to_place_and_not_from_call_to_call() -> None:
    first = drawn_block(0, 1, gsd_m=0.2)
    assert np.array_equal(first, drawn_block(0, 1, gsd_m=0.2))
    assert not np.array_equal(first, drawn_block(1, 0, gsd_m=0.2))
    assert first.std() > 10


def test_a_run_is_measured_in_a_process_of_its_own(tmp_path: Path, bright: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "plug"), os.environ.get("PYTHONPATH", "")]))
    told: list[Speed] = []
    rows = bench_speed(sizes=(700,), model=Model(detector=bright), folder=tmp_path / "pictures", on_row=told.append)
    assert told == list(rows)
    one = rows[0]
    assert one.tiles >= 9
    assert one.timed_tiles == one.tiles
    assert one.boxes > 5
    assert one.device == "tests"
    assert 0 < one.detector_s < one.wall_s
    assert 50e6 < one.peak_bytes < 1.5e9
    assert one.megapixels_per_s == pytest.approx(0.49 / one.wall_s)


def test_a_run_that_fails_is_an_error_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no_such_module"):
        bench_speed(sizes=(64,), model=Model(detector="no_such_module:Class"), folder=tmp_path)


def test_a_detector_that_breaks_in_the_other_process_is_told(
    tmp_path: Path, bright: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug = tmp_path / "plug" / "sattrack_bright_for_tests.py"
    plug.write_text(plug.read_text().replace("yield [self._tile(tile) for tile in batch.tiles]", "yield []"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "plug"))
    with pytest.raises(DetectorError, match="numbers of results"):
        bench_speed(sizes=(64,), model=Model(detector=bright), folder=tmp_path / "pictures")


def test_sizes_must_be_sizes(bright: str) -> None:
    with pytest.raises(UsageError, match="sizes"):
        bench_speed(sizes=(0,), model=Model(detector=bright))


def test_laws_hold_or_are_said_to_be_broken() -> None:
    held = {law.promise: law.held for law in laws([row(2500, tiles=25, wall=30), row(10_000), row(20_000, peak=1.0e9)])}
    assert len(held) == 3
    assert all(held.values())
    broken = laws([row(2500, peak=0.9e9), row(20_000, peak=1.6e9, wall=12)])
    assert [law.held for law in broken] == [False, False, False]
    assert [law.figure for law in broken] == ["1.60 GB", "78 %", "1.33 x at 20000 px"]


def test_a_run_quicker_than_its_own_detector_is_no_good_news_but_a_disturbed_measurement() -> None:
    said = {law.promise: law for law in laws([row(10_000, wall=6, alone=9)])}
    assert not said["nothing else ran meanwhile"].held
    assert said["nothing else ran meanwhile"].figure.startswith("0.67 x at 10000 px")


def test_the_time_law_is_not_judged_on_a_few_tiles_nor_the_growth_law_on_one_size() -> None:
    assert [law.promise for law in laws([row(500, tiles=4, wall=100)])] == ["peak memory under 1.5 GB"]


def test_the_stopwatch_times_only_the_detector_and_passes_everything_on() -> None:
    class Plain:
        classes, gsd_m, tile_px, device = ("container",), 0.2, 64, "tests"

        def detect(self, batches):
            for batch in batches:
                yield [Detections.none() for _ in batch.tiles]

    watch = Stopwatch(Plain())
    found = list(watch.detect(Batch(()) for _ in range(40)))
    assert len(found) == 40
    assert 0 < watch.seconds < 1
    assert (watch.classes, watch.tile_px, watch.device) == (("container",), 64, "tests")


def test_peak_memory_counts_what_was_once_held() -> None:
    before = peak_bytes()
    held = np.ones(60_000_000, np.uint8)
    held[::4096] = 2
    del held
    assert peak_bytes() >= before
    assert peak_bytes() > 60e6


def test_tables_and_json_hold_every_row() -> None:
    rows = [row(2500), row(10_000)]
    text = markdown(speed_table(rows)).splitlines()
    assert len(text) == 4
    assert text[0].startswith("| size px | tiles |")
    assert text[2].startswith("| 2500 | 400 |")
    values = speed_values(rows)
    assert [r["size_px"] for r in values["rows"]] == [2500, 10_000]
    assert values["rows"][0]["ratio"] == pytest.approx(10 / 9, abs=1e-3)
    assert {law["held"] for law in values["laws"]} == {True}
