"""GeoJSON by the letter of RFC 7946."""

import json
import logging
from xml.etree import ElementTree

import shapely

from sattrack.reports.geojson import write_geojson


def test_X4_longitude_first_seven_decimals_and_the_right_hand_rule(port_run, tmp_path) -> None:
    path = write_geojson(*port_run, tmp_path / "x.geojson")
    read = json.loads(path.read_text(), parse_float=str)
    assert "crs" not in read
    for feature in read["features"]:
        [ring] = feature["geometry"]["coordinates"]
        assert len(ring) == 5
        assert ring[0] == ring[-1]
        assert all(len(value.partition(".")[2]) <= 7 for point in ring for value in point)
        assert all(30 < float(lon) < 31 and 46 < float(lat) < 47 for lon, lat in ring)
        assert shapely.LinearRing([[float(v) for v in point] for point in ring]).is_ccw


def test_X3_there_is_no_nan_and_no_infinity(port_run, tmp_path) -> None:
    met: list[str] = []
    json.loads(write_geojson(*port_run, tmp_path / "x.geojson").read_text(), parse_constant=met.append)
    assert met == []


def test_M1_what_was_left_out_is_said_in_the_file_and_in_the_log(mixed_run, tmp_path, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        read = json.loads(write_geojson(*mixed_run, tmp_path / "x.geojson").read_text())
    assert len(read["features"]) == 1
    assert read["notes"][0].startswith("of 2 scenes 1 has no coordinate system and is left out")
    assert read["notes"][0] in caplog.text


def test_the_collection_says_how_its_boxes_came_about(port_run, tmp_path) -> None:
    read = json.loads(write_geojson(*port_run, tmp_path / "x.geojson").read_text())
    assert (read["schema_version"], read["model_id"], read["threshold"]) == ("1", "tiny-1", 0.4)


def test_a_style_is_laid_beside_it_but_never_over_one_of_the_users(port_run, tmp_path) -> None:
    write_geojson(*port_run, tmp_path / "x.geojson")
    assert ElementTree.parse(tmp_path / "x.qml").getroot().tag == "qgis"
    (tmp_path / "x.qml").write_text("mine")
    write_geojson(*port_run, tmp_path / "x.geojson")
    assert (tmp_path / "x.qml").read_text() == "mine"
