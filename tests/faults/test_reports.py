"""Rows X: names, classes and paths that are hostile or private, in every output of one run."""

import csv
import html.parser
import json
import re
import sqlite3
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from affine import Affine

from sattrack.wiring import EXPORTS
from tests.cli.conftest import write_site
from tests.faults.conftest import Here, strange, write, yard

IMAGE = "<img src=x onerror=alert(1)>"
FORMULA = '=HYPERLINK("http://evil","x")'
TEXTS = ("*.html", "*.svg", "*.kml")


@pytest.fixture
def outputs(here: Here, tmp_path: Path) -> Path:
    """A folder "out" with the page and each format of a run whose scene, site and classes are named by somebody hostile."""
    scenes = tmp_path / "of alice" / "scenes"
    scenes.mkdir(parents=True)
    write(scenes / f"{IMAGE}.tif", yard(12), tags={"TIFFTAG_DATETIME": "2024:05:01 10:00:00", "TIFFTAG_ARTIST": "alice"})
    site = write_site(tmp_path / "site.geojson", site_id=FORMULA, name=IMAGE)
    run = tmp_path / "of alice" / "run"
    assert here("detect", scenes, "--sites", site, *strange("Hostile", run)).code == 0
    out = tmp_path / "out"
    out.mkdir()
    assert here("report", run).code == 0
    for name in EXPORTS:
        said = here("export", run, "--format", name, "-o", out / f"boxes.{name}")
        assert said.code == 0, said.err
    for name in ("counts.csv", "scenes.csv", "report.html"):
        (out / name).write_bytes((run / name).read_bytes())
    (out / "summary.json").write_text(here("count", run, "--json", "--no-report").out)
    return out


class Tags(html.parser.HTMLParser):
    """What a browser would see of a page: its elements, with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


def test_x1_x2_x3_x5_x6_p14_h13_what_is_hostile_or_private_is_only_text_or_not_there(outputs: Path) -> None:
    page = (outputs / "report.html").read_text()
    seen = Tags(page).seen
    assert not [(tag, name) for tag, attributes in seen for name in attributes if name.startswith("on")]
    assert "script" not in {tag for tag, _ in seen}
    policy = next(attributes["content"] for tag, attributes in seen if "http-equiv" in attributes)
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    assert not [one for _, one in seen if (one.get("src") or "").startswith(("http", "//", "x"))]
    assert "&lt;img src=x" in page
    for path in (one for pattern in (*TEXTS, "**/*.svg") for one in outputs.glob(pattern)):
        assert IMAGE not in path.read_text(), path.name
    ElementTree.parse(outputs / "boxes.kml")

    for path in (outputs / "counts.csv", outputs / "scenes.csv", outputs / "boxes.csv"):
        cells = [cell for row in csv.reader(path.read_text().splitlines()) for cell in row]
        assert not [cell for cell in cells if re.match(r"[=@\t\r]|[+-](?![\d.])", cell)], path.name
    assert f"'{FORMULA}" in (outputs / "counts.csv").read_text().replace('""', '"')

    def never(word: str) -> None:
        pytest.fail(f"{word} is not JSON")

    for path in (*outputs.glob("*json"), *outputs.glob("*coco")):
        json.loads(path.read_text(), parse_constant=never)

    with sqlite3.connect(outputs / "boxes.gpkg") as base:
        classes = {value for row in base.execute("SELECT DISTINCT class_name FROM detections") for value in row}
    assert classes <= {f"{IMAGE}container", "=HYPERLINK(1)", "x'); DROP TABLE boxes;--"}
    assert len(classes) >= 1
    # What is printed, to the user himself, says where his run is.
    told = b"".join(path.read_bytes() for path in outputs.rglob("*") if path.is_file() and path.name != "summary.json")
    assert b"alice" not in told


def test_x4_boxes_of_a_map_have_longitude_first_seven_decimals_and_are_cut_at_the_antimeridian(
    here: Here, tmp_path: Path
) -> None:
    folder = tmp_path / "edges"
    folder.mkdir()
    write(folder / "port.tif", yard(12))
    # A pixel of this map of the Pacific lies on 180 degrees: a box of the yard crosses it.
    write(folder / "date_line.tif", yard(12), crs="EPSG:3832", transform=Affine(0.5, 0, 3_339_584.72 - 46, 0, -0.5, 100_000))
    assert here("detect", folder, *strange("Bright", tmp_path / "run")).code == 0
    assert here("export", tmp_path / "run", "-f", "geojson", "-o", tmp_path / "boxes.geojson").code == 0
    text = (tmp_path / "boxes.geojson").read_text()
    boxes = json.loads(text)["features"]
    assert not re.search(r"\.\d{8}", text)
    for one in boxes:
        polygons = one["geometry"]["coordinates"]
        polygons = [polygons] if one["geometry"]["type"] == "Polygon" else polygons
        corners = [corner for rings in polygons for ring in rings for corner in ring]
        assert all(-180 <= lon <= 180 and -90 <= lat <= 90 for lon, lat in corners)
        assert all(max(lon for lon, _ in ring) - min(lon for lon, _ in ring) < 1 for rings in polygons for ring in rings)
    port = [one["geometry"]["coordinates"][0][0] for one in boxes if one["properties"]["scene_id"] == "port"]
    assert all(abs(lon - 129) < 0.1 and abs(lat - 35.2) < 0.1 for lon, lat in port)
    assert sum(one["geometry"]["type"] == "MultiPolygon" for one in boxes) == 3


def test_o11_without_imagery_no_pixel_is_in_the_page(here: Here, scenes: Path, tmp_path: Path) -> None:
    words = strange("Bright", tmp_path / "run")
    assert here("detect", scenes, *(word for word in words if word != "--no-report"), "--no-imagery").code == 0
    assert "data:image/" not in (tmp_path / "run" / "report.html").read_text()
    assert here("detect", scenes, *(word for word in words if word != "--no-report")).code == 0
    assert "data:image/" in (tmp_path / "run" / "report.html").read_text()
