"""False alarms: how often each rule was measured to cry wolf on noise, by its alarm level."""

import numpy as np

# Share of quiet scenes with a false alarm, rises and falls together: what `sattrack bench alarms` prints for its plain noise
# model, with 14 past scenes for Farrington and 7 for EARS (docs/alarms.md says when).
LEVELS = (0.0001, 0.0003, 0.001, 0.003, 0.01)
MEASURED = {
    "farrington": (0.0012, 0.0020, 0.0041, 0.0078, 0.0189),
    "ears-t": (0.0002, 0.0005, 0.0015, 0.0040, 0.0117),
}


def false_alarms(method: str, *, level: float) -> float:
    """The share of quiet scenes in which a rule at an alarm level is wrong; between measured levels by powers."""
    if method not in MEASURED:
        return 0.0
    levels, rates = np.log(LEVELS), np.log(MEASURED[method])
    wanted = float(np.log(level))
    if wanted > levels[-1]:
        return float(min(np.exp(rates[-1] + (wanted - levels[-1])), 1.0))
    # Below the least level tested the rate is held, not promised smaller.
    return float(np.exp(np.interp(wanted, levels, rates)))
