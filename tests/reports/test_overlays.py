import datetime as dt
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from sattrack.errors import StoreError
from sattrack.imagery import Grid, Window
from sattrack.reports.marks import CLASS_COLOURS, Marks, Outline, marks_on, north_in, scale_bar
from sattrack.reports.overlays import drawn, jpeg, with_caption, write_overlays
from sattrack.reports.views import BLANK, NO_PICTURE, View, neighbourhood, rings, take, view_in_pixels, view_on_ground
from sattrack.steps.counting import Rule, count_site
from sattrack.steps.picking import counted_in
from sattrack.timeline import Site
from tests.reports.invented_run import HOSTILE, PaintedReader, boxes, grid_of, outline, part_of, port, run_of


def gray(view, level=90):
    return np.full((view.height, view.width, 3), level, np.uint8)


def marks_of(part, view, *, threshold, sites=(), **more):
    counted = counted_in({"a": part}, threshold=threshold, sites=sites, overlap=0.3)["a"]
    return marks_on(part, view, counted=counted, threshold=threshold, sites=sites, **more)


def test_one_picture_a_scene_file_small_ones_enlarged_large_ones_decimated(tmp_path):
    small = part_of("small", quads=boxes(6, left=20, top=20), grid=grid_of(shape=(200, 300), crs=None))
    large = part_of("large", quads=boxes(6, left=20, top=20), grid=grid_of(shape=(1500, 8000), crs=None))
    parts = {"small": small, "large": large}
    folder = write_overlays(run_of(parts, folder=tmp_path), parts, tmp_path / "o", reader=PaintedReader(parts))
    assert sorted(p.name for p in folder.iterdir()) == ["large.jpg", "small.jpg"]
    with Image.open(folder / "small.jpg") as picture:
        assert picture.size[0] == 900
        assert picture.size[1] > 600  # the caption stands below, never over the ground
        assert not picture.getexif()
    with Image.open(folder / "large.jpg") as picture:
        assert picture.size[0] == 4000


def test_a_box_five_pixels_wide_keeps_its_inside(tmp_path):
    grid = grid_of(shape=(60, 60), crs=None)
    quad = np.array([[[10, 20], [34.4, 20], [34.4, 25], [10, 25]]], float)
    part = part_of("a", quads=quad, grid=grid)
    view = view_in_pixels(Window(0, 0, 60, 60), most_px=4000, enlarge=1)
    out = drawn(gray(view), marks_of(part, view, threshold=0.3))
    assert (out[22, 12:33] == 90).all()  # the middle row is untouched
    assert tuple(out[20, 20]) != (90, 90, 90)


def test_lines_lie_on_the_boxes_edges_to_half_a_pixel():
    view = View(Window(0, 0, 100, 100), 100, 100)
    part = part_of(
        "a", quads=np.array([[[10, 40], [34.4, 40], [34.4, 60], [10, 60]]], float), grid=grid_of(shape=(100, 100), crs=None)
    )
    out = drawn(gray(view, 0), marks_of(part, view, threshold=0.3)).sum(axis=2)
    # (0, 0) is the outer corner: an edge at x = 10 lies between columns 9 and 10.
    assert out[50, 9] > 100
    assert out[50, 10] > 100
    assert out[50, 7] == out[50, 12] == 0


def test_boxes_are_coloured_by_length_and_only_those_at_the_threshold_are_counted():
    long = np.array([[[10, 10], [34.4, 10], [34.4, 15], [10, 15]], [[50, 10], [62.2, 10], [62.2, 15], [50, 15]]], float)
    part = part_of("a", quads=np.concatenate([long, long + np.array([0, 30])]), grid=grid_of(shape=(80, 80), crs=None),
                   scores=np.array([0.9, 0.9, 0.3, 0.1], np.float32))  # fmt: skip
    view = View(Window(0, 0, 80, 80), 80, 80)
    marks = marks_of(part, view, threshold=0.3, weak=True)
    assert {name: len(quads) for name, quads in marks.counted.items()} == {"20ft": 1, "40ft": 2, "45ft": 0}
    assert len(marks.weak) == 1
    assert len(marks_of(part, view, threshold=0.3).weak) == 0
    out = drawn(gray(view, 0), marks)
    assert (np.abs(out.astype(int) - CLASS_COLOURS["40ft"]).sum(axis=2) < 220).any()


def test_the_boxes_shown_as_counted_are_those_that_are_counted(tmp_path):
    run, parts = port(tmp_path, scenes=3)
    rule = Rule(threshold=0.3, min_observed=0.5, merge_overlap=0.3)
    for site in run.sites:
        if site.excludes:
            continue
        for part in parts.values():
            grid = part.scene.grid
            view = view_on_ground(neighbourhood(rings(site, grid=grid), grid=grid), grid=grid, most_px=1600)
            marks = marks_of(part, view, threshold=0.3, site=site, sites=run.sites)
            exclusions = [s for s in run.sites if s.excludes]
            assert marks.n_counted == count_site(site, parts=[part], exclusions=exclusions, rule=rule).count


def test_boxes_outside_every_outline_are_shown_as_not_counted(tmp_path):
    run, parts = port(tmp_path, scenes=1)
    part = parts["scene_00"]
    view = view_in_pixels(Window(0, 0, 2000, 1400), most_px=4000, enlarge=1)
    counts = {c.site_id: c.count for c in run.counts if c.scene_id == "scene_00" and not c.zone}
    assert marks_of(part, view, threshold=0.3, sites=run.sites).n_counted == sum(counts.values())
    quay = [s for s in run.sites if s.id == "quay"]
    alone = marks_of(part, view, threshold=0.3, sites=quay)
    assert alone.n_counted == counts["quay"]
    assert len(alone.outside) == len(part.detections) - counts["quay"]
    assert marks_of(part, view, threshold=0.3).n_counted == len(part.detections)


def test_a_box_that_two_files_of_a_scene_show_is_drawn_as_counted_in_one():
    quad = np.array([[[130, 40], [154.4, 40], [154.4, 45], [130, 45]]], float)
    left = part_of("left", quads=quad, grid=grid_of(shape=(200, 200)), scores=np.array([0.9], np.float32))
    right = part_of("right", quads=quad - [100, 0], grid=grid_of(shape=(200, 200), shift=(100, 0)))
    parts = {"left": left, "right": replace(right, scene=replace(right.scene, id="left"))}
    counted = counted_in(parts, threshold=0.3, sites=(), overlap=0.3)
    view = View(Window(0, 0, 200, 200), 200, 200)
    marks = {name: marks_on(part, view, counted=counted[name], threshold=0.3) for name, part in parts.items()}
    assert {name: (one.n_counted, len(one.outside)) for name, one in marks.items()} == {"left": (1, 0), "right": (0, 1)}


def test_unseen_ground_is_hatched_and_seen_ground_is_not():
    seen = np.full((25, 25), 255, np.uint8)
    seen[:, 12:] = 0
    part = part_of("a", quads=np.zeros((0, 4, 2)), grid=grid_of(shape=(100, 100), crs=None), seen=seen)
    view = View(Window(0, 0, 100, 100), 100, 100)
    out = drawn(gray(view), marks_of(part, view, threshold=0.3))
    assert (out[:, :47] == 90).all()
    assert (out[:, 50:] != 90).any(axis=2).mean() > 0.1


def test_the_scale_bar_is_round_and_as_long_as_it_says():
    for gsd, width in ((0.31, 500), (0.5, 3000), (0.82, 90)):
        grid = Grid((width, width), (gsd, gsd))
        view = View(Window(0, 0, width, width), 400, 400)
        bar = scale_bar(view, grid=grid)
        assert f"{bar.metres:.0e}"[0] in "125"
        assert bar.px <= 0.22 * 400 + 1e-6
        assert bar.px / 400 * width * gsd == pytest.approx(bar.metres)


def test_north_turns_with_the_scene_and_is_not_shown_without_a_crs():
    view = View(Window(0, 0, 400, 400), 400, 400)
    east_up = Grid((400, 400), (0.5, 0.5), "EPSG:32652", (0.0, 0.5, 400_000.0, 0.5, 0.0, 4_680_000.0))
    south_up = Grid((400, 400), (0.5, 0.5), "EPSG:32652", (0.5, 0.0, 400_000.0, 0.0, 0.5, 4_680_000.0))
    assert north_in(view, grid=grid_of(shape=(400, 400))) % 360 == pytest.approx(0, abs=1) or north_in(
        view, grid=grid_of(shape=(400, 400))
    ) == pytest.approx(360, abs=1)
    assert north_in(view, grid=south_up) == pytest.approx(180, abs=1)
    assert north_in(view, grid=east_up) == pytest.approx(90, abs=1)
    assert north_in(view, grid=Grid((400, 400), (0.5, 0.5))) is None


def test_pixels_longer_one_way_become_square_ground():
    view = view_on_ground(Window(0, 0, 600, 400), grid=Grid((400, 600), (0.6, 0.45)), most_px=1600)
    assert view.width / view.height == pytest.approx(600 * 0.6 / (400 * 0.45), rel=0.01)
    assert max(view.width, view.height) <= 1600


def test_a_large_scene_is_read_in_bands_that_join(tmp_path):
    part = part_of("a", quads=np.zeros((0, 4, 2)), grid=grid_of(shape=(9000, 6000), crs=None))

    class Ramp(PaintedReader):
        largest = 0

        def read(self, scene, window, out_shape):
            self.largest = max(self.largest, window.width * window.height)
            rows = window.row + (np.arange(out_shape[0]) + 0.5) * window.height / out_shape[0]
            pixels = np.repeat((rows / 9000 * 255).astype(np.uint8)[:, None, None], out_shape[1], axis=1)
            return np.repeat(pixels, 3, axis=2), np.ones(out_shape, bool)

    reader = Ramp({"a": part})
    view = view_on_ground(Window(0, 0, 6000, 9000), grid=part.scene.grid, most_px=900)
    pixels = take(part, view, reader=reader).pixels
    assert pixels.shape == (900, 600, 3)
    assert reader.largest <= 9_000_000
    assert np.abs(pixels[:, 0, 0] - (np.arange(900) + 0.5) / 900 * 255).max() <= 1.0


def test_a_picture_that_cannot_be_shown_says_why_and_keeps_its_boxes(tmp_path):
    run, parts = port(tmp_path, scenes=3)
    reader = PaintedReader(parts, gone=frozenset({"scene_00"}), changed=frozenset({"scene_01"}))
    view = view_in_pixels(Window(0, 0, 2000, 1400), most_px=500, enlarge=1)
    assert take(parts["scene_00"], view, reader=reader).missing == "cannot be read: no such file"
    assert "changed" in take(parts["scene_01"], view, reader=reader).missing
    assert take(parts["scene_02"], view, reader=reader).pixels.shape == (350, 500, 3)
    assert take(parts["scene_02"], view, reader=None).pixels is None
    folder = write_overlays(run, {"scene_00": parts["scene_00"]}, tmp_path / "o", reader=reader)
    with Image.open(folder / "scene_00.jpg") as picture:
        assert np.abs(np.asarray(picture)[5, 5].astype(int) - NO_PICTURE).max() < 6


def test_O11_a_run_made_without_imagery_has_its_boxes_on_gray(tmp_path):
    run, parts = port(tmp_path, scenes=1)
    reader = PaintedReader(parts)
    run = replace(run, index=replace(run.index, imagery=False))
    folder = write_overlays(run, parts, tmp_path / "o", reader=reader)
    assert reader.reads == []
    with Image.open(folder / "scene_00.jpg") as picture:
        assert np.abs(np.asarray(picture)[5, 5].astype(int) - NO_PICTURE).max() < 6


def test_a_scene_on_a_server_is_not_read_unless_allowed():
    part = part_of("a", quads=np.zeros((0, 4, 2)))
    for location in ("https://example.org/a.tif", "/vsicurl/https://example.org/a.tif", "/vsis3/bucket/a.tif"):
        object.__setattr__(part.scene, "location", location)
        reader = PaintedReader({"a": part})
        view = view_in_pixels(Window(0, 0, 100, 100), most_px=100, enlarge=1)
        assert take(part, view, reader=reader).pixels is None
        assert reader.reads == []
        assert take(part, view, reader=reader, remote=True).pixels is not None


def test_ground_outside_the_scene_is_blank():
    part = part_of("a", quads=np.zeros((0, 4, 2)), grid=grid_of(shape=(100, 100)))
    view = View(Window(-50, 0, 150, 100), 150, 100)
    pixels = take(part, view, reader=PaintedReader({"a": part})).pixels
    assert (pixels[:, :50] == BLANK).all()
    assert (pixels[:, 51:] != BLANK).any()


def test_the_neighbourhood_of_a_cut_site_shows_that_it_is_cut():
    site = Site("s", "s", outline(-200, 100, 600, 700))
    window = neighbourhood(rings(site, grid=grid_of()), grid=grid_of())
    assert window.col < 0
    assert window.col + window.width < 800
    assert neighbourhood(rings(Site("t", "t", outline(-900, 100, -300, 700)), grid=grid_of()), grid=grid_of()) is None


def test_X1_hostile_names_are_only_text_and_long_ones_are_wrapped():
    part = part_of(HOSTILE + "é" * 200, quads=boxes(3, left=5, top=5), grid=grid_of(shape=(50, 50)),
                   acquired=dt.datetime(2025, 1, 1, tzinfo=dt.UTC), licence="L" * 400)  # fmt: skip
    view = view_in_pixels(Window(0, 0, 50, 50), most_px=4000, enlarge=3)
    sheet = with_caption(gray(view), part, view, marks=marks_of(part, view, threshold=0.3))
    assert sheet.size[0] == 560
    assert sheet.size[1] > 250
    assert jpeg(sheet)[:2] == b"\xff\xd8"


def test_the_legend_of_a_small_picture_is_wrapped_and_explains_the_outlines():
    part = part_of("a", quads=boxes(3, left=5, top=5), grid=grid_of(shape=(50, 50)))
    view = view_in_pixels(Window(0, 0, 50, 50), most_px=4000, enlarge=3)
    some = boxes(2, left=5, top=5)
    bare = replace(marks_of(part, view, threshold=0.3), counted={}, outside=some[:0], weak=some[:0], outlines=(), unseen=())
    full = Marks(dict.fromkeys(CLASS_COLOURS, some), some, some, (Outline((some[0],), "exclude", "x"),), (some[0],))
    plain, told = (with_caption(gray(view), part, view, marks=marks) for marks in (bare, full))
    assert told.size[0] == plain.size[0] == 560
    assert told.size[1] > plain.size[1]
    strip = np.asarray(told)[view.height :].astype(int)
    assert (strip[:, -8:] == strip[0, -1]).all()  # nothing runs over the edge
    legend = strip[-2 * (told.size[1] - plain.size[1]) :]
    assert (legend == (255, 120, 60)).all(axis=-1).any()


def test_pure_grain_can_be_written_too():
    grain = np.random.default_rng(0).integers(0, 256, (300, 340, 3), dtype=np.uint8)
    assert Image.open(io.BytesIO(jpeg(Image.fromarray(grain)))).size == (340, 300)


def test_O10_a_folder_that_cannot_be_written_is_an_error_with_a_way_out(tmp_path):
    run, parts = port(tmp_path, scenes=2)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="-o"):
        write_overlays(run, parts, tmp_path / "file" / "o", reader=PaintedReader(parts))
