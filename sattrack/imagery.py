"""Scenes and their pixels: windows, grids, scenes, tiles. Metadata and arrays, never an open file."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sattrack.geometry import Affine6, Points, apply_affine, invert_affine

_REMOTE = ("http://", "https://", "s3://", "/vsi")


def is_remote(location: str) -> bool:
    """Whether a location lies elsewhere than among this machine's files."""
    return location.casefold().startswith(_REMOTE)


@dataclass(frozen=True, slots=True)
class Window:
    """Whole pixels of a scene, half-open: columns [col, col + width), rows [row, row + height).

    May reach over the scene's edge: what lies outside is read as invalid.
    """

    col: int
    row: int
    width: int
    height: int

    @classmethod
    def of_shape(cls, shape: tuple[int, int]) -> "Window":
        """All pixels of a scene of (rows, cols)."""
        return cls(0, 0, shape[1], shape[0])

    def holds(self, points: Points) -> NDArray[np.bool_]:
        """Which of the points (..., 2), in scene pixels, lie inside; half-open, so that a partition holds each point once."""
        x, y = points[..., 0], points[..., 1]
        return np.asarray((x >= self.col) & (x < self.col + self.width) & (y >= self.row) & (y < self.row + self.height))


@dataclass(frozen=True, slots=True)
class Grid:
    """A scene's pixels on the ground.

    shape: (rows, cols). transform: (a, b, c, d, e, f), x = a col + b row + c, y = d col + e row + f, in the units of crs;
    none for a plain picture. crs: WKT or authority string; none for a plain picture.
    gsd_m: geodesic size of a pixel (along columns, along rows) in metres, at the scene's centre.
    """

    shape: tuple[int, int]
    gsd_m: tuple[float, float]
    crs: str | None = None
    transform: Affine6 | None = None

    @property
    def size_m(self) -> tuple[float, float]:
        """What the grid spans (along columns, along rows), metres."""
        return self.shape[1] * self.gsd_m[0], self.shape[0] * self.gsd_m[1]

    @property
    def georeferenced(self) -> bool:
        return self.crs is not None and self.transform is not None

    def to_ground(self, points: Points) -> Points:
        """Pixel points (..., 2) -> CRS coordinates; (0, 0) is the outer corner of the top-left pixel."""
        if self.transform is None:
            raise ValueError("a plain picture has no ground coordinates")
        return apply_affine(self.transform, points)

    def to_pixels(self, points: Points) -> Points:
        """CRS coordinates (..., 2) -> pixel points."""
        if self.transform is None:
            raise ValueError("a plain picture has no ground coordinates")
        return apply_affine(invert_affine(self.transform), points)


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of a scene that is a mosaic of several. location: path or URL. col, row: where its first pixel lies in the scene;
    shape: (rows, cols).
    """

    location: str
    col: int
    row: int
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Viewing:
    """How a scene was taken, as its vendor says: degrees, and for clouds a share of the whole picture; none where not said.

    off_nadir_deg: at the satellite, between straight down and the line of sight. sun_azimuth_deg: clockwise from north.
    """

    off_nadir_deg: float | None = None
    sun_elevation_deg: float | None = None
    sun_azimuth_deg: float | None = None
    cloud_cover: float | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """One file of one acquisition, or several that share one lattice of pixels: metadata only, never pixels or an open file.

    id: the acquisition's name, unique in a run but shared by the files of one acquisition. part: this file's own unique name
    (equal to id for a scene of one file). location: path or URL; of several files, the first one's. pieces: those files, where
    the scene is a mosaic; where two overlap, the earlier is seen. acquired: UTC, or none when unknown; acquired_source: where
    that was learnt (tags, vendor metadata, sidecar, manifest, name, unknown). bands: the 1 or 3 band numbers (from 1) that are
    fed as gray or as red, green, blue. mask: a path to a mask raster or cloud polygons beside it. notes: what a reader must be
    told.
    """

    id: str
    location: str
    grid: Grid
    bands: tuple[int, ...]
    dtype: str
    part: str = ""
    acquired: dt.datetime | None = None
    acquired_source: str = "unknown"
    sensor: str = ""
    source: str = ""
    licence: str = ""
    driver: str = ""
    nodata: float | None = None
    mask: str | None = None
    gsd_source: str = ""
    cloud_checked: bool = False
    notes: tuple[str, ...] = ()
    pieces: tuple[Piece, ...] = ()
    viewing: Viewing | None = None

    @property
    def locations(self) -> tuple[str, ...]:
        """Where all that the pixels come from lies."""
        return tuple(piece.location for piece in self.pieces) or (self.location,)


# By which pixels become 8-bit where nobody says others.
PERCENTILES = (1.0, 99.0)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The one declared mapping of a scene's raw values to uint8: per channel, low -> 0 and high -> 255, linear, clipped."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    percentiles: tuple[float, float] = PERCENTILES


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """A window's pixels as the model wants them.

    pixels: (rows, cols, 3) uint8 RGB, stretched, 0 where not valid. valid: (rows, cols) bool: seen (no nodata, no cloud, inside
    the scene).
    """

    window: Window
    pixels: NDArray[np.uint8]
    valid: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The tiles that meet the detector together, all of one shape and of one scene. begins: they are its first."""

    tiles: Sequence[Tile] = field(default_factory=tuple)
    begins: bool = False

    def pixels(self) -> NDArray[np.uint8]:
        """(n, rows, cols, 3) uint8 RGB."""
        return np.stack([tile.pixels for tile in self.tiles])
