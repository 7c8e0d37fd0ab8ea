"""Discovery: how many of the alarms over many sites are false (Benjamini & Hochberg 1995)."""

import numpy as np
from numpy.typing import NDArray


def q_values(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) p-values of one family of tests -> (n,): the least rate of false discovery at which each would be one.

    Holds for tests that are independent or depend on each other positively.
    """
    n = len(p)
    if not n:
        return np.zeros(0)
    order = np.argsort(p, kind="stable")
    steps = p[order] * n / np.arange(1, n + 1)
    q = np.empty(n)
    q[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return q
