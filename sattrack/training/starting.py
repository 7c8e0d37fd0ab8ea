"""Starting weights: found by path or by the name of shipped ones, and what is known of the pictures that they have seen."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from sattrack.assets import asset_folder
from sattrack.detectors.cards import REFUSED_SUFFIXES, card_for
from sattrack.detectors.yolo import load_checkpoint
from sattrack.errors import UsageError, WeightsError
from sattrack.labels.seen import seen_sets
from sattrack.results import ModelCard
from sattrack.training.recipes import Recipe

# Of weights for another task, as those of COCO, all but the head fits.
_LEAST_FITTING = 0.5


@dataclass(frozen=True, slots=True)
class Start:
    """Weights to start from. card: none where there is none beside them, as with weights of others.

    alike: they are of this very network, so that without a card they may have learnt boxes anywhere.
    """

    path: Path
    card: ModelCard | None
    terms: str
    alike: bool = False

    def sources(self) -> list[dict[str, str]]:
        """The weights, and what they were trained on themselves, as rows of a model card."""
        name = self.card.id if self.card else self.path.name
        rows = [{"name": name, "kind": "starting weights", "terms": self.terms}]
        for source in self.card.trained_on if self.card else ():
            kept = {key: value for key, value in source.items() if key not in ("left_out", "kind")}
            rows.append(kept | {"kind": f"in the starting weights: {source.get('kind', '')}"})
        if self._unknown:
            rows.append({"name": f"{name} has no card", "kind": "in the starting weights: labelled", "terms": "not stated"})
        return rows

    @property
    def _unknown(self) -> bool:
        """Whether these weights know boxes, and nothing tells from where."""
        return self.card is None and self.alike

    def may_have_seen(self, name: str) -> bool:
        """Whether these weights may have been trained on a labelled set."""
        return name in seen_sets(self.card.trained_on) if self.card else self._unknown

    def may_have_shown(self, source: str, *, spared: str) -> bool:
        """Whether these weights may have seen pictures of a source that are spared now."""
        if not self.card:
            return self._unknown
        return any(row.get("name") == source and row.get("pictures_left_out") != spared for row in self.card.trained_on)


def find_start(recipe: Recipe, *, data: Path) -> Start | None:
    """The weights that a recipe starts from: shipped ones by name, or a file in the data folder.

    UsageError where there are none; WeightsError where the card beside them is of others.
    """
    if not recipe.start:
        return None
    asked = Path(recipe.start)
    if asked.suffix in REFUSED_SUFFIXES:
        raise WeightsError(
            f"{asked.suffix} files can run code when they are loaded", where=recipe.start, way_out="give a .pt file"
        )
    folder = asset_folder("weights")
    shipped = folder / f"{recipe.start}.pt"
    path = shipped if asked.suffix == "" and len(asked.parts) == 1 and shipped.is_file() else data / asked
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.pt")))
        way_out = (
            f"give a .pt file with --start, check the data folder and the recipe's start, or name shipped weights: {known}"
        )
        raise UsageError("the starting weights are missing", where=str(path), way_out=way_out)
    card = card_for(path) if path.with_suffix(".json").is_file() else None
    return Start(path, card, card.licence if card else recipe.start_terms or "not stated")


def fitted(start: Start, *, network: torch.nn.Module) -> Start:
    """The start, and whether the whole network is in its weights. UsageError where little is: it would begin all but anew."""
    checkpoint = load_checkpoint(start.path)
    theirs = {key: value.shape for key, value in (checkpoint.get("ema") or checkpoint["model"]).state_dict().items()}
    mine = network.state_dict()
    fitting = sum(value.numel() for key, value in mine.items() if theirs.get(key) == value.shape)
    share = fitting / sum(value.numel() for value in mine.values())
    if share < _LEAST_FITTING:
        raise UsageError(
            f"only {share:.0%} of the network is in these weights: they are of another architecture", where=str(start.path),
            way_out="name theirs in the recipe, or start from others",
        )  # fmt: skip
    return replace(start, alike=fitting == sum(value.numel() for value in mine.values()))
