"""Items with anything at any place: read, refused or failed alone, never a traceback; their list reads as they do."""

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from sattrack.errors import SattrackError
from sattrack.readers.catalogues.choosing_assets import choose
from sattrack.readers.catalogues.item_files import pick, read_items
from sattrack.readers.catalogues.item_filters import EVERYTHING, Filters, wanted
from sattrack.readers.catalogues.item_lists import write_items
from sattrack.readers.catalogues.items import Item, Unread
from sattrack.readers.catalogues.spans import read_span
from sattrack.settings import Settings
from tests.catalogues.serving import RECORDED

JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1e308, -1e308, 10**400, 0.5, "", " ", "a\0b", "x" * 5000, "../../etc/passwd",
    "http://[::1", "https://h:99999/a",
    "//h/a", "2023-13-45", "9999-12-31T23:59:59Z", [], [None], [[]], {}, {"": None}, [1, 2, 3, 4], ["a"] * 4,
    [180, -90, -180, 90], {"type": "Polygon", "coordinates": []}, {"type": "Point", "coordinates": [0, 0]}, [{"rel": "self"}],
    [{"rel": "self", "href": 5}], {"visual": None}, {"visual": {"href": None}}, [{"common_name": 5}], [{"name": []}],
)  # fmt: skip
FILES = sorted(path for path in RECORDED.rglob("*.json") if json.loads(path.read_text()).get("type") == "Feature")
FILTERS = Filters(max_cloud=50, max_off_nadir=30, span=read_span("2000/.."), sites=(), max_items=3)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, one in inner for each in places(one, (*path, key)))]


def changed(item: dict[str, Any], seed: int) -> Any:
    """An item with one to three of its values replaced by junk, or taken away."""
    chance = random.Random(seed)
    made: Any = copy.deepcopy(item)
    for _ in range(chance.randint(1, 3)):
        path = chance.choice(places(made))
        if not path:
            continue
        holder = made
        for key in path[:-1]:
            holder = holder[key]
        if chance.random() < 0.15:
            del holder[path[-1]]
        else:
            holder[path[-1]] = copy.deepcopy(chance.choice(JUNK))
    return made


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_h10_no_value_at_any_place_of_an_item_is_a_traceback(path: Path, tmp_path: Path) -> None:
    item = json.loads(path.read_text())
    to = tmp_path / "items.json"
    read = 0
    for seed in range(60):
        to.write_text(json.dumps({"type": "FeatureCollection", "features": [changed(item, seed * 7 + n) for n in range(3)]}))
        try:
            found = read_items(to, limits=Settings())
            picked = pick(to, filters=FILTERS, limits=Settings(), allow_remote=True)
        except SattrackError:
            continue
        assert all(one.fault is None or isinstance(one.fault, SattrackError) for one in picked.picks)
        json.dumps([(one.path, one.name, one.scene, one.hints.sensor, one.hints.source) for one in picked.picks]).encode()
        kept = wanted([one for one in found if isinstance(one, Item)], EVERYTHING)[0]
        read += len(kept)
        try:
            write_items(tmp_path / "list.json", kept, asked={}, collections={})
        except SattrackError:
            continue
        again = read_items(tmp_path / "list.json", limits=Settings())
        assert not [one for one in again if isinstance(one, Unread)]
        assert [_choice(one) for one in again if isinstance(one, Item)] == [_choice(one.item) for one in kept]
    assert read > 20


def _choice(item: Item) -> Any:
    try:
        choice = choose(item)
    except SattrackError as error:
        return error.message
    return choice.asset.key, choice.bands, choice.gsd_m


def test_h10_half_a_character_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "items.json").write_text('{"type": "Feature", "stac_version": "1.0.0", "id": "\\ud800"}')
    with pytest.raises(SattrackError, match="half a character"):
        read_items(tmp_path / "items.json", limits=Settings())
    (tmp_path / "items.json").write_text('{"type": "Feature", "stac_version": "1.0.0", "id": "\\ud83d\\ude00"}')
    (one,) = read_items(tmp_path / "items.json", limits=Settings())
    assert one.id == "\U0001f600"
