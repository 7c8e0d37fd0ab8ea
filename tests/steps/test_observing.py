import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sattrack.results import Seen
from sattrack.steps.observing import SeenMap, nodata_notes, percent, seen_at, too_little
from sattrack.steps.tiling import plan_windows


def watched(
    shape: tuple[int, int], *, gsd: tuple[float, float], hidden: tuple[int, int, int, int] | None = None,
    tile_px: int = 320, overlap_m: float = 24.0, longest: float = 16.0, skip: int | None = None,
) -> Seen:  # fmt: skip
    """A scene seen through all its tiles; hidden: (left, top, right, bottom) in pixels is not valid."""
    plan = plan_windows(
        shape, gsd_m=gsd, model_gsd_m=0.2, tile_px=tile_px, overlap_m=overlap_m, longest_object_m=longest
    )  # fmt: skip
    seen = SeenMap(shape, gsd_m=gsd, overlap_m=overlap_m)
    for number, cell in enumerate(plan.cells):
        w = cell.window
        x = (np.arange(tile_px) + 0.5) / tile_px * w.width + w.col
        y = (np.arange(tile_px) + 0.5) / tile_px * w.height + w.row
        valid = ((y >= 0) & (y < shape[0]))[:, None] & ((x >= 0) & (x < shape[1]))[None]
        if hidden:
            left, top, right, bottom = hidden
            valid &= ~(((y >= top) & (y < bottom))[:, None] & ((x >= left) & (x < right))[None])
        if number != skip:
            seen.add(cell, valid)
    return seen.result()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.tuples(st.integers(20, 900), st.integers(20, 900)), st.tuples(st.floats(0.15, 1.2), st.floats(0.15, 1.2)))
def test_a_scene_seen_through_all_its_tiles_is_seen_wholly(shape: tuple[int, int], gsd: tuple[float, float]) -> None:
    assert watched(shape, gsd=gsd).share.min() == 255


def test_r16_one_pixel_seen_is_all_seen() -> None:
    seen = watched((1, 1), gsd=(0.3, 0.3))
    assert seen_at(seen, np.array([[0.5, 0.5]])) == 1


@pytest.mark.parametrize("gsd", [(0.2, 0.2), (0.3, 0.3), (0.37, 0.29)])
def test_what_is_hidden_is_measured_to_within_a_percent(gsd: tuple[float, float]) -> None:
    hidden = (131, 77, 488, 391)
    seen = watched((700, 800), gsd=gsd, hidden=hidden)
    share = (488 - 131) * (391 - 77) / (700 * 800)
    assert seen.share.mean() / 255 == pytest.approx(1 - share, abs=0.005)
    assert seen_at(seen, np.array([[300.0, 200.0], [50, 50], [600, 600]])) == pytest.approx([0, 1, 1])


def test_i1_a_tile_that_was_not_looked_at_is_not_seen() -> None:
    shape = (1200, 1200)
    plan = plan_windows(shape, gsd_m=(0.2, 0.2), model_gsd_m=0.2, tile_px=320, overlap_m=24, longest_object_m=16)
    seen = watched(shape, gsd=(0.2, 0.2), skip=7)
    w = plan.cells[7].window
    assert seen_at(seen, np.array([[w.col + w.width / 2, w.row + w.height / 2]])) == 0
    assert 0 < (seen.share == 0).mean() < 0.1


def test_large_scenes_get_coarser_cells_but_never_coarser_than_the_overlap() -> None:
    small = SeenMap((20_000, 20_000), gsd_m=(0.2, 0.2), overlap_m=24).result()
    assert small.share.nbytes <= 4_000_000
    huge = SeenMap((60_000, 60_000), gsd_m=(1.2, 1.2), overlap_m=24).result()
    assert max(huge.cell) * 1.2 <= 24
    assert huge.share.nbytes < 32 << 20
    tight = SeenMap((100, 100), gsd_m=(0.2, 0.2), overlap_m=1.5).result()
    assert max(tight.cell) * 0.2 <= 1.5


def test_cells_wider_than_usual_still_see_every_seam_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sattrack.steps.observing._MOST_CELLS", 50)
    seen = watched((900, 900), gsd=(0.2, 0.2))
    assert min(seen.cell) * 0.2 > 10
    assert seen.share.min() == 255


def test_outside_the_scene_nothing_is_seen() -> None:
    seen = Seen(np.full((3, 4), 255, np.uint8), (10.0, 10.0))
    points = np.array([[-0.1, 5], [5, -0.1], [40, 5], [5, 30], [np.nan, 5], [np.inf, 5], [39.9, 29.9]])
    assert seen_at(seen, points).tolist() == [0, 0, 0, 0, 0, 0, 1]


def test_a_tile_seen_wholly_is_told_as_one_of_which_a_corner_pixel_is_hidden_but_for_that_pixel() -> None:
    plan = plan_windows((900, 900), gsd_m=(0.31, 0.27), model_gsd_m=0.2, tile_px=640, overlap_m=24.0, longest_object_m=16.0)
    for cell in plan.cells:
        shares = []
        for hidden in (0, 1):
            seen = SeenMap((900, 900), gsd_m=(0.31, 0.27), overlap_m=24.0)
            valid = np.ones((640, 640), bool)
            valid[320, 320] = not hidden
            seen.add(cell, valid)
            shares.append(seen.result().share.astype(int))
        assert (shares[0] != shares[1]).sum() <= 1
        assert 0 <= (shares[0] - shares[1]).max() < 20


def test_M9_nodata_that_nobody_declared_is_said() -> None:
    assert nodata_notes(0.0) == ()
    assert any("--nodata" in note for note in nodata_notes(0.01))


def test_no_share_claims_all_or_nothing_where_it_is_only_nearly_so() -> None:
    told = {1.0: "100%", 0.9996: "over 99%", 0.5: "50%", 0.001: "under 1%", 0.0: "0%"}
    assert {share: percent(share) for share in told} == told


@pytest.mark.parametrize(("observed", "told"), [(0.3, "only 30% of"), (0.497, "only 49.7% of"), (0.4999, "only 49.99% of")])
def test_what_is_short_of_the_least_is_never_told_as_the_least(observed: float, told: str) -> None:
    """ "only 50% of the site was seen; 50% is asked for" explains nothing."""
    assert told in too_little(observed, least=0.5)
    assert too_little(0.5, least=0.5) == ""
