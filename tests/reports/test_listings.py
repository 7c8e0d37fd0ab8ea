"""counts.csv and scenes.csv: every row kept, every column named, nothing given away."""

import csv
from pathlib import Path

import shapely

from sattrack.reports.listings import COUNT_COLUMNS, SCENE_COLUMNS, fill_counts, fill_scenes
from sattrack.writing import whole_file


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_counts_hold_a_row_for_every_site_zone_and_scene(port_run, tmp_path) -> None:
    run, _ = port_run
    fill_counts(run.counts, tmp_path / "counts.csv", locations=[o.location for o in run.index.outcomes])
    rows = _rows(tmp_path / "counts.csv")
    assert list(rows[0]) == list(COUNT_COLUMNS)
    told = [(r["site_id"], r["zone"], r["scene_id"], r["status"], r["count"], r["datetime"]) for r in rows]
    assert told == [
        ("port", "", "day-1", "done", "2", "2024-05-01T08:30:00Z"), ("port", "", "day-2", "done", "0", "2024-05-09T00:00:00Z"),
        ("port", "", "day-3", "failed", "", ""), ("port", "yard", "day-1", "done", "1", "2024-05-01T08:30:00Z"),
        ("port", "yard", "day-2", "done", "0", "2024-05-09T00:00:00Z"), ("port", "yard", "day-3", "failed", "", ""),
    ]  # fmt: skip


def test_I1_a_failed_scene_has_no_number_and_a_reason(port_run, tmp_path) -> None:
    run, _ = port_run
    fill_counts(run.counts, tmp_path / "counts.csv", locations=[o.location for o in run.index.outcomes])
    failed = _rows(tmp_path / "counts.csv")[2]
    assert failed["notes"] == "day-3.tif: torn"
    assert {failed[name] for name in ("count", "count_low", "count_high", "teu", "gsd_m", "px_per_width")} == {""}


def test_scenes_hold_a_row_for_every_file_with_its_place(port_run, tmp_path) -> None:
    run, _ = port_run
    fill_scenes(run.index, tmp_path / "scenes.csv")
    rows = _rows(tmp_path / "scenes.csv")
    assert list(rows[0]) == list(SCENE_COLUMNS)
    assert [(r["scene_id"], r["status"], r["reason"], r["boxes"]) for r in rows] == [
        ("day-1", "done", "", "6"), ("day-2", "done", "", "0"), ("day-3", "failed", "day-3.tif: torn", ""),
    ]  # fmt: skip
    footprint = shapely.from_wkt(rows[0]["footprint"])
    assert footprint.is_valid
    assert footprint.exterior.is_ccw
    assert footprint.contains(shapely.Point(30.5703389, 46.4651348))
    assert (rows[0]["width_px"], rows[0]["height_px"], rows[0]["gsd_m"], rows[0]["crs"]) == ("600", "400", "0.5", "EPSG:32635")


def test_X5_the_listings_name_files_only(port_run, mixed_run, tmp_path) -> None:
    for number, (run, _) in enumerate((port_run, mixed_run)):
        fill_scenes(run.index, tmp_path / f"scenes-{number}.csv")
        fill_counts(run.counts, tmp_path / f"counts-{number}.csv", locations=[o.location for o in run.index.outcomes])
    told = "".join(path.read_text() for path in tmp_path.glob("*.csv"))
    assert not [secret for secret in ("alice", "my scenes", "secret", "Signature") if secret in told]


def test_O6_S2_a_listing_replaces_the_old_one_whole(port_run, tmp_path) -> None:
    run, _ = port_run
    for _ in range(2):
        with whole_file(tmp_path / "counts.csv") as draft:
            fill_counts(run.counts, draft)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["counts.csv"]


def test_a_long_crs_is_told_by_its_code(part_of, run_of, tmp_path) -> None:
    from dataclasses import replace

    from pyproj import CRS

    part = part_of("a", boxes=[])
    scene = replace(part.scene, grid=replace(part.scene.grid, crs=CRS.from_epsg(32635).to_wkt()))
    run, _ = run_of({"a": replace(part, scene=scene)})
    fill_scenes(run.index, tmp_path / "scenes.csv")
    assert _rows(tmp_path / "scenes.csv")[0]["crs"] == "EPSG:32635"
