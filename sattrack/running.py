"""Running: from inputs and outlines to a finished run folder, scene by scene; one bad scene costs one scene."""

import datetime as dt
import json
import platform
import time
from array import array
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np

from sattrack import wiring
from sattrack.count_rows import count_all
from sattrack.detectors.backends import version_of
from sattrack.errors import StoreError, UsageError
from sattrack.imagery import is_remote
from sattrack.isolating import Start, demand_room, detected_apart
from sattrack.keeping import Kept, done, kept_behind
from sattrack.looking import Timings, Work
from sattrack.packed import Lookup, Made, Packed
from sattrack.phrases import some
from sattrack.pipeline import detect_scenes
from sattrack.planning import Planned, Request, plan, plan_anew
from sattrack.ports import Store
from sattrack.readers.catalogues.signing import signed
from sattrack.readers.remote.answers import CHANGED
from sattrack.readers.remote.places import secrets
from sattrack.readers.remote.refreshing import refresher
from sattrack.readers.remote.travels import TRAVELS
from sattrack.recounting import recount, recount_held
from sattrack.reopening import STOPPED, Run, keep_sites, open_run, reopen
from sattrack.results import SCHEMA_VERSION, ModelCard, RunIndex, SceneOutcome
from sattrack.timeline import Site
from sattrack.writing import whole_file

__all__ = ["Listener", "Planned", "Request", "Run", "count_all", "detect", "open_run", "plan", "recount", "reopen", "versions"]


# How a note tells of scenes that are in a run no longer.
COUNTED_BEFORE = "counted in this run before"
# Which of the planned scenes, and what became of it.
_Outcomes = Generator[tuple[int, SceneOutcome], None, None]


@dataclass(frozen=True, slots=True)
class Listener:
    """What a caller may want to hear while a run goes on."""

    planned: Callable[[Sequence[Planned]], None] = lambda _planned: None
    scene_begins: Callable[[Planned], None] = lambda _planned: None
    tiles_done: Callable[[int], None] = lambda _n: None
    scene_ends: Callable[[SceneOutcome], None] = lambda _outcome: None


def detect(
    request: Request, *, listener: Listener | None = None, finish: Callable[[Run], object] = lambda _run: None
) -> Run:  # fmt: skip
    """Detects, stores, counts. Scenes stored under the same key are not done again; a killed run goes on where it was.

    finish: what else is written into the run's folder of what was counted, its page; meanwhile nobody else may write there.
    StoreError where another process does.
    """
    listener = listener or Listener()
    demand_room(request.settings)
    if request.out.exists() and any(request.out.resolve() == Path(i).resolve() for i in request.inputs):
        raise UsageError("the run folder is the input folder itself", where=str(request.out), way_out="choose another -o")
    if request.at is not None and request.at.scheme == "memory" and request.settings.isolated:
        raise UsageError("memory:// is this process' own: workers cannot write there", way_out="--executor thread, or s3://")
    store = wiring.open_store(request.out, create=True, at=request.at, settings=request.settings)
    with store.alone():
        notes = _detected(request, store=store, listener=listener)
        store.gather()
        here = wiring.open_store(request.out, create=False)  # of a run that is kept elsewhere: its copy
        run = recount_held(here, sites=request.sites, threshold=request.settings.threshold, notes=notes)
        store.publish()
        finish(run)
        store.publish()
        return run


def _detected(request: Request, *, store: Store, listener: Listener) -> tuple[str, ...]:
    """Plans, detects and stores; what is to be said of the outlines. What was planned is forgotten before all is counted."""
    planned, card, sites, notes = plan(request, store=store)
    notes += _no_longer_named(store, planned)
    listener.planned(planned)
    journal = _Journal(store, request, card=card, sites=sites, planned=len(planned))
    look = partial(_outcomes, request=request, card=card, store=store, listener=listener, journal=journal)
    anew = partial(plan_anew, request, card=card, sites=sites, store=store)
    outcomes = _settled(planned, look=look, anew=anew)
    try:
        for number, outcome in outcomes:
            journal.add(number, outcome)
            listener.scene_ends(outcome)
            if request.on_error == "fail" and outcome.status in ("failed", "refused"):
                break
    finally:
        outcomes.close()
        journal.write()
    return notes


def _no_longer_named(store: Store, planned: Iterable[Planned]) -> tuple[str, ...]:
    """What is said of scenes that the run had counted and that the call does not name: a run is of what its last call named.
    One that has another name now, or other content, is named all the same.
    """
    try:
        before = store.read_index().outcomes
    except StoreError:
        return ()  # no run yet, or one whose head is made anew
    named = Lookup(word for one in planned for word in _contents_and_place(one))
    gone = sum(one.status == "done" and one.sha256 not in named and one.location not in named for one in before)
    if not gone:
        return ()
    return (f"{some(gone, 'scene')} {COUNTED_BEFORE}, not named now, and in none of its counts: name all each time",)


def _contents_and_place(one: Planned) -> tuple[str, ...]:
    if one.work is not None:
        return one.work.sha256, one.work.scene.location
    return (one.outcome.location,) if one.outcome is not None else ()


def _settled(
    planned: Sequence[Planned],
    *,
    look: Callable[[Sequence[Planned]], _Outcomes],
    anew: Callable[[Container[str]], list[Planned]],
) -> _Outcomes:
    """The outcomes; a scene on a server whose file changed while it was read is begun anew once, as it is then."""
    changed: dict[str, tuple[int, SceneOutcome]] = {}
    with closing(look(planned)) as outcomes:
        for number, outcome in outcomes:
            if CHANGED in outcome.reason and is_remote(outcome.location):
                changed[outcome.part] = number, outcome
            else:
                yield number, outcome
    if not changed:
        return
    again = anew(changed)
    with closing(look(again)) as outcomes:
        for at, outcome in outcomes:
            yield changed.pop(again[at].name)[0], outcome
    yield from changed.values()


def _outcomes(
    planned: Sequence[Planned], *, request: Request, card: ModelCard, store: Store, listener: Listener, journal: "_Journal"
) -> _Outcomes:
    """One outcome per planned scene, and which it is of; first of those that need no detector: a run that is killed later has
    lost none of them.
    """
    new = array("L")
    for number, one in enumerate(planned):
        if one.outcome is not None:
            yield number, one.outcome
        elif one.work is not None and one.stored:
            yield number, done(store.get(one.work.key), one.work)
        else:
            new.append(number)
    if not new:
        return
    journal.write()

    def work_of(number: int) -> Work:
        work = planned[number].work
        assert work is not None
        return work

    def begins(work: Work) -> None:
        listener.scene_begins(Planned(work.scene.part, work))

    works = Made(new, work_of)
    if request.settings.isolated:
        start = Start(
            request.model, card, request.settings, store.root.absolute(), secrets(), request.at, refresher(), signed()
        )
        kept = detected_apart(works, start=start, begins=begins, ray_address=request.ray_address)
    else:
        kept = _detected_here(works, request, card=card, store=store, begins=begins, tiles_done=listener.tiles_done)
    for number, (outcome, timings) in zip(new, kept, strict=True):
        if timings is not None:
            journal.time(outcome, timings)
            for place, read in timings.travelled.items():
                TRAVELS.add(place, read)
            if request.settings.isolated:
                listener.tiles_done(timings.tiles)
        yield number, outcome


def _detected_here(
    works: Sequence[Work], request: Request, *, card: ModelCard, store: Store, begins: Callable[[Work], None],
    tiles_done: Callable[[int], None],
) -> Iterator[Kept]:  # fmt: skip
    """What became of each scene. The detector is loaded here; parts are stored by another thread while it is at work."""
    with closing(wiring.make_reader(request.settings)) as reader:
        # Loading a network leaves a core idle: the first scene is looked over meanwhile. What goes wrong there is kept by the
        # future that nobody asks, and comes up again where that scene has its turn.
        with ThreadPoolExecutor(1, thread_name_prefix="sattrack-survey") as meanwhile:
            meanwhile.submit(reader.sample, works[0].scene)
            detector = wiring.load_for(card, request.model, settings=request.settings)
        see = partial(
            detect_scenes, reader=reader, detector=detector, card=card, settings=request.settings,
            executor=wiring.make_executor(request.settings), begins=begins, tiles_done=tiles_done,
        )  # fmt: skip
        # A detector of the user's own is given scene by scene, so that one that miscounts cannot mix up two.
        rows: Iterable[Sequence[Work]] = ([work] for work in works) if request.model.detector else [works]
        yield from kept_behind(chain.from_iterable(map(see, rows)), store=store, digest=reader.digest)


class _Journal:
    """Keeps run.json true while the run goes on, so that a killed run can be counted and reported."""

    # Also no more than a fiftieth of the time, since what is written grows with the run.
    _EVERY_S, _SHARE = 5.0, 0.02

    def __init__(self, store: Store, request: Request, *, card: ModelCard, sites: Sequence[Site], planned: int) -> None:
        self._store = store
        self._sites = tuple(sites)
        self._planned = planned
        # As they came, and which of the planned scenes they are of.
        self._outcomes: Packed[SceneOutcome] = Packed()
        self._numbers = array("L")
        self._timings: Packed[tuple[str, tuple[str, ...], Timings]] = Packed()
        self._written, self._took = time.monotonic(), 0.0
        chosen = request.settings.threshold
        self._index = RunIndex(
            schema_version=SCHEMA_VERSION, threshold=card.threshold if chosen is None else chosen, model_id=card.id,
            command=request.command, settings=request.settings.model_dump(mode="json"), versions=versions(), card=card,
            sites_file=request.sites.name if request.sites else "", created=dt.datetime.now(dt.UTC).replace(microsecond=0),
            imagery=request.imagery,
        )  # fmt: skip

    def add(self, number: int, outcome: SceneOutcome) -> None:
        self._outcomes.append(outcome)
        self._numbers.append(number)
        if time.monotonic() - self._written > max(self._EVERY_S, self._took / self._SHARE):
            self.write()

    def time(self, outcome: SceneOutcome, timings: Timings) -> None:
        scene = outcome.scene
        places = (*scene.locations, *([scene.mask] if scene.mask else [])) if scene else (outcome.location,)
        self._timings.append((outcome.part, places, timings))

    def write(self) -> None:
        began = time.monotonic()
        in_order = np.argsort(np.asarray(self._numbers))
        outcomes = Made(in_order, self._outcomes.__getitem__)
        left = self._planned - len(outcomes)
        of = f"{left} of {some(self._planned, 'scene')}"
        notes = (f"{STOPPED}: {of} {'was' if left == 1 else 'were'} not looked at",) if left else ()
        if not self._took:
            keep_sites(self._sites, folder=self._store.root)
        self._store.write_index(replace(self._index, outcomes=outcomes, notes=notes))
        if self._timings:
            with whole_file(self._store.root / "timings.json", make_folder=False) as draft, draft.open("wb") as file:
                file.writelines(self._seconds())
        self._written = time.monotonic()
        self._took = self._written - began

    def _seconds(self) -> Iterator[bytes]:
        """timings.json, a line at a time."""
        for number, (name, places, t) in enumerate(self._timings):
            travels = [travel for place in places if (travel := TRAVELS.of(place))]
            came = {"read_bytes": sum(one.read for one in travels), "of_bytes": sum(one.size for one in travels)}
            told = {
                "wall_s": round(t.wall, 3), "model_s": round(t.model, 3), "waiting_s": round(t.waiting, 3), "tiles": t.tiles,
                "stages": {stage: round(took, 4) for stage, took in t.stages.items()},
                **(came if travels else {}),
            }  # fmt: skip
            yield f"{',' if number else '{'}\n {json.dumps(name)}: {json.dumps(told)}".encode()
        yield b"\n}"


def versions() -> dict[str, str]:
    """Versions that a reader of the run may want, without importing what is heavy."""
    names = ("sattrack", "torch", "ultralytics", "rasterio", "numpy", "pyproj", "shapely", "opencv-python")
    found = {name: version for name in names if (version := version_of(name))}
    return {"python": platform.python_version(), **found}
