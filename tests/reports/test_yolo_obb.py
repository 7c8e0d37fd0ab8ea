"""YOLO-OBB: labels that a trainer takes, names that any file system takes."""

import csv
from dataclasses import replace

import numpy as np
import pytest

from sattrack.errors import StoreError
from sattrack.imagery import Piece
from sattrack.reports.coco import write_coco
from sattrack.reports.naming import label_name
from sattrack.reports.yolo_obb import write_yolo_obb


def test_labels_are_class_and_eight_shares_of_the_picture(port_run, tmp_path) -> None:
    run, parts = port_run
    folder = write_yolo_obb(run, parts, tmp_path / "y", everything=True)
    rows = np.loadtxt(folder / "labels" / "day-1.txt")
    assert rows[:, 0].tolist() == [0, 0, 0, 1, 0, 0]
    assert rows[:, 1:].min() >= 0
    assert rows[:, 1:].max() <= 1
    np.testing.assert_allclose(rows[:5, 1:].reshape(-1, 4, 2) * [600, 400], parts["day-1"].detections.quads[:5], atol=1e-3)
    assert (folder / "labels" / "day-2.txt").read_text() == ""
    assert (folder / "classes.txt").read_text() == "container\ntruck\n"


def test_files_read_as_one_picture_get_no_label_that_would_be_paired_with_one_of_them(part_of, run_of, tmp_path, caplog):
    part = part_of("a_R1C1", boxes=[(100, 100, 24.4, 4.9, 10, 0.9, 0)])
    pieces = tuple(Piece(f"/x/a_R1C{i + 1}.tif", 300 * i, 0, (400, 300)) for i in (0, 1))
    joined = replace(part, scene=replace(part.scene, pieces=pieces))
    run, parts = run_of({"a_R1C1": joined, "b": part_of("b", boxes=[(50, 50, 24.4, 4.9, 10, 0.9, 0)])})
    folder = write_yolo_obb(run, parts, tmp_path / "y")
    assert [path.name for path in (folder / "labels").iterdir()] == ["b.txt"]
    with (folder / "images.csv").open(newline="") as file:
        assert [row["file_name"] for row in csv.DictReader(file)] == ["b.tif"]
    assert "1 scene of several files that were read as one picture left out" in caplog.text
    write_coco(run, parts, tmp_path / "a.json")
    assert "size and corners are of the whole, not of the file named" in caplog.text


def test_only_counted_boxes_become_labels_unless_all_are_asked_for(port_run, tmp_path) -> None:
    folder = write_yolo_obb(*port_run, tmp_path / "y")
    assert len((folder / "labels" / "day-1.txt").read_text().splitlines()) == 3
    with (folder / "images.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["label"], r["file_name"], r["boxes"]) for r in rows] == [
        ("labels/day-1.txt", "day-1.tif", "3"), ("labels/day-2.txt", "day-2.tif", "0"),
    ]  # fmt: skip


def test_a_second_export_replaces_the_first_and_other_folders_are_left_alone(port_run, run_of, tmp_path) -> None:
    folder = write_yolo_obb(*port_run, tmp_path / "y")
    write_yolo_obb(*run_of({}), folder)
    assert not list((folder / "labels").iterdir())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(StoreError, match="is no earlier export"):
        write_yolo_obb(*port_run, tmp_path / "mine")
    with pytest.raises(StoreError, match="is no earlier export"):
        write_yolo_obb(*port_run, tmp_path / "mine" / "thesis.txt")


@pytest.mark.parametrize("name", ["day-1.txt", "day-9.txt"])
def test_labels_that_were_corrected_or_added_are_never_replaced(name, port_run, tmp_path) -> None:
    folder = write_yolo_obb(*port_run, tmp_path / "y")
    (folder / "labels" / name).write_text("0 0 0 0 1 1 1 1 0\n")
    with pytest.raises(StoreError, match=f"labels/{name} was changed or added"):
        write_yolo_obb(*port_run, folder, everything=True)
    assert (folder / "labels" / name).read_text() == "0 0 0 0 1 1 1 1 0\n"
    assert len((folder / "labels" / "day-2.txt").read_bytes()) == 0


def test_labels_of_another_tool_are_no_earlier_export(port_run, tmp_path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "classes.txt").write_text("container\n")
    (tmp_path / "labels" / "mine.txt").write_text("0 0 0 0 1 1 1 1 0\n")
    for listed in (None, "", "label,boxes\nlabels/mine.txt,1\n", "\0" * 200_000):
        if listed is not None:
            (tmp_path / "images.csv").write_text(listed)
        with pytest.raises(StoreError, match="is no earlier export"):
            write_yolo_obb(*port_run, tmp_path)
    assert [path.name for path in (tmp_path / "labels").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    "part", ["../../evil", "a/b", "CON", "aux.tif", "x" * 300, "ж" * 200, "", ".", "a\nb", "S2: (a)", "c:\\d"]
)
def test_H14_names_stay_in_the_folder_and_stay_apart(part) -> None:
    name = label_name(part)
    assert name.endswith(".txt")
    assert len(name.encode()) < 200
    assert not set(name) & set('/\\:*?"<>|\n')
    assert not name.startswith(".")
    assert name != label_name(part + "x")
    assert name.split(".")[0].lower() not in ("con", "aux")


def test_plain_names_are_kept(port_run) -> None:
    assert label_name("Rajin 2024-05-01 (b)") == "Rajin 2024-05-01 (b).txt"
