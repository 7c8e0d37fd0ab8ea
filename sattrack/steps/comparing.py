"""Comparing: two looks at one place become an exchange of boxes, or a change of counts where boxes cannot be told apart."""

from dataclasses import dataclass

from sattrack.changes import Lean, Offset
from sattrack.detections import Detections
from sattrack.phrases import some
from sattrack.steps.exchanging import States, candidates, states
from sattrack.steps.leaning import CONFUSES_M, STANDS_M, lean_between
from sattrack.steps.registering import Look
from sattrack.steps.roofs import likeness


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """What two looks say. states: none where boxes cannot be told apart, for the reason `why`."""

    lean: Lean | None
    states: States | None
    why: str = ""
    notes: tuple[str, ...] = ()


def compare(
    earlier: tuple[Detections, Detections], later: tuple[Detections, Detections], *, offset: Offset, looks: tuple[Look, Look]
) -> Compared:  # fmt: skip
    """Boxes matched after the offset. earlier, later: (counted, faint), in metres from the looks' top-left corner, rows down.

    looks: must hold the same boxes, counted ones only, in the same order.
    """
    if not offset.known:
        return Compared(None, None, why=offset.why)
    back = (-offset.x_m, -offset.y_m)
    counted, faint = later[0].moved(offset=back), later[1].moved(offset=back)
    lean = lean_between(earlier[0].quads, counted.quads)
    notes: tuple[str, ...] = ()
    if lean is not None and lean.metres > CONFUSES_M:
        why = (
            f"the two views lean differently: boxes' tops stand {lean.metres:.1f} m from where they stood against the ground, "
            "and a box's neighbour is 2.7 m away"
        )
        return Compared(lean, None, why=why)
    if lean is not None and lean.metres > STANDS_M:
        notes = (f"the two views lean a little differently: boxes were matched {lean.metres:.1f} m off their ground",)
        counted, faint = (d.moved(offset=(-lean.x_m, -lean.y_m)) for d in (counted, faint))
    pairs = candidates(earlier[0].quads, counted.quads)
    alike = likeness(*looks, pairs=pairs)
    told = states(pairs, before=earlier[0], after=counted, alike=alike, faint_before=earlier[1], faint_after=faint)
    if told.doubtful:
        said = some(told.doubtful, "box stands where one", "boxes stand where others")
        notes = (*notes, f"{said} of another look stood: told as exchanged")
    if still := int(told.still_before.sum() + told.still_after.sum()):
        said = some(still, "box was counted at one date only, and is", "boxes were counted at one date only, and are")
        notes = (*notes, f"{said} kept: a faint one lies there at the other")
    return Compared(lean, told, notes=notes)
