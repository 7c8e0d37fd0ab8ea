"""Settings from a YAML file and from what was given on the command line, with errors that name the key and its place."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sattrack.errors import SettingsError
from sattrack.readers.strict_yaml import read_yaml
from sattrack.settings import Settings

# Not settings: what decides which code runs or where results go is never taken from a file that may come from elsewhere.
_ON_THE_COMMAND_LINE = ("detector", "weights", "sites", "out", "gsd_m", "bands", "mask", "nodata", "sensor", "date",
                        "allow_host")  # fmt: skip

# 1e-05 without a point is a word to YAML 1.1, as is 1.0e3 without a sign.
_POINTLESS = re.compile(r"[-+]?\d+[eE][-+]?\d+$")


def load_settings(
    path: Path | None, *, given: Mapping[str, object] | None = None, own: Settings | None = None
) -> Settings:  # fmt: skip
    """Defaults, or a run's own, then the file's settings, then those given (none means not given). SettingsError names key and
    place.
    """
    said = read_settings_file(path) if path else {}
    chosen = {key: value for key, value in (given or {}).items() if value is not None}
    _check(said, where=str(path))
    _check(chosen, where="")
    base = own.model_dump(exclude_unset=True) if own else {}
    return _validated({**base, **said, **chosen}, where=str(path) if path else "")


def read_settings_file(path: Path) -> dict[str, object]:
    """The keys and values of a settings file, not yet checked against what settings there are."""
    return read_yaml(path, called="settings file", way_out=_WAY_OUT)


_WAY_OUT = "sattrack config --template writes one with every setting"


def _check(said: Mapping[str, object], *, where: str) -> None:
    """Unknown keys are errors that name the nearest known one; so are values that are wrong by themselves."""
    for key in said:
        if key in Settings.model_fields:
            continue
        if key in _ON_THE_COMMAND_LINE:
            raise SettingsError(
                f"{key!r} is not a setting", where=where, way_out=f"give --{key.replace('_', '-')} on the command line"
            )
        near = difflib.get_close_matches(str(key), list(Settings.model_fields), n=1, cutoff=0.5)
        raise SettingsError(
            f"{key!r} is not a setting", where=where, way_out=f"did you mean {near[0]!r}?" if near else _WAY_OUT
        )


def _validated(said: Mapping[str, object], *, where: str) -> Settings:
    # Strict, so that "24 m", "24" or yes never become a number by a guess; YAML has no tuples.
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
    try:
        return Settings.model_validate(values, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        if not key:
            raise SettingsError(message, where=where, way_out="change one of the two") from error
        message = message[:1].lower() + message[1:]
        meaning = Settings.model_fields[str(first["loc"][0])].description or ""
        raise SettingsError(
            f"{key} is {first['input']!r}, but {message}",
            where=where,
            way_out=f"write {_point_given(first['input'])}; {meaning}" if _POINTLESS.match(str(first["input"])) else meaning,
        ) from error


def _point_given(word: str) -> str:
    """1e3 as YAML takes it for a number: 1.0e+3."""
    digits, power = word.lower().split("e")
    return f"{digits}.0e{power if power[0] in '+-' else f'+{power}'}"


def template() -> str:
    """A settings file with every setting at its default, commented out, each under its meaning and bounds."""
    lines = ["# Settings of sattrack. Take the # away from a line to change it; what is not said keeps its default."]
    for name, field in Settings.model_fields.items():
        bounds = _bounds(field.metadata)
        lines += ["", f"# {field.description}{f' ({bounds})' if bounds else ''}", f"# {name}: {_yaml(field.default)}"]
    return "\n".join(lines) + "\n"


def as_yaml(settings: Settings) -> str:
    """Every setting with its value, as a settings file."""
    return "".join(f"{name}: {_yaml(value)}\n" for name, value in settings.model_dump(mode="python").items())


def _yaml(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_yaml, value))}]"
    said = str(value)
    return _point_given(said) if isinstance(value, float) and _POINTLESS.match(said) else said


_WORDS = {"gt": "above", "ge": "from", "lt": "below", "le": "to"}


def _bounds(metadata: list[Any]) -> str:
    found = [(word, getattr(one, name)) for one in metadata for name, word in _WORDS.items() if hasattr(one, name)]
    return ", ".join(f"{word} {value:g}" for word, value in found)
