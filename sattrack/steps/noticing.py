"""Noticing: how bright and how rough a site is in pixels too coarse for anything else, and whether that changed beside its
surroundings."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.covers import Change
from sattrack.geometry import Points

# Places round a site that are looked at, and how few leave the noise unknown.
MOST_PLACES, LEAST_PLACES = 48, 12
# Changes from so many times the noise are said to be more than noise: see docs/coarse.md for how often that errs.
BEYOND_NOISE = 4.0
_SIDE_M = (60.0, 2500.0)
_LEAST_PX = 9
_MAD = 1.4826


@dataclass(frozen=True, slots=True)
class Noticed:
    """A site in one scene. brightness, texture: of the site, in the file's units. round_it: the same of places round it,
    by their number on a lattice that is the same in every scene."""

    scene_id: str
    brightness: float
    texture: float
    round_it: Mapping[int, tuple[float, float]]


def places_round(outline: shapely.Geometry) -> tuple[float, Points]:
    """Squares as large as a site, on a lattice round it, the nearest first: their side, metres, and middles (n, 2).

    outline: in flat metres.
    """
    side = float(np.clip(np.sqrt(outline.area), *_SIDE_M))
    middle = np.array([outline.centroid.x, outline.centroid.y])
    reach = (
        int(np.ceil((np.hypot(outline.bounds[2] - outline.bounds[0], outline.bounds[3] - outline.bounds[1]) / 2) / side)) + 4
    )
    steps = np.arange(-reach, reach + 1)
    lattice = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2) * side
    order = np.lexsort((lattice[:, 0], lattice[:, 1], np.round(np.hypot(*lattice.T), 6)))
    near = middle + lattice[order]
    squares = shapely.box(*(near - side / 2).T, *(near + side / 2).T)
    return side, near[~shapely.intersects(squares, outline)][:MOST_PLACES]


@dataclass(frozen=True, slots=True)
class Sums:
    """Of pixels that are wanted: how many and their brightness in all; of those among others alike, the same of texture."""

    pixels: int = 0
    brightness: float = 0.0
    inner: int = 0
    texture: float = 0.0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.pixels + other.pixels, self.brightness + other.brightness, self.inner + other.inner,
            self.texture + other.texture,
        )  # fmt: skip

    @property
    def means(self) -> tuple[float, float] | None:
        """Brightness and texture; none where too little was wanted."""
        enough = self.pixels >= _LEAST_PX and self.inner > 0
        return (self.brightness / self.pixels, self.texture / self.inner) if enough else None


def look(pixels: NDArray[np.generic], wanted: NDArray[np.bool_]) -> Sums:
    """Brightness, and standard deviation within 3 x 3 pixels, of what is wanted (rows, cols) of pixels (rows, cols, 3)."""
    gray = pixels.astype(np.float64).mean(axis=-1)
    wanted = wanted & np.isfinite(gray)
    inner = np.asarray(cv2.erode(wanted.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=0), bool)
    if not wanted.any():
        return Sums()
    level = float(gray[wanted].mean())
    apart = np.where(wanted, gray - level, 0.0)
    mean = cv2.blur(apart, (3, 3), borderType=cv2.BORDER_REFLECT)
    square = cv2.blur(apart * apart, (3, 3), borderType=cv2.BORDER_REFLECT)
    rough = np.sqrt(np.maximum(square - mean * mean, 0))
    return Sums(int(wanted.sum()), float(gray[wanted].sum()), int(inner.sum()), float(rough[inner].sum()))


def changes_between(before: Noticed, after: Noticed) -> tuple[Change, Change]:
    """How brightness and texture of a site changed beside its surroundings.

    What the whole scene did, other light, haze or gain, is the line through the surroundings' values then and now (Theil and
    Sen); the site's change is its distance from that line, the noise the surroundings' own (median absolute deviation). Of a
    site that was brighter or darker, rougher or smoother than each of them the line is drawn on beyond them, and the noise
    grows by how far it may be off there.
    """
    shared = sorted(set(before.round_it) & set(after.round_it))
    found = []
    for which, then, now in ((0, before.brightness, after.brightness), (1, before.texture, after.texture)):
        x = np.array([before.round_it[k][which] for k in shared])
        y = np.array([after.round_it[k][which] for k in shared])
        if len(shared) < LEAST_PLACES:
            found.append(Change(before.scene_id, now - then, None))
            continue
        slope, start = _line(x, y)
        off = y - (slope * x + start)
        noise = _MAD * float(np.median(np.abs(off - np.median(off))))
        if (beyond := max(then - float(x.max()), float(x.min()) - then)) > 0:
            noise += beyond * _doubt(x, y) / BEYOND_NOISE
        found.append(Change(before.scene_id, now - (slope * then + start), noise if 0 < noise < np.inf else None))
    return found[0], found[1]


def said_of_change(brightness: Change, texture: Change) -> str:
    """Both changes in a sentence."""
    told = [_told("brightness", brightness), _told("texture", texture)]
    return f"Since {brightness.since}: {'; '.join(told)}. What changed there is not known."


def _told(what: str, one: Change) -> str:
    times = one.times_noise
    if times is None:
        return (
            f"change of {what} by {one.change:+.4g}, too few places round the site, none that changed, or none alike, to say "
            "what is noise"
        )
    if abs(times) < BEYOND_NOISE:
        return f"no change of {what} beyond {BEYOND_NOISE:g} times the noise ({times:+.1f} times)"
    return f"change of {what} by {one.change:+.4g}, {abs(times):.1f} times the noise"


def _doubt(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """By how much the slope of a line may be off where x errs as y does: between that of y by x and that of x by y (Frisch
    1934). Places that differ by chance alone tell of none.
    """
    one, other = _line(x, y)[0], _line(y, x)[0]
    return abs(1 / other - one) if one > 0 and other > 0 else np.inf


def _line(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    i, j = np.triu_indices(len(x), 1)
    apart = x[j] - x[i]
    kept = np.abs(apart) > 1e-9 * max(1.0, float(np.abs(x).max()))
    slope = float(np.median((y[j] - y[i])[kept] / apart[kept])) if kept.any() else 0.0
    return slope, float(np.median(y - slope * x))
