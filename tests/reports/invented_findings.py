"""Invented findings for the tests of the page: a quay that fills and ships, a depot down the chain, hand-made numbers."""

import datetime as dt
from pathlib import Path

import numpy as np

from sattrack.findings import Findings
from sattrack.flows import Chain, Link, Place
from sattrack.reporting import findings_of
from sattrack.results import Part
from sattrack.running import Run
from sattrack.timeline import Site
from tests.reports.invented_run import boxes, outline, part_of, run_of

BEGIN = dt.datetime(2025, 3, 4, 2, 11, tzinfo=dt.UTC)
# Boxes at the quay by scene: a quiet past, then three fillings and shipments.
QUAY = (24, 27, 22, 25, 29, 23, 26, 24, 28, 25, 210, 18, 24, 190, 12, 22, 205, 15)
DEPOT = (30, 31, 29, 30, 32, 30, 28, 31, 30, 29, 31, 30, 110, 108, 109, 180, 178, 181)
SURGE = 10
CHAIN = Chain(
    "Quay to depot", (Place("quay", "origin"), Place("depot", "destination"), Place("nowhere", "transit", name="Nowhere")),
    (Link("quay", "depot", 1, 12),), sources="nobody",
)  # fmt: skip


def surge(folder: Path, *, scenes: int = len(QUAY), name: str = "North Quay") -> tuple[Run, dict[str, Part]]:
    """The run: a scene a week of two sites, all of them seen whole."""
    sites = (Site("quay", name, outline(200, 150, 1100, 760)), Site("depot", "Rail depot", outline(1250, 700, 1900, 1250)))
    parts: dict[str, Part] = {}
    for i in range(scenes):
        quads = np.concatenate(
            [boxes(QUAY[i], left=240, top=200, seed=i, per_row=20), boxes(DEPOT[i], left=1290, top=740, seed=i, per_row=16)]
        )
        part = part_of(f"week_{i:02d}", quads=quads, acquired=BEGIN + dt.timedelta(days=7 * i))
        parts[part.scene.part] = part
    return run_of(parts, folder=folder, sites=sites), parts


def surge_findings(run: Run, *, amounts: tuple[float, ...] = (300,)) -> Findings:
    return findings_of(run, amounts=amounts, chain=CHAIN)
