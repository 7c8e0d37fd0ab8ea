"""Model cards: what must be known of weights before a number of theirs is printed."""

import hashlib
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from sattrack.errors import WeightsError
from sattrack.results import ModelCard

_CARD = TypeAdapter(ModelCard)
REFUSED_SUFFIXES = {".engine", ".pt2", ".torchscript", ".npy", ".pkl", ".yaml", ".yml"}


def read_card(path: Path) -> ModelCard:
    """The card in a JSON file; WeightsError names the field that is wrong."""
    try:
        return _CARD.validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        raise WeightsError(
            f"the model card is not valid at {'.'.join(map(str, first['loc'])) or 'its top'}: {first['msg']}", where=str(path)
        ) from error
    except OSError as error:
        raise WeightsError(f"the model card cannot be read: {error.strerror}", where=str(path)) from error


def find_weights(asked: str, *, folder: Path) -> Path:
    """Weights by path, or by name from the folder of shipped weights."""
    path = Path(asked)
    if path.suffix in REFUSED_SUFFIXES:
        raise WeightsError(
            f"{path.suffix} files can run code when they are loaded and are not accepted",
            where=asked,
            way_out="give a .pt file",
        )
    if path.suffix == "" and (folder / f"{asked}.pt").is_file():
        return folder / f"{asked}.pt"
    if path.is_file():
        return path
    known = ", ".join(sorted(p.stem for p in folder.glob("*.pt"))) or "none"
    raise WeightsError("no such weights", where=asked, way_out=f"give a path to a .pt file, or a name: {known}")


def card_for(
    weights: Path, *, gsd_m: float | None = None, classes: tuple[str, ...] | None = None, threshold: float | None = None
) -> ModelCard:
    """The card beside the weights, its checksum verified; or, without one, a bare card from what the user states.

    WeightsError where the checksum differs, or where neither card nor statement is there.
    """
    sha256 = _sha256(weights)
    beside = weights.with_suffix(".json")
    if beside.is_file():
        card = read_card(beside)
        if card.sha256 != sha256:
            raise WeightsError(
                f"the file's sha256 is {sha256[:12]}..., its card says {card.sha256[:12]}...",
                where=str(weights),
                way_out="fetch the weights again; if the change is yours, write a card for it",
            )
        return card
    if gsd_m is None or classes is None or threshold is None:
        raise WeightsError(
            "the weights have no model card",
            where=str(weights),
            way_out=f"state --model-gsd-m, --classes and --threshold, or put a card at {beside.name}",
        )
    return ModelCard(
        id=f"{weights.stem}-{sha256[:8]}",
        sha256=sha256,
        classes=classes,
        gsd_m=gsd_m,
        tile_px=640,
        threshold=threshold,
        name=weights.stem,
        description="Weights without a card: what they were trained on is not stated, and no interval was measured.",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
