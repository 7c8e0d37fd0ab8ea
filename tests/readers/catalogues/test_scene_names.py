"""Items of one acquisition are one scene at one time; of others never, however alike their names."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from sattrack.readers.catalogues.item_files import file_name
from sattrack.readers.finding import Source, find_sources


def row(path: Path, name: str, file: str, *, time: str = "2024-05-01T10:00:00Z", **more: Any) -> dict[str, Any]:
    (path / file).write_bytes(b"II*\0")
    return {"type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "made", "geometry": None, "links": [],
            "properties": {"datetime": time, "platform": "WV02"}, "assets": {"visual": {"href": file, "roles": ["visual"]}},
            **more}  # fmt: skip


def sources(path: Path, *items: dict[str, Any]) -> list[Source]:
    (path / "items.json").write_text(json.dumps({"type": "FeatureCollection", "features": list(items)}))
    return find_sources([str(path / "items.json")])


def test_tiles_a_fraction_of_a_second_apart_are_one_scene_at_the_first_ones_time(tmp_path: Path) -> None:
    later = row(tmp_path, "a", "a.tif", time="2024-05-01T10:00:07.900Z")
    sooner = row(tmp_path, "b", "b.tif", time="2024-05-01T10:00:07.125Z")
    found = sources(tmp_path, later, sooner)
    assert len({one.scene_id for one in found}) == 1
    assert [f"{one.hints.acquired:%S.%f}" for one in found] == ["07.125000", "07.125000"]


def test_lists_that_share_a_part_of_an_acquisition_are_read_together_whatever_their_order(tmp_path: Path) -> None:
    parts = {name: row(tmp_path, name, f"{name}.tif") for name in "abc"}
    for file, names in {"west": "ab", "east": "b", "south": "c"}.items():
        document = {"type": "FeatureCollection", "features": [parts[name] for name in names]}
        (tmp_path / f"{file}.json").write_text(json.dumps(document))
    lists = [str(tmp_path / f"{name}.json") for name in ("west", "east", "south")]
    for order in itertools.permutations(lists):
        found = find_sources(list(order))
        assert [one.part for one in found] == ["a", "b", "c"]
        assert {one.scene_id for one in found} == {"made-WV02-20240501T100000"}


def test_of_a_folder_of_fetched_pictures_it_is_said_that_their_list_tells_more(tmp_path: Path) -> None:
    sources(tmp_path, row(tmp_path, "a", "a.tif"), row(tmp_path, "b", "b.tif"))
    said: list[str] = []
    assert len(find_sources([str(tmp_path)], told=said.append)) == 2
    (line,) = said
    assert line.startswith(f"{tmp_path / 'items.json'} lists what was fetched into this folder")
    find_sources([str(tmp_path / "items.json")], told=said.append)
    assert len(said) == 1


def test_one_id_in_two_collections_is_two_scenes(tmp_path: Path) -> None:
    one = row(tmp_path, "same", "a.tif", collection="first")
    other = row(tmp_path, "same", "b.tif", collection="second", time="2024-06-01T10:00:00Z")
    found = sources(tmp_path, one, other)
    assert [one.hints.acquired and one.hints.acquired.month for one in found] == [5, 6]
    assert found[0].scene_id == "same"
    assert found[1].scene_id.startswith("same-")
    assert [one.scene_id for one in sources(tmp_path, other, one)] == [one.scene_id for one in found]


@pytest.mark.parametrize(("one", "other"), [("a b", "a/b"), ("x" * 130 + "1", "x" * 130 + "2"), ("Same", "same")])
def test_ids_that_a_name_folds_together_are_two_scenes(tmp_path: Path, one: str, other: str) -> None:
    found = sources(tmp_path, row(tmp_path, one, "a.tif"), row(tmp_path, other, "b.tif", time="2024-06-01T10:00:00Z"))
    assert len({each.scene_id.casefold() for each in found}) == 2
    assert len({each.part.casefold() for each in found}) == 2


def test_an_id_that_stands_twice_does_not_join_what_failed_to_what_is_read(tmp_path: Path) -> None:
    found = sources(tmp_path, row(tmp_path, "twice", "a.tif"), row(tmp_path, "twice", "b.tif"))
    assert len(found) == 2
    assert len({one.scene_id for one in found}) == 2


@pytest.mark.parametrize("name", ["港" * 120, "a" * 300, "é" * 61])
def test_h10_a_name_is_cut_to_what_a_disk_holds(name: str, tmp_path: Path) -> None:
    cut = file_name(name)
    assert 60 <= len(cut.encode()) <= 120
    assert name.startswith(cut)
    (tmp_path / f".{cut}_qa_pixel.tiff.0123456789ab.part").touch()
