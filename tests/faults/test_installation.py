"""Rows L: what an installation must not do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sattrack.detectors.backends import missing_for

_IMPORTED = """
import os
from sattrack.detectors.openvino_forward import openvino
from sattrack.detectors.onnx_sessions import runtime_errors
openvino()
runtime_errors()
assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
"""


@pytest.mark.skipif(bool(missing_for("onnx") or missing_for("openvino")), reason="the extras onnx and openvino")
def test_l5_neither_backend_reports_that_it_was_imported(tmp_path: Path) -> None:
    mark, home = tmp_path / "reported", tmp_path / "home"
    home.mkdir()
    package = tmp_path / "openvino_telemetry"
    package.mkdir()
    (package / "__init__.py").write_text(f"open({str(mark)!r}, 'w')\nclass Telemetry:\n    pass\n")
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTED], capture_output=True, text=True, check=False,
        env={**os.environ, "HOME": str(home), "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert not mark.exists()
    assert list(home.rglob("*")) == []
