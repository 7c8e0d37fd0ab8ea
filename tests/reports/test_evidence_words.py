"""Evidence in words: nothing is claimed that was not seen, and nothing twice with two meanings."""

from dataclasses import replace

import pytest

from sattrack.reports.evidence_pictures import headline
from tests.reports.invented_case import case_of


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return case_of(tmp_path_factory.mktemp("case"))


def test_a_scene_that_is_not_assessable_has_no_number(case):
    def told(**changed):
        return headline(replace(case.after, count=replace(case.after.count, **changed)))

    number = case.after.count.count
    assert told(observed_fraction=1.0).startswith(f"{number} containers counted (90 % interval ")
    assert told(status="not_assessable", observed_fraction=0.12) == (
        f"not assessable: no number ({number} found), 12 % of the site seen"
    )
    unseen = told(status="not_assessable", count=None, count_low=None, count_high=None, observed_fraction=0.0)
    assert unseen == "not assessable: no number, 0 % of the site seen"
