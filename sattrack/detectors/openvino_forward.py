"""The OpenVINO backend, on the CPU."""

from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.detectors.backends import silent_imports
from sattrack.detectors.calling import short_of_memory
from sattrack.detectors.cores import granted_threads
from sattrack.detectors.decoding import Forward, Pixels, demand_heads
from sattrack.detectors.exports import Export
from sattrack.errors import DetectorError, WeightsError

# Each works in some 50 MB of its own.
_MOST_STREAMS = 8


class OpenvinoForward(Forward):
    """An export as OpenVINO runs it: streams of their own threads, each with one tile at a time.

    A tile over all cores waits at the end of each layer for the slowest, and batches save nothing. The answers are the same to
    the bit at any number of streams and threads.
    """

    size = 1

    def __init__(self, export: Export) -> None:
        self.oriented = export.stated.oriented
        self.device = f"cpu ({export.runtime})"
        package = openvino()
        # The binding looks numpy up as its first tensor is made. Two threads that do so at once wait for each other for ever:
        # one holds Python's lock and waits for the other, which waits for that lock.
        np.array(package.Tensor(np.zeros(1, np.uint8), shared_memory=True).data)
        core = package.Core()
        hints = {
            # Left to itself it would take half precision on processors that have it, and another answer on each.
            "INFERENCE_PRECISION_HINT": "f32",
            "PERFORMANCE_HINT": "THROUGHPUT",
            "PERFORMANCE_HINT_NUM_REQUESTS": _MOST_STREAMS,
            "INFERENCE_NUM_THREADS": granted_threads(),
            # Two processes of one thread each would both be pinned to the first core.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            compiled = core.compile_model(core.read_model(model=export.graph, weights=export.constants), "CPU", hints)
            streams = int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
            # One at work and one in line, so that a stream never waits for Python; what a request itself holds is small.
            self.workers = 2 * streams
            self._idle: SimpleQueue[Any] = SimpleQueue()
            for _ in range(self.workers):
                self._idle.put(compiled.create_infer_request())
        except RuntimeError as error:
            raise WeightsError(f"OpenVINO cannot load it: {_first_line(error)}", where="the OpenVINO export") from error

    def __call__(self, pixels: Pixels) -> NDArray[np.float32]:
        request = self._idle.get()
        try:
            return np.concatenate([self._head(request, tile) for tile in pixels])
        except DetectorError:
            raise
        except RuntimeError as error:
            if short_of_memory(error):
                raise MemoryError from error
            raise DetectorError(f"the network failed on {self.device}: {_first_line(error)}") from error
        finally:
            self._idle.put(request)

    @staticmethod
    def _head(request: Any, tile: NDArray[np.uint8]) -> NDArray[np.float32]:
        request.infer([tile[None]], share_inputs=True)
        # Its memory is used again for the next tile.
        return demand_heads(np.array(request.get_output_tensor(0).data, np.float32), tiles=1)


def openvino() -> Any:
    """The package, imported so that it tells nobody."""
    with silent_imports():
        import openvino as package

        return package


def _first_line(error: BaseException) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines else type(error).__name__
