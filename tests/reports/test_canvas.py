import numpy as np
import pytest

from sattrack.reports.canvas import Area, Dot, Drawing, Stroke, pixels, svg


def painted(*marks):
    return np.asarray(pixels(Drawing(100, 100, marks), scale=2)).astype(int)


@pytest.mark.parametrize("shape", ["disc", "square", "diamond", "up", "down"])
def test_every_shape_is_filled_at_its_middle_in_pixels_and_named_in_svg(shape):
    dot = Dot(50, 50, 10, "warn", shape=shape, tip="said")
    assert painted(dot)[100, 100].tolist() == [168, 60, 15]
    text = svg(Drawing(100, 100, (dot,)))
    assert ("<circle" in text) == (shape == "disc")
    assert "<title>said</title>" in text


def test_a_hollow_shape_has_paper_inside():
    assert painted(Dot(50, 50, 10, "warn", hollow=True, shape="square"))[100, 100].tolist() == [255, 255, 255]


def test_up_points_up_and_down_points_down():
    rows = {
        shape: np.flatnonzero((painted(Dot(50, 50, 10, "warn", shape=shape)) < 200).any(axis=(1, 2)))
        for shape in ("up", "down")
    }
    wide = {s: (painted(Dot(50, 50, 10, "warn", shape=s)) < 200).any(axis=2).sum(axis=1) for s in rows}
    assert wide["up"][rows["up"][2]] < wide["up"][rows["up"][-4]]
    assert wide["down"][rows["down"][3]] > wide["down"][rows["down"][-3]]


def test_an_area_is_thinned_with_the_paper():
    area = Area(((20, 20), (80, 20), (80, 80), (20, 80)), "quiet", faint=0.5)
    assert painted(area)[100, 100].tolist() == [174, 178, 182]
    assert "fill-opacity:0.5" in svg(Drawing(100, 100, (area,)))


def test_a_dashed_line_has_gaps_of_its_own_length():
    line = painted(Stroke(((10, 50), (90, 50)), "ink", 2.0, dash=(10.0, 10.0)))[100]
    assert line[30].max() < 100  # 15 units along: in the first dash
    assert line[50].min() > 200  # 25 units along: in the first gap
    assert "stroke-dasharray:10 10" in svg(Drawing(100, 100, (Stroke(((0, 0), (9, 9)), "ink", dash=(10.0, 10.0)),)))
