import numpy as np
import pytest

from sattrack.bench.faults import fault_places, judged, worst_window
from sattrack.bench.scoring import tally
from sattrack.imagery import Window
from tests.bench.drawn_accuracy import drawn_image, found_in, result_of


@pytest.mark.parametrize("threshold", [0.05, 0.3, 0.62, 0.8, 0.95])
def test_right_false_and_missed_are_those_that_the_figures_count(tmp_path, threshold):
    image = drawn_image(tmp_path, boxes=20)
    for seed in range(5):
        measured = result_of([image], [found_in(image, missed=3, false=4, seed=seed)]).images[0]
        at, marks = tally([measured.scored], threshold=threshold), judged(measured, threshold=threshold)
        assert (len(marks.right), len(marks.right) + len(marks.false)) == (at.hits, at.found)
        assert len(marks.missed) == at.true - at.hits
        assert marks.wrong == len(marks.false) + len(marks.missed)


def test_a_score_that_is_the_threshold_itself_counts_as_in_the_figures(tmp_path):
    image = drawn_image(tmp_path, boxes=1)
    found = found_in(image)
    found.scores[:] = np.float32(0.35)  # a little under 0.35 in 64 bits or a little over, but the same in 32
    measured = result_of([image], [found]).images[0]
    assert len(judged(measured, threshold=0.35).right) == tally([measured.scored], threshold=0.35).hits == 1


def test_boxes_in_an_ignored_area_are_neither_right_nor_false(tmp_path):
    image = drawn_image(tmp_path, boxes=3)
    marks = judged(result_of([image], [found_in(image)]).images[0], threshold=0.05)
    assert (len(marks.unscored), len(marks.false)) == (1, 0)
    assert marks.unscored[0].mean(axis=0) == pytest.approx([30, 14])


def test_two_labels_are_never_claimed_by_one_box(tmp_path):
    image = drawn_image(tmp_path, boxes=2)
    found = found_in(image, missed=1)
    marks = judged(result_of([image], [found]).images[0], threshold=0.05)
    assert len(marks.missed) == 1
    assert np.allclose(marks.missed[0], image.truth[0])


def test_the_worst_window_holds_the_cluster_and_stays_inside_the_picture():
    rng = np.random.default_rng(3)
    cluster, strays = rng.uniform(700, 790, (30, 2)), rng.uniform(0, 400, (6, 2))
    window = worst_window(np.concatenate([strays, cluster]), shape=(800, 900), size=(200, 150))
    assert (window.width, window.height) == (200, 150)
    assert window.col >= 0
    assert window.row >= 0
    assert window.col + window.width <= 900
    assert window.row + window.height <= 800
    assert window.holds(cluster).all()


def test_a_small_picture_is_its_own_worst_window_and_one_without_faults_shows_its_middle():
    assert worst_window(np.array([[5.0, 5.0]]), shape=(80, 60), size=(200, 200)) == Window(0, 0, 60, 80)
    assert worst_window(np.zeros((0, 2)), shape=(400, 600), size=(200, 100)) == Window(200, 150, 200, 100)


def test_faults_of_all_detectors_are_gathered(tmp_path):
    image = drawn_image(tmp_path, boxes=4)
    several = [judged(result_of([image], [found_in(image, missed=n)]).images[0], threshold=0.05) for n in (1, 2)]
    assert fault_places(several).shape == (3, 2)
    assert fault_places([]).shape == (0, 2)
