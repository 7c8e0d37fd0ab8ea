"""A watch over a list of items: what is new of the list is counted, as with a folder."""

import json

from tests.cli.conftest import write_scene
from tests.faults.test_items import item, write_items


def test_a_watch_counts_what_is_new_of_an_item_list(sattrack, detectors, site, tmp_path) -> None:
    folder = tmp_path / "got"
    folder.mkdir()
    items = []
    for day in range(4):
        write_scene(folder / f"day_{day}.tif", boxes=8, seed=day)
        items.append(item(f"yard-{day}", f"day_{day}.tif", properties={"datetime": f"2024-05-0{day + 1}T10:00:00Z"}))
    (tmp_path / "watch.yaml").write_text(
        "settle_seconds: 0\nwatches:\n  - {name: pier, inputs: [got/items.json], sites: site.geojson}\n"
    )
    words = ("watch", tmp_path / "watch.yaml", "--detector", "bright_boxes:Bright")
    for known, code in ((2, 0), (4, 0)):
        write_items(folder / "items.json", *items[:known])
        said = sattrack(*words)
        assert said.code == code, said.err
        (row,) = json.loads((tmp_path / "watched" / "status.json").read_text())["watches"][0]["sites"]
        assert (row["scene_id"], row["count"]) == (f"yard-{known - 1}", 4)
    write_items(folder / "items.json", *items, item("gone", "gone.tif"))
    said = sattrack(*words)
    assert said.code == 3
    assert "gone.tif is not beside the item file" in said.out + said.err
