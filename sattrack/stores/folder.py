"""The run folder: one GeoParquet part per scene file under its key, written whole or not at all."""

import base64
import contextlib
import json
import math
import re
import tempfile
import time
import zlib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
from pydantic import TypeAdapter, ValidationError

from sattrack.detections import CORNERS, Detections
from sattrack.errors import StoreError
from sattrack.imagery import Scene, Stretch
from sattrack.results import SCHEMA_VERSION, ModelCard, Part, RunIndex, SceneOutcome, Seen
from sattrack.stores.locking import alone_in
from sattrack.stores.soundness import check_grid, content_digest
from sattrack.writing import write_whole

_HEAD, _DIGEST = b"sattrack", b"sattrack_sha256"
_SCENE, _STRETCH, _CARD = TypeAdapter(Scene), TypeAdapter(Stretch), TypeAdapter(ModelCard)
_INDEX, _OUTCOME = TypeAdapter(RunIndex), TypeAdapter(SceneOutcome)
_KEY = re.compile(r"[0-9a-f]{40}", re.ASCII)
# A temporary file this old belongs to nobody any more: writing one takes seconds.
_ABANDONED_S = 3600


class RunFolder:
    """`parts/KEY.parquet` for each scene file, `run.json` beside them. Parts are written aside, synced, renamed."""

    def __init__(self, root: Path, *, create: bool = True) -> None:
        self.root = root
        self._parts = root / "parts"
        try:
            if create:
                self._parts.mkdir(parents=True, exist_ok=True)
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
        d = part.detections
        corners = d.quads.reshape(-1, 8)
        columns: dict[str, Any] = {name: corners[:, i] for i, name in enumerate(CORNERS)}
        columns |= {"confidence": d.scores, "class_id": d.labels}
        head = _head(part)
        metadata = {_HEAD: head, _DIGEST: content_digest(head, d)}
        if part.scene.grid.georeferenced:
            columns["geometry"] = _polygons(part)
            metadata[b"geo"] = _geo(part)
        table = pa.table(columns).replace_schema_metadata(metadata)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
        write_whole(self._path(key), sink.getvalue().to_pybytes())

    def get(self, key: str) -> Part:
        path = self._path(key)
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                # Not read_table, which imports what data sets of many files need: half a second.
                table = file.read(use_threads=False)
            said = table.schema.metadata
            part = _part(key, table, json.loads(said[_HEAD]))
            if said.get(_DIGEST, b"") not in (b"", content_digest(said[_HEAD], part.detections)):
                raise ValueError("its content is not what was written")
            return part
        except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, ValidationError, zlib.error) as error:
            raise StoreError(
                f"the part cannot be read: {error}", where=str(path), way_out="run detect again: it is made anew"
            ) from error

    def write_index(self, index: RunIndex) -> None:
        head = _INDEX.dump_python(replace(index, outcomes=()), mode="json", exclude={"outcomes"})
        # A scene a line: runs of many scenes are written often, and Python's own indenting takes ten times as long.
        scenes = ",\n  ".join(_line(_OUTCOME.dump_python(outcome, mode="json")) for outcome in index.outcomes)
        opened = json.dumps(_plain(head), indent=1, ensure_ascii=False, allow_nan=False).removesuffix("\n}")
        write_whole(self.root / "run.json", f'{opened},\n "outcomes": [\n  {scenes}\n ]\n}}'.encode())

    def read_index(self) -> RunIndex:
        self._refuse_other_schema()
        path = self.root / "run.json"
        try:
            index = _INDEX.validate_json(path.read_bytes())
            for outcome in index.outcomes:
                if outcome.scene is not None:
                    check_grid(outcome.scene.grid)
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

    def _refuse_other_schema(self) -> None:
        """A folder that another version or program wrote is never mixed with ours; a damaged run.json is written anew."""
        path = self.root / "run.json"
        try:
            raw = json.loads(path.read_bytes())
        except ValueError:
            return
        except OSError as error:
            raise StoreError(f"cannot be read: {error.strerror}", where=str(path)) from error
        version = raw.get("schema_version") if isinstance(raw, dict) else None
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
        """Removes what a killed process left half written, once it is too old to be another's that still writes."""
        now = time.time()
        for path in (*self._parts.glob(".*.tmp"), *self.root.glob(".*.tmp")):
            with contextlib.suppress(FileNotFoundError):
                if now - path.stat().st_mtime > _ABANDONED_S:
                    path.unlink()


def _line(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def _plain(value: Any) -> Any:
    """JSON has no NaN (the nodata of many float rasters): it is written as a word, which reads back as the number."""
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _head(part: Part) -> bytes:
    seen = part.seen
    return json.dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "key": part.key,
            "scene": _plain(_SCENE.dump_python(part.scene, mode="json")),
            "sha256": part.sha256,
            "stretch": _STRETCH.dump_python(part.stretch, mode="json"),
            "card": _CARD.dump_python(part.card, mode="json"),
            "seen": {
                "shape": seen.share.shape,
                "cell": seen.cell,
                "zlib": base64.b64encode(zlib.compress(seen.share.tobytes(), 6)).decode(),
            },
            "cap_hit": part.detections.cap_hit,
            "device": part.device,
            "tiles": part.tiles,
            "tiles_skipped": part.tiles_skipped,
            "dropped": part.dropped,
            "notes": part.notes,
        },
        allow_nan=False,
        sort_keys=True,
    ).encode()


# A polygon of one ring of five points: byte order, kind, rings, points, then the corners (OGC 06-103r4, 8.2).
_WKB = np.dtype([("order", "u1"), ("kind", "<u4"), ("rings", "<u4"), ("points", "<u4"), ("ring", "<f8", (5, 2))])


def _polygons(part: Part) -> pa.Array:
    """Each box as WKB in the scene's own CRS, for programs that know nothing of sattrack.

    Written at once: a geometry object for each of 100,000 boxes would take more memory than all else about them.
    """
    boxes = np.zeros(len(part.detections), _WKB)
    boxes["order"], boxes["kind"], boxes["rings"], boxes["points"] = 1, 3, 1, 5
    boxes["ring"] = part.scene.grid.to_ground(part.detections.quads)[:, [0, 1, 2, 3, 0]]
    ends = np.arange(len(boxes) + 1, dtype=np.int32) * _WKB.itemsize
    return pa.Array.from_buffers(pa.binary(), len(boxes), [None, pa.py_buffer(ends), pa.py_buffer(boxes.tobytes())])


def _geo(part: Part) -> bytes:
    """The metadata of GeoParquet 1.1."""
    return _geo_of(part.scene.grid.crs)


@lru_cache(maxsize=64)
def _geo_of(crs: str | None) -> bytes:
    column = {"encoding": "WKB", "geometry_types": ["Polygon"], "crs": pyproj.CRS.from_user_input(crs).to_json_dict()}
    said = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    return json.dumps(said, sort_keys=True).encode()


def _part(key: str, table: pa.Table, head: dict[str, Any]) -> Part:
    if head["schema_version"] != SCHEMA_VERSION:
        raise ValueError(f"schema version {head['schema_version']!r}")
    if head["key"] != key:
        raise ValueError(f"it is the part {head['key']!r}")
    corners = np.stack([table[name].to_numpy() for name in CORNERS], axis=1).astype(float)
    packed = zlib.decompress(base64.b64decode(head["seen"]["zlib"]))
    share = np.frombuffer(packed, np.uint8).reshape(head["seen"]["shape"])
    scene = _SCENE.validate_python(head["scene"])
    check_grid(scene.grid)
    return Part(
        key=key,
        scene=scene,
        sha256=head["sha256"],
        detections=Detections(
            corners.reshape(-1, 4, 2),
            table["confidence"].to_numpy().astype(np.float32),
            table["class_id"].to_numpy().astype(np.int32),
            bool(head["cap_hit"]),
        ),
        seen=Seen(share, (float(head["seen"]["cell"][0]), float(head["seen"]["cell"][1]))),
        stretch=_STRETCH.validate_python(head["stretch"]),
        card=_CARD.validate_python(head["card"]),
        device=head["device"],
        tiles=head["tiles"],
        tiles_skipped=head["tiles_skipped"],
        dropped=head["dropped"],
        notes=tuple(head["notes"]),
    )
