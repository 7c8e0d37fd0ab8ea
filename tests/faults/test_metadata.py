"""Rows M: what a file says of itself, wrongly, doubtfully or not at all."""

import csv
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from pyproj import Transformer
from rasterio.enums import ColorInterp

from sattrack.stores.folder import RunFolder
from tests.faults.conftest import EAST, GSD, NORTH, Detect, Ran, write, yard

_LON, _LAT = Transformer.from_crs(32652, 4326, always_xy=True).transform(EAST, NORTH)
_TO_FEET = Transformer.from_crs(4326, 2229, always_xy=True)  # California zone 5, US survey feet


def placed(crs: str, transform: Affine, **how: Any) -> Any:
    return lambda path: write(path, yard(12, seed=how.get("seed", 1)), crs=crs, transform=transform)


def mercator(path: Path) -> None:
    """The yard in EPSG:3857, whose units are 1.22 to the metre here."""
    x, y = Transformer.from_crs(4326, 3857, always_xy=True).transform(_LON, _LAT)
    unit = GSD / math.cos(math.radians(_LAT))
    write(path, yard(12, seed=2), crs="EPSG:3857", transform=Affine(unit, 0, x, 0, -unit, y))


def degrees(path: Path) -> None:
    east, north = GSD / (111_320 * math.cos(math.radians(_LAT))), GSD / 110_950
    write(path, yard(12, seed=3), crs="EPSG:4326", transform=Affine(east, 0, _LON, 0, -north, _LAT))


def feet(path: Path) -> None:
    x, y = _TO_FEET.transform(-118.25, 33.75)
    write(path, yard(12, seed=4), crs="EPSG:2229", transform=Affine(GSD / 0.3048006, 0, x, 0, -GSD / 0.3048006, y))


def south_up(path: Path) -> None:
    write(path, yard(12, seed=5)[:, ::-1], transform=Affine(GSD, 0, EAST, 0, GSD, NORTH - 200 * GSD))


def coloured(seed: int = 0) -> np.ndarray:
    """A yard whose ground differs from channel to channel."""
    bands = yard(12, seed=seed)
    ground = bands < 100
    return np.where(ground, bands + np.array([0, 25, 50], np.uint8)[:, None, None], bands)


def blue_first(path: Path) -> None:
    write(path, coloured()[::-1])
    with rasterio.open(path, "r+") as to:
        to.colorinterp = (ColorInterp.blue, ColorInterp.green, ColorInterp.red)


def many_bands(count: int, colours: bool = False) -> Any:
    def make(path: Path) -> None:
        bands = np.repeat(yard(12, seed=count)[:1], count, axis=0)
        write(path, bands, photometric="rgb" if colours else "minisblack")

    return make


def palette(path: Path) -> None:
    boxes = yard(12, seed=8)[:1] > 200
    index = np.where(boxes, 1, np.random.default_rng(8).integers(2, 5, boxes.shape)).astype(np.uint8)
    with rasterio.open(path, "w", driver="GTiff", width=300, height=200, count=1, dtype="uint8", **_utm()) as to:
        to.write(index)
        to.write_colormap(1, {1: (250, 250, 250, 255), 2: (40, 45, 50, 255), 3: (45, 45, 45, 255), 4: (50, 50, 40, 255)})


def _utm() -> dict[str, Any]:
    return {"crs": "EPSG:32652", "transform": Affine(GSD, 0, EAST, 0, -GSD, NORTH)}


def with_nan(path: Path) -> None:
    bands = yard(12, seed=9).astype(np.float32)
    bands[:, 150:170, 100:200] = np.nan
    bands[1, 190, 10] = np.inf
    write(path, bands)


def collar(path: Path) -> None:
    """The right third is declared nodata."""
    bands = yard(12, seed=10)
    bands[:, :, 200:] = 0
    write(path, bands, nodata=0)


def undeclared_collar(path: Path) -> None:
    bands = yard(12, seed=11)
    bands[:, :, 200:] = 255
    write(path, bands)


def turned_by_exif(path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    upright = yard(12, seed=12).transpose(1, 2, 0)
    Image.fromarray(np.rot90(upright).copy()).save(path, exif=exif, quality=95)
    path.with_suffix(".json").write_text('{"gsd_m": 0.5}')


def straight(path: Path) -> None:
    Image.fromarray(yard(12, seed=13).transpose(1, 2, 0)).save(path, quality=95)
    path.with_suffix(".json").write_text('{"gsd_m": 0.5}')


def hidden_right_half(path: Path, *, bands: int, **how: Any) -> Path:
    """A yard whose last band is an alpha that hides its right half."""
    others = np.full((bands - 4, 200, 300), 77, np.uint8)
    alpha = np.where(np.arange(300) < 150, 255, 0).astype(np.uint8)
    whole = np.concatenate([yard(12, seed=40 + bands), others, np.broadcast_to(alpha, (1, 200, 300))])
    write(path, whole, photometric="rgb", **how)
    with rasterio.open(path, "r+") as to:
        to.colorinterp = (*list(ColorInterp)[3:6], *[ColorInterp.undefined] * (bands - 4), ColorInterp.alpha)
    return path


def decimal_commas(path: Path) -> None:
    write(path, yard(12, seed=50), driver="PNG", crs=None)
    path.with_suffix(".pgw").write_text(f"0,5\n0\n0\n-0,5\n{EAST:.0f},25\n{NORTH:.0f},75\n")
    path.with_suffix(".prj").write_text(rasterio.crs.CRS.from_epsg(32652).to_wkt())


def said_beside(text: str, *, seed: int) -> Any:
    def make(path: Path) -> None:
        write(path, yard(12, seed=seed), driver="PNG", crs=None)
        path.with_suffix(".json").write_text(text)

    return make


_ROTATED = Affine.translation(EAST, NORTH) @ Affine.rotation(30) @ Affine.scale(GSD, -GSD)
FILES = {
    "plain.tif": lambda p: write(p, yard(4, seed=1), crs=None),
    "utm.tif": placed("EPSG:32652", Affine(GSD, 0, EAST, 0, -GSD, NORTH)),
    "mercator.tif": mercator,
    "degrees.tif": degrees,
    "feet.tif": feet,
    "rotated.tif": placed("EPSG:32652", _ROTATED, seed=6),
    "south_up.tif": south_up,
    "singular.tif": placed("EPSG:32652", Affine(1, 2, EAST, 2, 4, NORTH)),
    "nan_transform.tif": placed("EPSG:32652", Affine(math.nan, 0, EAST, 0, -1, NORTH)),
    "inf_transform.tif": placed("EPSG:32652", Affine(math.inf, 0, EAST, 0, -1, NORTH)),
    "huge_transform.tif": placed("EPSG:32652", Affine(1e308, 0, EAST, 0, -1e308, NORTH)),
    "outside.tif": placed("EPSG:32652", Affine(GSD, 0, 9e8, 0, -GSD, 9e8)),
    "gray.tif": lambda p: write(p, yard(12, seed=14)[:1]),
    "two.tif": many_bands(2),
    "rgb_and_infrared.tif": many_bands(4, colours=True),
    "eight.tif": many_bands(8),
    "thirteen.tif": many_bands(13),
    "alpha.tif": lambda p: write(
        p, np.concatenate([yard(12, seed=15), np.full((1, 200, 300), 255, np.uint8)]), photometric="rgb", ALPHA="YES"
    ),
    "alpha_fifth.tif": lambda p: hidden_right_half(p, bands=5),
    "alpha_and_nodata.tif": lambda p: hidden_right_half(p, bands=4, nodata=7),
    "decimal_commas.png": decimal_commas,
    "comma_beside.png": said_beside('{"gsd_m": "0,5"}', seed=51),
    "twice_beside.png": said_beside('{"gsd_m": 0.5, "gsd_m": 5}', seed=52),
    "late_beside.png": said_beside('{"gsd_m": 0.5, "datetime": "9999-12-31"}', seed=53),
    "palette.tif": palette,
    "radar.tif": lambda p: write(p, yard(12)[:1].astype(np.complex64)),
    "uint16.tif": lambda p: write(p, yard(12, seed=16).astype(np.uint16) * 41),
    "int16.tif": lambda p: write(p, yard(12, seed=17).astype(np.int16) * 41 - 3000),
    "float32.tif": lambda p: write(p, yard(12, seed=18).astype(np.float32) / 10_000),
    "float64.tif": lambda p: write(p, yard(12, seed=19).astype(np.float64) * 1e6),
    "with_nan.tif": with_nan,
    "nan_is_nodata.tif": lambda p: write(
        p, np.where(np.arange(300) < 200, yard(12, seed=20), np.nan).astype(np.float32), nodata=math.nan
    ),
    "collar.tif": collar,
    "undeclared_collar.tif": undeclared_collar,
    "nothing.tif": lambda p: write(p, np.zeros((3, 200, 300), np.uint8), nodata=0),
    "red_first.tif": lambda p: write(p, coloured()),
    "blue_first.tif": blue_first,
    "turned.jpg": turned_by_exif,
    "straight.jpg": straight,
    "sentinel.tif": placed("EPSG:32652", Affine(10, 0, EAST, 0, -10, NORTH)),
    "twin_of_may.tif": lambda p: p.write_bytes((p.parent / "may.tif").read_bytes()),
}


@pytest.fixture(scope="module")
def ran(run_beside: Any) -> Ran:
    """One run over every file; only one says nothing of its pixel size."""
    return run_beside(FILES)


@pytest.fixture(scope="module")
def boxes(ran: Ran, sattrack: Detect) -> list[dict[str, str]]:
    """Every counted box of the run, as its CSV has it."""
    to = ran.folder.parent / "boxes.csv"
    said = sattrack("export", ran.folder, "-f", "csv", "-o", to, folder=ran.folder.parent / "export")
    assert said.code == 0, said.err
    return [
        row
        for row in csv.DictReader(to.read_text(encoding="utf-8-sig").splitlines())
        if row["counted"] in ("1", "True", "true")
    ]


def stretch_of(ran: Ran, part: str) -> Any:
    store = RunFolder(ran.folder, create=False)
    (key,) = [one["key"] for one in json.loads((ran.folder / "run.json").read_text())["outcomes"] if one["part"] == part]
    return store.get(key)


def test_m0_doubtful_metadata_costs_nothing_but_its_own_scene(ran: Ran, good: Ran) -> None:
    ran.assert_nothing_lost(good)


def test_m1_a_picture_without_a_pixel_size_is_refused_with_the_option(ran: Ran) -> None:
    ran.assert_told("plain", "the pixel size is not known", "--gsd-m", status="refused")


def test_m1_a_plain_picture_is_counted_in_pixels_and_gets_no_map(detect: Detect, sattrack: Detect, tmp_path: Path) -> None:
    ran = detect(write(tmp_path / "plain.tif", yard(12), crs=None), "--gsd-m", "0.5", folder=tmp_path)
    assert ran.scene("plain")["boxes"] == 12
    said = sattrack("export", ran.folder, "-f", "geojson", "-o", tmp_path / "out.geojson", folder=tmp_path / "export")
    assert said.code in (1, 2)
    assert said.err.startswith("error: ")
    assert "no scene of this run has a coordinate system (export csv, coco" in said.err
    assert not (tmp_path / "out.geojson").exists()


def test_m1_a_doubtful_pixel_size_is_said_of_the_run_and_beside_the_number(detect: Detect, tmp_path: Path) -> None:
    # Boxes of 12 m, said to be a third longer.
    ran = detect(write(tmp_path / "plain.tif", yard(56, shape=(320, 300)), crs=None), "--gsd-m", "0.66", folder=tmp_path)
    doubt = "is the pixel size of 0.66 m right?"
    assert any(note.startswith(f"plain: {doubt}") for note in ran.json["notes"])
    assert any(note.startswith(doubt) for note in ran.count("plain")["notes"])
    (row,) = csv.DictReader((ran.folder / "counts.csv").read_text(encoding="utf-8-sig").splitlines())
    assert doubt in row["notes"]


def test_m2_the_same_yard_has_one_count_and_one_length_in_metres_feet_degrees_and_web_mercator(ran: Ran, boxes: Any) -> None:
    lengths = {}
    for part in ("utm", "mercator", "degrees", "feet"):
        own = [float(row["length_m"]) for row in boxes if row["part"] == part]
        assert len(own) == ran.scene(part)["counted"] == 12
        lengths[part] = np.mean(own)
    assert lengths == {part: pytest.approx(12.0, rel=0.01) for part in lengths}


def test_m3_turned_and_south_up_scenes_have_the_same_boxes_at_the_right_places(ran: Ran, boxes: Any) -> None:
    to_lonlat = Transformer.from_crs(32652, 4326, always_xy=True)
    first = {"rotated": _ROTATED @ (32, 22.5), "south_up": (EAST + 32 * GSD, NORTH - 22.5 * GSD)}
    for part, ground in first.items():
        own = [row for row in boxes if row["part"] == part]
        assert len(own) == 12
        assert [float(row["length_m"]) for row in own] == [pytest.approx(12.0, rel=0.01)] * 12
        lon, lat = to_lonlat.transform(*ground)
        near = min(math.hypot((float(row["lon"]) - lon) * 91_000, (float(row["lat"]) - lat) * 111_000) for row in own)
        assert near < 1.0


@pytest.mark.parametrize("part", ["singular", "nan_transform", "inf_transform", "huge_transform"])
def test_m4_a_transform_that_places_nothing_fails_its_scene(ran: Ran, part: str) -> None:
    ran.assert_told(part, "georeference it again")


def test_m5_a_scene_outside_its_own_projection_fails_rather_than_lie_nowhere(ran: Ran, boxes: Any) -> None:
    ran.assert_told("outside", "outside what its CRS can hold", "georeference it again")
    assert all(math.isfinite(float(row["lon"])) for row in boxes if row["lon"])


def test_m6_bands_are_fed_as_the_file_names_them_and_asked_for_where_it_does_not(ran: Ran) -> None:
    for part in ("gray", "rgb_and_infrared", "alpha", "palette"):
        assert ran.scene(part)["boxes"] == 12, part
    for part, count in (("eight", 8), ("thirteen", 13)):
        ran.assert_told(part, f"{count} bands", "--bands", status="refused")
    ran.assert_told("radar", "complex pixels", "optical", status="refused")
    ran.assert_told("two", "2 bands", "--bands", status="refused")


def test_m6_an_alpha_band_hides_what_it_hides_wherever_it_stands(ran: Ran) -> None:
    """GDAL takes it for a mask only as the second of two bands or the fourth of four, and where no nodata is declared."""
    for part in ("alpha_fifth", "alpha_and_nodata"):
        assert ran.count(part)["observed_fraction"] == pytest.approx(0.5, abs=0.01), part
        assert ran.count(part)["count"] == 9, part


def test_m1_why_a_world_file_was_not_used_is_said_where_the_picture_is_refused(ran: Ran) -> None:
    ran.assert_told("decimal_commas", "the world file decimal_commas.pgw does not hold six numbers", status="refused")


def test_m15_what_cannot_be_understood_beside_a_picture_fails_that_picture_alone(ran: Ran, good: Ran) -> None:
    ran.assert_told("comma_beside", "comma_beside.json: gsd_m '0,5' may be a decimal comma", "write 0.5")
    ran.assert_told("twice_beside", "twice_beside.json: broken JSON: the key 'gsd_m' stands twice", "mend or remove the file")
    ran.assert_told("late_beside", "late_beside.json: the time '9999-12-31' lies in the future", "write it like")
    ran.assert_nothing_lost(good)


def test_m6_bands_that_are_named_by_the_user_are_fed(detect: Detect, tmp_path: Path) -> None:
    many_bands(13)(tmp_path / "thirteen.tif")
    assert detect(tmp_path / "thirteen.tif", "--bands", "4,3,2", folder=tmp_path).scene("thirteen")["boxes"] == 12


def test_m7_every_type_of_number_has_the_same_count_and_one_recorded_stretch(ran: Ran) -> None:
    for part, scale in (("uint16", 41), ("int16", 41), ("float32", 1e-4), ("float64", 1e6)):
        assert ran.scene(part)["boxes"] == 12, part
        stretch = stretch_of(ran, part).stretch
        assert (stretch.high[0] - stretch.low[0]) / scale == pytest.approx(220, abs=5)


def test_m8_nan_and_infinity_are_not_seen_and_hide_no_box_elsewhere(ran: Ran) -> None:
    assert ran.count("with_nan")["count"] == 12
    assert ran.count("with_nan")["observed_fraction"] == pytest.approx(1 - 20 * 100 / (200 * 300), abs=0.01)
    assert ran.count("nan_is_nodata")["observed_fraction"] == pytest.approx(2 / 3, abs=0.02)
    assert ran.count("nan_is_nodata")["count"] == 9


def test_m9_collars_are_not_seen_whether_declared_or_not_and_that_is_said(ran: Ran) -> None:
    for part in ("collar", "undeclared_collar"):
        assert ran.count(part)["observed_fraction"] == pytest.approx(2 / 3, abs=0.02), part
        assert ran.count(part)["count"] == 9
    assert "areas of one value joined to the border count as not seen (--nodata VALUE overrides)" in ran.err


def test_m9_a_scene_without_any_ground_has_no_count_rather_than_zero(ran: Ran) -> None:
    count = ran.count("nothing")
    assert (count["count"], count["observed_fraction"]) == (None, 0.0)
    assert count["status"] != "done"


def test_m10_red_and_blue_the_other_way_round_are_fed_as_the_file_names_them(ran: Ran) -> None:
    red, blue = stretch_of(ran, "red_first"), stretch_of(ran, "blue_first")
    assert (red.scene.bands, blue.scene.bands) == ((1, 2, 3), (3, 2, 1))
    assert red.stretch == blue.stretch
    assert red.stretch.low[0] < red.stretch.low[2]
    assert len(red.detections) == len(blue.detections) == 12


def test_m11_an_exif_orientation_is_applied(ran: Ran) -> None:
    assert ran.scene("turned")["boxes"] == ran.scene("straight")["boxes"] == 12
    assert stretch_of(ran, "turned").scene.grid.shape == stretch_of(ran, "straight").scene.grid.shape == (200, 300)
    assert "turned by its EXIF orientation" in ran.err


def test_m12_pixels_of_ten_metres_are_refused_since_no_container_can_be_told(ran: Ran) -> None:
    ran.assert_told("sentinel", "pixels of 10 m", "1.2 m or finer", status="refused")


def test_m12_a_picture_that_was_enlarged_from_coarse_pixels_is_counted_with_a_warning(detect: Detect, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    coarse = np.random.default_rng(1).integers(20, 220, (3, 60, 60)).astype(np.uint8)
    write(tmp_path / "in" / "enlarged.tif", coarse.repeat(6, axis=1).repeat(6, axis=2))
    write(tmp_path / "in" / "may.tif", yard(12, shape=(360, 360)))
    ran = detect(tmp_path / "in", folder=tmp_path)
    told = "the picture's own pixels are of about 3 m, and were enlarged to 0.5 m"
    assert (ran.code, ran.err.count(told)) == (0, 1)
    notes = {
        row["scene_id"]: row["notes"] for row in csv.DictReader((tmp_path / "run" / "counts.csv").read_text().splitlines())
    }
    assert (told in notes["enlarged"], told in notes["may"]) == (True, False)


def test_m13_scenes_of_two_places_are_not_compared_box_by_box(sattrack: Detect, modules: Path, tmp_path: Path) -> None:
    here, there = (
        write(tmp_path / "here.tif", yard(12)),
        write(tmp_path / "there.tif", yard(12, seed=3), transform=Affine(GSD, 0, EAST + 5000, 0, -GSD, NORTH)),
    )
    said = sattrack("changes", here, there, "--detector", "bright_boxes:Bright", "--json", folder=tmp_path / "changes")
    assert said.code in (1, 2)
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert "here.tif" in said.err
    assert "the two pictures show no common ground (give two pictures of one place)" in said.err


def test_m14_the_same_content_twice_is_counted_once_and_said(ran: Ran) -> None:
    assert ran.scene("twin_of_may")["status"] == "skipped"
    assert "the same content as may" in ran.err


def test_m15_a_scene_without_a_time_is_counted_and_left_out_of_series(detect: Detect, sattrack: Detect, tmp_path: Path) -> None:
    ran = detect(write(tmp_path / "undated.tif", yard(12)), folder=tmp_path)
    assert ran.count("undated")["count"] == 12
    assert ran.count("undated")["datetime"] is None
    said = sattrack("series", ran.folder, folder=tmp_path / "series")
    assert "12" not in said.out.split()
    assert "--date" in said.said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0000-00-00", "is no real time"),
        ("2150-01-01", "lies in the future"),
        ("2016-12-31T23:59:60Z", "leap second"),
        ("05/06/2023", "without guessing"),
        ("2023-10-14T10:00+99:00", "is no real time"),
    ],
)
def test_m15_a_time_that_cannot_be_is_an_error_with_its_file_and_line(
    detect: Detect, tmp_path: Path, text: str, why: str
) -> None:
    write(tmp_path / "a.tif", yard(3))
    (tmp_path / "list.csv").write_text(f"path,datetime\na.tif,{text}\n")
    ran = detect(tmp_path / "list.csv", folder=tmp_path)
    assert ran.code in (1, 2)
    assert ran.out == ""
    assert "list.csv" in ran.err
    assert why in ran.err
    assert "2023-10-14T01:15:01Z" in ran.err or "second 59" in ran.err
    assert "Traceback" not in ran.said
