"""A cloud over a site in a picture without a mask: the site was not seen, which is no fall to nothing."""

import csv
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from tests.cli.conftest import EAST, NORTH, write_site
from tests.steps.clouded_ground import GSD, cloud_at, ground

BLIND = '''
from sattrack.detections import Detections


class Blind:
    """Finds nothing: what stood there is under the cloud."""

    classes = ("container",)
    gsd_m = 0.5
    tile_px = 256
    threshold = 0.3
    sha256 = "of the test"

    def detect(self, batch):
        return [Detections.none() for _ in batch.tiles]
'''


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A scene of 250 x 300 m whose first 70 x 100 m, the site, lie under cloud; and what of a command reads it."""
    (tmp_path / "blind_one.py").write_text(BLIND)
    monkeypatch.syspath_prepend(tmp_path)
    picture = cloud_at(ground(), centre=(30, 45), radius_m=85)
    path = tmp_path / "june.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=600, height=500, count=3, dtype="uint8", photometric="rgb", crs="EPSG:32652",
        transform=from_origin(EAST, NORTH, GSD, GSD),
    ) as to:  # fmt: skip
        to.write(np.moveaxis(picture, -1, 0))
    near, far = write_site(tmp_path / "near.geojson"), write_site(tmp_path / "far.geojson", site_id="far", east=200.0)
    return [path, near, far, tmp_path / "run"]


def counted(run: Path) -> dict[str, str]:
    with (run / "counts.csv").open() as file:
        (row,) = list(csv.DictReader(file))
    return row


def test_U2_a_site_under_cloud_is_not_assessable_and_a_recount_says_the_same(sattrack, asked) -> None:
    path, near, far, run = asked
    said = sattrack("detect", path, "-o", run, "--detector", "blind_one:Blind", "--no-report", "-q")
    assert said.code == 0, said.err
    for sites, status in ((near, "not_assessable"), (far, "done")):
        said = sattrack("count", run, "--sites", sites, "-q")
        assert said.code == 0, said.err
        row = counted(run)
        assert row["status"] == status
        assert "clouds judged from the picture: hiding" in row["notes"]
        assert row["cloud_checked"] == "false"
    assert float(row["observed_fraction"]) == 1


def test_with_the_sites_given_at_once_the_cloud_is_seen_as_well(sattrack, asked) -> None:
    path, near, _, run = asked
    said = sattrack("detect", path, "-o", run, "--sites", near, "--detector", "blind_one:Blind", "--no-report", "-q")
    assert said.code == 0, said.err
    first = counted(run)
    assert (first["status"], float(first["observed_fraction"]) < 0.2) == ("not_assessable", True)
    assert sattrack("count", run, "-q").code == 0
    assert counted(run) == first


def test_without_the_test_the_same_site_is_counted_as_empty(sattrack, asked, tmp_path: Path) -> None:
    path, near, _, run = asked
    config = tmp_path / "own.yaml"
    config.write_text("cloud_test: false\n")
    said = sattrack(
        "detect", path, "-o", run, "--sites", near, "--detector", "blind_one:Blind", "--no-report", "-q", "--config", config
    )
    assert said.code == 0, said.err
    row = counted(run)
    assert (row["status"], row["count"], row["observed_fraction"], row["notes"]) == ("done", "0", "1.0", "")


def test_the_bench_tells_its_rates_as_a_table_and_as_json(sattrack, tmp_path: Path) -> None:
    folder = tmp_path / "roads"
    folder.mkdir()
    with rasterio.open(folder / "a.png", "w", driver="PNG", width=600, height=500, count=3, dtype="uint8") as to:
        to.write(np.moveaxis(ground(), -1, 0))
    said = sattrack("bench", "clouds", folder, "--gsd-m", 0.5, "--markdown")
    assert said.code == 0, said.err
    assert "| roads | 1 | 0 | 0.00 % |" in said.out
    assert [row["ground"] for row in sattrack("bench", "clouds", folder, "--gsd-m", 0.5, "--json").json] == ["roads", "all"]
