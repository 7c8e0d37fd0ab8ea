"""The manifest: a CSV file with a row for each picture, and what the user knows of it."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sattrack.errors import ManifestError
from sattrack.readers.hints import Hints, read_bands, read_gsd, read_text
from sattrack.readers.times import parse_time

SUFFIXES = (".csv", ".tsv")
COLUMNS = ("path", "scene", "datetime", "gsd_m", "sensor", "bands", "mask", "source", "licence")
_ALIASES = {"license": "licence"}
_DELIMITERS = (",", ";", "\t")
_MOST_BYTES = 512 << 20
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Row:
    """A picture of a manifest: where it was said, the path or location as written, its scene where named, and the hints."""

    where: str
    path: str
    scene: str = ""
    hints: Hints = field(default_factory=Hints)


@dataclass(frozen=True, slots=True)
class _Header:
    columns: tuple[str, ...]
    delimiter: str
    line: int
    notes: tuple[str, ...]


def read_manifest(path: Path) -> list[Row]:
    """The rows in their order. Commas, semicolons or tabs part the values; in the last two `0,5` is a half.

    The mask stays as written, relative to the manifest. Columns that are not known are said in the first row's notes.
    ManifestError names the line of what cannot be understood.
    """
    # Not splitlines, which also parts at form feeds and at Unicode's own line ends.
    lines = io.StringIO(_text(path), newline="").readlines()
    header = _header(path, lines)
    rows = []
    for line, cells in _records(path, lines[header.line :], header=header):
        if any(cell.strip() for cell in cells):
            rows.append(_row(path, line, cells, header=header))
    if not rows:
        raise _refused(path, "no picture is named", way_out="write a line for each picture under the column names")
    first = rows[0]
    rows[0] = replace(first, hints=replace(first.hints, notes=(*first.hints.notes, *header.notes)))
    return rows


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _refused(path, f"more than {_MOST_BYTES >> 20} MB", way_out="split the manifest")
        raw = path.read_bytes()
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from error
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused(path, "not UTF-8 text", line=0 if wide else line, way_out="save it as CSV UTF-8") from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise _refused(path, "holds a zero byte, which no text does", line=line, way_out="save it as CSV UTF-8")
    return text


def _header(path: Path, lines: Sequence[str]) -> _Header:
    """The first line that is not empty; the delimiter is the one that makes the most known columns of it."""
    # `sep=;` is Excel's own way to name a delimiter.
    filled = (n for n, line in enumerate(lines, start=1) if line.strip() and not line.casefold().startswith("sep="))
    number = next(filled, 0)
    if not number:
        raise _refused(path, "an empty file", way_out=f"begin with a line of column names: {', '.join(COLUMNS)}")
    line = lines[number - 1]
    readings = {mark: _columns(path, line, delimiter=mark, number=number) for mark in _DELIMITERS}
    delimiter = max(_DELIMITERS, key=lambda mark: sum(column in COLUMNS for column in readings[mark]))
    columns = readings[delimiter]
    if "path" not in columns:
        raise _refused(
            path, f"expected column names with 'path' among them, came {line.strip()[:80]!r}", line=number,
            way_out=f"begin with a line of column names: {', '.join(COLUMNS)}",
        )  # fmt: skip
    twice = sorted({column for column in columns if column in COLUMNS and columns.count(column) > 1})
    if twice:
        raise _refused(path, f"the column {twice[0]!r} stands twice", line=number, way_out="keep one of them")
    strange = [column for column in columns if column and column not in COLUMNS]
    shown = ", ".join(repr(c[:40]) for c in strange[:_MOST_SHOWN]) + (", ..." if len(strange) > _MOST_SHOWN else "")
    notes = (f"{path.name}: not used, since no such column is known: {shown}",) if strange else ()
    return _Header(columns, delimiter, number, notes)


def _columns(path: Path, line: str, *, delimiter: str, number: int) -> tuple[str, ...]:
    try:
        names = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))
    except csv.Error as error:
        raise _refused(path, f"column names cannot be read: {error}", line=number) from error
    folded = [" ".join(name.split()).casefold() for name in names]
    return tuple(_ALIASES.get(name, name) for name in folded)


def _records(path: Path, lines: Sequence[str], *, header: _Header) -> Iterator[tuple[int, list[str]]]:
    """(number of its first line, cells) of each record; quoted cells may hold the delimiter and ends of lines."""
    reader = csv.reader(lines, delimiter=header.delimiter, skipinitialspace=True, strict=True)
    line = header.line + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _refused(path, f"a quote or value that cannot be read: {error}", line=line) from error
        yield line, cells
        line = header.line + reader.line_num + 1


def _row(path: Path, line: int, cells: Sequence[str], *, header: _Header) -> Row:
    if any(cell.strip() for cell in cells[len(header.columns) :]):
        raise _refused(
            path, f"{len(cells)} values for {len(header.columns)} columns", line=line,
            way_out="put a value that holds the delimiter in quotes",
        )  # fmt: skip
    said = {column: cell.strip() for column, cell in zip(header.columns, cells, strict=False) if column in COLUMNS}
    if not said.get("path"):
        raise _refused(path, "the path is empty", line=line, way_out="name the picture, or remove the line")
    try:
        hints = _hints(said, decimal_comma=header.delimiter != ",")
    except ManifestError as error:
        raise _refused(path, error.message, line=line, way_out=error.way_out) from error
    return Row(_where(path, line), said["path"], read_text(said.get("scene")), hints)


def _hints(said: dict[str, str], *, decimal_comma: bool) -> Hints:
    acquired, gsd, bands = said.get("datetime"), said.get("gsd_m"), said.get("bands")
    return Hints(
        acquired=parse_time(acquired) if acquired else None,
        acquired_source="manifest" if acquired else "",
        gsd_m=read_gsd(gsd, decimal_comma=decimal_comma) if gsd else None,
        gsd_source="manifest" if gsd else "",
        sensor=read_text(said.get("sensor")),
        source=read_text(said.get("source")),
        licence=read_text(said.get("licence")),
        bands=read_bands(bands) if bands else None,
        mask=said.get("mask") or None,
    )


def _where(path: Path, line: int) -> str:
    return f"{path}, line {line}" if line else str(path)


def _refused(path: Path, message: str, *, line: int = 0, way_out: str = "") -> ManifestError:
    return ManifestError(message, where=_where(path, line), way_out=way_out)
