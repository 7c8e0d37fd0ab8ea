"""A run of two plain days over one port, a plain picture, and what goes wrong: made by hand, so that every number is known."""

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sattrack.detections import Detections
from sattrack.geometry import quads_from_xywhr
from sattrack.imagery import Grid, Scene, Stretch
from sattrack.results import ModelCard, Part, RunIndex, SceneOutcome, Seen
from sattrack.running import Run, count_all
from sattrack.settings import Settings
from sattrack.steps.counting import Rule
from sattrack.timeline import Site

CARD = ModelCard("tiny-1", "ab" * 32, ("container", "truck"), gsd_m=0.5, tile_px=640, threshold=0.4)
UTM = "EPSG:32635"
# 0.5 m pixels, north up, near Odesa.
GRID = Grid((400, 600), (0.5, 0.5), crs=UTM, transform=(0.5, 0.0, 774000.0, 0.0, -0.5, 5152000.0))
HOSTILE = "=cmd|' /C calc'!A0 <b>&\"x\""


def make_part(
    name: str,
    *,
    boxes: list[tuple[float, ...]],
    grid: Grid = GRID,
    scene_id: str = "",
    location: str = "",
    acquired: dt.datetime | None = dt.datetime(2024, 5, 1, 8, 30, tzinfo=dt.UTC),
) -> Part:
    """boxes: (x, y, length, width, angle in degrees, score, label), pixels."""
    rows = np.array(boxes, float).reshape(-1, 7)
    xywhr = rows[:, :5].copy()
    xywhr[:, 4] = np.radians(xywhr[:, 4])
    found = Detections(quads_from_xywhr(xywhr), rows[:, 5].astype(np.float32), rows[:, 6].astype(np.int32))
    scene = Scene(
        scene_id or name, location or f"/home/alice/my scenes/{name}.tif", grid, (1, 2, 3), "uint8", part=name,
        acquired=acquired, acquired_source="name" if acquired else "unknown", sensor="WV-2", licence="CC BY 4.0",
        driver="GTiff",
    )  # fmt: skip
    seen = Seen(np.full((4, 6), 255, np.uint8), (100.0, 100.0))
    stretch = Stretch((0.0, 0.0, 0.0), (255.0, 255.0, 255.0))
    return Part(f"key-{name}", scene, "cd" * 32, found, seen, stretch, CARD, "cpu", tiles=4, tiles_skipped=0)


def make_run(
    folder: Path, parts: dict[str, Part], *, sites: tuple[Site, ...] = (), more: tuple[SceneOutcome, ...] = ()
) -> tuple[Run, dict[str, Part]]:
    """The run as it would stand after counting."""
    outcomes = tuple(
        SceneOutcome(
            p.scene.id, name, p.scene.location, "done", key=p.key, scene=p.scene, boxes=len(p.detections), sha256=p.sha256
        )
        for name, p in parts.items()
    )
    index = RunIndex(
        "1", 0.4, CARD.id, "sattrack detect '/home/alice/my scenes'", Settings().model_dump(mode="json"), {"sattrack": "0.1.0"},
        CARD, outcomes=outcomes + more, created=dt.datetime(2024, 6, 1, 12, 0, tzinfo=dt.UTC),
    )  # fmt: skip
    rule = Rule(threshold=0.4, min_observed=0.5, merge_overlap=0.3)
    return Run(folder, index, count_all(parts, index.outcomes, sites=sites, card=CARD, rule=rule), sites), parts


def outline_of(grid: Grid, *, left: float, top: float, right: float, bottom: float) -> dict[str, object]:
    """A rectangle of pixels as a GeoJSON polygon in longitude and latitude."""
    from sattrack.projections import to_lonlat

    ring = to_lonlat(np.array([[left, top], [left, bottom], [right, bottom], [right, top], [left, top]], float), grid=grid)
    return {"type": "Polygon", "coordinates": [ring.tolist()]}


@pytest.fixture
def port_run(tmp_path: Path) -> tuple[Run, dict[str, Part]]:
    """Two days of a port with a yard as a zone, a mask of known false boxes, one failed scene.

    day-1: two counted boxes (a 40 ft heading east, a 20 ft heading north-east), one below the threshold, one truck, one masked,
    one outside the site. day-2: nothing.
    """
    day_1 = make_part(
        "day-1",
        boxes=[
            (100, 100, 24.4, 4.9, 0, 0.9, 0), (150, 100, 12.2, 4.9, -45, 0.8, 0), (200, 100, 24.4, 4.9, 90, 0.2, 0),
            (100, 150, 24.4, 4.9, 0, 0.9, 1), (250, 150, 24.4, 4.9, 0, 0.7, 0), (590, 390, 24.4, 4.9, 0, 0.6, 0),
        ],
    )  # fmt: skip
    day_2 = make_part("day-2", boxes=[], acquired=dt.datetime(2024, 5, 9, tzinfo=dt.UTC))
    sites = (
        Site("port", "Port <one>", outline_of(GRID, left=50, top=50, right=300, bottom=300)),
        Site("port", "Port <one>", outline_of(GRID, left=50, top=50, right=120, bottom=300), zone="yard"),
        Site("roof", "roof", outline_of(GRID, left=240, top=140, right=260, bottom=160), kind="exclude"),
    )
    failed = SceneOutcome(
        "day-3", "day-3", "/home/alice/my scenes/day-3.tif", "failed", "/home/alice/my scenes/day-3.tif: torn"
    )
    return make_run(tmp_path / "run", {"day-1": day_1, "day-2": day_2}, sites=sites, more=(failed,))


@pytest.fixture
def mixed_run(tmp_path: Path) -> tuple[Run, dict[str, Part]]:
    """A scene with a CRS, and a plain picture of a hostile name at a signed URL."""
    plain = replace(GRID, crs=None, transform=None)
    parts = {
        "with": make_part("with", boxes=[(100, 100, 24.4, 4.9, 10, 0.9, 0)]),
        HOSTILE: make_part(
            HOSTILE, boxes=[(60.5, 80, 24.4, 4.9, 0, 0.5, 0)], grid=plain, acquired=None,
            location="https://bob:secret@example.org/a/b.png?X-Amz-Signature=0123#frag",
        ),
    }  # fmt: skip
    return make_run(tmp_path / "run", parts)


@pytest.fixture
def plain_run(tmp_path: Path) -> tuple[Run, dict[str, Part]]:
    """Only a plain picture, whose pixels are a third longer one way."""
    plain = Grid((400, 600), (0.6, 0.45))
    return make_run(tmp_path / "run", {"pic": make_part("pic", boxes=[(100, 100, 20, 8, 0, 0.9, 0)], grid=plain)})


@pytest.fixture
def part_of():  # type: ignore[no-untyped-def]
    return make_part


@pytest.fixture
def run_of(tmp_path: Path):  # type: ignore[no-untyped-def]
    return lambda parts, **rest: make_run(tmp_path / "run", parts, **rest)
