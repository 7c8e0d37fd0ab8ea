"""From a clean picture to what a satellite's product looks like: haze, cast, blur, sharpening, noise, JPEG."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.steps.coarsening import GREY
from sattrack.synthetic.palettes import tint


@dataclass(frozen=True, slots=True)
class Sensor:
    """What the way to the file does to a picture.

    blur_px: gaussian MTF, output pixels. sharpen: unsharp amount, 0 none. coarser: the picture was taken at so many times the
    output's pixel size. haze: share of light scattered in, towards haze_colour. contrast, gain, gamma: about 1. cast: factors
    on red, green, blue. saturation: 1 as painted, 0 gray. noise: standard deviation in grey levels. jpeg: quality, 0 for none.
    colour_px: pan-sharpening from colours so many times as coarse, 1 for none; fringe_px: (x, y) by which those lie off.
    stretch: percentiles that became black and white, none for as it is. levels: how many the stretch had left, 0 for all.
    """

    blur_px: float = 0.6
    sharpen: float = 0.0
    coarser: float = 1.0
    haze: float = 0.05
    haze_colour: tuple[float, float, float] = (190.0, 198.0, 208.0)
    contrast: float = 1.0
    gain: float = 1.0
    gamma: float = 1.0
    cast: tuple[float, float, float] = (1.0, 1.0, 1.0)
    saturation: float = 1.0
    noise: float = 2.0
    jpeg: int = 90
    colour_px: float = 1.0
    fringe_px: tuple[float, float] = (0.0, 0.0)
    stretch: tuple[float, float] | None = None
    levels: int = 0


def draw_sensor(rng: np.random.Generator, *, pan: bool | None = None) -> Sensor:
    """A product of any quality: sharp to soft, clear to hazy, dark to bright, at times pan or over-sharpened.

    pan: gray or colour; none: gray at times.
    """
    cast = tint(float(rng.random()), strength=float(rng.beta(1.2, 6)) * 0.32)
    haze_tone = tint(float(rng.choice([0.08, 0.58, 0.62])), strength=float(rng.uniform(0, 0.18))) * 190
    haze = float(rng.uniform(0.15, 0.55) if rng.random() < 0.33 else rng.uniform(0, 0.12))
    dark = float(rng.uniform(0.3, 0.7)) if rng.random() < 0.08 else 1.0
    gain = float(np.clip(np.exp(rng.normal(-0.15, 0.28)), 0.4, 1.5)) * dark
    stretched = rng.random() < 0.3
    return Sensor(
        blur_px=float(rng.uniform(0.3, 0.9)),
        sharpen=(0.0, float(rng.uniform(0.2, 0.8)), float(rng.uniform(0.8, 2.0)))[int(rng.choice(3, p=[0.5, 0.38, 0.12]))],
        coarser=float(rng.choice([1.0, rng.uniform(1.05, 1.9)], p=[0.65, 0.35])),
        haze=haze,
        haze_colour=(float(haze_tone[0]), float(haze_tone[1]), float(haze_tone[2])),
        contrast=float(np.clip(rng.normal(1.05, 0.15), 0.7, 1.5)),
        gain=gain,
        gamma=float(np.clip(np.exp(rng.normal(0.08, 0.18)), 0.65, 1.6)),
        cast=(float(cast[0]), float(cast[1]), float(cast[2])),
        saturation=_saturation(rng, pan=pan),
        # What is dark or veiled must not drown: noise is a share of the light that comes through.
        noise=float(rng.gamma(1.5, 1.4)) * min(1.0, gain * (1 - haze)),
        jpeg=0 if rng.random() < 0.35 else int(rng.integers(42, 97)),
        colour_px=float(rng.choice([1.0, rng.uniform(2.0, 4.5)], p=[0.4, 0.6])),
        fringe_px=(float(rng.normal(0, 0.35)), float(rng.normal(0, 0.35))),
        stretch=(float(rng.uniform(0, 2)), float(rng.uniform(96, 100))) if stretched else None,
        levels=int(rng.integers(40, 160)) if stretched and rng.random() < 0.6 else 0,
    )


def _saturation(rng: np.random.Generator, *, pan: bool | None) -> float:
    colour, grey = float(rng.uniform(0.4, 1.25)), bool(rng.random() < 0.04)
    return 0.0 if (grey if pan is None else pan) else colour


def sense(picture: NDArray[np.float32], *, sensor: Sensor, rng: np.random.Generator) -> NDArray[np.uint8]:
    """(rows, cols, 3) float sRGB 0..255 -> uint8 of the same shape, through the sensor and its processing."""
    out = _colour(picture, sensor=sensor)
    out = _optics(out, sensor=sensor)
    if sensor.colour_px > 1.01:
        out = _pan_sharpened(out, sensor=sensor)
    if sensor.noise:
        grain = rng.standard_normal(out.shape[:2], dtype=np.float32)[..., None]
        grain = 0.8 * grain + 0.5 * rng.standard_normal(out.shape, dtype=np.float32)
        if sensor.coarser > 1.15 or sensor.blur_px > 0.7:
            grain = cv2.GaussianBlur(grain, (0, 0), 0.6) * 1.6
        out = out + grain * sensor.noise
    if sensor.stretch is not None:
        out = _stretched(out, sensor=sensor)
    if sensor.saturation == 0:
        out = np.repeat(out[..., :1], 3, axis=2)
    return _compressed(np.clip(np.round(out), 0, 255).astype(np.uint8), quality=sensor.jpeg)


def _colour(picture: NDArray[np.float32], *, sensor: Sensor) -> NDArray[np.float32]:
    grey = picture @ GREY
    out = grey[..., None] + (picture - grey[..., None]) * np.float32(sensor.saturation)
    out = 118 * np.power(np.clip(out, 1, None) / 118, np.float32(sensor.gamma))
    out = (out * np.array(sensor.cast, np.float32) * sensor.gain - 100) * sensor.contrast + 100
    veil = np.array(sensor.haze_colour, np.float32) * (0.5 + 0.5 * sensor.gain)
    if sensor.saturation == 0:
        veil = veil.mean(keepdims=True)
    return np.asarray(out * (1 - sensor.haze) + veil * sensor.haze, np.float32)


def _optics(picture: NDArray[np.float32], *, sensor: Sensor) -> NDArray[np.float32]:
    rows, cols = picture.shape[:2]
    out = cv2.GaussianBlur(picture, (0, 0), sensor.blur_px) if sensor.blur_px > 0.05 else picture
    if sensor.coarser > 1.01:
        small = max(2, round(cols / sensor.coarser)), max(2, round(rows / sensor.coarser))
        out = cv2.resize(cv2.resize(out, small, interpolation=cv2.INTER_AREA), (cols, rows), interpolation=cv2.INTER_CUBIC)
    if sensor.sharpen:
        out = out + sensor.sharpen * (out - cv2.GaussianBlur(out, (0, 0), 1.2))
    return np.asarray(out, np.float32)


def _pan_sharpened(picture: NDArray[np.float32], *, sensor: Sensor) -> NDArray[np.float32]:
    """Sharp light over coarse colours, which lie a little off: fringes at edges, paints that run into their neighbours."""
    rows, cols = picture.shape[:2]
    light = picture.mean(axis=2, keepdims=True)
    small = max(2, round(cols / sensor.colour_px)), max(2, round(rows / sensor.colour_px))
    tint = cv2.resize(picture - light, small, interpolation=cv2.INTER_AREA)
    shift = np.array([[1, 0, sensor.fringe_px[0]], [0, 1, sensor.fringe_px[1]]])
    tint = cv2.resize(tint, (cols, rows), interpolation=cv2.INTER_CUBIC)
    return np.asarray(light + cv2.warpAffine(tint, shift, (cols, rows), borderMode=cv2.BORDER_REPLICATE), np.float32)


def _stretched(picture: NDArray[np.float32], *, sensor: Sensor) -> NDArray[np.float32]:
    """More bits to eight: each channel between two percentiles, clipped; what was dark had few levels to begin with."""
    assert sensor.stretch is not None
    low, high = np.percentile(picture, sensor.stretch, axis=(0, 1))
    out = np.clip((picture - low) / np.maximum(high - low, 1), 0, 1)
    if sensor.levels:
        out = np.round(out * sensor.levels) / sensor.levels
    return np.asarray(out * 255, np.float32)


def _compressed(picture: NDArray[np.uint8], *, quality: int) -> NDArray[np.uint8]:
    if quality <= 0:
        return picture
    coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)[..., ::-1])
