"""Reopening: a run as it was last counted, with the outlines, settings and rule of that count."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from sattrack import wiring
from sattrack.count_rows import count_all
from sattrack.errors import OutlineError, StoreError
from sattrack.readers.outlines.files import check_kept
from sattrack.readers.settings_file import load_settings
from sattrack.results import RunIndex
from sattrack.run_parts import RunParts
from sattrack.settings import Settings
from sattrack.steps.counting import Rule
from sattrack.timeline import Count, Site
from sattrack.writing import write_whole

SITES = "sites.json"
_SITES = TypeAdapter(tuple[Site, ...])
# How the note of a run begins that was stopped, or is at work.
STOPPED = "the run was stopped"


@dataclass(frozen=True, slots=True)
class Run:
    """A finished or interrupted run: its folder, index, counts and sites."""

    folder: Path
    index: RunIndex
    counts: Sequence[Count]
    sites: tuple[Site, ...]
    notes: tuple[str, ...] = ()

    @property
    def troubled(self) -> bool:
        """Whether any scene failed or was refused."""
        return any(outcome.status in ("failed", "refused") for outcome in self.index.outcomes)


@dataclass(frozen=True)
class Reopened:
    """A run as it was last counted, whose counts are made when they are asked for: most exports need none."""

    folder: Path
    index: RunIndex
    sites: tuple[Site, ...]
    parts: RunParts

    @cached_property
    def counts(self) -> Sequence[Count]:
        rule = rule_of(self.index, settings_of(self.index))
        return count_all(self.parts, self.index.outcomes, sites=self.sites, card=self.index.card, rule=rule)


def open_run(folder: Path) -> tuple[Run, RunParts]:
    """A run as it was last counted, with its parts by file."""
    run = reopen(folder)
    return Run(folder, run.index, run.counts, run.sites), run.parts


def reopen(folder: Path) -> Reopened:
    """A run as it was last counted; nothing is counted yet and no part read."""
    store = wiring.open_store(folder, create=False)
    index = store.read_index()
    settings_of(index)
    return Reopened(folder, index, kept_sites(folder, index=index), RunParts(store, index))


def kept_sites(folder: Path, *, index: RunIndex) -> tuple[Site, ...]:
    """The outlines that a run was last counted with. StoreError where it had some and they are not there, or not readable."""
    path = folder / SITES
    # Of a run that was copied in part: without its outlines each scene would count as a site of its own.
    if index.sites_file and not path.exists():
        raise StoreError(
            f"the run was counted with the outlines of {index.sites_file}, and they are not there", where=str(path),
            way_out="give them again: sattrack count RUN --sites FILE, or --no-sites to count each scene as its own site",
        )  # fmt: skip
    try:
        sites = _SITES.validate_json(path.read_bytes()) if path.is_file() else ()
        check_kept(path, sites)
        return sites
    except (OSError, ValidationError, OutlineError) as error:
        raise StoreError(
            "the outlines of the run cannot be read",
            where=str(path),
            way_out="give them again: sattrack count RUN --sites FILE",
        ) from error


def keep_sites(sites: Sequence[Site], *, folder: Path) -> None:
    """Writes the outlines that the run is counted with from now on."""
    write_whole(folder / SITES, as_kept(sites))


def as_kept(sites: Sequence[Site]) -> bytes:
    """Outlines as a run's folder holds them."""
    return _SITES.dump_json(tuple(sites))


def settings_of(index: RunIndex, *, threshold: float | None = None, min_observed: float | None = None) -> Settings:
    """A run's settings, with what a recount changes. SettingsError where out of bounds, StoreError of another version."""
    unknown = sorted(index.settings.keys() - Settings.model_fields.keys())
    if unknown:
        raise StoreError(
            f"the run was made by another version of sattrack, with settings that are none here: {', '.join(unknown)}",
            where="run.json", way_out="detect again with this version",
        )  # fmt: skip
    try:
        own = Settings.model_validate(index.settings)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(["settings", *map(str, first["loc"])])
        raise StoreError(
            f"is not valid at {where}: {first['msg']}", where="run.json", way_out="run detect again: parts are kept"
        ) from error
    return load_settings(None, given={"threshold": threshold, "min_observed": min_observed}, own=own)


def rule_of(index: RunIndex, settings: Settings) -> Rule:
    """How a run counts."""
    return Rule(threshold=index.threshold, min_observed=settings.min_observed, merge_overlap=settings.merge_overlap)
