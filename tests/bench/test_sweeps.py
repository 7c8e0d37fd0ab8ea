import numpy as np
import pytest

from sattrack.bench.scoring import tally
from sattrack.bench.sweeps import STEPS, sweep
from tests.bench.drawn_accuracy import drawn_image, found_in, result_of


def test_each_step_is_what_the_figures_say_at_that_threshold(tmp_path):
    images = [drawn_image(tmp_path, name=str(i), boxes=5 + 4 * i) for i in range(4)]
    scored = [
        m.scored for m in result_of(images, [found_in(m, missed=i, false=3, seed=i) for i, m in enumerate(images)]).images
    ]
    swept = sweep(scored, thresholds=STEPS)
    for i, threshold in enumerate(STEPS):
        at = tally(scored, threshold=threshold)
        assert (swept.true, swept.found[i], swept.hits[i]) == (at.true, at.found, at.hits)
        each = [tally([one], threshold=threshold) for one in scored]
        assert swept.apart[i] == sum(abs(one.found - one.true) for one in each)
        for name in ("error_pct", "precision", "recall", "f1"):
            assert getattr(swept, name)[i] == pytest.approx(getattr(at, name), nan_ok=True)


def test_where_nothing_is_labelled_there_is_no_error_and_no_recall(tmp_path):
    image = drawn_image(tmp_path, boxes=0)
    swept = sweep([m.scored for m in result_of([image], [found_in(image, false=2)]).images], thresholds=(0.1, 0.999))
    assert np.isnan(swept.error_pct).all()
    assert np.isnan(swept.recall).all()
    assert swept.precision[0] == 0
    assert np.isnan(swept.precision[1])
    assert np.isnan(swept.f1[1])
