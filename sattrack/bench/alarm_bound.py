"""The most that any alarm could catch: a rule that is told the noise models and the size of the surge, which none is at use."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from sattrack.bench.alarm_models import MODELS, Noise, draw
from sattrack.steps.histories import Floats

# False alarms a scene that are allowed: in the base model, in that of more spread, and under growth.
BASE_LIMIT, MORE_LIMIT, GROWTH_LIMIT = 0.006, 0.009, 0.01
LIMITS = {"base": BASE_LIMIT, "more spread": MORE_LIMIT, "growth": GROWTH_LIMIT}
_ROUNDS, _STEPS = 4, 9


@dataclass(frozen=True, slots=True)
class Bound:
    """Of the best test within all limits: surges caught, and its false rises in the base model, more spread and growth."""

    surge: float
    past: int
    caught: float
    base: float
    more: float
    growth: float


def best_possible(*, draws: int, past: int = 14, surge: float = 3.0, seed: int = 1, growth: bool = True) -> Bound:
    """By Neyman and Pearson (1933): of all tests with so few false rises, none catches more than that of the likelihood ratio.

    Log rates, chance and clouds included, are taken as normal with the variances that the draws have, about a mean that no rule
    knows; falls are not judged. growth: whether false rises under growth are limited too. How much the quiet models weigh
    against each other is searched, so that a slightly better test may lie between those tried.
    """
    names = list(LIMITS) if growth else list(LIMITS)[:2]
    quiet = [next(m for m in MODELS if m.name == name) for name in LIMITS]
    logs = [_logs(noise, draws=draws, past=past, surge=1.0, seed=seed + i) for i, noise in enumerate(quiet)]
    logs.append(_logs(quiet[0], draws=draws, past=past, surge=surge, seed=seed + len(quiet)))
    ratios = [_ratios(one, quiet=quiet, variances=_variances(logs, quiet), surge=surge) for one in logs]
    best = Bound(surge, past, 0.0, 0.0, 0.0, 0.0)
    middle, reach = np.zeros(len(names) - 1), 6.0
    for _ in range(_ROUNDS):
        found = middle
        for off in product(np.linspace(-reach, reach, _STEPS), repeat=len(middle)):
            weights = np.exp([0.0, *(middle + off)])
            likely = [ratio[:, : len(names)] @ weights for ratio in ratios]
            # Quiet models so little likelier than a surge that each limit holds, and one is met.
            limit = min(np.partition(one, k := int(draws * LIMITS[name]))[k] for name, one in zip(names, likely, strict=False))
            *false, caught = (float((one < limit).mean()) for one in likely)
            if caught > best.caught:
                best, found = Bound(surge, past, caught, *false), middle + off
        middle, reach = found, reach / 3
    return best


def _logs(noise: Noise, *, draws: int, past: int, surge: float, seed: int) -> Floats:
    drawn = draw(noise, draws=draws, past=past, surge=surge, rng=np.random.default_rng([seed, past, 31]))
    return np.log((drawn.seen + 0.5) / drawn.told)


def _variances(logs: list[Floats], quiet: list[Noise]) -> list[float]:
    """Of the log rates of each quiet model, its growth taken away, without the scene under test."""
    past = [one[:, :-1] - noise.growth * np.arange(one.shape[1] - 1) for one, noise in zip(logs, quiet, strict=False)]
    return [float(one.var(axis=1, ddof=1).mean()) for one in past]


def _ratios(logs: Floats, *, quiet: list[Noise], variances: list[float], surge: float) -> Floats:
    """(n, 3) likelihood of each quiet model over that of the surge."""
    scenes = np.arange(logs.shape[1], dtype=np.float64)
    surged = _log_likelihood(logs, shift=np.where(scenes == scenes[-1], np.log(surge), 0.0), variance=variances[0])
    each = [
        _log_likelihood(logs, shift=noise.growth * scenes, variance=variance)
        for noise, variance in zip(quiet, variances, strict=True)
    ]
    return np.exp(np.clip(np.stack(each, axis=1) - surged[:, None], -500, 500))


def _log_likelihood(logs: Floats, *, shift: Floats, variance: float) -> Floats:
    """(n,) of normal log rates about an unknown mean, plus the shift of each scene."""
    off = logs - shift
    off = off - off.mean(axis=1, keepdims=True)
    return np.asarray(-(logs.shape[1] - 1) / 2 * np.log(variance) - (off**2).sum(axis=1) / (2 * variance))
