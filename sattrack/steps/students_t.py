"""Student's t: its upper tail, and the value beyond which so much of it lies.

scipy.special rather than scipy.stats, which takes most of a second to import; and only once it is asked for, since most runs
write a page without an alarm.
"""

import numpy as np

from sattrack.steps.histories import Floats


def tail(t: Floats, freedom: Floats) -> Floats:
    """The share that lies above t."""
    from scipy.special import stdtr

    return np.asarray(stdtr(freedom, -np.asarray(t)))


def beyond(level: Floats | float, freedom: Floats) -> Floats:
    """The value above which so much lies."""
    from scipy.special import stdtrit

    return np.asarray(-stdtrit(freedom, level))
