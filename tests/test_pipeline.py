"""The sentence, with a reader that returns plain ground and a detector that knows the truth."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from sattrack.bench.cover_scenes import HeldReader
from sattrack.detections import Detections
from sattrack.errors import DetectorError, SceneError
from sattrack.executors.threads import SerialExecutor, ThreadExecutor
from sattrack.geometry import Quads, quads_from_xywhr
from sattrack.imagery import Batch, Grid, Scene, Tile, Window
from sattrack.pipeline import Work, detect_scene, part_key, plan_work
from sattrack.projections import to_lonlat
from sattrack.results import ModelCard, Part
from sattrack.settings import Settings
from sattrack.stores.folder import RunFolder
from sattrack.timeline import Site
from tests.steps.clouded_ground import cloud_at, ground

CARD = ModelCard("truth", "00", ("container",), gsd_m=0.2, tile_px=640, threshold=0.25)
LONG, WIDE = 12.192, 2.438
GSD = 0.25


def yard(n: int, *, heading: float, gap: float = 0.06) -> Quads:
    """n touching 40-ft boxes in metres, in rows, turned by a heading (degrees), all at positive x and y."""
    across = int(np.sqrt(n * LONG / WIDE))
    i = np.arange(n)
    place = np.stack([(i // across) * (LONG + gap), (i % across) * (WIDE + gap)], axis=1)
    turn = np.radians(heading)
    place = place @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    place += 20 - place.min(axis=0)
    return quads_from_xywhr(np.column_stack([place, np.tile([LONG, WIDE, turn], (n, 1))]))


def scene_over(quads_m: Quads, *, gsd: float = GSD) -> Scene:
    size = np.ceil((quads_m.max(axis=(0, 1)) + 20) / gsd).astype(int)
    return Scene("yard", "/somewhere/yard.tif", Grid((int(size[1]), int(size[0])), (gsd, gsd)), (1, 2, 3), "uint8", part="yard")


class Ground:
    """Plain gray, valid inside the scene but for a hidden rectangle (left, top, right, bottom) in pixels."""

    def __init__(self, hidden: tuple[int, int, int, int] = (0, 0, 0, 0)) -> None:
        self.hidden = hidden
        self.threads: set[str] = set()

    def read(self, scene: Scene, window: Window, out_shape: tuple[int, int]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        self.threads.add(threading.current_thread().name)
        rows, cols = scene.grid.shape
        left, top, right, bottom = self.hidden
        y = ((np.arange(out_shape[0]) + 0.5) * window.height / out_shape[0] + window.row)[:, None]
        x = ((np.arange(out_shape[1]) + 0.5) * window.width / out_shape[1] + window.col)[None]
        valid = (x >= 0) & (y >= 0) & (x < cols) & (y < rows) & ~((x >= left) & (x < right) & (y >= top) & (y < bottom))
        return np.where(valid[..., None], np.uint8(90), np.uint8(0)).repeat(3, axis=2), valid

    def sample(self, scene: Scene) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        return np.array([[[10] * 3, [200] * 3]], np.uint8), np.ones((1, 2), bool)

    def undeclared_nodata(self, scene: Scene) -> float:
        return 0.0


class Truth:
    """Every box of which a part lies in the tile, cut ones clipped to it, each a little wrong, at scores of no meaning."""

    classes = CARD.classes
    gsd_m = CARD.gsd_m
    tile_px = CARD.tile_px
    device = "none"

    def __init__(self, quads_px: Quads, *, wobble_m: float = 0.1, wobble_deg: float = 1.0) -> None:
        self.quads = quads_px
        self.wobble = wobble_m, wobble_deg
        self.met: list[Tile] = []

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        for batch in batches:
            self.met += batch.tiles
            yield [self.look(tile) for tile in batch.tiles]

    def look(self, tile: Tile) -> Detections:
        w = tile.window
        scale = w.width / self.tile_px
        rng = np.random.default_rng([w.col % 2**32, w.row % 2**32])
        frame = shapely.box(w.col, w.row, w.col + w.width, w.row + w.height)
        near = np.flatnonzero(
            (self.quads.max(axis=1) > [w.col, w.row]).all(axis=1)
            & (self.quads.min(axis=1) < [w.col + w.width, w.row + w.height]).all(axis=1)
        )
        seen = shapely.intersection(shapely.polygons(self.quads[near]), frame)
        seen = seen[shapely.area(seen) > 1]
        cut = shapely.get_coordinates(shapely.oriented_envelope(seen)).reshape(-1, 5, 2)[:, :4]
        middle = cut.mean(axis=1, keepdims=True)
        turn = np.radians(rng.normal(0, self.wobble[1], (len(cut), 1, 1)))
        spread = cut - middle
        spread = spread * np.cos(turn) + spread[..., ::-1] * [-1, 1] * np.sin(turn)
        moved = middle + spread + rng.normal(0, self.wobble[0] / GSD, (len(cut), 1, 2))
        scores = rng.uniform(0.3, 1, len(cut)).astype(np.float32)
        return Detections((moved - [w.col, w.row]) / scale, scores, np.zeros(len(cut), np.int32))


def work_on(
    scene: Scene, *, settings: Settings, sites: tuple[Site, ...] = (), sha256: str = "aa", card: ModelCard = CARD
) -> Work:
    return plan_work(scene, sha256=sha256, card=card, settings=settings, sites=sites)


def run(
    quads_m: Quads, *, settings: Settings | None = None, reader: Ground | None = None, detector: Truth | None = None,
    workers: int = 0, sites: tuple[Site, ...] = (), scene: Scene | None = None, card: ModelCard = CARD,
) -> tuple[Part, Truth]:  # fmt: skip
    settings = settings or Settings(tile_cap=100_000)
    reader = reader or Ground()
    scene = scene or scene_over(quads_m)
    detector = detector or Truth(quads_m / GSD)
    executor = ThreadExecutor(workers=workers, ahead=4) if workers else SerialExecutor()
    part, _ = detect_scene(
        work_on(scene, settings=settings, sites=sites, card=card), reader=reader, detector=detector,
        card=card, settings=settings, executor=executor,
    )  # fmt: skip
    return part, detector


@pytest.mark.parametrize("heading", [0, 17, 45, 73])
def test_g4_the_seams_of_a_yard_of_10_000_boxes_move_its_count_by_no_more_than_two_in_a_thousand(heading: float) -> None:
    part, _ = run(yard(10_000, heading=heading))
    assert part.tiles > 20
    assert len(part.detections) == pytest.approx(10_000, rel=0.002)


class OneAnswer(Truth):
    """Tells the same boxes, in metres, of every tile."""

    def look(self, tile: Tile) -> Detections:
        n = len(self.quads)
        return Detections(self.quads / self.gsd_m, np.linspace(0.9, 0.4, n, dtype=np.float32), np.zeros(n, np.int32))


@pytest.mark.parametrize("heading", [10, 30, 45, 60, 80])
def test_m2_neighbours_stay_in_pixels_of_degrees_near_a_pole(heading: float) -> None:
    # As 85 degrees north: a pixel is a twelfth as wide as high, and a box at a slant is no rectangle in such pixels.
    quads = yard(40, heading=heading)
    scene = scene_over(quads)
    wide = replace(scene, grid=Grid((scene.grid.shape[0], 12 * scene.grid.shape[1]), (GSD / 12, GSD)))
    part, _ = run(quads, scene=wide, detector=OneAnswer(quads))
    assert len(part.detections) == 40


def test_a_scene_is_stretched_by_the_percentiles_of_the_card_unless_the_settings_say_others() -> None:
    quads, found = yard(4, heading=0), {}
    for name, settings, percentiles in (
        ("card", Settings(), (5.0, 95.0)), ("user", Settings(low_percentile=0, high_percentile=100), (5.0, 95.0)),
        ("same", Settings(low_percentile=5, high_percentile=95), (1.0, 99.0)), ("usual", Settings(), (1.0, 99.0)),
    ):  # fmt: skip
        found[name] = run(quads, settings=settings, card=replace(CARD, percentiles=percentiles))[0]
    held = {name: part.stretch.percentiles for name, part in found.items()}
    assert held == {"card": (5.0, 95.0), "user": (0.0, 100.0), "same": (5.0, 95.0), "usual": (1.0, 99.0)}
    assert found["card"].key == found["same"].key
    assert len({part.key for part in found.values()}) == 3


@pytest.mark.parametrize("heading", [0, 33])
def test_shifting_the_tile_grid_moves_a_count_by_no_more_than_two_percent(heading: float) -> None:
    quads = yard(2000, heading=heading)
    counts = [
        len(run(quads, settings=Settings(tile_cap=100_000, tile_shift_m=shift))[0].detections)
        for shift in ((0.0, 0.0), (31.0, 7.0), (-50.0, 64.0))
    ]
    assert max(counts) - min(counts) <= max(2, 0.02 * 2000)


def test_i7_readers_in_one_thread_or_four_write_the_same_bytes(tmp_path: Path) -> None:
    quads = yard(1500, heading=20)
    written = []
    for workers in (0, 1, 4):
        store = RunFolder(tmp_path / str(workers))
        reader = Ground()
        part, _ = run(quads, workers=workers, reader=reader)
        store.put(part.key, part)
        written.append((store.root / "parts" / f"{part.key}.parquet").read_bytes())
    assert written[0] == written[1] == written[2]


def test_g6_another_batch_size_finds_the_same_boxes() -> None:
    quads = yard(800, heading=10)
    one, many = (run(quads, settings=Settings(batch=n, tile_cap=100_000))[0].detections for n in (1, 7))
    assert np.array_equal(one.quads, many.quads)


def test_m9_tiles_without_a_seen_pixel_never_reach_the_detector() -> None:
    quads = yard(2000, heading=0)
    scene = scene_over(quads)
    rows, cols = scene.grid.shape
    part, detector = run(quads, reader=Ground(hidden=(0, 0, cols // 2, rows)))
    assert part.tiles_skipped > 0
    assert part.tiles == len(detector.met)
    assert all(tile.valid.any() for tile in detector.met)
    assert part.seen.share.mean() / 255 == pytest.approx(0.5, abs=0.01)
    assert all(not tile.pixels[~tile.valid].any() for tile in detector.met)


def test_m9_a_scene_without_any_seen_pixel_has_no_boxes_and_says_that_nothing_was_seen() -> None:
    part, detector = run(yard(100, heading=0), reader=Ground(hidden=(0, 0, 10**6, 10**6)))
    assert not detector.met
    assert (len(part.detections), part.tiles, part.seen.share.max()) == (0, 0, 0)


def test_g1_a_cap_that_was_hit_is_reported() -> None:
    quads = yard(2000, heading=0)
    assert run(quads, settings=Settings(tile_cap=300))[0].detections.cap_hit
    assert not run(quads, settings=Settings(tile_cap=3000))[0].detections.cap_hit


def test_boxes_below_the_score_floor_are_not_stored() -> None:
    part, _ = run(yard(300, heading=0), settings=Settings(score_floor=0.6))
    assert 0 < len(part.detections) < 250
    assert part.detections.scores.min() >= 0.6


def test_g8_numbers_that_are_not_finite_fail_the_scene() -> None:
    class Broken(Truth):
        def look(self, tile: Tile) -> Detections:
            found = super().look(tile)
            found.quads[:1] = np.nan
            return found

    with pytest.raises(DetectorError, match="not finite"):
        run(yard(50, heading=0), detector=Broken(yard(50, heading=0) / GSD))


@pytest.mark.parametrize("fault", ["few tiles", "few batches", "many batches"])
def test_a_detector_that_returns_too_few_or_many_results_fails_the_scene(fault: str) -> None:
    class Sloppy(Truth):
        def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
            for found in super().detect(batches):
                yield found[:-1] if fault == "few tiles" else found
                if fault == "few batches":
                    list(batches)
                    return
            if fault == "many batches":
                yield [Detections.none()]

    quads = yard(2000, heading=0)
    with pytest.raises(DetectorError):
        run(quads, detector=Sloppy(quads / GSD))


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_r1_a_reader_that_fails_half_way_fails_the_scene_and_leaves_no_thread(workers: int) -> None:
    class Torn(Ground):
        def read(self, scene: Scene, window: Window, out_shape: tuple[int, int]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
            if window.row > 300:
                raise SceneError("the pixels cannot be read", where=scene.location)
            return super().read(scene, window, out_shape)

    with pytest.raises(SceneError, match="cannot be read"):
        run(yard(2000, heading=0), reader=Torn(), workers=workers)
    assert not [t for t in threading.enumerate() if t.name.startswith("sattrack-read")]


def test_a_detector_may_draw_batches_ahead() -> None:
    class Eager(Truth):
        def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
            yield from list(super().detect(batches))

    quads = yard(1000, heading=0)
    assert np.array_equal(run(quads, detector=Eager(quads / GSD))[0].detections.quads, run(quads)[0].detections.quads)


def on_the_ground(scene: Scene) -> Scene:
    return replace(scene, grid=replace(scene.grid, crs="EPSG:32652", transform=(GSD, 0.0, 5e5, 0.0, -GSD, 4.7e6)))


def site_at(scene: Scene, box: tuple[float, float, float, float], **more: str) -> Site:
    left, top, right, bottom = box
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
    return Site("a", "A", {"type": "Polygon", "coordinates": [to_lonlat(corners, grid=scene.grid).tolist()]}, **more)


def test_only_what_lies_near_a_site_is_looked_at_and_its_count_is_that_of_the_whole_scene() -> None:
    quads = yard(4000, heading=0)
    scene = on_the_ground(scene_over(quads))
    box = (600.0, 600.0, 1000.0, 900.0)
    whole, part = run(quads, scene=scene)[0], run(quads, scene=scene, sites=(site_at(scene, box),))[0]
    assert part.tiles < whole.tiles
    inside = [Window(600, 600, 400, 300).holds(p.detections.centres()).sum() for p in (whole, part)]
    assert inside[0] == inside[1] > 50


def test_outlines_that_only_exclude_do_not_limit_what_is_looked_at() -> None:
    quads = yard(500, heading=0)
    scene = on_the_ground(scene_over(quads))
    work = work_on(scene, settings=Settings(), sites=(site_at(scene, (10, 10, 60, 60), kind="exclude"),))
    assert work.cells == work.plan.cells
    assert work_on(scene, settings=Settings(), sites=(site_at(scene, (1e5, 1e5, 1.01e5, 1.01e5)),)).cells == ()


def key(scene: Scene, *, sha256: str = "aa", settings: Settings | None = None, card: ModelCard = CARD) -> str:
    settings = settings or Settings()
    cells = work_on(scene, settings=settings).cells
    return part_key(scene, sha256=sha256, card=card, settings=settings, cells=cells)


def test_i2_a_key_does_not_know_the_folder() -> None:
    scene = replace(scene_over(yard(10, heading=0)), mask="/a/mask.tif")
    moved = replace(scene, location="/elsewhere/yard.tif", mask="/b/mask.tif")
    assert key(scene) == key(moved)
    quads = yard(10, heading=0)
    here, there = (run(quads, scene=s)[0] for s in (scene, moved))
    assert here.scene == there.scene
    assert "/" not in here.scene.location


@pytest.mark.parametrize(("score", "in_sight"), [(0.5, True), (0.35, False)])
def test_i2_the_threshold_of_a_bare_card_changes_nothing_of_what_clouds_hide(score: float, in_sight: bool) -> None:
    picture = cloud_at(ground(), centre=(150.0, 120.0), radius_m=70.0)
    scene = Scene("bank", "/somewhere/bank.tif", Grid(picture.shape[:2], (0.5, 0.5)), (1, 2, 3), "uint8", part="bank")
    x, y = np.meshgrid(np.arange(220, 400, 30.0), np.arange(160, 340, 30.0))
    quads = quads_from_xywhr(np.column_stack([x.ravel(), y.ravel(), np.tile([24.0, 5.0, 0.0], (x.size, 1))]))

    class Even(Truth):
        def look(self, tile: Tile) -> Detections:
            found = super().look(tile)
            return replace(found, scores=np.full(len(found), score, np.float32))

    settings, parts = Settings(), []
    for threshold in (0.3, 0.45, 0.9):
        card = replace(CARD, threshold=threshold)
        work = work_on(scene, settings=settings, card=card)
        detector, reader, executor = Even(quads), HeldReader(picture), SerialExecutor()
        parts.append(detect_scene(work, reader=reader, detector=detector, card=card, settings=settings, executor=executor)[0])
    assert len({part.key for part in parts}) == 1
    assert len({part.seen.share.tobytes() for part in parts}) == 1
    assert len({part.notes for part in parts}) == 1
    assert (parts[0].seen.share.min() > 0) == in_sight


def test_i2_a_key_knows_all_that_changes_a_part() -> None:
    scene = scene_over(yard(10, heading=0))
    other = [
        key(scene, sha256="bb"),
        key(scene, settings=Settings(score_floor=0.1)),
        key(scene, settings=Settings(overlap_m=30)),
        key(scene, settings=Settings(careful=True)),
        key(scene, settings=Settings(tile_shift_m=(5.0, 0.0))),
        key(scene, card=replace(CARD, sha256="11")),
        key(scene, card=replace(CARD, runtime="onnx 1.32.0 fp32")),
        key(scene, card=replace(CARD, runtime="onnx 1.33.0 fp32")),
        key(replace(scene, bands=(3, 2, 1))),
        key(replace(scene, nodata=0.0)),
        key(replace(scene, id="other")),
        # The same file named otherwise is understood otherwise: zero is clear in a plain mask, no data in a classification.
        key(replace(scene, mask="/a/mask.tif")),
        key(replace(scene, mask="/a/mask_SCL.tif")),
    ]
    assert len({key(scene), *other}) == len(other) + 1
    same = [Settings(threshold=0.5), Settings(batch=8), Settings(read_ahead=5), Settings(min_observed=0.9)]
    assert {key(scene, settings=s) for s in same} == {key(scene)}
