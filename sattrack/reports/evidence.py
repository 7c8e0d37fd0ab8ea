"""Evidence packs: what an alert's pack holds, file by file."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import shapely

from sattrack.reports.canvas import svg
from sattrack.reports.cells import csv_bytes
from sattrack.reports.change_values import write_change_tables
from sattrack.reports.evidence_case import Case
from sattrack.reports.evidence_chart import series_chart
from sattrack.reports.evidence_page import page
from sattrack.reports.evidence_pictures import Drawn, draw, sheet
from sattrack.reports.evidence_readme import readme
from sattrack.reports.evidence_values import Excerpt, alert_json, counts_csv, provenance, site_geojson, sites_of
from sattrack.reports.evidence_words import licences
from sattrack.reports.flows import FLOW_COLUMNS, flow_rows
from sattrack.reports.geopackage import write_geopackage
from sattrack.reports.tables import write_csv
from sattrack.results import Part


def contents(case: Case) -> dict[str, bytes]:
    """Every file of the pack but its digests, by name. The same case gives the same bytes."""
    drawings = {one.role: draw(one, case) for one in case.sights}
    files = {
        "alert.json": alert_json(case),
        "counts.csv": counts_csv(case),
        "provenance.json": provenance(case),
        "settings.yaml": case.settings_file.encode(),
        "LICENCES.txt": ("\n".join(licences(case)) + "\n").encode(),
        **_pictures(case, drawings),
        **_boxes(case),
    }
    if sites_of(case):
        files["site.geojson"] = site_geojson(case)
    if case.exchange is not None and case.lattice is not None:
        files |= _changes(case)
    if case.flow is not None:
        rows = [row for row in flow_rows(case.flow) if row["kind"] in ("movement", "total")]
        files["movements.csv"] = csv_bytes(FLOW_COLUMNS, rows=[[row.get(name) for name in FLOW_COLUMNS] for row in rows])
    drawn = series_chart(case, width=820, height=360, title=case.name, legend=True)
    if drawn is not None:
        files["chart.svg"] = svg(drawn, sheet=True).encode()
    files["page.html"] = page(case, drawings)
    files["README.txt"] = readme(case, files).encode("utf-8", "replace")
    return files


def _pictures(case: Case, drawings: Mapping[str, Drawn]) -> dict[str, bytes]:
    """A picture without pixels has another name: nobody takes a drawing for a scene."""
    return {
        f"{one.role}.png" if one.pixels is not None else f"{one.role}_boxes.png": sheet(drawings[one.role], one, case)
        for one in case.sights
    }


def _boxes(case: Case) -> dict[str, bytes]:
    """All stored boxes of the two scenes at the site, on the globe where they have a place there.

    Without the time of the run, so that the same work done again gives the same bytes.
    """
    parts = {part.scene.part: _at_site(part, case) for one in case.sights for part in one.parts}
    if not parts:
        return {}
    index = case.run.index
    outcomes = tuple(one for one in index.outcomes if one.part in parts)
    excerpt = Excerpt(case.run.folder, replace(index, outcomes=outcomes, created=None), case.counts, sites_of(case))
    with tempfile.TemporaryDirectory() as folder:
        if any(part.scene.grid.georeferenced for part in parts.values()):
            made = write_geopackage(excerpt, parts, Path(folder) / "boxes.gpkg", everything=True)
        else:
            made = write_csv(excerpt, parts, Path(folder) / "boxes.csv", everything=True)
        return {made.name: made.read_bytes()}


def _at_site(part: Part, case: Case) -> Part:
    if case.site is None or case.site.outline is None or case.lattice is None or not part.scene.grid.georeferenced:
        return part
    frame = case.lattice.frame
    x, y = frame.from_pixels(part.detections.quads, grid=part.scene.grid).mean(axis=1).reshape(-1, 2).T
    inside = np.asarray(shapely.contains_xy(frame.polygon(case.site.outline), x, y), bool).reshape(-1)
    return replace(part, detections=part.detections.where(inside))


def _changes(case: Case) -> dict[str, bytes]:
    assert case.exchange is not None
    assert case.lattice is not None
    with tempfile.TemporaryDirectory() as folder:
        made = write_change_tables([(case.exchange, case.lattice.frame)], Path(folder))
        return {f"changes/{path.name}": path.read_bytes() for path in made}
