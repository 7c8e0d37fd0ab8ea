"""Which items are wanted: by place, time, cloud, angle, share of a site."""

import json
from pathlib import Path

import pytest
import shapely

from sattrack.errors import SceneError, UsageError
from sattrack.readers.catalogues.footprints import area_of, footprint_of, share_of
from sattrack.readers.catalogues.item_files import each_once
from sattrack.readers.catalogues.item_filters import Filters, acquisition_of, make_filters, wanted
from sattrack.readers.catalogues.items import Item, Unread, read_item
from sattrack.readers.catalogues.spans import read_span


def item(name: str, *, box: tuple[float, ...] = (0, 0, 1, 1), day: int = 1, **properties) -> Item:
    raw = {"type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "made", "bbox": list(box), "geometry": None,
           "assets": {"a": {"href": "a.tif"}},
           "properties": {"datetime": f"2024-05-{day:02}T10:00:00Z", **properties}}  # fmt: skip
    return read_item(raw, where=name, base="/tmp")


def names(items, filters) -> list[str]:
    return [one.item.id for one in wanted(items, filters)[0]]


SITE = (("yard", shapely.box(0.4, 0.4, 0.6, 0.6)),)


def test_items_come_by_time_and_the_newest_are_kept() -> None:
    items = [item("c", day=3), item("a", day=1), item("b", day=2)]
    assert names(items, Filters()) == ["a", "b", "c"]
    assert names(items, Filters(max_items=2)) == ["b", "c"]


def test_cloud_and_angle_leave_out_only_what_says_them() -> None:
    items = [item("clear", **{"eo:cloud_cover": 5}), item("cloudy", **{"eo:cloud_cover": 80}), item("silent"),
             item("maxars", **{"tile:clouds_percent": 60}), item("aside", **{"view:off_nadir": 40})]  # fmt: skip
    assert names(items, Filters(max_cloud=20)) == ["aside", "clear", "silent"]
    assert names(items, Filters(max_off_nadir=30)) == ["clear", "cloudy", "maxars", "silent"]


def test_the_share_of_a_site_is_that_of_all_parts_of_an_acquisition() -> None:
    left = item("left", box=(0, 0, 0.5, 1), platform="WV02")
    right = item("right", box=(0.5, 0, 1, 1), platform="WV02")
    other = item("other", box=(0, 0, 0.5, 1), platform="WV02", day=2)
    away = item("away", box=(2, 2, 3, 3), platform="WV02", day=3)
    kept, left_out = wanted([left, right, other, away], Filters(sites=SITE, min_coverage=0.9))
    assert [(one.item.id, one.covers) for one in kept] == [("left", (("yard", 1.0),)), ("right", (("yard", 1.0),))]
    assert sum(left_out.values()) == 2
    assert acquisition_of(left) == acquisition_of(right) != acquisition_of(other)


def test_the_newest_are_whole_acquisitions_that_cover_what_is_said_of_them() -> None:
    left = item("left", box=(0, 0, 0.5, 1), platform="WV02", day=2)
    right = item("right", box=(0.5, 0, 1, 1), platform="WV02", day=2)
    items = [item("old", platform="WV02"), left, right, item("new", platform="WV02", day=3)]
    assert names(items, Filters(max_items=2)) == ["new"]
    assert names(items, Filters(max_items=3)) == ["left", "right", "new"]
    kept, left_out = wanted(items[:3], Filters(sites=SITE, max_items=1))
    assert [(one.item.id, one.covers) for one in kept] == [("left", (("yard", 1.0),)), ("right", (("yard", 1.0),))]
    assert sum(left_out.values()) == 1


def test_names_that_only_together_are_alike_join_nothing() -> None:
    one, other = (item("x", platform="p q", datetime="2024-05-01T10:00:00Z") for _ in range(2))
    for name, collection, sensor in (("one", "a b", "c"), ("other", "a", "b c")):
        object.__setattr__(one if name == "one" else other, "collection", collection)
        object.__setattr__(one if name == "one" else other, "sensor", sensor)
    assert acquisition_of(one) != acquisition_of(other)


def test_a_day_is_no_moment_that_joins_items() -> None:
    one, two = (item(name, platform="plane", datetime="2024-05-01T00:00:00Z") for name in "ab")
    assert acquisition_of(one) != acquisition_of(two)


def test_items_across_the_antimeridian_lie_on_both_sides_of_it() -> None:
    across = item("across", box=(179, -1, -179, 1))
    assert names([across], Filters(area=area_of((179.5, -0.5, 180, 0.5)))) == ["across"]
    assert names([across], Filters(area=area_of((-180, -0.5, -179.5, 0.5)))) == ["across"]
    assert names([across], Filters(area=area_of((0, -0.5, 10, 0.5)))) == []
    ring = [[179, -1], [-179, -1], [-179, 1], [179, 1], [179, -1]]
    shape = footprint_of({"type": "Polygon", "coordinates": [ring]}, [179, -1, -179, 1], where="x")
    assert shape is not None
    assert shape.area == pytest.approx(4)
    assert share_of(shapely.box(179.2, -0.2, 179.8, 0.2), shape) == 1
    over = footprint_of(
        {"type": "Polygon", "coordinates": [[[179, 0], [181, 0], [181, 1], [179, 1], [179, 0]]]}, None, where="x"
    )
    assert over is not None
    assert over.bounds == (-180, 0, 180, 1)
    assert over.area == pytest.approx(2)


def test_an_item_that_does_not_say_where_or_when_is_left_out_only_where_that_is_asked() -> None:
    nowhere = item("nowhere", datetime=None)
    object.__setattr__(nowhere, "footprint", None)
    assert names([nowhere], Filters()) == ["nowhere"]
    assert names([nowhere], Filters(sites=SITE)) == ["nowhere"]  # its picture will say
    assert names([nowhere], Filters(sites=SITE, min_coverage=0.5)) == []
    assert names([nowhere], Filters(area=SITE[0][1])) == []
    assert names([nowhere], Filters(span=read_span("2024"))) == []


def test_a_span_that_has_begun_may_end_in_days_to_come() -> None:
    month = {"datetime": None, "start_datetime": "2024-05-01T00:00:00Z", "end_datetime": "2099-06-01T00:00:00Z"}
    found = item("month", **month)
    assert (found.start and found.start.year, found.end and found.end.year) == (2024, 2099)
    for key in ("datetime", "start_datetime"):
        with pytest.raises(SceneError, match=f"{key}: .* lies in the future"):
            item("soon", **{**month, key: "2099-05-01T00:00:00Z"})


@pytest.mark.parametrize(("other", "kinds"), [("/a.tif?sig=2", [Item]), ("/b.tif?sig=1", [Item, Unread])])
def test_an_item_that_two_answers_sign_each_in_its_own_way_is_one(other: str, kinds: list[type]) -> None:
    answers = [
        {"id": "x", "type": "Feature", "stac_version": "1.0.0", "properties": {"datetime": "2024-05-01T10:00:00Z"},
         "assets": {"visual": {"href": f"https://host{path}"}}, "links": [{"rel": "self", "href": f"https://host/x{path}"}]}
        for path in ("/a.tif?sig=1", other)
    ]  # fmt: skip
    assert [type(one) for one in each_once(read_item(raw, where="x", base="https://host/") for raw in answers)] == kinds


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("2023-08/2023-10", "2023-08-01T00:00:00Z/2023-10-31T23:59:59.999999Z"),
        ("2024-02", "2024-02-01T00:00:00Z/2024-02-29T23:59:59.999999Z"),
        ("2023-10-14", "2023-10-14T00:00:00Z/2023-10-14T23:59:59.999999Z"),
        ("2023-10-14T01:15:00Z/..", "2023-10-14T01:15:00Z/.."),
        ("2023-10-14T01:15", "2023-10-14T01:15:00Z/2023-10-14T01:15:59.999999Z"),
        ("../2023-10-14 10:15 +09:00", "../2023-10-14T01:15:59.999999Z"),
        ("20231014T011500Z", "2023-10-14T01:15:00Z/2023-10-14T01:15:00Z"),
        ("../2023", "../2023-12-31T23:59:59.999999Z"),
        ("2024-01-01T00:00:00Z/2099-12-31T23:59:59Z", "2024-01-01T00:00:00Z/2099-12-31T23:59:59Z"),
        ("1965-01-01T00:00:00Z/1970", "1965-01-01T00:00:00Z/1970-12-31T23:59:59.999999Z"),
        ("2023-10-14T01:15:07.25Z", "2023-10-14T01:15:07.250000Z/2023-10-14T01:15:07.250000Z"),
    ],
)
def test_spans_hold_both_ends(text: str, asked: str) -> None:
    assert read_span(text).asked() == asked


@pytest.mark.parametrize("text", ["", "../..", "2023/2022", "2023-13", "05/06/2023", "2023-02-30", "yesterday", "1/2/3"])
def test_a_span_that_cannot_be_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="--datetime"):
        read_span(text)


@pytest.mark.parametrize(
    "wrong",
    [{"bbox": "1,2,3"}, {"bbox": "a,b,c,d"}, {"bbox": "0,50,1,40"}, {"max_cloud": 101}, {"max_off_nadir": -1},
     {"min_coverage": 50}, {"min_coverage": 0.5}, {"max_items": 0}],
)  # fmt: skip
def test_filters_out_of_bounds_are_usage_errors(wrong) -> None:
    with pytest.raises(UsageError):
        make_filters(**wrong)


@pytest.mark.parametrize(
    ("kind", "bbox", "words"),
    [
        ("site", "10,10,11,11", "no place in common"),
        ("exclude", None, "no place but what is excluded"),
        ("site", "0,0,2,2", ""),
    ],
)
def test_places_that_leave_none_are_a_usage_error(tmp_path: Path, kind: str, bbox: str | None, words: str) -> None:
    square = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
    outlines = tmp_path / "outlines.geojson"
    outlines.write_text(json.dumps({"type": "Feature", "properties": {"kind": kind}, "geometry": square}))
    if words:
        with pytest.raises(UsageError, match=words):
            make_filters(bbox=bbox, intersects=outlines)
    else:
        assert make_filters(bbox=bbox, intersects=outlines).places


def test_a_box_across_the_antimeridian_is_two_places() -> None:
    area = make_filters(bbox="179,-1,-179,1").area
    assert area is not None
    assert area.area == pytest.approx(4)
