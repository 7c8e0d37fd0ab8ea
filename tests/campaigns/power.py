"""Power: every state that a disk may legally be in when the power goes, from the write calls that led there."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.campaigns.write_calls import Call

Files = dict[str, bytes]
_MOST_PENDING = 6


@dataclass(slots=True)
class _Inode:
    synced: bytes = b""
    latest: bytes = b""

    def contents(self) -> list[bytes]:
        """What may be found: all, or where it was not synced also nothing, half, or zeros."""
        if self.synced == self.latest:
            return [self.latest]
        return [self.latest, self.synced, self.latest[: len(self.latest) // 2], bytes(len(self.latest))]


@dataclass(slots=True)
class Disk:
    """Names and files as POSIX promises them: a name stands for sure once its folder was synced, content once its file was.

    What was not synced may be there or not, each name for itself. Folders above `root` are taken as there.
    """

    root: str
    now: dict[str, _Inode] = field(default_factory=dict)
    sure: dict[str, _Inode] = field(default_factory=dict)
    pending: list[tuple[str, str, str, _Inode]] = field(default_factory=list)

    def does(self, call: Call) -> None:
        if call.kind == "open" and call.path not in self.now:
            self.now[call.path] = _Inode()
            self.pending.append(("name", call.path, "", self.now[call.path]))
        elif call.kind == "sync" and call.content is None:
            mine = [one for one in self.pending if str(Path(one[1]).parent) == call.path]
            self.pending = [one for one in self.pending if one not in mine]
            _apply(self.sure, mine)
        elif call.kind == "sync" and call.path in self.now:
            self.now[call.path].latest = self.now[call.path].synced = call.content or b""
        elif call.kind == "rename" and call.path in self.now:
            inode = self.now.pop(call.path)
            inode.latest = call.content or b""
            self.now[call.to] = inode
            self.pending.append(("rename", call.path, call.to, inode))
        elif call.kind == "remove" and call.path in self.now:
            self.pending.append(("remove", call.path, "", self.now.pop(call.path)))

    def after_power_loss(self) -> Iterator[Files]:
        """Every legal state of the files, by path."""
        loose = self.pending[-_MOST_PENDING:]
        for kept in itertools.product((False, True), repeat=len(loose)):
            names = dict(self.sure)
            _apply(names, self.pending[: -len(loose)] if loose else [])
            _apply(names, [one for one, there in zip(loose, kept, strict=True) if there])
            torn = [inode for inode in names.values() if len(inode.contents()) > 1][:2]
            for chosen in itertools.product(*(inode.contents() for inode in torn)):
                found = {id(inode): content for inode, content in zip(torn, chosen, strict=True)}
                yield {path: found.get(id(inode), inode.latest) for path, inode in names.items()}


def states(calls: Sequence[Call], root: Path) -> Iterator[Files]:
    """The states after each call, each once."""
    disk, met = Disk(str(root)), set()
    for call in calls:
        disk.does(call)
        for files in disk.after_power_loss():
            key = frozenset(files.items())
            if key not in met:
                met.add(key)
                yield files


def lay(files: Files, *, source: Path, to: Path) -> None:
    """A state as files, below another folder than that which it was recorded in."""
    (to / "parts").mkdir(parents=True)
    for path, content in files.items():
        place = to / Path(path).relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def _apply(names: dict[str, _Inode], done: Sequence[tuple[str, str, str, _Inode]]) -> None:
    for kind, path, to, inode in done:
        if kind == "name":
            names[path] = inode
        elif kind == "rename":
            names.pop(path, None)
            names[to] = inode
        else:
            names.pop(path, None)
