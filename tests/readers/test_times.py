import datetime as dt
import os
from pathlib import Path

import pytest

from sattrack.errors import ManifestError
from sattrack.readers import times
from sattrack.readers.times import parse_time, time_in_name, time_in_tags


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2023-10-14", utc(2023, 10, 14)),
        ("2023/10/14", utc(2023, 10, 14)),
        ("20231014", utc(2023, 10, 14)),
        (" 2023-10-14T01:15 ", utc(2023, 10, 14, 1, 15)),
        ("2023-10-14T01:15:01Z", utc(2023, 10, 14, 1, 15, 1)),
        ("2023-10-14 01:15:01 UTC", utc(2023, 10, 14, 1, 15, 1)),
        ("2023:10:14 01:15:01", utc(2023, 10, 14, 1, 15, 1)),
        ("2014-10-23T02:33:12.123456789Z", utc(2014, 10, 23, 2, 33, 12, 123456)),
        ("2014-10-23T02:33:12,5", utc(2014, 10, 23, 2, 33, 12, 500000)),
        ("20231014T011501Z", utc(2023, 10, 14, 1, 15, 1)),
        ("2023-10-14T10:15:00+09:00", utc(2023, 10, 14, 1, 15)),
        ("2023-10-14T10:15:00+0900", utc(2023, 10, 14, 1, 15)),
        ("2023-10-14T00:15:00+09", utc(2023, 10, 13, 15, 15)),
        ("2023-10-13T20:15:00-05:30", utc(2023, 10, 14, 1, 45)),
    ],
)
def test_a_written_time_is_read_as_utc(text: str, time: dt.datetime) -> None:
    assert parse_time(text) == time
    assert parse_time(text).utcoffset() == dt.timedelta(0)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "0000-00-00", "0000:00:00 00:00:00", "2023-13-01", "2023-02-30", "2023-10-14T24:00:00",
        "2023-10-14T23:59:60Z",
        "05-06-2023", "05/06/2023", "5 June 2023", "14.10.2023", "2023-10", "2023", "1969-12-31", "2999-01-01",
        "2023-10-14T01:15:01+25:00",
        "2023-10-14T01:15:01+05:75", "2023-10/14", "²⁰²³-10-14", "٢٠٢٣-١٠-١٤", "1697246101", "9999-12-31T23:59:59-12:00",
    ],
)  # fmt: skip
def test_M15_a_bad_written_time_is_an_error_that_shows_it(text: str) -> None:
    with pytest.raises(ManifestError, match="the time") as caught:
        parse_time(text)
    assert repr(text) in str(caught.value)


def test_M15_a_time_of_today_is_no_future() -> None:
    now = dt.datetime.now(dt.UTC)
    assert parse_time(now.isoformat()) == now
    with pytest.raises(ManifestError, match="future"):
        parse_time((now + dt.timedelta(days=2)).isoformat())


@pytest.mark.parametrize(
    ("stem", "time"),
    [
        ("manila_2015-02-05_3600_4000", utc(2015, 2, 5)),
        ("lalb_2009-11-15_1800_8500", utc(2009, 11, 15)),
        ("norfolk_2008-10-31_8100_12500", utc(2008, 10, 31)),
        ("manila_2015-02-05_0_1500", utc(2015, 2, 5)),
        ("2015_02_05", utc(2015, 2, 5)),
        ("port.2015.02.05", utc(2015, 2, 5)),
        ("port 20150205 rgb", utc(2015, 2, 5)),
        ("busan_2022-05-14-00_00_2022-05-14-23_59_Sentinel-2_L2A_B02_(Raw)", utc(2022, 5, 14)),
        ("durban_2023-08-21-07:30_2023-08-21-23:59_Sentinel-2_L2A_B02_(Raw)", utc(2023, 8, 21, 7, 30)),
        ("S2A_MSIL2A_20231014T110132_N0509_R094_T52TCM_20231014T153000", utc(2023, 10, 14, 11, 1, 32)),
        ("20231014_011501_24_2475_3B_AnalyticMS_SR_8b_clip", utc(2023, 10, 14, 1, 15, 1)),
        ("BSG-101-20190101-012345-123456", utc(2019, 1, 1, 1, 23, 45)),
        ("2023-10-14-01-15-01_UMBRA-04", utc(2023, 10, 14, 1, 15, 1)),
        ("LC08_L1TP_115034_20231014_20231020_02_T1", utc(2023, 10, 14)),
        ("14OCT23023312-P2AS_R1C1-054000000010_01_P001", utc(2014, 10, 23, 2, 33, 12)),
        ("DIM_PHR1A_P_201502050233123_SEN_1", utc(2015, 2, 5, 2, 33, 12)),
        ("K3A_20150205023312_01234_00012345_L1G", utc(2015, 2, 5, 2, 33, 12)),
        ("rajin_14-Oct-2023", utc(2023, 10, 14)),
        ("rajin_5oct2023", utc(2023, 10, 5)),
        ("2023-Oct-14 rajin", utc(2023, 10, 14)),
        ("x_2023-10-14T10:15:00+09:00", utc(2023, 10, 14, 1, 15)),
        ("x_2023-10-14T20:15:01-05:00", utc(2023, 10, 15, 1, 15, 1)),
        ("x_2023-10-14T20:15-05:00", utc(2023, 10, 15, 1, 15)),
        ("x_20231014T011501-0007", utc(2023, 10, 14, 1, 15, 1)),
        ("port_20231014T999999", utc(2023, 10, 14)),
        ("порт_2023-10-14", utc(2023, 10, 14)),
    ],
)
def test_a_name_tells_its_time(stem: str, time: dt.datetime) -> None:
    assert time_in_name(stem) == time


@pytest.mark.parametrize(
    "stem",
    [
        "", "scene", "8100_12500", "3600_4000", "port_1086", "port30cm_0653", "t1", "05-06-2023", "05062023", "10122015",
        "20102015",
        "20231399", "2023-02-30", "0000-00-00", "1969-12-31", "2999-01-01", "29990101", "120150205", "201502051",
        "lot20150205x",
        "a20150205", "054000000010", "2015-02_05", "2015-02-051", "99OCT99", "23oct14", "r23OCT14", "23OCT14", "rajin_14OCT23",
        "1408_1408",
        "014de911_128_1408",
        "order_20240101_scene_20231014", "²⁰¹⁵0205", "2015-13-05_12-30", "E113.9_N22.5", "20150205-20140101",
    ],
)  # fmt: skip
def test_M15_a_name_without_a_sure_time_is_unknown(stem: str) -> None:
    assert time_in_name(stem) is None


def test_a_long_name_is_read_at_once() -> None:
    assert time_in_name("2015-02-0" * 2000) is None
    assert time_in_name("9" * 20000) is None


def test_tags_are_asked_in_order_of_trust() -> None:
    tags = {"TIFFTAG_DATETIME": "2020:01:01 00:00:00", "ACQUISITIONDATETIME": "2014-10-23 02:33:12"}
    assert time_in_tags(tags) == utc(2014, 10, 23, 2, 33, 12)
    assert time_in_tags({"TIFFTAG_DATETIME": "2020:01:01 00:00:00"}) == utc(2020, 1, 1)


def test_an_exif_time_is_moved_by_its_offset() -> None:
    tags = {"EXIF_DateTimeOriginal": "2020:01:01 09:00:00", "EXIF_OffsetTimeOriginal": "+09:00"}
    assert time_in_tags(tags) == utc(2020, 1, 1)


@pytest.mark.parametrize("bad", ["", "0000:00:00 00:00:00", "    :  :     :  :  ", "Thu Oct 14 2023", "2999:01:01 00:00:00"])
def test_M15_a_bad_tag_is_as_if_it_were_not_there(bad: str) -> None:
    assert time_in_tags({"TIFFTAG_DATETIME": bad}) is None
    assert time_in_tags({"ACQUISITIONDATETIME": bad, "TIFFTAG_DATETIME": "2020:01:01 00:00:00"}) == utc(2020, 1, 1)
    assert time_in_tags({}) is None


def test_real_names_tell_their_dates_and_no_tile_place_is_one() -> None:
    folder = os.environ.get("SATTRACK_REAL_DATA")
    if not folder:
        pytest.skip("SATTRACK_REAL_DATA does not name the folder of real pictures")
    ports = next((place for place in (Path(folder), Path(folder).parent) if (place / "unlabelled_ports").is_dir()), None)
    if ports is None:
        pytest.skip("no unlabelled ports beside the labelled sets")
    known = {path.stem: time_in_name(path.stem) for path in (ports / "unlabelled_ports").iterdir()}
    assert len(known) > 30
    for stem, time in known.items():
        dated = stem.split("_")[1] if stem.count("_") == 3 else ""
        assert (time.strftime("%Y-%m-%d") if time else "") == dated
        assert time is None or time.time() == dt.time(0)


def test_a_name_is_no_day_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(times, "_latest", lambda: utc(2020, 1, 1))
    assert time_in_name("port_2019-12-31") == utc(2019, 12, 31)
    assert time_in_name("port_2020-01-02") is None


def test_the_names_in_the_documents_are_read_as_they_say() -> None:
    page = (Path(__file__).parents[2] / "docs/inputs.md").read_text()
    table = page.split("| in the name | read as |\n| --- | --- |\n")[1].split("\n\n")[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()]
    assert len(lines) == 7
    for names, meaning in lines:
        for stem in names.split("`")[1::2]:
            time = time_in_name(stem)
            assert (time is None) == meaning.startswith("unknown")
            assert time is None or f"{time.day} {time:%B %Y}" in meaning
            assert time is None or time.time() == dt.time(0) or f"{time:%H:%M:%S}" in meaning
