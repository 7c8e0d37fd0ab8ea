"""Settings files: strict YAML, and errors that name key, place and the nearest known key."""

import re

import pytest

from sattrack.errors import SettingsError
from sattrack.readers.settings_file import as_yaml, load_settings, template
from sattrack.settings import Settings


def refused(tmp_path, text: str | bytes) -> str:
    path = tmp_path / "settings.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_defaults_then_file_then_what_is_given(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("batch: 2\nread_ahead: 3\n")
    settings = load_settings(path, given={"batch": 8, "device": None})
    assert (settings.batch, settings.read_ahead, settings.device) == (8, 3, "auto")


def test_an_empty_file_changes_nothing(tmp_path):
    (tmp_path / "s.yaml").write_text("# nothing\n")
    assert load_settings(tmp_path / "s.yaml") == Settings()


def test_every_setting_survives_being_written_and_read(tmp_path):
    (tmp_path / "s.yaml").write_text(as_yaml(Settings()))
    assert load_settings(tmp_path / "s.yaml") == Settings()
    commented = re.findall(r"^# (\w+): ", template(), flags=re.M)
    assert commented == list(Settings.model_fields)


def test_D12_aliases_and_anchors_are_refused_before_anything_is_built(tmp_path):
    bomb = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True))
    assert "anchors" in refused(tmp_path, bomb)
    assert "aliases" in refused(tmp_path, "batch: *x\n")
    assert "merge keys" in refused(tmp_path, "<<: {batch: 2}\n")


def test_D12_a_file_is_capped_in_size_and_depth(tmp_path):
    assert "64 KiB" in refused(tmp_path, "# " + "x" * 70_000)
    assert "nested too deeply" in refused(tmp_path, "batch: " + "[" * 30_000)


def test_O3_a_key_that_is_there_twice_is_refused_with_its_line(tmp_path):
    said = refused(tmp_path, "batch: 2\nbatch: 3\n")
    assert "'batch' is there twice" in said
    assert "line 2" in said


@pytest.mark.parametrize(("wrong", "nearest"), [("overlap", "overlap_m"), ("treshold", "threshold"), ("tilecap", "tile_cap")])
def test_O3_an_unknown_key_names_the_nearest_known_one(tmp_path, wrong, nearest):
    said = refused(tmp_path, f"{wrong}: 1\n")
    assert f"{wrong!r} is not a setting" in said
    assert f"did you mean {nearest!r}?" in said


def test_O3_what_decides_which_code_runs_is_never_taken_from_a_file(tmp_path):
    assert "--detector on the command line" in refused(tmp_path, "detector: os:system\n")
    assert "--gsd-m on the command line" in refused(tmp_path, "gsd_m: 0.5\n")


@pytest.mark.parametrize(
    "line",
    [
        "overlap_m: 24 m",
        "overlap_m: '24'",
        "batch: yes",
        "batch: 2.5",
        "edge_nodata: 1",
        "threshold: [0.3]",
        "tile_shift_m: [1]",
    ],
)
def test_O3_a_value_of_the_wrong_type_is_never_guessed_at(tmp_path, line):
    assert line.partition(":")[0] in refused(tmp_path, line)


@pytest.mark.parametrize("number", ["010", "0x10", "-010", "1_0", "1:30", "1:30.5", "0b1"])
def test_O3_numbers_that_yaml_reads_in_other_bases_are_refused_with_their_place(tmp_path, number):
    assert f"{number} is no plain number: write its decimal digits (line 1, column 11)" in refused(
        tmp_path, f"margin_m: {number}"
    )


@pytest.mark.parametrize(("word", "number"), [("1e-3", "1.0e-3"), ("5E1", "5.0e+1")])
def test_a_number_that_yaml_takes_for_a_word_is_told_with_how_it_is_written(tmp_path, word, number):
    assert f"write {number};" in refused(tmp_path, f"margin_m: {word}\n")
    (tmp_path / "s.yaml").write_text(f"scene_seconds: {number}\n")
    assert load_settings(tmp_path / "s.yaml").scene_seconds == float(word)


@pytest.mark.parametrize(
    "line", ["threshold: 1.5", "threshold: .nan", "batch: 0", "batch: -1", "tile_cap: 3", "max_bands: 100000"]
)
def test_P13_a_value_out_of_bounds_names_its_key(tmp_path, line):
    assert line.partition(":")[0] in refused(tmp_path, line)


def test_O5_settings_that_break_the_law_of_overlap_are_refused_with_the_law():
    with pytest.raises(SettingsError, match="law of overlap"):
        load_settings(None, given={"overlap_m": 10.0})


def test_P4_a_tag_that_would_run_code_is_refused(tmp_path):
    mark = tmp_path / "ran"
    said = refused(tmp_path, f'batch: !!python/object/apply:os.system ["touch {mark}"]\n')
    assert "not plain YAML" in said
    assert not mark.exists()


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2]",
        "just words",
        "batch: [1",
        "\tbatch: 1",
        "? [a, b]\n: 1\n",
        b"\xff\xfe\x00batch",
        "batch: 2024-99-99",
        "a: b: c",
    ],
)
def test_O3_what_is_no_settings_file_is_refused_in_one_line(tmp_path, text):
    assert "settings.yaml" in refused(tmp_path, text)


def test_O3_a_number_of_ten_thousand_digits_is_refused(tmp_path):
    said = refused(tmp_path, "batch: " + "9" * 10_000)
    assert len(said) < 1000, "the digits are not repeated at the reader"


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SettingsError, match="cannot be read"):
        load_settings(tmp_path / "none.yaml")
