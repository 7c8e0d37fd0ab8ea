"""The run folder: one GeoParquet part per scene file under its key, written whole or not at all."""

import contextlib
import json
import re
import tempfile
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from sattrack.covers import COVERS_FILE
from sattrack.errors import StoreError
from sattrack.packed import Packed
from sattrack.results import SCHEMA_VERSION, Part, RunIndex
from sattrack.stores.heads import lines_of, read_lines, version_at_the_front
from sattrack.stores.locking import alone_in
from sattrack.stores.parts import part_of, table_of
from sattrack.stores.soundness import check_index
from sattrack.writing import whole_file, write_whole

_INDEX = TypeAdapter(RunIndex)
# Bytes of run.json that are written at once, and those that tell whose it is.
_BUFFER, _FRONT = 1 << 20, 4096
_KEY = re.compile(r"[0-9a-f]{40}", re.ASCII)
# What writing.whole_file calls a file of ours while it is written, and the probe.
_DRAFT_OF_A_PART = re.compile(r"\.(?:[0-9a-f]{40}|probe)\.[a-z0-9_]{8}\.tmp", re.ASCII)
_DRAFT_OF_A_HEAD = re.compile(
    r"\.(?:(?:run|sites|timings|evidence)\.json|(?:counts|scenes)\.csv|alerts\.(?:csv|json|geojson)|report\.html)"
    r"\.[a-z0-9_]{8}\.tmp",
    re.ASCII,
)
# A temporary file this old belongs to nobody any more: writing one takes seconds.
_ABANDONED_S = 3600


class RunFolder:
    """`parts/KEY.parquet` for each scene file, `run.json` beside them. Parts are written aside, synced, renamed."""

    def __init__(self, root: Path, *, create: bool = True) -> None:
        self.root = root
        self._parts = root / "parts"
        if (root / COVERS_FILE).is_file():
            raise StoreError(
                "holds covered areas, not counts: no box was counted there, and no series, alert or flow can be made of them",
                where=str(root), way_out="give the folder that detect wrote, or another one",
            )  # fmt: skip
        try:
            if create:
                begun = (root / "run.json").is_file() or self._parts.is_dir()
                self._parts.mkdir(parents=True, exist_ok=True)
                if begun:
                    self._sweep()
                with tempfile.NamedTemporaryFile(dir=self._parts, prefix=".probe.", suffix=".tmp"):
                    pass  # said now, not after the first scene
        except OSError as error:
            raise StoreError(
                f"the run folder cannot be made or written: {error.strerror}", where=str(root), way_out="choose another with -o"
            ) from error
        if (root / "run.json").is_file():
            self._refuse_other_schema()
        elif not create:
            raise StoreError(
                "is not a run folder: it has no run.json", where=str(root), way_out="give the folder that detect wrote"
            )

    def alone(self) -> contextlib.AbstractContextManager[None]:
        return alone_in(self.root)

    def has(self, key: str) -> bool:
        """Whether a whole, readable part stands under the key; a torn or foreign file counts as absent and is done again."""
        path = self._path(key)
        if not path.is_file():
            return False
        try:
            self.get(key)
        except StoreError:
            return False
        return True

    def put(self, key: str, part: Part) -> None:
        write_whole(self._path(key), packed(part))

    def get(self, key: str) -> Part:
        path = self._path(key)
        try:
            # Of a relative path `~` or `s3:` would be more to Arrow than a name.
            with pq.ParquetFile(path.absolute(), page_checksum_verification=True, pre_buffer=False) as file:
                # Not read_table, which imports what data sets of many files need: half a second.
                return part_of(file.read(use_threads=False), key=key)
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, ValidationError, zlib.error) as error:
            raise StoreError(
                f"the part cannot be read: {error}", where=str(path), way_out="run detect again: it is made anew"
            ) from error

    def write_index(self, index: RunIndex) -> None:
        with whole_file(self.root / "run.json", make_folder=False) as draft, draft.open("wb", buffering=_BUFFER) as file:
            file.writelines(lines_of(index))

    def read_index(self) -> RunIndex:
        self._refuse_other_schema()
        path = self.root / "run.json"
        try:
            with path.open("rb") as file:
                index = read_lines(file)
            if index is None:  # written by hand, or damaged: then what is wrong with it is said
                index = _INDEX.validate_json(path.read_bytes())
                index = replace(index, outcomes=Packed(index.outcomes))
            check_index(index)
            return index
        except OSError as error:
            raise StoreError(f"cannot be read: {error.strerror}", where=str(path)) from error
        except ValidationError as error:
            first = error.errors()[0]
            raise StoreError(
                f"is not valid at {'.'.join(map(str, first['loc'])) or 'its top'}: {first['msg']}", where=str(path),
                way_out="run detect again: parts are kept",
            ) from error  # fmt: skip
        except ValueError as error:
            raise StoreError(f"holds {error}", where=str(path), way_out="run detect again: parts are kept") from error

    def gather(self) -> None:
        """Nothing to do: what workers put is here."""

    def publish(self) -> None:
        """Nothing to do: the folder is where the run is kept."""

    def _refuse_other_schema(self) -> None:
        """A folder that another version or program wrote is never mixed with ours; a damaged run.json is written anew."""
        path = self.root / "run.json"
        try:
            with path.open("rb") as file:
                version: object = version_at_the_front(file.read(_FRONT))
            if version is None:
                raw = json.loads(path.read_bytes())
                version = raw.get("schema_version") if isinstance(raw, dict) else None
        except (ValueError, RecursionError):
            return
        except OSError as error:
            raise StoreError(f"cannot be read: {error.strerror}", where=str(path)) from error
        if version != SCHEMA_VERSION:
            raise StoreError(
                f"has schema version {version!r}, this sattrack writes {SCHEMA_VERSION!r}",
                where=str(path),
                way_out="use a new -o",
            )

    def _path(self, key: str) -> Path:
        """A run may come from strangers, and its run.json is not to name files elsewhere."""
        if not _KEY.fullmatch(key):
            raise StoreError(
                f"names the part {key[:80]!r}, expected 40 hexadecimal digits", where=str(self.root / "run.json"),
                way_out="run detect again: sound parts are kept",
            )  # fmt: skip
        return self._parts / f"{key}.parquet"

    def _sweep(self) -> None:
        """Removes what a killed process left half written, once it is too old to be another's that still writes.

        By our own names only: the folder may be one in which other programs write, too.
        """
        now = time.time()
        for folder, draft in ((self._parts, _DRAFT_OF_A_PART), (self.root, _DRAFT_OF_A_HEAD)):
            for path in folder.glob(".*.tmp"):
                with contextlib.suppress(FileNotFoundError):
                    if draft.fullmatch(path.name) and now - path.stat().st_mtime > _ABANDONED_S:
                        path.unlink()


def packed(part: Part) -> bytes:
    """A part as the bytes of its file, wherever it is kept."""
    sink, table = pa.BufferOutputStream(), table_of(part)
    # Arrow's own schema would hold the head a second time, half of a small part; Parquet's types say all of these columns.
    bare = table.replace_schema_metadata(None)
    # Hardly a number of a box stands there twice: a dictionary makes a large part slower and larger.
    said = {"compression": "zstd", "use_dictionary": False, "write_page_checksum": True, "store_schema": False}
    with pq.ParquetWriter(sink, bare.schema, **said) as file:
        file.write_table(bare)
        file.add_key_value_metadata(table.schema.metadata)
    content: bytes = sink.getvalue().to_pybytes()
    return content
