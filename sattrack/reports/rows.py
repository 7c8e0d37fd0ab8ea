"""Rows: every stored box of a run with all that is known of it, part by part; what the data formats are made of."""

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.detections import CORNERS, Detections
from sattrack.errors import UsageError
from sattrack.geometry import areas
from sattrack.ports import Finished
from sattrack.reports.cells import clean, moment
from sattrack.reports.globe import lonlat, rings
from sattrack.results import Part
from sattrack.settings import Settings
from sattrack.steps.counting import countable_labels, touches
from sattrack.steps.grounding import Frame
from sattrack.steps.merging import merge
from sattrack.steps.sizing import heading_deg, length_classes, length_m, metric_quads, width_m
from sattrack.timeline import Site

COLUMNS = (
    "det_id", "scene_id", "part", "site_id", "zone", "datetime", "class_name", "class_id", "confidence", "counted", "length_m",
    "width_m", "area_m2", "heading_deg", "teu_class", *CORNERS, "inferred", "edge", "model_id", "lon", "lat",
)  # fmt: skip

Mask = NDArray[np.bool_]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class BoxRows:
    """The boxes of one part. columns: for each name of COLUMNS, n plain values. rings: (n, 4, 2) corners in longitude and
    latitude, counter-clockwise; none for a picture without a CRS. A row whose corner has no longitude is not finite there.
    """

    part: Part
    columns: dict[str, list[Any]]
    rings: NDArray[np.float64] | None

    def __len__(self) -> int:
        return len(self.columns["det_id"])

    def where(self, keep: Mask) -> "BoxRows":
        """The rows that a mask picks."""
        picked = np.flatnonzero(keep).tolist()
        columns = {name: [values[i] for i in picked] for name, values in self.columns.items()}
        return BoxRows(self.part, columns, None if self.rings is None else self.rings[keep])

    def records(self) -> Iterator[dict[str, Any]]:
        """Each box as a dictionary by column name."""
        for values in zip(*self.columns.values(), strict=True):
            yield dict(zip(self.columns, values, strict=True))


def box_rows(run: Finished, parts: Mapping[str, Part], *, everything: bool) -> Iterator[BoxRows]:
    """The boxes of each part, in order of the parts' names; only those counted unless everything is asked for."""
    settings = Settings.model_validate(run.index.settings)
    alone = _seen_once(parts, overlap=settings.merge_overlap)
    for name in sorted(parts):
        rows = part_rows(
            parts[name], threshold=run.index.threshold, model_id=run.index.model_id, sites=run.sites, alone=alone.get(name)
        )
        yield rows if everything else rows.where(np.asarray(rows.columns["counted"], bool))


def placed_rows(run: Finished, parts: Mapping[str, Part], *, everything: bool, format_name: str) -> Iterator[BoxRows]:
    """As `box_rows`, for formats that need a place on the globe: parts without a CRS and boxes without a longitude are left
    out and said. UsageError where no part has a CRS.
    """
    check_placed(parts, format_name=format_name)
    placed = {name: part for name, part in parts.items() if part.scene.grid.georeferenced}
    for rows in box_rows(run, placed, everything=everything):
        assert rows.rings is not None
        good: Mask = np.asarray(np.isfinite(rows.rings).all(axis=(1, 2)))
        if not good.all():
            _log.warning("%s: %d boxes have no longitude and latitude and are left out", rows.part.scene.part, (~good).sum())
        yield rows.where(good)


def check_placed(parts: Mapping[str, Part], *, format_name: str) -> None:
    """UsageError where there are parts, but none with a CRS; those without are told of in the log."""
    if parts and not any(part.scene.grid.georeferenced for part in parts.values()):
        raise UsageError(
            f"{format_name} needs places on the globe, but no scene of this run has a coordinate system",
            way_out="export csv, coco, yolo-obb or overlay: they hold source pixels; or give the pictures world files and .prj",
        )
    note = left_out(parts)
    if note:
        _log.warning("%s: %s", format_name, note)


def left_out(parts: Mapping[str, Part]) -> str:
    """A sentence naming the scenes that have no coordinate system; empty where all have one."""
    plain = [clean(name) for name in sorted(parts) if not parts[name].scene.grid.georeferenced]
    if not plain:
        return ""
    some = ", ".join(plain[:5]) + (f" and {len(plain) - 5} more" if len(plain) > 5 else "")
    return f"{len(plain)} of {len(parts)} scenes have no coordinate system and are left out: {some}"


def part_rows(part: Part, *, threshold: float, model_id: str, sites: Sequence[Site], alone: Mask | None = None) -> BoxRows:
    """All boxes of one part. alone: which of them no surer box of another file of the acquisition covers; none: all."""
    found, scene = part.detections, part.scene
    n = len(found)
    lengths = length_m(found.quads, grid=scene.grid)
    countable = _countable(part)
    home, zone = _homes(part, sites)
    counted = _counted(part, threshold=threshold, sites=sites, alone=alone)
    placed = scene.grid.georeferenced
    corners = rings(found.quads, grid=scene.grid) if placed else None
    middle = lonlat(found.centres(), grid=scene.grid) if placed else np.full((n, 2), np.nan)
    same: dict[str, Any] = {
        "scene_id": clean(scene.id), "part": clean(scene.part), "datetime": moment(scene.acquired), "inferred": False,
        "model_id": clean(model_id),
    }  # fmt: skip
    each: dict[str, list[Any]] = {
        "det_id": _identities(part), "site_id": home.tolist(), "zone": zone.tolist(),
        "class_name": [clean(part.card.classes[i]) for i in found.labels], "class_id": found.labels.tolist(),
        # The shortest decimals that mean the same float32: rounding could lift a score over the threshold.
        "confidence": found.scores.astype(str).astype(float).tolist(), "counted": counted.tolist(),
        "length_m": _plain(lengths, digits=2), "width_m": _plain(width_m(found.quads, grid=scene.grid), digits=2),
        "area_m2": _plain(areas(metric_quads(found.quads, grid=scene.grid)), digits=2),
        "heading_deg": _plain(np.round(heading_deg(found.quads, grid=scene.grid), 1) % 180, digits=1),
        "teu_class": [name if is_box else "" for name, is_box in zip(length_classes(lengths), countable, strict=True)],
        "edge": _at_edge(part).tolist(), "lon": _plain(middle[:, 0], digits=7), "lat": _plain(middle[:, 1], digits=7),
    }  # fmt: skip
    each |= {name: _plain(found.quads.reshape(-1, 8)[:, i], digits=3) for i, name in enumerate(CORNERS)}
    return BoxRows(part, {name: each[name] if name in each else [same[name]] * n for name in COLUMNS}, corners)


def counted_boxes(parts: Mapping[str, Part], *, threshold: float, sites: Sequence[Site], overlap: float) -> dict[str, int]:
    """How many boxes of each file are counted, also outside every site: as many as `box_rows` calls counted."""
    alone = _seen_once(parts, overlap=overlap)
    return {
        name: int(_counted(part, threshold=threshold, sites=sites, alone=alone.get(name)).sum()) for name, part in parts.items()
    }


def _counted(part: Part, *, threshold: float, sites: Sequence[Site], alone: Mask | None) -> Mask:
    counted = (part.detections.scores >= threshold) & _countable(part)
    for site in sites:
        if site.excludes and site.outline is not None and touches(site, scene=part.scene):
            counted &= ~_inside(part, site)
    return np.asarray(counted if alone is None else counted & alone, bool)


def _countable(part: Part) -> Mask:
    labels = part.detections.labels
    return countable_labels(part.card)[labels] if len(labels) else np.zeros(0, bool)


def _identities(part: Part) -> list[str]:
    """16 hex digits out of the part's key and the box's corners: the same box of the same work has the same name everywhere."""
    key = part.key.encode()
    corners = part.detections.quads.astype("<f8")
    return [hashlib.sha256(key + quad.tobytes()).hexdigest()[:16] for quad in corners]


def _homes(part: Part, sites: Sequence[Site]) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """For each box the site and zone that hold its centre: the first that does."""
    n, scene = len(part.detections), part.scene
    home, zone = np.full(n, "", object), np.full(n, "", object)
    if all(site.excludes for site in sites):
        home[:] = clean(scene.id)
    for site in sites:
        if site.excludes or site.outline is None or not touches(site, scene=scene):
            continue
        inside = _inside(part, site)
        home[inside & (home == "")] = site.id
        zone[inside & (home == site.id) & (zone == "")] = site.zone
    return home, zone


def _inside(part: Part, site: Site) -> Mask:
    assert site.outline is not None
    frame = Frame.over(site.outline)
    points = frame.from_pixels(part.detections.quads, grid=part.scene.grid).mean(axis=1)
    return np.asarray(shapely.contains_xy(frame.polygon(site.outline), points[:, 0], points[:, 1]), bool).reshape(-1)


def _seen_once(parts: Mapping[str, Part], *, overlap: float) -> dict[str, Mask]:
    """For files of one acquisition: which boxes stay when all its files are merged, as they are for counting."""
    groups: dict[str, list[str]] = {}
    for name in sorted(parts):
        groups.setdefault(parts[name].scene.id, []).append(name)
    alone: dict[str, Mask] = {}
    for names in groups.values():
        if len(names) < 2 or not all(parts[name].scene.grid.georeferenced for name in names):
            continue
        frame = Frame.of_grid(parts[names[0]].scene.grid)
        quads = [frame.from_pixels(parts[name].detections.quads, grid=parts[name].scene.grid) for name in names]
        joined = np.concatenate(quads)
        scores = np.concatenate([parts[name].detections.scores for name in names])
        good = np.flatnonzero(np.isfinite(joined).all(axis=(1, 2)))
        # Merging keeps rows as they are, so a row's number may travel in place of its label.
        kept = merge(Detections(joined[good], scores[good], good.astype(np.int32)), overlap=overlap).labels
        stays = np.zeros(len(joined), bool)
        stays[kept] = True
        ends = np.cumsum([len(quad) for quad in quads])
        alone |= dict(zip(names, np.split(stays, ends[:-1]), strict=True))
    return alone


def _at_edge(part: Part) -> Mask:
    """A corner within one pixel of the scene's edge, or beyond it: the box may be cut."""
    rows, cols = part.scene.grid.shape
    x, y = part.detections.quads[..., 0], part.detections.quads[..., 1]
    return np.asarray(((x <= 1) | (y <= 1) | (x >= cols - 1) | (y >= rows - 1)).any(axis=1))


def _plain(values: NDArray[np.float64], *, digits: int) -> list[float | None]:
    """Rounded plain numbers; none where not finite. Adding 0.0 turns -0.0 into 0.0."""
    rounded = (np.round(values.astype(float), digits) + 0.0).tolist()
    return [value if good else None for value, good in zip(rounded, np.isfinite(values).tolist(), strict=True)]
