"""Parts as tables: the boxes of a scene file as GeoParquet columns, all else that is known of them in its head."""

import base64
import json
import math
import zlib
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
from pydantic import TypeAdapter

from sattrack.detections import CORNERS, Detections
from sattrack.imagery import Scene, Stretch
from sattrack.results import SCHEMA_VERSION, ModelCard, Part, Seen
from sattrack.stores.soundness import check_scene, content_digest

_HEAD, _DIGEST = b"sattrack", b"sattrack_sha256"
_SCENE, _STRETCH, _CARD = TypeAdapter(Scene), TypeAdapter(Stretch), TypeAdapter(ModelCard)


def table_of(part: Part) -> pa.Table:
    """A part as a table, its head and the digest of its content in the metadata."""
    d = part.detections
    corners = d.quads.reshape(-1, 8)
    columns: dict[str, Any] = {name: corners[:, i] for i, name in enumerate(CORNERS)}
    columns |= {"confidence": d.scores, "class_id": d.labels}
    head = _head(part)
    metadata = {_HEAD: head, _DIGEST: content_digest(head, d)}
    if part.scene.grid.georeferenced:
        columns["geometry"] = _polygons(part)
        metadata[b"geo"] = _geo_of(part.scene.grid.crs)
    return pa.table(columns).replace_schema_metadata(metadata)


def part_of(table: pa.Table, *, key: str) -> Part:
    """The part that a table holds. KeyError, TypeError, ValueError, zlib.error where it is not what was written."""
    said = table.schema.metadata
    try:
        head = json.loads(said[_HEAD])
    except RecursionError as error:
        raise ValueError("its head is nested too deeply") from error
    part = _part(key, table, head)
    if said.get(_DIGEST, b"") not in (b"", content_digest(said[_HEAD], part.detections)):
        raise ValueError("its content is not what was written")
    return part


def plain(value: Any) -> Any:
    """JSON has no NaN (the nodata of many float rasters): it is written as a word, which reads back as the number."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _head(part: Part) -> bytes:
    seen = part.seen
    return json.dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "key": part.key,
            "scene": plain(_SCENE.dump_python(part.scene, mode="json")),
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


@lru_cache(maxsize=64)
def _geo_of(crs: str | None) -> bytes:
    """The metadata of GeoParquet 1.1."""
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
    check_scene(scene)
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
