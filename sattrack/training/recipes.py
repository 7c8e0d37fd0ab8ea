"""Recipes: what a training is made of, in one YAML file; unknown keys are errors."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sattrack.errors import SettingsError
from sattrack.synthetic.seeds import FIRST_KEPT_SEED


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelledSource(_Strict):
    """Labelled sets under a folder of the data. Sets are drawn by the square root of their boxes, their pictures likewise."""

    folder: str
    weight: float = Field(gt=0)
    sets: tuple[str, ...] = Field((), description="Names of sets; empty: all that are there.")
    leave_out: tuple[str, ...] = Field((), description="Sets that are never trained on.")
    terms: str = Field("", description="Terms of the pictures, for the model card.")


class RenderedSource(_Strict):
    """Rendered yards by seed; seeds from FIRST_KEPT_SEED up are kept for samples and tests."""

    count: int = Field(gt=0)
    first_seed: int = Field(1, ge=0, lt=FIRST_KEPT_SEED)
    weight: float = Field(gt=0)


class EmptySource(_Strict):
    """Pictures without containers. spare: every third by name is never trained on, to measure false boxes on."""

    folder: str
    weight: float = Field(gt=0)
    gsd_m: float = Field(gt=0)
    limit: int = Field(0, ge=0)
    spare: bool = False
    terms: str = Field("", description="Terms of the pictures, for the model card.")


class Round(_Strict):
    """One fall of the learning rate from its peak to a hundredth; a further round starts from the weights of the one before."""

    steps: int = Field(ge=1)
    rate: float = Field(default=0.002, gt=0)


class Recipe(_Strict):
    """Everything that makes weights: sources, network, schedule. Folders are relative to the data folder given at training.

    folds: sets by the name of a fold; weights of a fold never see its sets, so that every figure is of a place not seen.
    """

    name: str
    architecture: str = "yolo11n-obb.yaml"
    start: str = "weights/yolo11n_coco.pt"
    start_terms: str = "AGPL-3.0"
    gsd_m: float = Field(0.2, gt=0)
    tile_px: int = Field(640, ge=320, multiple_of=32)
    labelled: tuple[LabelledSource, ...] = ()
    rendered: RenderedSource | None = None
    empty: tuple[EmptySource, ...] = ()
    rounds: tuple[Round, ...] = Field((Round(steps=3000),), min_length=1)
    folds: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    batch: int = Field(16, ge=1)
    threshold: float = Field(0.25, gt=0, lt=1, description="Score from which a box is counted, written into the card.")
    seed: int = 0
    patchwork: float = Field(0.6, ge=0, le=1)
    description: str = ""
    licence: str = "AGPL-3.0-or-later"


def without_fold(recipe: Recipe, fold: str) -> Recipe:
    """The recipe for weights that never see the sets of a fold."""
    if fold not in recipe.folds:
        raise SettingsError(
            f"the recipe {recipe.name!r} has no fold {fold!r}", way_out=f"there are: {', '.join(recipe.folds) or 'none'}"
        )
    labelled = tuple(s.model_copy(update={"leave_out": (*s.leave_out, *recipe.folds[fold])}) for s in recipe.labelled)
    return recipe.model_copy(update={"name": f"{recipe.name}-{fold}", "labelled": labelled})


def read_recipe(path: Path) -> Recipe:
    """The recipe of a YAML file; SettingsError names the key that is wrong."""
    try:
        return Recipe.model_validate(yaml.safe_load(path.read_text()))
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"{'.'.join(map(str, first['loc'])) or 'the top'}: {first['msg']}", where=str(path)) from error
    except (yaml.YAMLError, OSError) as error:
        raise SettingsError(f"the recipe cannot be read: {error}", where=str(path)) from error


def spared(names: list[str]) -> tuple[str, ...]:
    """Of pictures sorted by name every third, beginning with the second: those on which false boxes are measured."""
    return tuple(sorted(names)[1::3])
