from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sattrack import wiring
from sattrack.bench.peers import rounds
from sattrack.bench.peers.chart import peer_chart, write_peers
from sattrack.bench.peers.rivals import TOOLS
from sattrack.bench.peers.rounds import Contestant, bench_peers, contestants
from sattrack.bench.peers.telling import peer_lines, peer_table, peer_values
from sattrack.errors import DetectorError, UsageError
from sattrack.reports.canvas import Words
from sattrack.settings import Settings


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    there = {"ultralytics", "sahi", "supervision", "geodeep"}
    monkeypatch.setattr(rounds, "version_of", lambda name: "1.0" if name in there else None)
    monkeypatch.setattr(rounds, "missing_for", lambda _name, making=False: ())
    return there


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ours takes a second, others two, SAHI runs out of memory."""
    asked: list[str] = []

    def apart(call, *, where, most_s):
        name = call.get("tool", call["what"])
        asked.append(name)
        if name == "sahi":
            raise DetectorError("Unable to allocate 9.3 GiB", where=where)
        seconds = 1.0 if name == "run" else 2.0
        return {"wall_s": seconds, "cpu_s": 3 * seconds, "load_s": 0.5, "found": 90, "peak_bytes": 10**9, "more": 1}

    monkeypatch.setattr(rounds, "measured_apart", apart)
    monkeypatch.setattr(rounds, "make_picture", lambda folder, picture: folder / picture.name)
    monkeypatch.setattr(rounds, "true_boxes", lambda _picture: np.zeros((100, 4, 2)))
    engines = ("torch", "openvino", "openvino-int8", "onnx")
    monkeypatch.setattr(rounds, "_handed", lambda *_given: dict.fromkeys(engines, Path("m")))
    return asked


def compared(**options: Any) -> rounds.Comparison:
    return bench_peers(model=wiring.Model(), settings=Settings(), size=640, **options)


def test_every_tool_takes_part_with_each_engine_that_it_can_share(installed: set[str]) -> None:
    asked, left_out = contestants("openvino")
    assert left_out == ()
    assert asked[:2] == (Contestant("sattrack", "openvino"), Contestant("sattrack", "torch"))
    assert Contestant("sahi", "openvino") in asked
    assert [one.engine for one in asked if one.tool == "geodeep"] == ["onnx"]
    assert {one.tool for one in asked} == {"sattrack", *TOOLS}
    assert {one.engine for one in contestants("torch")[0]} == {"torch", "onnx"}
    eight = contestants("openvino-int8")[0]
    assert [one.engine for one in eight if one.tool == "sattrack"] == ["openvino-int8", "openvino", "torch"]
    assert [one.engine for one in eight if one.tool == "sahi"] == ["torch", "openvino-int8"]


def test_a_tool_that_is_not_there_is_left_out_and_named(installed: set[str]) -> None:
    installed -= {"sahi", "geodeep"}
    asked, left_out = contestants("torch")
    assert left_out == ("sahi", "geodeep")
    assert {one.tool for one in asked} == {"sattrack", "ultralytics", "supervision"}


def test_no_turn_of_ours_is_charged_for_an_export_that_is_made_on_first_use(
    installed: set[str], answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = wiring.card_of(wiring.Model())
    monkeypatch.setattr(wiring, "card_of", lambda model: answers.append(f"ready: {model.backend}") or real)
    bench_peers(model=wiring.Model(backend="openvino-int8"), settings=Settings(), size=640, rounds=1)
    first = answers.index("run")
    assert {"ready: openvino-int8", "ready: openvino", "ready: torch"} <= set(answers[:first])


def test_rounds_go_in_turn_and_who_failed_is_not_asked_again(installed: set[str], answers: list[str]) -> None:
    found = compared(rounds=2)
    assert answers == ["run", "ultralytics", "sahi", "supervision", "geodeep", "run", "ultralytics", "supervision", "geodeep"]
    by_tool = {result.contestant.tool: result for result in found.results}
    assert by_tool["sahi"].failed == "Unable to allocate 9.3 GiB"
    assert len(by_tool["supervision"].turns) == 2
    assert found.times_ours(by_tool["supervision"], lambda t: t.wall_s) == 2.0
    assert found.times_ours(by_tool["sahi"], lambda t: t.wall_s) is None
    head, rows = peer_table(found)
    assert rows[0] == ("sattrack", "torch", "1.0", "1.0", "3.0", "1.0", "1.00", "90", "-10.0 %")
    assert rows[2][2] == "failed"
    assert len(head) == len(rows[0])
    assert "failed: sahi by torch: Unable to allocate 9.3 GiB" in peer_lines(found)


def test_everything_is_told_and_drawn(installed: set[str], answers: list[str], tmp_path: Path) -> None:
    found = compared(rounds=1, only=["sahi", "geodeep"])
    values = peer_values(found)
    assert [row["tool"] for row in values["rows"]] == ["sattrack", "sahi", "geodeep"]
    assert values["rows"][1]["failed"]
    assert values["rows"][2]["count_error"] == pytest.approx(-0.1)
    words = [mark.text for mark in peer_chart(found).marks if isinstance(mark, Words)]
    assert "failed" in words
    assert "2.0 s, 2.0 x, count −10.0 %" in words
    assert [path.name for path in write_peers(found, tmp_path)] == ["peers.svg", "peers.png"]


def test_a_failure_of_ours_is_no_result(installed: set[str], answers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_call, *, where, most_s):
        raise DetectorError("no")

    monkeypatch.setattr(rounds, "measured_apart", broken)
    with pytest.raises(DetectorError, match="no"):
        compared(rounds=1)


def test_a_detector_of_ones_own_and_unknown_tools_are_refused(bright: str) -> None:
    with pytest.raises(UsageError, match="weights"):
        bench_peers(model=wiring.Model(detector=bright), settings=Settings())
    with pytest.raises(UsageError, match="mmdet"):
        compared(only=["mmdet"])
