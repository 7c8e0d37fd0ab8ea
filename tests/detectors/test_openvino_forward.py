"""The OpenVINO backend's own traps."""

import subprocess
import sys

import pytest

pytest.importorskip("openvino")

_ALL_AT_ONCE = """
import threading
import numpy as np
from sattrack import wiring
from sattrack.settings import Settings

detector, card = wiring.load_model(wiring.Model(backend="openvino"), settings=Settings(device="cpu"))
tile = np.zeros((1, card.tile_px, card.tile_px, 3), np.uint8)
gate = threading.Barrier(4)


def first():
    gate.wait()
    detector._forward(tile)


threads = [threading.Thread(target=first) for _ in range(4)]
for one in threads:
    one.start()
for one in threads:
    one.join()
print("all answered")
"""


def test_threads_that_ask_for_the_first_time_together_all_get_an_answer():
    """Two first tensors made at once waited for each other for ever, one time in three."""
    done = subprocess.run([sys.executable, "-c", _ALL_AT_ONCE], capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.strip().endswith("all answered"), done.stderr
