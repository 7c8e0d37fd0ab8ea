from sattrack.labels.seen import left_out_sets, seen_sets


def test_a_set_that_one_source_left_out_and_another_had_was_seen() -> None:
    rows = (
        {"name": "tiles", "kind": "labelled", "sets": "a, b", "left_out": "c, d, e"},
        {"name": "tiles", "kind": "labelled", "sets": "c", "left_out": "a, b, d, e"},
        {"name": "older", "kind": "in the starting weights: labelled", "sets": "d"},
    )
    assert left_out_sets(rows) == ("e",)
    assert [name for name in "abcdef" if name in seen_sets(rows)] == ["a", "b", "c", "d"]


def test_sources_that_name_no_sets_have_left_out_what_they_say() -> None:
    assert left_out_sets(({"name": "real", "left_out": "east, west"},)) == ("east", "west")
    assert left_out_sets(({"name": "sea", "kind": "without containers"},)) == ()
