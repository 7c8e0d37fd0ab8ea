"""The parts of a run's folder, read from its store as they are asked for; the last ones are kept while they are small."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sattrack.imagery import Scene
from sattrack.ports import Store
from sattrack.results import Part, Parts, RunIndex

# What is kept of parts that were read: a run of everyday size is read once, of a larger one only so much is in memory.
_KEPT_BYTES = 64 << 20
# Of a part without its boxes and its map of what was seen, in Python's own objects.
_BARE_BYTES = 8 << 10


class RunParts(Parts):
    """The parts of a run's finished scenes, by file, with where each lies now. StoreError, when asked for, where one is gone
    or torn.
    """

    def __init__(self, store: Store, index: RunIndex, *, kept_bytes: int = _KEPT_BYTES) -> None:
        self._store, self._card, self._room = store, index.card, kept_bytes
        self._outcomes = {outcome.part: outcome for outcome in index.outcomes if outcome.status == "done"}
        self._kept: OrderedDict[str, Part] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def scenes(self) -> Mapping[str, Scene]:
        return {name: outcome.scene or self[name].scene for name, outcome in self._outcomes.items()}

    def __getitem__(self, name: str) -> Part:
        outcome = self._outcomes[name]
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        part = self._store.get(outcome.key)
        part = replace(part, scene=outcome.scene or part.scene, card=self._card)
        with self._lock:
            self._keep(name, part)
        return part

    def __contains__(self, name: object) -> bool:
        return name in self._outcomes

    def __iter__(self) -> Iterator[str]:
        return iter(self._outcomes)

    def __len__(self) -> int:
        return len(self._outcomes)

    def _keep(self, name: str, part: Part) -> None:
        if name in self._kept:
            return
        self._kept[name] = part
        self._room -= _bytes_of(part)
        while self._room < 0 and self._kept:
            self._room += _bytes_of(self._kept.popitem(last=False)[1])


def _bytes_of(part: Part) -> int:
    found = part.detections
    return _BARE_BYTES + found.quads.nbytes + found.scores.nbytes + found.labels.nbytes + part.seen.share.nbytes
