"""Evidence pictures: both scenes on one ground, to scale, and what is drawn when there are no pixels."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from sattrack.reports.evidence_page import page
from sattrack.reports.evidence_pictures import draw, sheet, states_of
from sattrack.reports.evidence_words import counted
from sattrack.reports.marks import north_in, scale_bar
from sattrack.reports.views import NO_PICTURE
from tests.reports.invented_case import case_of


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return case_of(tmp_path_factory.mktemp("case"))


def test_both_pictures_show_one_ground_north_up_and_to_scale(case):
    one, two = (draw(sight, case) for sight in case.sights)
    assert one.pixels.shape == two.pixels.shape == (*case.lattice.shape, 3)
    bar = scale_bar(one.view, grid=one.part.scene.grid)
    assert bar.metres / bar.px == pytest.approx(case.lattice.pixel_m)
    turn = north_in(one.view, grid=one.part.scene.grid)
    assert min(turn, 360 - turn) < 0.5


def test_boxes_are_drawn_where_they_were_found(case):
    after = case.after
    middle = case.lattice.flat(after.boxes.centres()) / case.lattice.pixel_m
    back = case.lattice.frame.to_pixels(case.lattice.ground(middle * case.lattice.pixel_m), grid=after.parts[0].scene.grid)
    found = after.parts[0].detections.centres()
    apart = np.linalg.norm(back[:, None] - found[None], axis=-1).min(axis=1)
    assert len(after.boxes) == after.count.count
    assert apart.max() < 0.01


def test_each_box_of_a_sight_has_the_state_that_the_exchange_gives_it(case):
    before, after = (states_of(sight, case).tolist() for sight in case.sights)
    told = case.exchange
    if told.by == "boxes":
        stay = told.stays_before.sum(), told.stays_after.sum()
        assert (before.count("kept"), after.count("kept")) == stay
        assert before.count("left") == len(told.before) - stay[0] == told.left.value
        assert after.count("arrived") == len(told.after) - stay[1] == told.arrived.value
    else:
        assert {*before, *after} == {"not told"}


def test_a_scene_that_is_gone_is_drawn_on_dark_ground_with_the_reason(tmp_path, case):
    gone = case_of(tmp_path, gone=frozenset({case.after.count.scene_id}))
    assert (gone.before.missing, gone.exchange) == ("", None)
    assert gone.after.missing == "cannot be read: no such file"
    picture = np.asarray(Image.open(io.BytesIO(sheet(draw(gone.after, gone), gone.after, gone))))
    assert (picture[:8, :8] == NO_PICTURE).all()


def test_an_area_left_out_is_explained_on_the_sheet_and_the_page_and_only_where_there_is_one(case):
    own = tuple(site for site in case.run.sites if not site.excludes)
    roof = replace(case.site, id="roof", name="Roof", kind="exclude")
    told = {}
    for name, sites in (("bare", own), ("roofed", (*own, roof))):
        one = replace(case, run=replace(case.run, sites=sites))
        drawings = {sight.role: draw(sight, one) for sight in one.sights}
        picture = Image.open(io.BytesIO(sheet(drawings["after"], one.after, one)))
        lines = re.findall(r'<li class="line">([^<]*)</li>', page(one, drawings).decode())
        told[name] = lines, "inside no area left out" in counted(one)[0], picture
    assert told["bare"][:2] == (["white: the outline", "hatched: not seen"], False)
    assert told["roofed"][:2] == (["white: the outline", "thin orange: an area left out", "hatched: not seen"], True)
    keys = [np.asarray(picture.crop((0, picture.height - 60, *picture.size))) for *_, picture in told.values()]
    assert keys[0].shape != keys[1].shape or (keys[0] != keys[1]).any()
