"""Isolating: scenes in worker processes, so that one which kills, hangs or swells its process costs itself alone."""

import logging
import os
import platform
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from logging.handlers import QueueHandler
from pathlib import Path
from queue import SimpleQueue

from sattrack import wiring
from sattrack.detectors.backends import EIGHT_BIT, family
from sattrack.detectors.cores import granted_threads, own_cores
from sattrack.detectors.instructions import eight_bit_instructions
from sattrack.errors import SceneError, StoreError, UsageError
from sattrack.executors.clusters import RayExecutor
from sattrack.executors.processes import Bounds, Lost, ProcessExecutor
from sattrack.keeping import Kept, ended_badly, keep
from sattrack.looking import Work
from sattrack.phrases import some
from sattrack.pipeline import detect_scenes
from sattrack.readers.catalogues.signing import sign_too
from sattrack.readers.remote.places import learn
from sattrack.readers.remote.refreshing import refresh_by
from sattrack.readers.remote.travels import TRAVELS
from sattrack.results import ModelCard
from sattrack.settings import Settings
from sattrack.stores.locations import Location

# One of these for each card that NVIDIA's driver knows.
_CARDS = Path("/proc/driver/nvidia/gpus")
# Each worker loads the network for itself, some hundreds of megabytes.
_WORKERS_A_CORE, _LEAST_WORKERS = 4, 8
# More than so many lines of log are not kept of a scene.
_MOST_LINES = 1000


@dataclass(frozen=True, slots=True)
class Start:
    """What a worker must know before its first scene. run: its folder; at: as a Request has it. secrets, refresh, signed: of
    places. listens: the level from which somebody listens to the log at home. instructions: by which home computes in 8 bits.
    """

    model: wiring.Model
    card: ModelCard
    settings: Settings
    run: Path
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    at: Location | None = None
    refresh: str | None = field(default=None, repr=False)
    signed: Mapping[str, tuple[str, Settings]] = field(default_factory=dict, repr=False)
    listens: int = field(default_factory=lambda: logging.getLogger().getEffectiveLevel())
    instructions: str = field(default_factory=eight_bit_instructions)


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a scene, and what was logged meanwhile: a worker has nobody who would read it."""

    kept: Kept
    logged: tuple[logging.LogRecord, ...]


class _Logged(QueueHandler):
    """Keeps what is logged, as it can travel."""

    def __init__(self) -> None:
        super().__init__(SimpleQueue())
        self._records: list[logging.LogRecord] = []

    def enqueue(self, record: logging.LogRecord) -> None:
        if len(self._records) < _MOST_LINES:
            self._records.append(record)

    def taken(self) -> tuple[logging.LogRecord, ...]:
        taken, self._records = tuple(self._records), []
        return taken


def begin(start: Start) -> Callable[[Work], Answer | StoreError]:
    """In a worker: what looks at a scene, and stores its part. The detector is loaded once. StoreError, as an answer, where the
    folder cannot be written: no other scene could be stored either. UsageError on a machine whose 8 bits were not looked at,
    and where another model is loaded than the run's.
    """
    _refuse_other_processor(start)
    learn(start.secrets)
    refresh_by(start.refresh)
    sign_too(start.signed)
    store = wiring.open_part_store(start.run, at=start.at, settings=start.settings)
    reader, executor = wiring.make_reader(start.settings), wiring.make_executor(start.settings)
    detector = wiring.load_for(start.card, start.model, settings=start.settings)
    logged = _Logged()
    logging.getLogger().addHandler(logged)
    logging.getLogger().setLevel(start.listens)

    def look(work: Work) -> Answer | StoreError:
        (end,) = detect_scenes(
            [work], reader=reader, detector=detector, card=start.card, settings=start.settings, executor=executor
        )
        end.timings.travelled = {one.place: one.read for one in TRAVELS.all()}
        TRAVELS.clear()
        try:
            return Answer(keep(end, store=store, digest=reader.digest), logged.taken())
        except StoreError as error:
            if start.at is not None:
                raise  # another try may reach it
            return error

    return look


def demand_room(settings: Settings) -> None:
    """UsageError where more workers are asked for than this machine can hold."""
    cores = own_cores()
    if settings.executor != "ray" and settings.workers > max(_LEAST_WORKERS, _WORKERS_A_CORE * cores):
        raise UsageError(
            f"workers is {settings.workers}, but this machine lends {some(cores, 'core')}, "
            f"of at most {_WORKERS_A_CORE} workers each",
            where="--workers", way_out="give fewer; --executor ray shares them out over several machines",
        )  # fmt: skip


def _refuse_other_processor(start: Start) -> None:
    """Whether 8 bits count as they should was looked at where the run began, and holds for processors of that kind."""
    if start.model.backend == EIGHT_BIT and (ours := eight_bit_instructions()) != start.instructions:
        raise UsageError(
            f"a machine of the cluster ({platform.node()}) computes in 8 bits by {ours or 'unknown instructions'}, the "
            f"calling one by {start.instructions or 'unknown ones'}: it may count otherwise",
            way_out="--backend openvino computes in single precision",
        )


def detected_apart(
    works: Iterable[Work], *, start: Start, begins: Callable[[Work], None], ray_address: str = ""
) -> Iterator[Kept]:
    """What became of each scene, in order: the same parts as without workers, byte for byte. StoreError where they cannot be
    written.
    """
    executor = _executor(start, ray_address=ray_address)
    asked: deque[Work] = deque()

    def told() -> Iterator[Work]:
        for work in works:
            begins(work)
            asked.append(work)
            yield work

    for answer in executor.map(told()):
        work = asked.popleft()
        if isinstance(answer, Lost):
            error = SceneError(answer.reason, where=work.scene.location, way_out=answer.way_out)
            yield ended_badly(work, reason=str(error)), None
        elif isinstance(answer, StoreError):
            raise answer
        else:
            for record in answer.logged:
                logger = logging.getLogger(record.name)
                if logger.isEnabledFor(record.levelno):
                    logger.handle(record)
            yield answer.kept


def _executor(start: Start, *, ray_address: str) -> ProcessExecutor | RayExecutor:
    settings, serves = start.settings, "sattrack.isolating:begin"
    bounds = Bounds(settings.scene_seconds, settings.worker_bytes, settings.worker_scenes)
    if settings.executor != "ray":
        environment = partial(_environment, settings=settings)
        return ProcessExecutor(serves, start, workers=settings.workers, bounds=bounds, environment=environment)
    # Ray itself gives an actor its card; and on a cluster its share of the cores, of which this machine knows nothing.
    share = {} if ray_address else _cores(settings)
    # By itself only torch looks for one.
    cards = settings.device == "cuda" or (settings.device == "auto" and family(start.model.backend) == "torch")
    return RayExecutor(
        serves, start, workers=settings.workers, bounds=bounds, environment=lambda _: share, address=ray_address, gpus=cards
    )


def _environment(number: int, settings: Settings) -> dict[str, str]:
    """A worker's own share of the cores, and of the graphics cards one."""
    share = _cores(settings)
    if settings.device in ("auto", "cuda") and len(cards := _cards()) > 1:
        share["CUDA_VISIBLE_DEVICES"] = cards[number % len(cards)]
    return share


def _cores(settings: Settings) -> dict[str, str]:
    return {"OMP_NUM_THREADS": str(max(1, granted_threads() // settings.workers))}


def _cards() -> list[str]:
    """The cards that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name.strip() for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name.strip()]
    return [str(number) for number in range(len(list(_CARDS.iterdir())))] if _CARDS.is_dir() else []
