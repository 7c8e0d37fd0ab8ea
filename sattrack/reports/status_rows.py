"""The rows of the status page: of each site the newest scene of a run, and the scenes that were not counted."""

import datetime as dt
from collections.abc import Sequence

from sattrack.ports import Finished
from sattrack.reports.status_page import NO_SCENE, STATES, SiteRow, Trouble
from sattrack.timeline import Alert, Count, Site


def rows_of(run: Finished, alerts: Sequence[Alert]) -> tuple[SiteRow, ...]:
    """A row for each site and zone: its newest scene that was counted or could not be assessed, and what was made of it."""
    return tuple(_row(site, run.counts, alerts) for site in run.sites if not site.excludes)


def _row(site: Site, counts: Sequence[Count], alerts: Sequence[Alert]) -> SiteRow:
    own = [
        one
        for one in counts
        if (one.site_id, one.zone) == (site.id, site.zone) and one.status in ("done", "not_assessable") and one.datetime
    ]
    if not own:
        return SiteRow(site.id, site.name, site.zone, NO_SCENE, why="No scene with a known time reaches it.")
    last = max(own, key=lambda one: (one.datetime or dt.datetime.min, one.scene_id))
    of_site = [one for one in alerts if (one.site_id, one.zone) == (site.id, site.zone)]
    of_scene = sorted((one for one in of_site if one.scene_id == last.scene_id), key=lambda one: STATES.index(one.level))
    why = of_scene[0].sentence if of_scene else "; ".join(last.notes)
    return SiteRow(
        site.id, site.name, site.zone, of_scene[0].level if of_scene else "not_assessable", last.scene_id, last.datetime,
        last.count, last.count_low, last.count_high, last.observed_fraction, why,
        max((one.datetime for one in of_site if one.level == "alert"), default=None), last.status == "done",
    )  # fmt: skip


def troubles_of(run: Finished) -> tuple[Trouble, ...]:
    """The scenes that failed or were refused, their reasons without the path that stands before them."""
    bad = [one for one in run.index.outcomes if one.status in ("failed", "refused")]
    return tuple(Trouble(one.part, one.status, one.reason.removeprefix(f"{one.location}: ")) for one in bad)
