import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from sattrack.detections import Detections
from sattrack.geometry import quads_from_xywhr
from sattrack.imagery import Grid, Scene, Stretch
from sattrack.projections import to_lonlat
from sattrack.results import ModelCard, Part, SceneOutcome, Seen
from sattrack.steps.counting import Rule, count_refused, count_site, own_site
from sattrack.steps.doubting import LIKE_CARS
from sattrack.steps.estimating import NO_SURE_BOX
from sattrack.steps.picking import touches
from sattrack.timeline import Count, Site

CARD = ModelCard("m", "", ("container",), 0.2, 640, 0.25)
RULE = Rule(threshold=0.3, min_observed=0.5, merge_overlap=0.3)
WHEN = dt.datetime(2024, 10, 19, 2, 5, tzinfo=dt.UTC)


def grid(*, left: float = 500_000.0, top: float = 4_700_000.0, shape: tuple[int, int] = (1000, 1000)) -> Grid:
    return Grid(shape, (0.5, 0.5), "EPSG:32652", (0.5, 0.0, left, 0.0, -0.5, top))


def part(
    boxes: list[tuple[float, float, float]] = (), *, at: Grid | None = None, name: str = "a", share: float = 1.0,
    scene_id: str = "", labels: list[int] | None = None, cap_hit: bool = False, card: ModelCard = CARD, long_m: float = 12.192,
) -> Part:  # fmt: skip
    """boxes: (x, y, score) of boxes in pixels, long_m long. share: how much of the scene, from the left, was seen."""
    at = at or grid()
    table = np.array(boxes, float).reshape(-1, 3)
    xywhr = np.column_stack([table[:, :2], np.tile([long_m / 0.5, 2.438 / 0.5, 0.4], (len(table), 1))])
    found = Detections(
        quads_from_xywhr(xywhr), table[:, 2].astype(np.float32), np.array(labels or [0] * len(table), np.int32), cap_hit
    )
    seen = np.zeros((100, 100), np.uint8)
    seen[:, : round(100 * share)] = 255
    scene = Scene(scene_id or name, f"{name}.tif", at, (1, 2, 3), "uint8", part=name, acquired=WHEN, acquired_source="name")
    return Part(
        "key", scene, "", found, Seen(seen, (at.shape[1] / 100, at.shape[0] / 100)), Stretch((0,) * 3, (255,) * 3), card,
        "cpu", 1, 0,
    )  # fmt: skip


def outline(left: float, top: float, right: float, bottom: float, *, at: Grid | None = None, **more: str) -> Site:
    """A rectangle in pixels of a grid as a site in longitude and latitude."""
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], float)
    lonlat = to_lonlat(corners, grid=at or grid())
    return Site("port", "Port", {"type": "Polygon", "coordinates": [lonlat.tolist()]}, **more)


def count(site: Site, *parts: Part, rule: Rule = RULE, **more: object) -> Count:
    return count_site(site, parts=parts, rule=rule, **more)  # type: ignore[arg-type]


def test_boxes_belong_to_the_site_that_holds_their_centre() -> None:
    said = count(outline(100, 100, 500, 500), part([(499, 300, 0.9), (501, 300, 0.9), (110, 110, 0.9)]))
    assert (said.count, said.status, said.observed_fraction) == (2, "done", 1.0)
    assert (said.n_40ft, said.teu, said.datetime) == (2, 4.0, WHEN)


def test_the_threshold_is_applied_when_counting() -> None:
    boxes = [(200, 200, 0.29), (300, 300, 0.31), (400, 400, 0.9)]
    assert count(outline(100, 100, 500, 500), part(boxes)).count == 2
    assert count(outline(100, 100, 500, 500), part(boxes), rule=replace(RULE, threshold=0.5)).count == 1


def test_o2_a_site_outside_the_scene_has_no_number() -> None:
    said = count(outline(2000, 2000, 2500, 2500), part([(10, 10, 0.9)]))
    assert (said.count, said.status, said.observed_fraction) == (None, "outside", 0.0)


def test_i1_where_nothing_was_seen_there_is_no_number_even_if_no_least_share_is_asked_for() -> None:
    unseen = part([], share=0.3)
    for rule in (RULE, replace(RULE, min_observed=0.0)):
        said = count(outline(500, 100, 900, 500), unseen, rule=rule)
        assert (said.count, said.status, said.observed_fraction) == (None, "not_assessable", 0.0)
        assert "nothing of the site was seen" in said.notes


def test_a_site_seen_in_part_says_how_much() -> None:
    partly = part([(260, 200, 0.9)], share=0.5)
    said = count(outline(200, 100, 700, 500), partly)
    assert said.observed_fraction == pytest.approx(0.6, abs=0.01)
    assert (said.count, said.status) == (1, "done")
    little = count(outline(400, 100, 900, 500), partly)
    assert little.observed_fraction == pytest.approx(0.2, abs=0.01)
    assert little.status == "not_assessable"


def test_o2_a_site_that_the_scene_covers_in_part_says_so() -> None:
    said = count(outline(750, 0, 1250, 1000), part([(800, 500, 0.9)]))
    assert said.observed_fraction == pytest.approx(0.5, abs=0.01)
    assert any("covers 50% of the site" in note for note in said.notes)


@pytest.mark.parametrize("side_km", [1, 10, 100, 1000])
def test_o2_a_scene_in_a_far_larger_site_touches_it_and_its_density_is_true(side_km: float) -> None:
    small = grid(shape=(160, 160))
    half = side_km * 1000
    said = count(outline(-half, -half, half, half, at=small), part([(50, 50, 0.9), (90, 90, 0.8)], at=small))
    assert (said.count, said.status) == (2, "not_assessable")
    assert said.count_per_observed_area == pytest.approx(2 / 0.64, rel=0.01)
    assert said.observed_fraction == pytest.approx(80**2 / (1000 * side_km) ** 2, abs=1e-4)
    assert any("under 1%" in note or "the scene covers 1%" in note for note in said.notes)


def test_density_is_of_the_seen_area() -> None:
    said = count(outline(0, 0, 1000, 1000), part([(100, 100, 0.9)] * 1, share=0.5))
    assert said.count_per_observed_area == pytest.approx(1 / (25 * 0.5), rel=0.02)


def test_an_exclusion_masks_the_boxes_in_it() -> None:
    site, shed = outline(0, 0, 900, 900), outline(0, 0, 300, 300, kind="exclude")
    assert count(site, part([(100, 100, 0.9), (600, 600, 0.9)]), exclusions=[shed]).count == 1


def test_how_much_of_a_site_is_left_out_is_said_and_does_not_thin_its_density() -> None:
    site, half = outline(0, 0, 1000, 1000), outline(0, 0, 500, 1000, kind="exclude")
    said = count(site, part([(100, 100, 0.9), (600, 600, 0.9)]), exclusions=[half])
    assert (said.count, said.status, said.observed_fraction) == (1, "done", 1.0)
    assert said.count_per_observed_area == pytest.approx(1 / 12.5, rel=0.02)
    assert "50% of the site lies under outlines of kind `exclude`: no box is counted there" in said.notes
    beside = count(site, part([(100, 100, 0.9)]), exclusions=[outline(1500, 1500, 1600, 1600, kind="exclude")])
    assert (beside.count, beside.notes) == (1, count(site, part([(100, 100, 0.9)])).notes)


@pytest.mark.parametrize("outlined", [True, False])
def test_a_site_that_is_left_out_wholly_has_no_number_and_not_nought(outlined: bool) -> None:
    found, everything = part([(100, 100, 0.9)]), outline(-50, -50, 1050, 1050, kind="exclude")
    said = count(outline(0, 0, 900, 900) if outlined else own_site(found.scene), found, exclusions=[everything])
    assert (said.count, said.status) == (None, "not_assessable")
    assert "100% of the site lies under outlines of kind `exclude`: no box is counted there" in said.notes


def test_only_containers_are_counted_where_a_class_has_that_name() -> None:
    two = replace(CARD, classes=("ship", "Container 40ft"))
    found = part([(100, 100, 0.9), (300, 300, 0.9)], labels=[0, 1], card=two)
    assert count(own_site(found.scene), found).count == 1
    boats = replace(CARD, classes=("ship", "boat"))
    found = part([(100, 100, 0.9), (300, 300, 0.9)], labels=[0, 1], card=boats)
    assert count(own_site(found.scene), found).count == 2


def test_files_of_one_acquisition_are_merged_where_they_overlap() -> None:
    left, right = grid(), grid(left=500_250.0)  # overlap by half
    a = part([(100, 500, 0.9), (750, 500, 0.8)], at=left, name="a", scene_id="day")
    b = part([(250.8, 500.5, 0.7), (700, 500, 0.6)], at=right, name="b", scene_id="day")
    said = count(outline(0, 0, 1500, 1000), a, b)
    assert (said.count, said.scene_id) == (3, "day")
    assert said.observed_fraction == pytest.approx(1.0, abs=0.001)


@pytest.mark.parametrize(("gap_m", "said"), [(-30.0, False), (-5.0, True), (0.0, True), (60.0, False)])
def test_files_that_meet_without_an_overlap_are_told_of(gap_m: float, said: bool) -> None:
    left = part([(450, 450, 0.9)])
    width = left.scene.grid.shape[1] * left.scene.grid.gsd_m[0]
    beside = replace(left.scene, part="right", grid=grid(left=500_000.0 + width + gap_m))
    note = "files of this scene meet without an overlap: boxes cut by the joint may count twice, or not at all"
    assert (note in count(own_site(left.scene), left, replace(left, scene=beside)).notes) == said


def test_i1_a_lost_file_of_an_acquisition_is_missing_from_what_was_seen() -> None:
    there = part([(100, 500, 0.9)], scene_id="day")
    gone = part(at=grid(left=500_500.0), name="b", scene_id="day").scene
    lost = SceneOutcome("day", "b", "b.tif", "failed", reason="the pixels cannot be read", scene=gone)
    said = count(own_site(there.scene), there, missing=[lost])
    assert said.observed_fraction == pytest.approx(0.5, abs=0.01)
    assert any("the file b of this scene was not counted" in note for note in said.notes)


def test_without_outlines_a_scene_is_its_own_site_also_without_a_crs() -> None:
    plain = part([(100, 100, 0.9)], at=Grid((400, 600), (0.5, 0.5)), share=0.5)
    said = count(own_site(plain.scene), plain)
    assert (said.site_id, said.count) == ("a", 1)
    assert said.observed_fraction == pytest.approx(0.5, abs=0.01)


def test_an_outline_and_a_picture_without_coordinates_never_meet() -> None:
    plain = part([(100, 100, 0.9)], at=Grid((400, 600), (0.5, 0.5)))
    site = outline(0, 0, 500, 500)
    assert count(site, plain).status == "outside"
    assert not touches(site, scene=plain.scene)


def test_touching_is_told_by_the_footprint() -> None:
    scene = part().scene
    assert touches(outline(900, 900, 1500, 1500), scene=scene)
    assert not touches(outline(1100, 1100, 1500, 1500), scene=scene)


def test_g1_a_cap_that_was_hit_is_said() -> None:
    said = count(outline(0, 0, 900, 900), part([(100, 100, 0.9)], cap_hit=True))
    assert said.cap_hit
    assert any("lower bound" in note for note in said.notes)


def test_coarse_pixels_come_with_a_warning() -> None:
    coarse = replace(grid(), gsd_m=(1.1, 1.1))
    found = part([(100, 100, 0.9)], at=coarse)
    assert any("pixels lie across a container" in note for note in count(own_site(found.scene), found).notes)


def test_u1_a_failed_scene_has_a_row_without_a_number() -> None:
    outcome = SceneOutcome("x", "x", "x.tif", "failed", reason="torn")
    said = count_refused(outline(0, 0, 9, 9), outcome=outcome, card=CARD, rule=RULE)
    assert (said.count, said.status, said.notes) == (None, "failed", ("torn",))
    refused = replace(outcome, status="refused", scene=part(at=replace(grid(), gsd_m=(3.0, 3.0))).scene)
    said = count_refused(outline(0, 0, 9, 9), outcome=refused, card=CARD, rule=RULE)
    assert (said.capability, said.status, said.gsd_m) == ("area", "refused", 3.0)


def test_o7_a_site_across_the_antimeridian_is_seen_and_counted() -> None:
    at = Grid((1000, 2000), (1.113, 1.106), "EPSG:4326", (1e-5, 0.0, 179.99, 0.0, -1e-5, 0.005))
    halves = [
        [[[179.992, -0.004], [180.0, -0.004], [180.0, 0.004], [179.992, 0.004], [179.992, -0.004]]],
        [[[-180.0, -0.004], [-179.992, -0.004], [-179.992, 0.004], [-180.0, 0.004], [-180.0, -0.004]]],
    ]
    site = Site("fiji", "Fiji", {"type": "MultiPolygon", "coordinates": halves})
    found = part([(500, 500, 0.9), (1500, 500, 0.9)], at=at)
    assert touches(site, scene=found.scene)
    said = count(site, found)
    assert (said.count, said.observed_fraction) == (2, 1.0)


def test_a_count_without_a_sure_box_says_that_there_may_be_none() -> None:
    band = {
        "gsd_low": 0.2, "gsd_high": 0.8, "density_low": 0.0, "density_high": 500.0, "precision": 0.95, "recall": 0.95,
        "n": 900.0, "spread": 0.03, "sure": 0.7,
    }  # fmt: skip
    card = replace(CARD, measured=(band,))
    faint = [(150 + 30 * i, 300, 0.5) for i in range(10)]
    unsure, sure = (
        count(outline(100, 100, 500, 500), part(boxes, card=card)) for boxes in (faint, [*faint[1:], (450, 300, 0.7)])
    )
    assert (unsure.count, unsure.count_low, unsure.count_high) == (10, 0, sure.count_high)
    assert NO_SURE_BOX in unsure.notes
    assert (sure.count_low or 0) > 5
    assert NO_SURE_BOX not in sure.notes
    # Counted from a score that none reaches there is no box to be doubted.
    none = count(outline(100, 100, 500, 500), part(faint, card=card), rule=replace(RULE, threshold=0.6))
    assert (none.count, none.count_low) == (0, 0)
    assert NO_SURE_BOX not in none.notes


def test_a_row_of_cars_among_the_boxes_is_said_and_the_interval_does_without_it() -> None:
    card = replace(CARD, measured=(BAND,))
    rule = replace(RULE, threshold=card.threshold)
    row = [(150 + 6 * i, 300 + 12 * j, 0.9) for i in range(10) for j in range(2)]
    cars, boxes = (count(outline(100, 100, 500, 500), part(row, card=card, long_m=m), rule=rule) for m in (5.2, 6.06))
    assert cars.count == boxes.count == 20
    assert (cars.count_low, cars.count_high) == (0, boxes.count_high)
    assert cars.notes == (f"20 of the boxes {LIKE_CARS}",)
    assert cars.interval_method.endswith("some measure like cars")
    assert (boxes.count_low or 0) > 15
    assert not boxes.notes


BAND = {
    "gsd_low": 0.2, "gsd_high": 0.8, "density_low": 0.0, "density_high": 500.0, "precision": 0.95, "recall": 0.95, "n": 900.0,
    "spread": 0.03, "faint": 0.75,
}  # fmt: skip


def test_an_interval_does_not_hang_on_the_threshold_but_holds_the_count_and_says_so() -> None:
    card = replace(CARD, threshold=0.4, measured=(BAND,))
    scores = [0.9] * 12 + [0.35] * 6 + [0.2] * 6
    found = part([(120 + 40 * (i % 9), 150 + 60 * (i // 9), score) for i, score in enumerate(scores)], card=card)
    own, more, fewer = (count(outline(100, 100, 500, 500), found, rule=replace(RULE, threshold=at)) for at in (0.4, 0.15, 0.95))
    assert (own.count, more.count, fewer.count) == (12, 24, 0)
    assert own.count_low is not None
    assert own.count_high is not None
    assert (more.count_low, more.count_high) == (own.count_low, max(own.count_high, 24))
    assert (fewer.count_low, fewer.count_high) == (0, own.count_high)
    said = "boxes are counted from 0.15; the interval is by those from 0.4, where it was measured"
    assert said in more.notes
    assert "by boxes from 0.4" in more.interval_method
    assert not any("where it was measured" in text for text in (*own.notes, own.interval_method))


def test_i1_a_site_that_lies_in_a_lost_file_is_not_outside() -> None:
    left, right = part([(200, 200, 0.9)], name="left"), part(at=grid(left=500_400.0), name="right")
    there = outline(900, 100, 1200, 500)  # from the left file's edge into the right one
    beyond = outline(1100, 100, 1300, 500)
    gone = SceneOutcome("day", "right", "right.tif", "failed", reason="torn", scene=right.scene)
    placeless = replace(gone, scene=None)
    later = replace(gone, status="skipped", reason="not looked at")
    far = outline(4000, 4000, 4100, 4100)
    for site in (there, beyond):
        for lost, status in ((gone, "failed"), (placeless, "failed"), (later, "not_assessable")):
            said = count(site, left, missing=[lost])
            if site is there:
                assert (said.status, said.count) == ("not_assessable", 0)
                continue
            assert (said.count, said.status, said.observed_fraction) == (None, status, 0.0)
            assert said.notes == (f"the file right of this scene was not counted: {lost.reason}",)
    assert count(far, left, missing=[gone]).status == "outside"
    assert count(far, left, missing=[placeless]).status == "failed"
