import json

import cv2
import numpy as np
import pytest

from sattrack.bench.datasets import read_dataset
from sattrack.errors import UsageError
from sattrack.geometry import sides
from sattrack.synthetic.labelled_set import Order, about, orders_by_seed, write_set

ORDERS = (
    Order("yard", 11, 0.5, 90, "tight"),
    Order("gray", 12, 0.8, 90, "rtg", True),
    Order("empty", 13, 0.4, 90, "lookalikes", False),
)
TRAILERS = Order("trailers", 21, 0.5, 120, "lookalikes", False)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets") / "new"
    return folder, list(write_set(folder, ORDERS))


def test_the_benchmark_reads_what_was_drawn(written):
    folder, numbers = written
    images = {image.name: image for image in read_dataset(folder)}
    assert set(images) == {"yard", "gray", "empty"}
    for order, number in zip(ORDERS, numbers, strict=True):
        image, drawn = images[order.name], order.drawn()
        assert image.shape == (90, 90)
        assert image.gsd_m == (order.gsd_m, order.gsd_m)
        assert len(image.truth) == number == len(drawn.quads)
        assert image.truth == pytest.approx(drawn.quads, abs=1e-3)
    assert numbers[0] > 10
    assert numbers[2] == 0


def test_trailers_that_nobody_could_tell_from_boxes_are_neither_truth_nor_ground(tmp_path):
    drawn = TRAILERS.drawn()
    assert list(write_set(tmp_path / "new", [TRAILERS])) == [0]
    (image,) = read_dataset(tmp_path / "new")
    assert (len(image.truth), len(drawn.unsure), len(image.ignore)) == (0, 11, 11)
    assert np.array(image.ignore) == pytest.approx(drawn.unsure, abs=0.006)
    long, short, _ = sides(drawn.unsure)
    assert long * 0.5 == pytest.approx(np.full(11, 13.6), abs=0.01)
    assert short * 0.5 == pytest.approx(np.full(11, 2.55), abs=0.01)


def test_pictures_are_kept_without_loss_and_gray_ones_as_gray(written):
    folder, _ = written
    for order in ORDERS:
        kept = cv2.imread(str(folder / "images" / f"{order.name}.png"), cv2.IMREAD_UNCHANGED)
        assert kept.ndim == (2 if order.pan else 3)
        colour = kept[..., None].repeat(3, axis=2) if order.pan else kept[..., ::-1]
        assert np.abs(colour.astype(int) - order.drawn().picture).max() == 0


def test_meta_tells_how_each_picture_was_taken(written):
    folder, _ = written
    meta = json.loads((folder / "meta.json").read_text())
    for order in ORDERS:
        said, drawn = meta[order.name], order.drawn()
        assert said == about(drawn, seed=order.seed)
        assert (said["kind"], said["seed"], said["n_containers"]) == (order.kind, order.seed, len(drawn.quads))
        assert 20 < said["sun_elevation_deg"] < 80
        assert 0 <= said["sun_azimuth_deg"] < 360
        assert said["off_nadir_deg"] < 35
    assert [meta[name]["sensor"] for name in ("yard", "gray", "empty")] == ["colour", "pan", "colour"]
    assert meta["yard"]["density"] > 50
    assert (meta["empty"]["density"], meta["empty"]["bearing_deg"]) == (0, None)


def test_the_bearing_is_that_of_the_long_sides_from_the_top_of_the_picture():
    drawn = Order("block", 11, 0.5, 90, "tight").drawn()
    side = drawn.quads[:, 1] - drawn.quads[:, 0]
    bearings = np.degrees(np.arctan2(side[:, 0], -side[:, 1])) % 180
    assert about(drawn, seed=11)["bearing_deg"] == pytest.approx(float(np.median(bearings)), abs=2)


def test_any_number_of_processes_writes_the_same_files(tmp_path):
    orders = orders_by_seed(count=3, first_seed=40, gsd_m=(0.4, 0.8), pixels=64)
    for processes in (1, 2):
        assert list(write_set(tmp_path / str(processes), orders, processes=processes))
    alone, shared = (sorted(path for path in (tmp_path / n).rglob("*") if path.is_file()) for n in "12")
    assert [path.read_bytes() for path in alone] == [path.read_bytes() for path in shared]
    assert len(alone) == 3 * 3 + 1


def test_pixel_sizes_hang_on_the_seed_alone_and_stay_within_the_asked():
    several = orders_by_seed(count=50, first_seed=100, gsd_m=(0.3, 0.8), pixels=64)
    assert orders_by_seed(count=1, first_seed=120, gsd_m=(0.3, 0.8), pixels=64) == several[20:21]
    sizes = [order.gsd_m for order in several]
    assert 0.3 <= min(sizes) < 0.35
    assert 0.7 < max(sizes) <= 0.8


def test_a_folder_that_holds_something_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        list(write_set(tmp_path, ORDERS))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
