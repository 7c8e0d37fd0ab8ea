"""Dense blocks: what is drawn, what shares a cell of the head, and a limit that is reached is said."""

import math

import numpy as np
import pytest

from sattrack.bench.dense import SIDES_M, bench_dense, full_blocks, sharing_a_cell
from sattrack.bench.dense_tables import cap_sentence, cell_table, dense_values, density_table, lots, packing_table
from sattrack.settings import Settings
from sattrack.synthetic.full_blocks import FullBlock
from sattrack.synthetic.seeds import FIRST_KEPT_SEED
from sattrack.synthetic.yards import FT20, FT40
from sattrack.wiring import Model

# Returns a lattice of boxes over every tile, 2.5 m by 6.1 m, and says that it could not return more.
LATTICE = """
import numpy as np
from sattrack.detections import Detections

class Lattice:
    classes = ("container",)
    gsd_m = 0.5
    tile_px = 256
    device = "tests"
    threshold = 0.5

    def detect(self, batches):
        for batch in batches:
            yield [self._tile() for _ in batch.tiles]

    def _tile(self):
        x, y = np.meshgrid(np.arange(6.1, 250, 12.3), np.arange(2.5, 250, 5.1))
        middle = np.stack([x.ravel(), y.ravel()], 1)
        quads = middle[:, None] + np.array([[-6, -2.4], [6, -2.4], [6, 2.4], [-6, 2.4]])
        n = len(quads)
        return Detections(quads, np.full(n, 0.8, np.float32), np.zeros(n, np.int32), cap_hit=True)
"""


@pytest.fixture
def lattice(tmp_path, monkeypatch) -> str:
    (tmp_path / "sattrack_lattice_for_tests.py").write_text(LATTICE)
    monkeypatch.syspath_prepend(tmp_path)
    return "sattrack_lattice_for_tests:Lattice"


def block(side: float, *, length: float = FT20, gsd_m: float = 0.6, seed: int = FIRST_KEPT_SEED) -> FullBlock:
    name = f"b_{length:.0f}_{side}"
    return FullBlock(name, seed, gsd_m, 150, length_m=length, gap_m=(0.05, 0.05), heading=0.3, side_m=side)


def test_a_full_block_holds_as_many_boxes_as_the_ground_has_room_for() -> None:
    drawn = block(math.inf).drawn()
    per_hectare = len(drawn.quads) / (150 * 0.6) ** 2 * 1e4
    assert per_hectare == pytest.approx(1e4 / ((FT20 + 0.05) * (2.438 + 0.05)), rel=0.04)
    assert len(block(math.inf, length=FT40).drawn().quads) < 0.6 * len(drawn.quads)


def test_blocks_of_one_seed_share_the_boxes_in_their_middle() -> None:
    small, large = (block(side).drawn().quads.mean(axis=1) for side in (30.0, math.inf))
    assert 0 < len(small) < len(large) / 5
    inner = small[(np.abs(small - small.mean(axis=0)) < 15).all(axis=1)]
    nearest = np.linalg.norm(inner[:, None] - large[None], axis=2).min(axis=1)
    assert nearest.max() < 1e-6


def test_points_share_a_cell_with_all_that_lie_in_it() -> None:
    middles = np.array([[1, 1], [7, 7], [6, 1], [9, 1], [17, 17]], float)
    assert sharing_a_cell(middles, stride=8) == 3
    assert sharing_a_cell(middles, stride=16) == 4
    assert sharing_a_cell(middles, stride=32) == 5
    assert sharing_a_cell(middles[:0], stride=8) == 0


def test_boxes_as_wide_as_containers_never_share_a_cell_of_the_finest_level() -> None:
    drawn = block(math.inf, gsd_m=0.2).drawn()
    assert sharing_a_cell(drawn.quads.mean(axis=1), stride=8) == 0


def test_orders_are_dense_at_every_heading_and_of_kept_seeds() -> None:
    orders = full_blocks(4, gsds_m=(0.5,))
    assert len(orders) == 4 * 2 * len(SIDES_M)
    assert len({o.name for o in orders}) == len(orders)
    assert min(o.seed for o in orders) >= FIRST_KEPT_SEED
    assert all(0.05 <= gap <= 0.15 for o in orders for gap in o.gap_m)
    assert max(o.heading for o in orders) - min(o.heading for o in orders) > math.pi / 2


def test_blocks_are_counted_and_a_limit_that_was_reached_is_said(lattice: str) -> None:
    blocks = [block(side, length=length) for length in (FT20, FT40) for side in (40.0, math.inf)]
    found = bench_dense(blocks, model=Model(detector=lattice), settings=Settings())
    first, full = found.blocks[:2]
    assert first.hectares == pytest.approx(0.16)
    assert full.true > 4 * first.true
    assert full.tile_true == full.true
    # Twenty columns of boxes and forty-nine rows.
    assert {b.tile_stored for b in found.blocks} == {980}
    assert {b.cap_hit for b in found.blocks} == {True}
    assert "reached in 4 of 4 blocks" in cap_sentence(found)
    assert full.core == pytest.approx(first.core, abs=1)
    assert full.crowded[8] < full.crowded[16] <= full.crowded[32] <= full.tile_boxes
    assert [row[:2] for row in density_table(found)[1]] == [("0.6 m", "40 m"), ("0.6 m", "all ground")]
    for head, rows in (density_table(found), packing_table(found), cell_table(found)):
        assert rows
        assert {len(row) for row in rows} == {len(head)}
    pooled = lots(found.blocks, key=lambda b: ("all",))[0]
    assert (pooled.blocks, pooled.true) == (4, sum(b.true for b in found.blocks))
    values = dense_values(found)
    assert values["blocks"][1]["side_m"] is None
    assert values["blocks"][0]["sharing_a_cell"].keys() == {"8", "16", "32"}
