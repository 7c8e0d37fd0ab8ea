import numpy as np
import pytest

from sattrack.bench.calibration import calibration
from sattrack.bench.figures import THRESHOLDS, figures_of
from sattrack.bench.scoring import IOUS, Scored, tally


def scored(true: int, scores: list[float], hits: list[bool], *, strict: list[bool] | None = None) -> Scored:
    """hits from IoU 0.3 to 0.5, strict from 0.55 on."""
    rows = [hits if iou <= 0.5 else (strict or [False] * len(hits)) for iou in IOUS]
    return Scored(true, np.array(scores, np.float32), np.array(rows, bool).reshape(len(IOUS), -1))


def row(*pictures: Scored, threshold: float = 0.5):
    return figures_of(pictures, name="x", gsd_m=[0.5, 0.3, 0.8, 0.4][: len(pictures)], threshold=threshold)


def found(true: int, count: int) -> Scored:
    return scored(true, [0.9] * count, [i < true for i in range(count)])


def test_count_errors_are_kept_by_picture_and_pooled() -> None:
    of = row(found(10, 12), found(10, 8), found(100, 100))
    assert of.at.error_pct == 0
    assert of.mae == pytest.approx(4 / 3)
    assert of.mae_pct == pytest.approx(100 * 4 / 120)
    assert of.gsd_m == (0.3, 0.8)
    assert of.pictures == 3


@pytest.mark.parametrize(
    ("true", "count", "within_10", "within_15"),
    [(50, 55, 1, 1), (50, 56, 0, 1), (100, 115, 0, 1), (100, 84, 0, 0), (20, 22, 1, None), (49, 49, 1, None), (0, 0, 1, None)],
)
def test_a_picture_is_within_ten_or_fifteen_per_cent_the_edge_included(true, count, within_10, within_15) -> None:
    of = row(found(true, count))
    assert (of.within_10, of.within_15) == (within_10, within_15)
    assert of.large == (within_15 is not None)


def test_shares_of_pictures_are_of_all_and_of_the_large() -> None:
    of = row(found(100, 112), found(100, 130), found(10, 10), found(10, 20))
    assert (of.within_10, of.large, of.within_15) == (0.25, 2, 0.5)


def test_ap50_95_is_the_mean_over_ten_overlaps() -> None:
    of = row(scored(2, [0.9, 0.8], [True, True], strict=[True, False]))
    assert (of.ap30, of.ap50) == (1.0, 1.0)
    assert of.ap50_95 == pytest.approx((1 + 9 * 51 / 101) / 10)
    assert len(of.ap) == len(IOUS) == 11


def test_f1_is_the_harmonic_mean() -> None:
    of = row(scored(4, [0.9, 0.8, 0.7, 0.2], [True, True, False, True]))
    assert (of.at.precision, of.at.recall) == (pytest.approx(2 / 3), 0.5)
    assert of.at.f1 == pytest.approx(2 / (1 / of.at.precision + 1 / of.at.recall))


def test_other_thresholds_say_what_a_tally_says_a_score_on_the_threshold_included() -> None:
    rng = np.random.default_rng(3)
    scores = np.sort(np.append(rng.random(200), np.array(THRESHOLDS)))[::-1].astype(np.float32)
    one = Scored(150, scores, np.tile(rng.random(len(scores)) < 0.7, (len(IOUS), 1)))
    of = row(one, threshold=0.35)
    assert of.at.found == int((scores >= np.float32(0.35)).sum())
    for swept in of.swept:
        assert swept.at == tally([one], threshold=swept.threshold)
        assert swept.at.found == int((scores >= swept.threshold).sum())
        assert swept.mae_pct == pytest.approx(abs(swept.at.error_pct))
    assert of.error_pct[0.35] == of.at.error_pct


def test_the_threshold_that_would_count_right_is_the_nearest_of_equals() -> None:
    of = row(scored(2, [0.9, 0.62, 0.31, 0.06], [True] * 4), threshold=0.8)
    assert of.right_threshold == 0.6
    assert row(scored(2, [0.9, 0.62, 0.31, 0.06], [True] * 4), threshold=0.3).right_threshold == 0.35


def test_no_labels_give_no_numbers_that_do_not_exist() -> None:
    of = row(scored(0, [0.9], [False]))
    assert (of.at.found, of.within_10, of.within_15) == (1, 0, None)
    assert np.isnan([of.mae_pct, of.at.error_pct, of.ap50, of.ap50_95, of.at.recall]).all()
    assert of.mae == 1


def test_calibration_compares_mean_scores_with_the_share_that_is_true() -> None:
    bins = calibration([scored(9, [0.95, 0.85, 0.3], [True, False, True]), scored(0, [1.0, 0.25], [True, False])])
    assert [(b.low, b.boxes, b.true) for b in bins.bins] == [(0.2, 1, 0.0), (0.3, 1, 1.0), (0.8, 1, 0.0), (0.9, 2, 1.0)]
    assert bins.bins[-1].score == pytest.approx(0.975)
    assert bins.error == pytest.approx((0.25 + 0.7 + 0.85 + 2 * 0.025) / 5, abs=1e-6)


def test_scores_that_mean_what_they_say_have_a_small_error_and_boastful_ones_a_large_one() -> None:
    rng = np.random.default_rng(0)
    sure = np.sort(rng.random(20_000))[::-1]
    true = rng.random(20_000) < sure
    assert calibration([scored(1, sure.tolist(), true.tolist())]).error < 0.02
    assert calibration([scored(1, np.sqrt(sure).tolist(), true.tolist())]).error > 0.1
    assert np.isnan(calibration([]).error)
    assert np.isnan(calibration([scored(1, [], [])]).error)
