"""From a search to a report: the recorded catalogues with drawn pictures in the place of theirs."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from sattrack.stores.locking import alone_in
from tests.catalogues.serving import load_apis, load_static
from tests.cli.conftest import write_site
from tests.faults.conftest import UTM, write, yard
from tests.faults.test_network import middle_site

_BRIGHT = ("--detector", "bright_boxes:Bright")
_VISUAL = "/maxar/events/Port-fire-24/ard/52/120020203113/2024-05-03/10400100ABCDEF00-visual.tif"


def digests(run: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((run / "parts").glob("*.parquet"))}


def api_item(served, *, name: str, day: int, path: str, **properties) -> dict:
    """An item of an API over the drawn pictures."""
    item = served.recorded("planetary-computer/naip.json")
    item["id"], item["bbox"] = name, [128.99, 35.24, 129.01, 35.25]
    item["geometry"] = shapely.geometry.mapping(shapely.box(*item["bbox"]))
    item["properties"] |= {"datetime": f"2024-05-{day:02}T02:11:20Z", "platform": "WV02", "gsd": 0.5, **properties}
    item["properties"].pop("proj:transform")
    item["assets"]["image"] = {**item["assets"]["image"], "href": f"{served.base}{path}"}
    return item


def large_picture(path: Path, *, side: int) -> Path:
    """A COG in colour as Maxar's: dark ground, 12 boxes in its middle, away from them roofs so bright that its stretch spans
    both.
    """
    tile = np.random.default_rng(3).integers(30, 60, (3, 512, 512)).astype(np.uint8)
    ground, middle = np.tile(tile, (1, side // 512, side // 512)), side // 2
    ground[:, 1024:2304, 1024:2304] = 250
    ground[:, middle : middle + 200, middle : middle + 300] = yard(12)
    return write(path, ground, driver="COG", blocksize=256, compress="jpeg", quality=90, overviews="auto")


def put_yard(served, path: str, tmp_path: Path, *, boxes: int, **how) -> bytes:
    served.files[path] = write(tmp_path / "put.tif", yard(boxes, **how), driver="COG", blocksize=128).read_bytes()
    return served.files[path]


@pytest.fixture
def api(served, tmp_path) -> str:
    """An API with five scenes of one place, a day apart; the address of its landing page."""
    root = load_apis(served)["planetary-computer"]
    items = [api_item(served, name=f"yard-{day}", day=day, path=f"/pictures/yard-{day}.tif", **{"eo:cloud_cover": 10.0 * day})
             for day in (1, 2, 3, 4, 5)]  # fmt: skip
    served.items["/planetarycomputer.microsoft.com/api/stac/v1"] = items
    for day in (1, 2, 3, 4, 5):
        put_yard(served, f"/pictures/yard-{day}.tif", tmp_path, boxes=12 + 4 * (day % 2), seed=day)
    return root


@pytest.mark.slow
def test_one_command_goes_from_search_to_report_and_reads_a_twentieth_of_a_scene(
    sattrack, served, host, detectors, tmp_path
) -> None:
    raster = large_picture(tmp_path / "large.tif", side=8192)
    served.files[_VISUAL] = raster.read_bytes()
    site = middle_site(tmp_path / "site.geojson", raster=raster, share=0.01)
    said = sattrack(
        "detect", "--catalogue", load_static(served), "--sites", site, "--datetime", "2024-05", "--allow-remote", *host,
        "-o", tmp_path / "run", "--json", *_BRIGHT,
    )  # fmt: skip
    assert said.code == 0, said.err
    (scene,) = said.json["scenes"]
    assert (scene["status"], scene["boxes"]) == ("done", 12)
    assert Path(said.json["report"]).is_file()
    (told,) = json.loads((tmp_path / "run" / "timings.json").read_text()).values()
    size = raster.stat().st_size
    assert told["of_bytes"] == size
    assert 0 < told["read_bytes"] < 0.05 * size
    # The run's own line, and what the server sent, for the page too.
    assert f"of {size / 1e6:.1f} MB of 10400100ABCDEF00-visual.tif" in said.err
    assert served.pictures_read() < 0.05 * size
    (count,) = said.json["counts"]
    assert (count["datetime"], count["datetime_source"], count["sensor"]) == ("2024-05-03T02:11:20Z", "item", "WV02")


def test_the_saved_list_repeats_the_run_to_the_same_bytes(sattrack, served, host, detectors, site, api, tmp_path) -> None:
    once = sattrack("detect", "--catalogue", api, "--collection", "naip", "--sites", site, "--allow-remote", *host, "-o",
                    tmp_path / "once", "--json", "--no-report", *_BRIGHT)  # fmt: skip
    assert once.code == 0, once.err
    found = sattrack("fetch", api, "--collection", "naip", "--sites", site, *host, "-o", tmp_path / "found.json")
    assert found.code == 0, found.err
    again = sattrack("detect", tmp_path / "found.json", "--sites", site, "--allow-remote", *host, "-o", tmp_path / "again",
                     "--json", "--no-report", *_BRIGHT)  # fmt: skip
    assert [count["count"] for count in again.json["counts"]] == [8, 6, 8, 6, 8]
    assert digests(tmp_path / "once") == digests(tmp_path / "again")
    assert len(digests(tmp_path / "once")) == 5
    assert (tmp_path / "once" / "items.json").read_bytes() == (tmp_path / "found.json").read_bytes()


@pytest.mark.parametrize("get_only", [False, True])
def test_a_search_is_paged_by_post_and_by_get(get_only, sattrack, served, host, api, site, tmp_path) -> None:
    served.get_only = get_only
    said = sattrack("fetch", api, "--sites", site, "--datetime", "2024-05-02/2024-05-04", *host, "--json")
    assert said.code == 0, said.err
    assert [row["item"] for row in said.json["items"]] == ["yard-2", "yard-3", "yard-4"]
    pages = [one for one in served.asked if one.path.endswith("/search")]
    assert [one.method for one in pages] == (["POST", "GET", "GET"] if get_only else ["POST", "POST"])
    assert served.pictures_read() == 0


def test_an_answer_of_a_search_that_is_given_by_its_address_is_read_to_its_last_page(sattrack, served, host, api, tmp_path):
    said = sattrack("fetch", f"{api}/search?bbox=128,35,130,36", *host, "--json")
    assert said.code == 0, said.err
    assert [row["item"] for row in said.json["items"]] == [f"yard-{day}" for day in (1, 2, 3, 4, 5)]
    served.next_link = {"method": "POST", "body": {"token": "2"}}
    posted = sattrack("fetch", f"{api}/search", *host)
    assert posted.code == 1
    assert "give the root of the API" in posted.err
    served.next_link = {"href": f"{api}/search"}
    assert "lead in a ring" in sattrack("fetch", f"{api}/search", *host).err
    served.put("/one.json", {**served.items["/planetarycomputer.microsoft.com/api/stac/v1"][0],
                             "links": [{"rel": "next", "href": "two.json"}]})  # fmt: skip
    assert len(sattrack("fetch", f"{served.base}/one.json", *host, "--json").json["items"]) == 1


def test_sites_far_apart_are_asked_for_one_by_one_and_not_by_a_box_around_the_world(sattrack, served, host, api, tmp_path):
    rings = [[[x, y], [x + 0.01, y], [x, y + 0.01], [x, y]] for x in range(-120, 120, 20) for y in range(-50, 50, 20)]
    features = [
        {"type": "Feature", "properties": {"site_id": f"port-{n}"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for n, ring in enumerate(rings)
    ]
    (tmp_path / "ports.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    said = sattrack("fetch", api, "--collection", "naip", "--sites", tmp_path / "ports.geojson", *host)
    assert said.code == 0, said.err
    asked = [one.body["bbox"] for one in served.asked if one.path.endswith("/search")]
    assert len(asked) == len(rings) == 60
    assert max(east - west for west, _, east, _ in asked) < 0.02


@pytest.mark.parametrize(("name", "known"), [("naip", True), ("nap", False)])
def test_a_collection_that_a_catalogue_does_not_have_is_said(name, known, sattrack, served, host, api) -> None:
    said = sattrack("fetch", api, "--collection", name, "--datetime", "1999", *host)
    assert said.code == 0, said.err
    assert "nothing was found" in said.out
    assert (f"the collection '{name}' is not known there" in said.err) is not known


def test_a_collection_that_no_branch_of_a_static_catalogue_has_is_said(sattrack, served, host) -> None:
    said = sattrack("fetch", load_static(served), "--collection", "Port-fire", "--datetime", "2024", *host)
    assert "no collection 'Port-fire' was met" in said.err


def test_a_catalogue_that_is_given_as_a_picture_is_told_from_one(sattrack, served, host, detectors, tmp_path) -> None:
    said = sattrack("detect", load_static(served), "--allow-remote", *host, "-o", tmp_path / "run", "--no-report", *_BRIGHT)
    assert said.code == 3
    assert "not a raster" in said.err
    assert "sattrack fetch ADDRESS -o items.json" in said.err


def test_a_page_that_was_saved_is_said_to_be_one_page(sattrack, api, served, tmp_path) -> None:
    items = served.items["/planetarycomputer.microsoft.com/api/stac/v1"]
    page = {"type": "FeatureCollection", "features": items[:2], "links": [{"rel": "next", "href": f"{api}/search?token=2"}]}
    (tmp_path / "page.json").write_text(json.dumps(page))
    said = sattrack("fetch", tmp_path / "page.json")
    assert said.code == 0, said.err
    assert "is one page of a longer answer" in said.err


def test_a_collection_of_an_api_is_refused_with_the_call_that_searches_it(sattrack, served, host, api, tmp_path) -> None:
    links = [{"rel": "items", "href": f"{api}/collections/naip/items"}, {"rel": "root", "href": f"{api}?key=geheim"}]
    address = served.put("/collections/naip", {"type": "Collection", "id": "naip", "links": links})
    said = sattrack("fetch", address, *host)
    assert said.code == 1
    assert f"give {api} --collection naip" in said.err


def test_the_list_has_the_same_bytes_however_the_catalogue_orders_and_pages(sattrack, served, host, api, tmp_path) -> None:
    lists = []
    for number, page in enumerate((2, 1, 5)):
        served.page = page
        served.items["/planetarycomputer.microsoft.com/api/stac/v1"].reverse()
        said = sattrack("fetch", api, "--bbox", "128.99,35.24,129.0,35.25", *host, "-o", tmp_path / f"{number}.json", "-q")
        assert said.code == 0, said.err
        lists.append((tmp_path / f"{number}.json").read_bytes())
    assert len(set(lists)) == 1
    assert [item["id"] for item in json.loads(lists[0])["features"]] == [f"yard-{day}" for day in (1, 2, 3, 4, 5)]


def test_what_a_scene_is_good_for_is_said_before_anything_is_read(sattrack, served, host, site, tmp_path) -> None:
    apis = load_apis(served)
    found = sattrack("fetch", apis["earth-search"], "--sites", site, *host, "-o", tmp_path / "found.json", "--json")
    assert found.code == 0, found.err
    (row,) = found.json["items"]
    assert (row["usable_for"], row["gsd_m"], row["asset"], row["mask"]) == ("presence", 10, "visual", "scl")
    assert row["covers"] == {"left": 1.0}
    said = sattrack("detect", tmp_path / "found.json", "--sites", site, "--allow-remote", *host, "-o", tmp_path / "run",
                    "--json", "--no-report")  # fmt: skip
    assert said.code == 3
    assert "0.24 px across a container" in said.err
    assert "nothing of it was read" in said.err
    assert served.pictures_read() == 0
    assert not any(one.path.endswith(".tif") for one in served.asked)


def test_filters_hold_for_item_files_too_and_what_is_left_out_is_said(
    sattrack, served, host, detectors, api, site, tmp_path
) -> None:
    assert sattrack("fetch", api, *host, "--collection", "naip", "-o", tmp_path / "found.json").code == 0
    said = sattrack("detect", tmp_path / "found.json", "--max-cloud", "35", "--max-items", "2", "--sites", site,
                    "--allow-remote", *host, "-o", tmp_path / "run", "--json", "--no-report", *_BRIGHT)  # fmt: skip
    assert [scene["part"] for scene in said.json["scenes"]] == ["yard-2", "yard-3"]
    away = write_site(tmp_path / "away.geojson", east=5000)
    said = sattrack("detect", tmp_path / "found.json", "--sites", away, "--allow-remote", *host, "-o", tmp_path / "none")
    assert said.code == 2
    assert "no pictures found" in said.err


def test_tiles_of_one_acquisition_are_one_scene(sattrack, served, host, detectors, tmp_path) -> None:
    """Maxar's form: two tiles side by side, boxes at the seam in both, one catalog_id."""
    address = load_static(served)
    whole = yard(16, shape=(200, 300))
    here = "/maxar/events/Port-fire-24/ard/52"
    for quad, first in (("120020203113", 0), ("120020203131", 140)):
        place = {**UTM, "transform": UTM["transform"] * rasterio.Affine.translation(first, 0)}
        tile = write(tmp_path / f"{quad}.tif", whole[:, :, first : first + 160], driver="COG", blocksize=128, **place)
        served.files[f"{here}/{quad}/2024-05-03/10400100ABCDEF00-visual.tif"] = tile.read_bytes()
        item = json.loads(served.files[f"{here}/{quad}/2024-05-03/10400100ABCDEF00.json"])
        item["geometry"], item["bbox"] = None, [128.99, 35.23, 129.01, 35.25]
        served.put(f"{here}/{quad}/2024-05-03/10400100ABCDEF00.json", item)
    site = write_site(tmp_path / "site.geojson", east=40)
    said = sattrack("detect", "--catalogue", address, "--sites", site, "--allow-remote", *host, "-o", tmp_path / "run",
                    "--json", "--no-report", *_BRIGHT)  # fmt: skip
    assert said.code == 0, said.err
    (count,) = said.json["counts"]
    # Three of four columns of four boxes; those of the middle one lie across the seam.
    assert (count["count"], count["observed_fraction"], count["datetime"]) == (12, 1.0, "2024-05-03T02:11:20Z")


def test_items_of_a_static_collection_are_counted_whatever_they_call_themselves(
    sattrack, served, host, detectors, site, tmp_path
) -> None:
    address = load_static(served)
    put_yard(served, _VISUAL, tmp_path, boxes=12)
    path = _VISUAL.replace("-visual.tif", ".json")
    item = json.loads(served.files[path])
    item["geometry"], item["bbox"] = None, [128.99, 35.23, 129.01, 35.25]
    served.put(path, {**item, "collection": "another"})
    words = ("--collection", "Port-fire-24", "--sites", site, "--allow-remote", *host, "--json", *_BRIGHT)
    said = sattrack("detect", "--catalogue", address, *words, "-o", tmp_path / "run")
    assert said.code == 0, said.err
    assert [scene["status"] for scene in said.json["scenes"]] == ["done"]
    again = sattrack("detect", tmp_path / "run" / "items.json", *words, "-o", tmp_path / "again")
    assert [scene["status"] for scene in again.json["scenes"]] == ["done"]
    assert sattrack("fetch", address, *words[:4], *host, "--download", tmp_path / "got").code == 0
    fetched = sattrack("detect", tmp_path / "got" / "items.json", *words, "-o", tmp_path / "local")
    assert [scene["status"] for scene in fetched.json["scenes"]] == ["done"]
    narrowed = sattrack("fetch", tmp_path / "run" / "items.json", *words[:4], *host, "--json")
    assert len(narrowed.json["items"]) == 1
    said = sattrack("detect", tmp_path / "run" / "items.json", *words, "--collection", "third", "-o", tmp_path / "both")
    assert [scene["status"] for scene in said.json["scenes"]] == ["done"]


def test_a_remote_cloud_mask_takes_its_ground_out_of_what_was_seen(sattrack, served, host, detectors, site, tmp_path) -> None:
    root = load_apis(served)["planetary-computer"]
    item = api_item(served, name="hazy", day=1, path="/pictures/hazy.tif")
    item["assets"]["scl"] = {"href": f"{served.base}/pictures/hazy_SCL.tif", "type": "image/tiff; application=geotiff"}
    served.items["/planetarycomputer.microsoft.com/api/stac/v1"] = [item]
    put_yard(served, "/pictures/hazy.tif", tmp_path, boxes=8)
    classes = np.full((1, 10, 15), 4, np.uint8)
    classes[:, 5:] = 9  # cloud over the lower half of the scene, at pixels of 10 m
    place = {"transform": UTM["transform"] * rasterio.Affine.scale(20), "crs": UTM["crs"]}
    served.files["/pictures/hazy_SCL.tif"] = write(tmp_path / "scl.tif", classes, **place).read_bytes()
    said = sattrack("detect", "--catalogue", root, "--collection", "naip", "--sites", site, "--allow-remote", *host, "-o",
                    tmp_path / "run", "--json", "--no-report", *_BRIGHT)  # fmt: skip
    assert said.code == 0, said.err
    (count,) = said.json["counts"]
    assert count["cloud_checked"] is True
    assert count["observed_fraction"] == pytest.approx(0.5, abs=0.02)


def test_downloads_are_resumed_checked_and_counted_without_a_network(
    sattrack, served, host, detectors, api, site, tmp_path
) -> None:
    item = served.items["/planetarycomputer.microsoft.com/api/stac/v1"][0]
    content = served.files["/pictures/yard-1.tif"]
    item["assets"]["image"]["file:checksum"] = "1220" + hashlib.sha256(content).hexdigest()
    served.items["/planetarycomputer.microsoft.com/api/stac/v1"][1]["assets"]["image"]["file:checksum"] = "1220" + "0" * 64
    words = ("fetch", api, "--collection", "naip", "--sites", site, "--max-cloud", "35", "--download", tmp_path / "got", *host)
    said = sattrack(*words)
    assert said.code == 3
    assert "yard-2: what came is not what the item says" in said.err
    assert (tmp_path / "got" / "yard-1.tif").read_bytes() == content
    assert sorted(path.name for path in (tmp_path / "got").iterdir()) == [
        ".yard-1.tif.fetched", ".yard-3.tif.fetched", "items.json", "yard-1.tif", "yard-3.tif",
    ]  # fmt: skip
    (tmp_path / "got" / "yard-3.tif").unlink()
    served.sent.clear()
    sattrack(*words)
    assert served.sent["/pictures/yard-1.tif"] < 100
    served.files.clear()
    counted = sattrack("detect", tmp_path / "got" / "items.json", "--sites", site, "-o", tmp_path / "run", "--json",
                       "--no-report", *_BRIGHT)  # fmt: skip
    assert counted.code == 0, counted.err
    assert [(scene["part"], scene["status"]) for scene in counted.json["scenes"]] == [("yard-1", "done"), ("yard-3", "done")]


def test_c9_two_that_download_into_one_folder_are_one_too_many(sattrack, served, host, api, tmp_path) -> None:
    got = tmp_path / "got"
    got.mkdir()
    words = ("fetch", api, "--collection", "naip", "--download", got, *host)
    with alone_in(got):
        said = sattrack(*words)
    assert said.code == 1
    assert "another sattrack writes into this folder: process " in said.err
    assert "choose another --download" in said.err
    assert list(got.iterdir()) == []
    assert sattrack(*words).code == 0


def test_c9_the_list_of_a_run_that_is_at_work_is_not_written_over(sattrack, served, host, detectors, api, tmp_path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "items.json").write_text("of the run at work")
    with alone_in(run):
        said = sattrack("detect", "--catalogue", api, "--collection", "naip", "--allow-remote", *host, "-o", run, *_BRIGHT)
    assert said.code == 1
    assert "another sattrack writes into this run folder: process " in said.err
    assert (run / "items.json").read_text() == "of the run at work"


@pytest.mark.parametrize("executor", ["thread", "process"])
def test_h11_keys_of_a_catalogue_are_used_in_memory_and_written_nowhere(
    executor, monkeypatch, sattrack, served, host, detectors, api, site, tmp_path
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{detectors}{os.pathsep}{Path.cwd()}")  # for workers
    for item in served.items["/planetarycomputer.microsoft.com/api/stac/v1"]:
        item["assets"]["image"]["href"] += "?sig=verborgen0123"
    said = sattrack("detect", "--catalogue", f"{api}?apikey=geheim4567", "--collection", "naip", "--sites", site,
                    "--allow-remote", *host, "-o", tmp_path / "run", "--json", "--executor", executor, *_BRIGHT)  # fmt: skip
    assert said.code == 0, said.err
    assert all(one.query == {"sig": "verborgen0123"} for one in served.asked if one.path.startswith("/pictures/"))
    written = b"".join(path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file())
    for key in ("verborgen0123", "geheim4567"):
        assert key not in said.out + said.err
        assert key.encode() not in written


def test_the_same_from_python(served, api, site, tmp_path) -> None:
    import sattrack as st

    hosts = [f"127.0.0.1:{served.port}"]
    found = st.fetch(api, sites=site, datetime="2024-05-02/..", out=tmp_path / "found.json", allow_hosts=hosts)
    assert [one.item.id for one in found.items] == [f"yard-{day}" for day in (2, 3, 4, 5)]
    assert found.items[0].covers == (("left", 1.0),)
    assert len(st.info(tmp_path / "found.json", allow_remote=True, allow_hosts=hosts)) == 4
    with pytest.raises(st.CatalogueError, match="expected a STAC catalogue"):
        st.fetch(served.put("/odd", {"type": "odd"}), allow_hosts=hosts)


def test_a_dry_run_asks_the_catalogue_and_leaves_nothing(sattrack, served, host, detectors, api, site, tmp_path) -> None:
    said = sattrack("detect", "--catalogue", api, "--collection", "naip", "--sites", site, "--allow-remote", *host, "-o",
                    tmp_path / "run", "--dry-run", "--json", *_BRIGHT)  # fmt: skip
    assert said.code == 0, said.err
    assert said.json["scenes_to_detect"] == 5
    assert not (tmp_path / "run").exists()


def test_without_leave_or_inputs_nothing_is_asked(sattrack, served, api, tmp_path) -> None:
    for words in ((), ("--catalogue", api)):
        said = sattrack("detect", *words, "-o", tmp_path / "run")
        assert said.code == 2
    assert served.asked == []
