"""Quantising: an export in 8 bits, calibrated on tiles, that counts alike on processors with and without 8-bit instructions."""

import io
import logging
import re
import tempfile
import warnings
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.detectors.backends import EIGHT_BIT, demand, silent_imports, version_of
from sattrack.detectors.exporting import export_network
from sattrack.detectors.exports import KEY, Export, Stated, as_text, demand_file, stored
from sattrack.detectors.golden import MOST_DRIFT_PCT, counted, drift_pct, golden_count
from sattrack.detectors.openvino_forward import openvino
from sattrack.errors import DetectorError
from sattrack.results import ModelCard

RECIPE = (
    "NNCF, mixed preset, 7 bits of weights, fast bias correction; first three stages, the finest level's own from the stage "
    "that feeds it on, and last convolutions in single precision"
)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """tiles: (rows, cols, 3) uint8 RGB each, as the network would see them; held: more, to count on. said: what they are."""

    tiles: Sequence[NDArray[np.uint8]]
    held: Sequence[NDArray[np.uint8]]
    said: str


@dataclass(frozen=True, slots=True)
class CountParity:
    """Boxes that weights and their 8-bit export count, each from the card's threshold, on tiles that calibrated nothing.

    apart: the mean over the tiles of how far both are from each other.
    """

    tiles: int
    by_weights: int
    by_export: int
    apart: float

    @property
    def holds(self) -> bool:
        return abs(self.drift_pct) <= MOST_DRIFT_PCT

    @property
    def drift_pct(self) -> float:
        return drift_pct(self.by_export, self.by_weights)

    def values(self) -> dict[str, object]:
        return {**asdict(self), "drift_pct": round(self.drift_pct, 2), "holds": self.holds, "said": str(self)}

    def __str__(self) -> str:
        verdict = "" if self.holds else "; it will be no default"
        return (
            f"on {self.tiles} rendered tiles that calibrated nothing it counts {self.by_export} boxes, the weights "
            f"{self.by_weights}: {self.drift_pct:+.1f} % ({MOST_DRIFT_PCT:g} % allowed), "
            f"{self.apart:.1f} boxes a tile apart{verdict}"
        )


def export_8_bit_to(
    to: Path | None, *, weights: Path, card: ModelCard, calibrate: Callable[[ModelCard], Calibration]
) -> tuple[Path, dict[str, object]]:
    """Exports into a file, as exporting.export_to does, and says the same of it."""
    demand_file(to, backend=EIGHT_BIT)
    demand(EIGHT_BIT, making=True)
    made, parity = export_8_bit(weights, card=card, calibration=calibrate(card))
    return stored(made, to, card=card, backend=EIGHT_BIT), {"runtime": made.runtime, "sha256": card.sha256, **parity.values()}


def export_8_bit(weights: Path, *, card: ModelCard, calibration: Calibration) -> tuple[Export, CountParity]:
    """The export in 8 bits, and how far its counts are from those of the weights.

    UsageError where NNCF is not installed, DetectorError where the network cannot be brought to 8 bits.
    """
    whole, _ = export_network(weights, card=card, backend="openvino")
    small = quantised(whole, calibration)
    one, two = (counted(export, calibration.held, card=card) for export in (whole, small))
    parity = CountParity(len(one), sum(one), sum(two), float(np.abs(np.subtract(one, two)).mean()))
    stated = replace(small.stated, drift_pct=round(parity.drift_pct, 2), golden=golden_count(small, card=card))
    model = openvino().Core().read_model(model=small.graph, weights=small.constants)
    return _saved(model, stated), parity


def quantised(export: Export, calibration: Calibration) -> Export:
    """An export of OpenVINO's in 8 bits. Weights take seven of them (NNCF's overflow fix for all layers): sums of two products
    then fit into 16 bits, which processors without VNNI would clip, counting otherwise. Depthwise ones sum none and take eight.
    """
    demand(EIGHT_BIT, making=True)
    made_with = export.stated.made_with | {"nncf": version_of("nncf") or ""}
    stated = replace(
        export.stated, precision="int8", calibration=f"{RECIPE}; {calibration.said}", made_with=made_with,
    )  # fmt: skip
    model = openvino().Core().read_model(model=export.graph, weights=export.constants)
    # It reports its calls to its maker where it can, and draws bars.
    with silent_imports(), warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        # What it imports of torch looks for a compiler for CUDA, and says that there is none.
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
        import nncf

        nncf.set_log_level(logging.ERROR)
        try:
            model = nncf.quantize(
                model,
                nncf.Dataset([tile[None] for tile in calibration.tiles]),
                preset=nncf.QuantizationPreset.MIXED,
                subset_size=len(calibration.tiles),
                fast_bias_correction=True,
                ignored_scope=nncf.IgnoredScope(patterns=_kept_whole(model), validate=False),
                advanced_parameters=nncf.AdvancedQuantizationParameters(overflow_fix=nncf.OverflowFix.ENABLE),
            )
        except RuntimeError as error:
            raise DetectorError(f"cannot be brought to 8 bits: {error}", way_out="use --backend openvino") from error
    return _saved(model, stated)


def _kept_whole(model: Any) -> list[str]:
    """Patterns of what stays in single precision: the first three stages; for the finest level the stage that feeds it, but for
    that stage's wide first convolution, and all its branches of the head; the last convolutions, and what is made of these.
    Chosen by counts (docs/performance.md).
    """
    names = (operation.get_friendly_name() for operation in model.get_ops())
    head = next((name.partition(".cv2.")[0] for name in names if re.search(r"\.cv2\.\d\.2/", name)), None)
    if head is None:
        raise DetectorError("cannot be brought to 8 bits: its head is of another kind", way_out="use --backend openvino")
    stages = head.rpartition(".")[0]
    own, first, feeding = re.escape(head), re.escape(stages), re.escape(f"{stages}.{_feeding(model, head, stages=stages)}")
    return [
        rf"{first}\.[012]\..*", rf"{feeding}\.(m|cv2)\..*", rf"{own}\.cv[234]\.0\..*", rf"{own}\.cv[234]\.\d\.2.*",
        rf"{own}\.dfl.*", rf"{own}/.*",
    ]  # fmt: skip


def _feeding(model: Any, head: str, *, stages: str) -> str:
    """The number of the stage whose features the head's finest level sees."""
    begins = f"{head}.cv2.0.0.conv/"
    convolutions = (one for one in model.get_ops() if one.get_type_name() == "Convolution")
    operation = next((one for one in convolutions if one.get_friendly_name().startswith(begins)), None)
    # Activations bear the name of any that is alike, be it of the head: what they activate bears its own.
    while operation is not None and operation.get_input_size():
        operation = operation.input_value(0).get_node()
        named = operation.get_friendly_name()
        if (found := re.match(rf"{re.escape(stages)}\.(\d+)[./]", named)) and not named.startswith(f"{head}."):
            return found.group(1)
    raise DetectorError("cannot be brought to 8 bits: its head is of another kind", way_out="use --backend openvino")


def _saved(model: Any, stated: Stated) -> Export:
    """A model of OpenVINO's, with what is stated of it inside."""
    model.set_rt_info(as_text(stated), [KEY])
    with tempfile.TemporaryDirectory(prefix="sattrack-export-") as folder:
        path = Path(folder) / "model.xml"
        openvino().save_model(model, str(path), compress_to_fp16=False)
        return Export(path.read_bytes(), path.with_suffix(".bin").read_bytes(), stated)
