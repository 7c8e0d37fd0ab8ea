"""Catalogues with anything at any place of their documents: searched or refused, never a traceback."""

import copy
import json
import random

import pytest

from sattrack.errors import SattrackError
from sattrack.readers.catalogues.item_filters import make_filters
from sattrack.readers.catalogues.searching import find_items
from sattrack.settings import Settings
from tests.catalogues.serving import load_apis, load_static
from tests.properties.test_items import changed

_ROOT = "/planetarycomputer.microsoft.com/api/stac/v1"


@pytest.fixture
def limits(served) -> Settings:
    told = Settings(remote_tries=1, remote_timeout_s=2, remote_backoff_s=0, catalogue_requests=40)
    return told.allowing([f"127.0.0.1:{served.port}"])


def test_h10_no_value_at_any_place_of_a_searched_catalogue_is_a_traceback(served, limits) -> None:
    address = load_apis(served)["planetary-computer"]
    landing = served.recorded("planetary-computer/landing.json")
    following = {"rel": "next", "method": "POST", "href": f"{address}/search", "body": {"token": "2"}, "merge": True}
    page = {"type": "FeatureCollection", "features": served.items.pop(_ROOT), "links": [following]}
    found = refused = 0
    for seed in range(80):
        strange = random.Random(seed).random() < 0.5
        served.put(_ROOT, changed(landing, seed) if strange else landing)
        served.put(f"{_ROOT}/search", page if strange else changed(page, seed))
        try:
            told = find_items(address, filters=make_filters(bbox="-120,32,-116,36"), limits=limits)
        except SattrackError:
            refused += 1
        else:
            found += len(told.items) > 0
    assert found + refused > 60
    assert refused > 5


def test_h10_no_value_at_any_place_of_a_static_catalogue_is_a_traceback(served, limits) -> None:
    address = load_static(served)
    whole = {path: json.loads(content) for path, content in served.files.items()}
    found = 0
    for seed in range(80):
        name = random.Random(seed).choice(sorted(whole))
        served.files.clear()
        for path, document in whole.items():
            served.put(path, changed(document, seed) if path == name else copy.deepcopy(document))
        try:
            told = find_items(address, filters=make_filters(span="2024"), limits=limits)
        except SattrackError:
            continue
        found += len(told.items) > 0
    assert found > 20
