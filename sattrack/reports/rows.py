"""Rows: every stored box of a run with all that is known of it, part by part; what the data formats are made of."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sattrack.detections import CORNERS
from sattrack.errors import UsageError
from sattrack.geometry import areas
from sattrack.phrases import first_of, some
from sattrack.ports import Finished
from sattrack.reports.cells import clean, moment
from sattrack.reports.globe import lonlat, rings
from sattrack.results import Part, acquisitions, scenes_of
from sattrack.settings import Settings
from sattrack.steps.counting import own_site
from sattrack.steps.picking import Mask, countable, counted_in, within
from sattrack.steps.sizing import heading_deg, length_classes, length_m, metric_quads, width_m
from sattrack.timeline import Site

COLUMNS = (
    "det_id", "scene_id", "part", "site_id", "zone", "datetime", "class_name", "class_id", "confidence", "counted", "length_m",
    "width_m", "area_m2", "heading_deg", "teu_class", *CORNERS, "inferred", "edge", "model_id", "lon", "lat",
)  # fmt: skip

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
    yield from _rows_of(sorted(parts), run, parts, everything=everything)


def _rows_of(names: Iterable[str], run: Finished, parts: Mapping[str, Part], *, everything: bool) -> Iterator[BoxRows]:
    counted, files = counted_boxes(run, parts), acquisitions(parts)
    for name in names:
        part = parts[name]
        alone = len(files[part.scene.id]) == 1
        rows = part_rows(part, model_id=run.index.model_id, sites=run.sites, counted=counted[name], alone=alone)
        yield rows if everything else rows.where(np.asarray(rows.columns["counted"], bool))


def counted_boxes(run: Finished, parts: Mapping[str, Part]) -> Mapping[str, Mask]:
    """For each file which of its boxes (n,) are counted, by the run's last count; told scene by scene as they are asked for."""
    known = {name: value for name, value in run.index.settings.items() if name in Settings.model_fields}
    return _Counted(run, parts, overlap=Settings.model_validate(known).merge_overlap)


class _Counted(Mapping[str, Mask]):
    """Which boxes are counted, of the scenes that were asked for last: the files of one are merged with each other."""

    _KEPT = 32

    def __init__(self, run: Finished, parts: Mapping[str, Part], *, overlap: float) -> None:
        self._run, self._parts, self._overlap = run, parts, overlap
        self._scenes, self._files = scenes_of(parts), acquisitions(parts)
        self._last: dict[str, dict[str, Mask]] = {}

    def __getitem__(self, name: str) -> Mask:
        scene = self._scenes[name].id
        if scene not in self._last:
            if len(self._last) >= self._KEPT:
                del self._last[next(iter(self._last))]
            group = {one: self._parts[one] for one in self._files[scene]}
            self._last[scene] = counted_in(
                group, threshold=self._run.index.threshold, sites=self._run.sites, overlap=self._overlap
            )
        return self._last[scene][name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


def placed_rows(run: Finished, parts: Mapping[str, Part], *, everything: bool, format_name: str) -> Iterator[BoxRows]:
    """As `box_rows`, for formats that need a place on the globe: parts without a CRS and boxes without a longitude are left
    out and said. UsageError where no part has a CRS.
    """
    check_placed(parts, format_name=format_name)
    placed = sorted(name for name, scene in scenes_of(parts).items() if scene.grid.georeferenced)
    for rows in _rows_of(placed, run, parts, everything=everything):
        assert rows.rings is not None
        good: Mask = np.asarray(np.isfinite(rows.rings).all(axis=(1, 2)))
        if not good.all():
            lost = some(int((~good).sum()), "box has", "boxes have")
            _log.warning("%s: %s no longitude and latitude: left out", rows.part.scene.part, lost)
        yield rows.where(good)


def check_placed(parts: Mapping[str, Part], *, format_name: str) -> None:
    """UsageError where there are parts, but none with a CRS; those without are told of in the log."""
    if parts and not any(scene.grid.georeferenced for scene in scenes_of(parts).values()):
        raise UsageError(
            f"{format_name} needs places on the globe, but no scene of this run has a coordinate system",
            way_out="export csv, coco, yolo-obb or overlay: they hold source pixels; or give the pictures world files and .prj",
        )
    note = left_out(parts)
    if note:
        _log.warning("%s: %s", format_name, note)


def left_out(parts: Mapping[str, Part]) -> str:
    """A sentence naming the scenes that have no coordinate system; empty where all have one."""
    plain = sorted(name for name, scene in scenes_of(parts).items() if not scene.grid.georeferenced)
    if not plain:
        return ""
    without = some(len(plain), "has no coordinate system and is", "have no coordinate system and are")
    return f"of {some(len(parts), 'scene')} {without} left out: {first_of([*map(clean, plain)], most=5)}"


def part_rows(part: Part, *, model_id: str, sites: Sequence[Site], counted: Mask, alone: bool) -> BoxRows:
    """All boxes of one part. counted: (n,) which of them are, also outside every site. alone: the only file of its scene."""
    found, scene = part.detections, part.scene
    n = len(found)
    lengths = length_m(found.quads, grid=scene.grid)
    home, zone = _homes(part, sites, alone=alone)
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
        "teu_class": [name if is_box else "" for name, is_box in zip(length_classes(lengths), countable(part), strict=True)],
        "edge": _at_edge(part).tolist(), "lon": _plain(middle[:, 0], digits=7), "lat": _plain(middle[:, 1], digits=7),
    }  # fmt: skip
    each |= {name: _plain(found.quads.reshape(-1, 8)[:, i], digits=3) for i, name in enumerate(CORNERS)}
    return BoxRows(part, {name: each[name] if name in each else [same[name]] * n for name in COLUMNS}, corners)


def _identities(part: Part) -> list[str]:
    """16 hex digits out of the part's key and the box's corners: the same box of the same work has the same name everywhere."""
    key = part.key.encode()
    corners = part.detections.quads.astype("<f8")
    return [hashlib.sha256(key + quad.tobytes()).hexdigest()[:16] for quad in corners]


def _homes(part: Part, sites: Sequence[Site], *, alone: bool) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """For each box the site and zone that hold its centre: the first that does. Without outlines the site that is counted."""
    n = len(part.detections)
    home, zone = np.full(n, "", object), np.full(n, "", object)
    if all(site.excludes for site in sites):
        home[:] = clean(own_site(part.scene, alone=alone).id)
    for site in sites:
        if site.excludes or site.outline is None:
            continue
        inside = within(part, site)
        home[inside & (home == "")] = site.id
        zone[inside & (home == site.id) & (zone == "")] = site.zone
    return home, zone


def _at_edge(part: Part) -> Mask:
    """A corner within one pixel of the scene's edge, or beyond it: the box may be cut."""
    rows, cols = part.scene.grid.shape
    x, y = part.detections.quads[..., 0], part.detections.quads[..., 1]
    return np.asarray(((x <= 1) | (y <= 1) | (x >= cols - 1) | (y >= rows - 1)).any(axis=1))


def _plain(values: NDArray[np.float64], *, digits: int) -> list[float | None]:
    """Rounded plain numbers; none where not finite. Adding 0.0 turns -0.0 into 0.0."""
    rounded = (np.round(values.astype(float), digits) + 0.0).tolist()
    return [value if good else None for value, good in zip(rounded, np.isfinite(values).tolist(), strict=True)]
