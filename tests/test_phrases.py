"""Phrases: one is told as one, and many names as few."""

from sattrack.phrases import first_of, some


def test_one_is_told_as_one_and_the_rest_as_many() -> None:
    assert [some(n, "scene") for n in (0, 1, 2, 1200)] == ["0 scenes", "1 scene", "2 scenes", "1,200 scenes"]
    assert [some(n, "box was", "boxes were") for n in (1, 3)] == ["1 box was", "3 boxes were"]


def test_many_names_are_told_as_few_and_how_many_more() -> None:
    assert [first_of("abc"[:n], most=2) for n in range(4)] == ["", "a", "a, b", "a, b and 1 more"]
