from dataclasses import replace

import numpy as np
import pytest

from sattrack.geometry import quads_from_xywhr
from sattrack.results import Part
from sattrack.running import count_all
from sattrack.steps.counting import Rule, count_site, own_site
from sattrack.steps.merging import merge
from sattrack.steps.picking import counted_in, eligible, seen_once, sure, touches, within
from sattrack.timeline import Site
from tests.reports.invented_run import grid_of, outline, part_of


def made(*boxes: tuple[float, float, float], name: str = "a", shift: float = 0.0, scene: str = "", crs: bool = True) -> Part:
    """boxes: (x, y, score) of 40-ft boxes, in pixels of a file that begins `shift` columns to the right."""
    table = np.array(boxes, float).reshape(-1, 3)
    quads = quads_from_xywhr(np.column_stack([table[:, :2], np.tile([24.4, 4.9, 0.0], (len(table), 1))]))
    grid = grid_of(shape=(400, 400), shift=(shift, 0.0), crs="EPSG:32652" if crs else None)
    part = part_of(name, quads=quads, grid=grid, scores=table[:, 2].astype(np.float32))
    return replace(part, scene=replace(part.scene, id=scene or name))


def place(x0: float, x1: float, *, kind: str = "") -> Site:
    """All rows of some columns of the file that is not shifted."""
    return Site("port", "Port", outline(x0, 0, x1, 400), **({"kind": kind} if kind else {}))


def masks(*parts: Part, sites: tuple[Site, ...] = (), threshold: float = 0.3) -> dict[str, list[bool]]:
    found = counted_in({p.scene.part: p for p in parts}, threshold=threshold, sites=sites, overlap=0.3)
    return {name: mask.tolist() for name, mask in found.items()}


def test_a_box_counts_from_the_threshold_on() -> None:
    part = made((50, 50, 0.25), (150, 50, 0.5), (250, 50, 0.75))
    assert sure(part.detections, threshold=0.5).tolist() == [False, True, True]
    assert masks(part, threshold=0.5) == {"a": [False, True, True]}


def test_other_classes_count_only_where_none_is_named_container() -> None:
    two = made((50, 50, 0.9), (150, 50, 0.9))
    found = replace(two.detections, labels=np.array([0, 1], np.int32))
    ship = replace(two, detections=found, card=replace(two.card, classes=("ship", "Container 40ft")))
    assert eligible(ship).tolist() == [False, True]
    assert eligible(replace(ship, card=replace(two.card, classes=("ship", "boat")))).tolist() == [True, True]


def test_a_box_belongs_where_its_centre_lies_and_counts_nowhere_in_an_exclusion() -> None:
    part = made((99, 50, 0.9), (101, 50, 0.9), (250, 50, 0.9))
    assert within(part, place(100, 200)).tolist() == [False, True, False]
    assert masks(part, sites=(place(0, 400), place(100, 200, kind="exclude"))) == {"a": [True, False, True]}


def test_a_plain_picture_lies_in_no_outline_and_in_no_exclusion() -> None:
    plain = made((50, 50, 0.9), crs=False)
    assert not within(plain, place(0, 400)).any()
    assert not touches(place(0, 400), scene=plain.scene)
    assert masks(plain, sites=(place(0, 400, kind="exclude"),)) == {"a": [True]}
    assert within(plain, own_site(plain.scene)).all()


def test_of_two_sights_of_one_box_the_surer_counts() -> None:
    left = made((50, 50, 0.9), (250, 50, 0.6), name="l", scene="day")
    right = made((50.5, 50, 0.8), (150, 50, 0.7), name="r", scene="day", shift=200)
    assert masks(left, right) == {"l": [True, False], "r": [True, True]}
    # Another day's boxes stand in nobody's way, nor do those of a picture without coordinates.
    assert masks(left, replace(right, scene=replace(right.scene, id="later"))) == {"l": [True, True], "r": [True, True]}
    plain = made((250, 50, 0.95), name="p", scene="day", crs=False)
    assert [one.tolist() for one in seen_once([left, plain, right], overlap=0.3)] == [[True, False], [True], [True, True]]


@pytest.mark.parametrize("seed", range(5))
def test_what_is_listed_as_counted_is_as_many_as_the_count_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = [np.column_stack([rng.uniform(20, 380, (60, 2)), rng.uniform(0.1, 1, 60)]) for _ in range(2)]
    parts = {name: made(*rows, name=name, scene="day", shift=at) for name, rows, at in zip("lr", boxes, (0, 150), strict=True)}
    site, shed = place(50, 350), place(120, 180, kind="exclude")
    counted = counted_in(parts, threshold=0.4, sites=(site, shed), overlap=0.3)
    listed = sum(int((counted[name] & within(part, site)).sum()) for name, part in parts.items())
    rule = Rule(threshold=0.4, min_observed=0.5, merge_overlap=0.3)
    assert count_site(site, parts=list(parts.values()), exclusions=[shed], rule=rule).count == listed > 20


def test_files_are_merged_once_however_many_sites_are_counted_in_them(monkeypatch: pytest.MonkeyPatch) -> None:
    left = made((330, 50, 0.6), (100, 50, 0.8), name="a", scene="day")
    right = made((30, 50, 0.7), (250, 50, 0.8), name="b", scene="day", shift=300)
    sites = [Site(f"s{x}", "", outline(x, 0, x + 100, 400)) for x in range(0, 700, 100)]
    merged: list[int] = []
    monkeypatch.setattr("sattrack.steps.picking.merge", lambda found, **how: merged.append(len(found)) or merge(found, **how))
    rule = Rule(threshold=0.3, min_observed=0.5, merge_overlap=0.3)
    counts = count_all({"a": left, "b": right}, [], sites=sites, card=left.card, rule=rule)
    assert [one.count for one in counts] == [0, 1, 0, 1, 0, 1, 0]
    assert merged == [4]
