"""Bands of the reader of cover from records of known errors, and the path from a labelled set to its tables."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sattrack.bench.cover import GSDS_M, LOOKS, Record, fold_sets, footprints_of, records_of_sets
from sattrack.bench.cover_bands import by_band, footprint_range, held, held_by_folds, held_row, measured_bands
from sattrack.bench.cover_presence import pairs
from sattrack.bench.cover_scenes import Fine, coarse_scene
from sattrack.bench.cover_tables import empty_table, held_table
from sattrack.covers import CoverCard
from sattrack.errors import UsageError
from tests.cover_weights import write_reader

CARD = CoverCard("c-1", "0" * 64, 1.5, footprint_m2=(15.0, 30.0))


def records(*, ratio: float, spread: float, places: int, seed: int = 0, pictures: int = 6) -> list[Record]:
    """Of each place true by read area scatters round the place's own, which scatters round the ratio."""
    rng = np.random.default_rng(seed)
    found = []
    for place in range(places):
        own = np.log(ratio) + rng.normal(0, spread)
        for picture in range(pictures):
            for gsd in GSDS_M:
                read = 2000.0
                true = read * float(np.exp(own + rng.normal(0, spread / 3)))
                found.append(
                    Record(f"s{place}", f"p{picture}", "c-1", gsd, 0.45, False, read, true, 10_000.0, round(true / 22))
                )
    return found


EMPTY = [Record("water", f"w{i}", "c-1", gsd, 0.45, False, float(i), 0.0, 10_000.0, 0) for i in range(100) for gsd in GSDS_M]


def test_bands_find_the_ratio_and_what_is_read_where_nothing_is() -> None:
    bands = measured_bands(records(ratio=1.5, spread=0.2, places=15), empty=EMPTY)
    assert [(b["gsd_low"], b["gsd_high"], b["gray"]) for b in bands] == [(1.2, 2.0, 0.0), (2.0, 3.2, 0.0), (3.2, 5.0, 0.0)]
    for band in bands:
        assert band["ratio"] == pytest.approx(1.5, rel=0.15)
        assert band["low"] < 1.5 / np.exp(0.2)
        assert band["high"] > 1.5 * np.exp(0.2)
        assert band["false_m2_ha"] == pytest.approx(95, abs=1)


def test_intervals_hold_nine_of_ten_places_that_had_no_part_in_them() -> None:
    inside = []
    for seed in range(40):
        known, new = (
            records(ratio=1.5, spread=0.3, places=12, seed=seed),
            records(ratio=1.5, spread=0.3, places=8, seed=999 - seed),
        )
        card = CoverCard("c-1", "0" * 64, 1.5, bands=measured_bands(known, empty=EMPTY), footprint_m2=(15.0, 30.0))
        inside.append(held("new", [(one, card) for one in new]).area)
    assert 0.88 < np.mean(inside) < 0.97


def test_each_fold_is_judged_by_the_others_alone() -> None:
    ours = [*records(ratio=1.0, spread=0.05, places=4)]
    theirs = [
        Record(f"x{one.place}", one.picture, "c-1", one.gsd_m, 0.45, False, one.read, one.true * 3, one.seen, one.boxes)
        for one in ours
    ]
    folds = {"a": [f"s{i}" for i in range(4)], "b": [f"xs{i}" for i in range(4)]}
    judged = held_by_folds([*ours, *theirs], empty=EMPTY, folds=folds, card=CARD)
    assert all(card.bands[0]["ratio"] > 2.5 for one, card in judged if one.place in folds["a"])
    assert all(card.bands[0]["ratio"] < 1.2 for one, card in judged if one.place in folds["b"])
    assert by_band(judged)[-1].area < 0.1, "bands of sites three times as dark hold nothing here"


def test_without_places_or_empty_pictures_there_are_no_bands() -> None:
    assert measured_bands(records(ratio=1.0, spread=0.1, places=2), empty=EMPTY) == ()
    assert measured_bands(records(ratio=1.0, spread=0.1, places=5), empty=[]) == ()


def test_a_picture_keeps_its_ground_when_it_is_made_coarse() -> None:
    pixels = np.zeros((200, 300, 3), np.uint8)
    pixels[50:100, 60:160] = 250
    fine = Fine("one", pixels, (0.5, 0.6), np.zeros((0, 4, 2)))
    scene, reader = coarse_scene(fine, gsd_m=3.0, rng=np.random.default_rng(0))
    assert scene.grid.size_m == pytest.approx((150, 120))
    assert max(scene.grid.gsd_m) == pytest.approx(3.0, rel=0.02)
    lit = reader.sample(scene)[0].astype(float).mean(axis=-1) / 250
    assert lit.sum() * scene.grid.gsd_m[0] * scene.grid.gsd_m[1] == pytest.approx(50 * 30, rel=0.05)


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Two sets of one picture each: white boxes of 12 x 2.4 m in blocks."""
    import cv2

    for name in ("one", "two"):
        folder = tmp_path / "data" / name
        for part in ("images", "labels_obb", "ignore"):
            (folder / part).mkdir(parents=True)
        pixels = np.full((240, 240, 3), 30, np.uint8)
        lines = []
        for i in range(24):
            x, y = 20 + 70 * (i % 3), 20 + 24 * (i // 3)
            pixels[y : y + 5, x : x + 24] = 240
            corners = np.array([(x, y), (x + 24, y), (x + 24, y + 5), (x, y + 5)]) / 240
            lines.append("0 " + " ".join(f"{v:.6f}" for v in corners.ravel()))
        cv2.imwrite(str(folder / "images" / "p.png"), pixels)
        (folder / "labels_obb" / "p.txt").write_text("\n".join(lines) + "\n")
        (folder / "ignore" / "p.json").write_text("[[[0, 0], [240, 0], [240, 12], [0, 12]]]")
        (folder / "meta.json").write_text(json.dumps({"p": {"gsd_m": 0.5, "n_containers": 24}}))
    return tmp_path / "data"


def test_sets_are_read_by_the_weights_that_never_saw_them(labelled: Path, tmp_path: Path) -> None:
    paths = [
        write_reader(tmp_path / name, id=f"fold-{name}", trained_on=({"name": "real", "left_out": name, "terms": "x"},))
        for name in ("one", "two")
    ]
    folds = fold_sets(paths)
    assert [*folds.values()] == [("one",), ("two",)]
    found = records_of_sets(labelled, folds=folds, gsds_m=(1.5, 3.0), heard=lambda _line: None)
    assert len(found) == 2 * 2 * len(LOOKS)
    assert {(one.place, one.model_id) for one in found} == {("one", "fold-one"), ("two", "fold-two")}
    for one in found:
        assert one.true == pytest.approx(24 * 12 * 2.5, rel=0.001)
        assert one.seen == pytest.approx(120 * 114, rel=0.02), "what the labels ignore is not looked at"
        assert one.boxes == 24
    assert footprint_range(footprints_of(labelled)) == (30.0, 30.0)
    with pytest.raises(UsageError, match="left out by two"):
        fold_sets([paths[0], paths[0]])
    with pytest.raises(UsageError, match="names no set"):
        fold_sets([write_reader(tmp_path / "bare")])


def test_the_command_prints_its_tables_and_writes_the_card(
    labelled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], main: Callable[..., int]
) -> None:
    import cv2

    bare = tmp_path / "empty"
    bare.mkdir()
    for i in range(6):
        cv2.imwrite(str(bare / f"e{i}.png"), np.random.default_rng(i).integers(0, 90, (200, 200, 3)).astype(np.uint8))
    sources = ({"name": "real", "kind": "labelled", "left_out": "one, two", "terms": "x"},)
    fold = write_reader(tmp_path / "fold", trained_on=sources)
    own = write_reader(tmp_path / "own", trained_on=({"name": "real", "kind": "labelled", "left_out": "", "terms": "x"},))
    words = ["bench", "cover", "--data", str(labelled), "--fold", str(fold), "--empty", str(bare), "--weights", str(own)]
    assert main([*words, "--empty", str(tmp_path / "emty")]) == 2
    assert "no pictures to look at" in capsys.readouterr().err
    assert main([*words, "--skip", "e9"]) == 2
    assert "no pictures e9 to skip" in capsys.readouterr().err
    assert main([*words, "--count", "1", "--markdown", "--write"]) == 0
    out = capsys.readouterr().out
    for title in ("Bands, from which", "On places not seen, by set", "Rendered yards kept out", "Cover read where none is"):
        assert title in out
    card = json.loads(own.with_suffix(".json").read_text())
    assert card["footprint_m2"] == [30.0, 30.0]
    assert "| real | labelled |" in own.with_suffix(".md").read_text()


def test_boxes_of_which_nothing_was_read_have_no_half_width_and_end_nothing() -> None:
    (band,) = (b for b in measured_bands(records(ratio=1.2, spread=0.1, places=4), empty=EMPTY) if b["gsd_low"] == 1.2)
    card = CoverCard("c-1", "0" * 64, 1.5, bands=(band,), footprint_m2=(15.0, 30.0))
    blind = Record("s0", "p0", "c-1", 1.5, 0.45, False, 0.0, 500.0, 10_000.0, 20)
    one = held("all", [(blind, card)])
    assert (one.error, one.mean_error, one.half_width) == (-1, 1, np.inf)
    assert held_table([one])[1][0][-1] == "-"
    assert held_row(one)["half_width_pct"] is None


def test_pictures_of_one_name_in_two_folders_are_two() -> None:
    bare = [Record(place, "001", "c-1", 1.5, 0.45, gray, 50.0, 0.0, 20_000.0, 0) for place in "ab" for gray in (False, True)]
    rows = {row[0]: row for row in empty_table(bare)[1]}
    assert rows["a"][2:5] == ["1", "2", "25"]
    assert rows["all"][2:5] == ["2", "4", "25"]


@pytest.fixture
def main() -> Callable[..., int]:
    from sattrack.cli.app import main as entry

    return entry


@pytest.mark.slow
def test_boxes_that_went_are_told_at_ten_metres_and_other_light_is_not() -> None:
    still, gone = pairs(1, first_seed=9_700_001)
    assert not still.told
    assert gone.told
    assert gone.boxes > 100
