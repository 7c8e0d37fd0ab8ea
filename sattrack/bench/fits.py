"""Fits: how a time or a memory grows, as the exponent of a power law with its standard error."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Fit:
    """y = factor x ** exponent through `points` points; error: of the exponent, not finite where two points leave none."""

    exponent: float
    error: float
    factor: float
    points: int


def power_law(x: Sequence[float], y: Sequence[float]) -> Fit | None:
    """Least squares on logarithms; none where fewer than two different positive x are left, or a y is not positive."""
    pairs = [(math.log(a), math.log(b)) for a, b in zip(x, y, strict=True) if a > 0 and b > 0]
    if len({a for a, _ in pairs}) < 2:
        return None
    u, v = np.array(pairs).T
    spread = float(((u - u.mean()) ** 2).sum())
    exponent = float(((u - u.mean()) * (v - v.mean())).sum()) / spread
    left = v - v.mean() - exponent * (u - u.mean())
    free = len(pairs) - 2
    error = math.sqrt(float((left**2).sum()) / free / spread) if free else math.nan
    return Fit(exponent, error, math.exp(float(v.mean() - exponent * u.mean())), len(pairs))
