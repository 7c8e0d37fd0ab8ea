"""Chains of sites from YAML: what is told, and what is refused with the key that is wrong."""

from pathlib import Path

import pytest

from sattrack.errors import SettingsError
from sattrack.flows import Link, Place
from sattrack.readers.chains import read_chain

GOOD = """
name: A to B
places:
  - {site_id: a, role: origin}
  - {site_id: b, role: destination, zone: quay, name: Quay of B}
links:
  - {from: a, to: b, days: [2, 9]}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "chain.yaml"
    path.write_text(text)
    return path


def test_places_and_links_are_read(tmp_path):
    chain = read_chain(written(tmp_path, GOOD))
    assert chain.name == "A to B"
    assert chain.places == (Place("a", "origin"), Place("b", "destination", "quay", "Quay of B"))
    assert chain.links == (Link("a", "b", 2, 9),)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("role: origin", "role: source", "places.0.role"),
        ("name: A to B", "name: A to B\ncolour: red", "colour: is not known"),
        ("days: [2, 9]", "days: [2]", "links.0.days"),
        ("days: [2, 9]", "days: [two, 9]", "links.0.days.0"),
        ("to: b", "to: c", "names 'c', which is no place of the chain"),
        ("to: b", "to: a", "from 'a' to itself"),
        ("links:", "links:\n  - {from: a, to: b, days: [1, 3]}", "from 'a' to 'b' is there twice"),
        ("site_id: b", "site_id: a", "'a' is there twice"),
        ("name: A to B", "name: A to B\nname: again", "is there twice"),
        ("links:", "bonds:", "links: field required"),
        ("- {from", "- &x {from", "anchors"),
    ],
)
def test_what_is_wrong_is_named_with_its_key_and_the_file(tmp_path, old, new, said):
    path = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(SettingsError) as caught:
        read_chain(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b\n", "{", "\x00"])
def test_what_is_no_chain_is_refused(tmp_path, text):
    with pytest.raises(SettingsError):
        read_chain(written(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        read_chain(tmp_path / "none.yaml")
