"""An invented run for the tests of reports: two sites at an invented port, many dates, nothing of it ever photographed."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.errors import SceneError
from sattrack.geometry import quads_from_xywhr
from sattrack.imagery import Grid, Scene, Stretch, Window
from sattrack.projections import to_lonlat
from sattrack.results import ModelCard, Part, RunIndex, SceneOutcome, Seen
from sattrack.running import Run, count_all
from sattrack.steps.counting import Rule
from sattrack.timeline import Site

GSD = 0.5
SHAPE = (1400, 2000)
HOSTILE = '"><img src=x onerror=alert(1)>&</script>'
MEASURED = (
    {
        "gsd_low": 0.3, "gsd_high": 0.8, "density_low": 0.0, "density_high": 200.0, "precision": 0.93, "recall": 0.9,
        "n": 9.0, "spread": 0.09,
    },
)  # fmt: skip
CARD = ModelCard(
    id="invented-1", sha256="0" * 64, classes=("container",), gsd_m=0.2, tile_px=640, threshold=0.3, name="invented",
    description="A card for tests.", licence="AGPL-3.0-or-later", trained_on=({"set": "rendered yards"},), measured=MEASURED,
)  # fmt: skip


@dataclass
class PaintedReader:
    """Paints each part's boxes on grainy ground instead of reading a file; `gone` and `changed` name parts that fail."""

    parts: dict[str, Part]
    gone: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    reads: list[str] = field(default_factory=list)

    def read(self, scene: Scene, window: Window, out_shape: tuple[int, int]) -> tuple[NDArray[np.generic], NDArray[np.bool_]]:
        self.reads.append(scene.part)
        rows, cols = out_shape
        grain = np.random.default_rng(0).integers(104, 132, (rows, cols, 1), np.uint8)
        pixels = np.ascontiguousarray(grain + np.array([4, 0, 246], np.uint8))
        scale = np.array([cols / window.width, rows / window.height])
        quads = (self.parts[scene.part].detections.quads - np.array([window.col, window.row])) * scale
        palette = ((168, 74, 58), (62, 104, 150), (206, 206, 200), (70, 122, 84), (196, 140, 62))
        for i, quad in enumerate(quads):
            cv2.fillPoly(pixels, [np.rint(quad * 16).astype(np.int32)], palette[i * 7 % 5], cv2.LINE_AA, 4)
        y = (np.arange(rows) + 0.5) / scale[1] + window.row
        x = (np.arange(cols) + 0.5) / scale[0] + window.col
        inside = ((y >= 0) & (y < scene.grid.shape[0]))[:, None] & ((x >= 0) & (x < scene.grid.shape[1]))[None]
        pixels[~inside] = 0
        return pixels, inside

    def digest(self, scene: Scene) -> str:
        if scene.part in self.gone:
            raise SceneError("cannot be read: no such file", where=scene.location)
        return "another" if scene.part in self.changed else self.parts[scene.part].sha256


def grid_of(*, shape: tuple[int, int] = SHAPE, shift: tuple[float, float] = (0.0, 0.0), crs: str | None = "EPSG:32652") -> Grid:
    """A north-up UTM grid of half-metre pixels, shifted by pixels; or a plain picture."""
    if crs is None:
        return Grid(shape, (GSD, GSD))
    left, top = 400_000 + shift[0] * GSD, 4_680_000 - shift[1] * GSD
    return Grid(shape, (GSD, GSD), crs, (GSD, 0.0, left, 0.0, -GSD, top))


def boxes(n: int, *, left: float, top: float, seed: int = 0, per_row: int = 8) -> NDArray[np.float64]:
    """n boxes in ragged rows of touching slots, (n, 4, 2) in pixels: 20, 40 and 45 ft."""
    rng = np.random.default_rng(seed)
    length = rng.choice([6.06, 12.19, 13.72], n, p=[0.4, 0.5, 0.1]) / GSD
    row, col = np.divmod(np.arange(n), per_row)
    x, y = left + col * 29.0, top + row * 5.4 + (row // 6) * 16
    return quads_from_xywhr(np.stack([x, y, length, np.full(n, 2.44 / GSD), np.full(n, 0.08)], axis=1))


def outline(x0: float, y0: float, x1: float, y1: float) -> dict[str, object]:
    """A rectangle of scene pixels as a GeoJSON polygon in longitude and latitude."""
    corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]], float)
    return {"type": "Polygon", "coordinates": [to_lonlat(corners, grid=grid_of()).tolist()]}


def part_of(
    name: str,
    *,
    quads: NDArray[np.float64],
    acquired: dt.datetime | None = None,
    grid: Grid | None = None,
    seen: NDArray[np.uint8] | None = None,
    licence: str = "CC BY 4.0",
    scores: NDArray[np.float32] | None = None,
) -> Part:
    """A part as detection leaves it."""
    grid = grid or grid_of()
    share = np.full((grid.shape[0] // 4, grid.shape[1] // 4), 255, np.uint8) if seen is None else seen
    scene = Scene(
        id=name, location=f"/home/someone/secret/{name}.tif", grid=grid, bands=(1, 2, 3), dtype="uint8", part=name,
        acquired=acquired, acquired_source="tags" if acquired else "unknown", sensor="Invented-2", source="Invented Imaging",
        licence=licence,
    )  # fmt: skip
    strong = np.full(len(quads), 0.8, np.float32) if scores is None else scores
    found = Detections(quads, strong, np.zeros(len(quads), np.int32))
    digest = hashlib.sha256(name.encode()).hexdigest()
    return Part(
        key=digest[:40], scene=scene, sha256=digest, detections=found, seen=Seen(share, (4.0, 4.0)),
        stretch=Stretch((0.0,) * 3, (255.0,) * 3), card=CARD, device="cpu", tiles=12, tiles_skipped=0,
    )  # fmt: skip


def run_of(
    parts: dict[str, Part],
    *,
    folder: Path,
    sites: Sequence[Site] = (),
    bad: Sequence[SceneOutcome] = (),
    card: ModelCard = CARD,
) -> Run:
    """A finished run over parts, counted by the house's own rule."""
    done = [
        SceneOutcome(n, n, p.scene.location, "done", key=p.key, scene=p.scene, boxes=len(p.detections))
        for n, p in parts.items()
    ]
    outcomes = (*done, *bad)
    rule = Rule(threshold=0.3, min_observed=0.5, merge_overlap=0.3)
    index = RunIndex(
        schema_version="1", threshold=0.3, model_id=card.id,
        command="sattrack detect /home/someone/secret --sites port.geojson",
        settings={"threshold": 0.3, "min_observed": 0.5}, versions={"sattrack": "0.1.0", "python": "3.11"}, card=card,
        outcomes=outcomes, sites_file="port.geojson" if sites else "", created=dt.datetime(2025, 11, 3, 9, 30, tzinfo=dt.UTC),
    )  # fmt: skip
    return Run(folder, index, count_all(parts, outcomes, sites=sites, card=card, rule=rule), tuple(sites))


def port(folder: Path, *, scenes: int = 14, name: str = "North Quay") -> tuple[Run, dict[str, Part]]:
    """Two sites with zones and an exclusion; scenes of which one is half clouded, one too cloudy, one cut, one undated."""
    sites = (
        Site("quay", name, outline(200, 150, 1100, 760), notes="outline approximate"),
        Site("quay", name, outline(200, 150, 650, 760), zone="West stack"),
        Site("depot", "Rail depot", outline(1250, 700, 1900, 1250)),
        Site("bus", "Buses", outline(1500, 720, 1640, 800), kind="exclude"),
    )
    parts: dict[str, Part] = {}
    for i in range(scenes):
        when = dt.datetime(2025, 3, 4, 2, 11, tzinfo=dt.UTC) + dt.timedelta(days=17 * i + (i * i) % 9, minutes=7 * i)
        one = port_scene(i, when)
        parts[one.scene.part] = one
    last = list(parts)[-1]
    parts[last] = replace(parts[last], scene=replace(parts[last].scene, acquired=None, acquired_source="unknown"))
    away = "/home/someone/secret"
    coarse = port_scene(3, dt.datetime(2025, 6, 20, tzinfo=dt.UTC)).scene
    why = f"{away}/coarse.tif: pixels of 10 m leave 0.24 px across a container"
    bad = (
        SceneOutcome("coarse", "coarse", f"{away}/coarse.tif", "refused", reason=why, scene=coarse),
        SceneOutcome("torn", "torn", f"{away}/torn.tif", "failed", reason=f"{away}/torn.tif: cut short"),
        SceneOutcome("twin", "twin", f"{away}/twin.tif", "skipped", reason="the same content as scene_00"),
    )
    return run_of(parts, folder=folder, sites=sites, bad=bad), parts


def port_scene(i: int, when: dt.datetime) -> Part:
    """The port on one date: the quay fills and empties, the depot grows."""
    quay, depot = int(150 + 110 * np.sin(i / 2.1)), 30 + 9 * (i % 20)
    quads = np.concatenate([boxes(quay, left=240, top=200, seed=i), boxes(depot, left=1290, top=740, seed=i)])
    seen = np.full((350, 500), 255, np.uint8)
    if i % 7 == 4:
        cv2.circle(seen, (110, 90), 60, 0, -1)
    if i % 7 == 6:
        cv2.ellipse(seen, (150, 110), (160, 120), 0, 0, 360, 0, -1)
    grid = grid_of(shift=(420, 60)) if i % 11 == 8 else grid_of()
    shift = np.array([420.0, 60.0]) if i % 11 == 8 else np.zeros(2)
    return part_of(f"scene_{i:02d}", quads=quads - shift, acquired=when, grid=grid, seen=seen)
