"""The shipped samples, made again by one command: python -m sattrack.synthetic.samples OUT.

Four made-up sites from May to October 2023 as cloud-optimised GeoTIFFs, with the truth of every box and of every move.
Rendered, not photographed.
"""

import argparse
import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from sattrack.geometry import Quads, centres
from sattrack.projections import WGS84, project
from sattrack.synthetic.places import Place
from sattrack.synthetic.replay import places
from sattrack.synthetic.sample_files import write_scene
from sattrack.synthetic.sample_scenes import Scene, Standing, draw_scenes, scene_id, standings

Ring = NDArray[np.float64]
Row = dict[str, Any]


def write_samples(out: Path) -> None:
    """The whole folder: per site images/, labels_obb/, ignore/ and meta.json; sites.geojson, truth.csv and movements.csv."""
    features: list[Row] = []
    truth: list[Row] = []
    moves: list[Row] = []
    for place in places():
        folder = out / place.site_id
        outlines = {zone: place.plot.outline(u=spans[0], v=spans[1]) for zone, spans in place.outlines.items()}
        features += [_feature(place, zone=zone, ring=ring) for zone, ring in outlines.items()]
        meta, told = {}, []
        for scene, standing in draw_scenes(place):
            write_scene(scene, folder=folder)
            meta[scene.id] = _about(scene)
            told.append(standing)
            truth += [_truth_row(scene, standing, zone=zone, ring=ring) for zone, ring in outlines.items()]
        _write_json(folder / "meta.json", meta)
        moves += movement_rows(place, told)
    _write_json(out / "sites.geojson", {"type": "FeatureCollection", "features": features})
    _write_table(out / "truth.csv", truth)
    _write_table(out / "movements.csv", moves)


def movement_rows(place: Place, told: list[Standing] | None = None) -> list[Row]:
    """For each camera and two neighbouring scenes of its own: what stood at both, and all that came and went between."""
    rows = []
    last: dict[str, Standing] = {}
    for now in told if told is not None else standings(place):
        before = last.get(now.look.camera)
        if before is not None:
            rows.append({
                "site_id": place.site_id, "sensor": now.look.camera,
                "from": _when(before), "to": _when(now),
                "from_scene": scene_id(place, before.look), "to_scene": scene_id(place, now.look),
                "stock_from": before.stock[""], "stock_to": now.stock[""], "arrived": now.arrived, "left": now.left,
            })  # fmt: skip
        last[now.look.camera] = now
    return rows


def _when(standing: Standing) -> str:
    return f"{standing.look.time:%Y-%m-%dT%H:%M:%SZ}"


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def _write_table(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _about(scene: Scene) -> Row:
    look = scene.look
    return {
        "gsd_m": look.gsd_m, "n_containers": len(scene.quads), "n_under_others": scene.below,
        "acquired": f"{look.time:%Y-%m-%dT%H:%M:%SZ}", "sensor": look.camera,
        "off_nadir_deg": look.off_nadir, "sun_elevation_deg": look.sun, "shift_m": list(look.shift_m), "veil": look.veil,
        "count_uncertainty": "none: rendered", "seed": scene.place.seed + 1 + scene.place.looks.index(look),
    }  # fmt: skip


def _truth_row(scene: Scene, standing: Standing, *, zone: str, ring: Ring) -> Row:
    """count: visible tops in the outline, as georeferenced; hidden: tops there that cloud or the swath's edge hides."""
    place = scene.place
    outline = shapely.Polygon(ring)

    def inside(quads: Quads) -> int:
        # The outline is drawn on the ground; a shifted scene says that its boxes stand elsewhere.
        ground = centres(quads) * scene.look.gsd_m + np.array([scene.look.shift_m[0], -scene.look.shift_m[1]])
        return int(shapely.contains_xy(outline, ground[:, 0], ground[:, 1]).sum())

    return {
        "site_id": place.site_id, "zone": zone, "scene_id": scene.id, "datetime": _when(standing),
        "sensor": scene.look.camera, "count": inside(scene.quads), "hidden": inside(scene.lost), "stock": standing.stock[zone],
    }  # fmt: skip


def _feature(place: Place, *, zone: str, ring: Ring) -> Row:
    """An outline in longitude and latitude, counter-clockwise."""
    ground = np.stack([place.corner[0] + ring[:, 0], place.corner[1] - ring[:, 1]], axis=1)
    lon, lat = project(ground, source=place.crs, target=WGS84).T
    whole = shapely.geometry.polygon.orient(shapely.Polygon(np.column_stack([lon, lat])))
    corners = [[round(x, 7), round(y, 7)] for x, y in whole.exterior.coords]
    return {
        "type": "Feature",
        "properties": {
            "site_id": place.site_id, "name": place.name, "zone": zone, "kind": place.kind,
            "notes": "Made up: rendered, not a real place; the coordinates lie in open sea.",
        },
        "geometry": {"type": "Polygon", "coordinates": [corners]},
    }  # fmt: skip


def main() -> None:
    """Writes the samples into OUT."""
    wants = argparse.ArgumentParser(description=__doc__)
    wants.add_argument("out", type=Path, help="folder to write")
    write_samples(wants.parse_args().out)


if __name__ == "__main__":
    main()
