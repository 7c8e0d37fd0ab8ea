"""Running totals: what left and came up to each scene of a series, as it was known on that scene's day."""

import datetime as dt
from dataclasses import dataclass

from sattrack.flows import Moved
from sattrack.steps.summing import moved
from sattrack.steps.two_scenes import whole_site
from sattrack.timeline import Series


@dataclass(frozen=True, slots=True)
class Standing:
    """The totals of the scenes up to a time."""

    time: dt.datetime
    departed: Moved
    arrived: Moved


def running_totals(series: Series, *, since: dt.datetime, until: dt.datetime, most: int = 120) -> list[Standing]:
    """The totals at each assessable scene of a period, nought at its first; of very many scenes only about `most`, evenly.

    What is known later may lower an earlier total: each is of its own day.
    """
    seen = [one for one in series.assessable if since <= one.datetime <= until]
    wholes = [whole_site(one) for one in seen]
    known = all(one.bounded for one in seen)
    step = max(1, -(-len(seen) // most))
    rows = sorted({*range(0, len(seen), step), len(seen) - 1} if seen else ())
    return [Standing(seen[k].datetime, *moved(wholes[: k + 1], known=known)) for k in rows]
