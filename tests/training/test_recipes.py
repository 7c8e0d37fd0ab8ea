from pathlib import Path

import pytest

from sattrack.errors import SettingsError
from sattrack.synthetic.seeds import FIRST_KEPT_SEED
from sattrack.training.recipes import RenderedSource, read_recipe, spared, without_fold

FAST = Path(__file__).parents[2] / "configs" / "training" / "fast.yaml"


def written(folder: Path, text: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(text)
    return path


def test_the_shipped_recipe_is_valid_and_its_folds_share_no_set() -> None:
    recipe = read_recipe(FAST)
    sets = [name for fold in recipe.folds.values() for name in fold]
    assert len(sets) == len(set(sets)) == 20
    assert recipe.rendered is not None
    assert recipe.rendered.first_seed + recipe.rendered.count <= FIRST_KEPT_SEED


def test_a_fold_never_sees_its_sets_and_says_so_in_its_name() -> None:
    fold = without_fold(read_recipe(FAST), "fold-2")
    assert fold.name == "fast-fold-2"
    assert "terminal_n" in fold.labelled[0].leave_out
    with pytest.raises(SettingsError, match="no fold 'fold-9'"):
        without_fold(fold, "fold-9")


def test_an_unknown_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="bach"):
        read_recipe(written(tmp_path, "name: x\nbach: 3\n"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: x\nbatch: 3\nbatch: 4\n", "'batch' is there twice"),
        ("name: x\nempty: [{folder: sea, weight: 1, gsd_m: 0.5, skip: [0161]}]\n", "0161 is no plain number"),
        ("name: x\ndescription: 2024-02-30\n", "day is out of range"),
        ("name: ../x\n", "name: files are called by it"),
        ("name: x\nfolds: {north/1: [a]}\n", r"folds\.north/1.*files are called by it"),
    ],
)
def test_what_would_be_taken_for_another_thing_is_an_error(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_recipe(written(tmp_path, text))


def test_seeds_of_samples_and_benchmarks_are_never_trained_on(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text("name: x\nrendered: {count: 200, first_seed: 8999900, weight: 1}\n")
    with pytest.raises(SettingsError, match=r"rendered: seeds end at 9,000,099, and those from 9,000,000 on are kept"):
        read_recipe(tmp_path / "r.yaml")
    assert RenderedSource(count=100, first_seed=8_999_900, weight=1).count == 100


def test_P4_a_recipe_runs_no_code(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not plain YAML"):
        read_recipe(written(tmp_path, "name: !!python/object/apply:os.getcwd []\n"))


def test_every_third_picture_is_spared_whatever_the_order() -> None:
    assert spared(["e", "a", "d", "b", "c"]) == ("b", "e")
    assert spared(["a", "b", "c", "d", "e"]) == ("b", "e")
