"""The parts of a run: read when they are asked for, a few of them kept, and counted scene by scene."""

from dataclasses import replace
from pathlib import Path

import pytest

from sattrack import running
from sattrack.count_rows import each_scene
from sattrack.errors import StoreError
from sattrack.packed import Packed
from sattrack.reopening import reopen
from sattrack.results import SceneOutcome, acquisitions, scenes_of
from sattrack.run_parts import RunParts
from sattrack.stores.folder import RunFolder
from tests.campaigns.many import write_run


class Counting(RunFolder):
    """Counts how often a part is read."""

    read = 0

    def get(self, key: str):
        self.read += 1
        return super().get(key)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("many") / "run", 40, boxes=6)


def test_s14_opening_a_run_reads_no_part_and_asking_reads_one(run: Path) -> None:
    store = Counting(run, create=False)
    parts = RunParts(store, store.read_index())
    assert (len(parts), len(scenes_of(parts)), len(acquisitions(parts)), store.read) == (40, 40, 40, 0)
    assert parts["port_0000003"].scene.location == "/pictures/port_0000003.tif"
    assert parts["port_0000003"] is parts["port_0000003"]
    assert store.read == 1


def test_scenes_and_their_files_are_as_if_each_part_had_been_read(run: Path) -> None:
    store = RunFolder(run, create=False)
    index = store.read_index()
    outcomes = [
        # Every third is a file of the scene before it, some bad ones stand between, and one scene is known to its part alone.
        replace(one, scene=replace(one.scene, id=id_of(number))) if number != 7 else replace(one, scene=None)
        for number, one in enumerate(index.outcomes)
    ]
    bad = SceneOutcome("bad", "bad", "/pictures/bad.tif", "failed")
    parts = RunParts(store, replace(index, outcomes=Packed([bad, *outcomes[:20], bad, *outcomes[20:]])))
    read = {name: parts[name] for name in parts}
    assert dict(scenes_of(parts)) == scenes_of(read)
    assert list(acquisitions(parts).items()) == list(acquisitions(read).items())
    assert (len(acquisitions(parts)), parts.number("port_0000000"), parts.number("port_0000020")) == (28, 1, 22)
    assert ("port_0000003" in parts, "bad" in parts, "nowhere" in acquisitions(parts)) == (True, False, False)
    for ask in (parts.__getitem__, scenes_of(parts).__getitem__, acquisitions(parts).__getitem__):
        with pytest.raises(KeyError):
            ask("bad")


def id_of(number: int) -> str:
    return f"scene {number - 1 if number % 3 == 2 else number}"


def test_s14_only_so_many_bytes_of_parts_are_kept(run: Path) -> None:
    store = Counting(run, create=False)
    parts = RunParts(store, store.read_index(), kept_bytes=50_000)
    for _ in each_scene(parts):
        assert len(parts._kept) <= 6
    assert store.read == 40
    assert list(parts._kept) == list(parts)[-len(parts._kept) :]


def test_s14_a_count_that_reads_scene_by_scene_is_that_of_all_at_once(run: Path) -> None:
    found = running.recount(run)
    opened, parts = running.open_run(run)
    assert found.counts == opened.counts == running.count_all(
        dict(parts.items()), opened.index.outcomes, sites=opened.sites, card=opened.index.card,
        rule=running_rule(opened.index),
    )  # fmt: skip
    assert {count.count for count in found.counts} != {None}
    assert sum(outcome.counted for outcome in found.index.outcomes) == sum(count.count or 0 for count in found.counts)


def running_rule(index):
    from sattrack.reopening import rule_of
    from sattrack.settings import Settings

    return rule_of(index, Settings.model_validate(index.settings))


def test_s8_a_part_that_is_gone_is_named_when_it_is_asked_for(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", 3, boxes=1)
    opened = reopen(run)
    (run / "parts" / f"{opened.index.outcomes[1].key}.parquet").unlink()
    with pytest.raises(StoreError, match=r"cannot be read.*run detect again"):
        assert opened.counts
