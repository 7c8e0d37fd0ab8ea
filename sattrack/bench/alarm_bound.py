"""The most that any alarm could catch: a rule that is told the noise models and the size of the surge, which none is at use."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from sattrack.bench.alarm_models import MODELS, Noise, draw
from sattrack.steps.histories import Floats

# False alarms a scene that are allowed, in the base model and in that of more spread.
BASE_LIMIT, MORE_LIMIT = 0.006, 0.009
_ROUNDS, _STEPS = 4, 13


@dataclass(frozen=True, slots=True)
class Bound:
    """Of the best test within both limits: surges caught, and its false rises in the base model and under more spread."""

    surge: float
    past: int
    caught: float
    base: float
    more: float


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """What a history tells that does not hang on the site's mean. (n,) each.

    variance: of past log rates. step: the newest log rate less the past mean.
    """

    variance: Floats
    step: Floats


def best_possible(*, draws: int, past: int = 14, surge: float = 3.0, seed: int = 1) -> Bound:
    """By Neyman and Pearson (1933): of all tests with so few false rises, none catches more than that of the likelihood ratio.

    Log rates, chance and clouds included, are taken as normal, with the variances that the draws have; falls are not judged.
    The weights of the two quiet models are searched, so that a slightly better test may lie between those tried.
    """
    base, more = (next(m for m in MODELS if m.name == name) for name in ("base", "more spread"))
    told = [
        _told(noise, draws=draws, past=past, surge=size, seed=seed + i)
        for i, (noise, size) in enumerate(((base, 1.0), (more, 1.0), (base, surge)))
    ]
    spreads = float(told[0].variance.mean()), float(told[1].variance.mean())
    ratios = [_ratios(one, past=past, surge=surge, spreads=spreads) for one in told]
    best = Bound(surge, past, 0.0, 0.0, 0.0)
    middle, reach = np.array([0.0, 2.0]), 6.0
    for _ in range(_ROUNDS):
        for a in middle[0] + np.linspace(-reach, reach, _STEPS):
            for b in middle[1] + np.linspace(-reach, reach, _STEPS):
                false_base, false_more, caught = (float((against(a, b) > 0).mean()) for against in ratios)
                if false_base <= BASE_LIMIT and false_more <= MORE_LIMIT and caught > best.caught:
                    best, found = Bound(surge, past, caught, false_base, false_more), np.array([a, b])
        if best.caught > 0:
            middle = found
        reach /= 3
    return best


def _told(noise: Noise, *, draws: int, past: int, surge: float, seed: int) -> _Told:
    drawn = draw(noise, draws=draws, past=past, surge=surge, rng=np.random.default_rng([seed, past, 31]))
    logs = np.log((drawn.seen + 0.5) / drawn.told)
    return _Told(logs[:, :-1].var(axis=1, ddof=1), logs[:, -1] - logs[:, :-1].mean(axis=1))


class _Ratio:
    """Log likelihood of a surge over the two quiet models, weighed by exp(a) and exp(b)."""

    def __init__(self, surged: Floats, base: Floats, more: Floats) -> None:
        self._surged, self._base, self._more = surged, base, more

    def __call__(self, a: float, b: float) -> Floats:
        return np.asarray(self._surged - np.logaddexp(a + self._base, b + self._more))


def _ratios(told: _Told, *, past: int, surge: float, spreads: tuple[float, float]) -> _Ratio:
    def likely(variance: float, shift: float) -> Floats:
        scatter = stats.chi2.logpdf((past - 1) * told.variance / variance, past - 1) - np.log(variance)
        return np.asarray(scatter + stats.norm.logpdf(told.step, shift, np.sqrt(variance * (1 + 1 / past))))

    return _Ratio(likely(spreads[0], float(np.log(surge))), likely(spreads[0], 0.0), likely(spreads[1], 0.0))
