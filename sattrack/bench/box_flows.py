"""Flows by boxes on drawn yards: how often the ends of `flow --boxes`, and of the change of a count, hold what truly moved."""

import datetime as dt
import json
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from numpy.typing import NDArray
from rasterio.transform import from_origin

from sattrack import wiring
from sattrack.changes import Total
from sattrack.changing import changes_of_run
from sattrack.errors import UsageError
from sattrack.flows import Moved
from sattrack.following import follow, with_boxes
from sattrack.geometry import Quads
from sattrack.planning import Request
from sattrack.projections import WGS84, project
from sattrack.reopening import Run
from sattrack.running import detect
from sattrack.settings import Settings
from sattrack.synthetic.dated_yards import Dated, draw_dates
from sattrack.synthetic.seeds import SETS_SEED
from sattrack.timeline import Count
from sattrack.writing import write_whole

# Kept out of training, and out of the other benchmarks.
FIRST_SEED = SETS_SEED + 300_000
GSD_M = (0.28, 0.82)
# A place's side, and how far a scene's georeferencing is off each way, one standard deviation: metres.
SIDE_M, OFF_M = 200.0, 1.5
# Outlines are drawn so far round where boxes may stand, and round gaps of twice that: no lean and no error of georeferencing
# moves a box across, and other roofs beside a block are left out.
FREE_M = 8.0
# Places with fewer boxes in view at every date tell nothing of boxes.
LEAST_BOXES = 8
# Boxes of one tier are about so high, metres: for it is told how far tops stand apart in two views.
TIER_M = 2.7
_CRS, _CORNER, _APART_M = "EPSG:32653", (300_000.0, 4_600_000.0), 2_000.0
_START, _EVERY = dt.datetime(2024, 3, 1, 2, tzinfo=dt.UTC), dt.timedelta(days=7)

# Places of one run: each scene is counted at every site of its run.
_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Judged:
    """What `flow --boxes` said of what moved between two scenes, against what did. Pairs are of both dates.

    by: boxes or counts. in_view: boxes in view at each. left: boxes in view at the earlier scene that were gone at the later
    one; arrived: boxes in view at the later one that had not stood there; stayed: boxes in view at both. told: what was said of
    left, arrived and stayed, the last none by counts. change: that of the counts, as `sattrack changes` says it; counts: as
    counted, with ends at 90 %. haze: the larger one. lean_m: how far the tops of one tier stand apart in the two views.
    """

    place: str
    kind: str
    by: str
    gsd_m: float
    haze: float
    lean_m: float
    in_view: tuple[int, int]
    left: int
    arrived: int
    stayed: int
    told: tuple[Moved, Moved, Moved | None]
    change: Moved
    counts: tuple[Moved, Moved]

    @property
    def share(self) -> float:
        """Of the boxes in view at the earlier scene, those that left."""
        return self.left / max(self.in_view[0], 1)


@dataclass(frozen=True, slots=True)
class Summed:
    """A place's sums over all its scenes, where boxes were matched between some: (left, arrived)."""

    place: str
    true: tuple[int, int]
    told: tuple[Moved, Moved]


@dataclass(frozen=True, slots=True)
class BoxFlows:
    """All movements, and the sums of each place."""

    model_id: str
    movements: tuple[Judged, ...]
    sums: tuple[Summed, ...]


def bench_box_flows(
    places: int, *, dates: int, model: wiring.Model, settings: Settings, first_seed: int = FIRST_SEED,
    folder: Path | None = None, heard: Callable[[str], None] = lambda _line: None,
) -> BoxFlows:  # fmt: skip
    """Draws so many places at so many dates, detects them, follows their flows as a run's, and judges these.

    folder: keeps pictures and runs, and goes on where it was; none: a temporary one. UsageError where other places are in it.
    """
    movements: list[Judged] = []
    sums: list[Summed] = []
    model_id, seed = "", first_seed
    with nullcontext(str(folder)) if folder else tempfile.TemporaryDirectory() as root:
        for begin in range(0, places, _AT_ONCE):
            some = Path(root) / f"{begin:04d}"
            drawn = draw_places(some, min(_AT_ONCE, places - begin), dates=dates, first_seed=seed)
            seed = drawn["next_seed"]
            request = Request(
                inputs=(str(some / "images"),), out=some / "run", sites=some / "sites.geojson", model=model, settings=settings,
                on_error="fail", imagery=False,
            )  # fmt: skip
            found = judged(detect(request), drawn, settings=settings)
            model_id, movements, sums = found.model_id, [*movements, *found.movements], [*sums, *found.sums]
            heard(f"{begin + len(drawn['places'])} of {places} places judged")
    return BoxFlows(model_id, tuple(movements), tuple(sums))


def draw_places(folder: Path, places: int, *, dates: int, first_seed: int) -> dict[str, Any]:
    """images/, sites.geojson and truth.json, whose content is returned: of each scene the numbers of its boxes.

    Places are drawn by their seeds, one after the other; those with fewer than LEAST_BOXES at every date are left out.
    """
    asked = {"count": places, "dates": dates, "first_seed": first_seed}
    told = folder / "truth.json"
    if told.is_file():
        known: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
        if known["asked"] != asked:
            raise UsageError("holds other places", where=str(folder), way_out="name another folder")
        return known
    (folder / "images").mkdir(parents=True, exist_ok=True)
    truth: dict[str, Any] = {}
    features = []
    seed = first_seed
    while len(truth) < places:
        scenes, slots = _draw_place(seed, dates=dates, number=len(truth), folder=folder / "images")
        if scenes:
            name = f"place-{seed}"
            features.append(_feature(name, slots=slots, corner=_corner(len(truth))))
            truth[name] = scenes
        seed += 1
    sites = {"type": "FeatureCollection", "features": features}
    write_whole(folder / "sites.geojson", json.dumps(sites).encode())
    known = {"asked": asked, "next_seed": seed, "places": truth}
    write_whole(told, json.dumps(known).encode())
    return known


def _draw_place(seed: int, *, dates: int, number: int, folder: Path) -> tuple[list[dict[str, Any]], Quads]:
    """Writes the scenes of one place, and tells their truth and its slots; nothing where hardly a box stands there."""
    rng = np.random.default_rng([seed, 1])
    gsd = round(float(np.exp(rng.uniform(*np.log(GSD_M)))), 3)
    drawn = list(draw_dates(seed, gsd_m=gsd, side_m=SIDE_M, dates=dates))
    if max(len(one.seen) for one in drawn) < LEAST_BOXES:
        return [], drawn[0].slots
    told = []
    for date, one in enumerate(drawn):
        time, off = _START + date * _EVERY, rng.normal(0, OFF_M, 2)
        name = f"place-{seed}_{date}"
        _write_scene(folder / f"{name}.tif", one, time=time, corner=_corner(number) + off)
        told.append({
            "scene": name, "kind": one.drawn.kind, "gsd_m": gsd, "haze": one.drawn.sensor.haze,
            "lean": list(one.drawn.view.lean), "seen": one.seen.tolist(), "standing": one.standing.tolist(),
        })  # fmt: skip
    return told, drawn[0].slots


def _corner(number: int) -> NDArray[np.float64]:
    """Easting and northing of a place's top-left corner: places lie in a row, far from each other."""
    return np.array([_CORNER[0] + _APART_M * number, _CORNER[1]])


def _write_scene(path: Path, one: Dated, *, time: dt.datetime, corner: NDArray[np.float64]) -> None:
    rows, cols = one.drawn.picture.shape[:2]
    gsd = one.drawn.gsd_m
    with rasterio.open(
        path, "w", driver="GTiff", width=cols, height=rows, count=3, dtype="uint8", crs=_CRS, photometric="RGB",
        transform=from_origin(float(corner[0]), float(corner[1]), gsd, gsd), compress="DEFLATE", predictor=2,
    ) as file:  # fmt: skip
        file.write(np.moveaxis(one.drawn.picture, 2, 0))
        file.update_tags(TIFFTAG_DATETIME=f"{time:%Y:%m:%d %H:%M:%S}", SENSOR=f"drawn-{gsd:g}")


def _feature(name: str, *, slots: Quads, corner: NDArray[np.float64]) -> dict[str, Any]:
    """The outline as GeoJSON."""
    outline = shapely.union_all(shapely.buffer(shapely.polygons(slots), 2 * FREE_M)).buffer(-FREE_M).simplify(0.5)

    def placed(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.round(project(corner + points * (1, -1), source=_CRS, target=WGS84), 8))

    geometry = shapely.transform(outline, placed)
    return {"type": "Feature", "properties": {"site_id": name}, "geometry": shapely.geometry.mapping(geometry)}


def judged(run: Run, drawn: dict[str, Any], *, settings: Settings) -> BoxFlows:
    """The run's flows by boxes, against the truth of what was drawn."""
    exchanges = [one.exchange for one in changes_of_run(run.folder)]
    by_scene = {(one.site_id, one.later): one for one in exchanges}
    counts = {(one.site_id, one.scene_id): one for one in run.counts}
    movements: list[Judged] = []
    sums: list[Summed] = []
    for flow in with_boxes(follow(run.folder, settings=settings).flows, exchanges):
        scenes = {one["scene"]: one for one in drawn["places"][flow.site_id]}
        own = []
        for move in flow.movements:
            both = scenes[move.earlier.scene_id], scenes[move.later.scene_id]
            said = by_scene[flow.site_id, move.later.scene_id]
            first, second = (counts[flow.site_id, one["scene"]] for one in both)
            seen, then = set(both[0]["seen"]), set(both[1]["seen"])
            own.append(Judged(
                place=flow.site_id, kind=both[0]["kind"], by=move.by, gsd_m=both[0]["gsd_m"],
                haze=max(one["haze"] for one in both),
                lean_m=TIER_M * float(np.hypot(*np.subtract(both[1]["lean"], both[0]["lean"]))),
                in_view=(len(seen), len(then)), left=len(seen - set(both[1]["standing"])),
                arrived=len(then - set(both[0]["standing"])), stayed=len(seen & then),
                told=(move.left, move.arrived, _moved(said.kept) if move.by == "boxes" else None), change=_moved(said.change),
                counts=(_counted(first), _counted(second)),
            ))  # fmt: skip
        movements += own
        if flow.by_boxes:
            sums.append(Summed(flow.site_id, (sum(one.left for one in own), sum(one.arrived for one in own)), flow.by_boxes))
    return BoxFlows(run.index.model_id, tuple(movements), tuple(sums))


def _moved(total: Total) -> Moved:
    return Moved(float(total.value or 0), total.low, total.high)


def _counted(count: Count) -> Moved:
    return Moved(float(count.count or 0), count.count_low, count.count_high)
