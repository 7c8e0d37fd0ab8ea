"""Backends: what can run a network here. Named, found without importing them, and kept from calling home."""

import importlib.metadata
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sattrack.errors import UsageError

# name -> the package that runs it; the quickest first, on a CPU (docs/performance.md).
BACKENDS = {"openvino": "openvino", "onnx": "onnxruntime", "torch": "torch"}
# OpenVINO with an export in 8 bits, which is never made on first use: calibrating it takes minutes.
EIGHT_BIT = "openvino-int8"
# torch on CUDA, in half precision: another model than the weights, taken with the device and not by name.
HALF = "torch-fp16"
# What --backend may be asked for by name.
NAMES = (*BACKENDS, EIGHT_BIT)
# What is needed besides to make an export. torch and ultralytics come with sattrack itself.
_MAKERS = {"onnx": ("onnx",), EIGHT_BIT: ("nncf",)}
_EXTRAS = {"onnx": "onnx", EIGHT_BIT: "int8"}
# Where drivers of NVIDIA, of AMD, and of Windows under Linux show themselves.
_CARDS = ("/proc/driver/nvidia/version", "/dev/kfd", "/dev/dxg")


@cache
def version_of(package: str) -> str | None:
    """The installed version, without importing."""
    try:
        said = importlib.metadata.distribution(package).read_text("METADATA")
        # Its own reader parses the whole description too, which takes 10 ms a package.
        found = re.search(r"^Version: *(\S+)", said.partition("\n\n")[0], re.MULTILINE) if said else None
        return found.group(1) if found else importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        # Built for cards it is another package by the same name to import.
        return version_of("onnxruntime-gpu") if package == "onnxruntime" else None


def family(backend: str) -> str:
    """The backend without its precision: openvino-int8 -> openvino."""
    return backend.partition("-")[0]


def missing_for(backend: str, *, making: bool = False) -> tuple[str, ...]:
    """The packages that the backend lacks here. making: also those that only making an export needs."""
    needed = (BACKENDS[family(backend)], *(_MAKERS.get(backend, ()) if making else ()))
    return tuple(package for package in needed if version_of(package) is None)


def demand(backend: str, *, making: bool = False) -> None:
    """UsageError where the backend is not known or not installed."""
    if backend not in NAMES:
        raise UsageError(f"the backend {backend!r} is not known", way_out=f"use one of auto, {', '.join(sorted(NAMES))}")
    if missing := missing_for(backend, making=making):
        wanted = f"'sattrack[{_EXTRAS[backend]}]'" if backend in _EXTRAS else " ".join(missing)
        raise UsageError(
            f"the backend {backend!r} was asked for, but {' and '.join(missing)} is not installed",
            way_out=f"python -m pip install {wanted}, or use --backend torch",
        )


def demand_cpu(backend: str, *, device: str) -> None:
    """UsageError where another device than the CPU is asked of a backend that runs on nothing else here."""
    # Whether ONNX Runtime has what a card needs is known once it is imported.
    if device not in ("auto", "cpu") and not (backend == "onnx" and device.startswith("cuda")):
        raise UsageError(
            f"the backend {backend!r} runs on the CPU only, and device {device!r} was asked for",
            way_out="use --backend torch, or leave --device out",
        )


def accelerated() -> bool:
    """Whether a card that torch may use could be here, told without importing torch, which takes seconds."""
    if sys.platform == "darwin":
        return os.uname().machine == "arm64"
    return any(Path(place).exists() for place in _CARDS) or shutil.which("nvidia-smi") is not None


def asked_threads() -> int:
    """The threads that OMP_NUM_THREADS grants, as torch obeys it; 0, all cores, where it says nothing."""
    text = os.environ.get("OMP_NUM_THREADS", "")
    return int(text) if text.isdecimal() else 0


@contextmanager
def silent_imports() -> Iterator[None]:
    """Within it the backends may be imported: neither tells its maker of it, nor writes an identity into the user's folders.

    OpenVINO reports each import where its telemetry package is installed, unless that cannot be imported. ONNX Runtime writes a
    device's identity and a store of events into the user's cache as it is imported, unless its variable is set.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    name = "openvino_telemetry"
    before = {key: module for key, module in sys.modules.items() if key.split(".")[0] == name}
    for key in before:
        del sys.modules[key]
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
        sys.modules.update(before)
