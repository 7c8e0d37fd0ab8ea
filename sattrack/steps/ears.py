"""EARS: a scene against a short history, by mean and spread of what was seen a share, with Student's t.

EARS C1 (Hutwagner et al. 2003) compares with mean + 3 sd, as if both were known; from 5 to 8 scenes they are not, hence t and
sqrt(1 + 1 / B).
"""

import numpy as np

from sattrack.steps.farrington import verdicts
from sattrack.steps.histories import Histories, Verdicts
from sattrack.steps.predicting import Sure, spread_of

LEAST_SCENES = 5
_LEAST_EXPECTED = 0.25


def ears(histories: Histories, *, sure: Sure) -> Verdicts:
    """What the history makes of each scene; LEAST_SCENES past scenes or more are used in each. No trend, no down-weighting."""
    scenes = np.maximum(histories.used.sum(axis=1), 1)
    whole = np.where(histories.used, histories.counts / np.where(histories.used, histories.seen, 1.0), 0.0)
    rate = whole.sum(axis=1) / scenes
    freedom = np.maximum(scenes - 1.0, 1.0)
    around = np.where(histories.used, whole - rate[:, None], 0.0)
    expected = np.maximum(rate * histories.share, _LEAST_EXPECTED)
    # As variance over mean at the share of the scene under test, so that both rules speak of one quantity.
    raw = (around**2).sum(axis=1) / freedom / np.maximum(rate, _LEAST_EXPECTED) * histories.share
    spread = spread_of(raw, level=expected, freedom=freedom, sure=sure)
    relative = np.sqrt(spread / expected * (1 + 1 / scenes))
    none = np.zeros(len(histories), bool)
    # The usual spread is worth fewer scenes here, where the mean is as unsure as the spread.
    known = freedom + sure.usual_weight / 10
    return verdicts(histories, expected=expected, relative=relative, freedom=known, spread=spread, trend=none, sure=sure)
