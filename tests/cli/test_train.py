"""`sattrack train`: what is given on the command line reaches the training; the training itself is tested elsewhere."""

import pytest

from sattrack.training import making


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """What making is asked for."""
    met = {}

    def make(recipe, **options):
        met.update(options, recipe=recipe)
        return making.Made(tmp_path / "finetune.pt", tmp_path / "finetune.json", 45, 600.0)

    monkeypatch.setattr(making, "make", make)
    return met


def test_a_shipped_recipe_is_named_and_changed(sattrack, asked, tmp_path):
    said = sattrack(
        "train", "finetune", "--data", tmp_path, "-o", tmp_path / "out", "--gsd-m", "0.5,0.6", "--format", "coco",
        "--label-classes", "box,crate", "--bands", "3,2,1", "--half", "second", "--leave-out", "t7", "--batch", "4",
        "--round", "9@0.001", "--quiet",
    )  # fmt: skip
    assert said.code == 0, said.err
    recipe = asked["recipe"]
    (source,) = recipe.labelled
    assert (source.format, source.gsd_m, source.classes, source.bands) == ("coco", (0.5, 0.6), ("box", "crate"), (3, 2, 1))
    assert (source.half, source.leave_out, source.weight) == ("second", ("t7",), 0.7)
    assert (recipe.start, recipe.batch, [(r.steps, r.rate) for r in recipe.rounds]) == ("fast", 4, [(9, 0.001)])


def test_weights_to_start_from_are_a_path_from_here_or_a_name(sattrack, asked, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.pt").write_bytes(b"")
    assert sattrack("train", "finetune", "--data", "d", "-o", "out", "--start", "mine.pt").code == 0
    assert asked["recipe"].start == str(tmp_path / "mine.pt")
    assert sattrack("train", "finetune", "--data", "d", "-o", "out", "--start", "fast").code == 0
    assert asked["recipe"].start == "fast"


def test_terms_that_a_recipe_states_of_its_starting_weights_are_not_those_of_others(sattrack, asked, tmp_path):
    assert sattrack("train", "fast", "--data", tmp_path, "-o", tmp_path / "out").code == 0
    assert asked["recipe"].start_terms == "AGPL-3.0 (Ultralytics)"
    (tmp_path / "mine.pt").write_bytes(b"")
    assert sattrack("train", "fast", "--data", tmp_path, "-o", tmp_path / "out", "--start", tmp_path / "mine.pt").code == 0
    assert asked["recipe"].start_terms == ""


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["nonesuch"], "no such recipe (give a YAML file, or a shipped one: cover, fast, finetune"),
        (["nonesuch.yaml"], "the recipe cannot be read"),
        (["finetune", "--half", "third"], "--half is 'third' (first or second)"),
        (["finetune", "--format", "shapefile"], "--format is 'shapefile' (one of auto, sattrack, yolo-obb"),
        (["finetune", "--round", "many"], "--round expects STEPS@RATE"),
        (["finetune", "--fold", "one"], "has no fold 'one'"),
        (["cover", "--round", "9@0.01+mine"], "--round ...+mine: a reader of cover is trained from nothing"),
    ],
)
def test_what_cannot_be_is_one_line(sattrack, asked, tmp_path, options, message):
    said = sattrack("train", *options, "--data", tmp_path, "-o", tmp_path / "out")
    assert said.code == 2
    assert message in said.err
    assert said.err.count("\n") == 1


def test_options_on_labels_say_nothing_to_a_recipe_without_any(sattrack, asked, tmp_path):
    (tmp_path / "r.yaml").write_text("name: drawn\nrendered: {count: 1, weight: 1}\n")
    for option in (("--leave-out", "quay"), ("--half", "first")):
        said = sattrack("train", tmp_path / "r.yaml", "--data", tmp_path, "-o", tmp_path / "out", *option)
        assert said.code == 2
        assert "the recipe 'drawn' has no labels" in said.err


def test_labels_that_are_not_there_are_one_line(sattrack, tmp_path):
    said = sattrack("train", "finetune", "--data", tmp_path / "none", "-o", tmp_path / "out")
    assert said.code == 2
    assert "no such file or folder" in said.err


def test_help_tells_how_to_begin(sattrack):
    said = sattrack("train", "--help")
    assert said.code == 0
    assert "train finetune --data" in " ".join(said.out.split()).replace("sattrack train finetune", "train finetune")
    assert "--start" in said.out
