"""Keeping: the parts of detected scenes, stored in order while the detector goes on, and what is to be said of each."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from sattrack.errors import SceneError, SceneRefused
from sattrack.imagery import Scene
from sattrack.looking import Timings, Work
from sattrack.pipeline import Ended
from sattrack.ports import PartStore
from sattrack.results import Part, SceneOutcome
from sattrack.steps.observing import told_of_pixels
from sattrack.steps.resolving import told_of_detail

Digest = Callable[[Scene], str]
Kept = tuple[SceneOutcome, Timings | None]

# Parts that may wait for the disk while the detector goes on, and a scene that is too long for that, s.
_BEHIND, _LONG_S = 4, 1.0
_NO_MEMORY = "memory ended (give the detector fewer tiles at once: batch: 1 in a settings file, and --config)"


def kept_behind(ended: Iterable[Ended], *, store: PartStore, digest: Digest) -> Iterator[Kept]:
    """Parts stored in order by another thread while the detector goes on; one that took long is waited for and told at once."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="sattrack-store")
    storing: deque[Future[Kept]] = deque()
    try:
        for end in ended:
            storing.append(pool.submit(keep, end, store=store, digest=digest))
            while storing and (storing[0].done() or len(storing) > _BEHIND or end.timings.wall > _LONG_S):
                yield storing.popleft().result()
        while storing:
            yield storing.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def keep(end: Ended, *, store: PartStore, digest: Digest) -> Kept:
    """Stores the part of a scene that has one, unless its file changed meanwhile. The timings are those of stored parts."""
    work, error = end.work, end.error
    if end.part is not None:
        try:
            if digest(work.scene) != work.sha256:
                raise SceneError(
                    "the file changed while it was read", where=work.scene.location, way_out="run again when it is complete"
                )
            store.put(work.key, end.part)
            return done(end.part, work), end.timings
        except (SceneError, SceneRefused) as changed:
            error = changed
    status = "refused" if isinstance(error, SceneRefused) else "failed"
    return ended_badly(work, reason=_NO_MEMORY if isinstance(error, MemoryError) else str(error), status=status), None


def done(part: Part, work: Work) -> SceneOutcome:
    """The outcome of a scene with its part. What was noted of the scene is today's; what its pixels told is the part's."""
    return SceneOutcome(
        scene_id=part.scene.id, part=part.scene.part, location=work.scene.location, status="done", key=part.key,
        scene=replace(work.scene, notes=(*work.scene.notes, *told_of_pixels(part.notes), *told_of_detail(part.notes))),
        boxes=len(part.detections), cap_hit=part.detections.cap_hit, sha256=part.sha256,
    )  # fmt: skip


def ended_badly(work: Work, *, reason: str, status: str = "failed") -> SceneOutcome:
    scene = work.scene
    return SceneOutcome(scene.id, scene.part, scene.location, status, reason=reason, scene=scene)
