"""What holds for every data format alike: whole files, the same bytes, no secrets, the same boxes."""

import csv
import errno
import inspect
import json
import re
import sqlite3
from pathlib import Path
from typing import get_args

import pyarrow.parquet as pq
import pytest

from sattrack import wiring, writing
from sattrack.cli.export import export
from sattrack.errors import StoreError, UsageError

FILES = {"csv": "x.csv", "parquet": "x.parquet", "gpkg": "x.gpkg", "geojson": "x.geojson", "kml": "x.kml", "coco": "x.json"}
EVERY = ("csv", "parquet", "coco")
PLACED = ("gpkg", "geojson", "kml")


def _write(name: str, run_and_parts, to: Path, **asked: bool) -> Path:  # type: ignore[no-untyped-def]
    out = to / FILES.get(name, name)
    return wiring.export_writer(name, to=out)(*run_and_parts, out, **asked)


def _identities(name: str, path: Path) -> list[str]:
    if name == "csv":
        with path.open(newline="") as file:
            return [row["det_id"] for row in csv.DictReader(file)]
    if name == "parquet":
        return pq.read_table(path)["det_id"].to_pylist()
    if name == "gpkg":
        return [row[0] for row in sqlite3.connect(path).execute("SELECT det_id FROM detections ORDER BY fid")]
    if name == "kml":
        return re.findall(r'<Placemark id="d(\w{16})">', path.read_text())
    read = json.loads(path.read_text())
    return [a["det_id"] for a in read["annotations"]] if name == "coco" else [f["id"] for f in read["features"]]


@pytest.mark.parametrize("name", FILES)
def test_a_format_holds_the_boxes_that_it_promises(name, port_run, tmp_path) -> None:
    some = _identities(name, _write(name, port_run, tmp_path))
    everything = _identities(name, _write(name, port_run, tmp_path, everything=True))
    assert len(everything) == 6
    assert len(some) == (6 if name in EVERY else 3)
    assert some == _identities("csv", _write("csv", port_run, tmp_path)) or name in PLACED


def _content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("name", wiring.EXPORTS)
def test_the_help_names_the_formats_in_which_all_is_more(name, port_run, tmp_path) -> None:
    said = get_args(inspect.signature(export).parameters["everything"].annotation)[1].help
    for folder, everything in (("some", False), ("all", True)):
        _write(name, port_run, tmp_path / folder, everything=everything)
    more = _content(tmp_path / "some") != _content(tmp_path / "all")
    assert more == (name in re.findall(r"[\w-]+", said.partition(";")[0]))


@pytest.mark.parametrize("name", wiring.EXPORTS)
def test_on_a_full_disk_the_old_files_stay(name, port_run, tmp_path, monkeypatch) -> None:
    def full(path: Path, flags: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    _write(name, port_run, tmp_path)
    old = _content(tmp_path)
    monkeypatch.setattr(writing, "_sync", full)
    with pytest.raises(StoreError, match="No space left"):
        _write(name, port_run, tmp_path, everything=True)
    assert _content(tmp_path) == old


@pytest.mark.parametrize("name", [*FILES, "yolo-obb"])
def test_I7_the_same_run_gives_the_same_bytes(name, port_run, tmp_path) -> None:
    for folder in ("first", "second"):
        _write(name, port_run, tmp_path / folder, everything=True)
    assert _content(tmp_path / "first") == _content(tmp_path / "second")


@pytest.mark.parametrize("name", [*FILES, "yolo-obb"])
def test_X5_no_format_tells_a_folder_a_user_or_a_signature(name, port_run, mixed_run, tmp_path) -> None:
    for number, run_and_parts in enumerate((port_run, mixed_run)):
        _write(name, run_and_parts, tmp_path / f"out-{number}", everything=True)
    content = b"".join(path.read_bytes() for folder in tmp_path.glob("out-*") for path in folder.rglob("*") if path.is_file())
    assert not [secret for secret in (b"alice", b"my scenes", b"secret", b"Signature", b"bob") if secret in content]


@pytest.mark.parametrize("name", PLACED)
def test_M1_formats_with_places_are_refused_where_no_scene_has_any(name, plain_run, tmp_path) -> None:
    with pytest.raises(UsageError, match="export csv, coco, yolo-obb or overlay"):
        _write(name, plain_run, tmp_path)
    assert not list(tmp_path.glob("x.*"))


@pytest.mark.parametrize("name", [*EVERY, "yolo-obb"])
def test_M1_formats_in_pixels_take_plain_pictures(name, plain_run, tmp_path) -> None:
    assert _write(name, plain_run, tmp_path).exists()


@pytest.mark.parametrize("name", [*FILES, "yolo-obb"])
def test_a_run_without_a_finished_scene_gives_an_empty_valid_file(name, run_of, tmp_path) -> None:
    path = _write(name, run_of({}), tmp_path)
    assert name == "yolo-obb" or _identities(name, path) == []


@pytest.mark.parametrize("name", FILES)
def test_S2_D10_a_failed_export_leaves_the_old_file_and_nothing_half(name, port_run, tmp_path, monkeypatch) -> None:
    path = _write(name, port_run, tmp_path)
    old = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("sattrack.writing.os.fsync", full)
    with pytest.raises(StoreError, match="No space left on device"):
        _write(name, port_run, tmp_path, everything=True)
    assert path.read_bytes() == old
    assert not list(tmp_path.glob(".*"))


def test_O10_a_folder_in_place_of_the_file_is_said(port_run, tmp_path) -> None:
    (tmp_path / "x.csv").mkdir()
    with pytest.raises(StoreError, match="is a folder"):
        _write("csv", port_run, tmp_path)


@pytest.mark.parametrize(("name", "file"), [("gpkg", "x.csv"), ("csv", "x.GPKG"), ("coco", "x.geojson"), ("overlay", "x.kml")])
def test_a_name_for_another_format_is_refused(name, file, tmp_path) -> None:
    """A GeoPackage called x.csv opens in no program that its name is for."""
    with pytest.raises(UsageError, match=r"by its name it would be .* but -f "):
        wiring.export_writer(name, to=tmp_path / file)
