"""Crops: the places where a benchmark went most wrong, with right, false and missed boxes as lines over them."""

import base64
import math
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from PIL import Image

from sattrack import wiring
from sattrack.bench.accuracy import Accuracy, Measured
from sattrack.bench.datasets import LabelledImage, scene_of
from sattrack.bench.faults import Judged, fault_places, judged, worst_window
from sattrack.bench.scoring import tally
from sattrack.errors import SattrackError
from sattrack.geometry import Quads
from sattrack.imagery import Grid, Scene
from sattrack.ports import Reader
from sattrack.reports.cells import clean
from sattrack.reports.overlays import jpeg
from sattrack.reports.shots import svg_path
from sattrack.reports.views import BLANK, View, shown_boxes, view_on_ground
from sattrack.settings import Settings
from sattrack.steps.stretching import apply_stretch, measure_stretch

MOST = 24
# Ground across a crop: a block of boxes and what stands round it, each box still a few pixels wide on a screen.
SIDE_M = 180.0
MOST_PX = 640
_QUALITY = 80


@dataclass(frozen=True, slots=True)
class Pane:
    """One detector's boxes on a crop. found, false, missed: of the whole picture."""

    lines: Markup
    found: int
    false: int
    missed: int


@dataclass(frozen=True, slots=True)
class Crop:
    """One place as the template wants it, a pane a detector. src: a data URI, or empty, then missing may say why.

    whole: the crop shows all of its picture; else shown of wrong boxes, over all detectors, lie in it.
    """

    id: str
    dataset: str
    name: str
    true: int
    gsd_m: float
    width: int
    height: int
    panes: tuple[Pane, ...]
    whole: bool
    shown: int
    wrong: int
    src: str = ""
    missing: str = ""

    @property
    def ratio(self) -> str:
        return f"{self.width / self.height:.4f}"


def worst_crops(results: Sequence[Accuracy], *, imagery: bool, room: int) -> tuple[Crop, ...]:
    """A crop of each of the pictures in which any detector made most false and missed boxes, the worst first, at most MOST.

    results: several detectors over the same pictures in one order. room: bytes that lines and pixels may take; what no longer
    fits is left out, the least wrong first. A picture that cannot be read again costs its pixels only.
    """
    crops: list[Crop] = []
    with closing(wiring.make_reader(Settings())) as reader:
        for rank, several in enumerate(_worst(results)[:MOST], start=1):
            image = several[0].image
            marks = [judged(m, threshold=result.threshold) for m, result in zip(several, results, strict=True)]
            view = _view(image, marks)
            crop = _drawn(image, view, marks, id_=f"c{rank}")
            size = 2 * sum(len(pane.lines) for pane in crop.panes) + 4_000
            if size > room:
                break
            room -= size
            src, missing = _source(image, view, reader, room=room) if imagery else ("", "")
            room -= len(src)
            crops.append(replace(crop, src=src, missing=missing))
    return tuple(crops)


def _worst(results: Sequence[Accuracy]) -> list[list[Measured]]:
    """Pictures with any wrong box, each as every detector measured it; the most wrong of any one detector first."""
    ranked = []
    for several in zip(*(result.images for result in results), strict=True):
        wrong = 0
        for measured, result in zip(several, results, strict=True):
            at = tally([measured.scored], threshold=result.threshold)
            wrong = max(wrong, at.found + at.true - 2 * at.hits)
        if wrong:
            ranked.append((-wrong, several[0].image.dataset, several[0].image.name, list(several)))
    return [several for *_, several in sorted(ranked, key=lambda one: one[:3])]


def _view(image: LabelledImage, marks: Sequence[Judged]) -> View:
    across, down = (max(1, math.ceil(SIDE_M / gsd)) for gsd in image.gsd_m)
    window = worst_window(fault_places(marks), shape=image.shape, size=(across, down))
    return view_on_ground(window, grid=Grid(image.shape, image.gsd_m), most_px=MOST_PX)


def _drawn(image: LabelledImage, view: View, marks: Sequence[Judged], *, id_: str) -> Crop:
    """All but the pixels."""
    faults = fault_places(marks)
    return Crop(
        id=id_,
        dataset=clean(image.dataset),
        name=clean(image.name),
        true=len(image.truth),
        gsd_m=max(image.gsd_m),
        width=view.width,
        height=view.height,
        panes=tuple(_pane(one, image=image, view=view) for one in marks),
        whole=(view.window.height, view.window.width) == image.shape,
        shown=int(view.window.holds(faults).sum()),
        wrong=len(faults),
    )


def _pane(one: Judged, *, image: LabelledImage, view: View) -> Pane:
    false, missed = _placed(one.false, view), _placed(one.missed, view)
    paths = (
        svg_path([view.place(ring) for ring in image.ignore], "ignored"),
        svg_path(_placed(one.unscored, view), "unscored"),
        svg_path(_placed(one.right, view), "right"),
        svg_path(missed, "missed halo"),
        svg_path(missed, "missed"),
        svg_path(false, "false halo"),
        # A stroke from corner to corner: told apart by shape as well as by colour.
        svg_path([*false, *false[:, ::2]], "false"),
    )
    return Pane(Markup("".join(paths)), len(one.right) + len(one.false), len(one.false), len(one.missed))


def _placed(quads: Quads, view: View) -> Quads:
    """Those that touch the view, in its pixels."""
    return view.place(quads[shown_boxes(quads, view)]) if len(quads) else quads


def _source(image: LabelledImage, view: View, reader: Reader, *, room: int) -> tuple[str, str]:
    """(data URI, why there is none)."""
    try:
        pixels = _pixels(scene_of(image), view, reader)
    except SattrackError as error:
        return "", clean(error.message)
    source = "data:image/jpeg;base64," + base64.b64encode(jpeg(Image.fromarray(pixels), quality=_QUALITY)).decode()
    return (source, "") if len(source) <= room else ("", "the page is full")


def _pixels(scene: Scene, view: View, reader: Reader) -> NDArray[np.uint8]:
    """Stretched as the whole picture is where a run detects in it."""
    stretch = measure_stretch(*reader.sample(scene), size_m=scene.grid.size_m)
    raw, valid = reader.read(scene, view.window, (view.height, view.width))
    pixels = apply_stretch(raw, stretch)
    pixels[~valid] = BLANK
    return pixels
