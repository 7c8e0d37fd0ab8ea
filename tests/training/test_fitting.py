import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from sattrack.detectors.cards import card_for
from sattrack.detectors.yolo import YoloDetector
from sattrack.errors import StoreError, UsageError
from sattrack.imagery import Batch, Tile, Window
from sattrack.training.fitting import ForgivingBce, Schedule, _marked, fit, make_network, save_weights
from sattrack.training.looks import Looks
from sattrack.training.making import Made, make
from sattrack.training.pictures import render_pictures
from sattrack.training.recipes import Recipe, RenderedSource, Round
from sattrack.training.sampling import Planned, Tiles, TileSampler


def recipe(**changes: object) -> Recipe:
    plain = Recipe(
        name="tiny", start="", tile_px=320, batch=1, rounds=(Round(steps=2, rate=0.001),),
        rendered=RenderedSource(count=1, first_seed=7, weight=1),
    )  # fmt: skip
    return plain.model_copy(update=changes)


def trained(folder: Path, **changes: object) -> Made:
    torch.manual_seed(0)
    return make(recipe(**changes), data=folder, out=folder / "out", device="cpu")


def test_what_was_trained_is_loaded_and_detects(tmp_path: Path) -> None:
    made = trained(tmp_path)
    card = card_for(made.weights)
    assert card.classes == ("container",)
    assert "rendered yards, seeds 7 to 7" in {source["name"] for source in card.trained_on}
    assert card.measured == (), "nothing was measured yet"
    detector = YoloDetector(made.weights, card=card, device="cpu", score_floor=0.05, merge_overlap=0.4, tile_cap=3000)
    tile = Tile(Window(0, 0, 320, 320), np.zeros((320, 320, 3), np.uint8), np.ones((320, 320), bool))
    assert len(next(iter(detector.detect([Batch((tile,))])))) == 1


def test_a_further_round_changes_the_weights_of_the_one_before(tmp_path: Path) -> None:
    def network(made: Made) -> dict[str, torch.Tensor]:
        return dict(torch.load(made.weights, weights_only=False)["model"].state_dict())

    one = network(trained(tmp_path / "one"))
    two = network(trained(tmp_path / "two", rounds=(Round(steps=2, rate=0.001), Round(steps=2, rate=0.001))))
    assert any(not torch.equal(one[key], two[key]) for key in one if key.endswith("conv.weight"))


def test_what_is_not_taught_is_marked_at_every_level_of_the_head() -> None:
    ignore = torch.zeros(1, 8, 8, dtype=torch.bool)
    ignore[0, 3, 5] = True
    fine, middle, coarse = torch.split(_marked(ignore, strides=(4, 8, 16))[0], [256, 64, 16])
    assert fine.reshape(16, 16).nonzero().tolist() == [[6, 10], [6, 11], [7, 10], [7, 11]]
    assert middle.reshape(8, 8).nonzero().tolist() == [[3, 5]]
    assert coarse.reshape(4, 4).nonzero().tolist() == [[1, 2]]


class Killed(Exception):
    pass


def test_a_training_that_was_cut_off_goes_on_to_the_same_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = render_pictures(range(7, 8))

    def fitted(folder: Path) -> dict[str, torch.Tensor]:
        torch.manual_seed(0)
        sampler = TileSampler(pictures, np.ones(1), gsd_m=0.2, tile_px=320, device=torch.device("cpu"))
        network, state = fit(
            make_network("yolo11n-obb.yaml", start=None), sampler=sampler, schedule=Schedule(3, batch=1, save_every=1),
            looks=Looks(), gsd_m=0.2, device=torch.device("cpu"), folder=folder,
        )  # fmt: skip
        assert state.step == 3
        return dict(network.state_dict())

    whole = fitted(tmp_path / "whole")
    paint, painted = TileSampler.paint, []

    def killed_at_the_third(self: TileSampler, planned: Planned) -> Tiles:
        painted.append(planned)
        if len(painted) == 3:
            raise Killed
        return paint(self, planned)

    monkeypatch.setattr(TileSampler, "paint", killed_at_the_third)
    with pytest.raises(Killed):
        fitted(tmp_path / "cut")
    resumed = fitted(tmp_path / "cut")
    assert len(painted) == 4, "only the third step was done again"
    assert all(torch.allclose(whole[name].float(), resumed[name].float(), atol=1e-5) for name in whole)


@pytest.mark.skipif(sys.platform == "win32", reason="files are bounded by the system")
def test_a_full_disk_is_told_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    import resource

    network = make_network("yolo11n-obb.yaml", start=None)
    (tmp_path / "w.pt").write_bytes(b"the weights before")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(StoreError, match=r"w\.pt: cannot be written: File too large"):
            save_weights(network, tmp_path / "w.pt")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"the weights before"]


def test_weights_hold_nothing_of_the_last_tile_that_they_read(tmp_path: Path) -> None:
    network = make_network("yolo11n-obb.yaml", start=None).eval()
    tile = torch.zeros(1, 3, 320, 320)
    with torch.inference_mode():
        answered = network(tile)[0]
    save_weights(network, tmp_path / "w.pt")
    head = torch.load(tmp_path / "w.pt", weights_only=False)["model"].model[-1]
    assert head.shape is None
    assert head.anchors.numel() == head.strides.numel() == 0
    with torch.inference_mode():
        again = torch.load(tmp_path / "w.pt", weights_only=False)["model"].float()(tile)[0]
    assert torch.allclose(answered, again, atol=0.3), "and the first tile makes it again"


def test_a_checkpoint_that_cannot_be_read_is_named_with_the_way_out(tmp_path: Path) -> None:
    sampler = TileSampler(render_pictures(range(7, 8)), np.ones(1), gsd_m=0.2, tile_px=320, device=torch.device("cpu"))
    for torn in (b"", b"PK\x03\x04 and no more"):
        (tmp_path / "last.pt").write_bytes(torn)
        with pytest.raises(UsageError, match=r"last\.pt: the checkpoint cannot be read \(remove it"):
            fit(
                make_network("yolo11n-obb.yaml", start=None), sampler=sampler, schedule=Schedule(1, batch=1),
                looks=Looks(), gsd_m=0.2, device=torch.device("cpu"), folder=tmp_path,
            )  # fmt: skip


def test_marked_cells_teach_nothing_unless_a_box_is_there() -> None:
    bce = ForgivingBce()
    logits, target = torch.zeros(1, 3, 1), torch.tensor([[[0.0], [0.0], [1.0]]])
    bce.marked = torch.tensor([[False, True, True]])
    loss = bce(logits, target)[0, :, 0]
    assert loss.tolist() == pytest.approx([0.6931, 0.0, 0.6931], abs=1e-3)


def test_rendered_pictures_are_kept_and_read_back_the_same(tmp_path: Path) -> None:
    drawn = render_pictures(range(117, 119), cache=tmp_path)
    again = render_pictures(range(117, 119), cache=tmp_path)
    assert [p.name for p in again] == [p.name for p in drawn]
    assert any(p.ignore for p in drawn), "one of them has trailers, which are not to be judged"
    for a, b in zip(drawn, again, strict=True):
        assert np.array_equal(a.pixels, b.pixels)
        assert np.array_equal(a.quads, b.quads)
        assert a.gsd_m == b.gsd_m
        assert a.off_nadir_deg == b.off_nadir_deg is not None
        assert len(a.ignore) == len(b.ignore)
        assert all(np.array_equal(one, other) for one, other in zip(a.ignore, b.ignore, strict=True))


def test_missing_starting_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="starting weights are missing"):
        make(recipe(start="nowhere.pt"), data=tmp_path, out=tmp_path, device="cpu")
