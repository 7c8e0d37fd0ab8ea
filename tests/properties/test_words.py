"""Times, dates in names, pixel sizes, bands: any text gives a value or our error, and what is written reads back."""

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sattrack.errors import ManifestError
from sattrack.readers.hints import read_bands, read_gsd, read_text
from sattrack.readers.times import FIRST_YEAR, parse_time, time_in_name, time_in_tags

same = settings(max_examples=150, deadline=None, derandomize=True)
texts = st.text(max_size=60) | st.from_regex(r"[0-9 TZ:+,./_-]{0,40}", fullmatch=True)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts, lambda v: st.lists(v, max_size=4), max_leaves=6
)
times = st.datetimes(dt.datetime(FIRST_YEAR, 1, 2), dt.datetime(2024, 1, 1), timezones=st.timezones().map(lambda _: dt.UTC))


@same
@given(texts)
def test_any_text_is_a_time_in_utc_or_our_error(text: str) -> None:
    try:
        found = parse_time(text)
    except ManifestError:
        return
    assert found.tzinfo == dt.UTC
    assert found.year >= FIRST_YEAR


@same
@given(times, st.integers(-14 * 60, 14 * 60))
def test_a_time_written_in_any_zone_reads_back(time: dt.datetime, minutes: int) -> None:
    zone = dt.timezone(dt.timedelta(minutes=minutes))
    assert parse_time(time.isoformat()) == time
    assert parse_time(time.astimezone(zone).isoformat()) == time


@same
@given(texts)
def test_any_file_name_has_a_time_or_none(stem: str) -> None:
    found = time_in_name(stem)
    assert found is None or (found.tzinfo == dt.UTC and found.year >= FIRST_YEAR)


@same
@given(times, st.from_regex(r"[A-Za-z]{0,6}", fullmatch=True))
def test_the_time_in_a_name_as_vendors_write_it_is_found(time: dt.datetime, word: str) -> None:
    time = time.replace(microsecond=0)
    for form in ("%Y%m%dT%H%M%S", "%Y-%m-%dT%H-%M-%S", "%Y%m%d_%H%M%S", "%Y%m%d%H%M%S"):
        assert time_in_name(f"{word}_{time.strftime(form)}") == time
    assert time_in_name(f"{word}_{time.strftime('%d%b%Y').upper()}") == time.replace(hour=0, minute=0, second=0)


@same
@given(st.dictionaries(st.sampled_from(["TIFFTAG_DATETIME", "EXIF_DateTimeOriginal", "EXIF_OffsetTimeOriginal", "x"]), texts))
def test_any_tags_hold_a_time_or_none(tags: dict[str, str]) -> None:
    found = time_in_tags(tags)
    assert found is None or found.tzinfo == dt.UTC


@same
@given(values, st.booleans())
def test_any_value_is_a_pixel_size_or_our_error(value: object, comma: bool) -> None:
    try:
        sizes = read_gsd(value, decimal_comma=comma)
    except ManifestError:
        return
    assert all(0 < size < 100_000 for size in sizes)


@same
@given(st.floats(0.01, 1000), st.floats(1, 4))
def test_a_pixel_size_written_as_two_numbers_reads_back(size: float, times_as_long: float) -> None:
    pair = (size, size * times_as_long * 0.999)
    if min(pair) > 0 and max(pair) / min(pair) <= 4:
        assert read_gsd(f"{pair[0]:.6f},{pair[1]:.6f}") == pytest.approx(pair, abs=1e-6)
        assert read_gsd(list(pair)) == pair


@same
@given(values)
def test_any_value_is_bands_or_our_error(value: object) -> None:
    try:
        bands = read_bands(value)
    except ManifestError:
        return
    assert len(bands) in (1, 3)
    assert read_bands(",".join(map(str, bands))) == bands


@same
@given(values)
def test_any_value_is_one_clean_line(value: object) -> None:
    line = read_text(value)
    assert line == " ".join(line.split())
    assert len(line) <= 500
    assert read_text(line) == line
