import datetime as dt
from pathlib import Path

import pytest

from sattrack.errors import ManifestError
from sattrack.readers.manifest import Row, read_manifest

FULL = "path,scene,datetime,gsd_m,sensor,bands,mask,source,licence"


def rows(folder: Path, content: str | bytes) -> list[Row]:
    path = folder / "list.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_manifest(path)


def refused(folder: Path, content: str | bytes) -> str:
    with pytest.raises(ManifestError) as caught:
        rows(folder, content)
    assert str(folder / "list.csv") in caught.value.where
    return str(caught.value)


def test_every_column_is_read(tmp_path: Path) -> None:
    (row,) = rows(
        tmp_path, f'{FULL}\na.tif,day 1,2023-10-14T01:15:00Z,"0.5,0.62",WV3,"4,3,2",a_cloud.gpkg,"Maxar, via X",CC BY 4.0\n'
    )
    said = row.hints
    assert (row.path, row.scene, row.where) == ("a.tif", "day 1", f"{tmp_path / 'list.csv'}, line 2")
    assert (said.acquired, said.acquired_source) == (dt.datetime(2023, 10, 14, 1, 15, tzinfo=dt.UTC), "manifest")
    assert (said.gsd_m, said.gsd_source, said.bands) == ((0.5, 0.62), "manifest", (4, 3, 2))
    assert (said.sensor, said.mask, said.source, said.licence) == ("WV3", "a_cloud.gpkg", "Maxar, via X", "CC BY 4.0")
    assert said.notes == ()


def test_what_is_left_empty_or_has_no_column_is_not_said(tmp_path: Path) -> None:
    one, two = rows(tmp_path, f"{FULL}\na.tif,,,,,,,,\nb.tif\n")
    assert (one.scene, one.hints) == ("", type(one.hints)())
    assert (two.path, two.hints) == ("b.tif", one.hints)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_O4_delimiters_ends_of_lines_and_marks_are_all_one(tmp_path: Path, delimiter: str, end: str, encoding: str) -> None:
    lines = ["Path;GSD_M ; Sensor", "порт 1.tif;0.5;WV3", "", '"b.tif";"0.6";"a ""b"""', ""]
    text = end.join(lines).replace(";", delimiter)
    one, two = rows(tmp_path, text.encode(encoding))
    assert (one.path, one.hints.gsd_m, one.hints.sensor) == ("порт 1.tif", (0.5, 0.5), "WV3")
    assert (two.path, two.hints.gsd_m, two.hints.sensor) == ("b.tif", (0.6, 0.6), 'a "b"')
    assert two.where.endswith("line 4")


@pytest.mark.parametrize(
    ("cell", "gsd"),
    [("0,5", (0.5, 0.5)), ("1,2", (1.2, 1.2)), ("0,5 0,62", (0.5, 0.62)), ("0.5,0.62", (0.5, 0.62)), ("2", (2.0, 2.0))],
)
def test_O4_a_comma_is_decimal_where_it_parts_no_values(tmp_path: Path, cell: str, gsd: tuple[float, float]) -> None:
    for delimiter in ";\t":
        assert rows(tmp_path, f"path{delimiter}gsd_m\na.tif{delimiter}{cell}\n")[0].hints.gsd_m == gsd


@pytest.mark.parametrize(
    "cell", ["1,2", "1,5", "0,5", "0.5,3.0", "0,5,0,6", "0", "-1", "nan", "inf", "1e-3", "half", "0.5 m", "1e999"]
)
def test_a_doubtful_pixel_size_is_refused_with_its_line(tmp_path: Path, cell: str) -> None:
    message = refused(tmp_path, f'path,gsd_m\nb.tif,0.5\na.tif,"{cell}"\n')
    assert "line 3: gsd_m" in message
    assert repr(cell) in message


def test_excels_line_for_the_delimiter_is_passed_over(tmp_path: Path) -> None:
    assert [r.path for r in rows(tmp_path, "sep=;\r\npath;gsd_m\r\na.tif;0,5\r\n")] == ["a.tif"]


def test_a_quoted_cell_may_hold_ends_of_lines_and_the_lines_still_count(tmp_path: Path) -> None:
    one, two = rows(tmp_path, 'path,source\na.tif,"two\nlines"\nb.tif,\n')
    assert one.hints.source == "two lines"
    assert two.where.endswith("line 4")


def test_unknown_columns_are_said_once(tmp_path: Path) -> None:
    one, two = rows(tmp_path, "path,cloud,GSD,license\na.tif,3,0.5,CC0\nb.tif,4,0.5,\n")
    assert one.hints.notes == ("list.csv: not used, since no such column is known: 'cloud', 'gsd'",)
    assert one.hints.licence == "CC0"
    assert two.hints.notes == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "an empty file"),
        ("\n \n", "an empty file"),
        ("path,gsd_m\n", "no picture is named"),
        ("a.tif\nb.tif\n", "line 1: expected column names with 'path' among them, came 'a.tif'"),
        ("\nfile,gsd_m\na.tif,0.5\n", "line 2: expected column names"),
        ("path,gsd_m,GSD_M\na.tif,1,1\n", "line 1: the column 'gsd_m' stands twice"),
        ("path,bands\na.tif,4,3,2\n", "line 2: 4 values for 2 columns (put a value that holds the delimiter in quotes)"),
        ("path,sensor\na.tif,x\n,y\n", "line 3: the path is empty"),
        ('path,sensor\na.tif,"x\nb.tif,y\n', "line 2: a quote or value that cannot be read"),
        ('path,sensor\na.tif,"x"y\n', "line 2: a quote or value that cannot be read"),
        ("path,sensor\na.tif," + "x" * 200_000, "line 2: a quote or value that cannot be read"),
        ("path,datetime\na.tif,2023-10-14\nb.tif,05/06/2023\n", "line 3: the time '05/06/2023'"),
        ("path,datetime\na.tif,0000-00-00\n", "line 2: the time '0000-00-00' is no real time"),
        ('path,bands\na.tif,"4,3"\n', "line 2: bands '4,3' is not one band number or three"),
        ("path,bands\na.tif,0\n", "line 2: bands '0'"),
        ("path,bands\na.tif,red\n", "line 2: bands 'red'"),
        (b"path,sensor\na.tif,x\nb.tif,caf\xe9\n", "line 3: not UTF-8 text"),
        (b"path,sensor\na.tif,\0\n", "line 2: holds a zero byte"),
        (b"\xff\xfep\0a", "not UTF-8 text"),
        (b"\x89PNG\r\n\x1a\n\0\0", "line 1: not UTF-8 text"),
    ],
)
def test_O4_what_cannot_be_understood_is_refused_with_the_line(tmp_path: Path, content: str | bytes, told: str) -> None:
    assert told in refused(tmp_path, content)


def test_a_manifest_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read: No such file"):
        read_manifest(tmp_path / "gone.csv")


@pytest.mark.parametrize(("cell", "bands"), [("4,3,2", (4, 3, 2)), ("4 3 2", (4, 3, 2)), ("1", (1,)), ("8/5/2", (8, 5, 2))])
def test_bands_are_one_or_three(tmp_path: Path, cell: str, bands: tuple[int, ...]) -> None:
    assert rows(tmp_path, f'path,bands\na.tif,"{cell}"\n')[0].hints.bands == bands


def test_texts_become_one_clean_line(tmp_path: Path) -> None:
    (row,) = rows(tmp_path, 'path,scene,sensor\na.tif,"a\tb\u202e","' + "x" * 900 + '"\n')
    assert row.scene == "a b"
    assert len(row.hints.sensor) == 500


def test_O4_many_rows_are_read_at_once(tmp_path: Path) -> None:
    body = "".join(f"{i}.tif,2023-10-14T01:15:00Z,0.5\n" for i in range(20_000))
    found = rows(tmp_path, "path,datetime,gsd_m\n" + body)
    assert len(found) == 20_000
    assert found[-1].where.endswith("line 20001")


def test_the_example_in_the_documents_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs/inputs.md").read_text()
    one, two, three = rows(tmp_path, page.split("```csv\n")[1].split("```")[0])
    assert one.scene == two.scene == "rajin 1"
    assert (one.hints.bands, three.hints.gsd_m, three.scene) == ((4, 3, 2), (0.5, 0.62), "")
