"""What detection leaves behind: a part per scene file, and a run of parts."""

import datetime as dt
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.imagery import PERCENTILES, Scene, Stretch

# Of run folders and all that is written from them.
SCHEMA_VERSION = "1"

# So begins the note of a part whose clouds were judged from the picture, for want of a mask.
CLOUDS_JUDGED = "no cloud mask, clouds judged from the picture"


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the detector saw of a scene, on coarse cells.

    share: (rows, cols) uint8, 0 nothing of the cell was seen, 255 all. cell: size of a cell (x, y) in source pixels; cell
    (0, 0) begins at pixel (0, 0).
    """

    share: NDArray[np.uint8]
    cell: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What must travel with weights. precision and recall are measured; bands say where (see counting intervals).

    percentiles: by which its pictures were stretched, and so every scene, unless the settings say others.
    measured: rows {gsd_low, gsd_high, density_low, density_high, precision, recall, n, ratio, spread, faint, sure} (see
    bench.bands.measured_bands; ratio, faint and sure may be missing); empty: nothing was measured.
    threshold_careful, measured_careful, figures_careful: the same of the weights looking at each tile in several views; none:
    the plain threshold, and nothing was measured.
    exports: rows {backend, precision, sha256, passed, ...} of exports that were held against the weights (see bench.gating).
    runtime: by which backend, version and precision the weights run where it is not torch, from the .pt file itself.
    """

    id: str
    sha256: str
    classes: tuple[str, ...]
    gsd_m: float
    tile_px: int
    threshold: float
    oriented: bool = True
    percentiles: tuple[float, float] = PERCENTILES
    name: str = ""
    description: str = ""
    licence: str = ""
    trained_on: tuple[dict[str, str], ...] = ()
    measured: tuple[dict[str, float], ...] = ()
    figures: tuple[dict[str, object], ...] = ()
    threshold_careful: float | None = None
    measured_careful: tuple[dict[str, float], ...] = ()
    figures_careful: tuple[dict[str, object], ...] = ()
    exports: tuple[dict[str, object], ...] = ()
    runtime: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The result of one scene file, stored once under its key.

    scene: its location and mask are bare names here; the run knows the folders. detections: corners in SOURCE pixels of the
    file, every box above the score floor. dropped: degenerate boxes thrown away.
    """

    key: str
    scene: Scene
    sha256: str
    detections: Detections
    seen: Seen
    stretch: Stretch
    card: ModelCard
    device: str
    tiles: int
    tiles_skipped: int
    dropped: int = 0
    notes: tuple[str, ...] = ()


class Parts(Mapping[str, Part]):
    """The parts of a run by file, read as they are asked for: all boxes of a large run do not fit into memory."""

    @property
    @abstractmethod
    def scenes(self) -> Mapping[str, Scene]:
        """The scene of each file, known without reading its part."""

    @property
    @abstractmethod
    def acquisitions(self) -> Mapping[str, Sequence[str]]:
        """The files of each scene by its id, in order of the parts."""


def scenes_of(parts: Mapping[str, Part]) -> Mapping[str, Scene]:
    """The scene of each file."""
    return parts.scenes if isinstance(parts, Parts) else {name: part.scene for name, part in parts.items()}


def acquisitions(parts: Mapping[str, Part]) -> Mapping[str, Sequence[str]]:
    """The files of each scene by its id, in order of the parts."""
    if isinstance(parts, Parts):
        return parts.acquisitions
    groups: dict[str, list[str]] = {}
    for name, part in parts.items():
        groups.setdefault(part.scene.id, []).append(name)
    return groups


@dataclass(frozen=True, slots=True)
class SceneOutcome:
    """One row of scenes.csv. status: done, failed, refused or skipped, with the reason.

    acquired: UTC, of a file that could not be described (scene is none), by what stands beside it or in its name.
    """

    scene_id: str
    part: str
    location: str
    status: str
    reason: str = ""
    key: str = ""
    scene: Scene | None = None
    boxes: int = 0
    counted: int = 0
    cap_hit: bool = False
    sha256: str = ""
    acquired: dt.datetime | None = None
    acquired_source: str = "unknown"

    @property
    def locations(self) -> tuple[str, ...]:
        """Where its files lay."""
        return tuple(dict.fromkeys((self.location, *(self.scene.locations if self.scene else ()))))


@dataclass(frozen=True, slots=True)
class _Locations(Iterable[str]):
    """Where scenes lay, told again each time that it is walked through: a list would be of a million texts."""

    outcomes: Sequence[SceneOutcome]

    def __iter__(self) -> Iterator[str]:
        return (location for outcome in self.outcomes for location in outcome.locations)


@dataclass(frozen=True, slots=True)
class RunIndex:
    """The head of a run, stored as run.json. settings, versions and command are plain JSON values.

    outcomes: in a run of a million scenes packed, each made when it is asked for (see packed.Packed).
    imagery: whether pages may show the scenes' pixels; a run made without keeps every later page without.
    """

    schema_version: str
    threshold: float
    model_id: str
    command: str
    settings: dict[str, object]
    versions: dict[str, str]
    card: ModelCard
    outcomes: Sequence[SceneOutcome] = ()
    sites_file: str = ""
    created: dt.datetime | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)
    imagery: bool = True

    @property
    def locations(self) -> Iterable[str]:
        """Where the scenes lay: what sentences of the run may quote, and what is cut down to names before print."""
        return _Locations(self.outcomes)
