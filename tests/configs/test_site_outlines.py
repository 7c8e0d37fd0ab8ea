import pytest

from sattrack.assets import asset_folder
from sattrack.readers.outlines.files import read_outlines

FILES = sorted((asset_folder("configs") / "sites").glob("*.geojson"))


def test_the_yardstick_case_and_three_large_ports_are_there():
    assert {path.stem for path in FILES} == {
        "rajin", "dunai", "tikhoretsk", "busan", "rotterdam", "los-angeles-long-beach"
    }  # fmt: skip


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_outline_is_read_without_repair_and_says_that_it_is_approximate(path):
    sites, notes = read_outlines(path)
    assert notes == ()
    for site in sites:
        assert site.notes.startswith("Approximate outline")
        assert "check it against imagery" in site.notes
        assert site.kind
