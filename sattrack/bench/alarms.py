"""Alarms on noise: how often each rule cries wolf, and what surges it catches, beside the rules that people use."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sattrack.bench.alarm_models import MODELS, Drawn, Noise, draw, histories_of_draws
from sattrack.steps.alarming import Rules, judge
from sattrack.steps.estimating import Z90
from sattrack.steps.histories import Flags
from sattrack.steps.two_scenes import change_between
from sattrack.timeline import Observation

SURGES = (3.0, 5.0)
# A fall: what of the yard is left.
FALL = 0.1
OURS = "sattrack"
# A detector that errs by so much, relatively, and says so with 90 % intervals: its part in the two-scene interval.
DETECTOR_SD = 0.1

Flagged = tuple[Flags, Flags]


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of draws, and its standard error."""

    share: float
    error: float


@dataclass(frozen=True, slots=True)
class Row:
    """One rule on one noise model. rises, falls, either: false alarms a scene. caught: share of surges of SURGES;
    emptied: of falls.
    """

    model: str
    rule: str
    past: int
    rises: Rate
    falls: Rate
    either: Rate
    caught: tuple[Rate, ...]
    emptied: Rate


@dataclass(frozen=True, slots=True)
class Covered:
    """How often the two-scene interval held the true change, and its mean half-width in boxes."""

    model: str
    held: Rate
    half: float


def bench_alarms(*, draws: int, past: int, rules: Rules, seed: int = 1, models: Sequence[Noise] = MODELS) -> list[Row]:
    """A row for each model and rule; the same draws for all rules, so that they are compared pair by pair."""
    rows = []
    for number, noise in enumerate(models):
        flagged: list[dict[str, Flagged]] = []
        for which, surge in enumerate((1.0, *SURGES, FALL)):
            rng = np.random.default_rng([seed, past, number, which])
            flagged.append(_all_rules(draw(noise, draws=draws, past=past, surge=surge, rng=rng), rules=rules))
        quiet, *surged, emptied = flagged
        for rule, (rises, falls) in quiet.items():
            caught = tuple(share_of(one[rule][0]) for one in surged)
            row = Row(
                noise.name,
                rule,
                past,
                share_of(rises),
                share_of(falls),
                share_of(rises | falls),
                caught,
                share_of(emptied[rule][1]),
            )
            rows.append(row)
    return rows


def bench_levels(*, draws: int, past: int, rules: Rules, levels: Sequence[float], seed: int = 1) -> list[tuple[float, Rate]]:
    """False alarms of the shipped rule in the base model, rises and falls together, by alarm level."""
    rng = np.random.default_rng([seed, past, 99])
    histories = histories_of_draws(draw(MODELS[0], draws=draws, past=past, surge=1.0, rng=rng))
    verdicts, _ = judge(histories, rules=rules)
    if verdicts is None:
        return []
    p = np.minimum(verdicts.p_rise, verdicts.p_fall)
    return [(level, share_of(p <= level)) for level in levels]


def bench_two_scenes(*, draws: int, seed: int = 1, models: Sequence[Noise] = MODELS) -> list[Covered]:
    """Coverage of the interval on the change between two scenes, whose counts a detector made with errors that it states."""
    rows = []
    for number, noise in enumerate(models):
        rng = np.random.default_rng([seed, 2, number, 7])
        drawn = draw(noise, draws=draws, past=1, surge=1.0, rng=rng)
        errors = 1 + DETECTOR_SD * rng.standard_normal(drawn.seen.shape)
        found = np.maximum(np.rint(drawn.seen * errors), 0.0)
        held = np.zeros(draws, bool)
        half = np.zeros(draws)
        for i in range(draws):
            change = change_between(*(observed(found[i, j], drawn.told[i, j], day=j) for j in (0, 1)))
            held[i] = change.low <= drawn.true[i, 1] - drawn.true[i, 0] <= change.high
            half[i] = (change.high - change.low) / 2
        rows.append(Covered(noise.name, share_of(held), float(half.mean())))
    return rows


def observed(count: float, share: float, *, day: int) -> Observation:
    """A scene as a detector with errors of DETECTOR_SD tells it, days after the first; the day is its id."""
    half = Z90 * DETECTOR_SD * max(count, 1.0)
    when = dt.datetime(2024, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=day)
    return Observation(str(day), when, count, max(count - half, 0.0), count + half, observed_fraction=share)


def _all_rules(drawn: Drawn, *, rules: Rules) -> dict[str, Flagged]:
    """(rises, falls) by rule; the naive ones as they are met in the wild, on counts as they come."""
    level = rules.sure.alarm
    past, now = drawn.seen[:, :-1], drawn.seen[:, -1]
    mean, sd = past.mean(axis=1), past.std(axis=1, ddof=1)
    week = past[:, -7:]
    week_mean, week_sd = week.mean(axis=1), week.std(axis=1, ddof=1)
    z = float(stats.norm.isf(level))
    t = float(stats.t.isf(level, week.shape[1] - 1)) * math.sqrt(1 + 1 / week.shape[1])
    found: dict[str, Flagged] = {
        "1.5 x the scene before": (now > 1.5 * past[:, -1], now < past[:, -1] / 1.5),
        "mean + 3 sd": (now > mean + 3 * sd, now < mean - 3 * sd),
        "EARS C1, normal limit": (now > week_mean + z * week_sd, now < week_mean - z * week_sd),
        "EARS C1 with t": (now > week_mean + t * week_sd, now < week_mean - t * week_sd),
    }
    verdicts, second = judge(histories_of_draws(drawn), rules=rules)
    none = np.zeros(len(now), bool)
    if verdicts is None:
        return {**found, OURS: (none, none)}
    found[OURS] = (verdicts.p_rise <= level, verdicts.p_fall <= level)
    signals = second <= level
    if signals.any() or past.shape[1] >= 14:
        rises = now > verdicts.expected
        found["its second opinion (CUSUM)"] = (signals & rises, signals & ~rises)
    return found


def share_of(flags: NDArray[np.bool_]) -> Rate:
    """How often, with its standard error."""
    share = float(flags.mean())
    return Rate(share, math.sqrt(share * (1 - share) / len(flags)))


@dataclass(frozen=True, slots=True)
class Target:
    """What was promised of a figure, and whether it holds. at_most: false alarms; else a least power."""

    said: str
    found: float
    limit: float
    at_most: bool

    @property
    def held(self) -> bool:
        return self.found <= self.limit if self.at_most else self.found >= self.limit


def targets(rows: Sequence[Row]) -> list[Target]:
    """The promises for 14 and 7 past scenes, of the shipped rule at the nominal level."""
    found = []
    for row in rows:
        if row.rule != OURS or row.past not in (14, 7):
            continue
        long = row.past == 14
        limit = {"more spread": 0.009, "growth": 0.01}.get(row.model, 0.006) if long else 0.003
        if long or row.model == "base":
            found.append(Target(f"{row.past} past, {row.model}: false alarms a scene", row.either.share, limit, True))
        if row.model == "base":
            least = (0.5, 0.85) if long else (None, 0.65)
            for surge, rate, power in zip(SURGES, row.caught, least, strict=True):
                if power is not None:
                    found.append(Target(f"{row.past} past, base: x{surge:g} caught", rate.share, power, False))
    return found
