import pickle

import pytest
from pydantic import ValidationError

from sattrack.settings import Settings


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_says_what_it_is(name: str) -> None:
    said = Settings.model_fields[name].description or ""
    assert len(said) > 15
    assert said.endswith(".")


def test_o5_the_law_of_overlap_is_named() -> None:
    with pytest.raises(ValidationError, match="law of overlap asks for at least longest_object_m"):
        Settings(longest_object_m=30.0)
    with pytest.raises(ValidationError, match=r"= 20"):
        Settings(overlap_m=19.9)
    assert Settings(overlap_m=20.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", 0.0), ("threshold", 1.0), ("threshold", -1.0), ("score_floor", 0.0), ("merge_overlap", 1.0),
        ("batch", 0), ("batch", -1), ("batch", 1000), ("tile_cap", 100), ("min_observed", 1.1), ("overlap_m", float("nan")),
        ("overlap_m", float("inf")), ("tile_shift_m", (float("nan"), 0.0)), ("low_percentile", 60.0), ("high_percentile", 40.0),
        ("interval_level", 0.9), ("read_ahead", 0), ("max_pixels", 0), ("batch", "many"),
    ],
)  # fmt: skip
def test_p13_a_value_out_of_range_is_refused_by_its_name(name: str, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({name: value})
    assert caught.value.errors()[0]["loc"][0] == name


def test_o3_an_unknown_setting_is_an_error() -> None:
    with pytest.raises(ValidationError, match="treshold"):
        Settings.model_validate({"treshold": 0.3})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().batch = 3  # type: ignore[misc]


def test_a_threshold_below_what_is_stored_is_refused() -> None:
    with pytest.raises(ValidationError, match="not stored"):
        Settings(threshold=0.03)
    assert Settings(threshold=0.03, score_floor=0.02)


def test_i2_what_only_changes_speed_or_counting_is_not_in_the_digest() -> None:
    free = {
        "threshold", "batch", "read_ahead", "device", "min_observed", "max_pixels", "max_block_bytes",
        "max_bands", "gdal_cache_bytes", "alarm_level", "warning_level", "false_discovery", "least_change", "guard_days",
        "baseline_days", "usual_spread", "on_bad_tile", "scene_seconds", "workers", "worker_bytes", "worker_scenes", "executor",
        "remote_timeout_s", "remote_tries", "remote_backoff_s", "remote_wait_s", "remote_whole_bytes", "remote_cache_bytes",
        "catalogue_items", "catalogue_bytes", "catalogue_requests", "catalogue_total_bytes", "download_bytes",
    }  # fmt: skip
    assert set(Settings().digest_fields((1.0, 99.0))) == set(Settings.model_fields) - free


def test_i2_hiding_what_is_damaged_is_other_work_and_refusing_it_is_none() -> None:
    assert "on_bad_tile" not in Settings().digest_fields((1.0, 99.0))
    assert Settings(on_bad_tile="mask").digest_fields((1.0, 99.0))["on_bad_tile"] == "mask"


@pytest.mark.parametrize(
    ("said", "held"),
    [
        ({}, (2.0, 98.0)),
        ({"low_percentile": 0.0}, (0.0, 98.0)),
        ({"high_percentile": 100.0}, (2.0, 100.0)),
        ({"low_percentile": 0.5, "high_percentile": 99.5}, (0.5, 99.5)),
    ],
)
def test_the_cards_percentiles_hold_unless_the_user_sets_others(said: dict[str, float], held: tuple[float, float]) -> None:
    assert Settings(**said).percentiles((2.0, 98.0)) == held


def test_i2_percentiles_make_one_digest_whoever_said_them() -> None:
    own = Settings(low_percentile=2, high_percentile=98)
    assert own.digest_fields(own.percentiles((1.0, 99.0))) == Settings().digest_fields(Settings().percentiles((2.0, 98.0)))


def test_settings_come_back_from_json() -> None:
    said = Settings(batch=8, tile_shift_m=(1.0, 2.0), threshold=0.4)
    assert Settings.model_validate(said.model_dump(mode="json")) == said


def test_h9_hosts_that_may_be_asked_are_said_by_the_user_alone_and_never_written() -> None:
    settings = Settings().allowing(["LocalHost:8000"])
    assert settings.allow_hosts == ("localhost:8000",)
    assert Settings.model_validate(settings.model_dump()).allow_hosts == ()
    for key in ("allow_hosts", "_allow_hosts"):
        with pytest.raises(ValidationError):
            Settings.model_validate({key: ("localhost",)})
    assert pickle.loads(pickle.dumps(settings)).allow_hosts == ("localhost:8000",)
