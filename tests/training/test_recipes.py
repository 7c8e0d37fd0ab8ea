from pathlib import Path

import pytest

from sattrack.errors import SettingsError
from sattrack.synthetic.seeds import FIRST_KEPT_SEED
from sattrack.training.recipes import read_recipe, spared, without_fold

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


def test_P4_a_recipe_runs_no_code(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_recipe(written(tmp_path, "name: !!python/object/apply:os.getcwd []\n"))


def test_every_third_picture_is_spared_whatever_the_order() -> None:
    assert spared(["e", "a", "d", "b", "c"]) == ("b", "e")
    assert spared(["a", "b", "c", "d", "e"]) == ("b", "e")
