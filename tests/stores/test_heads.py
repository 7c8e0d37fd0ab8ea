"""run.json by lines: what is written is read, and what is not ours line for line is left to the whole parser."""

import io
import json
from dataclasses import replace

import pytest

from sattrack.imagery import Grid, Scene
from sattrack.packed import Packed
from sattrack.results import SCHEMA_VERSION, ModelCard, RunIndex, SceneOutcome
from sattrack.stores.heads import lines_of, read_lines, version_at_the_front

_CARD = ModelCard("m", "0" * 64, ("container",), 0.5, 160, 0.3)


def index(scenes: int) -> RunIndex:
    outcomes = []
    for number in range(scenes):
        grid = Grid((10, 20), (0.5, 0.5), "EPSG:32652", (0.5, 0.0, -0.0, 0.0, -0.5, 1e6))
        scene = Scene(
            f"s{number}",
            f"/in/s{number}.tif",
            grid,
            (1, 2, 3),
            "float32",
            part=f"s{number}",
            sensor="Höhe\n",
            nodata=float("nan"),
        )
        outcomes.append(SceneOutcome(scene.id, scene.part, scene.location, "done", key=f"{number:040x}", scene=scene))
    return RunIndex(SCHEMA_VERSION, 0.3, "m", "detect", {}, {}, _CARD, tuple(outcomes))


@pytest.mark.parametrize("scenes", [0, 1, 3])
def test_what_is_written_is_read_line_by_line_and_is_json(scenes: int) -> None:
    written = b"".join(lines_of(index(scenes)))
    read = read_lines(io.BytesIO(written))
    assert read is not None
    assert len(read.outcomes) == scenes
    assert b"".join(lines_of(read)) == written
    assert len(json.loads(written)["outcomes"]) == scenes
    assert version_at_the_front(written[:200]) == SCHEMA_VERSION


def test_s14_scenes_that_were_read_are_packed() -> None:
    read = read_lines(io.BytesIO(b"".join(lines_of(index(100)))))
    assert read is not None
    assert isinstance(read.outcomes, Packed)
    assert [outcome.part for outcome in read.outcomes] == [f"s{number}" for number in range(100)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[:-1],
        lambda raw: raw + b"\n",
        lambda raw: raw.replace(b'"status"', b'"stated"'),
        lambda raw: raw.replace(b"},\n  {", b"}\n  {"),
        lambda raw: raw.replace(b' "outcomes": [\n', b' "outcomes":[\n'),
        lambda raw: raw.replace(b'"threshold": 0.3', b'"threshold": "x"'),
        lambda raw: b"",
    ],
)
def test_what_is_not_ours_line_for_line_is_left_to_the_whole_parser(spoil) -> None:
    written = b"".join(lines_of(index(3)))
    assert spoil(written) != written
    assert read_lines(io.BytesIO(spoil(written))) is None


def test_another_version_is_told_from_the_front() -> None:
    other = b"".join(lines_of(replace(index(1), schema_version="2")))
    assert version_at_the_front(other[:4096]) == "2"
    assert version_at_the_front(b'{"product": "another"}') is None
