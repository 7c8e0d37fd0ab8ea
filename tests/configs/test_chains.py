import json

import pytest

from sattrack.assets import asset_folder
from sattrack.readers.chains import read_chain

CHAINS = sorted((asset_folder("configs") / "chains").glob("*.yaml"))


def test_the_yardstick_chain_is_there():
    (chain,) = (read_chain(path) for path in CHAINS if path.stem == "rajin-dunai-tikhoretsk")
    assert [(place.site_id, place.role) for place in chain.places] == [
        ("rajin", "origin"), ("dunai", "transit"), ("tikhoretsk", "destination")
    ]  # fmt: skip
    assert chain.sources


@pytest.mark.parametrize("path", CHAINS, ids=lambda path: path.stem)
def test_every_place_has_an_outline(path):
    outlines = (asset_folder("configs") / "sites").glob("*.geojson")
    known = {f["properties"]["site_id"] for one in outlines for f in json.loads(one.read_text())["features"]}
    assert {place.site_id for place in read_chain(path).places} <= known
