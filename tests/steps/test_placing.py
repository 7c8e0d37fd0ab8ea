import numpy as np
import pytest
import torch

from sattrack.detections import Detections
from sattrack.errors import DetectorError
from sattrack.geometry import quads_from_xywhr
from sattrack.steps.placing import checked, place, sound
from sattrack.steps.tiling import plan_windows

PLAN = plan_windows((2000, 2000), gsd_m=(0.3, 0.3), model_gsd_m=0.2, tile_px=640, overlap_m=24, longest_object_m=16)


def found_at(points: list[tuple[float, float]], *, score: float = 0.5) -> Detections:
    n = len(points)
    xywhr = np.array([(x, y, 60, 12, 0.3) for x, y in points], float).reshape(-1, 5)
    return Detections(quads_from_xywhr(xywhr), np.full(n, score, np.float32), np.zeros(n, np.int32))


def test_tile_pixels_become_scene_pixels() -> None:
    cell = PLAN.cells[-1]
    placed = place(found_at([(320, 320)]), cell=cell, plan=PLAN)
    w = cell.window
    assert placed.centres() == pytest.approx(np.array([[w.col + w.width / 2, w.row + w.height / 2]]))
    assert np.ptp(placed.quads[0, :, 0]) == pytest.approx(np.ptp(found_at([(0, 0)]).quads[0, :, 0]) * w.width / 640)


_QUADS, _SCORES, _LABELS = np.zeros((2, 4, 2)), np.full(2, 0.5, np.float32), np.zeros(2, np.int32)


@pytest.mark.parametrize(
    "wrong",
    [
        None, [], Detections(_QUADS.reshape(2, 8), _SCORES, _LABELS), Detections(_QUADS, _SCORES[:1], _LABELS[:1]),
        Detections(_QUADS, _SCORES, _LABELS[:1]), Detections(np.zeros(0), _SCORES[:0], _LABELS[:0]),
        Detections(_QUADS.tolist(), _SCORES.tolist(), _LABELS.tolist()), Detections(_QUADS, 0.5, _LABELS),
        Detections(*(torch.from_numpy(one) for one in (_QUADS, _SCORES, _LABELS))),
        Detections(_QUADS.astype(object), _SCORES, _LABELS), Detections(_QUADS, _SCORES.astype(str), _LABELS),
        Detections(_QUADS, _SCORES.astype(complex), _LABELS),
    ],
)  # fmt: skip
def test_g8_an_answer_of_another_shape_breaks_the_contract(wrong: Detections) -> None:
    with pytest.raises(DetectorError, match="returned no Detections of numpy's arrays"):
        checked(wrong, classes=1, floor=0.05, cap=10)


def test_a_label_between_two_classes_is_none() -> None:
    for labels in ([0, 1], [0.0, 1.0]):
        assert len(checked(Detections(_QUADS, _SCORES, np.array(labels)), classes=2, floor=0.05, cap=10)) == 2
    for wrong in ([0, 2], [0, -1], [0.0, 0.7]):
        with pytest.raises(DetectorError, match="labels outside its 2 classes"):
            checked(Detections(_QUADS, _SCORES, np.array(wrong)), classes=2, floor=0.05, cap=10)


def test_g4_what_another_core_owns_is_left_to_it() -> None:
    cell = PLAN.cells[0]
    right = (cell.core[2] - cell.window.col) / PLAN.scale[0]
    jitter = 1.0 / 0.2  # tile pixels
    points = [(right - 1, 100.0), (right + jitter - 1, 100.0), (right + jitter + 1, 100.0)]
    assert len(place(found_at(points), cell=cell, plan=PLAN)) == 2


def test_g9_degenerate_boxes_are_dropped_and_counted() -> None:
    good = found_at([(100, 100), (-1, 50), (50, 2001)])
    flat = np.zeros((1, 4, 2)) + 20
    lost = np.full((1, 4, 2), np.nan)
    quads = np.concatenate([good.quads, flat, lost])
    kept, dropped = sound(Detections(quads, np.full(5, 0.5, np.float32), np.zeros(5, np.int32)), shape=(2000, 2000))
    assert (len(kept), dropped) == (1, 4)
    assert sound(Detections.none(), shape=(5, 5))[1] == 0


@pytest.mark.parametrize("what", ["quads", "scores"])
def test_g8_numbers_that_are_not_finite_are_an_error_never_zero_boxes(what: str) -> None:
    found = found_at([(10, 10)])
    getattr(found, what)[0] = np.nan
    with pytest.raises(DetectorError, match="not finite"):
        checked(found, classes=1, floor=0.05, cap=3000)


def test_scores_and_labels_out_of_range_are_an_error() -> None:
    with pytest.raises(DetectorError, match="scores"):
        checked(found_at([(1, 1)], score=1.5), classes=1, floor=0.05, cap=3000)
    wrong = Detections(found_at([(1, 1)]).quads, np.ones(1, np.float32), np.array([1], np.int32))
    with pytest.raises(DetectorError, match="labels"):
        checked(wrong, classes=1, floor=0.05, cap=3000)


def test_g1_the_cap_keeps_the_surest_and_is_said() -> None:
    found = found_at([(i, i) for i in range(6)])
    found = Detections(found.quads, np.array([0.1, 0.9, 0.01, 0.5, 0.7, 0.2], np.float32), found.labels)
    kept = checked(found, classes=1, floor=0.05, cap=3)
    assert kept.scores == pytest.approx([0.9, 0.5, 0.7])
    assert kept.cap_hit
    assert not checked(found, classes=1, floor=0.05, cap=5).cap_hit
