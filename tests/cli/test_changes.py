"""`sattrack changes` through the real entry point, on small scenes of one ground."""

import csv
import datetime as dt
import json
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin
from scipy import ndimage

from sattrack.changing import Shown, changes_of_run
from sattrack.reports import change_pictures
from tests.cli.conftest import EAST, GSD, NORTH, write_site

DETECTOR = ("--detector", "bright_boxes:Bright")
EARLIER, LATER = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (0, 3, 7, 10, 11, 12, 13, 14, 15, 16, 17)
SHAPE = (260, 360)


def drawn(slots: tuple[int, ...], *, shift: tuple[int, int] = (0, 0), seed: int = 1) -> np.ndarray:
    """Ground with kerbs, sheds and dirt, and white boxes in some of 24 slots; all moved by shift (x, y)."""
    rng = np.random.default_rng(seed)
    rows, cols = SHAPE[0] + 40, SHAPE[1] + 40
    ground = 70 + 18 * ndimage.gaussian_filter(rng.normal(size=(rows, cols)), 1.5) / 0.2
    for _ in range(60):
        y, x = rng.integers(0, rows), rng.integers(0, cols)
        ground[y : y + rng.integers(4, 30), x : x + rng.integers(4, 30)] += rng.uniform(-35, 35)
    picture = np.repeat(np.clip(ground, 10, 130)[..., None], 3, axis=2).astype(np.uint8)
    for slot in slots:
        y, x = 50 + 33 * (slot // 4), 50 + 75 * (slot % 4)
        picture[y : y + 5, x : x + 24] = 250
    y, x = 20 - shift[1], 20 - shift[0]
    return picture[y : y + SHAPE[0], x : x + SHAPE[1]]


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[Path, Path]:
    """Two pictures without coordinates: 10 and 11 boxes, 3 of them the same; the later one lies (4, -3) pixels off."""
    paths = tmp_path / "a.png", tmp_path / "b.png"
    Image.fromarray(drawn(EARLIER)).save(paths[0])
    Image.fromarray(drawn(LATER, shift=(4, -3))).save(paths[1])
    return paths


@pytest.fixture
def moved_run(sattrack, detectors, tmp_path: Path) -> Path:
    """A run of the same ground with coordinates, at two dates."""
    folder = tmp_path / "moved"
    folder.mkdir()
    for day, slots, shift in ((1, EARLIER, (0, 0)), (9, LATER, (4, -3))):
        with rasterio.open(
            folder / f"may{day}.tif", "w", driver="GTiff", width=SHAPE[1], height=SHAPE[0], count=3, dtype="uint8",
            photometric="rgb", crs="EPSG:32652", transform=from_origin(EAST, NORTH, GSD, GSD),
        ) as to:  # fmt: skip
            to.write(drawn(slots, shift=shift).transpose(2, 0, 1))
            to.update_tags(TIFFTAG_DATETIME=dt.datetime(2024, 5, day, 10, tzinfo=dt.UTC).strftime("%Y:%m:%d %H:%M:%S"))
    site = write_site(tmp_path / "left.geojson")
    run = tmp_path / "moved-run"
    assert sattrack("detect", folder, "--sites", site, "-o", run, *DETECTOR, "--no-report", "-q").code == 0
    return run


def test_two_pictures_without_coordinates_or_dates_are_compared_box_by_box(sattrack, pictures, detectors, tmp_path) -> None:
    said = sattrack("changes", *pictures, "--gsd-m", GSD, *DETECTOR, "--json", "-o", tmp_path / "out")
    assert said.code == 0, said.err
    (one,) = said.json["changes"]
    assert one["compared_by"] == "boxes", one
    assert (one["count_earlier"], one["count_later"], one["change"]) == (10, 11, 1)
    assert (one["kept"], one["arrived"], one["left"]) == (3, 8, 7)
    assert (one["offset_x_m"], one["offset_y_m"]) == (pytest.approx(2.0, abs=0.4), pytest.approx(-1.5, abs=0.4))
    assert one["change_low"] is None  # nothing was measured for this detector
    with (tmp_path / "out" / "boxes.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["state"] for row in rows) == ["arrived"] * 8 + ["kept"] * 3 + ["left"] * 7
    assert not (tmp_path / "out" / "boxes.geojson").exists()
    assert len(list((tmp_path / "out").glob("*.jpg"))) == 1


def test_the_other_way_round_what_arrived_has_left(sattrack, pictures, detectors) -> None:
    (one,) = sattrack("changes", *reversed(pictures), "--gsd-m", GSD, *DETECTOR, "--json").json["changes"]
    assert (one["kept"], one["arrived"], one["left"], one["change"]) == (3, 7, 8, -1)


def test_two_pictures_in_the_wrong_order_of_their_times_are_compared_as_given_and_that_is_said(
    sattrack, moved_run, tmp_path
) -> None:
    dated = tmp_path / "moved" / "may1.tif", tmp_path / "moved" / "may9.tif"
    for pair, said in ((dated, False), (dated[::-1], True)):
        (one,) = sattrack("changes", *pair, *DETECTOR, "--json").json["changes"]
        assert any("the first picture is the later one" in note for note in one["notes"]) == said
        assert one["change"] == (-1 if said else 1)


def test_a_picture_against_itself_keeps_every_box(sattrack, pictures, detectors) -> None:
    (one,) = sattrack("changes", pictures[0], pictures[0], "--gsd-m", GSD, *DETECTOR, "--json").json["changes"]
    assert (one["kept"], one["arrived"], one["left"], one["change"]) == (10, 0, 0, 0)
    assert (one["offset_x_m"], one["offset_y_m"]) == (0.0, 0.0)


def test_I1_where_nothing_was_seen_in_both_nothing_is_told(sattrack, pictures, detectors, tmp_path) -> None:
    whole = np.asarray(Image.open(pictures[0]))
    for name, cols in (("left", slice(None, 160)), ("right", slice(160, None)), ("strip", slice(None, 170))):
        half = np.zeros_like(whole)
        half[:, cols] = whole[:, cols]
        Image.fromarray(half).save(tmp_path / f"{name}.png")
    Image.fromarray(np.zeros_like(whole)).save(tmp_path / "none.png")
    for names in (("left", "right"), ("none", "none"), ("strip", "right")):
        words = ("changes", *(tmp_path / f"{name}.png" for name in names), "--gsd-m", GSD, *DETECTOR)
        said = sattrack(*words, "--json", "-o", tmp_path / "out")
        assert said.code == 0, said.err
        (one,) = said.json["changes"]
        assert one["compared_by"] == "nothing"
        assert "no ground of the site was seen in both" in one["why"]
        assert {one[name] for name in ("count_earlier", "count_later", "change", "kept", "arrived", "left")} == {None}
        assert one["direction"] == "unknown"
        said = sattrack(*words)
        assert f"{one['shared_fraction']:.0%}   - → -" in said.out
        assert "not assessable" in said.err


def test_m13_a_box_cut_by_the_edge_of_what_was_seen_is_no_arrival(sattrack, pictures, detectors, tmp_path) -> None:
    whole = Image.open(pictures[0])
    whole.crop((0, 0, 190, SHAPE[0])).save(tmp_path / "left.png")  # through the boxes of the third column
    blank = np.array(whole)
    blank[:, 190:] = 0
    Image.fromarray(blank).save(tmp_path / "unseen.png")
    for part in ("left.png", "unseen.png"):
        for both in ((pictures[0], tmp_path / part), (tmp_path / part, pictures[0])):
            (one,) = sattrack("changes", *both, "--gsd-m", GSD, *DETECTOR, "--json").json["changes"]
            assert (one["count_earlier"], one["count_later"], one["change"]) == (6, 6, 0)
            assert one["arrived"] in (0, None)
            assert one["left"] in (0, None)


def test_M13_pictures_of_two_places_step_down_to_counts_and_say_so(sattrack, pictures, detectors, tmp_path) -> None:
    Image.fromarray(drawn(LATER, seed=2)).save(tmp_path / "elsewhere.png")
    said = sattrack("changes", pictures[0], tmp_path / "elsewhere.png", "--gsd-m", GSD, *DETECTOR)
    assert said.code == 0
    assert "counts" in said.out
    assert "cannot be told from what stands still" in said.err


def test_no_imagery_shows_boxes_on_gray(sattrack, pictures, detectors, tmp_path) -> None:
    sattrack("changes", *pictures, "--gsd-m", GSD, *DETECTOR, "-o", tmp_path / "out", "--no-imagery", "-q")
    (picture,) = (tmp_path / "out").glob("*.jpg")
    # Along a line through no box the ground is one gray.
    line = np.asarray(Image.open(picture).convert("L"))[60, 10:1000]
    assert np.ptp(line.astype(int)) < 12


def test_the_outline_of_a_site_is_drawn_round_its_boxes_at_both_dates(moved_run, tmp_path) -> None:
    (shown,) = changes_of_run(moved_run)
    assert shown.outline is not None
    sheets = []
    for name, outline in (("with.jpg", shown.outline), ("without.jpg", None)):
        change_pictures.write_change_picture(shown.exchange, shown.lattice, None, tmp_path / name, outline=outline)
        sheets.append(np.asarray(Image.open(tmp_path / name).convert("L")).astype(int))
    changed = np.abs(sheets[0] - sheets[1]) > 60
    scale = 3.0 / shown.lattice.pixel_m
    left, low, right, high = shown.lattice.flat(np.array(shown.outline.bounds).reshape(2, 2)).ravel() * scale
    rows, cols = shown.lattice.shape
    for start in (0, 3 * cols + change_pictures._GAP):
        half = changed[24 : 24 + 3 * rows, start : start + 3 * cols]
        across, along = np.flatnonzero(half.any(axis=1)), np.flatnonzero(half.any(axis=0))
        assert (across[0], across[-1]) == pytest.approx(sorted((low, high)), abs=5)
        assert (along[0], along[-1]) == pytest.approx((left, right), abs=5)
        assert half.mean() < 0.05, "a line, and nothing else"


def test_a_picture_of_the_middle_of_a_large_site_says_how_many_boxes_lie_beside_it(
    sattrack, pictures, detectors, tmp_path, monkeypatch
) -> None:
    written: list[str] = []
    fitted = change_pictures._fitted
    monkeypatch.setattr(change_pictures, "_fitted", lambda text, *room: written.append(text) or fitted(text, *room))
    words = ("changes", *pictures, "--gsd-m", GSD, *DETECTOR, "-o", tmp_path / "out", "-q")
    assert sattrack(*words).code == 0
    assert not any("beside" in text for text in written)
    monkeypatch.setattr("sattrack.steps.lattices._MOST_PX", 220)
    assert sattrack(*words).code == 0
    assert "the middle of the site is shown: 3 boxes before and 3 after lie beside it" in written


def test_o11_a_run_made_without_imagery_shows_boxes_on_gray(sattrack, moved_run, tmp_path) -> None:
    run = json.loads((moved_run / "run.json").read_text())
    (moved_run / "run.json").write_text(json.dumps(run | {"imagery": False}))
    grays = {}
    for name, more in (("own", ()), ("asked", ("--imagery",)), ("none", ("--no-imagery",))):
        assert sattrack("changes", moved_run, "-o", tmp_path / name, *more, "-q").code == 0
        (picture,) = (tmp_path / name).glob("*.jpg")
        grays[name] = picture.read_bytes()
    assert grays["own"] == grays["none"] != grays["asked"]


def test_a_run_compares_each_sites_neighbours_in_time(sattrack, moved_run, tmp_path) -> None:
    said = sattrack("changes", moved_run, "--json", "-o", tmp_path / "out")
    (one,) = said.json["changes"]
    assert (one["site_id"], one["earlier_datetime"], one["later_datetime"]) == (
        "left", "2024-05-01T10:00:00Z", "2024-05-09T10:00:00Z",
    )  # fmt: skip
    assert one["compared_by"] == "boxes", one
    assert one["arrived"] - one["left"] == one["change"]
    world = json.loads((tmp_path / "out" / "boxes.geojson").read_text())
    lon, lat = world["features"][0]["geometry"]["coordinates"][0][0]
    assert 128 < lon < 130
    assert 35 < lat < 36
    assert {f["properties"]["state"] for f in world["features"]} <= {"kept", "arrived", "left"}


def test_where_no_box_is_left_the_boxes_of_an_earlier_call_do_not_stay(sattrack, moved_run, pictures, tmp_path) -> None:
    world = tmp_path / "out" / "boxes.geojson"
    assert sattrack("changes", moved_run, "-o", tmp_path / "out", "-q").code == 0
    assert json.loads(world.read_text())["features"]
    assert sattrack("count", moved_run, "--threshold", "0.95", "-q").code == 0
    assert sattrack("changes", moved_run, "-o", tmp_path / "out", "-q").code == 0
    assert json.loads(world.read_text())["features"] == []
    assert sattrack("changes", *pictures, "--gsd-m", GSD, *DETECTOR, "-o", tmp_path / "out", "-q").code == 0
    assert not world.exists()


@pytest.mark.parametrize("more", [("--json",), ("-o", "out")])
def test_the_pictures_of_one_pair_alone_are_held(sattrack, moved_run, tmp_path, monkeypatch, more) -> None:
    held: list[weakref.ref[np.ndarray]] = []

    def many(folder: Path, **how: object) -> Iterator[Shown]:
        (one,) = changes_of_run(folder, **how)
        for _ in range(4):
            assert sum(each() is not None for each in held) <= 1
            looks = tuple(replace(look, pixels=look.pixels.copy()) for look in one.looks)
            held.append(weakref.ref(looks[0].pixels))
            shown = replace(one, looks=looks)
            del looks
            yield shown
            del shown

    monkeypatch.setattr("sattrack.changing.changes_of_run", many)
    monkeypatch.chdir(tmp_path)
    said = sattrack("changes", moved_run, *more)
    assert said.code == 0, said.err
    assert len(held) == 4
    if "-o" in more:
        with (tmp_path / "out" / "changes.csv").open() as file:
            assert len(list(csv.DictReader(file))) == len(list((tmp_path / "out").glob("*.jpg"))) == 4


def test_pictures_that_are_gone_leave_the_counts(sattrack, moved_run, tmp_path) -> None:
    (tmp_path / "moved" / "may9.tif").unlink()
    (one,) = sattrack("changes", moved_run, "--json").json["changes"]
    assert (one["compared_by"], one["kept"]) == ("counts", None)
    assert "cannot be read again" in one["why"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("RUN", "--threshold", "0.5"), "--threshold would change a run"),
        (("RUN", "--site", "nowhere"), "no site 'nowhere'"),
        (("A",), "one run folder, or two pictures"),
        (("A", "B", "A"), "one run folder, or two pictures"),
        (("A", "B", "--gsd-m", "3"), "too coarse"),
        (("A", "B", "--site", "x", "--gsd-m", "0.5"), "--site is for runs"),
        (("A", "missing.png", "--gsd-m", "0.5"), "missing.png"),
        (("A", "TIF", "--gsd-m", "0.5"), "coordinates"),
    ],
)
def test_what_cannot_be_asked_is_one_line(sattrack, moved_run, pictures, tmp_path, words, said) -> None:
    names = {"RUN": moved_run, "A": pictures[0], "B": pictures[1], "TIF": tmp_path / "moved" / "may1.tif"}
    given = [names.get(word, word) for word in words]
    ours = () if "RUN" in words else DETECTOR
    answer = sattrack("changes", *given, *ours)
    assert answer.code in (1, 2)
    assert answer.err.startswith("error: ")
    assert answer.err.count("\n") == 1
    assert said in answer.err


def test_a_remote_picture_names_a_way_out_that_there_is(sattrack, tmp_path) -> None:
    said = sattrack("changes", tmp_path / "a.png", "https://x.org/b.tif?sig=1")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "https://x.org/b.tif: lies elsewhere" in said.err


def test_a_run_without_outlines_says_the_way_out(sattrack, scenes, detectors, tmp_path) -> None:
    run = tmp_path / "plain"
    sattrack("detect", scenes, "-o", run, *DETECTOR, "--no-report", "-q")
    answer = sattrack("changes", run)
    assert answer.code == 2
    assert "--sites FILE" in answer.err
