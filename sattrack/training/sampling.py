"""Training tiles out of pictures: patchworks of turned, mirrored, scaled pictures at the model's pixel size, with boxes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from sattrack.detectors.decoding import PADDING
from sattrack.geometry import Quads, sides
from sattrack.training.pictures import Picture, Pixels

Floats = NDArray[np.float64]
Region = tuple[int, int, int, int]

# A box is taught when so much of it is in the tile, and left alone (neither box nor ground) when less but some is.
_TAUGHT, _GLIMPSED = 0.65, 0.08
_STRIDE = 8


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """A picture laid on a region (left, top, right, bottom) of the tile. to_picture: (2, 3), tile pixels -> picture pixels."""

    picture: int
    region: Region
    to_picture: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A batch before it is painted: the layers of each tile, and what they teach.

    boxes: (m, 5) centre x, y, width, height in shares of the tile, and angle. owner: (m,) tile of each box.
    ignore: (n, size / 8, size / 8), not zero where nothing is taught.
    """

    layers: list[list[Layer]]
    boxes: Floats
    owner: NDArray[np.intp]
    ignore: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """A training batch on the device. pixels: (n, 3, size, size) in 0..1; the rest as in Planned."""

    pixels: torch.Tensor
    boxes: torch.Tensor
    owner: torch.Tensor
    ignore: torch.Tensor


@dataclass(frozen=True, slots=True)
class Turns:
    """How tiles vary in place: chances of a patchwork of four and of a bed below, spread of scale (log) and of stretching.

    scale_of_empty: spread of scale where there is no box whose size would be falsified.
    """

    patchwork: float = 0.6
    scale: float = 0.12
    stretch: float = 0.05
    bed: float = 0.8
    scale_of_empty: float = 0.25


class TileSampler:
    """Plans tiles on the CPU (in worker processes, if wanted) and paints them on the device, where the pictures stay."""

    def __init__(
        self,
        pictures: Sequence[Picture],
        weights: Floats,
        *,
        gsd_m: float,
        tile_px: int,
        device: torch.device,
        turns: Turns | None = None,
    ) -> None:
        self._pictures = [finer_than(picture, gsd_m=gsd_m) for picture in pictures]
        self._share = weights / weights.sum()
        empty = np.array([len(p.quads) == 0 for p in self._pictures])
        self._bed_share = np.where(empty, weights, 0.0)
        self._gsd, self._size, self._turns = gsd_m, tile_px, turns or Turns()
        self._device = device
        self._tensors: list[torch.Tensor] = []

    @property
    def tile_px(self) -> int:
        return self._size

    def plan(self, rng: np.random.Generator, *, count: int) -> Planned:
        """`count` tiles, the same for the same generator; touches no device."""
        plans = [self._plan(rng) for _ in range(count)]
        boxes, owner, ignore = [], [], np.zeros((count, self._size // _STRIDE, self._size // _STRIDE), np.uint8)
        for i, layers in enumerate(plans):
            quads = self._taught(layers, ignore=ignore[i])
            boxes.append(as_xywhr(quads, size=self._size))
            owner.append(np.full(len(quads), i))
        return Planned(plans, np.concatenate(boxes), np.concatenate(owner), ignore)

    def paint(self, planned: Planned) -> Tiles:
        if self._device.type == "cpu":
            pixels = torch.from_numpy(np.stack([self._paint_here(layers) for layers in planned.layers]))
            pixels = pixels.permute(0, 3, 1, 2).float().div_(255)
            return self._with_truth(pixels, planned)
        if not self._tensors:
            self._tensors = [torch.from_numpy(p.pixels).to(self._device) for p in self._pictures]
        return self._with_truth(torch.stack([self._paint(layers) for layers in planned.layers]), planned)

    def _with_truth(self, pixels: torch.Tensor, planned: Planned) -> Tiles:
        return Tiles(
            pixels,
            torch.from_numpy(planned.boxes).float().to(self._device),
            torch.from_numpy(planned.owner).long().to(self._device),
            torch.from_numpy(planned.ignore).bool().to(self._device),
        )

    def _plan(self, rng: np.random.Generator) -> list[Layer]:
        """Layers from the lowest up."""
        size = self._size
        layers = []
        if self._bed_share.any() and rng.random() < self._turns.bed:
            layers.append(self._lay(rng, (0, 0, size, size), share=self._bed_share / self._bed_share.sum()))
        if rng.random() >= self._turns.patchwork:
            return [*layers, self._lay(rng, (0, 0, size, size))]
        x, y = (int(v) for v in rng.uniform(0.25, 0.75, 2) * size)
        regions = [(0, 0, x, y), (x, 0, size, y), (0, y, x, size), (x, y, size, size)]
        return [*layers, *(self._lay(rng, region) for region in regions)]

    def _lay(self, rng: np.random.Generator, region: Region, *, share: Floats | None = None) -> Layer:
        chosen = int(rng.choice(len(self._share), p=self._share if share is None else share))
        picture = self._pictures[chosen]
        spread = self._turns.scale if len(picture.quads) else self._turns.scale_of_empty
        scale = self._gsd * np.exp(rng.normal(0, spread))
        one_way = np.exp(rng.normal(0, self._turns.stretch) * np.array([0.5, -0.5]))
        angle = rng.uniform(0, 2 * np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        flip = np.diag([rng.choice([-1.0, 1.0]), 1.0])
        matrix = np.diag(one_way * scale / np.asarray(picture.gsd_m)) @ turn @ flip
        return Layer(chosen, region, np.column_stack([matrix, self._aim(rng, picture, matrix, region)]))

    def _aim(self, rng: np.random.Generator, picture: Picture, matrix: Floats, region: Region) -> Floats:
        """The shift that lays a place of the picture on the region's middle: three times of four near a box, or near what was
        taken for one; else anywhere."""
        rows, cols = picture.pixels.shape[:2]
        place = rng.uniform(0.15, 0.85, 2) * (cols, rows)
        aims = picture.quads.mean(axis=1) if picture.hard is None else picture.hard
        if len(aims) and rng.random() < 0.75:
            reach = np.abs(matrix).sum(axis=1) * (region[2] - region[0]) / 4
            place = aims[rng.integers(len(aims))] + rng.uniform(-1, 1, 2) * reach
        middle = np.array([(region[0] + region[2]) / 2, (region[1] + region[3]) / 2])
        return np.asarray(place - matrix @ middle)

    def _paint_here(self, layers: list[Layer]) -> Pixels:
        """(size, size, 3), as _paint to a thousandth, in a third of the time on a CPU."""
        out = np.full((self._size, self._size, 3), PADDING, np.uint8)
        for layer in layers:
            left, top, right, bottom = layer.region
            source = self._pictures[layer.picture].pixels
            rows, cols = source.shape[:2]
            # Pixel centres lie at whole numbers here, at halves in our matrices.
            matrix = layer.to_picture.copy()
            matrix[:, 2] += matrix[:, :2] @ (left + 0.5, top + 0.5) - 0.5
            size = (right - left, bottom - top)
            flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
            found = cv2.warpAffine(source, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
            x, y = np.arange(size[0]), np.arange(size[1])[:, None]
            u, v = (m[0] * x + m[1] * y + m[2] for m in matrix)
            inside = (u >= -0.5) & (u < cols - 0.5) & (v >= -0.5) & (v < rows - 0.5)
            np.copyto(out[top:bottom, left:right], found, where=inside[..., None])
        return out

    def _paint(self, layers: list[Layer]) -> torch.Tensor:
        """(3, size, size) in 0..1; padding where no picture reaches."""
        out = torch.full((3, self._size, self._size), PADDING / 255, device=self._device)
        for layer in layers:
            left, top, right, bottom = layer.region
            source = self._tensors[layer.picture]
            rows, cols = source.shape[:2]
            x = torch.arange(left, right, device=self._device, dtype=torch.float32) + 0.5
            y = torch.arange(top, bottom, device=self._device, dtype=torch.float32) + 0.5
            (a, b, c), (d, e, f) = layer.to_picture.tolist()
            u = (a * x)[None, :] + (b * y)[:, None] + c
            v = (d * x)[None, :] + (e * y)[:, None] + f
            grid = torch.stack([u * (2 / cols) - 1, v * (2 / rows) - 1], dim=-1)[None]
            picture = source.permute(2, 0, 1)[None].float() / 255
            found = torch.nn.functional.grid_sample(picture, grid, mode="bicubic", padding_mode="border", align_corners=False)[
                0
            ]
            inside = (u >= 0) & (u < cols) & (v >= 0) & (v < rows)
            out[:, top:bottom, left:right] = torch.where(inside, found, out[:, top:bottom, left:right])
        return out.clamp_(0, 1)

    def _taught(self, layers: list[Layer], *, ignore: NDArray[np.uint8]) -> Quads:
        """Boxes to be taught, in tile pixels; what is only glimpsed or not to be judged is marked in `ignore`."""
        cells = (np.stack(np.meshgrid(np.arange(len(ignore)), np.arange(len(ignore))), -1) + 0.5) * _STRIDE
        on_top = self._top_layer(cells, layers)
        kept = []
        for number, layer in enumerate(layers):
            picture = self._pictures[layer.picture]
            back = _inverse(layer.to_picture)
            quads = picture.quads @ back[:, :2].T + back[:, 2]
            shown = (self._top_layer(_spread(quads), layers) == number).mean(axis=1) if len(quads) else np.zeros(0)
            taught = shown >= _TAUGHT
            kept.append(quads[taught])
            unsure = [*quads[(shown > _GLIMPSED) & ~taught], *(p @ back[:, :2].T + back[:, 2] for p in picture.ignore)]
            if unsure:
                mark = np.zeros_like(ignore)
                for polygon in unsure:  # one at a time: fillPoly on many would leave out where they overlap
                    cv2.fillPoly(mark, [np.round((polygon / _STRIDE - 0.5) * 16).astype(np.int32)], 1, shift=4)
                ignore |= mark & (on_top == number).astype(np.uint8)
        return np.concatenate(kept) if kept else np.zeros((0, 4, 2))

    def _top_layer(self, points: NDArray[np.floating[Any]], layers: list[Layer]) -> NDArray[np.intp]:
        """The number of the uppermost layer that shows at each tile point (..., 2); -1 where none does, or outside the tile."""
        found = np.full(points.shape[:-1], -1)
        for number, layer in enumerate(layers):
            left, top, right, bottom = layer.region
            x, y = points[..., 0], points[..., 1]
            here = (x >= left) & (x < right) & (y >= top) & (y < bottom)
            rows, cols = self._pictures[layer.picture].pixels.shape[:2]
            at = points @ layer.to_picture[:, :2].T + layer.to_picture[:, 2]
            here &= (at[..., 0] >= 0) & (at[..., 0] < cols) & (at[..., 1] >= 0) & (at[..., 1] < rows)
            found[here] = number
        return found


class PlannedBatches(Dataset[Planned]):
    """Batch number `step` of a training: the same tiles whoever plans them, so that workers keep the order and the result."""

    def __init__(self, sampler: TileSampler, *, seed: int, batch: int) -> None:
        self._sampler, self._seed, self._batch = sampler, seed, batch

    def __getitem__(self, step: int) -> Planned:
        return self._sampler.plan(np.random.default_rng([self._seed, step]), count=self._batch)


def finer_than(picture: Picture, *, gsd_m: float) -> Picture:
    """Pictures much finer than the model are shrunk first, each pixel an average, so that turning them does not alias."""
    shrink = [min(1.0, g / gsd_m) for g in picture.gsd_m]
    if min(shrink) > 0.8:
        return picture
    rows, cols = picture.pixels.shape[:2]
    size = max(8, round(cols * shrink[0])), max(8, round(rows * shrink[1]))
    ratio = np.array([size[0] / cols, size[1] / rows])
    return Picture(
        picture.name, picture.source,
        np.asarray(cv2.resize(picture.pixels, size, interpolation=cv2.INTER_AREA), np.uint8), picture.quads * ratio,
        (picture.gsd_m[0] / ratio[0], picture.gsd_m[1] / ratio[1]), tuple(p * ratio for p in picture.ignore),
        None if picture.hard is None else picture.hard * ratio,
    )  # fmt: skip


def as_xywhr(quads: Quads, *, size: int) -> Floats:
    """(n, 4, 2) in tile pixels -> (n, 5) centre and sides in shares of the tile, angle of the long side in [0, pi)."""
    if not len(quads):
        return np.zeros((0, 5))
    long, short, axis = sides(quads)
    angle = np.arctan2(axis[:, 1], axis[:, 0]) % np.pi
    return np.column_stack([quads.mean(axis=1) / size, long / size, short / size, angle])


def _inverse(matrix: Floats) -> Floats:
    inverse = np.linalg.inv(matrix[:, :2])
    return np.column_stack([inverse, -inverse @ matrix[:, 2]])


def _spread(quads: Quads) -> Floats:
    """(n, 4, 2) -> (n, 21, 2): points spread over each box."""
    u, v = (g.ravel() for g in np.meshgrid((np.arange(7) + 0.5) / 7, (np.arange(3) + 0.5) / 3))
    along, across = quads[:, 1] - quads[:, 0], quads[:, 3] - quads[:, 0]
    return np.asarray(quads[:, :1] + u[:, None] * along[:, None] + v[:, None] * across[:, None])
