"""Deliveries of many files through the command: one acquisition is one scene, whatever is missing, damaged or strange in it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import rasterio

from sattrack.stores.parts import CORNERS
from tests.faults.conftest import GSD, Detect, Ran, write, write_site, yard
from tests.readers.delivered import MAXAR, cut, imd, maxar_xml, til

# Through boxes of the yard, upright and lying, and through a corner of one.
ROWS, COLS = (22, 83), (31, 97, 201)
SAMPLE = next(Path("samples/kalmae-pier/images").glob("*_20230614T022408.tif"))
NAME = MAXAR.format(kind="S", tile="")


def deliver(folder: Path, **how: Any) -> list[Path]:
    """The yard of 14 boxes as twelve tiles, placed as conftest's scenes are, with what the vendor says."""
    paths = cut(yard(14, seed=50), folder, rows=ROWS, cols=COLS, **how)
    (folder / f"{NAME}.IMD").write_text(imd())
    (folder / f"{NAME}.TIL").write_text(til(path.name for path in paths))
    return paths


def boxes(folder: Path) -> list[Any]:
    return [pq.read_table(path).select([*CORNERS, "confidence"]) for path in sorted(folder.glob("parts/*.parquet"))]


def virtual(path: Path, tiles: list[Path], shape: tuple[int, int]) -> None:
    """A .vrt of tiles, as gdalbuildvrt makes it."""
    with rasterio.open(tiles[0]) as first:
        crs, place = first.crs.to_wkt(), first.transform
    numbers = ", ".join(map(str, place.to_gdal()))
    bands = []
    for band, colour in enumerate(("Red", "Green", "Blue"), start=1):
        sources = []
        for tile in tiles:
            with rasterio.open(tile) as one:
                col, row = (round(v) for v in ~place * (one.transform.c, one.transform.f))
                size = f'xSize="{one.width}" ySize="{one.height}"'
            sources.append(
                f'<SimpleSource><SourceFilename relativeToVRT="1">{tile.name}</SourceFilename><SourceBand>{band}</SourceBand>'
                f'<SrcRect xOff="0" yOff="0" {size}/><DstRect xOff="{col}" yOff="{row}" {size}/></SimpleSource>'
            )
        inner = f"<ColorInterp>{colour}</ColorInterp>{''.join(sources)}"
        bands.append(f'<VRTRasterBand dataType="Byte" band="{band}">{inner}</VRTRasterBand>')
    path.write_text(
        f'<VRTDataset rasterXSize="{shape[1]}" rasterYSize="{shape[0]}"><SRS>{crs}</SRS><GeoTransform>{numbers}</GeoTransform>'
        f"{''.join(bands)}</VRTDataset>"
    )


def test_one_file_twelve_tiles_and_a_virtual_raster_have_the_same_boxes(detect: Detect, tmp_path: Path) -> None:
    picture = yard(14, seed=50)
    whole = write(tmp_path / "whole.tif", picture)
    tiles = deliver(tmp_path / "tiles")
    virtual(tmp_path / "tiles" / "virtual.vrt", tiles, picture.shape[1:])
    ran = detect(whole, tmp_path / "tiles", folder=tmp_path)
    assert ran.code == 0, ran.err
    assert {one["part"]: one["boxes"] for one in ran.json["scenes"]} == {"whole": 14, NAME: 14, "virtual": 14}
    assert {one["count"] for one in ran.json["counts"]} == {ran.count("whole")["count"]}
    assert {one["observed_fraction"] for one in ran.json["counts"]} == {1.0}
    first, *others = boxes(ran.folder)
    assert len(others) == 2
    assert all(one.equals(first) for one in others)


def test_a_rendered_scene_in_tiles_has_the_same_boxes_by_the_real_network(sattrack: Detect, tmp_path: Path) -> None:
    with rasterio.open(SAMPLE) as file:
        picture, profile = file.read(), {"crs": file.crs}
    (tmp_path / "in").mkdir()
    cut(picture, tmp_path / "in", rows=(93, 160), cols=(77, 201, 319), **profile)
    cut(picture, tmp_path / "in", rows=(), cols=(), name="whole", **profile)
    ran = sattrack("detect", tmp_path / "in", "--no-report", "--json", "-o", tmp_path / "run", folder=tmp_path)
    assert ran.code == 0, ran.err
    assert [one["part"] for one in ran.json["scenes"]] == [NAME, "whole"]
    first, second = boxes(ran.folder)
    assert len(first) > 40
    assert first.equals(second)
    assert len({(one["count"], one["count_low"], one["n_40ft"], one["observed_fraction"]) for one in ran.json["counts"]}) == 1


def test_the_tiles_of_a_site_are_counted_once_and_its_observed_share_is_that_of_all(detect: Detect, tmp_path: Path) -> None:
    sites = write_site(tmp_path / "sites.geojson")
    whole = write(tmp_path / "whole.tif", yard(14, seed=50))
    deliver(tmp_path / "tiles")
    ran = detect(whole, tmp_path / "tiles", "--sites", sites, folder=tmp_path)
    one, two = (ran.count(name) for name in ("whole", NAME))
    for key in ("count", "count_low", "count_high", "observed_fraction", "n_40ft", "teu"):
        assert one[key] == two[key], key
    assert two["count"] > 0
    assert (two["datetime"], two["datetime_source"], two["sensor"]) == (
        "2023-10-14T01:15:01.123456Z",
        "vendor metadata",
        "WorldView-3",
    )


def test_workers_of_their_own_and_a_list_of_checksums_give_the_same_bytes(detect: Detect, tmp_path: Path) -> None:
    tiles = deliver(tmp_path / "tiles")
    sums = tmp_path / "SHA256SUMS"
    sums.write_text("".join(f"{hashlib.sha256(p.read_bytes()).hexdigest()}  tiles/{p.name}\n" for p in tiles))
    plain = detect(tmp_path / "tiles", folder=tmp_path / "a")
    apart = detect(tmp_path / "tiles", "--executor", "process", "--verify", sums, folder=tmp_path / "b")
    assert (plain.code, apart.code) == (0, 0), apart.err
    assert plain.parts == apart.parts
    assert len(plain.parts) == 1
    tiles[7].write_bytes(tiles[7].read_bytes() + b"more")
    ran = detect(tmp_path / "tiles", "--verify", sums, folder=tmp_path / "c")
    assert ran.code == 3
    ran.assert_told(NAME, tiles[7].name, "sha256")


def test_the_run_names_every_file_and_says_how_it_was_taken(detect: Detect, tmp_path: Path) -> None:
    tiles = deliver(tmp_path / "tiles")
    detect(tmp_path / "tiles", folder=tmp_path)
    (outcome,) = json.loads((tmp_path / "run" / "run.json").read_text())["outcomes"]
    assert [piece["location"] for piece in outcome["scene"]["pieces"]] == [str(path) for path in tiles]
    assert outcome["scene"]["viewing"] == {
        "off_nadir_deg": 12.3, "sun_elevation_deg": 41.3, "sun_azimuth_deg": 160.2, "cloud_cover": 0.05,
    }  # fmt: skip
    # What is passed on names no folder.
    assert str(tmp_path) not in (tmp_path / "run" / "counts.csv").read_text() + (tmp_path / "run" / "scenes.csv").read_text()


def test_info_shows_a_delivery_as_one_scene(sattrack: Detect, tmp_path: Path) -> None:
    deliver(tmp_path / "tiles")
    ran = sattrack("info", tmp_path / "tiles", folder=tmp_path)
    assert ran.code == 0, ran.err
    for words in ("12 files read as one picture", "300 x 200 px", "WorldView-3", "off nadir 12.3°", "R1C1 to R3C4"):
        assert words in ran.out
    (facts,) = sattrack("info", "--json", tmp_path / "tiles", folder=tmp_path).json
    assert len(facts["files"]) == 12
    assert facts["viewing"]["cloud_cover"] == 0.05


def test_a_missing_tile_is_ground_that_was_not_seen_and_never_an_empty_yard(detect: Detect, tmp_path: Path) -> None:
    deliver(tmp_path / "tiles")
    (tmp_path / "tiles" / f"{MAXAR.format(kind='S', tile='_R2C2')}.TIF").unlink()
    ran = detect(tmp_path / "tiles", folder=tmp_path)
    assert ran.code == 0, ran.err
    one = ran.count(NAME)
    assert one["observed_fraction"] == pytest.approx(1 - (83 - 22) * (97 - 31) / (200 * 300), abs=0.01)
    assert "1 is not here" in str(one["notes"])
    assert "R2C2" in str(one["notes"])


def test_a_tile_that_cannot_be_opened_is_said_in_the_count_of_the_others(detect: Detect, tmp_path: Path) -> None:
    tiles = deliver(tmp_path / "tiles")
    tiles[5].write_bytes(b"II*\0" + b"\0" * 200)
    ran = detect(tmp_path / "tiles", folder=tmp_path)
    assert ran.code == 3
    assert "Traceback" not in ran.said
    assert ran.scene(tiles[5].stem)["status"] == "failed"
    one = ran.count(NAME)
    assert one["status"] == "not_assessable"
    assert f"the file {tiles[5].stem} of this scene was not counted" in str(one["notes"])
    assert one["observed_fraction"] < 0.95


def test_a_tile_cut_short_fails_its_scene_or_is_not_seen(detect: Detect, tmp_path: Path) -> None:
    tiles = deliver(tmp_path / "tiles", compress="deflate", blockysize=8)
    raw = bytearray(tiles[6].read_bytes())
    raw[len(raw) // 2 : len(raw) // 2 + 900] = b"\xff" * 900
    tiles[6].write_bytes(raw)
    ran = detect(tmp_path / "tiles", folder=tmp_path / "a")
    assert ran.code == 3
    ran.assert_told(NAME, tiles[6].name, "fetch it again")
    masked = detect(tmp_path / "tiles", "--on-bad-tile", "mask", folder=tmp_path / "b")
    assert masked.code == 0, masked.err
    assert 0.7 < masked.count(NAME)["observed_fraction"] < 1


def test_a_tile_of_other_pixels_is_counted_beside_the_others_and_that_is_said(detect: Detect, tmp_path: Path) -> None:
    tiles = deliver(tmp_path / "tiles")
    with rasterio.open(tiles[11]) as file:
        pixels, place = file.read(), file.transform
    write(tiles[11], pixels.astype(np.uint16) * 200, transform=place)
    ran = detect(tmp_path / "tiles", folder=tmp_path)
    assert ran.code == 0, ran.err
    assert {one["part"]: one["status"] for one in ran.json["scenes"]} == {NAME: "done", tiles[11].stem: "done"}
    (one,) = ran.json["counts"]
    assert one["observed_fraction"] == 1
    assert "not joined" in str(one["notes"])
    assert "uint16" in str(one["notes"])
    assert "meet without an overlap" in str(one["notes"])


def test_pan_and_colour_of_one_acquisition_are_one_scene_and_the_other_is_skipped_with_the_reason(
    detect: Detect, tmp_path: Path
) -> None:
    picture = yard(14, seed=50)
    cut(picture, tmp_path / "tiles", rows=ROWS, cols=COLS, kind="M")
    cut(picture.mean(axis=0, keepdims=True).astype(np.uint8), tmp_path / "tiles", rows=ROWS, cols=COLS, kind="P")
    ran = detect(tmp_path / "tiles", folder=tmp_path)
    assert ran.code == 0, ran.err
    (one,) = ran.json["counts"]
    assert one["scene_id"] == MAXAR.format(kind="M", tile="")
    aside = ran.scene(MAXAR.format(kind="P", tile=""))
    assert aside["status"] == "skipped"
    assert f"colour, {GSD:g} m" in aside["reason"]
    assert "not used" in str(one["notes"])


def test_hostile_metadata_costs_only_what_it_says(detect: Detect, tmp_path: Path) -> None:
    deliver(tmp_path / "tiles")
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]><isd>&c;</isd>'
    (tmp_path / "tiles" / f"{NAME}.XML").write_text(bomb)
    with (tmp_path / "tiles" / f"{NAME}.IMD").open("wb") as to:
        to.truncate(100 << 20)
    (tmp_path / "tiles" / f"{NAME}.TIL").write_text(til(["../../../etc/passwd", "\x1b[2Jgone.TIF"]))
    ran = detect(tmp_path / "tiles", folder=tmp_path)
    assert ran.code == 0, ran.err
    one = ran.count(NAME)
    assert one["datetime_source"] == "name"
    for words in ("never followed", "larger than 8 MB", "../../../etc/passwd"):
        assert words in str(one["notes"])
    assert "\x1b" not in ran.said + (tmp_path / "run" / "counts.csv").read_text()
    assert ran.peak < 1 << 30


def test_metadata_that_contradicts_is_said_in_the_count(detect: Detect, tmp_path: Path) -> None:
    deliver(tmp_path / "tiles")
    (tmp_path / "tiles" / f"{NAME}.XML").write_text(maxar_xml(time="2022-01-01T00:00:00Z"))
    ran: Ran = detect(tmp_path / "tiles", folder=tmp_path)
    assert "contradict each other on the time" in str(ran.count(NAME)["notes"])
    assert ran.count(NAME)["datetime_source"] == "name"
