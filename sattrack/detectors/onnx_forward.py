"""The ONNX Runtime backend, on the CPU, or on a card by the providers of onnxruntime-gpu."""

import numpy as np
from numpy.typing import NDArray

from sattrack.detectors.calling import short_of_memory
from sattrack.detectors.cores import granted_threads
from sattrack.detectors.decoding import Forward, Pixels, demand_heads
from sattrack.detectors.exports import Export
from sattrack.detectors.onnx_providers import TILES_A_CALL
from sattrack.detectors.onnx_sessions import first_line, on_cpu, open_session, runtime_errors
from sattrack.errors import DetectorError

# On the CPU; each works in some 40 MB of its own.
_MOST_CALLS = 8


class OnnxForward(Forward):
    """An export as ONNX Runtime runs it.

    On the CPU: as many tiles at once as there are cores, each in a thread of its own, which costs less than all cores on one
    tile; the answers are the same to the bit. On a card: two calls at once, so that one is copied while the other runs.
    """

    def __init__(self, export: Export, *, device: str = "cpu") -> None:
        self.oriented = export.stated.oriented
        granted = granted_threads()
        calls = min(granted, _MOST_CALLS)
        # A call's own thread counts as one; the others of a session help all its calls.
        self._session = open_session(
            export.graph, where="the ONNX export", device=device, tile_px=export.stated.tile_px, threads=granted - calls + 1
        )
        self._input = self._session.get_inputs()[0].name
        cpu = on_cpu(self._session)
        self.workers, self.size = (calls, 1) if cpu else (2, TILES_A_CALL)
        by = "" if cpu else f", {self._session.get_providers()[0].removesuffix('ExecutionProvider')}"
        self.device = f"{'cpu' if cpu else 'cuda'} ({export.runtime}{by})"

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        # One tile is not copied; on the CPU more at once only cost memory.
        return np.concatenate([self._heads(pixels[at : at + self.size]) for at in range(0, len(pixels), self.size)])

    def _heads(self, pixels: Pixels) -> NDArray[np.float32]:
        together = pixels[0][None] if len(pixels) == 1 else np.asarray(pixels)
        try:
            answer = np.asarray(self._session.run(None, {self._input: together})[0], np.float32)
        except runtime_errors() as error:
            if short_of_memory(error):
                raise MemoryError from error
            raise DetectorError(f"the network failed on {self.device}: {first_line(error)}") from error
        return demand_heads(answer, tiles=len(together))
