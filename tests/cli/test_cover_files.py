"""`sattrack cover` of scenes made of several files, of several kinds, of plain pictures and of copies."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from tests.cli.coarse_scenes import rows_of, write_coarse
from tests.cli.conftest import EAST, NORTH, Said
from tests.cover_weights import write_reader

Say = Callable[..., Said]
LIT_M2 = 36 * 24


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return write_reader(tmp_path / "weights")


def joined(folder: Path, *names: str, header: str = "path,scene") -> Path:
    """A manifest that makes files one scene; more columns of it stand after a name."""
    lines = [header, *(f"{name.split(',')[0]},pier{name[len(name.split(',')[0]) :]}" for name in names)]
    (folder / "list.csv").write_text("\n".join(lines) + "\n")
    return folder / "list.csv"


def rewritten(path: Path, pixels: np.ndarray, **profile: object) -> Path:
    """The file with other pixels (bands, rows, cols), on the same place and of the same time."""
    with rasterio.open(path) as file:
        kept, tags = file.profile, file.tags()
    kept |= {"count": len(pixels), "photometric": "rgb" if len(pixels) == 3 else "minisblack", **profile}
    with rasterio.open(path, "w", **kept) as to:
        to.write(pixels)
        to.update_tags(**{key: tags[key] for key in ("TIFFTAG_DATETIME", "SENSOR")})
    return path


def pixels_of(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read()


# Gray and colour by what is fed.


def test_a_gray_picture_saved_as_three_colours_is_gray(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    scene = write_coarse(tmp_path / "may.tif", gsd=3.0)
    rewritten(scene, np.repeat(pixels_of(scene)[:1], 3, axis=0))
    to = tmp_path / "covers"
    assert sattrack("cover", scene, "--sites", site, "-o", to, "--weights", weights, "-q").code == 0
    assert "gray" in rows_of(to)[0]["interval_method"]


def test_a_picture_of_palette_colours_is_in_colour(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    scene = write_coarse(tmp_path / "may.tif", gsd=3.0, gray=True)
    pixels = pixels_of(scene)
    with rasterio.open(scene, "w", driver="GTiff", width=200, height=200, count=1, dtype="uint8", photometric="palette",
                       crs="EPSG:32652", transform=from_origin(EAST, NORTH, 3, 3)) as to:  # fmt: skip
        to.write(pixels)
        to.write_colormap(1, {i: (i, i // 2, 255 - i, 255) for i in range(256)})
    out = tmp_path / "covers"
    assert sattrack("cover", scene, "--sites", site, "-o", out, "--weights", weights, "-q").code == 0
    assert "colour" in rows_of(out)[0]["interval_method"]


# Plain pictures.


def test_plain_pictures_of_one_scene_are_each_a_site_of_their_own(sattrack: Say, weights: Path, tmp_path: Path) -> None:
    write_coarse(tmp_path / "east.tif", gsd=3.0, crs=None, side_m=300)
    write_coarse(tmp_path / "west.tif", gsd=3.0, crs=None, side_m=600, lit_m=(12, 12, 60, 60))
    to = tmp_path / "covers"
    said = sattrack("cover", joined(tmp_path, "east.tif", "west.tif"), "-o", to, "--weights", weights, "--gsd-m", "3", "-q")
    assert said.code == 0
    east, west = rows_of(to)
    assert (east["site_id"], west["site_id"], east["scene_id"], west["scene_id"]) == ("east", "west", "pier", "pier")
    assert float(east["area_m2"]) == pytest.approx(LIT_M2, rel=0.06)
    assert float(west["area_m2"]) == pytest.approx(48 * 48, rel=0.06)


@pytest.mark.parametrize("with_site", [False, True])
def test_a_plain_picture_beside_a_placed_one_costs_only_itself(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path, with_site: bool
) -> None:
    write_coarse(tmp_path / "a_plain.tif", gsd=3.0, crs=None)
    write_coarse(tmp_path / "b_placed.tif", gsd=3.0, seed=1)
    to = tmp_path / "covers"
    sites = ("--sites", site) if with_site else ()
    said = sattrack(
        "cover", joined(tmp_path, "a_plain.tif", "b_placed.tif"), *sites, "-o", to, "--weights", weights, "--gsd-m", "3"
    )  # fmt: skip
    assert said.code == 0
    rows = {row["site_id"]: row for row in rows_of(to)}
    assert [float(row["area_m2"]) for row in rows.values()] == [pytest.approx(LIT_M2, rel=0.06)] * len(rows)
    if with_site:
        assert rows.keys() == {"left"}
        assert "skipped: a_plain: it has no coordinates, so no outline can be laid on it" in said.err
    else:
        assert rows.keys() == {"pier", "a_plain"}


# What is said of a row is said of the files that show the site.


def test_a_row_tells_of_the_file_that_shows_the_site_and_not_of_the_first(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    write_coarse(tmp_path / "a_far.tif", gsd=3.0, at=(5000, 0))
    write_coarse(tmp_path / "b_here.tif", gsd=10.0, gray=True, side_m=1500)
    to = tmp_path / "covers"
    manifest = joined(tmp_path, "a_far.tif", "b_here.tif")
    assert sattrack("cover", manifest, "--sites", site, "-o", to, "--weights", weights, "-q").code == 0
    (row,) = rows_of(to)
    assert (row["capability"], row["gsd_m"], row["area_m2"], row["model_id"]) == ("presence", row["gsd_m"], "", "")
    assert float(row["gsd_m"]) == pytest.approx(10, abs=0.01)
    assert row["brightness"]


def test_files_of_two_kinds_are_two_rows_each_with_its_own_picture(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    write_coarse(tmp_path / "a_fine.tif", gsd=3.0)
    write_coarse(tmp_path / "b_coarse.tif", gsd=10.0, side_m=1500)
    to = tmp_path / "covers"
    manifest = joined(tmp_path, "a_fine.tif", "b_coarse.tif")
    assert sattrack("cover", manifest, "--sites", site, "-o", to, "--weights", weights, "-q").code == 0
    rows = json.loads((to / "covers.json").read_text())["covers"]
    assert [(row["capability"], row["pictures"]) for row in rows] == [
        ("area", ["pictures/cover_left_a_fine.jpg"]), ("presence", ["pictures/cover_left_b_coarse.jpg"]),
    ]  # fmt: skip
    assert "read from b_coarse alone" in " ".join(rows[1]["notes"])
    assert [row["parts"] for row in rows] == [["a_fine"], ["b_coarse"]]
    assert [row["parts"] for row in rows_of(to)] == ["a_fine", "b_coarse"]


def test_gray_and_colour_files_of_one_scene_are_not_added_up(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    write_coarse(tmp_path / "a_gray.tif", gsd=3.0, gray=True)
    write_coarse(tmp_path / "b_colour.tif", gsd=3.0)
    to = tmp_path / "covers"
    manifest = joined(tmp_path, "a_gray.tif", "b_colour.tif")
    assert sattrack("cover", manifest, "--sites", site, "-o", to, "--weights", weights, "-q").code == 0
    assert ["gray" in row["interval_method"] for row in rows_of(to)] == [True, False]


def test_clouds_were_looked_for_only_where_every_file_that_shows_the_site_has_a_mask(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    write_coarse(tmp_path / "a.tif", gsd=2.0, side_m=40.0)
    write_coarse(tmp_path / "b.tif", gsd=2.0, seed=1)
    with rasterio.open(tmp_path / "clear.tif", "w", driver="GTiff", width=300, height=300, count=1, dtype="uint8",
                       crs="EPSG:32652", transform=from_origin(EAST, NORTH, 2, 2)) as mask:  # fmt: skip
        mask.write(np.zeros((1, 300, 300), np.uint8))
    to = tmp_path / "covers"
    manifest = joined(tmp_path, "a.tif,clear.tif", "b.tif,", header="path,scene,mask")
    assert sattrack("cover", manifest, "--sites", site, "-o", to, "--weights", weights, "-q").code == 0
    (row,) = rows_of(to)
    assert row["cloud_checked"] == "false"
    assert "clouds were not looked for" in row["notes"]


# Ground that only a later file shows.


def test_ground_on_which_the_first_file_shows_nothing_is_read_from_the_next(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    write_coarse(tmp_path / "a.tif", gsd=2.0, nodata_m=40.0)
    write_coarse(tmp_path / "b.tif", gsd=2.0, seed=1)
    to = tmp_path / "covers"
    said = sattrack("cover", joined(tmp_path, "a.tif", "b.tif"), "--sites", site, "-o", to, "--weights", weights, "-q")
    assert said.code == 0
    (row,) = rows_of(to)
    assert float(row["observed_fraction"]) == pytest.approx(1, abs=0.02)
    assert float(row["area_m2"]) == pytest.approx(LIT_M2, rel=0.08), "what only the second shows is added, once"


def test_brightness_is_of_all_that_the_files_show_together(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    write_coarse(tmp_path / "whole.tif", gsd=5.0, side_m=1500.0, lit_m=(0, 0, 0, 0))
    alone, to = tmp_path / "alone", tmp_path / "covers"
    assert sattrack("cover", tmp_path / "whole.tif", "--sites", site, "-o", alone, "--weights", weights, "-q").code == 0
    write_coarse(tmp_path / "a.tif", gsd=5.0, side_m=1500.0, lit_m=(0, 0, 0, 0), nodata_m=40.0)
    write_coarse(tmp_path / "b.tif", gsd=5.0, side_m=1500.0, lit_m=(0, 0, 0, 0))
    said = sattrack("cover", joined(tmp_path, "a.tif", "b.tif"), "--sites", site, "-o", to, "--weights", weights, "-q")
    assert said.code == 0
    (row,), (expected,) = rows_of(to), rows_of(alone)
    assert float(row["observed_fraction"]) == pytest.approx(1, abs=0.02)
    assert float(row["brightness"]) == pytest.approx(float(expected["brightness"]), rel=0.01)


def test_scenes_that_show_other_ground_of_a_site_are_not_held_against_each_other(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    dark = (0.0, 0.0, 0.0, 0.0)
    write_coarse(tmp_path / "a.tif", gsd=5.0, side_m=1500.0, lit_m=dark, day=1, nodata_m=5.0)
    other = write_coarse(tmp_path / "b.tif", gsd=5.0, side_m=1500.0, lit_m=dark, day=2, nodata_m=30.0)
    write_coarse(tmp_path / "c.tif", gsd=5.0, side_m=1500.0, lit_m=dark, day=3, nodata_m=5.0, seed=2)
    to = tmp_path / "covers"
    files = [tmp_path / "a.tif", other, tmp_path / "c.tif"]
    assert sattrack("cover", *files, "--sites", site, "-o", to, "--weights", weights, "-q").code == 0
    first, second, third = rows_of(to)
    assert {row["status"] for row in (first, second, third)} == {"done"}
    assert second["changed_since"] == ""
    assert "shows the same ground" in second["said"]
    assert third["changed_since"] == "a"


# Bands.


def test_other_bands_are_not_held_against_each_other(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    for day, name in enumerate(("T52_1_B03_10m", "T52_2_B04_10m", "T52_3_B04_10m"), start=1):
        write_coarse(tmp_path / f"{name}.tif", gsd=10.0, gray=True, side_m=1500.0, day=day, seed=day)
    to = tmp_path / "covers"
    files = sorted(tmp_path.glob("T52*.tif"))
    assert sattrack("cover", *files, "--sites", site, "-o", to, "--weights", weights, "-q").code == 0
    rows = rows_of(to)
    assert [row["changed_since"] for row in rows] == ["", "", "T52_2_B04_10m"]
    assert "says which band this is" not in rows[2]["notes"]


def test_bands_are_told_apart_by_what_the_file_calls_them(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    for day, name in enumerate(("red", "near infrared", "red"), start=1):
        path = write_coarse(tmp_path / f"day{day}.tif", gsd=10.0, gray=True, side_m=1500.0, day=day, seed=day)
        with rasterio.open(path, "r+") as file:
            file.set_band_description(1, name)
    to = tmp_path / "covers"
    files = sorted(tmp_path.glob("day*.tif"))
    assert sattrack("cover", *files, "--sites", site, "-o", to, "--weights", weights, "-q").code == 0
    assert [row["changed_since"] for row in rows_of(to)] == ["", "", "day1"]


def test_a_band_that_nobody_names_is_said_to_be_unknown(sattrack: Say, site: Path, weights: Path, tmp_path: Path) -> None:
    for day in (1, 2):
        write_coarse(tmp_path / f"day{day}.tif", gsd=10.0, gray=True, side_m=1500.0, day=day, seed=day)
    to = tmp_path / "covers"
    files = sorted(tmp_path.glob("day*.tif"))
    assert sattrack("cover", *files, "--sites", site, "-o", to, "--weights", weights, "-q").code == 0
    assert rows_of(to)[1]["changed_since"] == "day1"
    assert "says which band this is" in rows_of(to)[1]["notes"]


# Copies.


def test_a_copy_without_a_place_does_not_hide_the_one_that_has_it(
    sattrack: Say, site: Path, weights: Path, tmp_path: Path
) -> None:
    pixels = pixels_of(write_coarse(tmp_path / "may.tif", gsd=3.0))
    with rasterio.open(tmp_path / "a.png", "w", driver="PNG", width=200, height=200, count=3, dtype="uint8") as to:
        to.write(pixels)
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    (tmp_path / "b.pgw").write_text(f"3\n0\n0\n-3\n{EAST + 1.5}\n{NORTH - 1.5}\n")
    (tmp_path / "b.prj").write_text(rasterio.crs.CRS.from_epsg(32652).to_wkt())
    to = tmp_path / "covers"
    said = sattrack(
        "cover", tmp_path / "a.png", tmp_path / "b.png", "--sites", site, "-o", to, "--weights", weights, "--gsd-m", "3"
    )  # fmt: skip
    assert said.code == 0
    assert {row["scene_id"]: row["status"] for row in rows_of(to)} == {"a": "outside", "b": "done"}
