"""Whole runs with scenes in worker processes: the same bytes as without, and a scene that kills its worker fails alone."""

import datetime as dt
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import rasterio

from sattrack import isolating, running
from sattrack.errors import SettingsError, StoreError, UsageError
from sattrack.readers.catalogues import signing
from sattrack.readers.catalogues.items import read_item
from sattrack.readers.remote.travels import TRAVELS
from sattrack.readers.settings_file import load_settings
from sattrack.results import ModelCard
from sattrack.settings import Settings
from sattrack.wiring import Model
from tests.catalogues import serving as catalogues
from tests.faults import misbehaving
from tests.test_running import EAST, WHOLE_RANGE, contents, finder, numbers, request, scene, statuses, three  # noqa: F401

# Dies of a block of white larger than any box.
_DEADLY = """
import os
import time
from scipy import ndimage
from finder_of_the_test import Bright


class Deadly(Bright):
    def look(self, pixels):
        bright = ndimage.find_objects(ndimage.label(pixels.mean(axis=2) > 180)[0])
        if any(y.stop - y.start > 40 and x.stop - x.start > 40 for y, x in bright):
            with open(os.environ["SEEN_TILES"] + ".deadly", "a") as log:
                log.write(f"{os.getpid()}\\n")
            if os.environ["DEATH"] == "hang":
                time.sleep(600)
            os.kill(os.getpid(), int(os.environ["DEATH"]))
        return super().look(pixels)
"""

# The servers of the test in the place of the Planetary Computer's, and in a worker an hour that has passed.
_LEAVING = """
import os
import re
from pathlib import Path
from finder_of_the_test import Bright
from sattrack.readers.catalogues import signing

signing.TOKENS_AT, signing._BLOB = os.environ["TOKENS_AT"], re.compile(os.environ["BLOB"])


class Leaving(Bright):
    def __init__(self):
        if os.getpid() != int(os.environ["PARENT"]):
            Path(os.environ["PASSED"]).touch()
"""


_WRONG = """
from finder_of_the_test import Bright


class Wrong(Bright):
    def look(self, pixels):
        return self.look_closely(pixels)

    def look_closely(self, pixels):
        raise ZeroDivisionError("a mistake")
"""

# A worker of it has a disk without room.
_FULL = """
import os
import resource
from finder_of_the_test import Bright


class Full(Bright):
    def __init__(self):
        if os.getpid() != int(os.environ["PARENT"]):
            resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
"""


def apart(**more: object) -> Settings:
    return Settings.model_validate({**WHOLE_RANGE.model_dump(), "workers": 2, **more})


@pytest.fixture
def deadly(finder: Path, monkeypatch: pytest.MonkeyPatch) -> Model:  # noqa: F811
    (finder / "deadly_of_the_test.py").write_text(_DEADLY)
    monkeypatch.setenv("DEATH", str(int(signal.SIGKILL)))
    return Model(detector="deadly_of_the_test:Deadly")


def poisoned(folder: Path) -> Path:
    three(folder)
    path = scene(folder / "a_deadly_2024-04-01.tif", seed=9)
    with rasterio.open(path, "r+") as file:
        pixels = file.read()
        pixels[:, 100:150, 100:150] = 250
        file.write(pixels)
    return folder


def test_i7_scenes_in_workers_leave_the_same_bytes_as_in_this_process(tmp_path: Path) -> None:
    three(tmp_path / "in")
    running.detect(request(tmp_path / "in", tmp_path / "here"))
    run = running.detect(request(tmp_path / "in", tmp_path / "apart", settings=apart()))
    assert contents(tmp_path / "here") == contents(tmp_path / "apart")
    assert list(numbers(run).values()) == [8, 6, 4]
    assert json.loads((tmp_path / "apart" / "timings.json").read_text())["port_2024-05-01"]["tiles"] == 9


@pytest.mark.parametrize("death", [signal.SIGKILL, signal.SIGSEGV])
def test_i6_c6_c7_a_scene_that_kills_its_worker_fails_alone_after_three_attempts(
    tmp_path: Path, deadly: Model, monkeypatch: pytest.MonkeyPatch, death: signal.Signals
) -> None:
    monkeypatch.setenv("DEATH", str(int(death)))
    running.detect(request(three(tmp_path / "good"), tmp_path / "good run", model=deadly))
    run = running.detect(request(poisoned(tmp_path / "in"), tmp_path / "run", model=deadly, settings=apart()))
    assert [status for _, status in sorted(statuses(run).items())] == ["failed", "done", "done", "done"]
    (failed,) = [outcome for outcome in run.index.outcomes if outcome.status == "failed"]
    assert "a_deadly_2024-04-01.tif" in failed.reason
    assert f"{death.name}), 3 times" in failed.reason
    assert len((tmp_path / "tiles.log.deadly").read_text().split()) == 3
    parts = contents(tmp_path / "run")
    assert all(parts[name] == made for name, made in contents(tmp_path / "good run").items() if name.startswith("parts"))


def test_d15_a_scene_that_takes_too_long_fails_alone(tmp_path: Path, deadly: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEATH", "hang")
    made = request(poisoned(tmp_path / "in"), tmp_path / "run", model=deadly, settings=apart(scene_seconds=20.0))
    run = running.detect(made)
    assert [status for _, status in sorted(statuses(run).items())] == ["failed", "done", "done", "done"]
    assert "longer than scene_seconds = 20 (give --scene-seconds more)" in run.index.outcomes[0].reason


@pytest.mark.usefixtures("finder")
def test_what_is_logged_of_a_scene_in_a_worker_is_heard_where_somebody_listens(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "wrong_of_the_test.py").write_text(_WRONG)
    monkeypatch.syspath_prepend(own)
    three(tmp_path / "in")
    asked = request(tmp_path / "in", tmp_path / "run", model=Model(detector="wrong_of_the_test:Wrong"), settings=apart())
    running.detect(asked)
    assert not caplog.records
    with caplog.at_level(logging.INFO):
        run = running.detect(asked)
    assert all("(-v shows where)" in outcome.reason for outcome in run.index.outcomes)
    assert [record.name for record in caplog.records] == ["sattrack.detectors.custom"] * 3
    assert all(record.message.startswith("the detector failed\nTraceback") for record in caplog.records)
    assert caplog.text.count("in look_closely\n") == 3


def test_i6_one_bad_file_costs_one_scene_in_workers_too(tmp_path: Path) -> None:
    three(tmp_path / "in")
    path = tmp_path / "in" / "port_2024-05-08.tif"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    here = running.detect(request(tmp_path / "in", tmp_path / "here"))
    there = running.detect(request(tmp_path / "in", tmp_path / "apart", settings=apart()))
    assert statuses(there) == statuses(here) == {
        "port_2024-05-01": "done", "port_2024-05-08": "failed", "port_2024-05-15": "done"
    }  # fmt: skip
    assert contents(tmp_path / "here") == contents(tmp_path / "apart")


def test_s10_a_signal_ends_the_run_and_its_workers_and_the_same_command_goes_on(
    tmp_path: Path, deadly: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEATH", "hang")
    poisoned(tmp_path / "in")
    options = tmp_path / "settings.yaml"
    options.write_text("low_percentile: 0\nhigh_percentile: 100\n")
    command = [
        sys.executable, "-m", "sattrack", "detect", str(tmp_path / "in"), "-o", str(tmp_path / "run"), "--no-report",
        "--detector", str(deadly.detector), "--config", str(options), "--workers", "2",
    ]  # fmt: skip
    # A shell's background jobs, and what nohup begins, ignore this signal, and hand that on.
    heard = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        parent = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, heard)
    log, until = tmp_path / "tiles.log.deadly", time.monotonic() + 300
    while not log.exists() or not log.read_text().strip():
        assert time.monotonic() < until
        assert parent.poll() is None
        time.sleep(0.05)
    parent.send_signal(signal.SIGINT)
    assert "interrupted" in parent.communicate(timeout=30)[1]
    assert parent.returncode == 130
    worker = int(log.read_text().split()[0])
    time.sleep(0.5)
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
    monkeypatch.setenv("DEATH", str(int(signal.SIGKILL)))
    again = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert again.returncode == 3
    assert "a_deadly_2024-04-01: its worker was killed (SIGKILL), 3 times" in again.stderr.replace("\n", " ")


def test_c10_workers_share_the_cores_and_o9_the_graphics_cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "9")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    made = [isolating._environment(number, apart(workers=3)) for number in range(3)]
    assert [one["OMP_NUM_THREADS"] for one in made] == ["3"] * 3
    assert [one["CUDA_VISIBLE_DEVICES"] for one in made] == ["4", "6", "4"]
    assert "CUDA_VISIBLE_DEVICES" not in isolating._environment(0, apart(device="cpu"))


def test_a_machine_that_computes_eight_bits_otherwise_than_where_they_were_looked_at_is_refused(tmp_path: Path) -> None:
    card = ModelCard("of the test", "00", ("container",), gsd_m=0.2, tile_px=640, threshold=0.25)
    start = isolating.Start(Model(backend="openvino-int8"), card, Settings(), tmp_path, instructions="another kind")
    with pytest.raises(UsageError, match=r"computes in 8 bits by \S+, .* by another kind: .*--backend openvino"):
        isolating.begin(start)
    with pytest.raises(StoreError, match="is not a run folder"):
        isolating.begin(replace(start, model=Model()))


def test_a_worker_that_finds_other_weights_at_the_path_is_refused_and_makes_no_part(
    tmp_path: Path, deadly: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolating.wiring, "open_part_store", lambda *_a, **_k: None)
    start = isolating.Start(deadly, isolating.wiring.card_of(deadly), Settings(), tmp_path)
    for other in (replace(start.card, sha256="00"), replace(start.card, runtime="openvino 2020.1 fp32")):
        with pytest.raises(UsageError, match=r"^custom:deadly\S+ .* was loaded on .*, and the run is of custom"):
            isolating.begin(replace(start, card=other))


@pytest.mark.parametrize("settings", [WHOLE_RANGE, apart()], ids=["here", "apart"])
def test_a_model_that_is_replaced_while_a_run_is_planned_makes_no_part_under_the_old_name(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "trained_of_the_test", raising=False)
    module = tmp_path / "code" / "trained_of_the_test.py"
    module.write_text('from finder_of_the_test import Bright\n\n\nclass Trained(Bright):\n    sha256 = ""\n')
    further = running.Listener(planned=lambda _planned: module.write_text(f"{module.read_text()}# trained further\n") and None)
    asked = request(three(tmp_path / "in"), tmp_path / "run", model=Model(detector="trained_of_the_test:Trained"))
    with pytest.raises(UsageError, match=r"was loaded on .*, and the run is of custom"):
        running.detect(replace(asked, settings=settings), listener=further)
    assert not list((tmp_path / "run").glob("parts/*.parquet"))


def test_workers_are_the_default_where_several_scenes_run_at_once_and_threads_where_one_does() -> None:
    assert not Settings().isolated
    assert Settings(workers=2).isolated
    assert Settings(executor="process").isolated
    with pytest.raises(SettingsError, match="executor thread looks at one scene at a time"):
        load_settings(None, given={"workers": 2, "executor": "thread"})


def test_what_is_asked_of_workers_does_not_change_a_part() -> None:
    assert apart().digest_fields((1, 99)) == WHOLE_RANGE.digest_fields((1, 99))


def test_d10_a_full_disk_ends_the_run_of_workers_as_it_ends_one_without(
    tmp_path: Path,
    finder: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (finder / "full_of_the_test.py").write_text(_FULL)
    monkeypatch.setenv("PARENT", str(os.getpid()))
    for n in range(6):
        scene(tmp_path / "in" / f"{n}.tif", seed=n)
    asked = request(tmp_path / "in", tmp_path / "run", model=Model(detector="full_of_the_test:Full"), settings=apart())
    with pytest.raises(StoreError, match="cannot be written"):
        running.detect(asked)
    left = running.open_run(tmp_path / "run")[0]
    assert any("6 of 6 scenes were not looked at" in note for note in left.index.notes)
    whole = replace(asked, model=Model(detector="finder_of_the_test:Bright"))
    assert {outcome.status for outcome in running.detect(whole).index.outcomes} == {"done"}


@pytest.mark.usefixtures("finder")
def test_what_workers_read_of_every_file_of_a_scene_is_told(tmp_path: Path) -> None:
    tiles = {f"t{n}.tif": scene(tmp_path / f"t{n}.tif", east=EAST + 160 * n).read_bytes() for n in range(2)}
    with misbehaving.serving(tiles) as files:
        places = [files.url("right", name) for name in tiles]
        rows = "".join(f"{place},port,2024-05-01T10:00:00Z\n" for place in places)
        (tmp_path / "both.csv").write_text(f"path,scene,datetime\n{rows}")
        settings = apart().allowing(["127.0.0.1"])
        run = running.detect(request(tmp_path / "both.csv", tmp_path / "run", settings=settings, allow_remote=True))
        assert [len(outcome.scene.pieces) for outcome in run.index.outcomes if outcome.scene] == [2]
        told = {one.place: one.read for one in TRAVELS.all()}
        assert told == {place: files.sent[place.removeprefix(f"http://127.0.0.1:{files.port}")] for place in places}
        (timings,) = json.loads((tmp_path / "run" / "timings.json").read_text()).values()
        assert (timings["read_bytes"], timings["of_bytes"]) == (sum(told.values()), sum(map(len, tiles.values())))


def test_n6_leave_to_read_that_ends_while_a_worker_is_at_work_is_asked_for_anew(
    tmp_path: Path,
    finder: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    passed, content = tmp_path / "passed", scene(tmp_path / "a.tif").read_bytes()

    def leased(to: misbehaving.Handler, asked: misbehaving.Asked, body: bytes, number: int) -> None:
        if asked.query == ("sig=second" if passed.exists() else "sig=first"):
            misbehaving.right(to, asked, body, number)
        else:
            to.answer(403, b"")

    monkeypatch.setitem(misbehaving.FAULTS, "leased", leased)
    (finder / "leaving_of_the_test.py").write_text(_LEAVING)
    with catalogues.serving() as tokens, misbehaving.serving({"a.tif": content}) as files:
        place, until = files.url("leased", "a.tif"), dt.datetime.now(dt.UTC) + dt.timedelta(minutes=45)
        known = {"TOKENS_AT": f"{tokens.base}/token", "BLOB": files.url("(leased)", r"(a)\.tif"), "PASSED": str(passed)}
        for name, value in {**known, "PARENT": str(os.getpid())}.items():
            monkeypatch.setenv(name, value)
        for name in ("_TOKENS", "_REFUSED", "_SIGNED"):
            monkeypatch.setattr(signing, name, {})
        monkeypatch.setattr(signing, "TOKENS_AT", known["TOKENS_AT"])
        monkeypatch.setattr(signing, "_BLOB", re.compile(known["BLOB"]))
        settings = apart(remote_tries=2).allowing(["127.0.0.1"])
        item = json.loads((catalogues.RECORDED / "planetary-computer/naip.json").read_text())
        for token in ("sig=first", "sig=second"):
            tokens.put("/token/leased/a", {"msft:expiry": f"{until:%Y-%m-%dT%H:%M:%SZ}", "token": token})
            if token == "sig=first":
                signing.sign(place, read_item(item, where="naip", base="/tmp"), limits=settings)
        model = Model(detector="leaving_of_the_test:Leaving")
        run = running.detect(request(place, tmp_path / "run", model=model, settings=settings, allow_remote=True))  # type: ignore[arg-type]
    assert list(numbers(run).values()) == [8], run.index.outcomes
    assert passed.exists()


def test_o5_more_workers_than_the_machine_can_hold_are_refused_from_python_too(tmp_path: Path) -> None:
    asked = request(tmp_path / "in", tmp_path / "run", settings=apart(workers=1000))
    with pytest.raises(UsageError, match="workers is 1000, but this machine lends"):
        running.detect(asked)
    assert not (tmp_path / "run").exists()
