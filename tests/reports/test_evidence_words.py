"""Evidence in words: nothing is claimed that was not seen, and nothing twice with two meanings."""

from dataclasses import replace

import pytest

from sattrack.changes import Total
from sattrack.reports.evidence_page import page
from sattrack.reports.evidence_pictures import headline
from sattrack.reports.evidence_words import bracket_sentence, judged, not_proved, repeating, seen, unseen
from sattrack.results import CLOUDS_JUDGED
from sattrack.steps.phrasing import bracketed
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


def test_why_kept_and_left_are_more_than_was_counted_is_said_beside_them(case):
    assert case.exchange is not None
    note = "6 boxes were counted at one date only, and are kept: a faint one lies there at the other"
    told = seen(replace(case, exchange=replace(case.exchange, by="boxes", notes=(note,))))
    assert "Arrived and left are lower bounds" in told[-2]
    assert told[-1] == f"{note}."


def test_clouds_that_were_judged_from_the_picture_were_looked_for(case):
    def told(*notes):
        count = replace(case.after.count, cloud_checked=False, notes=notes)
        return [
            one for one in unseen(replace(case, after=replace(case.after, count=count))) if "cloud" in one and "After" in one
        ]

    assert told("another") == ["After: no cloud mask came with the scene: boxes under cloud would be missing unnoticed."]
    assert told(f"{CLOUDS_JUDGED}: hiding 20% of what was looked at") == [
        f"After: {CLOUDS_JUDGED}: hiding 20% of what was looked at.",
        "After: boxes under thin cloud or haze, or in a shadow of cloud, would be missing unnoticed.",
    ]


def test_what_was_expected_has_the_ends_that_the_alert_s_sentence_has(case):
    alert = replace(case.alert, expected=86.2, expected_low=16.6, expected_high=213.4)
    told = replace(case, alert=alert)
    assert bracketed(alert.expected_low, alert.expected_high) == "[16, 214]"
    assert "quiet scenes lie between 16 and 214." in " ".join(judged(told))
    assert "86 (16 to 214)" in page(replace(told, before=None, after=None), {}).decode()


@pytest.mark.parametrize(
    ("kind", "direction", "label", "words"),
    [
        ("scene", "rise", "Seen", "that a count is more than its own past explains"),
        ("scene", "fall", "Seen", "that a count is less than its own past explains"),
        ("scene", "none", "Seen", "how a count stands to its own past"),
        ("cumulative", "rise", "Came in all, at the least", "that the sum of what moved, as far as scenes show it, passed"),
    ],
)
def test_what_an_alert_says_is_told_by_its_kind(case, kind, direction, label, words):
    told = replace(case, alert=replace(case.alert, kind=kind, direction=direction, observed=285), before=None, after=None)
    assert words in " ".join(not_proved(told))
    assert f"<dt>{label}</dt><dd>285</dd>" in page(told, {}).decode()


@pytest.mark.parametrize(
    ("direction", "words"),
    [
        ("fall", "It says that a count is less than the one before, not that this is unusual."),
        ("rise", "It says that a count is more than the one before, not that this is unusual."),
        ("none", "It says that no change is sure."),
    ],
)
def test_what_could_not_be_judged_is_not_said_to_be_more_than_its_past_explains(case, direction, words):
    told = " ".join(not_proved(replace(case, alert=replace(case.alert, level="not_assessable", direction=direction))))
    assert words in told
    assert "own past" not in told


def test_what_became_of_the_boxes_is_told_with_its_intervals(case):
    told = replace(
        case.exchange,
        by="boxes",
        level=0.95,
        kept=Total(38, 29.5, 46.2),
        arrived=Total(152, 120.0, 180.4),
        left=Total(1, 0.3, 9.0),
    )
    said = " ".join(seen(replace(case, exchange=told)))
    assert "boxes: 38 (29 to 47) kept, 152 (120 to 181) arrived, 1 (1 to 9) left (in brackets 95 % intervals). Arrived" in said
    bare = replace(told, kept=Total(38), arrived=Total(152), left=Total(1))
    assert "boxes: 38 kept, 152 arrived, 1 left. Arrived" in " ".join(seen(replace(case, exchange=bare)))


def test_how_to_repeat_it_names_what_runs_the_weights(case):
    assert "with --backend" in " ".join(repeating(case))


def test_what_lies_between_the_two_scenes_is_not_denied(case):
    said = bracket_sentence(case)
    assert "that could be assessed lies between the two" in said
    assert "looked at" not in said
