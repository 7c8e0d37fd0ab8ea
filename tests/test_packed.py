"""Packed rows give back what was put into them, in little memory; and a lookup finds every place of a word."""

import hashlib
import random
import tracemalloc
from array import array
from dataclasses import replace

import pytest

from sattrack.imagery import Grid, Scene
from sattrack.packed import Lookup, Made, Packed, in_order
from sattrack.results import SceneOutcome

_SCENE = Scene("s", "/in/s.tif", Grid((200, 200), (0.5, 0.5), "EPSG:32652", (0.5, 0.0, 5e5, 0.0, -0.5, 4.7e6)), (1,), "uint8")


def outcome(number: int) -> SceneOutcome:
    sha256 = hashlib.sha256(str(number).encode()).hexdigest()
    name, location = f"port_{number:07d}", f"/pictures/port_{number:07d}.tif"
    scene = replace(_SCENE, id=name, part=name, location=location)
    return SceneOutcome(name, name, location, "done", key=sha256[:40], sha256=sha256[::-1], scene=scene)


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 300])
def test_what_was_put_in_comes_out(length: int) -> None:
    values = [("a", number) for number in range(length)]
    packed = Packed(values)
    assert (len(packed), list(packed), packed == values, packed == tuple(values)) == (length, values, True, True)
    assert packed != [*values, ("a", 0)]
    assert [packed[number] for number in range(length)] == values
    assert list(reversed(packed)) == values[::-1]
    assert packed[1:-1] == tuple(values[1:-1])
    for beyond in (length, -length - 1):
        with pytest.raises(IndexError):
            packed[beyond]


def test_it_is_walked_through_from_several_places_at_once() -> None:
    packed = Packed(range(1_000))
    assert [(one, packed[999 - number], packed[number]) for number, one in enumerate(packed)] == [
        (number, 999 - number, number) for number in range(1_000)
    ]


def test_values_are_made_when_they_are_asked_for() -> None:
    asked = []
    made = Made(array("L", [5, 3, 8]), lambda place: asked.append(place) or 10 * place)
    assert (len(made), made[1], made[-1], made[1:], list(made)) == (3, 30, 80, (30, 80), [50, 30, 80])
    assert asked == [3, 8, 3, 8, 5, 3, 8]
    with pytest.raises(IndexError):
        made[3]


def test_s14_an_outcome_takes_little_memory() -> None:
    tracemalloc.start()
    try:
        packed = Packed(outcome(number) for number in range(20_000))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert packed[5_000] == outcome(5_000)
    assert taken / 20_000 < 150


@pytest.mark.parametrize("length", [0, 5, 10_000])
def test_s14_rows_are_sorted_as_if_all_were_in_memory(length: int) -> None:
    pick = random.Random(7)
    values = [(pick.randrange(50), number) for number in range(length)]
    for reverse in (False, True):
        found = in_order(values, key=lambda one: one[0], reverse=reverse)
        assert list(found) == sorted(values, key=lambda one: one[0], reverse=reverse)


def test_s14_a_lookup_finds_every_place_of_a_word_and_no_other() -> None:
    words = ["b", "a", "b", "", "é" * 90, "a", "\ud800", "b"]
    lookup = Lookup(words)
    assert {word: lookup.places(word) for word in words} == {
        "b": [0, 2, 7], "a": [1, 5], "": [3], "é" * 90: [4], "\ud800": [6],
    }  # fmt: skip
    assert (len(lookup), "a" in lookup, "c" in lookup, lookup.places("c")) == (8, True, False, [])
    assert list(lookup.groups()) == [[0, 2, 7], [1, 5], [3], [4], [6]]
    assert (list(Lookup([]).groups()), Lookup([]).places("a")) == ([], [])
