import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sattrack.bench.datasets import LabelledImage
from sattrack.bench.predictions import read_predictions
from sattrack.detections import CORNERS, Detections
from sattrack.errors import UsageError
from sattrack.geometry import areas, quads_from_xywhr

SHAPE = (100, 200)
QUADS = quads_from_xywhr(np.array([[40.0, 30.0, 24.0, 5.0, 0.4], [120.5, 60.25, 12.0, 5.0, 2.0]]))
HEAD = ",".join(("scene_id", "confidence", *CORNERS))


def image(name: str, *, key: str = "") -> LabelledImage:
    return LabelledImage("port", name, Path(f"{name}.png"), (0.5, 0.5), SHAPE, np.zeros((0, 4, 2)), (), key=key)


IMAGES = [image("n_A", key="17"), image("n_B", key="18")]


def read(path: Path, **options: Any) -> dict[str, Detections]:
    return read_predictions(path, images=IMAGES, **options)


def flat(quad: np.ndarray, *, over: tuple[int, int] = (1, 1)) -> str:
    return " ".join(f"{v:.8f}" for v in (quad / over).ravel())


def write(folder: Path, kind: str) -> Path:
    """Both boxes of n_A, and one of a picture that is none of ours."""
    scores = (0.9, 0.4)
    folder.mkdir(exist_ok=True)
    if kind == "csv":
        lines = [",".join(["n_A.png", str(s), *map(str, q.ravel())]) for q, s in zip(QUADS, scores, strict=True)]
        path = folder / "boxes.csv"
        path.write_text("\n".join([HEAD, *lines, lines[0].replace("n_A", "other")]) + "\n")
        return path
    if kind.startswith("coco"):
        rows: list[dict[str, Any]] = [
            {"image_id": 17, "category_id": 1, "segmentation": [q.ravel().tolist()], "score": s}
            for q, s in zip(QUADS, scores, strict=True)
        ]
        path = folder / "boxes.json"
        document: Any = rows
        if kind == "coco document":
            pictures = [{"id": 17, "file_name": "scenes/n_A.png"}, {"id": 3, "file_name": "other.png"}]
            rows.append(rows[0] | {"image_id": 3})
            document = {"images": pictures, "categories": [{"id": 1.0, "name": "container"}], "annotations": rows}
        elif kind == "coco file_name":
            rows[0] = {"file_name": "n_A.png", "category_id": 1, "poly": QUADS[0].ravel().tolist(), "score": 0.9}
            rows[1] = {"image_id": "n_A", "category_id": 1, "rbox": [120.5, 60.25, 12.0, 5.0, 2.0], "score": 0.4}
        path.write_text(json.dumps(document))
        return path
    if kind == "yolo":
        lines = [f"0 {flat(q, over=SHAPE[::-1])} {s}" for q, s in zip(QUADS, scores, strict=True)]
        name = "labels/n_A.txt"
    elif kind == "dota a file a picture":
        lines, name = [f"{flat(q)} container {s}" for q, s in zip(QUADS, scores, strict=True)], "n_A.txt"
    elif kind == "dota score first":
        lines, name = [f"{s} {flat(q)}" for q, s in zip(QUADS, scores, strict=True)], "n_A.txt"
    else:
        lines = [f"n_A {s} {flat(q)}" for q, s in zip(QUADS, scores, strict=True)]
        name = "Task1_container.txt"
        (folder / "preds").mkdir()
        (folder / "preds" / "Task1_ship.txt").write_text(f"n_B 0.8 {flat(QUADS[0])}\n")
    path = folder / "preds" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return folder / "preds"


@pytest.mark.parametrize(
    "kind",
    ["csv", "coco list", "coco document", "coco file_name", "yolo", "dota a file a picture", "dota score first", "dota task1"],
)
def test_the_same_boxes_come_out_of_every_format(tmp_path: Path, kind: str) -> None:
    found = read(write(tmp_path, kind))
    assert list(found) == ["n_A"], "pictures of others, and classes of others, are left out"
    boxes = found["n_A"]
    assert boxes.scores == pytest.approx([0.9, 0.4])
    assert boxes.quads == pytest.approx(QUADS, abs=1e-3)
    assert boxes.labels.tolist() == [0, 0]


def test_one_file_of_task1_or_of_a_picture_may_be_given(tmp_path: Path) -> None:
    folder = write(tmp_path, "dota task1")
    assert len(read(folder / "Task1_container.txt")["n_A"]) == 2
    assert len(read(write(tmp_path / "y", "yolo") / "labels" / "n_A.txt")["n_A"]) == 2


def test_predictions_match_pictures_by_name_with_or_without_a_suffix(tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    row = "0.9,0,0,1,0,1,1,0,1"
    path.write_text(f"{HEAD}\nn_A,{row}\nn_B.png,{row}\nother,{row}\n")
    assert {name: len(boxes) for name, boxes in read(path).items()} == {"n_A": 1, "n_B": 1}
    with pytest.raises(UsageError, match=r"no scene_id.*elsewhere.*it has n_A, n_B, other"):
        read_predictions(path, images=[image("elsewhere")])
    with pytest.raises(UsageError, match="two sets have pictures of one name"):
        read_predictions(path, images=[image("n_A"), image("n_A")])


def test_coco_ids_that_two_sets_use_tell_no_picture(tmp_path: Path) -> None:
    splits = [image("train_0", key="0"), image("train_1", key="1"), image("valid_0", key="0")]
    path = tmp_path / "boxes.json"
    row = {"image_id": 0, "category_id": 1, "bbox": [1, 2, 8, 4], "score": 0.5}
    path.write_text(json.dumps([row]))
    with pytest.raises(UsageError, match=r"result 1: image_id 0 is that of train_0 and of valid_0.*give file_name"):
        read_predictions(path, images=splits)
    path.write_text(json.dumps([row | {"image_id": 1}, row | {"file_name": "train_0.png"}]))
    assert list(read_predictions(path, images=splits)) == ["train_0", "train_1"]


def test_a_number_that_is_no_id_is_not_the_name_of_a_picture_that_has_one(tmp_path: Path) -> None:
    """Of a set whose files are called 1 to 10 and whose ids begin at nought, half is scored."""
    half = [image("1", key="0"), image("4", key="3")]
    rows = [{"image_id": i, "category_id": 1, "bbox": [i, 2, 8, 4], "score": 0.5} for i in (0, 3, 4, 1)]
    path = tmp_path / "boxes.json"
    path.write_text(json.dumps(rows))
    found = read_predictions(path, images=half)
    assert {name: boxes.quads[:, :, 0].min(axis=1).tolist() for name, boxes in found.items()} == {"1": [0.0], "4": [3.0]}


def test_numbers_that_programs_made_of_names_are_the_names(tmp_path: Path) -> None:
    """Ultralytics writes 998 of 0998.png, a spreadsheet too; a table with a hole in it 17.0 of 17."""
    numbered = [image("0998"), image("1003"), image("15"), image("015")]
    path = tmp_path / "boxes.json"
    row = {"category_id": 1.0, "bbox": [1, 2, 8, 4], "score": 0.5}
    path.write_text(json.dumps([row | {"image_id": i} for i in (998, 1003.0, 15, 99)]))
    assert list(read_predictions(path, images=numbered)) == ["0998", "1003", "15"]
    csv = tmp_path / "boxes.csv"
    csv.write_text(f"{HEAD}\n998,0.9,0,0,1,0,1,1,0,1\n")
    assert list(read_predictions(csv, images=numbered)) == ["0998"]
    path.write_text(json.dumps([row | {"image_id": None}]))
    with pytest.raises(UsageError, match="has neither image_id nor file_name"):
        read_predictions(path, images=numbered)


def test_another_picture_is_not_taken_for_one_whose_name_begins_alike(tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    row = "0.9,0,0,1,0,1,1,0,1"
    path.write_text(
        "\n".join([HEAD, *(f"{name},{row}" for name in ("port.2018.png", "port.2019", "port.tif.png", "port.webp"))])
    )
    assert len(read_predictions(path, images=[image("port")])["port"]) == 2
    assert len(read_predictions(path, images=[image("port.2018")])["port.2018"]) == 1


def test_our_own_export_is_read_whatever_its_names_are(tmp_path: Path) -> None:
    """Cells that a spreadsheet would run have an apostrophe; of a scene of several files the part says which was meant."""
    path = tmp_path / "boxes.csv"
    rows = [f"day-1,{part},0.9,0,0,1,0,1,1,0,1" for part in ("'-58.4_-34.6", "day-1_b")]
    path.write_text("\n".join([HEAD.replace("scene_id", "scene_id,part"), *rows]))
    found = read_predictions(path, images=[image("day-1"), image("-58.4_-34.6"), image("day-1_b"), image("day-1_c")])
    assert {name: len(boxes) for name, boxes in found.items()} == {"-58.4_-34.6": 1, "day-1_b": 1}


def test_a_csv_with_corners_across_is_the_same_box_and_one_without_columns_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    across = QUADS[0][[0, 1, 3, 2]]
    path.write_text(f"{HEAD}\nn_A,0.9,{','.join(map(str, across.ravel()))}\n")
    (quad,) = read(path)["n_A"].quads
    assert areas(quad[None]) == pytest.approx(areas(QUADS[:1]), rel=1e-3)
    path.write_text(f"{HEAD}\n")
    assert read(path) == {}, "nothing was found"
    for text, lacking in (("", "scene_id, confidence, px_x1"), ("a,b\n", "scene_id, confidence"), (HEAD[9:], "scene_id")):
        path.write_text(text)
        with pytest.raises(UsageError, match=rf"line 1: lacks {lacking}"):
            read(path)


def test_of_several_classes_in_a_csv_those_are_scored_that_a_run_counts(tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    classes = ("lorry", "40ft container", "20ft Container")
    rows = [f"n_A,0.{9 - i},{i},0,9,0,9,1,0,1,{name}" for i, name in enumerate(classes)]
    path.write_text("\n".join([f"{HEAD},class_name", *rows]))
    assert read(path)["n_A"].scores == pytest.approx([0.8, 0.7])


def test_what_is_not_scored_is_told(tmp_path: Path) -> None:
    said: list[str] = []
    read(write(tmp_path / "csv", "csv"), told=said.append)
    assert said == ["boxes.csv: 1 box of 1 other picture not scored: other"]
    folder = write(tmp_path / "yolo", "yolo")
    lines = [f"{c} {flat(QUADS[0], over=SHAPE[::-1])} 0.5" for c in (0, 4, 4)]
    (folder / "labels" / "N_B.txt").write_text("")
    (folder / "labels" / "n_B.png.txt").write_text("\n".join(lines))
    (folder / "labels" / "classes.txt").write_text("container\n")
    said.clear()
    assert len(read(folder, told=said.append)["n_B"]) == 1
    assert said == [
        "preds: 1 text of no picture of these sets not read: N_B", "preds: boxes of other classes not scored: 2 of 4",
    ]  # fmt: skip


def test_classes_are_taken_by_name_and_listed(tmp_path: Path) -> None:
    folder = tmp_path / "preds"
    folder.mkdir()
    lines = [f"{c} {flat(QUADS[i], over=SHAPE[::-1])} 0.5" for i, c in enumerate((2, 3))]
    (folder / "n_A.txt").write_text("\n".join(lines))
    with pytest.raises(UsageError, match=r"there are: 2 \(1 box\), 3 \(1 box\)"):
        read(folder)
    assert read(folder, classes=("3",))["n_A"].quads == pytest.approx(QUADS[1:], abs=1e-3)
    csv = tmp_path / "boxes.csv"
    rows = [f"n_A,0.9,{','.join(map(str, q.ravel()))},{c}" for q, c in zip(QUADS, ("ship", "container"), strict=True)]
    csv.write_text("\n".join([f"{HEAD},class_name", *rows]))
    assert read(csv)["n_A"].quads == pytest.approx(QUADS[1:])
    csv.write_text("\n".join([f"{HEAD},class_name", rows[0]]))
    assert len(read(csv)["n_A"]) == 1, "as when counting: where none is called container, all are"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("b.csv", "scene_id,confidence\nn_A,0.9\n", "lacks px_x1"),
        ("b.csv", f"{HEAD}\nn_A,x,0,0,1,0,1,1,0,1\n", r"b\.csv, line 2: .*'x'"),
        ("b.csv", f"{HEAD}\nn_A,inf,0,0,1,0,1,1,0,1\n", "line 2: .*finite"),
        ("b.csv", f"{HEAD}\nn_A,0.9,0,0,1,0,1,1,0,nan\n", "line 2: expected finite numbers"),
        ("b.csv", f"{HEAD}\nn_A,90,0,0,1,0,1,1,0,1\n", "line 2: .*from 0 to 1"),
        ("b.json", "{", "JSON"),
        ("b.json", '{"a": 1}', "expected a list of results"),
        ("b.json", '[{"image_id": 17, "category_id": 1, "bbox": [1, 2, 3, 4]}]', "result 1: has no score"),
        ("b.json", '[{"category_id": 1, "bbox": [1, 2, 3, 4], "score": 1}]', "result 1: has neither image_id nor file_name"),
        ("b.json", '[{"image_id": 17, "score": 1, "poly": [1, 2, "x"]}]', "result 1: the box has 0 corners"),
        ("b.json", '[{"image_id": 17, "score": 1, "rbox": [1, 2, 3]}]', "result 1: expected rbox"),
        ("b.json", '[{"image_id": 17, "score": 1}]', "result 1: has neither a polygon"),
        ("n_A.txt", "0 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2\n", r"n_A\.txt, line 1: has no confidence"),
        ("n_A.txt", "0 0.1 0.1 0.2 0.1 0.2 0.2 0.1 0.2 1.7\n", "line 1: expected a confidence"),
        ("n_A.txt", "\n10 10 20 10 20 20 10 container 0.9\n", "line 2: expected eight corner numbers"),
        ("Task1_container.txt", "n_A 0.9 1 2 3\n", "line 1: expected a picture's name, a score"),
        ("b.xlsx", "", "is no file of boxes"),
    ],
)
def test_what_cannot_be_understood_is_a_usage_error_that_names_its_place(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        read(path)


def test_empty_folders_missing_files_and_ids_of_nothing_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        read(tmp_path / "none.csv")
    with pytest.raises(UsageError, match=r"holds no \.txt of boxes"):
        read(tmp_path)
    path = tmp_path / "b.json"
    path.write_text('[{"image_id": 99, "category_id": 1, "bbox": [1, 2, 3, 4], "score": 1}]')
    with pytest.raises(UsageError, match="it has image_id 99"):
        read(path)
