"""Detectors that do what detectors should not. TROUBLE in the environment makes them; without it each finds what is bright."""

import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from sattrack.detections import Detections
from sattrack.imagery import Batch


class Bright:
    """Finds bright rectangles. The same model with trouble and without, so that what trouble left must be taken up."""

    classes: tuple[str, ...] = ("container",)
    gsd_m = 0.5
    tile_px = 256
    threshold = 0.3
    sha256 = "of the test"

    def detect(self, batch: Batch) -> list[Detections]:
        if os.environ.get("TROUBLE") == type(self).__name__:
            self.make_trouble(batch)
        return [self.look(tile.pixels) for tile in batch.tiles]

    def make_trouble(self, batch: Batch) -> None:
        """For those that trouble comes from."""

    def look(self, pixels: Any) -> Detections:
        return found(self.corners(pixels))

    def corners(self, pixels: Any) -> list[list[tuple[float, float]]]:
        seen = ndimage.find_objects(ndimage.label(pixels.mean(axis=2) > 180)[0])
        return [[(x.start, y.start), (x.stop, y.start), (x.stop, y.stop), (x.start, y.stop)] for y, x in seen]


def found(corners: Any, labels: Any = None) -> Detections:
    quads = np.array(corners, float).reshape(-1, 4, 2)
    return Detections(quads, np.full(len(quads), 0.9, np.float32), np.zeros(len(quads), np.int32) if labels is None else labels)


class Blind(Bright):
    def look(self, pixels: Any) -> Detections:
        return Detections.none()


class NotFinite(Bright):
    """Where there are many boxes, one corner of one is no number."""

    def look(self, pixels: Any) -> Detections:
        corners = self.corners(pixels)
        if len(corners) > 12:
            corners[0][0] = (float("nan"), 1.0)
        return found(corners)


class Flat(Bright):
    """Beside each box one of no width, and one far outside the tile."""

    def look(self, pixels: Any) -> Detections:
        corners = self.corners(pixels)
        flat = [[(x, y), (x, y), (x, y + 5), (x, y + 5)] for (x, y), *_ in corners]
        outside = [[(x + 9000, y) for x, y in one] for one in corners]
        return found([*corners, *flat, *outside])


class Hostile(Bright):
    """Classes named by somebody who knows markup, spreadsheets and SQL."""

    classes = ("<img src=x onerror=alert(1)>container", "=HYPERLINK(1)", "x'); DROP TABLE boxes;--")

    def look(self, pixels: Any) -> Detections:
        corners = self.corners(pixels)
        return found(corners, (np.arange(len(corners)) % 3).astype(np.int32))


class Crashing(Bright):
    def make_trouble(self, batch: Batch) -> None:
        raise ZeroDivisionError("a fault in the detector's own code")


class Killed(Bright):
    def make_trouble(self, batch: Batch) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Hanging(Bright):
    def make_trouble(self, batch: Batch) -> None:
        print("looking", flush=True)
        time.sleep(300)


class Removing(Bright):
    """The run folder goes while it is written."""

    def make_trouble(self, batch: Batch) -> None:
        shutil.rmtree(Path(os.environ["RUN_FOLDER"]))
