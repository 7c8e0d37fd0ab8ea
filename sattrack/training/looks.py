"""How tiles vary in look: colour, gray, blur, coarser pixels, sharpening, grain and thin contrast, on the device."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

_GREY = (0.30, 0.59, 0.11)


@dataclass(frozen=True, slots=True)
class Looks:
    """Chances and spreads. coarse: of being seen at coarser pixels, up to coarsest_m. gray: of losing its colour."""

    gain: float = 0.12
    offset: float = 0.05
    gamma: float = 0.22
    saturation: float = 0.3
    hue: float = 0.12
    gray: float = 0.08
    swap: float = 0.06
    blur: float = 0.35
    coarse: float = 0.35
    coarsest_m: float = 0.85
    sharpen: float = 0.2
    grain: float = 0.5


def vary(pixels: torch.Tensor, *, rng: np.random.Generator, gsd_m: float, looks: Looks) -> torch.Tensor:
    """(n, 3, rows, cols) in 0..1 -> the same shape, varied; deterministic by rng."""
    out = _coarsened(pixels, rng=rng, gsd_m=gsd_m, looks=looks)
    out = _blurred(out, rng=rng, looks=looks)
    out = _coloured(out, rng=rng, looks=looks)
    out = _grained(out, rng=rng, looks=looks)
    return out.clamp_(0, 1)


def _coarsened(pixels: torch.Tensor, *, rng: np.random.Generator, gsd_m: float, looks: Looks) -> torch.Tensor:
    """Some tiles as a coarser sensor would give them, brought back to size as detection does.

    None for a network whose own pixels are half as coarse or more: there is no such sensor.
    """
    size = pixels.shape[-1]
    coarser = 2 * gsd_m < looks.coarsest_m
    out = []
    for tile in pixels:
        if rng.random() < looks.coarse and coarser:
            coarse = np.exp(rng.uniform(np.log(2 * gsd_m), np.log(looks.coarsest_m)))
            small = max(32, round(size * gsd_m / coarse))
            shrunk = functional.interpolate(
                tile[None], size=(small, small), mode="bilinear", antialias=True, align_corners=False
            )
            out.append(functional.interpolate(shrunk, size=(size, size), mode="bicubic", align_corners=False)[0])
        else:
            out.append(tile)
    return torch.stack(out)


def _blurred(pixels: torch.Tensor, *, rng: np.random.Generator, looks: Looks) -> torch.Tensor:
    """A gaussian per tile: blurred, sharpened by the difference, or left."""
    n, reach = len(pixels), 5
    sigma = rng.uniform(0.5, 2.0, n)
    draw = rng.random(n)
    amount = np.where(draw < looks.blur, 1.0, np.where(draw < looks.blur + looks.sharpen, -rng.uniform(0.2, 1.5, n), 0.0))
    rows = np.flatnonzero(amount)
    if not len(rows):
        return pixels
    chosen, k = pixels[rows], len(rows)
    x = np.arange(-reach, reach + 1)
    kernel = np.exp(-(x**2) / (2 * sigma[rows, None] ** 2))
    kernel /= kernel.sum(axis=1, keepdims=True)
    weight = torch.from_numpy(np.repeat(kernel, 3, axis=0)).to(pixels)[:, None]
    flat = chosen.reshape(1, 3 * k, *pixels.shape[2:])
    soft = functional.conv2d(functional.pad(flat, (reach, reach, 0, 0), mode="replicate"), weight[:, :, None, :], groups=3 * k)
    soft = functional.conv2d(functional.pad(soft, (0, 0, reach, reach), mode="replicate"), weight[:, :, :, None], groups=3 * k)
    share = torch.from_numpy(amount[rows]).to(pixels)[:, None, None, None]
    out = pixels.clone()
    out[rows] = chosen + (soft.reshape(chosen.shape) - chosen) * share
    return out


def _coloured(pixels: torch.Tensor, *, rng: np.random.Generator, looks: Looks) -> torch.Tensor:
    n = len(pixels)
    matrix = np.stack([_colour_matrix(rng, looks=looks) for _ in range(n)])
    gain = np.exp(rng.normal(0, looks.gain, (n, 1)) + rng.normal(0, looks.gain / 3, (n, 3)))
    offset = rng.normal(0, looks.offset, (n, 1)) + rng.normal(0, looks.offset / 2, (n, 3))
    gamma = np.exp(rng.normal(0, looks.gamma, n))

    def on_device(values: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(values).to(pixels)

    out = torch.einsum("nij,njhw->nihw", on_device(matrix), pixels)
    out = (out - 0.5) * on_device(gain)[:, :, None, None] + 0.5 + on_device(offset)[:, :, None, None]
    return out.clamp(1e-4, 1) ** on_device(gamma)[:, None, None, None]


def _colour_matrix(rng: np.random.Generator, *, looks: Looks) -> np.ndarray:
    """Saturation and a turn of hue about the gray axis; some tiles are gray, some have channels swapped."""
    grey = np.tile(_GREY, (3, 1))
    saturation = 0.0 if rng.random() < looks.gray else np.exp(rng.normal(0, looks.saturation))
    turned = np.eye(3)
    angle = rng.normal(0, looks.hue) * np.pi
    axis = np.ones(3) / np.sqrt(3)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turned = np.cos(angle) * turned + np.sin(angle) * cross + (1 - np.cos(angle)) * np.outer(axis, axis)
    if rng.random() < looks.swap:
        turned = turned[rng.permutation(3)]
    mixed: np.ndarray = (grey + saturation * (np.eye(3) - grey)) @ turned
    return mixed


def _grained(pixels: torch.Tensor, *, rng: np.random.Generator, looks: Looks) -> torch.Tensor:
    """Noise, white or in lumps, and for a part of the tiles a veil that thins contrast."""
    n = len(pixels)
    draw = torch.Generator(device=pixels.device).manual_seed(int(rng.integers(2**62)))
    strength = np.where(rng.random(n) < looks.grain, rng.gamma(1.5, 0.014, n), 0.0)
    share, veil = rng.random(n), np.where(rng.random(n) < 0.25, rng.uniform(0.5, 0.9, n), 1.0)
    tone = rng.uniform(0.3, 0.7, n)
    out = pixels.clone()
    for i in np.flatnonzero(strength):
        lumps = torch.randn((1, 3, pixels.shape[2] // 2, pixels.shape[3] // 2), generator=draw, device=pixels.device)
        coarse = functional.interpolate(lumps, size=pixels.shape[2:], mode="bilinear", align_corners=False)[0]
        white = torch.randn(pixels.shape[1:], generator=draw, device=pixels.device)
        out[i] += white.mul_(strength[i] * share[i]).add_(coarse, alpha=1.4 * strength[i] * (1 - share[i]))
    for i in np.flatnonzero(veil < 1):
        out[i].mul_(veil[i]).add_(tone[i] * (1 - veil[i]))
    return out
