"""Colours of boxes, lorries, roofs and ground as seen from above: sRGB, faded and dirtied."""

import colorsys

import numpy as np
from numpy.typing import NDArray

# Paint of carriers and lessors, with the share of boxes that wear it. Names say the look, not the company.
BOX_PAINTS: tuple[tuple[tuple[int, int, int], float], ...] = (
    ((122, 54, 44), 0.17),  # lessor's brown
    ((150, 58, 46), 0.11),  # brick
    ((176, 40, 40), 0.06),  # red
    ((92, 40, 36), 0.05),  # dark maroon
    ((40, 62, 112), 0.10),  # navy
    ((56, 92, 150), 0.09),  # mid blue
    ((88, 128, 170), 0.04),  # pale blue
    ((206, 206, 202), 0.10),  # white and reefer
    ((168, 172, 172), 0.07),  # light grey
    ((112, 118, 122), 0.04),  # grey
    ((208, 96, 44), 0.05),  # orange
    ((40, 94, 68), 0.05),  # green
    ((64, 124, 116), 0.03),  # teal
    ((196, 160, 60), 0.02),  # mustard
    ((46, 46, 50), 0.02),  # near black
    ((232, 232, 230), 0.05),  # bright white, reefers
    ((204, 92, 74), 0.05),  # salmon
    ((62, 118, 186), 0.01),  # open top under a blue tarpaulin
    ((74, 64, 56), 0.01),  # open top, its load in view
)
CAR_PAINTS = ((205, 205, 205), (230, 230, 228), (60, 60, 64), (120, 124, 128), (140, 40, 38), (50, 70, 120), (170, 160, 140))
ROOF_PAINTS = ((188, 190, 188), (150, 152, 150), (214, 214, 210), (120, 96, 84), (110, 124, 136), (150, 86, 70), (90, 92, 94))
STEEL_PAINTS = ((196, 150, 50), (60, 90, 140), (170, 60, 50), (180, 184, 186), (70, 74, 78))

Colours = NDArray[np.float32]


def box_colours(rng: np.random.Generator, *, count: int, fleets: NDArray[np.intp] | None = None) -> Colours:
    """(count, 3) sRGB in 0..255. fleets: index into BOX_PAINTS per box, or none to draw by share."""
    paints = np.array([paint for paint, _ in BOX_PAINTS], np.float32)
    if fleets is None:
        shares = fleet_shares(rng, favourites=0)
        fleets = rng.choice(len(shares), count, p=shares)
    return fade(rng, colours=paints[fleets])


def fleet_shares(rng: np.random.Generator, *, favourites: int, one_paint: float = 0.0) -> NDArray[np.float64]:
    """Chance of each paint of BOX_PAINTS in a yard with so many favourite paints, or where one paint has a share of its own."""
    shares = np.array([share for _, share in BOX_PAINTS])
    if favourites:
        shares[rng.choice(len(shares), favourites, replace=False, p=shares / shares.sum())] += 0.5
    shares = shares / shares.sum()
    if one_paint:
        shares = shares * (1 - one_paint)
        shares[rng.choice(len(shares), p=shares / shares.sum())] += one_paint
    return np.asarray(shares)


def fade(rng: np.random.Generator, *, colours: Colours) -> Colours:
    """Sun and dirt: towards grey by up to a third, a little lighter or darker, a slight turn of hue."""
    n = len(colours)
    grey = colours.mean(axis=1, keepdims=True)
    wash = rng.beta(1.4, 3.0, (n, 1)) * 0.45
    faded = colours * (1 - wash) + (0.6 * grey + 0.4 * 150) * wash
    return np.asarray(np.clip(faded * rng.normal(1.0, 0.09, (n, 1)) + rng.normal(0, 4, (n, 3)), 8, 250), np.float32)


def pick(rng: np.random.Generator, *, paints: tuple[tuple[int, int, int], ...], count: int) -> Colours:
    """(count, 3) drawn evenly from the paints, each varied a little."""
    chosen = np.array(paints, np.float32)[rng.integers(0, len(paints), count)]
    return np.asarray(np.clip(chosen * rng.normal(1, 0.08, (count, 1)) + rng.normal(0, 3, (count, 3)), 5, 252), np.float32)


def tint(hue: float, *, strength: float) -> NDArray[np.float32]:
    """A cast: three factors around 1 whose hue is in 0..1."""
    rgb = np.array(colorsys.hsv_to_rgb(hue % 1.0, min(max(strength, 0.0), 1.0), 1.0), np.float32)
    return np.asarray(rgb / rgb.mean(), np.float32)
