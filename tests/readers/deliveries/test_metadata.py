"""What vendors' files say of a picture; and files that lie, contradict each other, or were made to harm."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sattrack.imagery import Scene, Viewing
from sattrack.readers.deliveries.values import VENDOR
from sattrack.readers.describing import describe
from sattrack.readers.finding import find_sources
from tests.readers.delivered import AIRBUS, MAXAR, dimap, imd, maxar_xml, til, write_tile

TAKEN = dt.datetime(2023, 10, 14, 1, 15, 1, 123456, tzinfo=dt.UTC)
NAME = MAXAR.format(kind="S", tile="")

Describe = Callable[..., Scene]


@pytest.fixture
def delivered(tmp_path: Path, picture: np.ndarray) -> Describe:
    """delivered(texts by file name, name=, bands=, **tags) -> the scene of a picture beside which they stand."""

    def made(texts: dict[str, str | bytes], *, name: str = NAME, bands: int = 3, **tags: str) -> Scene:
        path = tmp_path / f"{name}.TIF"
        pixels = np.concatenate([picture, picture, picture])[:bands, :40, :50]
        write_tile(path, pixels, **({"photometric": "minisblack"} if bands > 3 else {}))
        if tags:
            import rasterio

            with rasterio.open(path, "r+") as to:
                to.update_tags(**tags)
        for beside, text in texts.items():
            (tmp_path / beside).write_bytes(text if isinstance(text, bytes) else text.encode())
        (source,) = find_sources([str(tmp_path)])
        return describe(source)

    return made


def told(scene: Scene, *words: str) -> None:
    """One of the notes holds all of these words."""
    assert any(all(word in note for word in words) for note in scene.notes), scene.notes


def test_an_imd_tells_time_sensor_angles_and_clouds(delivered: Describe) -> None:
    scene = delivered({f"{NAME}.IMD": imd()})
    assert (scene.acquired, scene.acquired_source, scene.sensor) == (TAKEN, VENDOR, "WorldView-3")
    assert scene.viewing == Viewing(12.3, 41.3, 160.2, 0.05)
    told(scene, f"{NAME}.IMD")


def test_maxars_xml_says_the_same_and_clouds_of_minus_999_are_not_known(delivered: Describe) -> None:
    scene = delivered({f"{NAME}.XML": maxar_xml()})
    assert (scene.acquired, scene.sensor, scene.viewing) == (TAKEN, "WorldView-3", Viewing(12.3, 41.3, 160.2, None))


def test_the_metadata_of_a_product_speaks_for_each_of_its_tiles(tmp_path: Path, picture: np.ndarray) -> None:
    for tile in ("_R1C1", "_R1C2"):
        write_tile(tmp_path / f"{MAXAR.format(kind='S', tile=tile)}.TIF", picture[:, :20, :20])
    (tmp_path / f"{NAME}.imd").write_text(imd())
    assert [source.hints.acquired for source in find_sources([str(tmp_path)])] == [TAKEN, TAKEN]


@pytest.mark.parametrize(
    ("groups", "band_id", "count", "bands"),
    [("BGRN", "Multi", 4, (3, 2, 1)), (["C", "B", "G", "Y", "R", "RE", "N", "N2"], "Multi", 8, (5, 3, 2)), ("P", "P", 1, (1,))],
)
def test_the_order_of_bands_is_that_of_the_groups(
    delivered: Describe, groups: list[str], band_id: str, count: int, bands: tuple[int, ...]
) -> None:
    scene = delivered({f"{NAME}.IMD": imd(bands=groups, band_id=band_id)}, bands=count)
    assert scene.bands == bands
    if count > 1:
        told(scene, f"bands {', '.join(map(str, bands))} are fed")


def test_the_order_of_four_bands_is_not_that_of_three_that_were_taken_out_of_them(tmp_path: Path, picture: np.ndarray) -> None:
    path = write_tile(tmp_path / f"{NAME}.TIF", 9 * picture.astype(np.uint16), photometric="minisblack")
    (tmp_path / f"{NAME}.IMD").write_text(imd(bands="BGRN", band_id="Multi"))
    scene = describe(*find_sources([str(path)]))
    assert scene.bands == (1, 2, 3)
    told(scene, "order of 4 bands", "the file has 3")
    told(scene, "taken as red, green, blue")


def test_a_dimap_tells_the_centre_of_the_picture_and_the_order_of_its_bands(delivered: Describe) -> None:
    name = AIRBUS.format(kind="PMS", tile="")
    scene = delivered({f"DIM_{name}.XML": dimap(listed=[f"IMG_{name}.TIF"])}, name=f"IMG_{name}", bands=4)
    assert scene.acquired == dt.datetime(2023, 10, 14, 1, 15, 1, 200_000, tzinfo=dt.UTC)
    assert (scene.sensor, scene.viewing) == ("Pléiades 1A", Viewing(14.5, 40.2, 158.1, 0.025))
    assert scene.bands == (1, 2, 3)


def test_planets_item_and_xml_tell_of_a_skysat_picture(delivered: Describe) -> None:
    item = "20231014_011501_ssc4_u0001"
    properties = {
        "acquired": "2023-10-14T01:15:01.5Z", "satellite_id": "SSC4", "provider": "skysat", "view_angle": -17.2,
        "sun_elevation": 38.5, "sun_azimuth": 161.0, "cloud_percent": 4, "pixel_resolution": 0.5,
    }  # fmt: skip
    scene = delivered(
        {f"{item}_metadata.json": json.dumps({"type": "Feature", "properties": properties})}, name=f"{item}_visual"
    )
    assert scene.acquired == dt.datetime(2023, 10, 14, 1, 15, 1, 500_000, tzinfo=dt.UTC)
    assert (scene.sensor, scene.viewing) == ("SkySat SSC4", Viewing(17.2, 38.5, 161.0, 0.04))


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("AnalyticMS", "AnalyticMS_metadata"),
        ("AnalyticMS_SR_clip", "AnalyticMS_metadata_clip"),
        ("AnalyticMS_SR_8b_harmonized_clip", "AnalyticMS_8b_metadata_clip"),
        ("Visual_clip", "AnalyticMS_8b_metadata_clip"),
    ],
)
def test_planets_xml_is_read_whatever_its_namespaces(delivered: Describe, kind: str, said: str) -> None:
    item = "20231014_011501_24_2475_3B"
    text = (
        '<ps:EarthObservation xmlns:ps="urn:p" xmlns:eop="urn:e" xmlns:opt="urn:o"><eop:Platform><eop:shortName>PlanetScope'
        "</eop:shortName><eop:serialIdentifier>2475</eop:serialIdentifier></eop:Platform><ps:Acquisition>"
        "<opt:illuminationAzimuthAngle>150.5</opt:illuminationAzimuthAngle><opt:illuminationElevationAngle>33.1"
        "</opt:illuminationElevationAngle><ps:spaceCraftViewAngle>2.9</ps:spaceCraftViewAngle><ps:acquisitionDateTime>"
        "2023-10-14T01:15:01+00:00</ps:acquisitionDateTime></ps:Acquisition><opt:cloudCoverPercentage>10"
        "</opt:cloudCoverPercentage></ps:EarthObservation>"
    )
    scene = delivered({f"{item}_{said}.xml": text}, name=f"{item}_{kind}")
    assert (scene.acquired, scene.sensor) == (TAKEN.replace(microsecond=0), "PlanetScope 2475")
    assert scene.viewing == Viewing(2.9, 33.1, 150.5, 0.1)


def test_the_vendors_time_stands_before_the_general_tag_which_is_that_of_processing(delivered: Describe) -> None:
    scene = delivered({f"{NAME}.IMD": imd()}, TIFFTAG_DATETIME="2023:10:16 09:00:00")
    assert scene.acquired == TAKEN
    told(scene, "tags say 2023-10-16 09:00:00", "vendor metadata is used")


def test_a_tag_of_acquisition_stands_before_the_vendor_and_both_are_said(delivered: Describe) -> None:
    scene = delivered({f"{NAME}.IMD": imd()}, ACQUISITIONDATETIME="2023-10-13T00:00:00Z", SENSOR="GE01")
    assert (scene.acquired, scene.acquired_source) == (dt.datetime(2023, 10, 13, tzinfo=dt.UTC), "tags")
    told(scene, "2023-10-13 00:00:00", "2023-10-14 01:15:01", "tags are used")
    told(scene, "GE01", "WorldView-3", "tags are used")


def test_names_of_one_sensor_in_other_words_are_no_contradiction(delivered: Describe) -> None:
    scene = delivered({f"{NAME}.IMD": imd()}, SENSOR="WV03")
    assert not any("sensor" in note for note in scene.notes)


def test_what_the_user_says_stands_before_the_vendor_and_is_said(tmp_path: Path, delivered: Describe) -> None:
    scene = delivered({f"{NAME}.IMD": imd(), f"{NAME}.json": '{"datetime": "2023-10-20T00:00:00Z"}'})
    assert (scene.acquired.day if scene.acquired else 0, scene.acquired_source) == (20, "sidecar")
    told(scene, "the sidecar says 2023-10-20", "the sidecar is used")


def test_where_the_vendor_says_a_time_the_users_stands_before_that_of_processing_too(delivered: Describe) -> None:
    said = {f"{NAME}.IMD": imd(), f"{NAME}.json": '{"datetime": "2023-10-14T01:15:00Z"}'}
    scene = delivered(said, TIFFTAG_DATETIME="2023:10:16 09:00:00")
    assert (scene.acquired, scene.acquired_source) == (dt.datetime(2023, 10, 14, 1, 15, tzinfo=dt.UTC), "sidecar")
    told(scene, "tags say 2023-10-16 09:00:00", "the sidecar is used")


def test_files_that_contradict_each_other_on_the_time_are_not_believed(delivered: Describe) -> None:
    scene = delivered({f"{NAME}.IMD": imd(), f"{NAME}.XML": maxar_xml(time="2023-09-01T01:15:01Z", satellite="GE01")})
    assert (scene.acquired, scene.acquired_source) == (TAKEN.replace(microsecond=0), "name")
    told(scene, "contradict each other on the time", "2023-10-14 01:15:01", "2023-09-01 01:15:01", "none of them is used")
    told(scene, "contradict each other", "WorldView-3", "GeoEye-1", "the first is used")


def test_a_pixel_size_that_the_georeferencing_belies_is_said(delivered: Describe) -> None:
    scene = delivered({f"{NAME}.IMD": imd().replace("productGSD = 0.500000", "productGSD = 0.300000")})
    assert scene.grid.gsd_m[0] == pytest.approx(0.5, rel=0.01)
    told(scene, "pixels of 0.3 m", "georeferencing is used")


def test_an_imd_of_several_images_tells_the_first_and_says_so(delivered: Describe) -> None:
    second = 'BEGIN_GROUP = IMAGE_2\n\tCatId = "other";\n\tfirstLineTime = 2023-10-15T00:00:00Z;\nEND_GROUP = IMAGE_2\n'
    scene = delivered({f"{NAME}.IMD": imd().replace("BEGIN_GROUP = MAP", second + "BEGIN_GROUP = MAP")})
    assert scene.acquired == TAKEN
    told(scene, "made of 2 images")


@pytest.mark.parametrize(("time", "told_of"), [("2023-10-02T01:09:00Z", True), ("2023-10-14T01:15:02Z", False)])
def test_a_dimap_of_strips_of_two_days_tells_the_first_and_says_so(delivered: Describe, time: str, told_of: bool) -> None:
    name = AIRBUS.format(kind="PMS", tile="")
    date, clock = time.split("T")
    second = (
        "<Source_Identification><Strip_Source><MISSION>PHR</MISSION><MISSION_INDEX>1B</MISSION_INDEX>"
        f"<IMAGING_DATE>{date}</IMAGING_DATE><IMAGING_TIME>{clock}</IMAGING_TIME></Strip_Source></Source_Identification>"
    )
    text = dimap(listed=[]).replace("</Dataset_Sources>", f"{second}</Dataset_Sources>")
    scene = delivered({f"DIM_{name}.XML": text}, name=f"IMG_{name}", bands=4)
    assert (scene.acquired and scene.acquired.day, scene.sensor) == (14, "Pléiades 1A")
    assert any("made of 2 strips of other times" in note for note in scene.notes) == told_of


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE isd [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]><isd><IMD><SATID>&j;</SATID></IMD></isd>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE isd [<!ENTITY x SYSTEM "file:///etc/passwd">]><isd><IMD><SATID>&x;</SATID></IMD></isd>'
)


@pytest.mark.parametrize(
    ("suffix", "content", "words"),
    [
        ("XML", BOMB, "never followed"),
        ("XML", OUTSIDE, "never followed"),
        ("XML", "<isd>" * 5_000, "nested more than"),
        ("XML", "<isd><IMD>", "broken XML"),
        ("XML", maxar_xml().encode() + b"\xff\xfe", "broken XML"),
        ("IMD", b"\xff\xfe\x00\x01" * 50, "not UTF-8"),
        ("IMD", imd().replace("END_GROUP = IMAGE_1\n", "END_GROUP = IMAGE_2\n"), "ends a group that did not begin"),
        ("IMD", "a = 1;\n" * 100_001, "more than 100,000 lines"),
        ("IMD", "".join(f"BEGIN_GROUP = G{i}\n" for i in range(100)), "nested more than 8"),
        ("IMD", imd() .replace('satId = "WV03";', "satId = $(reboot);"), "is no `name = value;`"),
        ("IMD", imd()[: imd().index("firstLineTime") + 9], "is no `name = value;`"),
        ("IMD", imd()[: imd().index("END_GROUP = IMAGE_1")], "ends in the middle"),
        ("IMD", "a = (" + "1," * 200_000 + "=", "is no part of a list"),
        ("IMD", "a = (1, (2, 3);\n", "is not over"),
        ("TIL", "<html>404</html>", "is no `name = value;`"),
    ],
)  # fmt: skip
def test_metadata_that_is_broken_or_made_to_harm_is_said_and_not_used(
    delivered: Describe, suffix: str, content: str | bytes, words: str
) -> None:
    scene = delivered({f"{NAME}.{suffix}": content})
    told(scene, f"{NAME}.{suffix}", "not used", words)
    assert (scene.sensor, scene.viewing, scene.acquired_source) == ("", None, "name")


def test_a_hundred_megabytes_are_not_read(tmp_path: Path, delivered: Describe) -> None:
    with (tmp_path / f"{NAME}.IMD").open("wb") as to:
        to.truncate(100 << 20)
    told(delivered({}), "larger than 8 MB")


def test_values_that_cannot_be_are_none_and_hide_nothing(delivered: Describe) -> None:
    scene = delivered({f"{NAME}.IMD": imd(time="2023-02-30T00:00:00Z", meanSunEl="nan", meanSunAz="1e999", cloudCover="-999.0",
                                          meanOffNadirViewAngle="912", satId='"\x1b[31mWV\x0003"')})  # fmt: skip
    assert scene.viewing is None
    assert (scene.acquired_source, scene.sensor) == ("name", "[31mWV 03")


def test_names_in_a_list_that_lead_elsewhere_are_said_and_never_opened(tmp_path: Path, delivered: Describe) -> None:
    listed = ["../secret.TIF", "/etc/passwd", "C:\\tiles\\a.TIF", "https://evil/a.TIF", f"{NAME}.TIF"]
    scene = delivered({f"{NAME}.TIL": til(listed)})
    told(scene, "names 4 files outside the folder", "never followed", "../secret.TIF")


def test_xml_of_somebody_else_beside_a_picture_says_nothing(delivered: Describe) -> None:
    scene = delivered({f"{NAME}.XML": "<metadata><idinfo>FGDC</idinfo></metadata>", f"{NAME}_metadata.json": "[1, 2]"})
    assert scene.notes == ()


def test_json_of_planets_that_is_none_is_said(delivered: Describe) -> None:
    item = "20231014_011501_24_2475"
    told(delivered({f"{item}_metadata.json": '{"properties": '}, name=f"{item}_3B_Visual"), "broken JSON")
    scene = delivered({f"{item}_metadata.json": '{"properties": [1]}'}, name=f"{item}_3B_Visual")
    assert scene.viewing is None
