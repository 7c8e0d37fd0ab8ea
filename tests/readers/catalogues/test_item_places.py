"""Where the files of items lie, and what of their addresses is kept, told and written."""

import json
from pathlib import Path
from typing import Any

import pytest

from sattrack.errors import SceneError
from sattrack.readers.catalogues.item_files import pick
from sattrack.readers.catalogues.item_filters import EVERYTHING, Wanted
from sattrack.readers.catalogues.item_lists import write_items
from sattrack.readers.catalogues.item_places import place_of
from sattrack.readers.catalogues.items import Item, read_item
from sattrack.readers.catalogues.kept_keys import keep_keys
from sattrack.readers.remote.places import address_of
from sattrack.settings import Settings

ABOVE = "https://example.org/stac/items/one.json"


def raw(name: str, href: str, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "made", "geometry": None,
            "properties": {"datetime": "2024-05-01T10:00:00Z"}, "links": [],
            "assets": {"visual": {"href": href, "type": "image/tiff", "roles": ["visual"]}}, **more}  # fmt: skip


def made(name: str, href: str, *, base: str = ABOVE, **more: Any) -> Item:
    return read_item(raw(name, href, **more), where=name, base=base)


def saved(path: Path, *items: Item) -> list[dict[str, Any]]:
    write_items(path, [Wanted(one) for one in items], asked={}, collections={})
    found: list[dict[str, Any]] = json.loads(path.read_text())["features"]
    return found


def test_two_pictures_that_differ_in_the_query_alone_are_two_places(tmp_path: Path) -> None:
    (tmp_path / "items.json").write_text(
        json.dumps(
            {"type": "FeatureCollection", "features": [raw(n, f"https://example.org/get?file={n}.tif") for n in ("a", "b")]}
        )
    )
    picks = pick(tmp_path / "items.json", filters=EVERYTHING, limits=Settings(), allow_remote=True).picks
    assert [(one.name, address_of(one.path)) for one in picks] == [
        (name, f"https://example.org/get?file={name}.tif") for name in ("a", "b")
    ]
    assert all("file=" not in one.path for one in picks)


def test_a_saved_list_names_the_same_files_whatever_is_in_their_names(tmp_path: Path) -> None:
    names = ["port:1.tif", "a b.tif", "q%20r.tif", "s#1.tif", "t?x.tif", "港.tif"]
    for name in names:
        (tmp_path / name).touch()
    saved(tmp_path / "saved.json", *(made(f"i{n}", f"./{name}", base=str(tmp_path)) for n, name in enumerate(names)))
    picked = pick(tmp_path / "saved.json", filters=EVERYTHING, limits=Settings(), allow_remote=False)
    assert sorted(Path(one.path).name for one in picked.picks) == sorted(names)


def test_a_search_keeps_a_query_only_where_one_is_known_for_a_plain_address() -> None:
    signed = made("signed", "https://example.org/keys/s.tif?sig=one")
    shared = [made(name, f"https://example.org/keys/get.tif?file={name}") for name in ("a", "b")]
    kept, refused = keep_keys([Wanted(one) for one in (signed, *shared)], limits=Settings())
    assert [one.item.id for one in kept] == ["signed"]
    assert address_of("https://example.org/keys/s.tif") == "https://example.org/keys/s.tif?sig=one"
    assert [(one.id, "nothing but what stands behind the ?" in one.error.message) for one in refused] == [
        ("a", True), ("b", True),
    ]  # fmt: skip
    assert address_of("https://example.org/keys/get.tif") == "https://example.org/keys/get.tif"


@pytest.mark.parametrize(
    ("href", "written"),
    [
        ("/data/a.tif?sig=GEHEIM", "https://example.org/data/a.tif"),
        ("a.tif?sig=GEHEIM", "https://example.org/stac/items/a.tif"),
        ("//other.org/a.tif?sig=GEHEIM", "//other.org/a.tif"),
        ("gs://bucket/a.tif?sig=GEHEIM", "gs://bucket/a.tif"),
        ("//[bad/a.tif?sig=GEHEIM", "//[bad/a.tif"),
    ],
)
def test_h11_no_address_of_a_remote_item_is_written_with_its_key(href: str, written: str, tmp_path: Path) -> None:
    (item,) = saved(tmp_path / "list.json", made("a", href))
    assert item["assets"]["visual"]["href"] == written
    assert "GEHEIM" not in (tmp_path / "list.json").read_text()


def test_h11_no_address_of_an_item_in_a_file_is_written_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "why?.tif").write_bytes(b"II*\0")
    here = [
        made(str(n), href, base=str(tmp_path)) for n, href in enumerate(("a.tif?sig=GEHEIM", "ftp://h/a?GEHEIM", "why?.tif"))
    ]
    written = [item["assets"]["visual"]["href"] for item in saved(tmp_path / "list.json", *here)]
    assert written == ["a.tif", "ftp://h/a", "why?.tif"]


@pytest.mark.parametrize(
    ("href", "own"), [("a.tif", "https://[x/i.json"), ("x" * 5000 + ".tif", None), ("x" * 5000 + ".tif", "https://[x/i.json")]
)
def test_h10_an_address_that_no_disk_and_no_host_holds_fails_its_item_alone(href: str, own: str | None, tmp_path: Path) -> None:
    links = [{"rel": "self", "href": own}] if own else []
    item = made("a", href, base=str(tmp_path), links=links)
    with pytest.raises(SceneError, match=r"no address beside|not beside the item file"):
        place_of(href, item, allow_remote=True)
