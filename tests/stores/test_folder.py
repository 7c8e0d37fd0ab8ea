import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely

from sattrack.detections import Detections
from sattrack.errors import StoreError
from sattrack.geometry import quads_from_xywhr
from sattrack.imagery import Grid, Scene, Stretch
from sattrack.results import SCHEMA_VERSION, ModelCard, Part, RunIndex, SceneOutcome, Seen
from sattrack.stores.folder import RunFolder
from sattrack.writing import whole_file, write_whole

CARD = ModelCard("m-1", "ab" * 32, ("container",), 0.2, 640, 0.25, measured=({"precision": 0.9, "recall": 0.8},))
SCENE = Scene(
    "day", "a.tif", Grid((400, 600), (0.5, 0.25), "EPSG:32652", (0.5, 0.0, 5e5, 0.0, -0.25, 4.7e6)), (1, 2, 3), "uint8",
    part="a", acquired=dt.datetime(2024, 10, 19, 2, 5, tzinfo=dt.UTC), sensor="WV-2", notes=("a note",),
)  # fmt: skip

KEY, OTHER = "ab01" * 10, "cd02" * 10
STRETCH = Stretch((1.0, 1.0, 1.0), (200.5, 201.0, 202.0))


def part(n: int = 5, *, key: str = KEY, scene: Scene = SCENE) -> Part:
    rng = np.random.default_rng(n)
    found = Detections(
        quads_from_xywhr(np.column_stack([rng.uniform(0, 400, (n, 2)), np.full(n, 24.0), np.full(n, 5.0), rng.random(n)])),
        rng.random(n).astype(np.float32), np.zeros(n, np.int32), cap_hit=True,
    )  # fmt: skip
    seen = Seen(rng.integers(0, 256, (40, 60)).astype(np.uint8), (10.0, 10.0))
    return Part(key, scene, "cd" * 32, found, seen, STRETCH, CARD, "cpu", 4, 1, dropped=2, notes=("x",))


def index(**changes: object) -> RunIndex:
    outcome = SceneOutcome("day", "a", "/data/a.tif", "done", key=KEY, scene=SCENE, boxes=5)
    made = RunIndex(SCHEMA_VERSION, 0.25, "m-1", "sattrack detect", {"batch": 4}, {"python": "3.11"}, CARD, (outcome,))
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [0, 1, 500])
def test_what_is_put_is_what_is_got(tmp_path: Path, n: int) -> None:
    store, put = RunFolder(tmp_path / "run"), part(n)
    assert not store.has(KEY)
    store.put(KEY, put)
    assert store.has(KEY)
    got = store.get(KEY)
    for a, b in ((put.detections.quads, got.detections.quads), (put.seen.share, got.seen.share)):
        assert np.array_equal(a, b)
    assert np.array_equal(put.detections.scores, got.detections.scores)
    assert np.array_equal(put.detections.labels, got.detections.labels)
    assert (got.detections.scores.dtype, got.detections.labels.dtype) == (np.float32, np.int32)
    for name in ("key", "scene", "sha256", "stretch", "card", "device", "tiles", "tiles_skipped", "dropped", "notes"):
        assert getattr(put, name) == getattr(got, name)
    assert got.detections.cap_hit
    assert got.seen.cell == put.seen.cell
    assert [path.stem for path in (store.root / "parts").glob("[!.]*.parquet")] == [KEY]


def test_a_part_is_a_parquet_file_that_others_can_read(tmp_path: Path) -> None:
    store = RunFolder(tmp_path)
    store.put(KEY, part(3))
    table = pq.read_table(tmp_path / "parts" / f"{KEY}.parquet")
    assert {"px_x1", "px_y4", "confidence", "class_id"} <= set(table.column_names)
    assert table.num_rows == 3


def test_a_part_is_geoparquet_in_the_scenes_own_crs(tmp_path: Path) -> None:
    store, put = RunFolder(tmp_path), part(3)
    store.put(KEY, put)
    table = pq.read_table(tmp_path / "parts" / f"{KEY}.parquet")
    geo = json.loads(table.schema.metadata[b"geo"])
    assert geo["columns"]["geometry"]["crs"]["id"] == {"authority": "EPSG", "code": 32652}
    found = shapely.get_coordinates(shapely.from_wkb(table["geometry"].to_pylist())).reshape(3, 5, 2)
    assert found[:, :4] == pytest.approx(SCENE.grid.to_ground(put.detections.quads))
    plain = replace(SCENE, grid=Grid((400, 600), (0.5, 0.5)))
    store.put(OTHER, part(3, key=OTHER, scene=plain))
    assert b"geo" not in pq.read_schema(tmp_path / "parts" / f"{OTHER}.parquet").metadata


def test_i2_the_same_part_twice_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        RunFolder(tmp_path / name).put(KEY, part())
    assert (tmp_path / f"a/parts/{KEY}.parquet").read_bytes() == (tmp_path / f"b/parts/{KEY}.parquet").read_bytes()


def test_m8_a_scene_whose_nodata_is_nan_can_be_stored(tmp_path: Path) -> None:
    store = RunFolder(tmp_path)
    floats = replace(SCENE, nodata=float("nan"), dtype="float32")
    store.put(KEY, part(scene=floats))
    assert np.isnan(store.get(KEY).scene.nodata or 0)
    store.write_index(index(outcomes=(SceneOutcome("day", "a", "a.tif", "done", scene=floats),)))
    assert np.isnan(store.read_index().outcomes[0].scene.nodata)  # type: ignore[union-attr, arg-type]
    json.loads((tmp_path / "run.json").read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "one byte", "html", "renamed", "plain"])
def test_s8_a_damaged_or_foreign_part_counts_as_absent(tmp_path: Path, damage: str) -> None:
    store = RunFolder(tmp_path)
    store.put(KEY, part(50))
    path = tmp_path / "parts" / f"{KEY}.parquet"
    whole = path.read_bytes()
    if damage == "renamed":
        path = path.rename(path.with_name(f"{OTHER}.parquet"))
    elif damage == "plain":
        pq.write_table(pq.read_table(path).replace_schema_metadata(None), path)
    else:
        middle = len(whole) // 2
        flipped = whole[:middle] + bytes(255 - b for b in whole[middle:])
        one = whole[:300] + bytes([whole[300] ^ 1]) + whole[301:]
        written = {"empty": b"", "cut": whole[:middle], "flipped": flipped, "one byte": one, "html": b"<html>"}
        path.write_bytes(written[damage])
    assert not store.has(path.stem)
    with pytest.raises(StoreError, match="the part cannot be read"):
        store.get(path.stem)


@pytest.mark.parametrize("key", ["../../elsewhere", "/etc/passwd", "", "k1", KEY + "\n", KEY.upper(), "\u0661" * 40, KEY + "0"])
def test_h14_a_run_that_names_other_files_as_its_parts_is_refused(tmp_path: Path, key: str) -> None:
    store = RunFolder(tmp_path / "run")
    for name in (key, f"../{key}"):
        with pytest.raises(StoreError, match=r"run\.json: names the part .* 40 hexadecimal digits"):
            store.get(name)


def test_an_index_comes_back_as_it_was(tmp_path: Path) -> None:
    store, said = RunFolder(tmp_path), index(created=dt.datetime(2025, 1, 1, tzinfo=dt.UTC), notes=("n",))
    store.write_index(said)
    assert store.read_index() == said
    raw = json.loads((tmp_path / "run.json").read_text())
    assert (raw["threshold"], raw["model_id"], raw["schema_version"]) == (0.25, "m-1", SCHEMA_VERSION)


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize("said", ['{"schema_version": "99"}', '{"name": "of another program"}', "[1, 2]"])
def test_s7_o6_a_folder_of_another_version_or_program_is_refused(tmp_path: Path, said: str, create: bool) -> None:
    (tmp_path / "run.json").write_text(said)
    with pytest.raises(StoreError, match="schema version"):
        RunFolder(tmp_path, create=create)
    assert (tmp_path / "run.json").read_text() == said


def test_s8_a_damaged_index_is_an_error_to_count_but_not_to_detect_again(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"schema_version": "1", "thres')
    with pytest.raises(StoreError, match="run detect again"):
        RunFolder(tmp_path, create=False).read_index()
    RunFolder(tmp_path, create=True).write_index(index())
    assert RunFolder(tmp_path, create=False).read_index() == index()


def test_o6_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="not a run folder"):
        RunFolder(tmp_path, create=False)
    with pytest.raises(StoreError, match="not a run folder"):
        RunFolder(tmp_path / "nowhere", create=False)


def test_s8_a_run_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("x")
    with pytest.raises(StoreError, match="cannot be made or written"):
        RunFolder(tmp_path / "run")


def test_o10_a_read_only_folder_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts").chmod(0o555)
    if os.access(tmp_path / "parts", os.W_OK):
        pytest.skip("this user may write anywhere")
    with pytest.raises(StoreError, match="cannot be made or written"):
        RunFolder(tmp_path)


def test_o10_a_probe_says_that_a_folder_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    with pytest.raises(StoreError, match="Read-only file system"):
        RunFolder(tmp_path)


def test_d10_a_full_disk_is_said_and_the_old_file_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    write_whole(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["run.json"]


def test_s12_a_folder_that_is_gone_is_said(tmp_path: Path) -> None:
    store = RunFolder(tmp_path / "run")
    (tmp_path / "run" / "parts").rmdir()
    with pytest.raises(StoreError, match="cannot be written"):
        store.put(KEY, part())


def test_s4_only_what_nobody_writes_any_more_is_swept(tmp_path: Path) -> None:
    RunFolder(tmp_path)
    places = [tmp_path / "parts" / f".{KEY}.a1b2c3d_.tmp", tmp_path / ".run.json.abcdefgh.tmp"]
    fresh = tmp_path / "parts" / f".{OTHER}.abcdefgh.tmp"
    for path in (*places, fresh):
        path.write_bytes(b"half")
    for path in places:
        os.utime(path, (time.time() - 7200,) * 2)
    store = RunFolder(tmp_path)
    assert [path.exists() for path in (*places, fresh)] == [False, False, True]
    assert [path.stem for path in (store.root / "parts").glob("[!.]*.parquet")] == []


@pytest.mark.parametrize("name", [f"parts/{KEY}.parquet", "run.json", "alerts.geojson", "report.html"])
def test_s4_what_is_swept_is_called_as_drafts_are(tmp_path: Path, name: str) -> None:
    RunFolder(tmp_path)
    with whole_file(tmp_path / name) as draft:
        draft.write_bytes(b"half")
        os.utime(draft, (time.time() - 7200,) * 2)
        RunFolder(tmp_path)
        assert not draft.exists()
        draft.write_bytes(b"whole")


def test_s4_what_other_programs_keep_under_such_names_stays(tmp_path: Path) -> None:
    theirs = [tmp_path / name for name in (".report.tmp", ".run.json.tmp", ".notes.abcdefgh.tmp", "parts/.a.abcdefgh.tmp")]
    early = tmp_path / ".run.json.abcdefgh.tmp"  # like ours, but nothing of ours was there
    (tmp_path / "parts").mkdir()
    for path in (*theirs, early):
        path.write_bytes(b"theirs")
        os.utime(path, (time.time() - 7200,) * 2)
    (tmp_path / "parts").rename(tmp_path / "aside")
    RunFolder(tmp_path)
    assert early.exists()
    (tmp_path / "parts").rmdir()
    (tmp_path / "aside").rename(tmp_path / "parts")
    RunFolder(tmp_path)
    assert [path.exists() for path in theirs] == [True] * 4


_WRITER = """
import sys
from pathlib import Path
from sattrack.writing import whole_file, write_whole
path = Path(sys.argv[1])
while True:
    for letter in b"ab":
        write_whole(path, bytes([letter]) * 3_000_000)
        print("x", flush=True)
"""


def test_s2_a_process_killed_while_it_writes_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "part"
    for wait in (0.0, 0.003, 0.007, 0.013):
        with subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.read(2)
            time.sleep(wait)
            writer.send_signal(signal.SIGKILL)
        content = path.read_bytes()
        assert len(content) == 3_000_000
        assert len(set(content)) == 1
