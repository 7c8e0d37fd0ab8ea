"""Predicting: from an expected count and its uncertainty to limits and p-values, on a power scale with Student's t."""

from dataclasses import dataclass

import numpy as np

from sattrack.steps.histories import Floats
from sattrack.steps.students_t import beyond, tail

# Rises are judged on the 2/3 power, on which overdispersed counts are nearly symmetric (Farrington et al. 1996); falls on the
# cube root (Wilson & Hilferty 1931), since a limit on the 2/3 power reaches zero before a port does.
RISE_POWER, FALL_POWER = 2 / 3, 1 / 3
# A count of 0 stands for all that rounds to it.
_HALF = 0.5
BAND = 0.95
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Sure:
    """How sure is enough. alarm, warning: one-sided levels. least: boxes that a change must have at least.

    usual: relative variance of counts, beyond chance, that a quiet site is taken to have until its history says otherwise;
    usual_weight: the number of past scenes that this counts for against a steadier history. caution: see spread_of.
    drift: standard deviation, a year, of the rate (log) at which quiet sites grow or shrink.
    """

    alarm: float = 0.001
    warning: float = 0.01
    least: float = 5.0
    usual: float = 0.15
    usual_weight: float = 60.0
    caution: float = 17.0
    drift: float = 1.8


def spread_of(raw: Floats, *, level: Floats, freedom: Floats, sure: Sure) -> Floats:
    """Variance over mean (at least 1, that of chance alone) from a history's own, `raw`, with its degrees of freedom.

    level: its mean count. The few scenes of a history tell their spread badly, and it is the histories that look steadier than
    they are that cry wolf. So one that looks steadier than usual is believed only as far as freedom / (freedom + usual_weight)
    goes; one that looks rougher is taken to be rougher still, by caution / freedom of the difference. Both fade with length.
    """
    usual = 1 + sure.usual * level
    factor = np.where(raw > usual, 1 + sure.caution / freedom, freedom / (freedom + sure.usual_weight))
    return np.asarray(np.maximum(usual + factor * (raw - usual), 1.0))


def p_rise(count: Floats, *, expected: Floats, relative: Floats, freedom: Floats, own: Floats, least: float) -> Floats:
    """One-sided p of so many boxes or more. relative: sd of the prediction over expected; own: sd of the count, boxes."""
    own_part = _step(count, np.maximum(count - own, 0.0), power=RISE_POWER)
    spread = np.hypot(relative * expected**RISE_POWER, own_part)
    t = _step(count, expected, power=RISE_POWER) / spread
    return np.asarray(np.where(count - expected >= least, tail(t, freedom), np.maximum(0.5, tail(t, freedom))))


def p_fall(count: Floats, *, expected: Floats, relative: Floats, freedom: Floats, own: Floats, least: float) -> Floats:
    """One-sided p of so few boxes or fewer; the arguments are those of p_rise."""
    near = count + _HALF
    own_part = _step(near + own, near, power=FALL_POWER)
    spread = np.hypot(relative * (expected + _HALF) ** FALL_POWER, own_part)
    t = _step(expected + _HALF, near, power=FALL_POWER) / spread
    return np.asarray(np.where(expected - count >= least, tail(t, freedom), np.maximum(0.5, tail(t, freedom))))


def upper(level: Floats | float, *, expected: Floats, relative: Floats, freedom: Floats) -> Floats:
    """The count that is exceeded at so small a level, the count's own error aside."""
    t = beyond(level, freedom)
    return np.asarray(expected * np.maximum(1 + RISE_POWER * t * relative, 0.0) ** (1 / RISE_POWER))


def lower(level: Floats | float, *, expected: Floats, relative: Floats, freedom: Floats) -> Floats:
    """The count below which no more than the level lies; 0 where nothing is so low, and then no count alarms."""
    t = beyond(level, freedom)
    root = np.maximum(1 - FALL_POWER * t * relative, 0.0) ** (1 / FALL_POWER)
    return np.asarray(np.maximum((expected + _HALF) * root - _HALF, 0.0))


def detectable(
    *, level: float, expected: Floats, relative: Floats, freedom: Floats, share: Floats, own: Floats, least: float
) -> Floats:  # fmt: skip
    """Boxes more than expected, in the whole site, of which POWER would be noticed at a level; infinite where none would.

    own: by what share of it a count may be too high, one standard deviation, 0 to 1. A surged count is taken to err by as much.
    """
    noise = RISE_POWER * beyond(level, freedom)
    # Of p_rise solved for the count, as a power of what was expected: 1 + noise x hypot(relative, part x power) = power.
    rest = np.maximum(1 - (noise * _step(np.ones_like(own), 1 - own, power=RISE_POWER)) ** 2, 0.0)
    power = (1 + np.sqrt(1 - rest * (1 - (noise * relative) ** 2))) / np.where(rest > 0, rest, 1.0)
    limit = np.maximum(expected * power ** (1 / RISE_POWER), expected + least)
    room = beyond(1 - POWER, freedom) * np.hypot(relative, own)
    # The noise of a surged count grows with it; one step from the limit is enough.
    more = (limit * (1 + RISE_POWER * room) ** (1 / RISE_POWER) - expected) / share
    return np.asarray(np.where(rest > 0, more, np.inf))


def _step(count: Floats, other: Floats, *, power: float) -> Floats:
    """How far a count lies above another on the power's scale, in units that are relative where they are close."""
    return np.asarray((count**power - other**power) / power)
