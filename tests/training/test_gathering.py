import json
from pathlib import Path

import numpy as np
import pytest

from sattrack.errors import UsageError
from sattrack.labels.seen import left_out_sets, seen_sets
from sattrack.training.gathering import Gathered, gather
from sattrack.training.recipes import SLANTED_DEG, EmptySource, LabelledSource, Recipe, RenderedSource, without_fold
from tests.training.conftest import draw_tile, draw_yolo


def labelled(folder: str = ".", **more: object) -> LabelledSource:
    return LabelledSource.model_validate({"folder": folder, "weight": 0.7, "gsd_m": 0.5} | more)


def gathered(data: Path, *sources: LabelledSource, told: list[str] | None = None, **more: object) -> Gathered:
    recipe = Recipe(name="x", labelled=sources, **more)  # type: ignore[arg-type]
    return gather(recipe, data=data, told=(told if told is not None else []).append)


def coco_of(folder: Path) -> Path:
    """The same tile in COCO."""
    quads = draw_tile(folder / "c0.png", seed=9)
    rows = [{"id": i, "image_id": 1, "category_id": 1, "segmentation": [q.ravel().tolist()]} for i, q in enumerate(quads, 1)]
    said = {"images": [{"id": 1, "file_name": "c0.png"}], "categories": [{"id": 1, "name": "container"}], "annotations": rows}
    (folder / "labels.json").write_text(json.dumps(said))
    return folder


def test_sources_of_any_format_are_mixed_by_weight_with_yards_and_empty_pictures(tmp_path: Path) -> None:
    draw_yolo(tmp_path / "tiles")
    coco_of(tmp_path / "other")
    for name in "abc":
        draw_tile(tmp_path / "sea" / f"{name}.png", seed=5, boxes=0)
    told: list[str] = []
    found = gathered(
        tmp_path, labelled("tiles", weight=0.4), labelled("other/labels.json", weight=0.3, terms="mine"), told=told,
        rendered=RenderedSource(count=1, first_seed=7, weight=0.2),
        empty=(EmptySource(folder="sea", weight=0.1, gsd_m=0.5, spare=True),),
    )  # fmt: skip
    by_source = {p.source: found.weights[[q.source == p.source for q in found.pictures]].sum() for p in found.pictures}
    assert by_source == {"tiles": pytest.approx(0.4), "labels": pytest.approx(0.3), "sea": pytest.approx(0.1), "rendered": 0.2}
    rows = {row["name"]: row for row in found.sources}
    assert rows["tiles"] == {
        "name": "tiles", "kind": "labelled", "format": "yolo-obb", "sets": "tiles", "pictures": "4", "boxes": "24",
        "left_out": "", "terms": "",
    }  # fmt: skip
    assert (rows["other/labels.json"]["format"], rows["other/labels.json"]["terms"]) == ("coco", "mine")
    assert rows["sea"]["pictures_left_out"] == "every third by name (1)"
    assert rows["rendered yards, seeds 7 to 7"]["kind"] == "rendered"
    assert told[0] == "tiles: yolo-obb, 1 set, 4 pictures, 24 boxes"


def test_yards_seen_at_a_slant_get_their_part_of_the_draws_and_the_card_says_so(tmp_path: Path) -> None:
    def shares(**choice: float) -> tuple[float, int, dict[str, str]]:
        found = gathered(tmp_path, rendered=RenderedSource(count=6, first_seed=117, weight=0.5, **choice))
        at_a_slant = [(p.off_nadir_deg or 0.0) >= SLANTED_DEG for p in found.pictures]
        assert 0 < sum(at_a_slant) < 6
        assert found.weights.sum() == pytest.approx(0.5)
        return float(found.weights[at_a_slant].sum()), sum(at_a_slant), found.sources[0]

    share, many, row = shares()
    assert share == pytest.approx(0.5 * many / 6)
    assert "slanted" not in row
    share, _, row = shares(slanted=0.8)
    assert share == pytest.approx(0.5 * 0.8)
    assert row["slanted"] == "80% of the draws"


def test_a_part_of_the_draws_shows_boxes_dusty_and_the_card_says_so(tmp_path: Path) -> None:
    draw_yolo(tmp_path / "tiles")
    found = gathered(tmp_path / "tiles", labelled(dusty=0.25))
    dusty = [p.name.endswith("-dusted") for p in found.pictures]
    assert (len(dusty), sum(dusty)) == (8, 4)
    assert found.weights[dusty].sum() == pytest.approx(0.25 * 0.7)
    (row,) = found.sources
    assert (row["pictures"], row["dusty"]) == ("4", "25% of the draws")


def test_half_the_tiles_and_those_left_out_are_named_in_the_card(tmp_path: Path) -> None:
    draw_yolo(tmp_path / "tiles")
    (row,) = gathered(tmp_path / "tiles", labelled(half="first", leave_out=["t0"])).sources
    assert (row["name"], row["pictures"], row["pictures_left_out"]) == ("tiles", "1", "tiles/t0, tiles/t2, tiles/t3")
    both = gathered(tmp_path, labelled("tiles", half="first"), labelled("tiles", half="second"))
    assert sorted(p.name for p in both.pictures) == ["t0", "t1", "t2", "t3"]


def test_what_is_not_taken_is_told_and_in_the_card(tmp_path: Path) -> None:
    folder = draw_yolo(tmp_path / "tiles", tiles=2)
    (folder / "labels" / "t1.txt").unlink()
    told: list[str] = []
    (row,) = gathered(folder, labelled(), told=told).sources
    assert row["not_taken"].startswith("tiles: 1 picture has no label file")
    assert told[1] == row["not_taken"]


def test_a_fold_is_left_out_of_whichever_source_has_it_and_must_be_somewhere(tmp_path: Path) -> None:
    for name in ("north", "south"):
        draw_yolo(tmp_path / "sites" / name, tiles=1)
    draw_yolo(tmp_path / "tiles", tiles=1)
    sources = (labelled("sites"), labelled("tiles"))
    plain = Recipe(name="x", labelled=sources, folds={"one": ("south",), "two": ("east",)})
    found = gather(without_fold(plain, "one"), data=tmp_path)
    rows = [(row["name"], row["sets"], row["left_out"]) for row in found.sources]
    assert rows == [("sites", "north", "south"), ("tiles", "tiles", "")]
    with pytest.raises(UsageError, match=r"no labelled sets or pictures east to leave out.*north, south, tiles"):
        gather(without_fold(plain, "two"), data=tmp_path)


def test_a_name_to_be_left_out_of_one_source_must_be_in_that_one(tmp_path: Path) -> None:
    for name in ("north", "south"):
        draw_yolo(tmp_path / name, tiles=2)
    for wrong in ("t7", "south/t0"):
        with pytest.raises(UsageError, match=f"no labelled sets or pictures {wrong} to leave out"):
            gathered(tmp_path, labelled("north", leave_out=[wrong]), labelled("south"))


def test_a_picture_may_be_left_out_of_a_set_that_a_fold_leaves_out(tmp_path: Path) -> None:
    for name in ("north", "south"):
        draw_yolo(tmp_path / "sites" / name, tiles=3 if name == "south" else 2)
    for pictures in (["south/t0"], ["t2"], ["sou*/t2"]):
        plain = Recipe(name="x", labelled=(labelled("sites", leave_out=pictures),), folds={"one": ("south",)})
        (row,) = gather(without_fold(plain, "one"), data=tmp_path).sources
        assert (row["sets"], row["left_out"]) == ("north", "south")
    for pictures in (["south/t0", "north"], ["north", "south"]):
        plain = Recipe(name="x", labelled=(labelled("sites", only=pictures),), folds={"one": ("south",)})
        (row,) = gather(without_fold(plain, "one"), data=tmp_path).sources
        assert (row["sets"], row["left_out"]) == ("north", "south")
    wrong = plain.model_copy(update={"labelled": (labelled("sites", only=["north", "south/t9"]),)})
    with pytest.raises(UsageError, match="no sets or pictures south/t9"):
        gather(without_fold(wrong, "one"), data=tmp_path)
    wrong = plain.model_copy(update={"folds": {"one": ("south", "south/t9")}})
    with pytest.raises(UsageError, match="south/t9 to leave out"):
        gather(without_fold(wrong, "one"), data=tmp_path)


def test_sets_with_commas_and_brackets_in_their_names_are_left_out_and_named_in_the_card(tmp_path: Path) -> None:
    for name in ("Busan, pier 3", "berths [1]", "quay"):
        draw_yolo(tmp_path / name, tiles=1)
    (row,) = gathered(tmp_path, labelled(leave_out=["berths [1]"])).sources
    seen = seen_sets([row])
    assert (seen.named, seen.left_out) == ({"Busan, pier 3", "quay"}, {"berths [1]"})
    (row,) = gathered(tmp_path, labelled(leave_out=["Busan, pier 3"])).sources
    assert left_out_sets([row]) == ("Busan, pier 3",)


def test_what_one_source_leaves_out_and_another_has_does_not_count_as_never_seen(tmp_path: Path) -> None:
    for name in ("north", "south", "west"):
        draw_yolo(tmp_path / name, tiles=2)
    north, south = gathered(tmp_path, labelled(sets=["north"]), labelled(leave_out=["north", "west", "south/t1"])).sources
    assert (north["sets"], north["left_out"], north["left_out_here_only"]) == ("north", "west", "south")
    assert (south["sets"], south["left_out"], south["left_out_here_only"]) == ("south", "west", "north")
    assert south["pictures_left_out"] == "south/t1"
    halves = gathered(tmp_path, labelled("north", half="first"), labelled("north", half="second")).sources
    assert all("pictures_left_out" not in row for row in halves), "the other half is in the other source"


def test_a_large_scene_is_cut_into_pieces_around_what_was_labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sattrack.training.labelled_pictures.MOST_PX", 64)
    quads = draw_tile(tmp_path / "s" / "images" / "t.png", seed=1, size=200, boxes=3)
    (tmp_path / "s" / "labels_obb").mkdir()
    (tmp_path / "s" / "ignore").mkdir()
    lines = ["0 " + " ".join(f"{v:.6f}" for v in (quad / 200).ravel()) for quad in quads]
    (tmp_path / "s" / "labels_obb" / "t.txt").write_text("\n".join(lines))
    (tmp_path / "s" / "ignore" / "t.json").write_text(json.dumps([[[0, 100], [200, 100], [200, 200], [0, 200]]]))
    (tmp_path / "s" / "meta.json").write_text(json.dumps({"t": {"gsd_m": 0.5}}))
    found = gathered(tmp_path, labelled("s")).pictures
    assert all(max(p.pixels.shape[:2]) <= 64 for p in found)
    corners = [tuple(int(v) for v in p.name.removeprefix("t@").split(",")) for p in found]
    assert max(row for _, row in corners) < 100, "what is wholly ignored is not read"
    assert all(len(p.ignore) == int(row + 64 > 100) for p, (_, row) in zip(found, corners, strict=True)), "or not drawn"
    whole = [
        quad + corner
        for p, corner in zip(found, corners, strict=True) for quad in p.quads
        if (quad >= 0).all() and (quad <= 64).all()
    ]  # fmt: skip
    assert {tuple(np.round(q.mean(axis=0))) for q in whole} == {tuple(np.round(q.mean(axis=0))) for q in quads}, (
        "each box is whole in some piece"
    )
    assert sum(len(p.quads) == 0 for p in found) <= max(4, sum(len(p.quads) > 0 for p in found))


def test_pictures_that_hold_containers_after_all_are_skipped_by_name_and_named_in_the_card(tmp_path: Path) -> None:
    for name in "abcd":
        draw_tile(tmp_path / "sea" / f"{name}.png", seed=5, boxes=0)
    source = EmptySource(folder="sea", weight=0.1, gsd_m=0.5, spare=True, skip=("c",))
    found = gathered(tmp_path, empty=(source,))
    assert [p.name for p in found.pictures] == ["a", "d"]  # b is spared
    assert found.sources[0]["hold_containers"] == "c"
    with pytest.raises(UsageError, match="no pictures e"):
        gathered(tmp_path, empty=(source.model_copy(update={"skip": ("e",)}),))


def test_tiles_are_painted_alike_on_a_cpu_and_elsewhere(tmp_path: Path) -> None:
    import torch

    from sattrack.training.pictures import Picture
    from sattrack.training.sampling import TileSampler

    rng = np.random.default_rng(3)
    pictures = [
        Picture(
            str(i),
            "x",
            np.repeat(np.repeat(rng.integers(0, 255, (9, 9, 3), np.uint8), 40, 0), 40, 1),
            np.zeros((0, 4, 2)),
            (g, g),
        )
        for i, g in enumerate((0.3, 0.5))
    ]
    sampler = TileSampler(pictures, np.ones(2), gsd_m=0.2, tile_px=320, device=torch.device("cpu"))
    planned = sampler.plan(np.random.default_rng(1), count=4)
    here = sampler.paint(planned).pixels
    sampler._tensors = [torch.from_numpy(p.pixels) for p in sampler._pictures]
    there = torch.stack([sampler._paint(layers) for layers in planned.layers])
    assert float((here - there).abs().mean()) < 0.01
