"""Rows O: outlines, manifests, settings and folders that people get wrong, through the command line."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC

from tests.cli.conftest import EAST, NORTH, write_site
from tests.faults.conftest import Here, contents, strange, write, yard

SQUARE = [[130.30, 42.22], [130.31, 42.22], [130.31, 42.23], [130.30, 42.23], [130.30, 42.22]]


def collection(*geometries: Any) -> str:
    features = [{"type": "Feature", "properties": {}, "geometry": one} for one in geometries]
    return json.dumps({"type": "FeatureCollection", "features": features})


def polygon(ring: Any) -> Any:
    return {"type": "Polygon", "coordinates": [ring]}


def tangle(corners: int) -> list[list[float]]:
    """A ring whose sides cross each other some n * n / 6 times: GEOS would be at it for hours."""
    ring = np.random.default_rng(1).uniform((130.30, 42.22), (130.31, 42.23), (corners, 2)).tolist()
    return [*ring, ring[0]]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.geojson", "{", "broken GeoJSON"),
        ("a.geojson", "", "an empty file"),
        ("a.geojson", collection(polygon(tangle(3_000))), "feature 1: the outline is a tangle"),
        ("a.geojson", collection(polygon(SQUARE), None), "feature 2"),
        ("a.geojson", collection({"type": "Point", "coordinates": [1, 2]}), "feature 1: expected a Polygon or MultiPolygon"),
        ("a.geojson", collection(polygon([[y, x] for x, y in SQUARE])), "look swapped"),
        ("a.geojson", '{"a":' * 100_000, "nested too deeply"),
        ("a.geojson", collection(*[polygon(SQUARE)] * 100_001), "more than 100000 features"),
        ("a.kml", '<!DOCTYPE x [<!ENTITY a "b">]><kml>&a;</kml>', "a document type or entity, which is never followed"),
        ("a.kml", "<kml><NetworkLink><Link><href>http://evil/</href></Link></NetworkLink></kml>", "a.kml"),
    ],
)
def test_o1_outlines_that_cannot_be_understood_are_refused_with_file_and_feature_before_any_work(
    here: Here, scenes: Path, tmp_path: Path, name: str, content: str, told: str
) -> None:
    (tmp_path / name).write_text(content)
    said = here("detect", scenes, "--sites", tmp_path / name, *strange("Bright", tmp_path / "run"))
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"error: {tmp_path / name}: ")
    assert told.lower() in said.err.lower()


def test_o1_an_outline_that_crosses_itself_is_repaired_and_said(here: Here, scenes: Path, site: Path, tmp_path: Path) -> None:
    whole = json.loads(site.read_text())
    ring = whole["features"][0]["geometry"]["coordinates"][0]
    crossed = [ring[0], ring[2], ring[1], ring[3], ring[0]]
    whole["features"][0]["geometry"]["coordinates"] = [crossed]
    site.write_text(json.dumps(whole))
    said = here("detect", scenes, "--sites", site, *strange("Bright", tmp_path / "run"))
    assert said.code == 0
    assert "repaired" in json.dumps(said.json) + said.err


def test_o1_parts_of_an_outline_that_overlap_are_one_area_and_not_a_hole(
    here: Here, scenes: Path, site: Path, tmp_path: Path
) -> None:
    counts = []
    for name in ("whole", "in two"):
        whole = json.loads(site.read_text())
        ring = whole["features"][0]["geometry"]["coordinates"][0]
        if name == "in two":
            # Each part reaches a quarter of the site beyond its middle.
            (west, south), (east, north) = np.min(ring, axis=0), np.max(ring, axis=0)
            parts = [(west, west + 0.75 * (east - west)), (west + 0.25 * (east - west), east)]
            rings = [[[a, south], [b, south], [b, north], [a, north], [a, south]] for a, b in parts]
            whole["features"][0]["geometry"] = {"type": "MultiPolygon", "coordinates": [[one] for one in rings]}
            site.write_text(json.dumps(whole))
        said = here("detect", scenes, "--sites", site, *strange("Bright", tmp_path / name))
        assert said.code == 0
        counts.append([row["count"] for row in said.json["counts"] if row["site_id"] == "left"])
    assert counts[0] == counts[1]
    assert min(counts[0]) >= 6
    assert "repaired" in said.err


def test_o1_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(here: Here, scenes: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    as_option = ("detect", scenes, *strange("Bright", tmp_path / "run"))
    for words in (
        *((*as_option, option) for option in ("--sites", "--verify", "--config")),
        ("watch",),
        ("config", "--config"),
    ):
        said = here(*words, tmp_path / "pipe.csv")
        assert said.code in (1, 2)
        assert said.err.startswith(f"error: {tmp_path / 'pipe.csv'}: ")
        assert said.err.count("\n") == 1
    os.mkfifo(scenes / "may.tif.aux.xml")
    said = here("detect", scenes, "--sidecars", *strange("Bright", tmp_path / "run"))
    assert said.code == 3
    assert "failed: may: " in said.err
    assert "may.tif.aux.xml: is no file (mend it, or leave --sidecars out)" in said.err
    said = here("detect", tmp_path / "pipe.csv", *strange("Bright", tmp_path / "run"))
    assert (said.code, said.err.count("\n"), "pipe.csv: neither a file nor a folder" in said.err) == (2, 1, True)


def test_o2_sites_beside_every_scene_are_said_and_are_no_zero(here: Here, scenes: Path, site: Path, tmp_path: Path) -> None:
    far = write_site(tmp_path / "far.geojson", site_id="far", east=50_000.0)
    one, other = json.loads(site.read_text()), json.loads(far.read_text())
    site.write_text(json.dumps(one | {"features": [*one["features"], *other["features"]]}))
    said = here("detect", scenes, "--sites", site, *strange("Bright", tmp_path / "run"))
    assert said.code == 0
    assert {row["site_id"]: row["count"] for row in said.json["counts"] if row["site_id"] == "left"}["left"] in (6, 8)
    assert all(row["count"] is None for row in said.json["counts"] if row["site_id"] == "far")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("batch: 4\nbatch: 8\n", "batch"), ("bacth: 4\n", "did you mean 'batch'"), ("overlap_m: 24 m\n", "overlap_m"),
        ("batch: 0\n", "batch"), ("batch: 010\n", "010 is no plain number"),
        ("scene_seconds: 1:30\n", "1:30 is no plain number"), ("detector: os:system\n", "--detector on the command line"),
        ("overlap_m: 5.0\n", "law of overlap"), ("a: &a [1]\nb: *a\n", "anchors (&name) are not accepted"),
        ('batch: !!python/object/apply:os.mkdir ["mark_of_yaml"]\n', "not plain YAML"), ("- 1\n", "s.yaml"),
    ],
)  # fmt: skip
def test_o3_o5_p4_d12_settings_that_cannot_be_are_refused_with_key_and_file(
    here: Here, scenes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(text)
    said = here("detect", scenes, "--config", tmp_path / "s.yaml", *strange("Bright", tmp_path / "run"))
    assert (said.code, said.out) == (2, "")
    assert str(tmp_path / "s.yaml") in said.err
    assert told in said.err
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "mark_of_yaml").exists()


@pytest.mark.parametrize(
    "kind", ["\ufeffpath,sensor\r\nmay.tif,A\r\n", "path;sensor\nmay.tif;A\n", 'path\tsensor\n"may.tif"\tA\n']
)
def test_o4_a_manifest_of_any_dialect_is_read(here: Here, scenes: Path, tmp_path: Path, kind: str) -> None:
    (scenes / "list.csv").write_bytes(kind.encode())
    said = here("detect", scenes / "list.csv", *strange("Bright", tmp_path / "run"))
    assert (said.code, [one["boxes"] for one in said.json["scenes"]]) == (0, [12])


def test_o4_a_manifest_that_cannot_be_understood_is_refused_with_the_line(here: Here, scenes: Path, tmp_path: Path) -> None:
    (scenes / "list.csv").write_text("path,datetime\nmay.tif,2024-05-01\njune.tif,05/06/2024\n")
    said = here("detect", scenes / "list.csv", *strange("Bright", tmp_path / "run"))
    assert (said.code, said.out) == (1, "")
    assert "line 3: the time '05/06/2024'" in said.err


def test_o4_a_picture_that_a_manifest_also_names_as_a_mask_is_refused_and_not_lost(
    here: Here, scenes: Path, tmp_path: Path
) -> None:
    (scenes / "list.csv").write_text("path,mask\nmay.tif,june.tif\njune.tif,\n")
    said = here("detect", scenes / "list.csv", *strange("Bright", tmp_path / "run"))
    assert (said.code, said.out) == (1, "")
    assert "line 3: the picture" in said.err
    assert "june.tif is also named as a mask (name it once, as what it is)" in said.err


def test_o7_a_scene_across_the_antimeridian_and_one_near_the_pole_have_their_counts(here: Here, tmp_path: Path) -> None:
    folder = tmp_path / "edges"
    folder.mkdir()
    write(folder / "date_line.tif", yard(12), crs="EPSG:3832", transform=Affine(0.5, 0, 3_339_584 - 75, 0, -0.5, 100_000))
    write(folder / "pole.tif", yard(12), crs="EPSG:3413", transform=Affine(0.5, 0, 2_000, 0, -0.5, 2_000))
    said = here("detect", folder, *strange("Bright", tmp_path / "run"))
    assert {one["part"]: (one["status"], one["boxes"]) for one in said.json["scenes"]} == {
        "date_line": ("done", 12),
        "pole": ("done", 12),
    }
    assert here("export", tmp_path / "run", "--format", "geojson", "-o", tmp_path / "x.geojson").code == 0
    for feature in json.loads((tmp_path / "x.geojson").read_text())["features"]:
        for part in np.atleast_1d(np.array(feature["geometry"]["coordinates"], dtype=object)):
            assert np.ptp(np.array(part, dtype=float).reshape(-1, 2)[:, 0]) < 1 or feature["geometry"]["type"] == "MultiPolygon"


def test_o8_control_points_place_a_scene_and_rpcs_alone_are_refused_with_the_way_out(here: Here, tmp_path: Path) -> None:
    folder = tmp_path / "placed"
    folder.mkdir()
    frame = Affine(0.5, 0, EAST, 0, -0.5, NORTH)
    gcps = [GroundControlPoint(row, col, *(frame * (col, row))) for row, col in [(0, 0), (0, 300), (200, 0), (200, 300)]]
    twenty = [1.0] + [0.0] * 19
    rpcs = RPC(
        height_off=10, height_scale=500, lat_off=35, lat_scale=1, line_den_coeff=twenty, line_num_coeff=twenty, line_off=60,
        line_scale=60, long_off=129, long_scale=1, samp_den_coeff=twenty, samp_num_coeff=twenty, samp_off=80, samp_scale=80,
    )  # fmt: skip
    for name, place in (("gcps", {"gcps": gcps, "crs": "EPSG:32652"}), ("rpcs", {"rpcs": rpcs})):
        with rasterio.open(
            folder / f"{name}.tif",
            "w",
            driver="GTiff",
            width=300,
            height=200,
            count=3,
            dtype="uint8",
            photometric="rgb",
            **place,
        ) as to:
            to.write(yard(12))
    said = here("detect", folder, "--gsd-m", "0.5", *strange("Bright", tmp_path / "run"))
    assert said.code == 3
    assert {one["part"]: one["status"] for one in said.json["scenes"]} == {"gcps": "done", "rpcs": "refused"}
    assert "gdalwarp -rpc" in said.err


def test_o9_a_card_that_is_asked_for_and_absent_is_refused(here: Here, scenes: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("there is one")
    said = here("detect", scenes, "-o", tmp_path / "run", "--device", "cuda", "--no-report")
    assert (said.code, said.out) == (2, "")
    assert "cuda" in said.err
    assert "(" in said.err


def test_o10_an_output_that_is_a_link_is_written_where_it_leads_and_the_input_folder_is_refused(
    here: Here, scenes: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    assert here("detect", scenes, *strange("Bright", tmp_path / "link")).code == 0
    assert len(list((tmp_path / "elsewhere" / "parts").iterdir())) == 2
    (tmp_path / "back").symlink_to(scenes)
    before = contents(scenes)
    said = here("detect", scenes, *strange("Bright", tmp_path / "back"))
    assert said.code == 2
    assert "the run folder is the input folder itself (choose another -o)" in said.err
    assert contents(scenes) == before
