"""Model cards: what must be known of weights before a number of theirs is printed."""

import hashlib
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from sattrack.errors import WeightsError
from sattrack.results import ModelCard
from sattrack.writing import write_whole

_CARD = TypeAdapter(ModelCard)
# What a row of measured figures must hold for an interval to be made of it.
_ROW = {"gsd_low", "gsd_high", "density_low", "density_high", "precision", "recall", "spread"}
REFUSED_SUFFIXES = {".engine", ".pt2", ".torchscript", ".npy", ".pkl", ".yaml", ".yml"}


def read_card(path: Path) -> ModelCard:
    """The card in a JSON file; WeightsError names the field that is wrong."""
    try:
        return possible(_CARD.validate_json(path.read_bytes()), where=str(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise WeightsError(
            f"the model card is not valid at {'.'.join(map(str, first['loc'])) or 'its top'}: {first['msg']}", where=str(path)
        ) from error
    except OSError as error:
        raise WeightsError(f"the model card cannot be read: {error.strerror}", where=str(path)) from error


def possible(card: ModelCard, *, where: str) -> ModelCard:
    """The card itself; WeightsError where a number of it cannot be, since every count would be wrong."""
    right = {
        "gsd_m": 0.01 <= card.gsd_m <= 100,
        "tile_px": 32 <= card.tile_px <= 8192,
        "threshold": 0 < card.threshold < 1,
        "percentiles": 0 <= card.percentiles[0] < 50 < card.percentiles[1] <= 100,
        "classes": bool(card.classes) and all(card.classes),
        "measured": all(row.keys() >= _ROW for row in card.measured),
        "threshold_careful": card.threshold_careful is None or 0 < card.threshold_careful < 1,
        "measured_careful": all(row.keys() >= _ROW for row in card.measured_careful),
    }
    wrong = [f"{name} = {getattr(card, name)}" for name in right if not right[name]]
    if wrong:
        raise WeightsError(f"the model cannot be as stated: {'; '.join(wrong)}", where=where)
    return card


def careful_card(card: ModelCard) -> ModelCard:
    """The card of the same weights when they look at each tile in several views: another model, with what was measured of it.

    Another id, so that its boxes and counts never stand among plain ones. Where nothing was measured of it, the plain threshold
    and no interval: plain bands are those of another detector.
    """
    return replace(
        card,
        id=f"{card.id}+careful",
        description=f"{card.description} Each tile was looked at in several views.".strip(),
        threshold=card.threshold if card.threshold_careful is None else card.threshold_careful,
        measured=card.measured_careful,
        figures=card.figures_careful,
        threshold_careful=None,
        measured_careful=(),
        figures_careful=(),
    )


def card_on(card: ModelCard, *, backend: str, precision: str, runtime: str) -> ModelCard:
    """The card of the same weights on another backend than torch: another id, since its scores differ in their last digits.

    What was measured of the weights holds of it too, within the tolerance that every export is held to; of one in 8 bits,
    within the gate.
    """
    return replace(card, id=f"{card.id}+{backend}-{precision.partition(' ')[0]}", runtime=runtime)


def passed(card: ModelCard, *, sha256: str, instructions: str) -> bool:
    """Whether the card says that the export of this sha256 costs no more than the gate allows (bench.gating), on processors
    that compute in 8 bits as this one does (detectors.instructions).
    """
    rows = (row for row in card.exports if row.get("sha256") == sha256 and row.get("instructions") == instructions)
    return bool(instructions) and any(row.get("passed") is True for row in rows)


def write_card(card: ModelCard, path: Path) -> None:
    """The card as JSON, whole or not at all."""
    write_whole(path, _CARD.dump_json(card, indent=1) + b"\n")


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

    WeightsError where the checksum differs, where neither card nor statement is there, or where they contradict each other.
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
        if gsd_m not in (None, card.gsd_m) or classes not in (None, card.classes):
            raise WeightsError(
                f"their card says {card.gsd_m:g} m and {', '.join(card.classes)}, which the options contradict",
                where=str(weights),
                way_out="leave --model-gsd-m and --classes out",
            )
        return card
    if gsd_m is None or classes is None or threshold is None:
        raise WeightsError(
            "the weights have no model card",
            where=str(weights),
            way_out=f"state --model-gsd-m, --classes and --threshold, or put a card at {beside.name}",
        )
    bare = ModelCard(
        id=f"{weights.stem}-{sha256[:8]}",
        sha256=sha256,
        classes=classes,
        gsd_m=gsd_m,
        tile_px=640,
        threshold=threshold,
        name=weights.stem,
        description="Weights without a card: what they were trained on is not stated, and no interval was measured.",
    )
    return possible(bare, where=str(weights))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
