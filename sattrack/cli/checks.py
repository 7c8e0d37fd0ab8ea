"""The doctor's checks: each looks at one thing that has gone wrong for people before, and knows the way out."""

import importlib
import importlib.metadata
import platform
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sattrack.detectors.backends import BACKENDS, missing_for, silent_imports, version_of
from sattrack.errors import SattrackError
from sattrack.phrases import some

if TYPE_CHECKING:
    from sattrack.results import ModelCard

_OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
# Releases of ultralytics that carried a coin miner in December 2024.
_COMPROMISED = ("8.3.41", "8.3.42", "8.3.45", "8.3.46")
_SHOWN = ("torch", "torchvision", "ultralytics", "rasterio", "numpy", "pyproj", "shapely", "pyarrow", "matplotlib", "typer")
# A self-test that finds less or more than this share of the true boxes says that something is broken, not merely imperfect.
_SELF_TEST = (0.6, 1.5)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: fine or not, in a line, and the way out where not."""

    fine: bool
    said: str
    way_out: str = ""


def all_checks(*, self_test: bool = True) -> Iterator[Finding]:
    """The checks in an order in which the first failure explains the later ones."""
    checks: list[Callable[[], Finding]] = [python, packages, ultralytics_release, torch_pair, opencv, gdal, device]
    for check in checks:
        yield check()
    yield from other_backends()
    yield from weights()
    if self_test:
        yield golden_scene()


def python() -> Finding:
    said = f"sattrack {version_of('sattrack')}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return Finding(sys.version_info >= (3, 11), said, "Python 3.11 or newer is needed")


def packages() -> Finding:
    """L2: a package that is missing fails later with an error that does not name it."""
    found = {name: version_of(name) for name in _SHOWN}
    missing = [name for name, version in found.items() if version is None]
    said = ", ".join(f"{name} {version}" for name, version in found.items() if version)
    if missing:
        return Finding(False, f"missing: {', '.join(missing)}; {said}", f"python -m pip install {' '.join(missing)}")
    return Finding(True, said)


def ultralytics_release() -> Finding:
    """L3."""
    version = version_of("ultralytics")
    if version in _COMPROMISED:
        return Finding(
            False,
            f"ultralytics {version} is a compromised release",
            "python -m pip install --upgrade ultralytics, and check this machine",
        )
    return Finding(True, f"ultralytics {version} is not among the compromised releases")


def torch_pair() -> Finding:
    """L1: torchvision works only beside the torch that it was built for."""
    torch, torchvision = version_of("torch"), version_of("torchvision")
    if torch is None or torchvision is None:
        missing = "torch" if torch is None else "torchvision"
        return Finding(False, f"{missing} is not installed", f"python -m pip install {missing}")
    mend = "python -m pip install --force-reinstall torch torchvision, both from one index (see pytorch.org)"
    asked = next(
        (
            r
            for r in importlib.metadata.requires("torchvision") or []
            if r.replace(" ", "").startswith("torch(==") or r.startswith("torch==")
        ),
        "",
    )
    pinned = asked.replace("(", "").replace(")", "").replace(" ", "").removeprefix("torch==").split(";")[0]
    if pinned and pinned.split("+")[0] != torch.split("+")[0]:
        return Finding(False, f"torchvision {torchvision} was built for torch {pinned}, here is torch {torch}", mend)
    try:
        ops = importlib.import_module("torchvision.ops")
        tensor = importlib.import_module("torch").tensor
        ops.nms(tensor([[0.0, 0.0, 1.0, 1.0]]), tensor([1.0]), 0.5)
    except (ImportError, RuntimeError, AttributeError, OSError) as error:
        return Finding(False, f"torchvision {torchvision} does not work beside torch {torch}: {_first_line(error)}", mend)
    return Finding(True, f"torch {torch} and torchvision {torchvision} belong together")


def opencv() -> Finding:
    """L4: two builds of OpenCV overwrite each other's files; one without libGL does not import on a server."""
    found = [name for name in _OPENCV if version_of(name)]
    if len(found) > 1:
        return Finding(
            False, f"{' and '.join(found)} are both installed and overwrite each other",
            f"python -m pip uninstall -y {' '.join(found)}; python -m pip install {found[0]}",
        )  # fmt: skip
    try:
        version = importlib.import_module("cv2").__version__
    except ImportError as error:
        instead = "python -m pip uninstall -y opencv-python; python -m pip install opencv-python-headless"
        way_out = f"apt-get install libgl1, or {instead}" if "libGL" in str(error) else "python -m pip install opencv-python"
        return Finding(False, f"OpenCV does not import: {_first_line(error)}", way_out)
    return Finding(True, f"{found[0] if found else 'OpenCV'} {version}")


def gdal() -> Finding:
    try:
        rasterio = importlib.import_module("rasterio")
        crs = importlib.import_module("pyproj").CRS.from_epsg(32652).name
    except (ImportError, OSError) as error:
        return Finding(
            False, f"rasterio or pyproj does not import: {_first_line(error)}", "python -m pip install rasterio pyproj"
        )
    return Finding(True, f"rasterio {rasterio.__version__} with GDAL {rasterio.__gdal_version__}; coordinate systems: {crs}")


def device() -> Finding:
    try:
        torch = importlib.import_module("torch")
        chosen = importlib.import_module("sattrack.detectors.devices").choose_device("auto")
    except (ImportError, OSError) as error:
        return Finding(False, f"torch does not import: {_first_line(error)}", "python -m pip install torch torchvision")
    try:
        name = f" ({torch.cuda.get_device_name(chosen)})" if chosen.type == "cuda" else ""
    except RuntimeError as error:
        return Finding(
            False,
            f"device auto is {chosen}, which cannot be used: {_first_line(error)}",
            "mend the driver, or use --device cpu",
        )
    built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built without CUDA"
    return Finding(True, f"device auto is {chosen}{name}; {some(torch.get_num_threads(), 'thread')}; torch {built}")


def other_backends() -> Iterator[Finding]:
    """What else than torch can run the network: OpenVINO comes with sattrack; what else is installed must work."""
    for name, package in BACKENDS.items():
        if name == "torch":
            continue
        if missing := missing_for(name):
            needed = name == "openvino"
            by = "the default on a CPU and `sattrack cover` need" if needed else f"only --backend {name} needs"
            said = f"backend {name}: {' and '.join(missing)} is not installed, which {by}"
            yield Finding(not needed, said, f"python -m pip install {' '.join(missing)}")
            continue
        try:
            with silent_imports():
                importlib.import_module(package)
        except (ImportError, OSError) as error:
            mend = f"python -m pip install --force-reinstall {package}"
            yield Finding(False, f"backend {name}: {package} does not import: {_first_line(error)}", mend)
            continue
        making = missing_for(name, making=True)
        lacks = f"; {' and '.join(making)} is needed to make an export and is not installed" if making else ""
        yield Finding(True, f"backend {name}: {package} {version_of(package)}{lacks}")


def weights() -> Iterator[Finding]:
    """P6: every shipped weight file against the checksum on its card."""
    from sattrack.assets import asset_folder
    from sattrack.detectors.cards import card_for
    from sattrack.wiring import DEFAULT_WEIGHTS

    try:
        files = sorted(asset_folder("weights").glob("*.pt"))
    except SattrackError as error:
        yield Finding(False, str(error), "install sattrack again")
        return
    if not any(file.stem == DEFAULT_WEIGHTS for file in files):
        yield Finding(
            False, f"the default weights {DEFAULT_WEIGHTS!r} are not there", "install sattrack again, or give --weights FILE"
        )
    for file in files:
        try:
            card = card_for(file)
        except SattrackError as error:
            yield Finding(False, str(error), "install sattrack again")
        else:
            yield Finding(True, f"weights {file.stem}: {card.id}, sha256 {card.sha256[:12]} as on the card")
            yield from _export(file, card)


def _export(file: Path, card: "ModelCard") -> Iterator[Finding]:
    """P6: the shipped export in 8 bits, where there is one, is whole, and it is of the gate that its card tells of."""
    from sattrack.detectors.backends import EIGHT_BIT
    from sattrack.detectors.cards import passed
    from sattrack.detectors.exports import SUFFIXES, check_export, read_export
    from sattrack.detectors.instructions import eight_bit_instructions

    beside = file.with_suffix(SUFFIXES[EIGHT_BIT])
    if not beside.is_file():
        return
    try:
        export = check_export(read_export(beside, backend=EIGHT_BIT), card=card, backend=EIGHT_BIT, where=str(beside))
    except SattrackError as error:
        yield Finding(False, str(error), "install sattrack again")
        return
    passes = passed(card, sha256=export.sha256, instructions=eight_bit_instructions())
    gate = "passed the gate on such processors" if passes else "did not pass the gate on such processors, and is no default"
    yield Finding(True, f"export {beside.name}: whole, {gate}")


def golden_scene() -> Finding:
    """P10: the whole way on one shipped scene, against its truth."""
    from sattrack import face
    from sattrack.assets import asset_folder
    from sattrack.cli.truth import read_truth

    try:
        samples = asset_folder("samples")
        truth = read_truth(samples / "truth.csv")
        (site_id, scene_id), expected = max(truth.items(), key=lambda item: (item[1], item[0]))
        scene = next(iter(sorted(samples.rglob(f"{scene_id}.tif"))), None)
        if scene is None:
            return Finding(False, f"self-test: the sample scene {scene_id} is missing", "install sattrack again")
        with tempfile.TemporaryDirectory(prefix="sattrack-doctor-") as folder:
            run = face.detect(scene, sites=samples / "sites.geojson", out=Path(folder) / "run", report=False)
    except SattrackError as error:
        return Finding(False, f"self-test: {error}", "mend what is above first")
    found = next((c.count for c in run.counts if c.site_id == site_id and not c.zone and c.count is not None), None)
    if found is None:
        reasons = "; ".join(o.reason for o in run.index.outcomes if o.reason) or "the site was not counted"
        return Finding(False, f"self-test on {scene_id}: {reasons}", "mend what is above first")
    low, high = _SELF_TEST
    said = f"self-test on {scene_id}: {some(found, 'box', 'boxes')} found, {expected} are there"
    return Finding(
        low * expected <= found <= high * expected, said, "the weights or the installation are damaged: install again"
    )


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0][:200]
