"""A CSV of anybody's counts: what is read, and what is refused by its line."""

from pathlib import Path

import pytest

from sattrack.errors import ManifestError
from sattrack.readers.count_tables import read_counts


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "counts.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_least_that_is_needed(tmp_path):
    (one,) = read_counts(table(tmp_path, "site_id,datetime,count\nport,2023-09-08,310\n"))
    assert (one.site_id, one.zone, one.sensor, one.model_id) == ("port", "", "", "")
    seen = one.observation
    assert (seen.count, seen.low, seen.observed_fraction, seen.status) == (310, None, 1.0, "done")
    assert seen.datetime.isoformat() == "2023-09-08T00:00:00+00:00"


def test_all_columns_in_any_order_and_strange_ones_ignored(tmp_path):
    text = (
        "notes,lat,lon,count_high,count_low,model_id,sensor,observed_fraction,zone,count,datetime,site_id,weather\n"
        '"hazy; cold",42.2,130.3,330,290,m1,WV-2,0.97,quay,310,2023-09-08T02:10:00Z,port,fine\n'
    )
    (one,) = read_counts(table(tmp_path, text))
    assert (one.zone, one.sensor, one.model_id, one.place) == ("quay", "WV-2", "m1", (130.3, 42.2))
    assert (one.observation.low, one.observation.high, one.observation.observed_fraction) == (290, 330, 0.97)


def test_an_apostrophe_before_a_formula_is_the_tables_and_any_other_the_names(tmp_path):
    text = "site_id,zone,scene_id,datetime,count\n'-dock,'=A1,' x,2023-09-08,3\n't Harde,'s pier,'-,2023-09-08,4\n"
    found = [(one.site_id, one.zone, one.observation.scene_id) for one in read_counts(table(tmp_path, text))]
    assert found == [("-dock", "=A1", "x"), ("'t Harde", "'s pier", "-")]


def test_O4_semicolons_with_decimal_commas_and_a_byte_order_mark(tmp_path):
    (one,) = read_counts(table(tmp_path, "\ufeffsite_id;datetime;count;observed_fraction\r\nport;2023-09-08;12,5;0,5\r\n\r\n"))
    assert (one.observation.count, one.observation.observed_fraction) == (12.5, 0.5)


def test_O4_a_table_in_utf_16_is_read_and_one_without_ends_of_lines_is_not_held(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("site_id\tdatetime\tcount\npórt\t2023-09-08\t12\n", encoding="utf-16")
    assert [one.site_id for one in read_counts(path)] == ["pórt"]
    with pytest.raises(ManifestError, match=r"/dev/zero, line 1: has more than 1,048,576 characters"):
        list(read_counts(Path("/dev/zero")))


def test_m15_a_run_s_own_count_of_an_unknown_time_is_left_out_and_told(tmp_path):
    text = "site_id,datetime,datetime_source,count,status\na,,unknown,5,done\na,,unknown,,failed\na,2023-09-08,name,6,done\n"
    undated = []
    (one,) = read_counts(table(tmp_path, text), undated=undated)
    assert (one.observation.count, undated) == (6, [2])
    with pytest.raises(ManifestError, match="datetime is empty"):
        list(read_counts(table(tmp_path, text.replace("unknown", "name"))))


@pytest.mark.parametrize("again", ["2023-09-08", "2023-09-08T00:00:00Z", "2023-09-08T02:00:00+02:00"])
def test_without_scene_ids_a_scene_is_its_time_however_that_is_spelled(tmp_path, again):
    text = "site_id,datetime,count\nport,2023-09-08,310\nport,2023-09-08T10:30:00Z,312\n"
    assert [one.observation.scene_id for one in read_counts(table(tmp_path, text))] == ["2023-09-08", "2023-09-08T10:30:00Z"]
    with pytest.raises(ManifestError, match=r"line 4.*an earlier line has the same site.*give the times of day or a scene_id"):
        list(read_counts(table(tmp_path, f"{text}port,{again},310\n")))


def test_two_counts_of_one_scene_by_sister_satellites_are_an_error_as_they_stand_in_one_series(tmp_path):
    head = "site_id,datetime,sensor,gsd_m,count\n"
    with pytest.raises(ManifestError, match=r"line 3: an earlier line has the same site.*times of day or a scene_id"):
        list(read_counts(table(tmp_path, f"{head}port,2024-07-01,SkySat-1,,300\nport,2024-07-01,SkySat-2,,310\n")))
    apart = f"{head}port,2024-07-01,WV02,,300\nport,2024-07-01,WV03,,310\nport,2024-07-01,,0.3,305\nport,2024-07-01,,3,20\n"
    assert len(list(read_counts(table(tmp_path, apart)))) == 4


def test_a_row_without_a_count_is_kept_as_not_assessable_and_outside_is_left_out(tmp_path):
    rows = ("site_id,datetime,count,status", "port,2023-09-01,,", "port,2023-09-02,,failed", "port,2023-09-03,,outside")
    text = "\n".join((*rows, "port,2023-09-04,0,done\n"))
    assert [one.observation.status for one in read_counts(table(tmp_path, text))] == ["not_assessable", "failed", "done"]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("port,2023-09-08,many", "count is 'many'"),
        ("port,2023-09-08,-3", "count is '-3'"),
        ("port,2023-09-08,nan", "count is 'nan'"),
        ("port,2023-09-08,inf", "count is 'inf'"),
        ("port,2023-09-31,3", "no real time"),
        ("port,08/09/2023,3", "without guessing"),
        ("port,,3", "datetime is empty"),
        (",2023-09-08,3", "site_id is empty"),
        ("port,2023-09-08", "only 2 values"),
        ("port,2023-09-08,3,97", "observed_fraction is '97'"),
        ("port,2023-09-08,3,1,5,9", "outside count_low to count_high"),
        ("port,2023-09-08,3,1,,,good", "status is 'good'"),
        ("port,2023-09-08,,1,,,done", "count is empty"),
        ("port,2023-09-01,3", "an earlier line has the same site"),
        ('port,2023-09-08,"3', "no CSV"),
        ("port,2023-09-08,1,,,,,234", "8 values for 7 columns"),
    ],
)
def test_O4_a_bad_row_is_named_by_its_line(tmp_path, row, said):
    head = "site_id,datetime,count,observed_fraction,count_low,count_high,status\nport,2023-09-01,2,,,,\n\n"
    with pytest.raises(ManifestError, match=said) as caught:
        list(read_counts(table(tmp_path, head + row + "\n")))
    if "CSV" not in said:
        assert caught.value.where.endswith("counts.csv, line 4")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("site,when,boxes\na,b,c\n", "no column 'site_id'"),
        ("site_id,datetime,count,count\na,2023-01-01,1,2\n", "'count' twice"),
        ("site_id,datetime,count\n", "holds no counts"),
    ],
)
def test_O4_a_file_that_is_no_table_of_counts(tmp_path, text, said):
    with pytest.raises(ManifestError, match=said):
        list(read_counts(table(tmp_path, text)))
    (tmp_path / "latin.csv").write_bytes("site_id,datetime,count\nPorté,2023-01-01,1\n".encode("latin-1"))
    with pytest.raises(ManifestError, match="not UTF-8"):
        list(read_counts(tmp_path / "latin.csv"))


def test_O4_a_thousand_that_its_comma_breaks_is_never_read_as_one(tmp_path):
    with pytest.raises(ManifestError, match="4 values for 3 columns"):
        list(read_counts(table(tmp_path, "site_id,datetime,count\nport,2023-09-01,1,234\n")))
    for text in ("1,234", "1.234", "1.234.567"):
        with pytest.raises(ManifestError, match="thousands, or a decimal"):
            list(read_counts(table(tmp_path, f"site_id;datetime;count\nport;2023-09-01;{text}\n")))
    (one,) = read_counts(table(tmp_path, "site_id,datetime,count\nport,2023-09-01,4,,\n"))  # an empty end is no value
    assert one.observation.count == 4
