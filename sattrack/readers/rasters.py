"""Rasters: windows of a scene's pixels at any size, read with one open file a thread, never a whole scene."""

import hashlib
import math
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from sattrack.errors import SceneError
from sattrack.imagery import Scene, Window, is_remote
from sattrack.readers.blocks import Known
from sattrack.readers.borders import Fill, find_fill
from sattrack.readers.holding import MOST_CACHES, Held, at_full_size, unchanged, window_in
from sattrack.readers.masks import open_mask
from sattrack.readers.mosaics import Picture, open_picture
from sattrack.readers.opening import files_of, gdal_options
from sattrack.readers.remote.ranges import hang_up
from sattrack.readers.remote.rasters import content_of_remote
from sattrack.readers.resampling import Pixels, Valid, blanked, interleaved
from sattrack.readers.upright import Area
from sattrack.settings import Settings

_SAMPLE_PX = 1_000_000
# Up to this size the sample is taken from the full pixels, so that a file's overviews cannot move the stretch.
_SAMPLED_WHOLLY_PX = 400_000_000
_LINES = 1024
# A scene whose pixels take no more is held from its survey on, and decoded once: 16 megapixels of colour.
_HELD_BYTES = 64 << 20
# Of these the nearest pixels to a lattice are the same whether GDAL picks them or we do.
_HELD_DRIVERS = ("GTiff", "PNG")
# What GDAL adds to a place between pixels before it takes the one below.
_GDALS_EPSILON = 1e-10
_MOST_FILLS = 64


@dataclass(frozen=True, slots=True, eq=False)
class _Sample:
    """A small picture of a whole scene (rows, cols, channels), and what of it is valid. whole: the same of all its pixels,
    where they are held.
    """

    pixels: Pixels
    valid: Valid
    whole: tuple[Pixels, Valid] | None


class RasterReader:
    """Reads scenes through rasterio; safe from several threads. Implements ports.Reader."""

    def __init__(self, limits: Settings | None = None) -> None:
        self._limits = limits or Settings()
        self._local = threading.local()
        self._lock = threading.Lock()
        self._open: dict[threading.Thread, Held] = {}
        self._digests: dict[tuple[str, int, int], str] = {}
        self._surveying = threading.Lock()
        self._sampled: tuple[Scene, _Sample] | None = None
        self._fills: dict[Scene, Fill | None] = {}
        self._known: dict[Scene, dict[int, Known]] = {}

    def read(self, scene: Scene, window: Window, out_shape: tuple[int, int]) -> tuple[Pixels, Valid]:
        """Raw pixels (rows, cols, 3) of a window resampled to out_shape, and what of them was seen; 0 where not.

        Means where the window shrinks, cubic where it grows. Raises SceneError.
        """
        whole = self._whole(scene) if at_full_size(window, out_shape) else None
        pixels, valid = window_in(scene, whole, window, out_shape) if whole else self._held(scene).read(window, out_shape)
        return blanked(_repeated(pixels), valid), valid

    def sample(self, scene: Scene) -> tuple[Pixels, Valid]:
        """A small picture of a whole scene: about a million raw pixels (rows, cols, 3), and which of them are valid."""
        sample = self._sample(scene)
        return _repeated(sample.pixels), sample.valid

    def undeclared_nodata(self, scene: Scene) -> float:
        """The share of a scene that is taken as not seen because it is constant and joined to the border."""
        fill = self._fill(scene)
        return fill.share if fill else 0.0

    def digest(self, scene: Scene) -> str:
        """sha256 of a scene's whole content, and of its mask where it has one; remembered by path, size and time of change.

        Of a mosaic that of all its files in their order. Of a remote file what stands for it: see readers.remote.ranges.
        """
        digests = [digest for location in scene.locations for digest in self._digests_at(location)]
        if scene.mask:
            # A virtual one is made of other files; polygons are no raster, and only themselves.
            plain = not is_remote(scene.mask) and Path(scene.mask).suffix.lower() != ".vrt"
            digests += [self._digest_of(Path(scene.mask))] if plain else self._digests_at(scene.mask)
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    def close(self) -> None:
        """Closes every file that any thread has open. No thread may be reading."""
        with self._lock:
            for held in self._open.values():
                held.close()
            self._open.clear()
            self._local = threading.local()
        hang_up()

    def _fill(self, scene: Scene) -> Fill | None:
        """Undeclared nodata of a scene, looked for once."""
        if not self._looks_for_fill(scene):
            return None
        with self._surveying:
            if scene not in self._fills:
                self._survey(scene)
            return self._fills[scene]

    def _sample(self, scene: Scene) -> _Sample:
        with self._surveying:
            if self._sampled is None or self._sampled[0] != scene:
                self._survey(scene)
            assert self._sampled is not None
            return self._sampled[1]

    def _whole(self, scene: Scene) -> tuple[Pixels, Valid] | None:
        """All pixels of a scene that its survey held, and which are valid."""
        sampled = self._sampled
        return sampled[1].whole if sampled is not None and sampled[0] == scene else None

    def _known_of(self, scene: Scene) -> dict[int, Known]:
        """What is known of the blocks of each of a scene's files, by whichever thread looked at them first."""
        with self._lock:
            while scene not in self._known and len(self._known) >= _MOST_FILLS:
                self._known.pop(next(iter(self._known)))
            return self._known.setdefault(scene, {})

    def _looks_for_fill(self, scene: Scene) -> bool:
        return self._limits.edge_nodata and scene.nodata is None

    def _survey(self, scene: Scene) -> None:
        """Looks once over a whole scene; the first thread that asks does it, and the others wait."""
        rows, cols = scene.grid.shape
        factor = max(1.0, math.sqrt(rows * cols / _SAMPLE_PX))
        shape = (max(1, min(rows, round(rows / factor))), max(1, min(cols, round(cols / factor))))
        area: Area = (0, 0, cols, rows)
        fill = whole = None
        with gdal_options(self._limits):
            wholly = rows * cols <= _SAMPLED_WHOLLY_PX and not any(map(is_remote, scene.locations))
            # At the full size none is used, and to leave them a file must be opened once more.
            overviews = not wholly or shape == (rows, cols)
            with closing(open_picture(scene, limits=self._limits, overviews=overviews, known=self._known_of(scene))) as picture:
                unchanged(picture, scene)
                least = self._limits.gdal_cache_bytes
                wanted = picture.cache_for(_LINES, least=least, most=MOST_CACHES * least)
                # As windows will be read: around bad blocks, or under a mask beside the file, is another way.
                alike = not scene.mask and self._limits.on_bad_tile == "fail"
                with gdal_options(self._limits, cache_bytes=wanted):
                    if alike and (shape == (rows, cols) or (wholly and self._may_be_held(picture, scene))):
                        whole = _lattice(picture, scene, (rows, cols))
                        pixels, valid = _thinned(*whole, shape)
                    else:
                        pixels, valid = _lattice(picture, scene, shape)
                if self._looks_for_fill(scene) and not picture.declares_nodata:
                    fill = find_fill(pixels, valid)
            if scene.mask:
                with closing(open_mask(scene, limits=self._limits)) as mask:
                    valid &= mask.clear(area, shape)
        if fill is not None:
            for found, seen in [(pixels, valid), *([whole] if whole and whole[1] is not valid else [])]:
                seen &= ~fill.covers(found, area=area, shape=scene.grid.shape)
        while len(self._fills) >= _MOST_FILLS:
            self._fills.pop(next(iter(self._fills)))
        self._fills[scene] = fill
        self._sampled = (scene, _Sample(pixels, valid, whole))

    def _may_be_held(self, picture: Picture, scene: Scene) -> bool:
        """Whether all pixels of a larger scene may be kept: few enough, and their lattice is what GDAL would pick."""
        plain = picture.driver in _HELD_DRIVERS and not picture.warped and picture.turned == 1
        rows, cols = scene.grid.shape
        channels = len(scene.bands) if picture.palette is None else 3
        return plain and rows * cols * (channels * np.dtype(scene.dtype).itemsize + 1) <= _HELD_BYTES

    def _held(self, scene: Scene) -> Held:
        """This thread's own open scene: GDAL's are not safe to share."""
        held: Held | None = getattr(self._local, "held", None)
        if held is not None and held.scene == scene:
            return held
        mine = threading.current_thread()
        self._local.held = None
        with self._lock:
            # Each scene is read by threads of its own, which leave behind what they had open when they end.
            gone = [self._open.pop(thread) for thread in [*self._open] if thread is mine or not thread.is_alive()]
        for one in gone:
            one.close()
        held = Held(scene, limits=self._limits, fill=self._fill(scene), known=self._known_of(scene))
        with self._lock:
            self._open[mine] = held
        self._local.held = held
        return held

    def _digests_at(self, location: str) -> list[str]:
        """Of a file, and of those that it is made of."""
        if is_remote(location):
            return [content_of_remote(location, limits=self._limits)]
        return [self._digest_of(one) for one in files_of(location)]

    def _digest_of(self, path: Path) -> str:
        try:
            about = path.stat()
            key = (str(path), about.st_size, about.st_mtime_ns)
            if key not in self._digests:
                with path.open("rb", buffering=0) as file:
                    self._digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise SceneError(f"cannot be read: {error.strerror}", where=str(path)) from error
        return self._digests[key]


def _lattice(picture: Picture, scene: Scene, shape: tuple[int, int]) -> tuple[Pixels, Valid]:
    """The nearest pixels to a lattice over a whole scene. By bands of lines, since GDAL reads one colour after the other, and
    would decode a large file once for each.
    """
    rows, cols = scene.grid.shape
    step = rows / shape[0]
    pixels, valid = None, np.empty(shape, bool)
    for first, last in _bands(shape[0], step=step, block=picture.block_rows):
        area = (0, first * step, cols, (last - first) * step)
        part, valid[first:last] = picture.read(
            scene.bands, area, (last - first, shape[1]), nodata=scene.nodata, mean=False
        )  # fmt: skip
        if pixels is None:
            pixels = np.empty((*shape, part.shape[-1]), part.dtype)
        pixels[first:last] = part
    assert pixels is not None
    return pixels, valid


def _thinned(pixels: Pixels, valid: Valid, shape: tuple[int, int]) -> tuple[Pixels, Valid]:
    """What `_lattice` would say, out of all pixels of a scene; the same arrays where it is all of them."""
    if shape == valid.shape:
        return pixels, valid
    rows, cols = (
        ((np.arange(n) + 0.5) * (of / n) + _GDALS_EPSILON).astype(int) for n, of in zip(shape, valid.shape, strict=True)
    )
    # By an index the second axis would lie across in memory, and what is counted there would take five times as long.
    return pixels.take(rows, axis=0).take(cols, axis=1), valid.take(rows, axis=0).take(cols, axis=1)


def _bands(lines: int, *, step: float, block: int) -> Iterator[tuple[int, int]]:
    """Lines of a lattice, first and last, under about _LINES of a file's own at once. Lines of one row of blocks stay together:
    where two such rows are more than the cache holds, each would be decoded again and again.
    """
    under = ((np.arange(lines) + 0.5) * step).astype(int) // block
    starts = [0, *(np.flatnonzero(np.diff(under)) + 1).tolist(), lines]
    first = 0
    for end, after in pairwise(starts[1:]):
        if (after - first) * step > _LINES:
            yield first, end
            first = end
    yield first, lines


def _repeated(pixels: Pixels) -> Pixels:
    """(rows, cols, 1 or 3) -> (rows, cols, 3): gray three times."""
    return pixels if pixels.shape[-1] == 3 else interleaved(np.broadcast_to(pixels[..., 0], (3, *pixels.shape[:2])))
