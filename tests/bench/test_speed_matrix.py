import json
from pathlib import Path
from typing import Any

import pytest

from sattrack.bench import speed_matrix
from sattrack.bench.clocks import Clock
from sattrack.bench.matrix_telling import fit_table, fits, matrix_table, matrix_values
from sattrack.bench.speed import Limit, Speed
from sattrack.bench.speed_charts import write_matrix
from sattrack.bench.speed_matrix import JOURNAL, Case, bench_matrix, cases_up_to
from sattrack.errors import StoreError
from sattrack.settings import Settings
from sattrack.wiring import Model


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Runs that take a tenth of a second a tile and a second more, at a limit of twelve tiles a second."""
    runs: list[Any] = []

    def run(picture, paths, *, model, settings, threads=None):
        runs.append((picture, [path.name for path in paths], threads))
        tiles = len(paths) * max(1, round(picture.size / 520) ** 2)
        return Speed(picture, tiles, 10 * tiles, 8, 8, 1 + 0.1 * tiles, 2 + 0.1 * tiles, 1, 0.1, 4 * 10**8, {"model": 1.0})

    def limit(picture, path, *, model, settings, every=1, first=0, threads=None):
        assert path.is_file()
        return {"tiles": 12, "network": [1.0, 1.0], "detector": [1.1, 1.1], "device": "tests"}

    def picture(folder, picture):
        path = folder / picture.name
        path.touch()
        return path

    monkeypatch.setattr(speed_matrix, "timed_run", run)
    monkeypatch.setattr(speed_matrix, "timed_limit", limit)
    monkeypatch.setattr(speed_matrix, "make_picture", picture)
    return runs


def test_the_whole_matrix_has_every_axis() -> None:
    cases = cases_up_to()
    assert [case.size for case in cases if case.axis == "size"] == [640, 1250, 2500, 5000, 10_000, 20_000]
    assert [case.scenes for case in cases if case.axis == "scenes"] == [1, 10, 100, 1000]
    assert {case.layout for case in cases} >= {"cog-jpeg", "cog-zstd", "cog-none", "strips-1", "strips-16", "png"}
    assert {case.dtype for case in cases} == {"uint8", "uint16"}
    assert {case.density for case in cases} == {"empty", "sparse", "full"}
    assert len(set(cases)) == len(cases)


def test_scenes_of_a_case_are_different_pictures(timed: list[Any], bright: str) -> None:
    case = Case("scenes", "3", 640, scenes=3)
    found = bench_matrix([case], model=Model(detector=bright), settings=Settings())
    assert len(set(timed[0][1])) == 3
    assert found.rows[0].tiles == 3
    assert found.rows[0].limit == pytest.approx(12)
    assert found.rows[0].ratio_to_limit == pytest.approx(3 / 1.3 / 12)


def test_a_matrix_goes_on_where_it_was_and_skips_a_line_half_written(timed: list[Any], bright: str, tmp_path: Path) -> None:
    cases = cases_up_to(1250, 10)
    model, told = Model(detector=bright), list[str]()
    first = bench_matrix(cases[:3], model=model, settings=Settings(), folder=tmp_path)
    with (tmp_path / JOURNAL).open("a") as file:
        file.write('{"key": ["half a li')
    whole = bench_matrix(cases, model=model, settings=Settings(), folder=tmp_path, heard=told.append)
    assert len(timed) == len(cases)
    # The first row after it is kept too.
    assert bench_matrix(cases, model=model, settings=Settings(), folder=tmp_path).rows == whole.rows
    assert len(timed) == len(cases)
    assert whole.rows[:3] == first.rows
    assert told[-1].startswith(f"{len(cases)} of {len(cases)}: ")


def test_another_model_starts_anew(timed: list[Any], bright: str, tmp_path: Path) -> None:
    case = cases_up_to(640, 1)[:1]
    bench_matrix(case, model=Model(detector=bright), settings=Settings(), folder=tmp_path)
    lines = (tmp_path / JOURNAL).read_text().splitlines()
    (tmp_path / JOURNAL).write_text(json.dumps(json.loads(lines[0]) | {"key": ["other", "", ""]}) + "\n")
    bench_matrix(case, model=Model(detector=bright), settings=Settings(), folder=tmp_path)
    assert len(timed) == 2


def test_other_settings_start_anew(timed: list[Any], bright: str, tmp_path: Path) -> None:
    case, model = cases_up_to(640, 1)[:1], Model(detector=bright)
    for settings in (Settings(), Settings(overlap_m=30), Settings(overlap_m=30)):
        bench_matrix(case, model=model, settings=settings, folder=tmp_path)
    assert len(timed) == 2


def test_a_folder_that_cannot_be_is_an_error_before_anything_is_measured(timed: list[Any], bright: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot be kept"):
        bench_matrix(cases_up_to(640, 1), model=Model(detector=bright), settings=Settings(), folder=tmp_path / "file" / "sub")
    assert timed == []


def test_growth_is_fitted_and_everything_is_told(timed: list[Any], bright: str, tmp_path: Path) -> None:
    found = bench_matrix(cases_up_to(), model=Model(detector=bright), settings=Settings(), boxes=(100, 400))
    assert {row.boxes for row in found.merged if row.kind == "yard"} == {100, 400}
    assert fits(found)["processor time of merging with boxes of a yard"] is not None
    grown = fits(found)["time with scenes"]
    assert grown is not None
    assert 0.7 < grown.exponent < 1
    assert fits(found)["peak memory with megapixels"].exponent == pytest.approx(0, abs=1e-9)  # type: ignore[union-attr]
    assert len(matrix_table(found)[1]) == len(found.rows)
    assert fit_table(found)[1][0][0] == "time with megapixels"
    values = matrix_values(found)
    # A scene alone is a tile: its start hides the growth.
    assert values["fits"]["time with scenes"]["points"] == 3
    json.dumps(values, allow_nan=False)
    assert [path.name for path in write_matrix(found, tmp_path)] == ["matrix.svg", "matrix.png"]


def test_a_limit_is_made_of_both_halves() -> None:
    assert Limit(((1, Clock(1, 1)), (3, Clock(1, 1)))).tiles_per_s == 2
