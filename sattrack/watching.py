"""Watching: what is new of each watched site is detected, counted, judged and told; what was told once is not told again."""

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from sattrack import wiring
from sattrack.assessing import assess_run, undated
from sattrack.errors import OutlineError, SattrackError, StoreError, UsageError, WeightsError
from sattrack.face import write_report
from sattrack.planning import Planned, Request, look_for
from sattrack.readers.arriving import Sight, still_arriving
from sattrack.readers.deliveries.gathering import with_their_others
from sattrack.readers.outlines.files import read_outlines
from sattrack.recounting import ALERTS
from sattrack.reports.alerts import alert_value, write_alerts
from sattrack.reports.status_page import NO_SCENE, SiteRow, WatchStatus, write_status
from sattrack.reports.status_rows import rows_of, troubles_of
from sattrack.results import SCHEMA_VERSION, RunIndex
from sattrack.running import COUNTED_BEFORE, Listener, Run, detect, versions
from sattrack.settings import Settings
from sattrack.steps.alarming import alert_id
from sattrack.stores.locking import alone_in
from sattrack.timeline import Alert
from sattrack.writing import write_whole

_MEMORY = "watch.json"
# How old what lies in the folder may be while a pass goes on, s: written after each of a thousand watches it would grow with
# their square. What was told is written at once.
_EVERY_S = 5.0
_MOST_PASSED = 3
_DATED_BY = "say it with a sidecar or a manifest"
# Of an alert as JSON; returns what went wrong, nothing where it was told.
Teller = Callable[[dict[str, Any]], str]
_Names = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Watch:
    """A name, and what a run is asked for it; its run folder bears the name."""

    name: str
    request: Request


@dataclass(frozen=True, slots=True)
class Memory:
    """What a pass must know of those before it. told: alerts by `_names`; owed: those of them whose command failed.

    arriving: files that changed of late, or whose clock is ahead. shown: digest of what the page was made of, and by. away:
    scenes that were counted once and are not there, by content, and where they lay; inputs: what they were looked for in.
    """

    told: tuple[str, ...] = ()
    owed: tuple[str, ...] = ()
    arriving: dict[str, Sight] = field(default_factory=dict)
    shown: str = ""
    away: dict[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    status: WatchStatus | None = None


@dataclass(frozen=True, slots=True)
class _File:
    schema_version: str
    watches: dict[str, Memory]


_FILE = TypeAdapter(_File)


@dataclass(frozen=True, slots=True)
class Looked:
    """What one pass found of one watch. alerts: those that no pass before has told; names: by which they are remembered, see
    `_names`; faults: what else went wrong, in words.
    """

    status: WatchStatus
    new_scenes: int = 0
    alerts: tuple[Alert, ...] = ()
    names: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def troubled(self) -> bool:
        """Whether scenes failed or were refused, or nothing could be looked at."""
        return bool(self.status.error or self.status.troubles)


class Watching:
    """Some watches over one folder: a run folder for each, what was told, and the status page."""

    def __init__(self, watches: Sequence[Watch], folder: Path, *, settle_s: float, tell: Teller | None = None) -> None:
        self._watches, self._folder, self._settle_s, self._tell = tuple(watches), folder, settle_s, tell
        self._memory: dict[str, Memory] = {}
        self._written, self._changed = 0.0, False

    def alone(self) -> Any:
        """Keeps other processes out of the folder meanwhile. StoreError where one is in it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"cannot be made: {error.strerror}", where=str(self._folder), way_out="choose another -o"
            ) from error
        return alone_in(self._folder)

    def once(self, *, listener: Listener | None = None, heard: Callable[[Looked], None] = lambda _looked: None) -> list[Looked]:
        """One pass over all watches; one that cannot be looked at costs only itself. Within `alone`.

        heard: of each watch as soon as it is done. Without a teller the alerts stay new until `told` says otherwise. StoreError
        where the folder cannot be written, WeightsError.
        """
        self._memory = _read_memory(self._folder / _MEMORY)
        found = []
        try:
            for watch in self._watches:
                try:
                    looked = self._look(watch, listener=listener)
                except WeightsError:
                    raise  # it would be the same for every watch
                except SattrackError as error:
                    before = self._of(watch).status or _not_yet(watch)
                    looked = Looked(replace(before, error=str(error)))
                self._keep(watch, status=looked.status)
                heard(looked)
                found.append(looked)
                if time.monotonic() - self._written > _EVERY_S:
                    self._write()
        finally:
            self._write_memory()
        self._write_status()
        return found

    def told(self, found: Sequence[Looked]) -> None:
        """Remembers the alerts of a pass as told. Within `alone`; StoreError where the folder cannot be written."""
        for watch, looked in zip(self._watches, found, strict=True):
            if looked.alerts:
                self._keep(watch, told=_with(self._of(watch).told, looked.names))
        if any(looked.alerts for looked in found):
            self._write_memory()

    def statuses(self) -> list[WatchStatus]:
        """What was last seen of each watch, in their order."""
        return [known for watch in self._watches if (known := self._of(watch).status)]

    def _look(self, watch: Watch, *, listener: Listener | None) -> Looked:
        """Detects what has arrived, counts, judges, writes the page, and tells what is new, in this order."""
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        passed: list[str] = []
        sources = look_for(watch.request, told=passed.append)
        arriving, seen = still_arriving(sources, self._of(watch).arriving, now=time.time(), settle_s=self._settle_s)
        self._keep(watch, arriving=seen)
        left = with_their_others(arriving, sources)
        ready = frozenset(one.path for one in sources if one.path not in left)
        before = _done_before(watch.request.out)
        if not ready:
            return self._nothing(watch, now=now, left=len(left), before=before, passed=_some(passed))
        # What has come since is still arriving.
        run = detect(replace(watch.request, only=ready), listener=self._writing_first(listener))
        alerts = assess_run(run, settings=Settings.model_validate(run.index.settings)).alerts
        raised = [one for one in alerts if one.level == "alert"]
        write_alerts(raised, run.folder)
        faults = self._write_page(watch, run)
        done = _done(run.index)
        # One that lies elsewhere now, or has another name, is there all the same.
        inputs = (*watch.request.inputs, *(["-r"] if watch.request.recursive else []))
        same = self._of(watch).inputs == inputs
        known = {**(self._of(watch).away if same else {}), **before}
        away = {key: place for key, place in known.items() if place not in ready and key not in done}
        again = sum(place in left for place in away.values())
        counted = sum(one.status == "done" for one in run.index.outcomes)
        status = WatchStatus(
            watch.name, now, rows_of(run, alerts), troubles_of(run), counted, len(left),
            (*_notes(run, gone=len(away) - again, again=again), *undated(run.counts, way_out=_DATED_BY), *_some(passed)),
            _report_of(run.folder),
        )  # fmt: skip
        names, told = _names(raised, run), self._of(watch).told
        new = [one for one in raised if not {*told}.intersection(names[one.id])]
        old = [name for one in raised if one not in new for name in names[one.id]]
        # Of what is looked for elsewhere now it is said once.
        away = away if same or not self._of(watch).inputs else {}
        self._keep(watch, status=status, away=away, inputs=inputs, told=_with(told, old))
        faults += self._tell_all(watch, new, raised, names=names, report=status.report)
        remembered = tuple(name for one in new for name in names[one.id])
        return Looked(status, len(done.keys() - before.keys()), tuple(new), remembered, tuple(faults))

    def _nothing(
        self, watch: Watch, *, now: dt.datetime, left: int, before: dict[str, str], passed: tuple[str, ...]
    ) -> Looked:  # fmt: skip
        """Nothing has arrived yet; where something had been counted before, its folder is more likely away than empty."""
        if before and not left:
            raise UsageError(
                f"no pictures found in {', '.join(watch.request.inputs)}, where the last pass counted {len(before)}",
                way_out="check that the folder is mounted; the run and its counts are kept",
            )
        known = self._of(watch).status or _not_yet(watch)
        return Looked(replace(known, looked=now, left=left, error="", notes=passed or known.notes))

    def _write_page(self, watch: Watch, run: Run) -> list[str]:
        """The run's page, where it shows other counts, or was made by other settings, outlines or leave to show pictures; what
        went wrong with it costs the page only.
        """
        made_of = b"".join((run.folder / name).read_bytes() for name in ("counts.csv", "scenes.csv", "sites.json"))
        made_by = repr((run.index.imagery, run.index.settings, run.index.versions.get("sattrack")))
        shown = hashlib.sha256(made_of + made_by.encode()).hexdigest()
        if shown == self._of(watch).shown and (run.folder / "report.html").is_file():
            return []
        try:
            hosts = watch.request.settings.allow_hosts
            write_report(run.folder, allow_remote=watch.request.allow_remote, allow_hosts=hosts)
        except SattrackError as error:
            return [f"{watch.name}: the report: {error}"]
        self._keep(watch, shown=shown)
        return []

    def _tell_all(
        self, watch: Watch, new: Sequence[Alert], raised: Sequence[Alert], *, names: Mapping[str, _Names], report: str
    ) -> list[str]:  # fmt: skip
        """Tells each alert that is new, or owed; each is remembered as soon as it is told, since a pass may be killed."""
        if self._tell is None:
            return []
        faults = []
        owed = self._of(watch).owed
        for alert in [*(one for one in raised if {*owed}.intersection(names[one.id])), *new]:
            value = {
                "watch": watch.name,
                **alert_value(alert),
                "report": str(self._folder.absolute() / report) if report else "",
            }
            wrong = self._tell(value)
            known, own = self._of(watch), names[alert.id]
            still = [one for one in known.owed if one not in own] + [*(own if wrong else ())]
            self._keep(watch, told=_with(known.told, own), owed=tuple(still))
            self._write_memory()
            if wrong:
                faults.append(f"{watch.name}: alert {alert.id} could not be told, the next pass tries again: {wrong}")
        return faults

    def _of(self, watch: Watch) -> Memory:
        return self._memory.get(watch.name) or Memory()

    def _writing_first(self, listener: Listener | None) -> Listener:
        """A listener by which what was seen of other watches is written before the first scene, which may take hours."""
        given = listener or Listener()

        def begins(planned: Planned) -> None:
            if self._changed and self.statuses():
                self._write()
            given.scene_begins(planned)

        return replace(given, scene_begins=begins)

    def _keep(self, watch: Watch, **changed: Any) -> None:
        self._memory[watch.name] = replace(self._of(watch), **changed)
        self._changed = True

    def _write(self) -> None:
        self._write_memory()
        self._write_status()

    def _write_status(self) -> None:
        write_status(self.statuses(), self._folder, version=versions().get("sattrack", ""))
        self._written, self._changed = time.monotonic(), False

    def _write_memory(self) -> None:
        """Also of watches that the file does not name any more: they may come back."""
        write_whole(self._folder / _MEMORY, _FILE.dump_json(_File(SCHEMA_VERSION, self._memory), indent=1))


def _with(told: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*told, *names]))


def _names(alerts: Sequence[Alert], run: Run) -> dict[str, _Names]:
    """By id, what an alert is remembered by: the id, and one made of what its scene holds in place of how that is called and
    by what it was counted. So of a file that is renamed, delivered again or counted by another model it is told once.
    """
    contents: dict[str, list[str]] = {one.scene_id: [] for one in alerts}
    for outcome in run.index.outcomes:
        if outcome.status == "done" and outcome.scene_id in contents:
            contents[outcome.scene_id].append(outcome.sha256)
    held = {scene: " ".join(sorted(digests)) for scene, digests in contents.items()}
    bare = (replace(one, scene_id=held[one.scene_id], sensor="", model_id="") for one in alerts)
    return {one.id: (one.id, alert_id(nameless)) for one, nameless in zip(alerts, bare, strict=True)}


def _not_yet(watch: Watch) -> WatchStatus:
    """Of a watch that was never looked at."""
    try:
        sites, _ = read_outlines(watch.request.sites) if watch.request.sites else ((), ())
    except OutlineError:
        sites = ()  # why it cannot be looked at, and then told of it
    rows = tuple(SiteRow(one.id, one.name, one.zone, NO_SCENE) for one in sites if not one.excludes)
    return WatchStatus(watch.name, None, rows)


def _done_before(folder: Path) -> dict[str, str]:
    """What an earlier pass has counted; nothing where the run's head is missing or damaged."""
    try:
        return _done(wiring.open_store(folder, create=False).read_index())
    except StoreError:
        return {}  # what stands in the way of detecting is said there


def _done(index: RunIndex) -> dict[str, str]:
    """The files that a run has counted, by their content, and where they lay."""
    return {one.sha256: one.location for one in index.outcomes if one.status == "done"}


def _notes(run: Run, *, gone: int, again: int) -> tuple[str, ...]:
    why = {"are not there this time": gone, "have changed and are still arriving": again}
    away = [f"{n} of the scenes counted before {what}, and the history is the shorter" for what, n in why.items() if n]
    said = (note for note in run.notes if not note.startswith(ALERTS))  # which are written again at once
    return (*away, *(note for note in dict.fromkeys((*run.index.notes, *said)) if COUNTED_BEFORE not in note))  # told already


def _some(passed: Sequence[str]) -> tuple[str, ...]:
    """What was passed over, what is said of many files first, and of much of it how much more."""
    left = len(passed) - _MOST_PASSED
    return (
        *sorted(passed, key=lambda text: (text.startswith("/"), text))[:_MOST_PASSED],
        *([f"and {left:,} more like these"] if left > 0 else []),
    )


def _report_of(folder: Path) -> str:
    return f"{folder.name}/report.html" if (folder / "report.html").is_file() else ""


def _read_memory(path: Path) -> dict[str, Memory]:
    """What earlier passes left; nothing where there was none. StoreError of a file that is damaged or of another version."""
    if not path.is_file():
        return {}
    way_out = "move it away; alerts that stand are then told once more"
    try:
        kept = _FILE.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise StoreError("what was told before cannot be read", where=str(path), way_out=way_out) from error
    if kept.schema_version != SCHEMA_VERSION:
        raise StoreError(f"is of version {kept.schema_version}, not {SCHEMA_VERSION}", where=str(path), way_out=way_out)
    return kept.watches
