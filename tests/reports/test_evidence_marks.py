"""Evidence in the lists of alerts: a pack's place stands in them as they would have told it themselves."""

import csv
import json
from dataclasses import replace

from sattrack.reports.alerts import write_alerts
from sattrack.reports.evidence_marks import mark_evidence
from tests.reports.test_alarm_marks import alert


def test_the_name_of_a_pack_is_no_formula(tmp_path) -> None:
    marked, listed = tmp_path / "marked", tmp_path / "listed"
    one = alert(1)
    write_alerts([one], marked)
    mark_evidence(marked, one.id, path="=x.zip")
    write_alerts([replace(one, evidence_path="=x.zip")], listed)
    with (marked / "alerts.csv").open(newline="") as file:
        assert [row["evidence_path"] for row in csv.DictReader(file)] == ["'=x.zip"]
    assert json.loads((marked / "alerts.json").read_text())[0]["evidence_path"] == "=x.zip"
    assert all((marked / path.name).read_bytes() == path.read_bytes() for path in listed.iterdir())
