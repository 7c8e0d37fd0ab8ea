"""Rounds: the same picture counted by us and by other tools in turn, each in a process of its own, so that noise hits all."""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sattrack import wiring
from sattrack.assets import asset_folder
from sattrack.bench.apart import demand_one_process, measured_apart
from sattrack.bench.speed_pictures import Picture, make_picture, true_boxes
from sattrack.detectors.backends import family, missing_for, version_of
from sattrack.errors import DetectorError, UsageError
from sattrack.phrases import some
from sattrack.results import ModelCard
from sattrack.settings import Settings

OURS = "sattrack"
PEERS = ("ultralytics", "sahi", "supervision", "geodeep")
INSTALL = "python -m pip install 'sattrack[peers]'"
SIZE_PX, ROUNDS, MOST_GB, MOST_S = 4000, 3, 10.0, 900.0


@dataclass(frozen=True, slots=True)
class Contestant:
    """A tool with an engine: torch with the .pt file, the very export that OpenVINO runs for us, or an upright ONNX."""

    tool: str
    engine: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One contestant in one round. wall_s, cpu_s: from the file to merged boxes, the model loaded before (load_s)."""

    wall_s: float
    cpu_s: float
    load_s: float
    found: int
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class Result:
    """All turns of a contestant; failed: why it has none."""

    contestant: Contestant
    turns: tuple[Turn, ...]
    failed: str = ""

    def median(self, figure: Callable[[Turn], float]) -> float:
        return statistics.median(figure(turn) for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Comparison:
    """All results on one picture, ours with the engine in question first. left_out: tools that are not installed."""

    picture: Picture
    true: int
    threshold: float
    results: tuple[Result, ...]
    left_out: tuple[str, ...]
    versions: dict[str, str]
    rounds: int

    def times_ours(self, result: Result, figure: Callable[[Turn], float]) -> float | None:
        """How many times as long as ours with the first engine, the median over rounds; none where it failed."""
        ours = self.results[0].turns
        if not result.turns or not ours:
            return None
        return statistics.median(figure(turn) / figure(own) for turn, own in zip(result.turns, ours, strict=False))


def contestants(backend: str) -> tuple[tuple[Contestant, ...], tuple[str, ...]]:
    """Who takes part where our runs use that backend, and who is not installed."""
    own = [Contestant(OURS, name) for name in dict.fromkeys((backend, family(backend), "torch"))]
    left_out = tuple(peer for peer in PEERS if version_of(peer) is None)
    shared = ("torch", backend) if family(backend) == "openvino" else ("torch",)
    peers = [
        Contestant(peer, engine)
        for peer in PEERS
        if peer not in left_out
        for engine in (("onnx",) if peer == "geodeep" else shared)
    ]
    if "geodeep" not in left_out and missing_for("onnx", making=True):
        peers, left_out = [one for one in peers if one.tool != "geodeep"], (*left_out, "geodeep (it needs onnx)")
    return (*own, *peers), left_out


def bench_peers(
    *,
    model: wiring.Model,
    settings: Settings,
    size: int = SIZE_PX,
    rounds: int = ROUNDS,
    most_gb: float = MOST_GB,
    most_s: float = MOST_S,
    only: Sequence[str] = (),
    heard: Callable[[str], None] = lambda _line: None,
) -> Comparison:
    """Makes a full yard, hands the network to each tool, and times them in turn, round by round.

    Who fails once is not asked again. only: tools to be asked besides ours. UsageError for a detector of one's own, or a tool
    that is not known.
    """
    if model.detector:
        raise UsageError("other tools take weights, not a detector of one's own", way_out="give --weights")
    if unknown := set(only) - set(PEERS):
        raise UsageError(f"no such tool: {', '.join(sorted(unknown))}", way_out=f"one of {', '.join(PEERS)}")
    demand_one_process(settings)
    card = wiring.card_of(model)
    threshold = card.threshold if settings.threshold is None else settings.threshold
    asked, left_out = contestants(model.backend)
    asked = tuple(one for one in asked if not only or one.tool in (OURS, *only))
    picture = Picture(size, card.gsd_m)
    with tempfile.TemporaryDirectory(prefix="sattrack-peers-") as scratch:
        folder = Path(scratch)
        path = make_picture(folder, picture)
        for one in asked:
            if one.tool == OURS:
                # An export that is not there yet is made now, and is no turn's time.
                wiring.card_of(replace(model, backend=one.engine))
        handed = _handed(asked, model, card, settings, folder)
        many = f"{some(len(asked), 'contestant')}, {some(rounds, 'round')}"
        heard(f"{picture.name}: {many}; left out: {', '.join(left_out) or 'nobody'}")
        results = {one: Result(one, ()) for one in asked}
        for number in range(1, rounds + 1):
            for one in asked:
                if results[one].failed:
                    continue
                call = _call(one, path, handed, model, settings, picture, threshold, card)
                results[one] = _with_turn(results[one], call | {"most_bytes": int(most_gb * 1e9)}, path, most_s)
                heard(f"round {number}, {one.tool} by {one.engine}: {_heard(results[one])}")
    versions = {name: version for name in (*PEERS, "torch", "openvino", "onnxruntime") if (version := version_of(name))}
    return Comparison(picture, len(true_boxes(picture)), threshold, tuple(results.values()), left_out, versions, rounds)


def _handed(
    asked: Sequence[Contestant], model: wiring.Model, card: ModelCard, settings: Settings, folder: Path
) -> dict[str, Path]:
    """The model in the form of each engine that others use."""
    from sattrack.bench.peers.handing import geodeep_file, openvino_folder
    from sattrack.bench.peers.rivals import MERGE_IOU
    from sattrack.detectors.cards import find_weights
    from sattrack.detectors.ready_exports import ready_export

    weights = find_weights(model.weights, folder=asset_folder("weights"))
    handed = {"torch": weights}
    engines = {one.engine for one in asked if one.tool != OURS}
    if model.backend in engines - {"torch"}:
        handed[model.backend] = openvino_folder(ready_export(weights, card=card, backend=model.backend), folder)
    if "onnx" in engines:
        share = settings.overlap_m / card.gsd_m / card.tile_px
        handed["onnx"] = geodeep_file(weights, card=card, overlap=share, merge_iou=MERGE_IOU, to=folder / "upright.onnx")
    return handed


def _call(
    one: Contestant, path: Path, handed: dict[str, Path], model: wiring.Model, settings: Settings, picture: Picture,
    threshold: float, card: ModelCard,
) -> dict[str, Any]:  # fmt: skip
    if one.tool == OURS:
        own = replace(model, backend=one.engine)
        return {
            "what": "run", "inputs": [str(path)], "model": asdict(own),
            "settings": settings.model_dump(mode="json", exclude_unset=True),
            "gsd_m": picture.gsd_m,
        }  # fmt: skip
    order = {
        "picture": str(path), "model": str(handed[one.engine]), "threshold": threshold, "tile_px": card.tile_px,
        "overlap_px": round(settings.overlap_m / card.gsd_m), "gsd_m": card.gsd_m,
    }  # fmt: skip
    return {"what": "tool", "tool": one.tool, "order": order}


def _with_turn(result: Result, call: dict[str, Any], path: Path, most_s: float) -> Result:
    try:
        told = measured_apart(call, where=str(path), most_s=most_s)
    except DetectorError as error:
        if result.contestant.tool == OURS:
            raise
        return Result(result.contestant, (), failed=error.message)
    turn = Turn(*(told[name] for name in ("wall_s", "cpu_s", "load_s", "found", "peak_bytes")))
    return replace(result, turns=(*result.turns, turn))


def _heard(result: Result) -> str:
    return result.failed or f"{result.turns[-1].wall_s:.1f} s, {some(result.turns[-1].found, 'box', 'boxes')}"
