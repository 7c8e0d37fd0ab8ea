"""PVL: the texts of `name = value;` in groups that stand beside Maxar's pictures (.IMD, .TIL), read strictly."""

import re
from collections.abc import Callable, Iterator

from sattrack.errors import SattrackError

MOST_LINES = 100_000
_DEEPEST = 8
_GROUP = re.compile(r"(BEGIN|END)_GROUP = ([A-Za-z0-9_]{1,80})")
_VALUE = re.compile(r'([A-Za-z0-9_]{1,80}) = (?:"([^"]*)"|([^\s"(),;]+));?')
_LIST = re.compile(r"[A-Za-z0-9_]{1,80} = (?=\()")
_ITEMS = re.compile(r'(?:"[^"]*"|[^\s"(),;=]| |[(),])*;?')

Entry = tuple[tuple[str, ...], str]


def read_pvl(text: str, *, refused: Callable[[str], SattrackError]) -> list[Entry]:
    """Each value with the names that lead to it, the innermost last, casefolded, in the text's order; lists are passed over.

    refused: makes the error that is raised, from what is wrong.
    """
    lines = text.splitlines()
    if len(lines) > MOST_LINES:
        raise refused(f"more than {MOST_LINES:,} lines")
    return list(_entries(lines, refused=refused))


def _entries(lines: list[str], *, refused: Callable[[str], SattrackError]) -> Iterator[Entry]:
    groups: list[str] = []
    # Brackets of a list that are open.
    depth = 0
    for number, raw in enumerate(lines, start=1):
        line = " ".join(raw.split())
        if not line:
            continue
        listed = None if depth else _LIST.match(line)
        if depth or listed:
            items = line[listed.end() :] if listed else line
            if not _ITEMS.fullmatch(items):
                raise refused(f"line {number} is no part of a list: {line[:60]!r}")
            bare = re.sub('"[^"]*"', "", items)
            depth += bare.count("(") - bare.count(")")
            if depth < 0 or (depth and items.endswith(";")):
                raise refused(f"line {number} ends a list that did not begin, or is not over: {line[:60]!r}")
        elif found := _GROUP.fullmatch(line):
            name = found[2].casefold()
            if found[1] == "BEGIN":
                groups.append(name)
            elif not groups or groups.pop() != name:
                raise refused(f"line {number} ends a group that did not begin: {found[2]}")
            if len(groups) > _DEEPEST:
                raise refused(f"groups nested more than {_DEEPEST} deep")
        elif found := _VALUE.fullmatch(line):
            yield (*groups, found[1].casefold()), (found[2] if found[2] is not None else found[3])
        elif line in ("END;", "END"):
            break
        else:
            raise refused(f"line {number} is no `name = value;`: {line[:60]!r}")
    if groups or depth:
        raise refused("it ends in the middle")
