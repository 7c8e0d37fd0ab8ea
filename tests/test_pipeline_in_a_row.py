"""Scenes one after another through one detector: the parts of each alone, and one bad scene costs one scene."""

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sattrack.detections import Detections
from sattrack.errors import DetectorError, SceneError
from sattrack.executors.threads import SerialExecutor, ThreadExecutor
from sattrack.imagery import Batch, Scene, Window
from sattrack.pipeline import Ended, Work, detect_scenes
from sattrack.settings import Settings
from sattrack.stores.folder import RunFolder
from tests.test_pipeline import CARD, GSD, Ground, Truth, scene_over, work_on, yard

SETTINGS = Settings(tile_cap=100_000, batch=2)
QUADS = yard(600, heading=17)


def works(n: int) -> list[Work]:
    scene = scene_over(QUADS)
    named = [Scene(f"s{i}", f"/somewhere/s{i}.tif", scene.grid, (1, 2, 3), "uint8", part=f"s{i}") for i in range(n)]
    return [work_on(one, settings=SETTINGS, sha256=one.id) for one in named]


class Ahead(Truth):
    """Draws a batch more than it answers, as a network in threads of its own does; refuses tiles of some batches."""

    def __init__(self, *, breaks_at: Sequence[int] = ()) -> None:
        super().__init__(QUADS / GSD)
        self.breaks_at, self.answered = breaks_at, 0

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        drawn = iter(batches)
        waiting = [batch for _, batch in zip(range(2), drawn, strict=False)]
        while waiting:
            self.answered += 1
            if self.answered in self.breaks_at:
                raise DetectorError("the network failed")
            yield [self.look(tile) for tile in waiting.pop(0).tiles]
            waiting += [batch for _, batch in zip(range(1), drawn, strict=False)]


def ended(
    made: Iterable[Work], *, detector: Truth, reader: Ground | None = None, workers: int = 1, settings: Settings = SETTINGS
) -> list[Ended]:
    executor = ThreadExecutor(workers=workers, ahead=8) if workers else SerialExecutor()
    return list(
        detect_scenes(
            made, reader=reader or Ground(), detector=detector, card=CARD, settings=settings, executor=executor
        )
    )  # fmt: skip


def stored(found: Iterable[Ended], at: Path) -> dict[str, bytes]:
    folder = RunFolder(at)
    for one in found:
        if one.part:
            folder.put(one.work.key, one.part)
    return {path.name: path.read_bytes() for path in (at / "parts").iterdir()}


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_i7_scenes_in_a_row_leave_the_bytes_of_each_alone(tmp_path: Path, workers: int) -> None:
    together = ended(works(4), detector=Ahead(), workers=workers)
    assert [one.work.scene.id for one in together] == ["s0", "s1", "s2", "s3"]
    alone = [one for work in works(4) for one in ended([work], detector=Truth(QUADS / GSD), workers=0)]
    assert stored(together, tmp_path / "together") == stored(alone, tmp_path / "alone")
    assert len(list((tmp_path / "alone" / "parts").iterdir())) == 4


def test_no_batch_holds_tiles_of_two_scenes_and_the_first_of_each_says_so() -> None:
    sizes: list[tuple[int, bool]] = []

    class Counts(Ahead):
        def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
            def seen() -> Iterator[Batch]:
                for batch in batches:
                    sizes.append((len(batch.tiles), batch.begins))
                    yield batch

            yield from super().detect(seen())

    made = works(3)
    assert len(made[0].cells) == 4
    ended(made, detector=Counts(), settings=SETTINGS.model_copy(update={"batch": 3}))
    assert sizes == [(3, True), (1, False)] * 3


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("bad", ["s0", "s1", "s3"])
def test_i6_a_scene_that_cannot_be_read_costs_itself(tmp_path: Path, workers: int, bad: str) -> None:
    class Torn(Ground):
        def read(self, scene: Scene, window: Window, out_shape: tuple[int, int]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
            if scene.id == bad and window.row > 0:
                raise SceneError("the pixels cannot be read", where=scene.location)
            return super().read(scene, window, out_shape)

    found = ended(works(4), detector=Ahead(), reader=Torn(), workers=workers)
    assert [one.work.scene.id for one in found if one.error] == [bad]
    good = ended([work for work in works(4) if work.scene.id != bad], detector=Ahead())
    assert stored(found, tmp_path / "a") == stored(good, tmp_path / "b")


def test_i6_a_detector_that_fails_costs_the_scene_it_was_at_and_those_behind_begin_again(tmp_path: Path) -> None:
    per_scene = -(-len(works(1)[0].cells) // 2)
    found = ended(works(4), detector=Ahead(breaks_at=[per_scene + 1]))
    assert [(one.work.scene.id, bool(one.error)) for one in found] == [
        ("s0", False),
        ("s1", True),
        ("s2", False),
        ("s3", False),
    ]
    good = ended([work for work in works(4) if work.scene.id != "s1"], detector=Ahead())
    assert stored(found, tmp_path / "a") == stored(good, tmp_path / "b")


@pytest.mark.parametrize("error", [MemoryError(), DetectorError("the network failed")])
def test_i6_a_scene_that_is_gone_already_is_the_only_one_that_its_last_batches_cost(tmp_path: Path, error: Exception) -> None:
    class Torn(Ground):
        def read(self, scene: Scene, window: Window, out_shape: tuple[int, int]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
            if scene.id == "s0" and (window.row, window.col) == last:
                raise SceneError("the pixels cannot be read", where=scene.location)
            return super().read(scene, window, out_shape)

    class FarAhead(Truth):
        """Has three batches of the torn scene when that ends, and fails at the third."""

        failed = False

        def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
            drawn = iter(batches)
            if not self.failed:
                waiting = [next(drawn) for _ in range(4)]
                yield from ([self.look(tile) for tile in batch.tiles] for batch in waiting[:2])
                self.failed = True
                raise error
            yield from ([self.look(tile) for tile in batch.tiles] for batch in drawn)

    one_by_one = SETTINGS.model_copy(update={"batch": 1})
    made = works(3)
    last = max((cell.window.row, cell.window.col) for cell in made[0].cells)
    found = ended(made, detector=FarAhead(QUADS / GSD), reader=Torn(), workers=0, settings=one_by_one)
    assert [(one.work.scene.id, type(one.error)) for one in found] == [
        ("s0", SceneError), ("s1", type(None)), ("s2", type(None))
    ]  # fmt: skip
    good = ended(works(3)[1:], detector=Ahead(), settings=one_by_one)
    assert stored(found, tmp_path / "a") == stored(good, tmp_path / "b")


def test_a_detector_that_always_fails_fails_every_scene_and_comes_to_an_end() -> None:
    found = ended(works(3), detector=Ahead(breaks_at=range(1000)))
    assert [str(one.error) for one in found] == ["the network failed"] * 3


def test_d15_a_scene_that_takes_too_long_fails_and_the_next_begins() -> None:
    found = ended(works(2), detector=Ahead(), settings=SETTINGS.model_copy(update={"scene_seconds": 1e-9}))
    assert all("longer than scene_seconds" in str(one.error) for one in found)


@pytest.mark.parametrize("batches", [0, 1])
def test_g8_a_detector_that_ends_before_its_batches_do_fails_its_scenes_and_is_not_asked_for_ever(batches: int) -> None:
    class Brief(Truth):
        def detect(self, drawn: Iterable[Batch]) -> Iterator[list[Detections]]:
            calls.append(1)
            assert len(calls) < 9
            for _, batch in zip(range(batches), drawn, strict=False):
                yield [self.look(tile) for tile in batch.tiles]

    calls: list[int] = []
    found = ended(works(2), detector=Brief(QUADS / GSD))
    assert ["fewer batches than it was given" in str(one.error) for one in found] == [True, True]


def test_d15_a_scene_in_which_nothing_is_seen_may_not_take_longer_either() -> None:
    class Empty(Ground):
        def read(
            self, scene: Scene, window: Window, out_shape: tuple[int, int]
        ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:  # fmt: skip
            reads.append(scene.id)
            time.sleep(0.02)
            raw, valid = super().read(scene, window, out_shape)
            return raw, np.zeros_like(valid)

    reads: list[str] = []
    made = works(2)
    found = ended(
        made, detector=Ahead(), reader=Empty(), workers=0, settings=SETTINGS.model_copy(update={"scene_seconds": 0.05})
    )  # fmt: skip
    assert all("longer than scene_seconds" in str(one.error) for one in found)
    assert {"s0", "s1"} == set(reads)
    assert len(reads) < sum(len(one.cells) for one in made)


def test_d14_works_are_drawn_as_they_are_wanted() -> None:
    begun: list[str] = []
    stream = detect_scenes(
        works(40), reader=Ground(), detector=Ahead(), card=CARD, settings=SETTINGS, executor=ThreadExecutor(workers=1, ahead=4),
        begins=lambda work: begun.append(work.scene.id),
    )  # fmt: skip
    next(stream)
    assert len(begun) < 10
    stream.close()  # type: ignore[attr-defined]
