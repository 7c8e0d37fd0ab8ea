"""docs/training.md says what is there: its recipe is one, and every format and option that it names exists."""

import re
from pathlib import Path
from typing import get_args

import yaml

from sattrack.labels.asked import Format
from sattrack.training.recipes import checked_recipe, without_fold

PAGE = (Path(__file__).parents[2] / "docs" / "training.md").read_text(encoding="utf-8")


def test_the_recipe_in_the_page_is_one() -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    recipe = checked_recipe(yaml.safe_load(block), where="the page")
    assert without_fold(recipe, "north").labelled[0].leave_out == ("quay-1", "quay-2")
    assert recipe.labelled[0].asked().classes == ("box", "crate")


def test_every_format_has_its_row() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE)
    assert set(get_args(Format)) - {"auto"} <= set(rows)
    options = Path(__file__).parents[2] / "sattrack" / "cli"
    known = (options / "train.py").read_text() + (options / "labels.py").read_text()
    for option in re.findall(r"^\| `--([a-z]+)", PAGE, re.MULTILINE):
        assert f'"--{option}"' in known or re.search(rf"\b{option}: ", known), option
