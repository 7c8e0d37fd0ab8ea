"""Noise models of counts in time: what quiet sites look like, and what a surge does to the last scene."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from sattrack.steps.histories import Floats, Histories

# Days from scene to scene.
_EVERY = 7.0


@dataclass(frozen=True, slots=True)
class Noise:
    """y = Binomial(Poisson(rate_i), c_i), rate_i = mean exp(s z_i - s^2 / 2) exp(growth i), s^2 = ln(1 + spread).

    z: AR(1) with coefficient memory. c_i: 1, or with probability clouded uniform on 0.4 to 0.95; the rule is told
    c_i exp(N(0, misjudged)), at most 1.
    """

    name: str
    mean: float = 60.0
    spread: float = 0.15
    clouded: float = 0.3
    misjudged: float = 0.0
    growth: float = 0.0
    memory: float = 0.0


MODELS = (
    Noise("base"),
    Noise("less spread", spread=0.05),
    Noise("more spread", spread=0.4),
    Noise("low counts", mean=5.0),
    Noise("high counts", mean=600.0),
    Noise("coverage misjudged", misjudged=0.2),
    Noise("autocorrelated", memory=0.6),
    Noise("growth", growth=0.03),
    Noise("all fully seen", clouded=0.0),
)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """(n, past + 1) each: boxes that stood there, boxes seen, and the share that the rule is told."""

    true: Floats
    seen: Floats
    told: Floats


def draw(noise: Noise, *, draws: int, past: int, surge: float, rng: Generator) -> Drawn:
    """So many independent series; the last scene's rate is multiplied by the surge."""
    shape = (draws, past + 1)
    s = np.sqrt(np.log1p(noise.spread))
    z = rng.standard_normal(shape)
    for i in range(1, past + 1):
        z[:, i] = noise.memory * z[:, i - 1] + np.sqrt(1 - noise.memory**2) * z[:, i]
    rate = noise.mean * np.exp(s * z - s**2 / 2 + noise.growth * np.arange(past + 1))
    rate[:, -1] *= surge
    cover = np.where(rng.random(shape) < noise.clouded, rng.uniform(0.4, 0.95, shape), 1.0)
    true = rng.poisson(rate)
    seen = rng.binomial(true, cover)
    errors = np.exp(noise.misjudged * rng.standard_normal(shape))
    told = np.where(cover < 1, np.clip(cover * errors, 0.01, 1.0), 1.0)
    return Drawn(true.astype(float), seen.astype(float), told)


def histories_of_draws(drawn: Drawn) -> Histories:
    """The last scene of each series against those before it."""
    n, scenes = drawn.seen.shape
    days = np.tile(_EVERY * np.arange(scenes), (n, 1))
    none = np.zeros(n)
    return Histories(
        drawn.seen[:, :-1], drawn.told[:, :-1], days[:, :-1], np.ones((n, scenes - 1), bool), drawn.seen[:, -1],
        drawn.told[:, -1], days[:, -1], none, none,
    )  # fmt: skip
