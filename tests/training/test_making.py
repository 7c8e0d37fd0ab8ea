"""Training by recipes on labels of one's own, from weights of one's own, two steps on the CPU."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from sattrack.detectors.cards import card_for, read_card
from sattrack.errors import SettingsError, StoreError, UsageError
from sattrack.labels.seen import left_out_sets, seen_sets
from sattrack.results import ModelCard
from sattrack.stores.locking import alone_in
from sattrack.training.fitting import OBBModel, make_network, save_weights
from sattrack.training.gathering import gather
from sattrack.training.making import Made, bare_card, make
from sattrack.training.recipes import EmptySource, LabelledSource, Recipe, Round, read_recipe
from sattrack.training.sampling import Planned, Tiles, TileSampler
from sattrack.training.starting import Start, find_start, fitted
from sattrack.writing import made_folder
from tests.training.conftest import draw_yolo


def recipe(**changes: Any) -> Recipe:
    source = LabelledSource(folder=".", weight=1, gsd_m=0.5, half="first")
    plain = Recipe(name="tiny", start="", tile_px=320, batch=1, rounds=(Round(steps=2, rate=0.001),), labelled=(source,))
    return plain.model_copy(update=changes)


def trained(data: Path, out: Path, **changes: Any) -> Made:
    torch.manual_seed(0)
    return make(recipe(**changes), data=data, out=out, device="cpu")


class Killed(Exception):
    pass


@pytest.mark.slow
def test_a_training_on_own_labels_is_killed_goes_on_and_starts_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = draw_yolo(tmp_path / "tiles")
    paint, painted = TileSampler.paint, []

    def killed_at_the_second(self: TileSampler, planned: Planned) -> Tiles:
        painted.append(planned)
        if len(painted) == 2:
            raise Killed
        return paint(self, planned)

    monkeypatch.setattr(TileSampler, "paint", killed_at_the_second)
    with pytest.raises(Killed):
        trained(data, tmp_path / "out")
    made = trained(data, tmp_path / "out")
    assert (made.steps, len(painted)) == (2, 3), "only the second step was done again"
    card = card_for(made.weights)
    (row,) = card.trained_on
    assert (row["name"], row["format"], row["pictures_left_out"]) == ("tiles", "yolo-obb", "tiles/t2, tiles/t3")

    again = trained(data, tmp_path / "next", start=str(made.weights), name="next", rounds=(Round(steps=1, rate=0.001),))
    first, second = (torch.load(m.weights, weights_only=False)["model"].state_dict() for m in (made, again))
    apart = max(float((first[k] - second[k]).abs().max()) for k in first if k.endswith("conv.weight"))
    assert apart < 0.01, "it began where the other ended"
    rows = read_card(again.card).trained_on
    assert [row["kind"] for row in rows] == ["labelled", "starting weights", "in the starting weights: labelled"]
    assert rows[1]["name"] == card.id


def test_labels_that_changed_are_not_trained_on_as_if_they_had_not(tmp_path: Path) -> None:
    data = draw_yolo(tmp_path / "tiles")
    trained(data, tmp_path / "out", rounds=(Round(steps=1),))
    line = (data / "labels" / "t0.txt").read_text().splitlines()[0]
    (data / "labels" / "t0.txt").write_text(line + "\n")
    with pytest.raises(UsageError, match=r"other pictures or labels was begun here.*choose another -o"):
        trained(data, tmp_path / "out", rounds=(Round(steps=1),))


def test_starting_weights_that_are_missing_or_of_another_network_are_named(tmp_path: Path) -> None:
    data = draw_yolo(tmp_path / "tiles", tiles=1)
    with pytest.raises(UsageError, match=r"starting weights are missing.*shipped weights: fast"):
        trained(data, tmp_path / "out", start="nowhere.pt")
    with pytest.raises(UsageError, match="another architecture"):
        trained(data, tmp_path / "out", start="fast", architecture="yolo11s-obb.yaml")


@pytest.mark.parametrize(
    ("architecture", "said"),
    [
        ("foo.yaml", "foo.yaml: no such network"),
        ("yolo11n-obb", "yolo11n-obb: no such network"),
        ("yolo11n.yaml", "no network of oriented boxes"),
        ("yolo26n-obb.yaml", "no network of oriented boxes"),
    ],
)
def test_a_network_that_cannot_be_trained_is_named_before_anything_is_read(
    tmp_path: Path, architecture: str, said: str
) -> None:
    with pytest.raises(UsageError, match=rf"{said}.*architecture: yolo11n-obb\.yaml"):
        trained(tmp_path / "nowhere", tmp_path / "out", architecture=architecture)


def test_pictures_that_the_starting_weights_may_have_seen_are_spared_here_only(tmp_path: Path) -> None:
    folder = tmp_path / "sea"
    folder.mkdir()
    for name in "abc":
        Image.fromarray(np.random.default_rng(ord(name)).integers(0, 255, (64, 64, 3), np.uint8)).save(folder / f"{name}.png")

    def carded(*, start: Start | None = None, spare: bool = True) -> dict[str, str]:
        chosen = recipe(labelled=(), empty=(EmptySource(folder="sea", weight=1, gsd_m=0.5, spare=spare),))
        card = bare_card(chosen, sha256="0" * 64, sources=gather(chosen, data=tmp_path).sources, start=start)
        cards.append(card)
        return next(row for row in card.trained_on if row["name"] == "sea")

    cards: list[ModelCard] = []
    assert carded(spare=False).get("pictures_left_out") is None
    assert carded()["pictures_left_out"] == "every third by name (1)"
    all_of_them, spared = (Start(tmp_path / "w.pt", card, "mine") for card in cards)
    assert carded(start=spared)["pictures_left_out"] == "every third by name (1)"
    row = carded(start=all_of_them)
    assert "pictures_left_out" not in row
    assert row["pictures_left_out_here_only"] == "every third by name (1)"
    assert "pictures_left_out" in carded(start=Start(tmp_path / "w.pt", None, "theirs", alike=False))


def test_a_set_that_the_starting_weights_have_seen_does_not_count_as_never_seen(tmp_path: Path) -> None:
    sites = tmp_path / "sites"
    for name in ("north", "south"):
        draw_yolo(sites / name, tiles=1)

    def carded(*, start: Start | None = None, leave_out: tuple[str, ...] = ()) -> ModelCard:
        source = LabelledSource(folder=".", weight=1, gsd_m=0.5, leave_out=leave_out)
        chosen = recipe(labelled=(source,))
        return bare_card(chosen, sha256="0" * 64, sources=gather(chosen, data=sites).sources, start=start)

    whole, apart = carded(), carded(leave_out=("south",))
    assert "south" in seen_sets(whole.trained_on)
    assert apart.trained_on[0]["left_out"] == "south"
    assert "south" not in seen_sets(apart.trained_on)
    tuned = carded(start=Start(tmp_path / "w.pt", whole, "mine"), leave_out=("south",))
    assert (tuned.trained_on[0]["left_out"], tuned.trained_on[0]["left_out_here_only"]) == ("", "south")
    honest = carded(start=Start(tmp_path / "w.pt", apart, "mine"), leave_out=("south",))
    assert honest.trained_on[0]["left_out"] == "south"
    unnamed = replace(whole, trained_on=({"name": "real", "kind": "labelled", "left_out": "east"},))
    some = seen_sets(unnamed.trained_on)
    assert ("south" in some, "east" in some) == (True, False), "sets not named may all be seen"
    assert "south" in seen_sets(tuned.trained_on), "also in the weights of the weights"


def test_weights_without_a_card_that_know_boxes_may_have_seen_every_set(tmp_path: Path) -> None:
    chosen = recipe(start="mine.pt")
    rows = [{"name": "sites", "kind": "labelled", "sets": "north", "left_out": "south"}]

    def card_from(classes: int) -> ModelCard:
        save_weights(OBBModel("yolo11n-obb.yaml", nc=classes, verbose=False), tmp_path / "mine.pt")
        start = find_start(chosen, data=tmp_path)
        assert start is not None
        start = fitted(start, network=make_network("yolo11n-obb.yaml", start=start.path))
        return bare_card(chosen, sha256="0" * 64, sources=rows, start=start)

    ours, others = card_from(1), card_from(15)
    assert left_out_sets(ours.trained_on) == ()
    assert "south" in seen_sets(ours.trained_on)
    assert "east" in seen_sets(ours.trained_on), "also for weights that are trained from these"
    assert ours.trained_on[1] == {"name": "mine.pt", "kind": "starting weights", "terms": "not stated"}
    assert left_out_sets(others.trained_on) == ("south",), "of another task, as those of COCO"
    assert "south" not in seen_sets(others.trained_on)


def test_other_draws_are_not_taken_for_the_training_that_was_begun(tmp_path: Path) -> None:
    data = draw_yolo(tmp_path / "tiles", tiles=2)
    one = Round(steps=1)
    trained(data, tmp_path / "out", rounds=(one,))
    for changes, said in (
        ({"rounds": (Round(steps=1, mine=True),)}, r"other draws in round 1 \(\+mine\) was begun here"),
        ({"patchwork": 0.1}, "other patchwork was begun here"),
    ):
        with pytest.raises(UsageError, match=said):
            trained(data, tmp_path / "out", **{"rounds": (one,)} | changes)
    assert trained(data, tmp_path / "out", rounds=(one, one)).steps == 2, "a round may be added"


def test_a_training_that_runs_away_leaves_no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = draw_yolo(tmp_path / "tiles", tiles=2)
    with pytest.raises(UsageError, match=r"weights that are no numbers \(begin again at a lower rate"):
        trained(data, tmp_path / "out", rounds=(Round(steps=2, rate=1e6),))
    monkeypatch.setattr("sattrack.training.fitting._LOST", 2)
    monkeypatch.setattr("sattrack.training.fitting._loss", lambda *_, **__: torch.tensor(float("nan")))
    with pytest.raises(UsageError, match=r"no number at 2 steps in a row"):
        trained(data, tmp_path / "next", rounds=(Round(steps=9),))
    assert not list(tmp_path.glob("*/tiny.pt"))


def test_a_training_that_the_clock_has_ended_does_not_go_on(tmp_path: Path) -> None:
    data = draw_yolo(tmp_path / "tiles", tiles=2)
    first, again = (
        make(recipe(rounds=(Round(steps=9),)), data=data, out=tmp_path / "out", device="cpu", minutes=0.001) for _ in range(2)
    )
    assert (first.steps, again.steps) == (1, 1)
    assert read_card(first.card).sha256 == read_card(again.card).sha256


def test_a_folder_that_cannot_be_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(StoreError, match=r"out/tiny-round-1: cannot be a folder: Not a directory"):
        trained(tmp_path / "nowhere", tmp_path / "out")
    with (
        alone_in(made_folder(tmp_path / "busy" / "tiny-round-1")),
        pytest.raises(StoreError, match="writes into this training"),
    ):
        trained(tmp_path / "nowhere", tmp_path / "busy")


def test_the_shipped_recipe_for_analysts_trains_on_the_data_folder_itself() -> None:
    chosen = read_recipe(Path(__file__).parents[2] / "configs" / "training" / "finetune.yaml")
    assert (chosen.start, chosen.labelled[0].folder, chosen.batch) == ("fast", ".", 8)
    assert sum(part.steps for part in chosen.rounds) * chosen.batch < 1500, "a thousand tiles or so: minutes on two cores"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("labelled: [{folder: x, weight: 1, format: shapefile}]", r"labelled\.0\.format"),
        ("labelled: [{folder: x, weight: 1, half: third}]", r"labelled\.0\.half"),
        ("labelled: [{folder: x, weight: 1, gsd_m: -0.5}]", r"labelled\.0\.gsd_m"),
        ("labelled: [{folder: x, weight: 1, only: t1}]", r"labelled\.0\.only"),
        ("labelled: [{folder: x}]", r"labelled\.0\.weight"),
    ],
)
def test_a_labelled_source_that_cannot_be_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(f"name: x\n{text}\n")
    with pytest.raises(SettingsError, match=said):
        read_recipe(path)


def test_classes_may_be_numbers_and_pixel_sizes_pairs(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("name: x\nlabelled: [{folder: x, weight: 1, classes: [0, box], gsd_m: [0.5, 0.6], bands: [3, 2, 1]}]\n")
    asked = read_recipe(path).labelled[0].asked()
    assert (asked.classes, asked.gsd_m, asked.bands) == (("0", "box"), (0.5, 0.6), (3, 2, 1))
