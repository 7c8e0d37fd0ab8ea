"""The parts of a run's folder, read from its store as they are asked for; the last ones are kept while they are small."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from sattrack.imagery import Scene
from sattrack.packed import Lookup
from sattrack.ports import Store
from sattrack.results import Part, Parts, RunIndex, SceneOutcome

# What is kept of parts that were read: a run of everyday size is read once, of a larger one only so much is in memory.
KEPT_BYTES = 64 << 20
# Of a part without its boxes and its map of what was seen, in Python's own objects.
_BARE_BYTES = 8 << 10


class RunParts(Parts):
    """The parts of a run's finished scenes, by file, with where each lies now. StoreError, when asked for, where one is gone
    or torn.
    """

    def __init__(self, store: Store, index: RunIndex, *, kept_bytes: int = KEPT_BYTES) -> None:
        self._store, self._card, self._room = store, index.card, kept_bytes
        self._outcomes = index.outcomes
        done = (number for number, outcome in enumerate(index.outcomes) if outcome.status == "done")
        self._numbers = np.fromiter(done, np.uint32)
        self._names = Lookup(self)
        self._kept: OrderedDict[str, Part] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def scenes(self) -> Mapping[str, Scene]:
        return _Scenes(self)

    @cached_property
    def acquisitions(self) -> Mapping[str, Sequence[str]]:
        return _Acquisitions(self)

    def number(self, name: str) -> int:
        """Which of the run's outcomes is that of a file. KeyError where it has no part."""
        places = self._names.places(name)
        if not places:
            raise KeyError(name)
        return int(self._numbers[places[-1]])

    def outcome(self, name: str) -> SceneOutcome:
        """What became of a file. KeyError where it has no part."""
        return self._outcomes[self.number(name)]

    def names(self, places: Sequence[int]) -> list[str]:
        """The files at some places among those that have a part."""
        return [self._outcomes[int(self._numbers[place])].part for place in places]

    def __getitem__(self, name: str) -> Part:
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        outcome = self.outcome(name)
        part = self._store.get(outcome.key)
        part = replace(part, scene=outcome.scene or part.scene, card=self._card)
        with self._lock:
            self._keep(name, part)
        return part

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._names

    def __iter__(self) -> Iterator[str]:
        return (self._outcomes[int(number)].part for number in self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def _keep(self, name: str, part: Part) -> None:
        if name in self._kept:
            return
        self._kept[name] = part
        self._room -= _bytes_of(part)
        while self._room < 0 and self._kept:
            self._room += _bytes_of(self._kept.popitem(last=False)[1])


class _Scenes(Mapping[str, Scene]):
    """The scene of each file, by its name."""

    def __init__(self, parts: RunParts) -> None:
        self._parts = parts

    def __getitem__(self, name: str) -> Scene:
        return self._parts.outcome(name).scene or self._parts[name].scene

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


class _Acquisitions(Mapping[str, Sequence[str]]):
    """The files of each scene, by its id."""

    def __init__(self, parts: RunParts) -> None:
        self._parts = parts
        self._ids = Lookup(scene.id for scene in parts.scenes.values())

    def __getitem__(self, scene_id: str) -> Sequence[str]:
        places = self._ids.places(scene_id)
        if not places:
            raise KeyError(scene_id)
        return self._parts.names(places)

    def __iter__(self) -> Iterator[str]:
        for places in self._ids.groups():
            yield self._parts.scenes[self._parts.names(places[:1])[0]].id

    def __len__(self) -> int:
        return sum(1 for _ in self._ids.groups())


def _bytes_of(part: Part) -> int:
    found = part.detections
    return _BARE_BYTES + found.quads.nbytes + found.scores.nbytes + found.labels.nbytes + part.seen.share.nbytes
