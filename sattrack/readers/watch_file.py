"""Watch files: what is watched for which sites, from a small YAML file; unknown keys are errors, and nothing in it is run."""

import glob
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sattrack.errors import SettingsError
from sattrack.imagery import is_remote
from sattrack.readers.strict_yaml import read_yaml

_WAY_OUT = "see docs/watch.md for the form"
# It names a folder, on any system.
_NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
_OUT = "watched"
Place = Annotated[str, Field(min_length=1, max_length=4096)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _WatchSaid(_Strict):
    name: Annotated[str, Field(pattern=_NAME)]
    inputs: Annotated[list[Place], Field(min_length=1, max_length=100)]
    sites: Place
    settings: Place | None = None
    recursive: bool = False


class _FileSaid(_Strict):
    watches: Annotated[list[_WatchSaid], Field(min_length=1, max_length=1000)]
    out: Place = _OUT
    settle_seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] = 60.0


@dataclass(frozen=True, slots=True)
class Watched:
    """Pictures that are watched for the sites of one file. Paths are absolute; inputs may be globs and remote locations too."""

    name: str
    inputs: tuple[str, ...]
    sites: Path
    settings: Path | None = None
    recursive: bool = False


@dataclass(frozen=True, slots=True)
class WatchFile:
    """settle_seconds: for so long a file must have stayed as it is before it is looked at."""

    out: Path
    settle_seconds: float
    watches: tuple[Watched, ...]


def read_watch_file(path: Path) -> WatchFile:
    """What a file watches; its paths are relative to its own folder. SettingsError names the key that is wrong."""
    try:
        said = _FileSaid.model_validate(read_yaml(path, called="watch file", way_out=_WAY_OUT))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise SettingsError(f"{key}: {_fault(first['type'], first['msg'])}", where=str(path), way_out=_WAY_OUT) from error
    names = [one.name.casefold() for one in said.watches]
    twice = next((one for one in said.watches if names.count(one.name.casefold()) > 1), None)
    if twice is not None:
        raise SettingsError(f"the watch {twice.name!r} is there twice", where=str(path), way_out="give one another name")
    folder = path.absolute().parent
    watches = tuple(
        Watched(
            one.name, tuple(_input(text, folder) for text in one.inputs), folder / one.sites,
            folder / one.settings if one.settings else None, one.recursive,
        )
        for one in said.watches
    )  # fmt: skip
    return WatchFile(_out(said.out, folder, where=str(path)), said.settle_seconds, watches)


def _fault(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "is not known"
    if kind == "string_pattern_mismatch":
        return "letters, digits, - and _ only, 64 at most, since it names a folder"
    return f"{message[:1].lower()}{message[1:]}"


def _input(text: str, folder: Path) -> str:
    if is_remote(text):
        return text
    # A bracket in the name of the file's own folder is no pattern.
    return str(folder / text) if (folder / text).exists() else str(Path(glob.escape(str(folder))) / text)


def _out(text: str, folder: Path, *, where: str) -> Path:
    """A file that came from elsewhere must not choose a place to write to: `out` stays beside it."""
    out = folder / text
    if (
        "://" in text
        or Path(text).is_absolute()
        or not out.resolve().is_relative_to(folder.resolve())
        or out.resolve() == folder.resolve()
    ):
        raise SettingsError(
            f"out is {text!r}, which does not lie in the file's own folder", where=where,
            way_out="name a folder below it, or give -o on the command line",
        )  # fmt: skip
    return out
