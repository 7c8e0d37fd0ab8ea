"""docs/security.md and the tests that it names."""

import ast
import re
from functools import lru_cache
from pathlib import Path

from tests.test_reliability_page import _NAMED, TESTS

PAGE = TESTS.parent / "docs" / "security.md"


@lru_cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"))


def promises() -> list[str]:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return [line for line in lines if not re.match(r"\| (id|promise|---)", line)]


def test_every_promise_names_tests_and_each_is_there() -> None:
    for line in promises():
        named = _NAMED.findall(line)
        assert named or line.startswith("| I5 "), line
        for file, names in named:
            for name in re.findall(r"`(\w+)`", names):
                assert (Path(TESTS) / file).is_file(), file
                assert name in names_in(file), f"{file} has no {name}"


def test_no_name_of_a_test_on_the_page_escapes_the_check() -> None:
    checked = {name for line in promises() for _, names in _NAMED.findall(line) for name in re.findall(r"`(\w+)`", names)}
    assert set(re.findall(r"`(test_\w+)`", PAGE.read_text())) == checked


def test_all_invariants_stand_there() -> None:
    assert re.findall(r"^\| (I\d) \|", PAGE.read_text(), re.MULTILINE) == [f"I{number}" for number in range(1, 8)]
