"""`sattrack cover` of a list of items: its masks and pictures are read by ranges, and how much of them is said."""

from pathlib import Path

import numpy as np
import pytest
import rasterio

from tests.catalogues.serving import load_apis
from tests.cli.coarse_scenes import rows_of, write_coarse
from tests.cli.conftest import write_scene, write_site


@pytest.fixture
def list_of_three(sattrack, served, host, site, tmp_path) -> Path:
    """Three Sentinel-2 items of one place, of which the second is under clouds at the site."""
    api = load_apis(served)["earth-search"]
    (item,) = served.items["/earth-search.aws.element84.com/v1"]
    items = []
    for number, day in enumerate((1, 6, 11)):
        made = {**item, "id": f"S2_{day:02d}", "properties": {**item["properties"], "datetime": f"2024-06-{day:02d}T02:16:00Z"}}
        picture = write_coarse(tmp_path / "made.tif", gsd=10.0, side_m=6000.0, seed=number)
        with rasterio.open(picture) as of:
            classes = np.full((1, *of.shape), 9 if day == 6 else 5, np.uint8)
            place = {"crs": of.crs, "transform": of.transform}
        rows, cols = classes.shape[1:]
        with rasterio.open(
            tmp_path / "scl.tif", "w", driver="GTiff", width=cols, height=rows, count=1, dtype="uint8", **place
        ) as to:
            to.write(classes)
        made["assets"] = {
            key: {**item["assets"][key], "href": served.put(f"/{day}/{name}.tif", path.read_bytes())}
            for key, name, path in (("visual", "TCI", picture), ("scl", "SCL", tmp_path / "scl.tif"))
        }
        items.append(made)
    served.items["/earth-search.aws.element84.com/v1"] = items
    found = sattrack("fetch", api, "--sites", site, *host, "-o", tmp_path / "found.json")
    assert found.code == 0, found.err
    return tmp_path / "found.json"


def test_items_too_coarse_for_boxes_are_read_by_cover_with_their_masks(sattrack, host, list_of_three, site, tmp_path) -> None:
    said = sattrack("cover", list_of_three, "--sites", site, "--allow-remote", *host, "-o", tmp_path / "covers")
    assert said.code == 0, said.err
    rows = rows_of(tmp_path / "covers")
    assert [(row["scene_id"], row["status"]) for row in rows] == [
        ("S2_01", "done"), ("S2_06", "not_assessable"), ("S2_11", "done"),
    ]  # fmt: skip
    assert {row["cloud_checked"] for row in rows} == {"true"}
    assert rows[2]["changed_since"] == "S2_01"
    assert said.err.count(" MB of TCI.tif") == 3


def test_info_of_one_process_asks_again_for_what_failed(sattrack, served, host, tmp_path) -> None:
    words = ("info", f"{served.base}/late.tif", "--allow-remote", *host)
    assert sattrack(*words).code == 3
    served.put("/late.tif", write_scene(tmp_path / "late.tif", boxes=4).read_bytes())
    again = sattrack(*words)
    assert (again.code, again.err) == (0, "")


def test_a_second_call_of_one_process_asks_again_for_what_failed(sattrack, served, host, list_of_three, tmp_path) -> None:
    other = write_site(tmp_path / "site.geojson")
    kept = served.files.pop("/11/TCI.tif")
    words = ("cover", list_of_three, "--sites", other, "--allow-remote", *host, "-o", tmp_path / "covers", "--no-report", "-q")
    assert sattrack(*words).code == 3
    served.files["/11/TCI.tif"] = kept
    again = sattrack(*words)
    assert (again.code, again.err) == (0, "")
