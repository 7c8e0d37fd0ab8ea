"""The extension points: structural protocols, one page."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.imagery import Batch, Scene, Window
from sattrack.results import Part, RunIndex
from sattrack.timeline import Count, Site

A = TypeVar("A")
B = TypeVar("B")


class Reader(Protocol):
    """Pixels of a scene. Safe to call from several threads: implementations keep one open file a thread."""

    def read(self, scene: Scene, window: Window, out_shape: tuple[int, int]) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """Raw pixels of a window resampled to out_shape (rows, cols): (rows, cols, 3) in the file's own type (gray repeated),
        and the valid mask (rows, cols). What lies outside the scene, is nodata, masked or not finite is 0 and not valid.
        Raises SceneError.
        """
        ...

    def sample(self, scene: Scene) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        """A small picture of a whole scene, few enough raw pixels (rows, cols, 3) for memory, and which are valid (rows, cols).
        Raises SceneError.
        """
        ...

    def undeclared_nodata(self, scene: Scene) -> float:
        """The share of a scene, 0 to 1, that is not valid though nothing declares so. Raises SceneError."""
        ...

    def digest(self, scene: Scene) -> str:
        """sha256 of all that the pixels come from, file and mask, hexadecimal. Raises SceneError."""
        ...

    def close(self) -> None: ...


class Detector(Protocol):
    """Finds objects in batches of tiles. `device` says where it really runs."""

    classes: tuple[str, ...]
    gsd_m: float
    tile_px: int
    device: str

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        """For each batch, in order, a Detections a tile in tile pixels. At most a bounded number of batches is drawn ahead."""
        ...


class AreaReader(Protocol):
    """Tells which share of each pixel is covered by containers. gsd_m: of the pixels that it works on, metres."""

    gsd_m: float

    def read(self, pixels: NDArray[np.uint8], *, gsd_m: float) -> NDArray[np.uint8]:
        """(rows, cols, 3) uint8 RGB, stretched -> (rows, cols), 0 to 255. gsd_m: of the scene, as it came."""
        ...


class Executor(Protocol):
    """Applies work to items: results in the items' order, a bounded number in flight, the first error raised."""

    def map(self, work: Callable[[A], B], items: Iterable[A]) -> Iterator[B]: ...


class PartStore(Protocol):
    """Where parts go, under their keys."""

    def put(self, key: str, part: Part) -> None: ...


class Store(PartStore, Protocol):
    """A run's folder: parts under their keys, and the index of the run. A crash while writing leaves nothing half."""

    @property
    def root(self) -> Path: ...

    def alone(self) -> AbstractContextManager[None]:
        """Keeps other processes from writing meanwhile. StoreError where one does."""
        ...

    def has(self, key: str) -> bool: ...

    def get(self, key: str) -> Part: ...

    def read_index(self) -> RunIndex: ...

    def write_index(self, index: RunIndex) -> None: ...

    def gather(self) -> None:
        """Sees to it that the parts of all finished scenes lie in the root, also those that others have put."""
        ...

    def publish(self) -> None:
        """Sees to it that what was written into the root beside the parts is where the run is kept."""
        ...


class Finished(Protocol):
    """What a report may know of a run: its folder, index, counts and outlines."""

    @property
    def folder(self) -> Path: ...

    @property
    def index(self) -> RunIndex: ...

    @property
    def counts(self) -> Sequence[Count]: ...

    @property
    def sites(self) -> tuple[Site, ...]: ...


class Report(Protocol):
    """Writes a run for people or other programs, from its parts by file; returns what it wrote, a file or a folder.

    everything: also the boxes that are not counted, for formats that hold only counted ones otherwise.
    """

    def __call__(self, run: Finished, parts: Mapping[str, Part], to: Path, *, everything: bool = False) -> Path: ...
