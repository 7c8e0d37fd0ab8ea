"""Exchanges told on rendered yards, with the true boxes as a detector would see them, a little off."""

import numpy as np
import pytest

from sattrack.changes import Offset
from sattrack.detections import Detections
from sattrack.steps.comparing import Compared, compare
from sattrack.steps.registering import Look, offset_between
from sattrack.synthetic.rendering import Rendered, View
from tests.steps.test_registering import GSD, look, pair


def seen(rendered: Rendered, *, shift: tuple[int, int] = (0, 0), seed: int = 0) -> tuple[Look, Detections]:
    """A look, and its true boxes in metres, each corner some 0.15 m off."""
    at = look(rendered, shift=shift)
    inside = ((at.quads >= 0) & (at.quads <= at.valid.shape[0])).all(axis=(1, 2))
    quads = at.quads[inside] + np.random.default_rng(seed).normal(0, 0.25, (int(inside.sum()), 4, 2))
    found = Detections(quads * GSD, np.full(len(quads), 0.85, np.float32), np.zeros(len(quads), np.int32))
    return Look(at.pixels, at.valid, quads, found.scores), found


def compared(seed: int, *, kept: float, later: View, shift: tuple[int, int]) -> tuple[Compared, Offset, int, int]:
    """What is told, the offset, and the boxes of the earlier date: all, and those that truly stand at both dates."""
    first, second = pair(seed, kept=kept, later=later)
    (one, before), (two, after) = seen(first), seen(second, shift=shift, seed=9)
    offset = offset_between([(one, two)], pixel_m=GSD)
    none = Detections.none()
    told = compare((before, none), (after, none), offset=offset, looks=(one, two))
    still = (np.hypot(*(before.centres()[:, None] - (after.centres() - np.array(shift) * GSD)[None]).T) < 0.8).any(axis=0)
    return told, offset, len(before), int(still.sum())


@pytest.mark.parametrize(("seed", "kept"), [(1, 0.2), (2, 0.2), (3, 0.6), (4, 0.6)])
def test_an_exchange_is_told_through_an_offset(seed: int, kept: float) -> None:
    told, _, boxes, still = compared(seed, kept=kept, later=View(lean=(0.02, 0.03), shadow=(-0.2, 0.8)), shift=(5, -7))
    assert told.states is not None, told.why
    assert abs(len(told.states.pairs) - still) <= max(2, 0.12 * boxes), (len(told.states.pairs), still, boxes)


def test_views_that_lean_differently_step_down_to_counts() -> None:
    told, offset, _, _ = compared(3, kept=0.7, later=View(lean=(0.55, -0.35), shadow=(0.7, 0.3)), shift=(2, 1))
    assert offset.known
    assert told.states is None
    assert "lean differently" in told.why
    assert told.lean is not None
    assert told.lean.metres == pytest.approx(2.59 * np.hypot(0.53, 0.38), abs=0.6)


def test_an_unknown_offset_is_never_taken_for_none() -> None:
    first, _ = pair(1, kept=0.2)
    one, before = seen(first)
    unknown = Offset(0.0, 0.0, False, 0.0, 0.0, why="nothing stands still")
    none = Detections.none()
    told = compare((before, none), (before, none), offset=unknown, looks=(one, one))
    assert (told.states, told.why) == (None, "nothing stands still")
