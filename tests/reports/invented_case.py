"""A case of the invented run: the scene of an alert at its quay, with the one before, painted."""

from dataclasses import replace
from pathlib import Path

from sattrack.assessing import assess_run
from sattrack.reports.evidence_case import Case
from sattrack.settings import Settings
from sattrack.sighting import sighted
from tests.reports.invented_run import PaintedReader, port


def case_of(folder: Path, *, imagery: bool = True, name: str = "North Quay", gone: frozenset[str] = frozenset()) -> Case:
    """The newest scene of the whole quay that has boxes before and after it."""
    run, parts = port(folder, name=name)
    found = assess_run(run, settings=Settings())
    series = next(one for one in found.series if (one.site_id, one.zone) == ("quay", ""))
    own = tuple(one for one in found.alerts if (one.site_id, one.zone) == ("quay", ""))
    alert = next(one for one in reversed(own) if one.observed and one.history >= 5)
    scenes = {one.scene_id for one in series.observations}
    counts = tuple(c for c in run.counts if (c.site_id, c.zone) == ("quay", "") and c.scene_id in scenes)
    site = next(one for one in run.sites if (one.id, one.zone) == ("quay", ""))
    case = Case(
        alert=replace(alert, level="alert", direction="rise"), series=series, alerts=own, counts=counts, site=site, run=run,
        settings=Settings(), settings_file="threshold: 0.3\n", versions={"sattrack": "0.1.0"}, imagery=imagery,
    )  # fmt: skip
    return sighted(case, parts, reader=PaintedReader(parts, gone=gone), remote=False)
