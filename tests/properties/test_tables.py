"""Tables and small files: whatever they hold, rows or our error that names the file; what is written reads back."""

import csv
import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sattrack.errors import ManifestError, OutlineError, SettingsError
from sattrack.readers.chains import read_chain
from sattrack.readers.count_tables import NEEDED, OPTIONAL, read_counts
from sattrack.readers.manifest import COLUMNS, read_manifest
from sattrack.readers.settings_file import as_yaml, load_settings, template
from sattrack.readers.strict_xml import parse_strictly
from sattrack.readers.strict_yaml import read_yaml
from sattrack.settings import Settings

same = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
words = (
    st.text(max_size=20)
    | st.from_regex(r"[0-9eE+.,:;TZ-]{0,20}", fullmatch=True)
    | st.sampled_from(["nan", "1e400", "done", "0.5"])
)
# What one cell may say and keep: no ends of lines inside our cleaned texts, none of the signs that mean something to a table.
plain = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)


def names(error: Exception, path: Path) -> None:
    assert path.name in str(error)


def table(columns: tuple[str, ...]) -> st.SearchStrategy[bytes]:
    heads = st.lists(st.sampled_from(columns) | words, min_size=1, max_size=6)
    rows = st.lists(st.lists(words, max_size=7), max_size=4)
    marks = st.sampled_from([",", ";", "\t"])
    return st.tuples(heads, rows, marks).map(lambda t: "\n".join(t[2].join(row) for row in [t[0], *t[1]]).encode())


@same
@given(
    table(COLUMNS) | table((*COLUMNS[:1], "datetime")).map(lambda raw: b"path,datetime,gsd_m\n" + raw) | st.binary(max_size=80)
)
def test_any_manifest_is_rows_or_our_error(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(raw)
    try:
        rows = read_manifest(path)
    except ManifestError as error:
        names(error, path)
        return
    assert all(row.path for row in rows)


days = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2024, 1, 1))
pictures = st.tuples(plain, st.none() | st.floats(0.1, 9), st.none() | days)


@same
@given(st.lists(pictures, min_size=1, max_size=4), st.sampled_from([",", ";", "\t"]), st.booleans())
def test_a_manifest_written_by_a_table_program_reads_back(tmp_path: Path, rows: list[Any], mark: str, bom: bool) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=mark)
    writer.writerow(["path", "gsd_m", "datetime"])
    for name, gsd, time in rows:
        number = "" if gsd is None else f"{gsd:.4f}".replace(".", "." if mark == "," else ",")
        writer.writerow([name, number, time.isoformat() if time else ""])
    path = tmp_path / "m.csv"
    path.write_bytes(out.getvalue().encode("utf-8-sig" if bom else "utf-8"))
    found = read_manifest(path)
    assert [row.path for row in found] == [name for name, _, _ in rows]
    for row, (_, gsd, time) in zip(found, rows, strict=True):
        assert row.hints.gsd_m == (None if gsd is None else pytest.approx((gsd, gsd), abs=1e-4))
        assert row.hints.acquired == (time.replace(tzinfo=dt.UTC) if time else None)


@same
@given(table(NEEDED + OPTIONAL) | st.lists(st.lists(words, min_size=3, max_size=5), max_size=3).map(
    lambda rows: "\n".join(["site_id,datetime,count,status", *(",".join(row) for row in rows)]).encode()
) | st.binary(max_size=80))  # fmt: skip
def test_any_table_of_counts_is_readings_or_our_error(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "c.csv"
    path.write_bytes(raw)
    try:
        found = list(read_counts(path))
    except ManifestError as error:
        names(error, path)
        return
    assert all(one.observation.count is None or one.observation.count >= 0 for one in found)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.dates()
trees = st.recursive(
    leaves, lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=8), v, max_size=3), max_leaves=8
)
documents = st.dictionaries(
    st.sampled_from([*Settings.model_fields, "name", "places", "links", "sources", "x"]), trees, max_size=5
)


@same
@given(documents.map(lambda d: yaml.safe_dump(d).encode()) | st.text(max_size=60).map(str.encode) | st.binary(max_size=60))
def test_any_yaml_is_read_or_our_error(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "s.yaml"
    path.write_bytes(raw)
    for reader in (lambda p: read_yaml(p, called="file"), load_settings, read_chain):
        try:
            reader(path)
        except SettingsError as error:
            names(error, path)


@same
@given(
    st.dictionaries(
        st.text(max_size=8), st.text(max_size=12) | st.integers() | st.booleans() | st.lists(st.integers()), max_size=5
    )
)
def test_plain_keys_and_values_read_back(tmp_path: Path, said: dict[str, Any]) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(yaml.safe_dump(said), encoding="utf-8")
    assert read_yaml(path, called="file") == said


@settings(same, max_examples=15)
@given(st.floats(1e-6, 0.1), st.integers(1, 256), st.tuples(st.floats(-50, 50), st.floats(-50, 50)), st.booleans())
def test_settings_written_as_yaml_read_back(tmp_path: Path, level: float, batch: int, shift: Any, careful: bool) -> None:
    made = Settings(alarm_level=level, batch=batch, tile_shift_m=shift, careful=careful)
    path = tmp_path / "s.yaml"
    path.write_text(as_yaml(made))
    assert load_settings(path) == made


@pytest.mark.parametrize("level", [1e-5, 1e-6, 1.5e-6, 0.001])
def test_a_small_number_written_as_yaml_is_no_word(tmp_path: Path, level: float) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(as_yaml(Settings(alarm_level=level)))
    assert load_settings(path).alarm_level == level
    path.write_text(template())
    assert load_settings(path) == Settings()


tags = st.sampled_from(["a", "b", "VRTDataset", "kml:Placemark"])
snippets = st.lists(tags.map(lambda t: f"<{t}>") | tags.map(lambda t: f"</{t}>") | st.text(max_size=8) | st.sampled_from(
    ["<!DOCTYPE a>", "<!ENTITY x 'y'>", "&x;", "&#0;", "<?xml version='1.0' encoding='x'?>", "<![CDATA[", "<!--", "xmlns:k='u'"]
), max_size=12).map("".join)  # fmt: skip


@same
@given(snippets.map(lambda t: t.encode("utf-8", "replace")) | st.binary(max_size=60), st.booleans())
def test_any_xml_is_a_tree_or_our_error(raw: bytes, local: bool) -> None:
    try:
        root = parse_strictly(raw, deepest=5, refused=OutlineError, local_names=local)
    except OutlineError:
        return
    assert root.tag
    assert b"<!ENTITY" not in raw.split(b"<![CDATA[")[0].split(b"<!--")[0]
