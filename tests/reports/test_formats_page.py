"""docs/formats.md and the code name the same columns and formats."""

import re
from pathlib import Path

import pytest

from sattrack.reports.listings import COUNT_COLUMNS, SCENE_COLUMNS
from sattrack.reports.rows import COLUMNS
from sattrack.results import SCHEMA_VERSION
from sattrack.wiring import EXPORTS

PAGE = (Path(__file__).parents[2] / "docs" / "formats.md").read_text()


def _named(heading: str) -> set[str]:
    """The words in backticks of the first column of the table under a heading."""
    section = PAGE.split(f"{heading}\n", 1)[1].split("\n## ", 1)[0].split("\n### ", 1)[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("|")]
    return set(re.findall(r"`(\w+)`", " ".join(first)))


@pytest.mark.parametrize(
    ("heading", "columns"),
    [
        ("### counts.csv", COUNT_COLUMNS),
        ("### scenes.csv", SCENE_COLUMNS),
        ("## Boxes: the attributes of every export", COLUMNS),
    ],
)
def test_the_page_has_each_column_and_no_other(heading: str, columns: tuple[str, ...]) -> None:
    assert _named(heading) == set(columns)


def test_the_page_has_each_format_and_the_schema_version() -> None:
    assert set(re.findall(r"`--format ([\w-]+)`", PAGE)) == set(EXPORTS)
    assert f"**schema version {SCHEMA_VERSION}**" in PAGE
