"""The run in an object store: the same files under the same names, with a folder of this machine as its copy meanwhile.

Parts are put whole by whoever makes them, each in one request; they are copied here once, since counting reads them all. What
is small beside them is written here, by the same code as in a folder, and put after it.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sattrack.covers import COVERS_FILE
from sattrack.errors import StoreError, UsageError
from sattrack.results import Part, RunIndex
from sattrack.stores.folder import RunFolder, packed
from sattrack.stores.leases import Lease, leased
from sattrack.stores.locations import Location
from sattrack.stores.locking import alone_in
from sattrack.stores.objects import Objects
from sattrack.writing import write_whole

# What a run is besides its parts, in an order in which any part of it is worth having.
HEADS = ("items.json", "sites.json", "run.json", "timings.json", "counts.csv", "scenes.csv", "report.html")
# Those that are made of the others, and may be of an earlier run where the last one was stopped.
DERIVED = ("counts.csv", "scenes.csv", "report.html")
_AT_ONCE = 8
# In the place of a digest, of what is not there any more.
_REMOVED = ""


class RemoteParts:
    """What a worker knows of such a run: where its parts go. StoreError where it cannot see the run, as without keys."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        if objects.find("run.json") is None:
            raise no_run(objects)

    def put(self, key: str, part: Part) -> None:
        self._objects.put(f"parts/{key}.parquet", packed(part))


class RemoteRun(RunFolder):
    """A run at a location; root is the folder of its copy. StoreError where its run.json is of another version."""

    def __init__(self, root: Path, objects: Objects, *, create: bool = True) -> None:
        self._objects = objects
        self._lease: Lease | None = None
        self._sent: dict[str, str] = {}
        self._here: set[str] = set()
        head = objects.find("run.json")
        if head is None and not create:
            raise no_run(objects)
        root.mkdir(parents=True, exist_ok=True)
        if head is not None:
            write_whole(root / "run.json", head)
        with self._named_as_there(root):
            super().__init__(root)
        self._there = {name.removesuffix(".parquet") for name in objects.names("parts")} if head is not None else set()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        with leased(self._objects) as lease:
            self._lease = lease
            # Another may have written between our look and our hold.
            self._there = {name.removesuffix(".parquet") for name in self._objects.names("parts")}
            try:
                yield
            finally:
                self._lease = None

    def has(self, key: str) -> bool:
        """Whether a whole, readable part stands under the key there; it is copied, and a torn or foreign one done again."""
        if key not in self._there:
            return False
        self._copy(key)
        if super().has(key):
            return True
        self._there.discard(key)
        self._here.discard(key)
        self._path(key).unlink(missing_ok=True)
        return False

    def put(self, key: str, part: Part) -> None:
        content = packed(part)
        self._objects.put(f"parts/{key}.parquet", content)
        write_whole(self._path(key), content)
        self._here.add(key)

    def get(self, key: str) -> Part:
        self._copy(key)
        with self._named_as_there(self.root):
            return super().get(key)

    def read_index(self) -> RunIndex:
        with self._named_as_there(self.root):
            return super().read_index()

    def write_index(self, index: RunIndex) -> None:
        super().write_index(index)
        self.publish(("items.json", "sites.json", "run.json"))

    def finished(self) -> list[str]:
        """The keys of all finished scenes."""
        return [one.key for one in self.read_index().outcomes if one.status == "done"]

    def gather(self, *, known: Callable[[str], bool] = lambda _key: False) -> None:
        """Copies the parts of all finished scenes that are not here yet, several at once. known: whether a part is here."""
        self._here |= {key for key in self.finished() if key not in self._here and known(key)}
        wanted = [key for key in self.finished() if key not in self._here]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sattrack-copy") as pool:
            for _ in pool.map(self._copy, wanted):
                pass

    def publish(self, names: Iterable[str] = HEADS) -> None:
        """Puts what is small and has changed here; what is made of other files and is not here goes there, too, since it is of
        an earlier run. StoreError where another may hold the run by now.
        """
        if self._lease:
            self._lease.demand()
        for name in (one for one in names if one in DERIVED and not (self.root / one).is_file()):
            if self._sent.get(name) != _REMOVED:
                self._objects.remove(name)
                self._sent[name] = _REMOVED
        for name in names:
            path = self.root / name
            if not path.is_file():
                continue
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            if self._sent.get(name) != digest:
                self._objects.put(name, content)
                self._sent[name] = digest

    @contextlib.contextmanager
    def _named_as_there(self, root: Path) -> Iterator[None]:
        """Errors name the run by its location: the folder of the copy means nothing to anybody."""
        try:
            yield
        except StoreError as error:
            where = error.where.replace(str(root), str(self._objects.location))
            raise StoreError(error.message, where=where, way_out=error.way_out) from error

    def _copy(self, key: str) -> None:
        if key in self._here:
            return
        try:
            write_whole(self._path(key), self._objects.get(f"parts/{key}.parquet"))
        except FileNotFoundError as error:
            raise StoreError(
                "the part is gone", where=f"{self._objects.location}/parts/{key}.parquet",
                way_out="run detect again: it is made anew",
            ) from error  # fmt: skip
        self._here.add(key)


@dataclass(frozen=True, slots=True)
class Pulled:
    """How many parts were copied, and what lies there of DERIVED, by name: not written, since it may be of an earlier run."""

    parts: int
    derived: dict[str, bytes]


def pull(objects: Objects, folder: Path) -> Pulled:
    """Copies a run into a folder, each part read and held against its digest.

    A folder that holds this run already is brought up to date. UsageError where it holds another, or anything whose place
    a run's files would take; StoreError where something is missing or is not what was written: what came before it is kept, and
    the same call goes on.
    """
    mark, said = folder / "pulled-from.txt", _source(objects.location)
    known = mark.read_text() if mark.is_file() else ""
    if (folder / "run.json").exists() and known != said:
        whose = f", pulled from {known.strip()[:200]}" if known else ""
        raise UsageError(f"the folder holds another run{whose}", where=str(folder), way_out="give a new folder")
    others = [name for name in (COVERS_FILE, *HEADS) if (folder / name).exists()]
    if others and known != said:
        raise UsageError(
            f"the folder holds {others[0]}, which is not of this run", where=str(folder), way_out="give a new folder"
        )
    if objects.find("run.json") is None:
        raise no_run(objects)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot be made: {error.strerror}", where=str(folder), way_out="give another folder") from error
    with alone_in(folder):
        write_whole(mark, said.encode())
        for name in DERIVED:
            (folder / name).unlink(missing_ok=True)  # never beside a run.json that they are not of
        run = RemoteRun(folder, objects, create=False)
        # Before the parts, which may take hours: others may lay other outlines meanwhile, and those are not of this head.
        for name in HEADS:
            if name != "run.json" and name not in DERIVED and (content := objects.find(name)) is not None:
                write_whole(folder / name, content)
        keys = run.finished()
        run.gather(known=RunFolder(folder).has)
        for key in keys:
            run.get(key)
    return Pulled(len(keys), {name: content for name in DERIVED if (content := objects.find(name)) is not None})


def _source(at: Location) -> str:
    """Where a run is kept: buckets of one name stand on many servers."""
    return f"{at} of {at.endpoint}\n" if at.endpoint else f"{at}\n"


def no_run(objects: Objects) -> StoreError:
    return StoreError(
        "is not a run: it has no run.json", where=str(objects.location), way_out="give the location that detect wrote to"
    )
