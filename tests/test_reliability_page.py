"""docs/reliability.md and the tests that it names: neither without the other.

`python tests/test_reliability_page.py` writes the column of tests anew.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "reliability.md"
_LETTERS = "cdghilmnoprsux"
_IDS = re.compile(rf"test_((?:[{_LETTERS}][0-9]+_)+)", re.IGNORECASE)
_LAST_ID = re.compile(rf"test_.*_([{_LETTERS}][0-9]+)", re.IGNORECASE)
_ROW = re.compile(r"\| ([A-Z][0-9]+) \|.*\|.*\|(.*)\|")
_NAMED = re.compile(r"`(\w+(?:/\w+)*\.py)`: ((?:`\w+`(?:, )?)+)")


def ids_of(name: str) -> list[str]:
    """The rows that a test's name carries: test_r1_r2_... or ..._o1; row 0 stands for a letter's run as a whole."""
    first, last = _IDS.match(name), _LAST_ID.fullmatch(name)
    found = first[1].strip("_").split("_") if first else [last[1]] if last else []
    return [one.upper() for one in found if not one.endswith("0") or len(one) > 2]


def rows_of_tests() -> dict[str, dict[str, list[str]]]:
    """Row -> file -> names of tests, by reading the files."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                for row in ids_of(node.name):
                    found[row][path.relative_to(TESTS).as_posix()].append(node.name)
    return found


def rows_of_page() -> dict[str, dict[str, list[str]]]:
    rows: dict[str, dict[str, list[str]]] = {}
    for line in PAGE.read_text().splitlines():
        found = _ROW.fullmatch(line)
        if found:
            assert found[1] not in rows, f"{found[1]} stands twice"
            rows[found[1]] = {file: re.findall(r"`(\w+)`", names) for file, names in _NAMED.findall(found[2])}
    return rows


def test_every_test_that_the_page_names_is_there() -> None:
    there = rows_of_tests()
    for row, files in rows_of_page().items():
        for file, names in files.items():
            for name in names:
                assert name in there.get(row, {}).get(file, []), f"{row}: {file} has no {name}"


def test_every_test_with_a_row_is_named_in_its_row() -> None:
    page = rows_of_page()
    for row, files in rows_of_tests().items():
        assert row in page, f"{row} is no row of the page: {dict(files)}"
        for file, names in files.items():
            for name in names:
                assert name in page[row].get(file, []), f"{row}: {name} is not named: run this file as a program"


def test_the_rows_stand_in_order_and_none_is_missing() -> None:
    rows = list(rows_of_page())
    letters = list(dict.fromkeys(row[0] for row in rows))
    assert rows == [row for letter in letters for row in sorted((r for r in rows if r[0] == letter), key=lambda r: int(r[1:]))]
    assert len(rows) > 150


def cell(files: dict[str, list[str]]) -> str:
    told = [f"`{file}`: {', '.join(f'`{name}`' for name in dict.fromkeys(names))}" for file, names in files.items()]
    return f" {'; '.join(told)} " if told else " "


def write_tests_column() -> None:
    there = rows_of_tests()
    lines = []
    for line in PAGE.read_text().splitlines():
        found = _ROW.fullmatch(line)
        lines.append(f"{line[: found.start(2)]}{cell(there.get(found[1], {}))}|" if found else line)
    PAGE.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write_tests_column()
