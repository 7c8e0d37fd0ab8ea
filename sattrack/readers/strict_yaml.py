"""Strict YAML: a small file of plain keys and values, without aliases, merges or repeated keys; errors say where."""

import re
from pathlib import Path
from typing import Any

import yaml

from sattrack.errors import SettingsError

_LARGEST_BYTES = 64 << 10
_DOUBTFUL = re.compile(r"[:_]|^[-+]?0[0-9a-zA-Z]")


class _StrictLoader(yaml.SafeLoader):
    """YAML without aliases, merge keys or repeated keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise _Refused("aliases (*name) are not accepted", self.peek_event().start_mark)
        event = self.peek_event()
        if getattr(event, "anchor", None):
            raise _Refused("anchors (&name) are not accepted", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise _Refused("merge keys (<<) are not accepted", key.start_mark)
            if key.value in seen if isinstance(key.value, str) else False:
                raise _Refused(f"the key {key.value!r} is there twice", key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)

    def construct_number(self, node: Any) -> Any:
        """YAML 1.1 reads 010 as eight and 1:30 as ninety."""
        if _DOUBTFUL.search(node.value):
            raise _Refused(f"{node.value} is no plain number: write its decimal digits", node.start_mark)
        kind = node.tag.rpartition(":")[2]
        return self.construct_yaml_int(node) if kind == "int" else self.construct_yaml_float(node)


for _kind in ("int", "float"):
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_kind}", _StrictLoader.construct_number)


class _Refused(yaml.YAMLError):
    def __init__(self, what: str, mark: Any) -> None:
        self.problem, self.problem_mark = what, mark
        super().__init__(what)


def read_yaml(path: Path, *, called: str, way_out: str = "") -> dict[str, object]:
    """The keys and values of a file; none of an empty one. called: what the file is, for errors. Raises SettingsError."""
    try:
        # A pipe that nobody writes into would be waited for without end.
        if path.exists() and not path.is_file():
            raise SettingsError(
                f"expected a {called}, came a folder, pipe or device", where=str(path), way_out="save it as a file"
            )
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"the {called} cannot be read: {error.strerror}", where=str(path)) from error
    if len(content) > _LARGEST_BYTES:
        raise SettingsError(f"the {called} is larger than {_LARGEST_BYTES >> 10} KiB", where=str(path))
    try:
        loaded = yaml.load(content, Loader=_StrictLoader)  # a SafeLoader underneath
    except yaml.MarkedYAMLError as error:
        raise SettingsError(f"is not plain YAML: {error.problem}{_line(error.problem_mark)}", where=str(path)) from error
    except _Refused as error:
        raise SettingsError(f"{error.problem}{_line(error.problem_mark)}", where=str(path)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else " ".join(str(error).split())
        raise SettingsError(f"is not plain YAML: {reason}", where=str(path)) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise SettingsError(f"a {called} holds lines `name: value`", where=str(path), way_out=way_out)
    return {str(key): value for key, value in loaded.items()}


def _line(mark: Any) -> str:
    return f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
