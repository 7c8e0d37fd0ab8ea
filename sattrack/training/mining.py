"""Mining: where a network that is trained on finds boxes that are not there, so that the next round shows it such places."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from sattrack.labels.ignoring import inside_any
from sattrack.training.fitting import takes_bfloat16
from sattrack.training.gathering import Gathered
from sattrack.training.pictures import Picture
from sattrack.training.sampling import Layer, Planned, TileSampler, finer_than

# What scores so much where nothing stands is worth a look, though it would not be counted yet.
_FLOOR = 0.15
# Cells of the finest level round a surer one tell of the same thing.
_REACH = 5
# So much of an empty source's draws goes by what was found in its pictures, the rest as before.
_SHARE = 0.6
_BATCH = 8


def mine(gathered: Gathered, *, network: torch.nn.Module, gsd_m: float, tile_px: int, device: torch.device) -> Gathered:
    """The same pictures, those without boxes with the places (`hard`) that the network takes for some, and drawn by them."""
    found = _found(gathered.pictures, network=network, gsd_m=gsd_m, tile_px=tile_px, device=device)
    pictures = tuple(replace(p, hard=found.get(i)) for i, p in enumerate(gathered.pictures))
    weights = gathered.weights.copy()
    # Folders of one name may be of two sources, each with a weight of its own.
    sources = [*zip(gathered.of or [0] * len(pictures), (p.source for p in pictures), strict=True)]
    for source in {sources[i] for i, p in enumerate(pictures) if p.hard is not None}:
        rows = [i for i, p in enumerate(pictures) if sources[i] == source and not len(p.quads)]
        roots = np.sqrt([0 if (hard := pictures[i].hard) is None else len(hard) for i in rows])
        weights[rows] = (1 - _SHARE) * weights[rows] + _SHARE * weights[rows].sum() * roots / roots.sum()
    return replace(gathered, pictures=pictures, weights=weights)


def _found(
    pictures: tuple[Picture, ...], *, network: torch.nn.Module, gsd_m: float, tile_px: int, device: torch.device
) -> dict[int, NDArray[np.float64]]:
    """For each picture without boxes in which the network finds some, their middles (k, 2) in its pixels."""
    sampler = TileSampler(pictures, np.ones(len(pictures)), gsd_m=gsd_m, tile_px=tile_px, device=device)
    shrunk = {i: finer_than(p, gsd_m=gsd_m) for i, p in enumerate(pictures) if not len(p.quads)}
    jobs = [(i, layer) for i, p in shrunk.items() for layer in _tiles(p, i, gsd_m=gsd_m, tile_px=tile_px)]
    found: dict[int, list[NDArray[np.float64]]] = {}
    was_training = network.training
    side = tile_px // int(min(cast(Any, network).stride))  # of the finest level, which comes first
    network.to(device).eval()
    for first in range(0, len(jobs), _BATCH):
        group = jobs[first : first + _BATCH]
        with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=takes_bfloat16(device)):
            raw = network(sampler.paint(_unturned([layer for _, layer in group])).pixels)
        raw = (raw[0] if isinstance(raw, tuple | list) else raw).float()
        for (i, layer), rows in zip(group, raw, strict=True):
            places = _peaks(rows, side=side) @ layer.to_picture[:, :2].T + layer.to_picture[:, 2]
            places *= np.array(pictures[i].pixels.shape[1::-1]) / np.array(shrunk[i].pixels.shape[1::-1])
            # Boxes may stand where all is to be ignored, and nothing is taught there.
            places = places[~inside_any(places, rings=pictures[i].ignore)]
            if len(places):
                found.setdefault(i, []).append(places)
    network.train(was_training)
    return {i: np.concatenate(places) for i, places in found.items()}


def _tiles(picture: Picture, number: int, *, gsd_m: float, tile_px: int) -> list[Layer]:
    """Tiles side by side over the picture, unturned."""
    rows, cols = picture.pixels.shape[:2]
    scale = gsd_m / np.asarray(picture.gsd_m)
    whole = (0, 0, tile_px, tile_px)
    return [
        Layer(number, whole, np.column_stack([np.diag(scale), [left, top]]))
        for top in np.arange(0, rows, tile_px * scale[1])
        for left in np.arange(0, cols, tile_px * scale[0])
    ]


def _unturned(layers: list[Layer]) -> Planned:
    nothing = np.zeros((len(layers), 1, 1), np.uint8)
    return Planned([[layer] for layer in layers], np.zeros((0, 5)), np.zeros(0, np.intp), nothing)


def _peaks(rows: torch.Tensor, *, side: int) -> NDArray[np.float64]:
    """(6, anchors) of the decoded head -> (k, 2) middles, in tile pixels, of the cells that outscore their neighbours.

    side: of the finest level, cells.
    """
    scores = rows[4, : side * side].reshape(1, 1, side, side)
    top = functional.max_pool2d(scores, _REACH, stride=1, padding=_REACH // 2)
    chosen = torch.nonzero(((scores == top) & (scores >= _FLOOR)).flatten()).flatten()
    return np.asarray(rows[:2, chosen].T.double().cpu().numpy())
