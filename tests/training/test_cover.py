"""Training the reader of cover: tiles whose truth lies where their boxes are, and a training of a few steps."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sattrack.detectors.cover import CoverReader, cover_card_of, read_cover_weights
from sattrack.training.cover import COVER, make_cover
from sattrack.training.cover_tiles import CoverTiles, painted
from sattrack.training.pictures import Picture
from sattrack.training.recipes import LabelledSource, Recipe, Round, read_recipe, without_fold
from tests.training.conftest import draw_yolo

SHIPPED = Path(__file__).parents[2] / "configs" / "training" / "cover.yaml"


def white_blocks(*, ignored: bool = False) -> Picture:
    """Blocks of 12 x 12 m, white on black, half a metre a pixel."""
    pixels = np.full((400, 400, 3), 20, np.uint8)
    corners = [(x, y) for x in range(40, 360, 80) for y in range(40, 360, 80)]
    quads = np.array([[(x, y), (x + 24, y), (x + 24, y + 24), (x, y + 24)] for x, y in corners], float)
    for x, y in corners:
        pixels[y : y + 24, x : x + 24] = 240
    hidden = (np.array([[0, 0], [400, 0], [400, 400], [0, 400]], float),) if ignored else ()
    return Picture("blocks", "drawn", pixels, quads, (0.5, 0.5), hidden)


def empty() -> Picture:
    return Picture("ground", "drawn", np.full((600, 600, 3), 25, np.uint8), np.zeros((0, 4, 2)), (0.5, 0.5))


def tiles_of(*pictures: Picture) -> CoverTiles:
    return CoverTiles(pictures, np.ones(len(pictures)), gsd_m=1.5, tile_px=96)


def test_what_is_taught_as_covered_is_what_is_white() -> None:
    tiles = tiles_of(white_blocks(), empty())
    told = []
    for number in range(30):
        tile = tiles.tile(np.random.default_rng([1, number]))
        gray = tile.pixels.mean(axis=-1)
        full, bare = tile.known & (tile.cover > 0.95), tile.known & (tile.cover < 0.01)
        # Coarse pixels run into each other: where they are as large as a block, nothing is wholly white.
        if tile.gsd_m < 2.5 and full.sum() > 60 and bare.sum() > 60:
            told.append(gray[full].mean() - gray[bare].mean())
    assert len(told) > 3
    assert min(told) > 40


def test_the_same_generator_gives_the_same_tile_and_another_one_another() -> None:
    tiles = tiles_of(white_blocks(), empty())
    one, two, three = (tiles.tile(np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert (one.pixels == two.pixels).all()
    assert (one.cover == two.cover).all()
    assert one.gsd_m == two.gsd_m != three.gsd_m


def test_nothing_is_taught_where_labels_ignore_or_no_picture_lies() -> None:
    tiles = CoverTiles([white_blocks(ignored=True)], np.ones(1), gsd_m=1.5, tile_px=96)
    assert not any(tiles.tile(np.random.default_rng(seed)).known.any() for seed in range(5))


def test_a_box_is_painted_hardly_too_wide_and_overlaps_once() -> None:
    box = np.array([[4, 4], [24, 4], [24, 8], [4, 8]], float)
    assert painted([box], shape=(20, 40)).sum() / 255 == pytest.approx(80, rel=0.1)
    assert (painted([box, box], shape=(20, 40)) == painted([box], shape=(20, 40))).all()
    assert painted([], shape=(3, 4)).max() == 0


def recipe(**changes: Any) -> Recipe:
    source = LabelledSource(folder=".", weight=1, gsd_m=0.5, terms="our own")
    return Recipe(
        name="tiny", architecture=COVER, start="", gsd_m=1.5, tile_px=96, batch=1, rounds=(Round(steps=2, rate=0.001),),
        labelled=(source,),
    ).model_copy(update=changes)  # fmt: skip


def test_a_training_leaves_weights_that_read_and_a_card_that_names_its_sources(tmp_path: Path) -> None:
    data = draw_yolo(tmp_path / "tiles")
    said: list[str] = []
    made = make_cover(recipe(), data=data, out=tmp_path / "out", told=said.append)
    card = cover_card_of(made.weights)
    assert (made.steps, card.gsd_m, card.bands) == (2, 1.5, ())
    assert [row["terms"] for row in card.trained_on] == ["our own"]
    assert any("other tiles" in line for line in said)
    answer = CoverReader(made.weights, card=card).read(np.zeros((144, 144, 3), np.uint8), gsd_m=3.0)
    assert answer.shape == (144, 144)
    again = make_cover(recipe(), data=data, out=tmp_path / "again")
    assert again.weights.read_bytes() == made.weights.read_bytes(), "the same weights, to the bit"
    other = make_cover(recipe(seed=3), data=data, out=tmp_path / "other")
    assert other.weights.read_bytes() != made.weights.read_bytes()


def test_the_shipped_recipe_is_sound_and_its_folds_leave_sets_out() -> None:
    shipped = read_recipe(SHIPPED)
    assert (shipped.architecture, shipped.start) == (COVER, "")
    sets = [name for names in shipped.folds.values() for name in names]
    assert len(sets) == len(set(sets)) == 20
    assert without_fold(shipped, "fold-2").labelled[0].leave_out == shipped.folds["fold-2"]


def test_the_file_is_of_numbers_alone(tmp_path: Path) -> None:
    made = make_cover(recipe(), data=draw_yolo(tmp_path / "tiles"), out=tmp_path / "out")
    layers = read_cover_weights(made.weights)
    assert sum(kernel.size + offset.size for kernel, offset in layers) < 15_000
    assert made.weights.stat().st_size < 40_000
