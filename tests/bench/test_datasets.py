import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sattrack.bench.datasets import Asked, Choice, read_dataset, read_datasets
from sattrack.errors import ManifestError, SattrackError, UsageError

Draw = Callable[..., Path]


def test_a_set_is_read_with_its_boxes_in_pixels(draw_set: Draw, tmp_path: Path) -> None:
    images = read_dataset(draw_set(tmp_path / "port"))
    assert [(i.dataset, i.name, i.gsd_m, i.shape) for i in images] == [
        ("port", "port_0", (0.4, 0.4), (300, 340)),
        ("port", "port_1", (0.4, 0.4), (300, 340)),
    ]
    assert images[0].truth.shape == (6, 4, 2)
    assert images[0].truth.mean(axis=1)[1] == pytest.approx([105, 50], abs=0.01)
    assert [ring.shape for ring in images[0].ignore] == [(4, 2)]


def test_a_folder_of_sets_stands_for_them_all(draw_set: Draw, tmp_path: Path) -> None:
    draw_set(tmp_path / "sets" / "b")
    draw_set(tmp_path / "sets" / "a", pictures=1)
    assert [i.name for i in read_datasets([tmp_path / "sets"])] == ["a_0", "b_0", "b_1"]
    with pytest.raises(UsageError, match="twice"):
        read_datasets([tmp_path / "sets", tmp_path / "sets" / "a"])


def test_a_picture_without_boxes_has_an_empty_file_but_a_missing_one_is_an_error(draw_set: Draw, tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "port", pictures=1)
    labels = folder / "labels_obb" / "port_0.txt"
    labels.write_text("")
    assert read_dataset(folder)[0].truth.shape == (0, 4, 2)
    labels.unlink()
    with pytest.raises(ManifestError, match="empty file"):
        read_dataset(folder)


def test_a_set_without_ignored_places_needs_no_file_for_them(draw_set: Draw, tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "port", pictures=1)
    (folder / "ignore" / "port_0.json").unlink()
    assert read_dataset(folder)[0].ignore == ()


def test_pixels_may_be_longer_one_way(draw_set: Draw, tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "port", pictures=1)
    (folder / "meta.json").write_text(json.dumps({"port_0": {"gsd_m": [0.5, 0.6]}}))
    assert read_dataset(folder)[0].gsd_m == (0.5, 0.6)


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("meta.json", "{", "JSON"),
        ("meta.json", "{}", "no pictures"),
        ("meta.json", '{"port_0": {}}', "gsd_m is None"),
        ("meta.json", '{"port_0": {"gsd_m": -1}}', "gsd_m is -1"),
        ("meta.json", '{"port_0": {"gsd_m": NaN}}', "gsd_m"),
        ("meta.json", '{"other": {"gsd_m": 1}}', "no such picture"),
        ("labels_obb/port_0.txt", "0 0.1 0.2", "line 1"),
        ("labels_obb/port_0.txt", "0 0 0 0 0 0 0 0 x", "line 1"),
        ("labels_obb/port_0.txt", "\n0 0 0 0 0 0 0 0 nan", "line 2"),
        ("ignore/port_0.json", "[[[0, 0], [1, 1]]]", "three or more"),
        ("ignore/port_0.json", "[[[0, 0], [1]]]", "polygons"),
        ("images/port_0.png", "not a picture", "port_0.png"),
    ],
)
def test_a_set_that_cannot_be_understood_is_an_error(
    draw_set: Draw, tmp_path: Path, file: str, content: str, said: str
) -> None:
    folder = draw_set(tmp_path / "port", pictures=1)
    (folder / file).write_text(content)
    with pytest.raises(SattrackError, match=said):
        read_dataset(folder)


def test_a_folder_that_is_no_set_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"meta\.json"):
        read_datasets([tmp_path])


def test_labels_are_as_many_as_the_file_says(draw_set: Draw, tmp_path: Path) -> None:
    folder = draw_set(tmp_path / "port", pictures=3, per_picture=9)
    assert sum(len(i.truth) for i in read_dataset(folder)) == 27
    assert all(np.isfinite(i.truth).all() for i in read_dataset(folder))


def test_other_formats_and_half_of_the_pictures_are_scored_too(draw_set: Draw, tmp_path: Path) -> None:
    ours = draw_set(tmp_path / "sets" / "port", pictures=3)
    yolo = tmp_path / "sets" / "yard"
    (yolo / "images").mkdir(parents=True)
    (yolo / "labels").mkdir()
    for name in ("port_0", "port_1"):
        (yolo / "images" / f"{name}.png").write_bytes((ours / "images" / f"{name}.png").read_bytes())
        (yolo / "labels" / f"{name}.txt").write_bytes((ours / "labels_obb" / f"{name}.txt").read_bytes())
    asked = Asked(gsd_m=(0.4, 0.4))
    images = read_datasets([tmp_path / "sets"], asked=asked)
    assert [(i.dataset, i.name) for i in images] == [
        ("port", "port_0"), ("port", "port_1"), ("port", "port_2"), ("yard", "port_0"), ("yard", "port_1")
    ]  # fmt: skip
    assert images[3].truth == pytest.approx(images[0].truth)
    halves = [read_datasets([tmp_path / "sets"], asked=asked, choice=Choice(half=half)) for half in ("first", "second")]
    assert [[f"{i.dataset}/{i.name}" for i in half] for half in halves] == [
        ["port/port_0", "port/port_1", "yard/port_0"], ["port/port_2", "yard/port_1"]
    ]  # fmt: skip
    assert len(read_datasets([tmp_path / "sets"], asked=asked, choice=Choice(leave_out=("yard", "port_2")))) == 2
    with pytest.raises(UsageError, match="no sets or pictures other to leave out"):
        read_datasets([tmp_path / "sets"], asked=asked, choice=Choice(leave_out=("other",)))
