"""Procedural ground: concrete, asphalt, gravel, soil, grass and water, with stains, slabs, tyre marks and painted lines."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.synthetic.solids import Floats

# Mean colour, grain (standard deviation of the finest noise), cloudiness (of metres-wide noise), colour noise.
KINDS: dict[str, tuple[tuple[int, int, int], float, float, float]] = {
    "concrete": ((152, 148, 140), 4.0, 9.0, 1.5),
    "asphalt": ((88, 88, 90), 4.0, 7.0, 1.0),
    "gravel": ((134, 124, 112), 8.0, 9.0, 2.0),
    "soil": ((142, 118, 92), 6.0, 12.0, 3.0),
    "grass": ((84, 96, 62), 8.0, 14.0, 4.0),
    "water": ((44, 66, 74), 2.0, 4.0, 1.0),
    "ballast": ((104, 96, 90), 7.0, 6.0, 1.5),
    "snow": ((226, 229, 234), 3.0, 7.0, 0.6),
}


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A polygon (n, 2) of one kind of ground, in metres. shade: brightness factor."""

    kind: str
    outline: Floats
    shade: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Stripe:
    """A painted or laid line (n, 2) in metres; opacity in 0..1."""

    line: Floats
    width_m: float
    colour: tuple[int, int, int] = (205, 200, 190)
    opacity: float = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What lies flat. seed: of stains and grain, so that a site's ground stays the same at every date.

    heading: of traffic, along which tyres leave their marks; worn: how strong those are, 0 none. dry: neither stains nor tyre
    marks lie on water, and stains come in patches.
    """

    base: str
    seed: int
    shade: float = 1.0
    surfaces: tuple[Surface, ...] = ()
    stripes: tuple[Stripe, ...] = ()
    dirt: float = 1.0
    heading: float = 0.0
    worn: float = 0.0
    dry: bool = False


def paint_ground(ground: Ground, *, cell_m: float, shape: tuple[int, int]) -> NDArray[np.float32]:
    """(rows, cols, 3) float32 sRGB 0..255 on cells of cell_m metres from (0, 0)."""
    rng = np.random.default_rng(ground.seed)
    picture = _draw_texture(rng, kind=ground.base, cell_m=cell_m, shape=shape).whole()
    picture *= np.float32(ground.shade)
    fresh: dict[str, _Texture] = {}
    for surface in ground.surfaces:
        part = _bounds(surface.outline, cell_m=cell_m, shape=shape)
        if part is None:
            continue
        if surface.kind not in fresh:
            own = np.random.default_rng((ground.seed, list(KINDS).index(surface.kind)))
            fresh[surface.kind] = _draw_texture(own, kind=surface.kind, cell_m=cell_m, shape=shape)
        _lay(picture, surface=surface, fresh=fresh[surface.kind], part=part, cell_m=cell_m)
    _draw_stripes(picture, stripes=ground.stripes, cell_m=cell_m)
    if ground.dirt:
        stains = _stains(rng, cell_m=cell_m, shape=shape, strength=ground.dirt, patchy=ground.dry)
        picture *= _kept_dry(stains, ground=ground, cell_m=cell_m)[..., None]
    if ground.worn:
        marks = _tyre_marks(rng, ground=ground, cell_m=cell_m, shape=shape)
        picture *= _kept_dry(marks, ground=ground, cell_m=cell_m)[..., None]
    return picture


def noise(rng: np.random.Generator, *, shape: tuple[int, int], cell_m: float, size_m: float) -> NDArray[np.float32]:
    """(rows, cols) smooth noise of unit deviation whose lumps are about size_m wide."""
    extent = shape[0] * cell_m, shape[1] * cell_m
    # The lattice hangs on the extent alone, so a place looks the same at every pixel size.
    coarse = int(extent[0] / size_m + 1e-6) + 3, int(extent[1] / size_m + 1e-6) + 3
    seeds = rng.standard_normal(coarse, dtype=np.float32)
    way = cv2.INTER_AREA if coarse[0] >= shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(seeds, (shape[1], shape[0]), interpolation=way), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Texture:
    """One kind of ground all over a picture. light, warm: (rows, cols), from which a cell's colour is made when it is asked."""

    colour: tuple[int, int, int]
    light: NDArray[np.float32]
    warm: NDArray[np.float32]

    def whole(self) -> NDArray[np.float32]:
        """(rows, cols, 3)."""
        return self._coloured(self.light, self.warm)

    def at(self, part: tuple[slice, slice], cells: tuple[NDArray[np.intp], ...]) -> NDArray[np.float32]:
        """(m, 3) at cells of a part of the picture."""
        return self._coloured(self.light[part][cells], self.warm[part][cells])

    def _coloured(self, light: NDArray[np.float32], warm: NDArray[np.float32]) -> NDArray[np.float32]:
        out = np.empty((*light.shape, 3), np.float32)
        for channel, turn in enumerate((1.0, 0.1, -1.0)):
            out[..., channel] = self.colour[channel] + light + warm * turn
        return out


def _draw_texture(rng: np.random.Generator, *, kind: str, cell_m: float, shape: tuple[int, int]) -> _Texture:
    colour, grain, cloud, hue = KINDS[kind]
    light = noise(rng, shape=shape, cell_m=cell_m, size_m=14.0) * (cloud * 0.7)
    light += noise(rng, shape=shape, cell_m=cell_m, size_m=3.0) * (cloud * 0.4)
    light += noise(rng, shape=shape, cell_m=cell_m, size_m=0.6) * grain
    return _Texture(colour, light, noise(rng, shape=shape, cell_m=cell_m, size_m=8.0) * hue)


def _cells(points: Floats, *, cell_m: float) -> NDArray[np.int32]:
    """Metres to cv2's fixed-point cell centres, 1/16 of a cell."""
    return np.round(np.clip((points / cell_m - 0.5) * 16, -400_000, 400_000)).astype(np.int32)


def _bounds(points: Floats, *, cell_m: float, shape: tuple[int, int]) -> tuple[slice, slice] | None:
    cells = points / cell_m
    x0, y0 = np.floor(cells.min(0)).astype(int) - 2
    x1, y1 = np.ceil(cells.max(0)).astype(int) + 2
    x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, shape[1]), min(y1, shape[0])
    return (slice(y0, y1), slice(x0, x1)) if x1 > x0 and y1 > y0 else None


def _lay(picture: NDArray[np.float32], *, surface: Surface, fresh: _Texture, part: tuple[slice, slice], cell_m: float) -> None:
    """One surface, its edge soft by a cell. fresh: its kind of ground; part: of the picture that it lies in."""
    mask = np.zeros((part[0].stop - part[0].start, part[1].stop - part[1].start), np.uint8)
    local = _cells(surface.outline - np.array([part[1].start, part[0].start]) * cell_m, cell_m=cell_m)
    cv2.fillPoly(mask, [local], 255, lineType=cv2.LINE_AA, shift=4)
    flat = np.flatnonzero(mask.ravel() != 0)
    at = flat // mask.shape[1], flat % mask.shape[1]
    cover = (mask[at].astype(np.float32) / 255)[:, None]
    below = picture[part]
    below[at] += (fresh.at(part, at) * np.float32(surface.shade) - below[at]) * cover


def _draw_stripes(picture: NDArray[np.float32], *, stripes: tuple[Stripe, ...], cell_m: float) -> None:
    """All stripes of one colour in one go, in the order in which the colours first come."""
    for colour in dict.fromkeys(stripe.colour for stripe in stripes):
        mask = np.zeros(picture.shape[:2], np.uint8)
        for stripe in stripes:
            if stripe.colour == colour:
                # A line thinner than a cell covers a part of it: less opaque, never thicker.
                cover = stripe.opacity * min(1.0, stripe.width_m / cell_m)
                width = max(1, round(stripe.width_m / cell_m))
                line = [_cells(stripe.line, cell_m=cell_m)]
                cv2.polylines(mask, line, False, round(255 * cover), width, lineType=cv2.LINE_AA, shift=4)
        flat, at = picture.reshape(-1, 3), np.flatnonzero(mask.ravel() != 0)
        flat[at] += (np.array(colour, np.float32) - flat[at]) * (mask.ravel()[at].astype(np.float32) / 255)[:, None]


def _kept_dry(factors: NDArray[np.float32], *, ground: Ground, cell_m: float) -> NDArray[np.float32]:
    """The factors, with 1 on water where the ground asks for it."""
    water = [_cells(surface.outline, cell_m=cell_m) for surface in ground.surfaces if surface.kind == "water"]
    if water and ground.dry:
        cv2.fillPoly(factors, water, 1.0, shift=4)
    return factors


def _stains(
    rng: np.random.Generator, *, cell_m: float, shape: tuple[int, int], strength: float, patchy: bool
) -> NDArray[np.float32]:
    """Oil, damp and repairs: a factor below one in blots, slightly above in worn places; patchy: only here and there."""
    blots = noise(rng, shape=shape, cell_m=cell_m, size_m=5.0) + 0.5 * noise(rng, shape=shape, cell_m=cell_m, size_m=1.5)
    dark = np.clip(blots - 1.2, 0, 1.5) * np.float32(0.12 * strength)
    if patchy:
        dark *= np.clip(noise(rng, shape=shape, cell_m=cell_m, size_m=30.0), 0, 2)
    return np.asarray(1.0 - dark + np.clip(-blots - 1.4, 0, 1) * np.float32(0.05 * strength), np.float32)


def _tyre_marks(rng: np.random.Generator, *, ground: Ground, cell_m: float, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Long streaks along the heading, now darker, now paler: a factor around one."""
    extent = shape[1] * cell_m, shape[0] * cell_m
    reach = float(np.hypot(*extent))
    along_m, across_m = 21.0, 0.7
    lattice = rng.standard_normal((int(reach / across_m + 1e-6) + 2, int(reach / along_m + 1e-6) + 2), dtype=np.float32)
    wide = rng.standard_normal((int(reach / 3.5 + 1e-6) + 2, lattice.shape[1]), dtype=np.float32)
    lattice += 0.8 * np.asarray(cv2.resize(wide, lattice.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    cos, sin = float(np.cos(ground.heading)), float(np.sin(ground.heading))
    # From cells of the picture to places in the lattice, whose middle is the picture's.
    to_u, to_v = np.array([cos, sin]) / along_m, np.array([-sin, cos]) / across_m
    middle = np.array(extent) / 2
    rows = [
        [*(to * cell_m), float(-to @ middle + to.sum() * cell_m / 2 + (size - 1) / 2)]
        for to, size in ((to_u, lattice.shape[1]), (to_v, lattice.shape[0]))
    ]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    streaks = cv2.warpAffine(lattice, np.array(rows), (shape[1], shape[0]), flags=flags, borderMode=cv2.BORDER_REFLECT)
    used = np.clip(0.6 + 0.6 * noise(rng, shape=shape, cell_m=cell_m, size_m=17.0), 0, 1.5)
    marks = np.clip(np.asarray(streaks, np.float32), -1.0, 2.5) * used
    return np.asarray(1 - np.float32(0.03 * ground.worn) * marks, np.float32)
