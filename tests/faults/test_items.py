"""Row H10: items that are damaged or hostile cost themselves alone, and nothing is read that their document may not name."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Detect, Here, write, yard

EDGES = {"type": "Polygon", "coordinates": [[[128.9, 35.2], [129.1, 35.2], [129.1, 35.3], [128.9, 35.3], [128.9, 35.2]]]}


def item(name: str, href: str, **changes: Any) -> dict[str, Any]:
    """A small item; a change of none takes its key away, one of a key with a colon is of its properties."""
    made: dict[str, Any] = {
        "type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "made", "bbox": [128.9, 35.2, 129.1, 35.3],
        "geometry": EDGES, "properties": {"datetime": "2024-05-01T10:00:00Z", "gsd": 0.5},
        "assets": {"visual": {"href": href, "type": "image/tiff; application=geotiff", "roles": ["visual"]}}, "links": [],
    }  # fmt: skip
    for key, value in changes.items():
        if value is ...:
            made.pop(key)
        elif key == "properties":
            made["properties"] = {k: v for k, v in {**made["properties"], **value}.items() if v is not ...}
        else:
            made[key] = value
    return made


def write_items(path: Path, *items: Any) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(items)}))
    return path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory, detect: Detect) -> Any:
    """One run over an item file whose every item but the first is wrong in a way of its own."""
    folder = tmp_path_factory.mktemp("hostile")
    inner = folder / "delivery"
    inner.mkdir()
    write(inner / "good.tif", yard(12))
    write(folder / "outside.tif", yard(16))
    (inner / "link.tif").symlink_to(folder / "outside.tif")
    found = write_items(
        inner / "items.json",
        item("good", "good.tif"),
        item("file-address", "file:///etc/passwd"),
        item("parent", "../outside.tif"),
        item("absolute", str(folder / "outside.tif")),
        item("linked", "link.tif"),
        item("vsi", "/vsicurl/https://example.org/a.tif"),
        item("other-host", "//10.0.0.1/a.tif"),
        item("gopher", "gopher://10.0.0.1/a.tif"),
        item("private", "http://10.0.0.1/a.tif"),
        item("metadata", "http://169.254.169.254/latest/a.tif"),
        item("bucket", "s3://other@secret/a.tif"),
        item("password", "https://me:geheim@example.org/a.tif"),
        item("gone", "gone.tif"),
        item("no-geometry", "good.tif", geometry=..., bbox=...),
        item("no-assets", "good.tif", assets={}),
        item("no-picture", "good.tif", assets={"meta": {"href": "meta.xml", "type": "application/xml"}}),
        item("old", "good.tif", stac_version="0.6.2"),
        item("new", "good.tif", stac_version="9.0.0"),
        item("bad-time", "good.tif", properties={"datetime": "2024-02-31"}),
        item("torn", "good.tif", geometry={"type": "Polygon", "coordinates": [[["x", 1]]]}),
        item("nowhere", "good.tif", geometry=None, bbox=[500, 0, 501, 1]),
        item("radar", "good.tif", properties={"sar:frequency_band": "C"}),
        item("paid", "https://example.org/a.tif", properties={"storage:requester_pays": True}),
        item("coarse", "https://example.org/a.tif", properties={"gsd": 10}),
        item("twice", "good.tif"),
        item("twice", "other.tif"),
        {"type": "Feature", "stac_version": "1.0.0"},
        "no item",
    )  # fmt: skip
    settings = folder / "settings.yaml"
    settings.write_text("remote_tries: 1\nremote_timeout_s: 2.0\n")
    return detect(found, "--allow-remote", "--config", settings, folder=folder)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("file-address", "file: is not read"),
        ("parent", "leads out of the folder"),
        ("absolute", "absolute path"),
        ("linked", "leads out of the folder"),
        ("vsi", "no place that is read"),
        ("other-host", "no place that is read"),
        ("gopher", "gopher: is not read"),
        ("private", "private network"),
        ("metadata", "private network"),
        ("password", "user or a password"),
        ("gone", "not beside the item file"),
        ("no-assets", "no assets"),
        ("old", "version '0.6.2' is not read"),
        ("new", "version '9.0.0' is not read"),
        ("bad-time", "datetime"),
        ("torn", "geometry cannot be read"),
        ("nowhere", "no longitude and latitude"),
        ("twice", "stands twice, with other values"),
    ],
)
def test_h10_an_item_that_is_wrong_fails_alone_and_says_why(hostile: Any, name: str, said: str) -> None:
    lines = [line for line in hostile.err.splitlines() if line.startswith(f"failed: {name}")]
    assert any(said in line and line.endswith(")") for line in lines), lines


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no-picture", "none of its assets is a picture"), ("radar", "radar"), ("paid", "pays"),
        ("coarse", "pixels of 10 m"),
    ],
)  # fmt: skip
def test_h10_an_item_that_must_not_be_counted_is_refused_before_a_byte_is_read(hostile: Any, name: str, said: str) -> None:
    (line,) = [line for line in hostile.err.splitlines() if line.startswith(f"refused: {name}: ")]
    assert said in line


def test_h10_the_good_item_is_counted_and_nothing_else(hostile: Any) -> None:
    assert hostile.code == 3
    assert "Traceback" not in hostile.said
    assert "geheim" not in hostile.said
    done = [one for one in hostile.json["scenes"] if one["status"] == "done"]
    assert [(one["part"], one["boxes"]) for one in done] == [("good", 12)]


_DEEP = '{"type": "FeatureCollection", "stac_version": "1.0.0", "features": ' + "[" * 20_000 + "]" * 20_000 + "}"
_FAULTS: dict[str, tuple[str, str]] = {
    "deep": (_DEEP, "nested"),
    "levels": (_DEEP.replace("[" * 20_000, "[" * 100).replace("]" * 20_000, "]" * 100), "more than 64 levels"),
    "nan": (json.dumps(item("a", "a.tif")).replace('"gsd": 0.5', '"gsd": NaN'), "NaN is not JSON"),
    "infinite": (json.dumps(item("a", "a.tif")).replace('"gsd": 0.5', '"gsd": 1e999'), "too large a number"),
    "twice": (json.dumps(item("a", "a.tif")).replace('"gsd": 0.5', '"gsd": 0.5, "gsd": 0.3'), "stands twice"),
    "cut": (json.dumps(item("a", "a.tif"))[:-30], "broken JSON"),
    "catalogue": (json.dumps({"type": "Catalog", "stac_version": "1.0.0", "id": "a", "links": []}), "sattrack fetch"),
    "list": (json.dumps({"type": "FeatureCollection", "stac_version": "1.0.0", "features": {"a": 1}}), "no list of features"),
}  # fmt: skip


@pytest.mark.parametrize("fault", _FAULTS)
def test_h10_an_item_file_that_cannot_be_read_is_named_with_its_fault(here: Here, tmp_path: Path, fault: str) -> None:
    text, said = _FAULTS[fault]
    (tmp_path / "items.json").write_text(text)
    told = here("detect", tmp_path / "items.json", "-o", tmp_path / "run")
    assert told.code == 1
    assert said in told.err
    assert "items.json" in told.err


@pytest.mark.parametrize(
    ("settings", "said"),
    [("catalogue_items: 3\n", "4 items, and 3 may be given"), ("catalogue_bytes: 65536\n", "more than 0.066 MB")],
)
def test_h10_an_item_file_that_is_too_large_is_refused(here: Here, tmp_path: Path, settings: str, said: str) -> None:
    write_items(tmp_path / "items.json", *(item(f"a{n}", "a" * 20_000 + ".tif") for n in range(4)))
    (tmp_path / "settings.yaml").write_text(settings)
    told = here("detect", tmp_path / "items.json", "-o", tmp_path / "run", "--config", tmp_path / "settings.yaml")
    assert told.code == 1
    assert said in told.err


def test_h10_remote_items_are_not_asked_for_without_leave(here: Here, tmp_path: Path) -> None:
    write_items(tmp_path / "items.json", item("a", "https://example.org/a.tif?key=geheim"))
    told = here("detect", tmp_path / "items.json", "-o", tmp_path / "run")
    assert told.code == 2
    assert "--allow-remote" in told.err
    assert "geheim" not in told.err


def test_other_json_beside_pictures_is_still_passed_over(detect: Detect, tmp_path: Path) -> None:
    (tmp_path / "scenes").mkdir()
    write(tmp_path / "scenes" / "a.tif", yard(12))
    (tmp_path / "scenes" / "labels.json").write_text(json.dumps({"type": "FeatureCollection", "features": []}))
    ran = detect(*sorted((tmp_path / "scenes").iterdir()), folder=tmp_path)
    assert ran.code == 0, ran.err
    assert [one["part"] for one in ran.json["scenes"]] == ["a"]
