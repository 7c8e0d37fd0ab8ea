"""Folds are read whole, and their mistakes told, before any network runs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sattrack import wiring
from sattrack.bench.carding import measure_held_out
from sattrack.bench.folds import read_folds
from sattrack.bench.gating import bench_gate
from sattrack.errors import UsageError
from sattrack.results import ModelCard
from sattrack.settings import Settings

Draw = Callable[..., Path]
CARD = ModelCard("x", "ab" * 32, ("container",), 0.2, 640, 0.4, name="x")


@pytest.fixture
def leave_out(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Cards of weights a.pt, b.pt, ...: the sets that each left out."""

    def leave(**sets: str) -> None:
        def card_of(model: wiring.Model) -> ModelCard:
            return replace(CARD, trained_on=({"kind": "labelled", "left_out": sets[Path(model.weights).stem]},))

        monkeypatch.setattr(wiring, "card_of", card_of)

    return leave


def test_each_has_the_pictures_of_the_sets_that_it_never_saw(
    draw_set: Draw, tmp_path: Path, leave_out: Callable[..., None]
) -> None:
    for name in ("pier", "quay", "yard"):
        draw_set(tmp_path / name, pictures=1)
    leave_out(a="quay, yard", b="pier")
    found = read_folds([Path("a.pt"), Path("b.pt")], data=tmp_path)
    assert [[image.dataset for image in fold.images] for fold in found] == [["quay", "yard"], ["pier"]]


def test_a_split_of_the_very_set_that_is_given_is_found(draw_set: Draw, tmp_path: Path, leave_out: Callable[..., None]) -> None:
    draw_set(tmp_path / "drawn", pictures=1)
    for split in ("train", "valid"):
        folder = tmp_path / "mine" / split
        (folder / "labels").mkdir(parents=True)
        for kind, home in (("images", "images"), ("labels_obb", "labels")):
            (folder / home).mkdir(exist_ok=True)
            for file in (tmp_path / "drawn" / kind).iterdir():
                (folder / home / file.name).write_bytes(file.read_bytes())
        (folder / "images" / "drawn_0.json").write_text('{"gsd_m": 0.4}')
    leave_out(a="mine/valid")
    for data in (tmp_path, tmp_path / "mine"):
        (fold,) = read_folds([Path("a.pt")], data=data)
        assert [image.dataset for image in fold.images] == ["mine/valid"]


@pytest.mark.parametrize(("second", "said"), [("quay", "quay was left out by two"), ("", "names no set"), ("gone", "no such")])
def test_a_mistake_in_the_last_is_said_before_the_first_has_run(
    draw_set: Draw, tmp_path: Path, leave_out: Callable[..., None], second: str, said: str
) -> None:
    draw_set(tmp_path / "quay", pictures=1)
    leave_out(a="quay", b=second)
    folds = [Path("a.pt"), Path("b.pt")]
    with pytest.raises(UsageError, match=said):
        measure_held_out(folds, data=tmp_path, threshold=0.4, settings=Settings())
    with pytest.raises(UsageError, match=said):
        bench_gate(Path("a.pt"), folds, data=tmp_path, settings=Settings())
    with pytest.raises(UsageError, match="left out by two"):
        read_folds([Path("a.pt"), Path("a.pt")], data=tmp_path)
