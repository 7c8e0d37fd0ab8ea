"""Recipes: what a training is made of, in one YAML file; unknown keys are errors."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from sattrack.errors import SettingsError
from sattrack.labels.asked import Asked, Choice, Format, Half, Uncounted
from sattrack.readers.strict_yaml import read_yaml
from sattrack.synthetic.seeds import FIRST_KEPT_SEED

_WAY_OUT = "docs/training.md shows one"


def _fit_for_a_file(name: str) -> str:
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise ValueError(f"files are called by it, and {name!r} is not letters, digits, '-', '_' and '.'")
    return name


FileName = Annotated[str, AfterValidator(_fit_for_a_file)]
PixelSize = Annotated[float, Field(gt=0, le=100)]
# YAML reads 0 as a number, and a class may be called so.
Names = Annotated[
    tuple[str, ...], BeforeValidator(lambda said: [str(v) for v in said] if isinstance(said, list | tuple) else said)
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelledSource(_Strict):
    """Labelled sets: a folder of them, one set, or a file, of any known format.

    Sets are drawn by the square root of their boxes, their pictures likewise.
    """

    folder: str
    weight: float = Field(gt=0)
    format: Format = Field("auto", description="Of the labels; auto looks for itself.")
    gsd_m: PixelSize | tuple[PixelSize, PixelSize] | None = Field(None, description="Pixel size where pictures do not tell.")
    bands: tuple[int, ...] | None = Field(None, description="Red, green and blue, from 1, where files do not tell.")
    classes: Names = Field((), description="Categories that are containers; empty: those called container.")
    uncounted: Uncounted = Field(
        "drop", description="COCO or GeoJSON of a run: boxes not counted there are dropped, or ignored: neither box nor ground."
    )
    sets: Names = Field((), description="Names of sets; empty: all that are there.")
    only: Names = Field((), description="Sets or pictures (NAME or SET/NAME, * for anything); empty: all.")
    leave_out: Names = Field((), description="Sets or pictures that are never trained on.")
    half: Half = Field("", description="first or second: half of each set's pictures by sorted name.")
    dusty: float = Field(
        0, ge=0, lt=1, description="Part of the draws that show the boxes dusty: toned like the ground that they stand on."
    )
    terms: str = Field("", description="Terms of the pictures, for the model card.")

    def asked(self) -> Asked:
        gsd = self.gsd_m
        return Asked(self.format, (gsd, gsd) if isinstance(gsd, float) else gsd, self.bands, self.classes, self.uncounted)

    def choice(self) -> Choice:
        return Choice(self.sets, self.only, self.leave_out, self.half)


SLANTED_DEG = 18.0


class RenderedSource(_Strict):
    """Rendered yards by seed; seeds from FIRST_KEPT_SEED up are kept for samples and tests.

    slanted: part of their draws that goes to yards seen from SLANTED_DEG or more off nadir, where the sides and lower tiers of
    stacks show; none: as many as there are.
    """

    count: int = Field(gt=0)
    first_seed: int = Field(1, ge=0, lt=FIRST_KEPT_SEED)
    weight: float = Field(gt=0)
    slanted: float | None = Field(None, ge=0, le=1)

    @model_validator(mode="after")
    def _below_those_kept(self) -> Self:
        if self.first_seed + self.count > FIRST_KEPT_SEED:
            raise ValueError(
                f"seeds end at {self.first_seed + self.count - 1:,}, and those from {FIRST_KEPT_SEED:,} on are kept"
            )
        return self


class EmptySource(_Strict):
    """Pictures without containers. spare: every third by name is never trained on, to measure false boxes on."""

    folder: str
    weight: float = Field(gt=0)
    gsd_m: float = Field(gt=0)
    limit: int = Field(0, ge=0)
    spare: bool = False
    skip: Names = Field((), description="Pictures, by name, that hold containers after all.")
    terms: str = Field("", description="Terms of the pictures, for the model card.")


class Round(_Strict):
    """One fall of the learning rate from its peak to a hundredth; a further round starts from the weights of the one before."""

    steps: int = Field(ge=1)
    rate: float = Field(default=0.002, gt=0)
    mine: bool = Field(
        default=False, description="First look where the network finds boxes in empty pictures; draw those most."
    )
    warmup: int | None = Field(
        default=None, ge=1, description="Steps until the peak; 200, or an eighth of a round under 400 steps."
    )


class Recipe(_Strict):
    """Everything that makes weights: sources, network, schedule. Folders are relative to the data folder given at training.

    start: weights in the data folder, or shipped ones by their name, such as fast; empty: from nothing. folds: sets by the name
    of a fold; weights of a fold never see its sets, so that every figure is of a place not seen.
    """

    name: FileName
    architecture: str = "yolo11n-obb.yaml"
    start: str = "weights/yolo11n_coco.pt"
    start_terms: str = Field("", description="Terms of starting weights that have no card.")
    gsd_m: float = Field(0.2, gt=0)
    tile_px: int = Field(640, ge=96, multiple_of=32)
    labelled: tuple[LabelledSource, ...] = ()
    rendered: RenderedSource | None = None
    empty: tuple[EmptySource, ...] = ()
    rounds: tuple[Round, ...] = Field((Round(steps=3000),), min_length=1)
    folds: dict[FileName, tuple[str, ...]] = Field(default_factory=dict)
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
    kept = leaving_out(recipe, recipe.folds[fold])
    return kept.model_copy(update={"name": f"{recipe.name}-{fold}"})


def leaving_out(recipe: Recipe, names: Sequence[str]) -> Recipe:
    """The recipe without some sets or pictures, in whichever of its labelled sources they are."""
    labelled = tuple(s.model_copy(update={"leave_out": (*s.leave_out, *names)}) for s in recipe.labelled)
    return recipe.model_copy(update={"labelled": labelled})


def read_recipe(path: Path) -> Recipe:
    """The recipe of a YAML file; SettingsError names the key that is wrong."""
    return checked_recipe(read_yaml(path, called="recipe", way_out=_WAY_OUT), where=str(path))


def checked_recipe(said: object, *, where: str) -> Recipe:
    """A recipe from its keys and values; SettingsError names the key that is wrong."""
    try:
        return Recipe.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        said = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{'.'.join(map(str, first['loc'])) or 'the top'}: {said}", where=where) from error


def spared(names: list[str]) -> tuple[str, ...]:
    """Of pictures sorted by name every third, beginning with the second: those on which false boxes are measured."""
    return tuple(sorted(names)[1::3])
