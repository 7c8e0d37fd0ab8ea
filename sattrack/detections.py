"""Detections: the objects found, as parallel arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Points, Quads, centres

# The columns that hold a quad in every table: corner 1 x, corner 1 y, corner 2 x, ...
CORNERS = tuple(f"px_{axis}{i}" for i in (1, 2, 3, 4) for axis in "xy")


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Objects found, as parallel arrays.

    quads: (n, 4, 2) float64, corners around the box, in the pixels of the frame at hand. scores: (n,) float32 in [0, 1].
    labels: (n,) int32, index into the detector's classes. cap_hit: the detector may have found more than it could return.
    """

    quads: Quads
    scores: NDArray[np.float32]
    labels: NDArray[np.int32]
    cap_hit: bool = False

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def none(cls) -> "Detections":
        return cls(np.zeros((0, 4, 2)), np.zeros(0, np.float32), np.zeros(0, np.int32))

    @classmethod
    def joined(cls, parts: Sequence["Detections"]) -> "Detections":
        """All rows of all parts, in order."""
        if not parts:
            return cls.none()
        return cls(
            np.concatenate([p.quads for p in parts]).reshape(-1, 4, 2),
            np.concatenate([p.scores for p in parts]).astype(np.float32),
            np.concatenate([p.labels for p in parts]).astype(np.int32),
            any(p.cap_hit for p in parts),
        )

    def where(self, keep: NDArray[np.bool_] | NDArray[np.intp]) -> "Detections":
        """The rows that a mask or an index picks."""
        return Detections(self.quads[keep], self.scores[keep], self.labels[keep], self.cap_hit)

    def moved(self, *, scale: tuple[float, float] = (1.0, 1.0), offset: tuple[float, float] = (0.0, 0.0)) -> "Detections":
        """Corners multiplied by scale (x, y), then shifted by offset (x, y)."""
        return Detections(self.quads * np.asarray(scale) + np.asarray(offset), self.scores, self.labels, self.cap_hit)

    def centres(self) -> Points:
        return centres(self.quads)
