"""Assigning: which cells of the head are taught which box, looked for among the cells inside a box alone.

The rule is the one of ultralytics' RotatedTaskAlignedAssigner, and so is the answer wherever something is taught. That one
holds a number for every pair of box and cell, nearly all of them nothing: 90 of the 640 ms a tile of a step on a CPU, now 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from sattrack.detectors.offline import keep_at_home

keep_at_home()  # before ultralytics is imported: that is when it would write and call

from ultralytics.utils.metrics import probiou  # noqa: E402

# As ultralytics trains oriented boxes: cells a box, powers of score and overlap in what ranks them.
_CELLS = 10
_OF_SCORE = 0.5
_OF_OVERLAP = 6.0
_TINY = 1e-9

Assigned = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Boxes and cells that go together, (k,) each: number of the box, of the cell over all tiles, overlap, rank's measure."""

    box: Tensor
    cell: Tensor
    overlap: Tensor
    fit: Tensor

    def chosen(self, which: Tensor) -> "_Pairs":
        return _Pairs(self.box[which], self.cell[which], self.overlap[which], self.fit[which])


class SparseAssigner(torch.nn.Module):
    """Takes the place of the assigner of a v8OBBLoss of one class."""

    def __init__(self, *, strides: Sequence[int], tile_px: int) -> None:
        """strides: of the head's levels in their order, px a cell; tile_px: side of a tile."""
        super().__init__()
        self._sides = [(stride, tile_px // stride) for stride in strides]
        # A box thinner than a cell of the second level would hold the middle of none.
        self._least = float(strides[1] if len(strides) > 1 else strides[0])

    @torch.no_grad()
    def forward(
        self, scores: Tensor, found: Tensor, _middles: Tensor, _labels: Tensor | None, boxes: Tensor, there: Tensor
    ) -> Assigned:
        """Labels (n, cells), boxes (n, cells, 5), scores (n, cells, 1), whether a cell is taught a box (n, cells), and which
        (n, cells).

        scores: (n, cells, 1) in 0..1; found: (n, cells, 5) boxes as the network has them: x, y, long, short in px, angle;
        boxes: (n, most, 5) those to be taught, `there` (n, most, 1) telling rows from padding.
        """
        count = scores.shape[:2]
        target = found.new_zeros((*count, 5))
        aim = scores.new_zeros((*count, 1))
        taught = torch.zeros(count, dtype=torch.bool, device=found.device)
        which = torch.zeros(count, dtype=torch.long, device=found.device)
        tile, row = there[..., 0].nonzero(as_tuple=True)
        real = boxes[tile, row]
        pairs = self._pairs(real, tile=tile, scores=scores, found=found)
        if len(pairs.box):
            pairs = _one_box_a_cell(pairs, best=_best_of_box(pairs, boxes=len(real)))
            target.view(-1, 5)[pairs.cell] = real[pairs.box]
            aim.view(-1)[pairs.cell] = _aims(pairs, boxes=len(real))
            taught.view(-1)[pairs.cell] = True
            which.view(-1)[pairs.cell] = row[pairs.box]
        return torch.zeros_like(which), target, aim, taught, which

    def _pairs(self, boxes: Tensor, *, tile: Tensor, scores: Tensor, found: Tensor) -> _Pairs:
        """Every box with every cell whose middle it holds."""
        box, cell = self._inside(boxes)
        cell = cell + tile[box] * scores.shape[1]
        overlap = probiou(boxes[box], found.reshape(-1, 5)[cell]).reshape(-1).clamp_(0)
        fit = scores.reshape(-1)[cell].pow(_OF_SCORE) * overlap.pow(_OF_OVERLAP)
        return _Pairs(box, cell, overlap, fit)

    def _inside(self, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """(m, 5) -> (k,), (k,): boxes, and cells of their tile, counted over all levels; a window round each is looked at."""
        nothing = torch.zeros(0, dtype=torch.long, device=boxes.device)
        if not len(boxes):
            return nothing, nothing
        x, y, long, short, angle = (column[:, None, None] for column in boxes.unbind(1))
        cos, sin = angle.cos(), angle.sin()
        half_long, half_short = long.clamp(min=self._least) / 2, short.clamp(min=self._least) / 2
        furthest = float(torch.hypot(half_long, half_short).max())
        found_boxes, found_cells, before = [], [], 0
        for stride, side in self._sides:
            reach = min(int(furthest // stride) + 2, side)
            steps = torch.arange(-reach, reach + 1, device=boxes.device)
            cols = (x / stride).floor().long() + steps[None, None, :]
            rows = (y / stride).floor().long() + steps[None, :, None]
            right, down = (cols + 0.5) * stride - x, (rows + 0.5) * stride - y
            holds = ((right * cos + down * sin).abs() <= half_long) & ((down * cos - right * sin).abs() <= half_short)
            holds &= (cols >= 0) & (cols < side) & (rows >= 0) & (rows < side)
            box, i, j = holds.nonzero(as_tuple=True)
            found_boxes.append(box)
            found_cells.append(before + rows[box, i, 0] * side + cols[box, 0, j])
            before += side * side
        return torch.cat(found_boxes), torch.cat(found_cells)


def _best_of_box(pairs: _Pairs, *, boxes: int) -> Tensor:
    """Whether a pair is among the best of its box."""
    order = torch.argsort(pairs.fit, descending=True, stable=True)
    order = order[torch.argsort(pairs.box[order], stable=True)]
    many = torch.bincount(pairs.box, minlength=boxes)
    first = many.cumsum(0) - many
    rank = torch.arange(len(order), device=order.device) - first[pairs.box[order]]
    best = torch.zeros_like(order, dtype=torch.bool)
    best[order[rank < _CELLS]] = True
    return best & (pairs.fit > 0)


def _one_box_a_cell(pairs: _Pairs, *, best: Tensor) -> _Pairs:
    """A cell that several boxes claim goes to the one that it overlaps most, be it among the best of that or not."""
    cells, place = torch.unique(pairs.cell, return_inverse=True)
    claims = torch.zeros(len(cells), dtype=torch.long, device=place.device).index_add_(0, place, best.long())
    most = pairs.overlap.new_full((len(cells),), -1).scatter_reduce_(0, place, pairs.overlap, "amax")
    leads = pairs.overlap >= most[place]
    number = torch.arange(len(place), device=place.device)
    first = torch.full((len(cells),), len(place), device=place.device)
    first.scatter_reduce_(0, place[leads], number[leads], "amin")
    return pairs.chosen(torch.where(claims[place] > 1, number == first[place], best))


def _aims(pairs: _Pairs, *, boxes: int) -> Tensor:
    """(k,) scores to be taught: the best cell of a box its overlap, the others less in proportion."""
    fit = pairs.fit.new_zeros(boxes).scatter_reduce_(0, pairs.box, pairs.fit, "amax")
    overlap = pairs.overlap.new_zeros(boxes).scatter_reduce_(0, pairs.box, pairs.overlap, "amax")
    return pairs.fit * overlap[pairs.box] / (fit[pairs.box] + _TINY)
