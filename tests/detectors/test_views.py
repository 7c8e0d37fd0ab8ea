"""Views of a tile: what is found in them comes back to its place exactly, whatever the detector."""

from collections.abc import Iterable, Iterator

import numpy as np
import pytest

from sattrack.detections import Detections
from sattrack.detectors.views import VIEWS, Careful, View
from sattrack.errors import DetectorError
from sattrack.geometry import areas
from sattrack.imagery import Batch, Tile, Window

# Columns from, to, rows from, to: whole pixels that are bright.
RECTANGLES = ((3, 15, 2, 7), (40, 43, 10, 22), (63, 64, 47, 48), (0, 5, 30, 48))


class Bright:
    """Finds the bright rectangles of RECTANGLES, in whichever view; each box's score is the rectangle's brightness."""

    classes = ("container",)
    gsd_m = 0.5
    tile_px = 64
    device = "here"

    def __init__(self) -> None:
        self.seen: list[Batch] = []

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        for batch in batches:
            self.seen.append(batch)
            yield [self.look(tile) for tile in batch.tiles]

    def look(self, tile: Tile) -> Detections:
        level, quads, scores = tile.pixels[..., 0], [], []
        for value in np.unique(level[level > 0]):
            rows, cols = np.nonzero(level == value)
            left, right, top, bottom = cols.min(), cols.max() + 1, rows.min(), rows.max() + 1
            quads.append([(left, top), (right, top), (right, bottom), (left, bottom)])
            scores.append(value / 255)
        n = len(quads)
        return Detections(np.array(quads, float).reshape(-1, 4, 2), np.array(scores, np.float32), np.zeros(n, np.int32))


def tile(*, rectangles: Iterable[tuple[int, int, int, int]] = RECTANGLES, rows: int = 48, cols: int = 64) -> Tile:
    pixels = np.zeros((rows, cols, 3), np.uint8)
    for number, (left, right, top, bottom) in enumerate(rectangles):
        pixels[top:bottom, left:right] = 100 + 20 * number
    valid = np.ones((rows, cols), bool)
    valid[:5, :9] = False
    return Tile(Window(0, 0, cols, rows), pixels, valid)


def corners(found: Detections) -> list[list[tuple[float, float]]]:
    return sorted(sorted(map(tuple, quad.tolist())) for quad in found.quads)


EXPECTED = sorted(
    sorted([(float(x), float(y)) for x in (left, right) for y in (top, bottom)]) for left, right, top, bottom in RECTANGLES
)


def careful(inner: object, *, floor: float = 0.05, cap: int = 3000) -> Careful:
    return Careful(inner, score_floor=floor, tile_cap=cap)  # type: ignore[arg-type]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_what_a_view_shows_lies_where_it_lay_to_the_pixel(view: View) -> None:
    upright = tile()
    (turned,) = view.of(Batch((upright,))).tiles
    assert turned.pixels.flags.c_contiguous
    found = view.upright(Bright().look(turned), shape=upright.valid.shape)
    assert corners(found) == EXPECTED
    assert int(turned.valid.sum()) == int(upright.valid.sum())
    assert turned.valid.shape == turned.pixels.shape[:2]
    back = view.back(np.array([0.0, 0.0]), (48, 64)).tolist()
    assert back == {"plain": [0, 0], "mirror": [64, 0], "half turn": [64, 48]}[view.name]


def test_the_views_differ_and_their_masks_turn_with_them() -> None:
    shown = [view.of(Batch((tile(rows=64),))).tiles[0] for view in VIEWS]
    assert len({one.pixels.tobytes() for one in shown}) == len(VIEWS)
    assert not shown[1].valid[0, -1]
    assert not shown[2].valid[-1, -1]


def test_a_scene_begins_with_its_first_view_only() -> None:
    assert [view.of(Batch((tile(),), begins=True)).begins for view in VIEWS] == [True, False, False]


def test_a_perfect_detector_finds_carefully_what_it_finds_plainly() -> None:
    plain = Bright().look(tile())
    (found,) = next(careful(Bright()).detect([Batch((tile(),))]))
    assert corners(found) == EXPECTED
    assert np.sort(found.scores) == pytest.approx(np.sort(plain.scores))
    assert np.sort(areas(found.quads)).tolist() == np.sort(areas(plain.quads)).tolist()


def test_batches_come_back_in_order_with_a_result_a_tile_and_are_no_larger() -> None:
    inner = Bright()
    one, other, none = tile(rectangles=RECTANGLES[:1]), tile(rectangles=RECTANGLES[:2]), tile(rectangles=())
    found = list(careful(inner).detect([Batch((one, other)), Batch(()), Batch((none,)), Batch((other,))]))
    assert [[len(each) for each in batch] for batch in found] == [[1, 2], [], [0], [2]]
    assert max(len(batch.tiles) for batch in inner.seen) == 2
    assert len(inner.seen) == 4 * len(VIEWS)


def test_memory_stays_flat_since_one_batch_is_drawn_at_a_time() -> None:
    drawn = []

    def batches() -> Iterator[Batch]:
        for number in range(5):
            drawn.append(number)
            yield Batch((tile(),))

    answers = careful(Bright()).detect(batches())
    next(answers)
    assert drawn == [0]


def test_a_box_that_one_view_of_three_shows_is_a_third_as_sure() -> None:
    class Once(Bright):
        def look(self, tile: Tile) -> Detections:
            found = super().look(tile)
            return found if tile.pixels[:, :20].any() else Detections.none()

    alone = tile(rectangles=[(3, 15, 2, 7)])
    (found,) = next(careful(Once()).detect([Batch((alone,))]))
    assert found.scores.tolist() == pytest.approx([100 / 255 / 3])


def test_what_the_inner_detector_says_of_itself_stays() -> None:
    inner = Bright()
    wrapped = careful(inner)
    assert (wrapped.classes, wrapped.gsd_m, wrapped.tile_px) == (inner.classes, inner.gsd_m, inner.tile_px)
    assert wrapped.device == "here"
    inner.device = "there, batch halved for memory"
    list(wrapped.detect([Batch((tile(),))]))
    assert wrapped.device == inner.device


class Broken(Bright):
    def __init__(self, answer: list[list[Detections]]) -> None:
        super().__init__()
        self.answer = answer

    def detect(self, batches: Iterable[Batch]) -> Iterator[list[Detections]]:
        list(batches)
        yield from self.answer


_NONE = Detections.none()
_NAN = Detections(np.full((1, 4, 2), np.nan), np.array([0.5], np.float32), np.zeros(1, np.int32))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([[_NONE], [_NONE], []], "other numbers"), ([[_NONE], [_NONE]], "other numbers"), ([[_NONE]] * 4, "other numbers"),
        ([[_NAN]] * 3, "not finite"),
    ],
)  # fmt: skip
def test_g8_an_inner_detector_that_breaks_its_contract_is_an_error(answer: list[list[Detections]], said: str) -> None:
    with pytest.raises(DetectorError, match=said):
        list(careful(Broken(answer)).detect([Batch((tile(),))]))


def test_g1_a_view_that_returns_as_many_as_it_may_says_so() -> None:
    (found,) = next(careful(Bright(), cap=2).detect([Batch((tile(),))]))
    assert found.cap_hit
    assert len(found) == 2
