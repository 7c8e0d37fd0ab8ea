import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import rasterio
from rasterio.transform import from_origin

from sattrack.errors import ManifestError
from sattrack.readers.hints import Hints
from sattrack.readers.sidecars import is_mask_name, look_beside, read_sidecars

UTM = pyproj.CRS.from_epsg(32651).to_wkt("WKT1_ESRI")


def sidecars(folder: Path, picture: str = "a.png", **files: Any) -> Hints:
    """Files by suffix (`json`, `pgw`), beside a picture."""
    (folder / picture).touch()
    for suffix, content in files.items():
        text = content if isinstance(content, str | bytes) else json.dumps(content)
        (folder / f"a.{suffix}").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_sidecars(folder / picture, beside=look_beside(folder))


def test_a_sidecar_says_what_a_picture_cannot(tmp_path: Path) -> None:
    said = sidecars(
        tmp_path,
        json={
            "gsd_m": [0.5, 0.62], "datetime": "2023-10-14T10:15:00+09:00", "sensor": "WV3", "source": "Maxar",
            "licence": "CC BY", "place": "Rajin",
        },
    )  # fmt: skip
    assert (said.gsd_m, said.gsd_source) == ((0.5, 0.62), "sidecar")
    assert (said.acquired, said.acquired_source) == (dt.datetime(2023, 10, 14, 1, 15, tzinfo=dt.UTC), "sidecar")
    assert (said.sensor, said.source, said.licence, said.notes) == ("WV3", "Maxar", "CC BY", ())


@pytest.mark.parametrize(("value", "gsd"), [(0.5, (0.5, 0.5)), (1, (1.0, 1.0)), ("0.5", (0.5, 0.5)), ("0.5,0.62", (0.5, 0.62))])
def test_a_pixel_size_is_one_number_or_two(tmp_path: Path, value: Any, gsd: tuple[float, float]) -> None:
    assert sidecars(tmp_path, json={"gsd_m": value}).gsd_m == gsd


def test_a_sidecar_of_texts_only_is_ours_too_and_nulls_are_not_said(tmp_path: Path) -> None:
    assert sidecars(tmp_path, json={"source": "Maxar", "licence": None}).source == "Maxar"
    assert sidecars(tmp_path, json={"gsd_m": None, "datetime": None}) == Hints()


@pytest.mark.parametrize(
    "other",
    [
        {}, [], 3, "gsd_m", [{"gsd_m": "x"}], {"images": [], "annotations": [{"gsd_m": "x"}]}, {"source": 3, "shapes": []},
        {"type": "Feature", "properties": {"datetime": "bad", "gsd": "bad"}}, "{broken", b"\xff\xfe", "[" * 100_000,
        '{"x": ' + "1" * 9999 + "}",
        '{"gsd_m": "bad", "x": "' + "x" * (1 << 20) + '"}',
    ],
)  # fmt: skip
def test_somebody_elses_json_is_let_be(tmp_path: Path, other: Any) -> None:
    assert sidecars(tmp_path, json=other) == Hints()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ({"gsd_m": "half"}, "gsd_m 'half'"),
        ({"gsd_m": True}, "gsd_m 'True'"),
        ({"gsd_m": 0}, "gsd_m '0'"),
        ({"gsd_m": [0.5, 0.5, 0.5]}, "gsd_m"),
        ({"gsd_m": {"x": 0.5}}, "gsd_m"),
        ('{"gsd_m": NaN}', "gsd_m 'nan'"),
        ('{"gsd_m": 1e999}', "gsd_m 'inf'"),
        ({"datetime": "05/06/2023"}, "the time '05/06/2023'"),
        ({"datetime": 1697246101}, "datetime '1697246101' is not text"),
        ({"datetime": "2023-10-14T23:59:60Z"}, "leap second"),
        ({"gsd_m": 0.5, "sensor": ["WV3"]}, "sensor"),
        ('{"gsd_m": 0.5,}', "broken JSON"),
    ],
)
def test_M15_a_bad_value_under_our_keys_is_an_error_that_names_file_and_key(tmp_path: Path, content: Any, told: str) -> None:
    with pytest.raises(ManifestError) as caught:
        sidecars(tmp_path, json=content)
    assert told in str(caught.value)
    assert caught.value.where == str(tmp_path / "a.json")


def test_a_world_file_with_its_prj_places_the_outer_corner(tmp_path: Path) -> None:
    said = sidecars(tmp_path, pgw="0.5\n0\n0\n-0.5\n300000.25\n4700000.75\n", prj=UTM)
    assert said.transform == (0.5, 0.0, 300000.0, 0.0, -0.5, 4700001.0)
    assert pyproj.CRS(said.crs).equals(pyproj.CRS(UTM))
    assert said.notes == ()


def test_a_turned_world_file_is_read_as_gdal_reads_it(tmp_path: Path) -> None:
    a, d, b, e, c, f = 0.4, 0.3, 0.3, -0.4, 300000.0, 4700000.0
    said = sidecars(tmp_path, pgw="\n".join(map(str, (a, d, b, e, c, f))), prj=UTM)
    with rasterio.open(
        tmp_path / "a.png", "w", driver="PNG", width=2, height=2, count=1, dtype="uint8", transform=from_origin(0, 0, 1, 1)
    ) as file:
        file.write(np.zeros((1, 2, 2), np.uint8))
    (tmp_path / "a.png.aux.xml").unlink(missing_ok=True)
    (tmp_path / "a.wld").unlink(missing_ok=True)
    (tmp_path / "a.pgw").write_text("\n".join(map(str, (a, d, b, e, c, f))))
    with rasterio.open(tmp_path / "a.png") as file:
        assert said.transform == pytest.approx(tuple(file.transform)[:6])


@pytest.mark.parametrize(
    ("picture", "world"),
    [
        ("a.png", "PGW"),
        ("a.png", "pngw"),
        ("a.jpg", "jgw"),
        ("a.JPEG", "jpgw"),
        ("a.png", "wld"),
        ("a.tif", "tfw"),
        ("a.jp2", "j2w"),
    ],
)
def test_world_files_go_by_many_suffixes(tmp_path: Path, picture: str, world: str) -> None:
    said = sidecars(tmp_path, picture, **{world: "0.5 0 0 -0.5 10 20", "PRJ": UTM})
    assert said.transform == (0.5, 0.0, 9.75, 0.0, -0.5, 20.25)


def test_a_world_file_without_a_crs_places_nothing_and_that_is_said(tmp_path: Path) -> None:
    said = sidecars(tmp_path, pgw="0.00001\n0\n0\n-0.00001\n130.3\n42.2\n")
    assert (said.transform, said.crs) == (None, None)
    assert said.notes == ("the world file a.pgw has no a.prj that says its CRS, and is not used",)


def test_a_leftover_world_file_of_a_geotiff_is_not_worth_a_word(tmp_path: Path) -> None:
    said = sidecars(tmp_path, "a.tif", tfw="0.5 0 0 -0.5 10 20")
    assert (said.transform, said.notes) == (None, ())


@pytest.mark.parametrize(
    "world",
    [
        "",
        "1 2 3",
        "0,5 0 0 -0,5 1 1",
        "0 0 0 0 1 1",
        "nan 0 0 1 1 1",
        "1 0 0 1 inf 1",
        b"\xff\xfe1",
        "1 " * 40_000,
        "a b c d e f",
    ],
)
def test_a_world_file_that_is_no_map_places_nothing(tmp_path: Path, world: str | bytes) -> None:
    said = sidecars(tmp_path, pgw=world, prj=UTM)
    assert (said.transform, said.crs) == (None, None)
    assert "does not hold six numbers" in said.notes[0]


@pytest.mark.parametrize(
    "prj", ["", "EPSG:32651", "nonsense", b"\xff\xfe", 'VERT_CS["x",VERT_DATUM["y",2005],UNIT["metre",1]]']
)
def test_a_prj_that_is_no_map_places_nothing(tmp_path: Path, prj: str | bytes) -> None:
    said = sidecars(tmp_path, pgw="0.5 0 0 -0.5 10 20", prj=prj)
    assert (said.transform, said.crs) == (None, None)
    assert "a.prj is not WKT" in said.notes[0]


@pytest.mark.parametrize("stem", ["a_udm2", "a_UDM", "a_mask", "a.mask", "x_3B_udm2_clip"])
def test_masks_are_told_by_their_names(stem: str) -> None:
    assert is_mask_name(stem)
    assert not is_mask_name(stem + "_2")


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        ("a.tif", "a_udm2.tif"),
        ("A.tif", "a_MASK.TIF"),
        ("a.tif", "a.mask.png"),
        ("a.tif", "a_mask.gpkg"),
        ("20231014_011501_24_2475_3B_AnalyticMS_SR_8b_clip.tif", "20231014_011501_24_2475_3B_udm2_clip.tif"),
        ("20231014_011501_24_2475_3B_Visual.tif", "20231014_011501_24_2475_3B_udm2.tif"),
        ("20231014_011501_ssc12_u0001_visual.tif", "20231014_011501_ssc12_u0001_udm2.tif"),
        ("20231014_011501_ssc12_u0001_pansharpened_clip.tif", "20231014_011501_ssc12_u0001_pansharpened_udm2_clip.tif"),
    ],
)
def test_a_mask_beside_a_picture_is_used_and_said(tmp_path: Path, picture: str, mask: str) -> None:
    (tmp_path / mask).touch()
    said = sidecars(tmp_path, picture)
    assert said.mask == str(tmp_path / mask)
    assert said.notes == (f"the mask {mask} stands beside it and is used",)


def test_of_two_masks_the_one_that_is_not_used_is_said_and_planets_older_one_is_not(tmp_path: Path) -> None:
    for name in ("a_udm2.tif", "a_udm.tif", "a_mask.geojson"):
        (tmp_path / name).touch()
    assert sidecars(tmp_path).notes == (
        "the mask a_udm2.tif stands beside it and is used",
        "a_mask.geojson stands beside it too and is not used: a scene has one mask",
    )


@pytest.mark.parametrize("other", ["ab_mask.tif", "a_2_mask.tif", "a_mask.json", "a_mask.txt", ".a_mask.tif", "mask.tif"])
def test_a_mask_of_another_picture_is_not_used(tmp_path: Path, other: str) -> None:
    (tmp_path / other).touch()
    assert sidecars(tmp_path).mask is None


def test_of_a_mask_of_gdals_it_is_said_that_it_is_not_used(tmp_path: Path) -> None:
    for name in ("a.tif", "a.tif.msk", "b.tif"):
        (tmp_path / name).touch()
    notes = [read_sidecars(tmp_path / name, beside=look_beside(tmp_path)).notes for name in ("a.tif", "b.tif")]
    assert [len(one) for one in notes] == [1, 0]
    assert "a.tif.msk, a mask of GDAL's, is not used" in notes[0][0]


def test_a_mask_has_no_mask(tmp_path: Path) -> None:
    (tmp_path / "a_mask_mask.tif").touch()
    assert sidecars(tmp_path, "a_mask.tif").mask is None


def test_an_unreadable_folder_holds_nothing(tmp_path: Path) -> None:
    assert read_sidecars(tmp_path / "gone/a.png", beside=look_beside(tmp_path / "gone")) == Hints()


def test_a_folder_under_a_sidecars_name_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.json").mkdir()
    assert sidecars(tmp_path) == Hints()


def test_the_example_in_the_documents_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/inputs.md").read_text()
    said = sidecars(tmp_path, json=page.split("```json\n")[1].split("```")[0])
    assert (said.gsd_m, said.sensor, said.licence) == ((0.5, 0.62), "WorldView-3", "CC BY-NC 4.0")
    assert said.acquired is not None
