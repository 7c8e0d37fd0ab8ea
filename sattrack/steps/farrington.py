"""Farrington: a scene against a longer history, by an overdispersed Poisson model with the share seen as offset.

After Farrington et al. (1996) and Noufaily et al. (2013), for scenes at uneven dates instead of weeks of past years.
"""

from dataclasses import dataclass, replace

import numpy as np

from sattrack.steps.histories import Flags, Floats, Histories, Verdicts
from sattrack.steps.predicting import BAND, Sure, detectable, lower, p_fall, p_rise, spread_of, upper

LEAST_SCENES = 9
# A trend needs a history as long as this, in scenes and in days.
TREND_SCENES, TREND_DAYS = 10, 56.0
# Anscombe residuals beyond this are past outbreaks, and weigh less the further out they lie: by the square, as Farrington's,
# but without his jump, since what just reaches it may be an ordinary day.
OUTBREAK = 2.58
_STEPS = 12
# Boxes that a history without any still stands for, in all its scenes together.
_NEVER_NONE = 0.25
_LEAST_EXPECTED = 0.25
_YEAR = 365.25
# The interval of fewer boxes tells how many more or fewer there may be, and no share that larger counts would err by.
_FEW = 10.0
# A trend that moves the expected count by less than this share is not worth telling.
_TOLD = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """expected boxes of the scene under test, relative variance of that mean, spread, and whether a trend moved it."""

    expected: Floats
    variance: Floats
    spread: Floats
    trend: Flags


def farrington(histories: Histories, *, sure: Sure) -> Verdicts:
    """What the history makes of each scene; at least LEAST_SCENES past scenes are used in each.

    Quasi-Poisson with log link and offset log(share); past outbreaks down-weighted by their Anscombe residuals; a trend by
    date, shrunk by what it has earned (see _drifting); prediction limits on a power scale with t (see predicting).
    """
    weights = _weights(histories, sure=sure)
    level = _level(histories, weights=weights, sure=sure)
    fit = _drifting(histories, weights=weights, level=level, sure=sure)
    scenes = histories.used.sum(axis=1)
    freedom = scenes - 1.0 + sure.usual_weight
    relative = np.sqrt(fit.spread / fit.expected + fit.variance)
    return verdicts(
        histories, expected=fit.expected, relative=relative, freedom=freedom, spread=fit.spread, trend=fit.trend, sure=sure
    )


def settled(histories: Histories, *, sure: Sure) -> Fit:
    """The model without a trend, past outbreaks down-weighted."""
    return _level(histories, weights=_weights(histories, sure=sure), sure=sure)


def verdicts(
    histories: Histories, *, expected: Floats, relative: Floats, freedom: Floats, spread: Floats, trend: Flags, sure: Sure
) -> Verdicts:
    """Limits and p-values of scenes whose expected count and relative uncertainty are known."""
    known = {"expected": expected, "relative": relative, "freedom": freedom}
    tail = (1 - BAND) / 2
    above = np.maximum(upper(sure.alarm, **known), expected + sure.least)
    below = np.minimum(lower(sure.alarm, **known), expected - sure.least)
    return Verdicts(
        expected=expected, low=lower(tail, **known), high=upper(tail, **known), below=below, above=above,
        p_fall=p_fall(histories.count, own=histories.high, least=sure.least, **known),
        p_rise=p_rise(histories.count, own=histories.low, least=sure.least, **known),
        detectable=detectable(level=sure.alarm, share=histories.share, own=_own(histories), least=sure.least, **known),
        history=histories.used.sum(axis=1), spread=spread, trend=trend,
    )  # fmt: skip


def _own(histories: Histories) -> Floats:
    """(n,) by what share a larger count of the same scene may be too high, by its own interval; 0 where it has none."""
    low, high = histories.low, histories.high
    # An interval that begins at none, since no box is sure, would not do so where more stood: then its upper end tells.
    error = np.where((low > 0) & (high > 0), np.minimum(low, high), np.maximum(low, high))
    return np.asarray(np.minimum(error / np.maximum(histories.count, _FEW), 1.0))


def _weights(histories: Histories, *, sure: Sure) -> Floats:
    """(n, b) 1 for a quiet past scene, less for an outbreak, 0 where not used; rows sum to the number of scenes used."""
    even = histories.used.astype(float)
    # The history's own spread, without caution: that would hide an outbreak among a dozen scenes.
    first = _level(histories, weights=even, sure=replace(sure, usual=0.0, usual_weight=0.0, caution=0.0))
    mean = _means(histories, first.expected / histories.share)
    leverage = even * mean / np.maximum((even * mean).sum(axis=1, keepdims=True), 1e-9)
    residual = 1.5 * (histories.counts ** (2 / 3) * mean ** (-1 / 6) - np.sqrt(mean))
    residual /= np.sqrt(first.spread[:, None] * np.maximum(1 - leverage, 1e-3))
    weights = even * np.minimum(1.0, (OUTBREAK / np.maximum(np.abs(residual), 1e-9)) ** 2)
    return np.asarray(weights * (even.sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9))[:, None])


def _means(histories: Histories, rate: Floats) -> Floats:
    """(n, b) expected boxes in each past scene at a rate (n,) or (n, b) for the whole site; 1 where not used."""
    whole = rate if rate.ndim == 2 else rate[:, None]
    return np.asarray(np.where(histories.used, np.maximum(histories.seen * whole, 1e-3), 1.0))


def _level(histories: Histories, *, weights: Floats, sure: Sure) -> Fit:
    """The model without a trend, whose estimate is a ratio."""
    rate = (np.sum(weights * histories.counts, axis=1) + _NEVER_NONE) / np.maximum(
        np.sum(weights * np.where(histories.used, histories.seen, 0.0), axis=1), 1e-9
    )
    mean = _means(histories, rate)
    spread = _spread(histories, mean, weights=weights, sure=sure, parameters=1)
    expected = np.maximum(rate * histories.share, _LEAST_EXPECTED)
    variance = spread / np.maximum((weights * mean).sum(axis=1), _NEVER_NONE)
    return Fit(expected, variance, spread, np.zeros(len(histories), bool))


def _spread(histories: Histories, mean: Floats, *, weights: Floats, sure: Sure, parameters: float) -> Floats:
    """Variance over mean, by residuals on the cube root: less moved by a few high days than Pearson's."""
    residual = 3 * (histories.counts ** (1 / 3) - mean ** (1 / 3)) * mean ** (1 / 6)
    scenes = histories.used.sum(axis=1)
    freedom = np.maximum(scenes - parameters, 1.0)
    raw = np.sum(np.where(histories.used, weights * residual**2, 0.0), axis=1) / freedom
    level = np.sum(np.where(histories.used, weights * mean, 0.0), axis=1) / np.maximum(scenes, 1)
    return spread_of(raw, level=level, freedom=freedom, sure=sure)


def _drifting(histories: Histories, *, weights: Floats, level: Fit, sure: Sure) -> Fit:
    """The model with a trend, where the history is long enough and the trend leads nowhere that no past scene was.

    The slope is estimated with a normal prior around none, of `drift` a year. A history that tells nothing of it leaves none;
    as it grows longer the slope is believed more. Its uncertainty, carried to the date under test, is in the variance.
    """
    days = np.where(histories.used, histories.days, 0.0)
    scenes = np.maximum(histories.used.sum(axis=1), 1)
    middle = days.sum(axis=1) / scenes
    years = np.where(histories.used, (histories.days - middle[:, None]) / _YEAR, 0.0)
    ahead = (histories.day - middle) / _YEAR
    height, slope = np.log(level.expected / histories.share), np.zeros(len(histories))
    hold = level.spread / sure.drift**2
    for _ in range(_STEPS):
        mean = _means(histories, np.exp(np.clip(height[:, None] + slope[:, None] * years, -20, 20)))
        share = np.where(histories.used, weights * mean, 0.0)
        s0, s1, s2 = share.sum(axis=1), (share * years).sum(axis=1), (share * years**2).sum(axis=1) + hold
        off = np.where(histories.used, weights * (histories.counts - mean), 0.0)
        u0, u1 = off.sum(axis=1), (off * years).sum(axis=1) - hold * slope
        determinant = np.maximum(s0 * s2 - s1**2, 1e-12)
        height += np.clip((s2 * u0 - s1 * u1) / determinant, -1, 1)
        slope += np.clip((s0 * u1 - s1 * u0) / determinant, -20, 20)
    rate = np.exp(np.clip(height + slope * ahead, -20, 20))
    spread = _spread(histories, mean, weights=weights, sure=sure, parameters=1.5)
    variance = spread * (s2 - 2 * s1 * ahead + s0 * ahead**2) / determinant
    kept = _earned(histories, rate=rate)
    return Fit(
        np.where(kept, np.maximum(rate * histories.share, _LEAST_EXPECTED), level.expected),
        np.where(kept, variance, level.variance), np.where(kept, spread, level.spread),
        kept & (np.abs(rate * histories.share / level.expected - 1) > _TOLD),
    )  # fmt: skip


def _earned(histories: Histories, *, rate: Floats) -> Flags:
    """Long enough, and leading to a rate between the least and the most that was seen."""
    whole = histories.counts / np.where(histories.used, histories.seen, 1.0)
    most = np.max(np.where(histories.used, whole, -np.inf), axis=1)
    fewest = np.min(np.where(histories.used, whole, np.inf), axis=1)
    first = np.min(np.where(histories.used, histories.days, np.inf), axis=1)
    last = np.max(np.where(histories.used, histories.days, -np.inf), axis=1)
    long = (histories.used.sum(axis=1) >= TREND_SCENES) & (last - first >= TREND_DAYS)
    return np.asarray(long & (rate >= fewest) & (rate <= most) & (most > 0))
