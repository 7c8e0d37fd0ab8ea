import os
from dataclasses import replace
from pathlib import Path

import pytest

from sattrack.bench import speed
from sattrack.bench.clocks import Clock
from sattrack.bench.peers.rounds import bench_peers
from sattrack.bench.speed import Limit, Speed, bench_speed, with_limit
from sattrack.bench.speed_charts import speed_chart, write_speed
from sattrack.bench.speed_matrix import bench_matrix, cases_up_to
from sattrack.bench.speed_pictures import Picture
from sattrack.bench.speed_telling import laws, limit_table, speed_table, speed_values, stage_table
from sattrack.bench.tables import markdown
from sattrack.errors import DetectorError, StoreError, UsageError
from sattrack.reports.canvas import Words
from sattrack.settings import Settings
from sattrack.wiring import Model

STAGES = {"plan": 0.5, "read": 4.0, "model": 8.0, "merge": 0.5, "store": 0.2}


def limit(each: float, *, after: float | None = None, tiles: int = 400) -> Limit:
    half = tiles // 2
    later = each if after is None else after
    return Limit(((half, Clock(half * each, half * each * 2)), (half, Clock(half * later, half * later * 2))))


def row(size: int = 10_000, *, wall: float = 10.0, each: float = 0.023, peak: float = 0.5e9, tiles: int = 400) -> Speed:
    return Speed(
        Picture(size, 0.2), tiles, 17_000, 16_000, 16_100, wall, 18.5, 1.0, 0.1, int(peak), STAGES, "cpu", "openvino", "fp32",
        limit(each, tiles=tiles), limit(each * 1.1, tiles=tiles),
    )  # fmt: skip


def test_the_ratio_is_the_share_of_the_networks_throughput_that_the_whole_run_reaches() -> None:
    one = row()
    assert one.tiles_per_s == pytest.approx(40)
    assert one.network is not None
    assert one.network.tiles_per_s == pytest.approx(1 / 0.023)
    assert one.ratio_to_limit == pytest.approx(0.92)
    # 46 ms of processor a tile alone, 46.25 in the run.
    assert one.ratio_by_cpu == pytest.approx(46 / 46.25)
    assert one.seconds_per_square_km == pytest.approx(2.5)
    assert one.megapixels_per_s == pytest.approx(10)


def test_a_detector_without_a_network_to_show_is_its_own_limit_and_an_unmeasured_one_has_none() -> None:
    one = replace(row(), network=None)
    assert one.ratio_to_limit == pytest.approx(0.92 * 1.1)
    assert replace(one, detector=None).ratio_to_limit is None


def test_the_limits_of_both_sides_of_a_run_are_put_together() -> None:
    before = {"tiles": 100, "network": [2.0, 4.0], "detector": [3.0, 6.0], "device": "cpu"}
    after = {"tiles": 300, "network": [10.0, 12.0], "detector": [11.0, 12.0], "device": "cpu"}
    one = with_limit(row(), before, after)
    assert one.network is not None
    assert one.network.tiles_per_s == pytest.approx(400 / 12)
    assert one.network.spread == pytest.approx((10 / 300) / (2 / 100))
    bare = with_limit(row(), before | {"network": None}, after | {"network": None})
    assert bare.network is None
    assert bare.detector is not None


def test_on_a_graphics_card_the_precision_is_what_the_backend_says_and_not_guessed() -> None:
    told = {"tiles": 10, "network": [1.0, 1.0], "detector": [1.0, 1.0], "device": "cuda (onnx 1.32.0 fp32, CUDA)"}
    assert with_limit(replace(row(), backend="onnx", precision="fp32"), told, told).precision == "fp32"
    assert laws([replace(row(), backend="torch-fp16", peak_bytes=1_400_000_000)])[0].held


def test_laws_hold_or_are_said_to_be_broken() -> None:
    assert [law.held for law in laws([row()])] == [True, True, True]
    slow = laws([row(wall=11.5)])
    assert [(law.held, law.figure) for law in slow][1] == (False, "80 % at 10000 px")
    waited = laws([replace(row(), waiting_s=2.0)])
    assert [(law.held, law.figure) for law in waited][2] == (False, "20 % at 10000 px")
    large = laws([row(), row(20_000, peak=0.7e9)])
    assert [(law.held, law.figure) for law in large][:2] == [(False, "0.70 GB"), (False, "40 %")]


def test_eight_bit_networks_must_reach_four_fifths_and_torch_may_take_more_memory() -> None:
    int8 = replace(row(wall=11.3), precision="int8")
    assert all(law.held for law in laws([int8]))
    torch = replace(row(peak=1.2e9), backend="torch")
    assert laws([torch])[0] == laws([replace(torch, backend="custom")])[0]
    assert laws([torch])[0].held


def test_a_run_quicker_than_its_own_limit_or_a_limit_that_changed_is_a_disturbed_measurement() -> None:
    assert [law.promise for law in laws([row(wall=6)])][-1] == "nothing else ran meanwhile"
    changed = replace(row(), network=limit(0.02, after=0.026))
    assert laws([changed])[-1].figure.startswith("the limit's two halves differ by 30 %")


def test_time_is_not_judged_on_a_few_tiles_nor_where_no_limit_was_measured() -> None:
    promise = "peak memory under 0.6 GB"
    assert [law.promise for law in laws([row(500, tiles=4, wall=100)])] == [promise]
    assert [law.promise for law in laws([replace(row(wall=100), network=None, detector=None)])] == [promise]


def test_tables_and_json_hold_every_row_and_the_ratio_stands_at_the_top() -> None:
    square = replace(row(3333, tiles=100), picture=Picture(3333, 0.3), network=None, detector=None)
    rows = [row(), square]
    text = markdown(speed_table(rows)).splitlines()
    assert len(text) == 4
    assert text[2].startswith("| 10000 | 0.2 | 400 | 16000 | 16100 | 10.0 | 18.5 | 92 % | 99 % |")
    assert " - | - |" in text[3]
    values = speed_values(rows)
    assert list(values)[:3] == ["backend", "precision", "ratio_to_limit"]
    assert (values["backend"], values["precision"], values["ratio_to_limit"]) == ("openvino", "fp32", 0.92)
    assert values["seconds_per_square_km"] == {"0.2": 2.5, "0.3": pytest.approx(10.002, abs=1e-3)}
    assert values["rows"][0]["stages"]["model"] == {"s": 8.0, "share": 0.8}
    assert values["rows"][1]["network"] is None
    assert {law["held"] for law in values["laws"]} == {True}


def test_stages_stand_by_length_and_reading_is_said_to_go_on_beside_them() -> None:
    _, rows = stage_table(row())
    assert [r[0] for r in rows] == ["model", "read, beside the rest", "plan", "merge", "store"]
    assert rows[0] == ("model", "8.00", "80 %", "20.0")
    _, beside = limit_table(row())
    assert [r[0] for r in beside] == ["network alone", "with decoding and suppression", "the whole run"]
    assert beside[0][1:3] == ("43.48", "23.0")


def test_the_chart_names_every_stage_and_what_no_stage_holds(tmp_path: Path) -> None:
    words = [mark.text for mark in speed_chart(row()).marks if isinstance(mark, Words)]
    assert words[0] == "10000 px, 400 tiles, openvino fp32: 92 % of the network's own throughput"
    assert [w for w in words if not w[0].isdigit()] == [
        "network alone", "with decoding, suppression", "the whole run", "plan", "read, beside the rest", "model", "merge",
        "store", "all else",
    ]  # fmt: skip
    assert "0.80 s (8 %)" in words
    written = write_speed([row()], tmp_path / "charts")
    assert [path.name for path in written] == ["speed.svg", "speed.png"]
    assert all(path.stat().st_size > 1000 for path in written)
    (tmp_path / "full" / "speed.png").mkdir(parents=True)
    with pytest.raises(StoreError, match="is a folder"):
        write_speed([row()], tmp_path / "full")


@pytest.mark.slow
def test_a_run_is_measured_in_a_process_of_its_own(tmp_path: Path, bright: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "plug"), os.environ.get("PYTHONPATH", "")]))
    told: list[str] = []
    rows = bench_speed(sizes=(700,), model=Model(detector=bright), folder=tmp_path / "pictures", heard=told.append)
    one = rows[0]
    assert len(told) == 1
    assert one.tiles >= 9
    assert one.detector is not None
    assert sum(n for n, _ in one.detector.parts) == one.tiles
    assert one.network is None
    assert (one.backend, one.device) == ("custom", "tests")
    assert one.boxes >= one.found > 5
    assert one.true > 500
    assert one.ratio_to_limit is not None
    assert 0 < one.ratio_to_limit < 1
    assert 50e6 < one.peak_bytes < 1.5e9
    assert {"plan", "digest", "store", "count", "model"} <= set(one.stages)
    assert (tmp_path / "pictures" / one.picture.name).is_file()


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


@pytest.mark.parametrize("settings", [None, Settings(batch=8, device="cpu")])
def test_the_other_process_is_told_only_what_was_asked_for(
    settings: Settings | None, tmp_path: Path, bright: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A card takes as many tiles a call as fit where nobody says how many.
    asked: list[dict[str, object]] = []

    def measured(said: dict[str, object], **_more: object) -> None:
        asked.append(said)
        raise DetectorError("enough")

    monkeypatch.setattr(speed, "measured_apart", measured)
    with pytest.raises(DetectorError, match="enough"):
        bench_speed(sizes=(64,), model=Model(detector=bright), settings=settings, folder=tmp_path)
    assert asked[0]["settings"] == ({"batch": 8, "device": "cpu"} if settings else {})


def test_sizes_must_be_sizes(bright: str) -> None:
    with pytest.raises(UsageError, match="sizes"):
        bench_speed(sizes=(0,), model=Model(detector=bright))


def test_a_run_in_workers_is_refused_since_their_time_and_memory_would_be_left_out(bright: str) -> None:
    for workers in (Settings(executor="process"), Settings(workers=2)):
        with pytest.raises(UsageError, match="in one process"):
            bench_speed(sizes=(700,), model=Model(detector=bright), settings=workers)
        with pytest.raises(UsageError, match="in one process"):
            bench_matrix(cases_up_to(640, 1), model=Model(detector=bright), settings=workers)
        with pytest.raises(UsageError, match="in one process"):
            bench_peers(model=Model(), settings=workers)
