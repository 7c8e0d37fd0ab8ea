"""Whole runs on a Ray cluster and in a bucket: the same bytes as in a folder, whatever is killed or frozen on the way."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import sattrack as st
from sattrack import running
from sattrack.cli.app import main
from sattrack.errors import StoreError, UsageError
from sattrack.executors import clusters
from sattrack.executors.joining import joined
from sattrack.results import SceneOutcome
from sattrack.running import Listener, Run
from sattrack.settings import Settings
from sattrack.stores.leases import leased
from sattrack.stores.locations import Location
from sattrack.stores.objects import Objects
from tests.buckets import Bucket, bucket, give_keys, s3_server  # noqa: F401
from tests.campaigns.actors import keepers, workers
from tests.test_running import BOXES, WHOLE_RANGE, contents, finder, numbers, outlines, request, rows, scene, statuses  # noqa: F401

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")


@pytest.fixture(scope="module")
def ray() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        give_keys(monkeypatch)  # actors have the environment in which their cluster was started
        with joined(workers=2, gpus=False) as found:
            yield found


def by_ray(**more: object) -> Settings:
    return Settings.model_validate({**WHOLE_RANGE.model_dump(), "executor": "ray", "workers": 2, **more})


def scenes(folder: Path, n: int) -> Path:
    for number in range(n):
        scene(folder / f"port_2024-05-{number + 1:02d}.tif", boxes=BOXES[: 1 + number % 8], seed=number)
    return folder


def there(bucket: Bucket) -> dict[str, bytes]:  # noqa: F811
    """What must not differ between runs, of the run in the bucket."""
    found = bucket.contents()
    return {name: found[name] for name in found if name.startswith("parts/") or name in ("counts.csv", "scenes.csv")}


def troubled(at: dict[int, Any]) -> Listener:
    """Does something to the run after so many scenes."""
    done: list[str] = []

    def ends(outcome: SceneOutcome) -> None:
        done.append(outcome.part)
        if len(done) in at:
            at[len(done)]()

    return Listener(scene_ends=ends)


def strike(pids: list[int], number: signal.Signals, struck: list[int]) -> None:
    os.kill(pids[0], number)
    struck.append(pids[0])


def test_i7_i6_c6_a_run_in_a_bucket_with_a_worker_killed_and_an_actor_frozen_ends_in_the_bytes_of_a_folder(
    ray: Any, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.setattr(clusters, "_ASK_S", 2.0)
    monkeypatch.setattr(clusters, "_THERE_S", 3.0)
    sites = outlines(tmp_path / "sites.geojson", (0, 0, 200, 200), (140, 140, 320, 320))
    here = running.detect(request(scenes(tmp_path / "in", 10), tmp_path / "here", sites=sites))
    struck: list[int] = []
    listener = troubled({
        2: lambda: strike(workers(), signal.SIGKILL, struck),
        4: lambda: strike(keepers(), signal.SIGSTOP, struck),
    })  # fmt: skip
    monkeypatch.setenv("SLOW_S", "0.3")
    asked = request(
        tmp_path / "in", tmp_path / "copy", sites=sites, at=bucket.at(), settings=by_ray()
    )  # fmt: skip
    run = running.detect(asked, listener=listener)
    assert len(struck) == 2
    assert set(statuses(run).values()) == {"done"}
    assert numbers(run) == numbers(here)
    assert there(bucket) == contents(tmp_path / "here")
    assert bucket.contents()["sites.json"] == (tmp_path / "here" / "sites.json").read_bytes()
    assert [outcome.part for outcome in run.index.outcomes] == [outcome.part for outcome in here.index.outcomes]


def test_d15_a_worker_that_is_frozen_is_ended_its_scene_fails_alone_and_the_same_call_makes_it_good(
    ray: Any, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    running.detect(request(scenes(tmp_path / "in", 5), tmp_path / "here"))
    struck: list[int] = []
    monkeypatch.setenv("SLOW_S", "0.3")
    settings = by_ray(scene_seconds=5.0, workers=1)

    def detected(listener: Listener) -> Run:
        asked = request(tmp_path / "in", tmp_path / "copy", at=bucket.at(), settings=settings)
        return running.detect(asked, listener=listener)

    run = detected(troubled({1: lambda: strike(workers(), signal.SIGSTOP, struck)}))
    (failed,) = [outcome for outcome in run.index.outcomes if outcome.status == "failed"]
    assert "longer than scene_seconds = 5 (give --scene-seconds more)" in failed.reason
    assert sum(outcome.status == "done" for outcome in run.index.outcomes) == 4
    with pytest.raises(ProcessLookupError):
        os.kill(struck[0], 0)
    again = detected(Listener())
    assert set(statuses(again).values()) == {"done"}
    assert there(bucket) == contents(tmp_path / "here")


def test_i7_a_run_in_a_folder_by_ray_leaves_the_same_bytes_as_in_this_process(ray: Any, tmp_path: Path) -> None:
    running.detect(request(scenes(tmp_path / "in", 3), tmp_path / "here"))
    seen: list[int] = []
    asked = request(tmp_path / "in", tmp_path / "apart", settings=by_ray())
    run = running.detect(asked, listener=Listener(tiles_done=seen.append))
    assert contents(tmp_path / "here") == contents(tmp_path / "apart")
    assert seen == [9, 9, 9]
    assert json.loads((tmp_path / "apart" / "timings.json").read_text())[run.index.outcomes[0].part]["tiles"] == 9


def test_i2_in_a_bucket_only_what_is_new_is_done_and_by_one_process_at_a_time(bucket: Bucket, tmp_path: Path) -> None:  # noqa: F811
    scenes(tmp_path / "in", 2)

    def detected(copy: str) -> Run:
        return running.detect(request(tmp_path / "in", tmp_path / copy, at=bucket.at()))

    log = tmp_path / "tiles.log"
    detected("first")
    assert log.stat().st_size == 18
    scene(tmp_path / "in" / "port_2024-05-09.tif", seed=9)
    detected("second")
    assert log.stat().st_size == 27
    running.detect(request(tmp_path / "in", tmp_path / "here"))
    assert there(bucket) == contents(tmp_path / "here")
    with leased(bucket.objects()), pytest.raises(StoreError, match=rf"s3://{bucket.name}/run: another sattrack writes"):
        detected("third")


def test_memory_is_a_place_for_this_process_alone(tmp_path: Path) -> None:
    pytest.importorskip("fsspec").filesystem("memory").store.clear()
    place = "memory://a run"
    scenes(tmp_path / "in", 1)
    words = {"detector": "finder_of_the_test:Bright", "settings": {"low_percentile": 0, "high_percentile": 100}}
    run = st.detect(str(tmp_path / "in"), out=place, **words)
    assert len(run.counts) == 1
    pulled = st.pull(place, to=tmp_path / "pulled")
    assert [count.count for count in st.count(pulled).counts] == [count.count for count in run.counts]
    assert (pulled / "report.html").read_text().startswith("<!DOCTYPE html>")
    with pytest.raises(UsageError, match="workers cannot write there"):
        st.detect(str(tmp_path / "in"), out=place, detector="finder_of_the_test:Bright", settings=by_ray())


def test_i1_of_a_run_that_was_stopped_no_earlier_counts_and_no_earlier_page_are_pulled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("fsspec").filesystem("memory").store.clear()
    asked = request(scenes(tmp_path / "in", 2), tmp_path / "first", at=Location("memory", "run"))

    def page(run: Run) -> None:
        (run.folder / "report.html").write_text("the page")

    running.detect(asked, finish=page)
    st.pull("memory://run", to=tmp_path / "pulled")
    assert (tmp_path / "pulled" / "report.html").read_text() == "the page"
    first = contents(tmp_path / "pulled")
    scenes(tmp_path / "in", 3)
    scene(tmp_path / "in" / "port_2024-05-01.tif", boxes=BOXES[:5], seed=1)  # another number now

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        running.detect(replace(asked, out=tmp_path / "second"), listener=troubled({2: stop}))
    assert Objects(Location("memory", "run")).get("counts.csv") == first["counts.csv"]
    capsys.readouterr()
    assert main(["pull", "memory://run", str(tmp_path / "pulled")]) == 0
    said = capsys.readouterr().err
    assert "note: the run was stopped: 1 of 3 scenes was not looked at" in said
    assert "note: counts.csv there is not of this run, which was stopped or is at work: it is counted here" in said
    assert "note: report.html there is not of this run and was left out" in said
    assert not (tmp_path / "pulled" / "report.html").exists()
    done = {one.scene_id for one in running.open_run(tmp_path / "pulled")[0].index.outcomes}
    assert len(done) == 2
    assert {row["scene_id"] for row in rows(tmp_path / "pulled" / "counts.csv")} == done
    assert contents(tmp_path / "pulled")["counts.csv"] != first["counts.csv"]


def test_i1_no_page_of_an_earlier_run_stays_in_a_bucket_beside_the_counts_of_now(tmp_path: Path) -> None:
    pytest.importorskip("fsspec").filesystem("memory").store.clear()
    asked = request(scenes(tmp_path / "in", 2), tmp_path / "first", at=Location("memory", "run"))
    running.detect(asked, finish=lambda run: (run.folder / "report.html").write_text("of two scenes"))
    scenes(tmp_path / "in", 3)
    running.detect(replace(asked, out=tmp_path / "second"))
    assert Objects(Location("memory", "run")).find("report.html") is None
    st.pull("memory://run", to=tmp_path / "pulled")
    assert not (tmp_path / "pulled" / "report.html").exists()
    running.detect(
        replace(asked, out=tmp_path / "third"), finish=lambda run: (run.folder / "report.html").write_text("of three")
    )
    assert Objects(Location("memory", "run")).get("report.html") == b"of three"


def test_c9_who_lost_its_hold_puts_no_page(tmp_path: Path) -> None:
    pytest.importorskip("fsspec").filesystem("memory").store.clear()
    at = Location("memory", "run")
    objects = Objects(at)
    scenes(tmp_path / "in", 1)

    def followed(run: Run) -> None:
        (run.folder / "report.html").write_text("older")
        objects.put("lock/000000002", b"{}")
        objects.put("report.html", b"of now")

    with pytest.raises(StoreError, match="the hold on the run was lost"):
        running.detect(request(tmp_path / "in", tmp_path / "second", at=at), finish=followed)
    assert objects.get("report.html") == b"of now"


def sattrack(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    command = [sys.executable, "-m", "sattrack", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, env={**clean, **environment})


def test_h11_o12_the_commands_of_a_run_in_a_bucket_and_no_key_is_ever_written(bucket: Bucket, tmp_path: Path) -> None:  # noqa: F811
    inside = str(scenes(tmp_path / "in", 3))
    options = tmp_path / "settings.yaml"
    options.write_text("low_percentile: 0\nhigh_percentile: 100\n")
    place = f"s3://{bucket.name}/ports/rajin"
    own = ["--detector", "finder_of_the_test:Bright", "--config", str(options), "--store-endpoint", bucket.endpoint]
    made = sattrack("detect", inside, "-o", place, *own, "--executor", "ray", "--workers", "2", "--json")
    assert made.returncode == 0, made.stderr
    said = json.loads(made.stdout)
    assert said["run"] == place
    assert said["report"] == f"{place}/report.html"
    found = bucket.contents("ports")
    assert sorted(name for name in found if "/parts/" not in f"/{name}") == [
        "rajin/counts.csv", "rajin/lock/000000001", "rajin/report.html", "rajin/run.json", "rajin/scenes.csv",
        "rajin/sites.json", "rajin/timings.json",
    ]  # fmt: skip
    told = made.stdout + made.stderr + "".join(content.decode(errors="replace") for content in found.values())
    for secret in ("not-to-be-told", "an id", "RAY_AUTH"):
        assert secret not in told
    again = sattrack("detect", inside, "-o", place, *own, "-v")
    assert "report: " + place in again.stdout
    pulled = str(tmp_path / "pulled")
    assert sattrack("pull", place, pulled, AWS_ENDPOINT_URL=bucket.endpoint).returncode == 0
    local = sattrack("detect", inside, "-o", str(tmp_path / "here"), *own[:4])
    assert local.returncode == 0, local.stderr
    assert contents(Path(pulled)) == contents(tmp_path / "here")
    assert sattrack("count", pulled, "--threshold", "0.5").returncode == 0
    assert sattrack("export", pulled, "-f", "csv", "-o", str(tmp_path / "boxes.csv")).returncode == 0


def test_o12_a_process_that_was_killed_leaves_a_run_that_goes_on_to_the_same_bytes(bucket: Bucket, tmp_path: Path) -> None:  # noqa: F811
    inside = str(scenes(tmp_path / "in", 6))
    running.detect(request(tmp_path / "in", tmp_path / "here"))
    options = tmp_path / "settings.yaml"
    options.write_text("low_percentile: 0\nhigh_percentile: 100\n")
    words = [
        "detect", inside, "-o", f"s3://{bucket.name}/run", "--detector", "finder_of_the_test:Bright", "--config", str(options),
        "--store-endpoint", bucket.endpoint, "--no-report",
    ]  # fmt: skip
    started = subprocess.Popen([sys.executable, "-m", "sattrack", *words], env={**os.environ, "SLOW_S": "0.5"})
    until = time.monotonic() + 120
    while not [name for name in bucket.contents() if name.startswith("parts/")]:
        assert time.monotonic() < until
        time.sleep(0.1)
    started.kill()
    started.wait()
    assert len(there(bucket)) < 8
    early = sattrack(*words)
    assert early.returncode == 1
    assert "another sattrack writes into this run: process" in early.stderr
    for name in bucket.objects().names("lock"):  # as if its time were up
        said = json.loads(bucket.objects().get(f"lock/{name}"))
        bucket.objects().put(f"lock/{name}", json.dumps({**said, "until": "2024-01-01T00:00:00+00:00"}).encode())
    done = sattrack(*words)
    assert done.returncode == 0, done.stderr
    assert there(bucket) == contents(tmp_path / "here")


def test_s10_o12_a_signal_ends_a_run_on_a_cluster_of_its_own_with_all_that_it_started(tmp_path: Path) -> None:
    import psutil

    inside = str(scenes(tmp_path / "in", 20))
    words = ["detect", inside, "-o", str(tmp_path / "run"), "--detector", "finder_of_the_test:Bright", "--no-report"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    # Tests begun in the background of a shell inherit that Ctrl-C is ignored, and what is ignored stays so.
    heeding = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); from sattrack.cli.app import main; main()"
    started = subprocess.Popen(
        [sys.executable, "-c", heeding, *words, "--executor", "ray"], stderr=subprocess.PIPE, text=True,
        env={**clean, "SLOW_S": "0.5"},
    )  # fmt: skip
    until = time.monotonic() + 120
    while not list((tmp_path / "run").glob("parts/*.parquet")):
        assert time.monotonic() < until
        time.sleep(0.1)
    below = psutil.Process(started.pid).children(recursive=True)
    assert len(below) > 4
    began = time.monotonic()
    started.send_signal(signal.SIGINT)
    assert "interrupted" in started.communicate(timeout=30)[1]
    assert started.returncode == 130
    assert time.monotonic() - began < 5
    _, alive = psutil.wait_procs(below, timeout=10)
    assert [one for one in alive if one.status() != psutil.STATUS_ZOMBIE] == []
