"""Seams: a detector that sees everything makes no seam and no shift error; one that is blind at its tiles' edges makes both."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sattrack.bench.seam_tables import (
    Shifted,
    ground,
    jackknife,
    place_tally,
    seam_error,
    seam_table,
    seam_values,
    shift_table,
    shifted,
    verdicts,
)  # fmt: skip
from sattrack.bench.seams import AWAY, EDGE, KINDS, NEAR, always_found, bench_seams, dense_yards, lying
from sattrack.detections import Detections
from sattrack.errors import UsageError
from sattrack.settings import Settings
from sattrack.steps.tiling import plan_windows
from sattrack.synthetic.seeds import FIRST_KEPT_SEED
from sattrack.wiring import Model

Draw = Callable[..., Path]

BLIND = """
from sattrack_bright_for_tests import Bright
from sattrack.detections import Detections

class Blind(Bright):
    # Boxes less than 20 m from the tile's edge are not seen, though cores end 12 m from it.
    def _tile(self, tile):
        found = super()._tile(tile)
        middle = found.centres()
        return found.where(((middle > 50) & (middle < 206)).all(axis=1))
"""


@pytest.fixture
def blind(bright: str, tmp_path: Path) -> str:
    (tmp_path / "plug" / "sattrack_blind_for_tests.py").write_text(BLIND)
    return "sattrack_blind_for_tests:Blind"


def quad(x: float, y: float, *, long: float = 12.0) -> np.ndarray:
    return np.array([[x - long / 2, y - 1], [x + long / 2, y - 1], [x + long / 2, y + 1], [x - long / 2, y + 1]])


def boxes(*middles: tuple[float, float]) -> Detections:
    n = len(middles)
    quads = np.array([quad(x, y) for x, y in middles]).reshape(-1, 4, 2)
    return Detections(quads, np.full(n, 0.9, np.float32), np.zeros(n, np.int32))


def test_boxes_lie_near_a_border_within_their_own_length_and_at_the_edge_likewise() -> None:
    plan = plan_windows((400, 400), gsd_m=(0.5, 0.5), model_gsd_m=0.5, tile_px=200, overlap_m=24.0, longest_object_m=16.0)
    # Tiles of 100 m with a step of 76 m: borders at 88 m and 164 m, which are 176 px and 328 px.
    assert sorted({c.core[0] for c in plan.cells})[1:] == [176.0, 328.0]
    found = np.array([quad(176 + 11, 250), quad(176 + 13, 250), quad(250, 328 - 11), quad(250, 250), quad(11, 250)])
    lies = lying(found, plan=plan, shape=(400, 400), gsd_m=(0.5, 0.5))
    assert lies.tolist() == [NEAR, AWAY, NEAR, AWAY, EDGE]
    assert lying(found[:0], plan=plan, shape=(400, 400), gsd_m=(0.5, 0.5)).shape == (0,)


def test_things_found_under_every_grid_are_matched_by_place() -> None:
    a, b, c = (20.0, 20.0), (20.0, 40.0), (60.0, 60.0)
    assert always_found([boxes(a, b), boxes(b, a), boxes((20.5, 20.2), b)]) == (2, 2)
    assert always_found([boxes(a), boxes(a, c), boxes(c)]) == (0, 2)
    assert always_found([boxes(), boxes()]) == (0, 0)


def test_a_detector_that_sees_all_has_neither_error(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    sets = [draw_set(tmp_path / "one", pictures=2, per_picture=25)]
    found = bench_seams(sets, model=Model(detector=bright), settings=Settings(), shifts=3)
    assert len(found.pictures) == 2
    assert found.overlap_m == (24.0, pytest.approx(24 + (256 * 0.4 - 24) / 2))
    every = [r for p in found.pictures for r in p.shifts]
    near, away = (place_tally(every, place=place) for place in (NEAR, AWAY))
    assert near.true > 20
    assert away.true > 10
    assert (near.recall, near.precision, away.recall, away.precision) == (1, 1, 1, 1)
    assert seam_error(found.pictures) == 0
    own, theirs = ground(found.pictures, place=NEAR)
    assert own == theirs > 20
    rows = shifted(found)
    assert [row.counts for row in rows] == [(25, 25, 25), (25, 25, 25), (50, 50, 50)]
    assert all(row.always == row.things and row.spread == 0 and row.lawful for row in rows)


def test_a_detector_blind_at_its_edges_has_both_and_more_overlap_heals_it(draw_set: Draw, tmp_path: Path, blind: str) -> None:
    sets = [draw_set(tmp_path / "one", pictures=2, per_picture=25)]
    found = bench_seams(sets, model=Model(detector=blind), settings=Settings(), shifts=3)
    assert seam_error(found.pictures) < -20
    rows = shifted(found)
    assert rows[-1].always < rows[-1].things
    assert not all(row.lawful for row in rows)
    own, theirs = ground(found.pictures, place=NEAR)
    assert own < 0.8 * theirs
    wide = [len(p.wide.found) for p in found.pictures]
    assert sum(wide) > max(rows[-1].counts)
    head, lots = seam_table(found)
    assert [len(lot) for lot in lots] == [len(head)] * 5
    assert len(shift_table(rows)[1]) == 3
    values = seam_values(found)
    assert values["seam_error_pct"] == pytest.approx(seam_error(found.pictures), abs=1e-3)
    assert values["shifts"][-1]["name"] == "all"
    assert "seam error: -" in verdicts(found, rows)[0]


def test_the_law_of_shifts_allows_two_boxes_or_two_per_cent() -> None:
    assert Shifted("p", (10, 12, 11), 0, 0).lawful
    assert not Shifted("p", (100, 107, 106), 0, 0).lawful
    assert Shifted("p", (1000, 1015, 990), 0, 0).lawful
    assert Shifted("p", (90, 110), 0, 0).spread == pytest.approx(0.2)


def test_leaving_out_each_picture_tells_how_sure_a_mean_is(draw_set: Draw, tmp_path: Path, bright: str) -> None:
    found = bench_seams([draw_set(tmp_path / "one", pictures=3)], model=Model(detector=bright), settings=Settings(), shifts=2)
    weights = {id(p): w for p, w in zip(found.pictures, (1.0, 2.0, 6.0), strict=True)}
    error = jackknife(found.pictures, figure=lambda some: float(np.mean([weights[id(p)] for p in some])))
    assert error == pytest.approx(np.std([1, 2, 6], ddof=1) / 3**0.5)


def test_one_grid_is_refused(tmp_path: Path, bright: str) -> None:
    with pytest.raises(UsageError, match="two grids"):
        bench_seams([tmp_path], model=Model(detector=bright), settings=Settings(), shifts=1)


def test_yards_are_dense_and_of_kept_seeds() -> None:
    orders = dense_yards(5, pixels=100)
    assert [o.kind for o in orders] == [*KINDS, KINDS[0]]
    assert min(o.seed for o in orders) >= FIRST_KEPT_SEED
