"""Picking: which boxes of a scene's files are counted; said here once, for all that counts, lists, draws or compares them."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.imagery import Scene
from sattrack.results import ModelCard, Part
from sattrack.steps.bending import bent
from sattrack.steps.grounding import Frame, footprint, laid
from sattrack.steps.merging import merge
from sattrack.timeline import Site

Mask = NDArray[np.bool_]


def counted_in(parts: Mapping[str, Part], *, threshold: float, sites: Sequence[Site], overlap: float) -> dict[str, Mask]:
    """For each file of a run which of its boxes (n,) are counted, also outside every site; the exclusions are among `sites`."""
    names, exclusions = sorted(parts), [site for site in sites if site.excludes]
    candidates = eligible_once([parts[name] for name in names], exclusions=exclusions, overlap=overlap)
    return {
        name: candidate & sure(parts[name].detections, threshold=threshold)
        for name, candidate in zip(names, candidates, strict=True)
    }


def eligible_once(parts: Sequence[Part], *, exclusions: Sequence[Site] = (), overlap: float) -> list[Mask]:
    """For each file which of its boxes (n,) count once they are sure enough, and in no other file of their acquisition."""
    alone = seen_once(parts, overlap=overlap)
    return [eligible(part, exclusions=exclusions) & once for part, once in zip(parts, alone, strict=True)]


def sure(found: Detections, *, threshold: float) -> Mask:
    """Which boxes (n,) reach the threshold of counting."""
    return np.asarray(found.scores >= threshold, bool)


def eligible(part: Part, *, exclusions: Sequence[Site] = ()) -> Mask:
    """Which boxes (n,) of a file count once they are sure enough: of a class that is counted, outside every exclusion."""
    out = countable(part)
    for site in exclusions:
        if site.outline is not None:
            out &= ~within(part, site)
    return out


def countable(part: Part) -> Mask:
    """Which boxes (n,) of a file are of a class that is counted: those named container, or all of them where none is."""
    labels = part.detections.labels
    return _counted_classes(part.card)[labels] if len(labels) else np.zeros(0, bool)


def within(part: Part, site: Site) -> Mask:
    """Which boxes (n,) of a file have their centre in a site: none off its outline, all where the scene is the site."""
    n = len(part.detections)
    if site.outline is None:
        return np.ones(n, bool)
    if not touches(site, scene=part.scene):
        return np.zeros(n, bool)
    frame, outline = laid(site)
    middle = bent(part.detections.centres(), partial(frame.from_pixels, grid=part.scene.grid))
    return np.asarray(shapely.contains_xy(outline, *middle.T), bool).reshape(n)


def touches(site: Site, *, scene: Scene) -> bool:
    """Whether a scene covers any of a site's outline."""
    if site.outline is None:
        return site.pixel_scene == scene.id
    if not scene.grid.georeferenced:
        return False
    frame, outline = laid(site)
    return bool(outline.intersects(footprint(scene.grid, frame=frame)))


def seen_once(parts: Sequence[Part], *, overlap: float) -> list[Mask]:
    """For each file which of its boxes (n,) stay when the files of one acquisition are merged, as far as they have a CRS.

    overlap: share of the smaller box from which two are one.
    """
    alone = [np.ones(len(part.detections), bool) for part in parts]
    groups: dict[str, list[int]] = {}
    for number, part in enumerate(parts):
        if part.scene.grid.georeferenced:
            groups.setdefault(part.scene.id, []).append(number)
    for group in groups.values():
        if len(group) > 1:
            for number, kept in zip(group, _merged([parts[i] for i in group], overlap=overlap), strict=True):
                alone[number] = kept
    return alone


def _merged(parts: Sequence[Part], *, overlap: float) -> list[Mask]:
    frame = Frame.of_grid(parts[0].scene.grid)
    quads = [frame.quads(part.detections.quads, grid=part.scene.grid) for part in parts]
    joined, scores = np.concatenate(quads), np.concatenate([part.detections.scores for part in parts])
    good = np.flatnonzero(np.isfinite(joined).all(axis=(1, 2)))
    # Merging keeps rows as they are, so a row's number may travel in place of its label.
    kept = merge(Detections(joined[good], scores[good], good.astype(np.int32)), overlap=overlap).labels
    stays = np.zeros(len(joined), bool)
    stays[kept] = True
    return np.split(stays, np.cumsum([len(quad) for quad in quads])[:-1])


def _counted_classes(card: ModelCard) -> Mask:
    named = np.array(["container" in name.lower() for name in card.classes])
    return named if named.any() else np.ones(len(card.classes), bool)
