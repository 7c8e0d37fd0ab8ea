"""Chaining: whether arrivals at one site fit departures from another some days before; never whether the boxes are the same."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from sattrack.flows import Agreement, Flow, Link, Moved
from sattrack.phrases import some
from sattrack.steps.flow_phrasing import agreement_sentence
from sattrack.steps.turning import careful_chance
from sattrack.steps.two_scenes import LEVEL

# Fewer departures cannot tell a pattern from chance.
LEAST_DEPARTURES = 3
# Of the boxes that left, the share that must have arrived in time; and how seldom arrivals at other times may do as well. Links
# allow some days either way, so that arrivals moved by less fit too: two months can hardly give less than one in seven.
MOST_ALIKE, CHANCE = 0.5, 0.2
CONSISTENT, NOT_CONSISTENT, UNTOLD = "consistent", "not consistent", "cannot be told"
_DAY = dt.timedelta(days=1)
_SHIFTS = 199
_LAGS = 61

Brackets = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Changes of one way, sure among so many. brackets: (n, 2) days between which each happened; boxes: (n,)."""

    brackets: Brackets
    boxes: NDArray[np.float64]


def agreement(link: Link, source: Flow | None, target: Flow | None) -> Agreement:
    """What a link's two flows say together; none where a site has no series.

    A departure is answered where a sure rise at the target can have happened `lag` days after it, both known only as brackets
    between scenes; the lag is one for all, of those that the link allows. It takes part only where somebody looked: the target
    was seen before the boxes could arrive, at least once while they could, and after. p_value: the share of shifts of the
    arrivals, round the days that the target was watched, at which their own best lag answers as much.
    """
    bare = Agreement(
        link, UNTOLD, "", source.departed if source else None, target.arrived if target else None, None, None, None, 0, 0, ""
    )
    if source is None or target is None:
        missing = link.source if source is None else link.target
        return _told(replace(bare, why=f"there is no series of {missing}"))
    left, came = _moves(source, "fall"), _moves(target, "rise")
    if not len(left.boxes):
        return _told(replace(bare, why=f"no sure departure was seen at {link.source}"))
    watched = _watched(left.brackets, _looks(target), link=link)
    n = int(watched.sum())
    if not n:
        return _told(replace(bare, why=f"{link.target} was not watched when boxes from {link.source} could have arrived"))
    left = _Moves(left.brackets[watched], left.boxes[watched])
    alike, lag = _best(left, came.brackets, link=link)
    matched = int(_answered(left.brackets, came.brackets, lags=np.array([lag])).sum())
    p = _chance(left, came.brackets, alike=alike, looks=_looks(target), link=link)
    return _told(_judged(replace(bare, lag_days=lag, alike=alike, p_value=p, matched=matched, departures=n)))


def _judged(one: Agreement) -> Agreement:
    alike, p = one.alike or 0.0, 1.0 if one.p_value is None else one.p_value
    if one.departures < LEAST_DEPARTURES:
        seen = some(one.departures, "departure was", "departures were")
        return replace(one, why=f"only {seen} followed up; {LEAST_DEPARTURES} are the least")
    if alike < MOST_ALIKE:
        return replace(one, verdict=NOT_CONSISTENT)
    if p > CHANCE:
        return replace(one, why="arrivals at other times would have fitted as well")
    return replace(one, verdict=CONSISTENT)


def _told(one: Agreement) -> Agreement:
    return replace(one, sentence=agreement_sentence(one))


def _moves(flow: Flow, direction: str) -> _Moves:
    # Of a hundred changes at a site where nothing moves five are outside their own intervals.
    chance = careful_chance(len(flow.movements) + 1)
    moves = [one for one in flow.movements if one.direction == direction and _surely(one.change, chance=chance)]
    brackets = [(_days(one.earlier.time), _days(one.later.time)) for one in moves]
    boxes = np.array([abs(one.change.value) for one in moves], np.float64)
    return _Moves(np.array(brackets, np.float64).reshape(-1, 2), boxes)


def _surely(change: Moved, *, chance: float) -> bool:
    """Whether a change has at most so much chance of being noise; where its errors are not known, it is taken as it is."""
    limit = change.low if change.value > 0 else change.high
    if limit is None:
        return True
    normal = NormalDist()
    wider = normal.inv_cdf(1 - chance / 2) / normal.inv_cdf((1 + LEVEL) / 2)
    return abs(change.value) >= abs(change.value - limit) * wider


def _looks(flow: Flow) -> NDArray[np.float64]:
    """(n,) days of the scenes that could be assessed, in order."""
    return np.unique([_days(stand.time) for one in flow.movements for stand in (one.earlier, one.later)])


def _days(time: dt.datetime) -> float:
    return time.timestamp() / _DAY.total_seconds()


def _watched(left: Brackets, looks: NDArray[np.float64], *, link: Link) -> NDArray[np.bool_]:
    """(n,) which departures could have been seen to arrive."""
    if not len(looks):
        return np.zeros(len(left), bool)
    begin, end = left[:, 0] + link.least_days, left[:, 1] + link.most_days
    inside = np.searchsorted(looks, end, side="right") - np.searchsorted(looks, begin, side="right")
    return np.asarray((looks[0] <= begin) & (looks[-1] >= end) & (inside > 0), bool)


def _answered(left: Brackets, came: Brackets, *, lags: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(lags, n) which departures some arrival can have followed by so many days: the brackets meet."""
    begin, end = (left[None, :, None, side] + lags[:, None, None] for side in (0, 1))
    return np.asarray(((came[:, 0] < end) & (came[:, 1] > begin)).any(axis=2), bool)


def _best(left: _Moves, came: Brackets, *, link: Link) -> tuple[float, float]:
    """The largest share of boxes answered at one lag of the link, and the middle of the lags that give it."""
    lags = np.linspace(link.least_days, link.most_days, _LAGS)
    boxes = _answered(left.brackets, came, lags=lags) @ left.boxes
    best = np.flatnonzero(boxes >= boxes.max() - 1e-9)
    return float(boxes.max() / left.boxes.sum()), float(lags[best[len(best) // 2]])


def _chance(left: _Moves, came: Brackets, *, alike: float, looks: NDArray[np.float64], link: Link) -> float:
    """How often arrivals that keep their spacing, at other times, answer as much."""
    first, span = looks[0], looks[-1] - looks[0]
    hits = 1
    for shift in np.arange(1, _SHIFTS + 1) * span / (_SHIFTS + 1):
        hits += _best(left, _round(came, first=first, span=span, shift=float(shift)), link=link)[0] >= alike - 1e-9
    return hits / (_SHIFTS + 1)


def _round(came: Brackets, *, first: float, span: float, shift: float) -> Brackets:
    """Arrivals moved on by so many days, round the end of the watch to its beginning; one over the end counts at both."""
    begin = (came[:, 0] - first + shift) % span + first
    moved = np.stack([begin, begin + came[:, 1] - came[:, 0]], axis=1)
    return np.concatenate([moved, moved[moved[:, 1] > first + span] - span])


def flow_at(flows: Sequence[Flow], *, site_id: str, zone: str = "") -> Flow | None:
    """Of a site's flows that with the most movements: scenes of different sensors or models are never added up."""
    own = [one for one in flows if (one.site_id, one.zone) == (site_id, zone)]
    return max(own, key=lambda one: len(one.movements), default=None)
