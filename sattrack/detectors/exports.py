"""Exports: a network in another backend's form, with what must be known of it inside the file; read, checked, kept."""

import hashlib
import json
import os
import xml.etree.ElementTree as ElementTree
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from sattrack.detectors.backends import BACKENDS, EIGHT_BIT, family, version_of
from sattrack.detectors.packing import read_packed, write_packed
from sattrack.errors import StoreError, UsageError, WeightsError
from sattrack.results import ModelCard
from sattrack.writing import write_whole

# Of an export's input, output and statement: raised where an older one can no longer be run.
LAYOUT = 1
# The key in an ONNX file's metadata and in an OpenVINO file's runtime information.
KEY = "sattrack"
SUFFIXES = {"onnx": ".onnx", "openvino": ".xml", EIGHT_BIT: ".int8.zip"}
# What makes an export besides its backend, and so may change its numbers.
_MAKERS = ("torch", "ultralytics", "onnx")


@dataclass(frozen=True, slots=True)
class Stated:
    """What travels inside an export. sha256: of the .pt file that it was made of. precision: fp32, of the stored weights fp16,
    or int8. Then calibration says by what it was calibrated, drift_pct how far its count on rendered tiles is off the weights',
    and golden what it counts on the golden tiles.

    The rest is the card's, so that whoever holds only the export knows how to feed it. made_with: packages and versions.
    """

    backend: str
    precision: str
    sha256: str
    classes: tuple[str, ...]
    gsd_m: float
    tile_px: int
    threshold: float
    percentiles: tuple[float, float]
    oriented: bool
    made_with: dict[str, str]
    layout: int = LAYOUT
    calibration: str = ""
    drift_pct: float | None = None
    golden: int | None = None

    @property
    def runs_as(self) -> str:
        """The name by which --backend asks for it."""
        return EIGHT_BIT if (self.backend, self.precision) == ("openvino", "int8") else self.backend


_STATED = TypeAdapter(Stated)


@dataclass(frozen=True, slots=True)
class Export:
    """An export in memory. graph: an ONNX file, or OpenVINO's XML; constants: what OpenVINO keeps beside it, else empty."""

    graph: bytes
    constants: bytes
    stated: Stated

    @property
    def runtime(self) -> str:
        """By what it runs here, as results say it."""
        return f"{self.stated.backend} {version_of(BACKENDS[self.stated.backend])} {self.stated.precision}"

    @property
    def sha256(self) -> str:
        """Of both parts, however they are packed."""
        return hashlib.sha256(self.graph + self.constants).hexdigest()


def statement(card: ModelCard, *, backend: str, precision: str, oriented: bool) -> Stated:
    """What an export of the card's weights says of itself when it is made here."""
    packages = dict.fromkeys((*_MAKERS, BACKENDS[backend]))
    made_with = {package: version for package in packages if (version := version_of(package))}
    return Stated(
        backend, precision, card.sha256, card.classes, card.gsd_m, card.tile_px, card.threshold, card.percentiles, oriented,
        made_with,
    )  # fmt: skip


def asked_as(backend: str) -> str:
    """The options of `sattrack model export` that make one for it."""
    return "--backend openvino --int8" if backend == EIGHT_BIT else f"--backend {backend}"


def as_text(stated: Stated) -> str:
    return json.dumps(asdict(stated), sort_keys=True)


def from_text(text: str, *, where: str) -> Stated:
    try:
        return _STATED.validate_json(text)
    except ValidationError as error:
        raise WeightsError("is no export of sattrack's", where=where, way_out="make it with: sattrack model export") from error


def demand_file(to: Path | None, *, backend: str, half: bool = False) -> None:
    """UsageError where an export cannot be written to such a file, or must be and none is named."""
    if to is None and half:
        raise UsageError(
            "weights in half precision are no backend's default", way_out="name a file: -o FILE; beside its weights it is used"
        )
    if half and backend == EIGHT_BIT:
        raise UsageError("8 bits and half precision were both asked for", way_out="leave --half or --int8 out")
    if to is not None and not to.name.endswith(SUFFIXES[backend]):
        raise UsageError(f"an export for {backend} ends in {SUFFIXES[backend]}, not {to.suffix or 'nothing'}", where=str(to))
    if to is not None and not to.parent.is_dir():
        raise UsageError("the folder is not there", where=str(to.parent), way_out="make it, or choose another -o")


def write_export(export: Export, to: Path) -> None:
    """Writes the file; OpenVINO's constants beside it, with the suffix .bin; last the digest of both. 8 bits in one file."""
    if export.stated.runs_as == EIGHT_BIT:
        write_packed(export.graph, export.constants, to)
        return
    if export.constants:
        write_whole(to.with_suffix(".bin"), export.constants)
    write_whole(to, export.graph)
    write_whole(digest_beside(to), export.sha256.encode())


def digest_beside(path: Path) -> Path:
    """Where an export's sha256 stands, which holds its constants too: neither backend would notice a flipped bit."""
    return path.with_name(f"{path.name}.sha256")


def demand_whole(export: Export, path: Path) -> Export:
    """The export itself; WeightsError where it is not what was written, or nothing beside it says so."""
    beside = digest_beside(path)
    again = f"make it again: sattrack model export WEIGHTS {asked_as(export.stated.runs_as)} -o {path.name}"
    try:
        said = beside.read_bytes().strip()
    except OSError as error:
        raise WeightsError(f"there is no {beside.name} beside it to check it by", where=str(path), way_out=again) from error
    if said != export.sha256.encode():
        raise WeightsError(f"is not what was written: its sha256 is not that in {beside.name}", where=str(path), way_out=again)
    return export


def read_export(path: Path, *, backend: str) -> Export:
    """An export from its file or files. WeightsError where they are not whole, or no export of sattrack's."""
    if backend == EIGHT_BIT:
        graph, constants = read_packed(path)
        return Export(graph, constants, from_text(_stated_in(graph, backend="openvino", where=str(path)), where=str(path)))
    try:
        graph = path.read_bytes()
        constants = path.with_suffix(".bin").read_bytes() if backend == "openvino" else b""
    except OSError as error:
        raise WeightsError(f"cannot be read: {error.strerror}", where=error.filename or str(path)) from error
    return Export(graph, constants, from_text(_stated_in(graph, backend=backend, where=str(path)), where=str(path)))


def check_export(export: Export, *, card: ModelCard, backend: str, where: str) -> Export:
    """The export itself; WeightsError where it is not of the card's weights, or does not say of them what the card says."""
    stated = export.stated
    if stated.sha256 != card.sha256:
        raise WeightsError(
            f"was made of other weights: of sha256 {stated.sha256[:12]}..., the weights are {card.sha256[:12]}...",
            where=where,
            way_out=f"remove it, or make it again: sattrack model export WEIGHTS {asked_as(backend)} -o {Path(where).name}",
        )
    same = ("classes", "gsd_m", "tile_px")
    said = [(name, getattr(stated, name), getattr(card, name)) for name in same]
    wrong = [f"{name} {of_export}, not {of_card}" for name, of_export, of_card in said if of_export != of_card]
    if (stated.runs_as, stated.layout) != (backend, LAYOUT):
        wrong.append(f"layout {stated.layout} for {stated.runs_as}, not {LAYOUT} for {backend}")
    if wrong:
        raise WeightsError(
            f"does not fit the model's card: it states {'; '.join(wrong)}", where=where, way_out="remove it, or make it again"
        )
    return export


def kept_at(card: ModelCard, *, backend: str) -> Path:
    """Where an export made on first use is kept: $XDG_CACHE_HOME/sattrack, else ~/.cache/sattrack.

    The name hangs on the weights' sha256, all versions that the numbers may hang on, and what the card says.
    """
    named = as_text(statement(card, backend=family(backend), precision="fp32", oriented=card.oriented))
    digest = hashlib.sha256(named.encode()).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        root = folder if folder.is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        # A user without a home: nothing can be kept below a device, and so nothing is.
        root = Path(os.devnull)
    return root / "sattrack" / f"{card.sha256[:12]}-{backend}-{digest}{SUFFIXES[backend]}"


def keep(export: Export, at: Path) -> bool:
    """Keeps an export with its digest beside it; false where the folder cannot be written, and then it lives in memory only."""
    try:
        at.parent.mkdir(parents=True, exist_ok=True)
        write_export(export, at)
        # Last: without it what is there is not trusted.
        write_whole(digest_beside(at), export.sha256.encode())
    except (OSError, StoreError):
        return False
    return True


def stored(export: Export, to: Path | None, *, card: ModelCard, backend: str) -> Path:
    """Where an export was written: in the file asked for, else where a run looks for it. StoreError where it cannot be."""
    if to is not None:
        write_export(export, to)
        return to
    at = kept_at(card, backend=backend)
    if not keep(export, at):
        raise StoreError("the export cannot be kept there", where=str(at), way_out="give -o FILE, or set XDG_CACHE_HOME")
    return at


def kept(at: Path, *, backend: str) -> Export | None:
    """A kept export, where it is whole."""
    try:
        return demand_whole(read_export(at, backend=backend), at)
    except WeightsError:
        return None


def _stated_in(graph: bytes, *, backend: str, where: str) -> str:
    """The statement inside an exported graph; empty where there is none."""
    if backend == "openvino":
        try:
            found = ElementTree.fromstring(graph).find(f"rt_info/{KEY}")
        except ElementTree.ParseError as error:
            raise WeightsError(f"is not OpenVINO's XML: {error}", where=where) from error
        return "" if found is None else found.get("value", "")
    from sattrack.detectors.onnx_sessions import metadata

    return metadata(graph, where=where).get(KEY, "")
