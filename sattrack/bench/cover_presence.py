"""Presence: whether boxes that come and go are told from brightness and texture at pixels of 10 m, and how often nothing is."""

from dataclasses import dataclass, replace

import numpy as np
from shapely import box

from sattrack.bench.cover_scenes import Fine, coarse_scene
from sattrack.covering import Ground, notice, notice_round
from sattrack.covers import Change
from sattrack.imagery import Scene
from sattrack.steps.grounding import Frame
from sattrack.steps.noticing import BEYOND_NOISE, Noticed, changes_between
from sattrack.synthetic.layouts import Layout, draw_layout
from sattrack.synthetic.rendering import draw_view, render_scene
from sattrack.synthetic.sensor import draw_sensor
from sattrack.synthetic.solids import BOX, Solids

FIRST_SEED = 9_700_000
GSD_M = 10.0
# Pixels that are drawn, a scene's side and a site's, metres.
_DRAWN_M, _SIDE_M, _SITE_M = 2.5, 900.0, 120.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A rendered place twice. boxes: how many of the site's topmost and lower boxes were taken away in between; 0 for none."""

    seed: int
    boxes: int
    brightness: Change
    texture: Change

    @property
    def told(self) -> bool:
        """Whether either changed by more than noise."""
        return any(abs(one.times_noise or 0.0) >= BEYOND_NOISE for one in (self.brightness, self.texture))


def pairs(count: int, *, first_seed: int = FIRST_SEED) -> list[Pair]:
    """For each seed a yard of 900 m twice under other suns, with and without the boxes of a site of 120 m being gone."""
    found = []
    for seed in range(first_seed, first_seed + count):
        rng = np.random.default_rng(seed)
        layout = draw_layout(rng, extent_m=(_SIDE_M, _SIDE_M), kind=("rtg", "tight", "depot", "across")[seed % 4])
        there = _in_site(layout.solids)
        before = _noticed(layout, np.random.default_rng([seed, 1]), name="before")
        for number, gone in enumerate((False, True)):
            after = replace(layout, solids=layout.solids.where(~there)) if gone else layout
            now = _noticed(after, np.random.default_rng([seed, 2 + number]), name="after")
            found.append(Pair(seed, int(there.sum()) if gone else 0, *changes_between(before, now)))
    return found


def _in_site(things: Solids) -> np.ndarray:
    off = np.abs(things.centre - _SIDE_M / 2).max(axis=1)
    return np.asarray((things.kind == BOX) & (off < _SITE_M / 2))


def _noticed(layout: Layout, rng: np.random.Generator, *, name: str) -> Noticed:
    """The place as one sensor of 10 m sees it on a day: sun, haze and gain are drawn anew, the view is from above."""
    side = round(_SIDE_M / _DRAWN_M)
    view = replace(draw_view(rng), lean=(0.0, 0.0))
    sensor = replace(draw_sensor(rng, pan=False), jpeg=0, stretch=None, levels=0, sharpen=0.0)
    drawn = render_scene(layout, gsd_m=_DRAWN_M, shape=(side, side), view=view, sensor=sensor, rng=rng)
    fine = Fine(name, drawn.picture, (_DRAWN_M, _DRAWN_M), drawn.quads)
    scene, reader = coarse_scene(fine, gsd_m=GSD_M, rng=rng)
    middle, half = _SIDE_M / 2, _SITE_M / 2
    site = box(middle - half, middle - half, middle + half, middle + half)
    frame = Frame.of_pixels()
    pixels = box(*((middle + sign * half) / GSD_M for sign in (-1, -1, 1, 1)))
    at = notice(Ground(frame, site, pixels), scene=scene, reader=reader).sums.means
    assert at is not None
    scenes: list[Scene] = [scene]
    return Noticed(name, at[0], at[1], notice_round(site, frame=frame, scenes=scenes, reader=reader))
