"""The shipped samples, made again by one command: python -m sattrack.synthetic.samples OUT.

Two made-up sites, a dozen dates each, as cloud-optimised GeoTIFFs with the truth of every box. Rendered, not photographed.
"""

import argparse
import csv
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rasterio
import rasterio.shutil
import shapely
from numpy.typing import NDArray
from rasterio.transform import from_origin

from sattrack.geometry import Quads, centres
from sattrack.projections import WGS84, project
from sattrack.synthetic.clouds import Veiled, cut_wedge, draw_cloud
from sattrack.synthetic.labelled_set import obb_lines
from sattrack.synthetic.layouts import Layout
from sattrack.synthetic.places import Look, Place, places
from sattrack.synthetic.rendering import View, render_scene
from sattrack.synthetic.sensor import Sensor
from sattrack.synthetic.solids import Solids, joined

LICENCE = "AGPL-3.0-or-later; rendered by sattrack, not a satellite image"


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One date of a place. quads: (n, 4, 2) pixels of the visible tops that no cloud hides; zones: (n,) index into the place's.

    lost: tops hidden by cloud or beyond the swath. below: boxes under other boxes. corner: of the georeferencing as written.
    """

    id: str
    place: Place
    look: Look
    picture: NDArray[np.uint8]
    hidden: NDArray[np.bool_] | None
    quads: Quads
    zones: NDArray[np.int32]
    lost: Quads
    below: int
    corner: tuple[float, float]


def draw_scenes(place: Place, *, only: int | None = None) -> Iterator[Scene]:
    """The place at its dates, in order; only: just that one, with the same past."""
    for number, look in enumerate(place.looks):
        rng = np.random.default_rng(place.seed + 1 + number)
        for (zone, stand), share in zip(place.stands, (look.fills[zone] for zone, _ in place.stands), strict=True):
            stand.fill(share, rng=rng, turnover=place.turnover[zone], orderly=place.orderly[zone])
        if only is None or number == only:
            yield _drawn(place, look=look, rng=rng)


def _drawn(place: Place, *, look: Look, rng: np.random.Generator) -> Scene:
    plot = replace(place.plot, rng=rng, parts=[], surfaces=[], stripes=[])
    place.passing(plot, look)
    things = joined([place.fixtures, *plot.parts, *(stand.boxes() for _, stand in place.stands)])
    shape = round(place.extent_m[1] / look.gsd_m), round(place.extent_m[0] / look.gsd_m)
    drawn = render_scene(
        Layout(place.extent_m, place.ground, things, place.zones), gsd_m=look.gsd_m, shape=shape, view=_view(look, rng=rng),
        sensor=_sensor(look, rng=rng), rng=rng,
    )  # fmt: skip
    veiled = _veiled(place, picture=drawn.picture, look=look, rng=rng)
    lost = _covered(drawn.quads, hidden=veiled.hidden)
    name = f"{place.site_id}_{look.time:%Y%m%dT%H%M%S}"
    return Scene(
        name, place, look, veiled.picture, veiled.hidden if look.veil else None, drawn.quads[~lost], drawn.zones[~lost],
        drawn.quads[lost], _below(things), (place.corner[0] + look.shift_m[0], place.corner[1] + look.shift_m[1]),
    )  # fmt: skip


def _view(look: Look, *, rng: np.random.Generator) -> View:
    """The sun stands in the south, the satellite anywhere."""
    side = rng.uniform(0, 2 * np.pi)
    noon = np.radians(rng.uniform(-115, -65))
    lean, reach = np.tan(np.radians(look.off_nadir)), 1 / np.tan(np.radians(look.sun))
    return View(
        (float(lean * np.cos(side)), float(lean * np.sin(side))),
        (float(reach * np.cos(noon)), float(reach * np.sin(noon))),
        0.34,
    )


def _sensor(look: Look, *, rng: np.random.Generator) -> Sensor:
    cast = rng.normal(1, 0.025, 3)
    return Sensor(
        blur_px=float(rng.uniform(0.45, 0.7)), sharpen=float(rng.uniform(0.1, 0.6)), haze=look.haze,
        contrast=float(rng.uniform(0.95, 1.15)), gain=float(rng.uniform(0.85, 1.08)), gamma=float(rng.uniform(0.95, 1.15)),
        cast=(float(cast[0]), float(cast[1]), float(cast[2])), saturation=float(rng.uniform(0.75, 1.0)),
        noise=float(rng.uniform(1.2, 2.4)), jpeg=0,
    )  # fmt: skip


def _veiled(place: Place, *, picture: NDArray[np.uint8], look: Look, rng: np.random.Generator) -> Veiled:
    if look.veil == "cloud":
        return draw_cloud(picture, rng=rng, gsd_m=look.gsd_m, corner=place.plot.at(-62, -12), reach_m=62)
    if look.veil == "wedge":
        return cut_wedge(picture, left=0.72, right=0.3)
    return Veiled(picture, np.zeros(picture.shape[:2], np.bool_))


def _covered(quads: Quads, *, hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n,) boxes of which less than half is left in view: the corners drawn halfway in, and the middle, are looked up."""
    middle = quads.mean(axis=1, keepdims=True)
    spots = np.concatenate([middle, (quads + middle) / 2], axis=1)
    at = np.clip(spots.astype(int), 0, np.array(hidden.shape)[::-1] - 1)
    return np.asarray(hidden[at[..., 1], at[..., 0]].mean(axis=1) > 0.5)


def _below(things: Solids) -> int:
    """Boxes that carry another."""
    boxes = things.where(things.zone >= 0)
    key = np.round(np.column_stack([boxes.lane, boxes.heading]), 1)[:, :4]
    return len(boxes) - len(np.unique(key, axis=0))


def write_samples(out: Path) -> None:
    """The whole folder: per site images/, labels_obb/, ignore/ and meta.json; sites.geojson and truth.csv."""
    features: list[dict[str, Any]] = []
    truth: list[dict[str, Any]] = []
    for place in places():
        folder = out / place.site_id
        for name in ("images", "labels_obb", "ignore"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        outlines = {zone: place.plot.outline(u=spans[0], v=spans[1]) for zone, spans in place.outlines.items()}
        features += [_feature(place, zone=zone, ring=ring) for zone, ring in outlines.items()]
        meta = {}
        for scene in draw_scenes(place):
            write_picture(scene, path=folder / "images" / f"{scene.id}.tif")
            (folder / "labels_obb" / f"{scene.id}.txt").write_text(label_lines(scene), encoding="utf-8", newline="\n")
            (folder / "ignore" / f"{scene.id}.json").write_text(
                json.dumps(_ignored(scene)) + "\n", encoding="utf-8", newline="\n"
            )
            meta[scene.id] = _about(scene)
            truth += [_truth_row(scene, zone=zone, ring=ring) for zone, ring in outlines.items()]
        _write_json(folder / "meta.json", meta)
    _write_json(out / "sites.geojson", {"type": "FeatureCollection", "features": features})
    with (out / "truth.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, fieldnames=list(truth[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(truth)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def write_picture(scene: Scene, *, path: Path) -> None:
    """A tiled GeoTIFF with overviews, JPEG inside (lossless beside a wedge of nodata); a mask beside a clouded one."""
    wedge = scene.look.veil == "wedge"
    tags = {
        "TIFFTAG_DATETIME": f"{scene.look.time:%Y:%m:%d %H:%M:%S}",
        "TIFFTAG_IMAGEDESCRIPTION": f"Rendered by sattrack, not a satellite image: {scene.place.name}",
        "TIFFTAG_COPYRIGHT": LICENCE,
        "SENSOR": "rendered",
    }
    how = {"compress": "DEFLATE", "predictor": 2} if wedge else {"compress": "JPEG", "quality": 92}
    _write_cog(path, bands=np.moveaxis(scene.picture, 2, 0), scene=scene, tags=tags, nodata=0 if wedge else None, **how)
    if scene.look.veil == "cloud" and scene.hidden is not None:
        mask = path.with_name(f"{path.stem}_mask.tif")
        _write_cog(mask, bands=scene.hidden[None].astype(np.uint8), scene=scene, tags={}, nodata=None, compress="DEFLATE")


def _write_cog(
    path: Path, *, bands: NDArray[np.uint8], scene: Scene, tags: dict[str, str], nodata: int | None, **how: Any
) -> None:
    gsd = scene.look.gsd_m
    profile: dict[str, Any] = {
        "driver": "GTiff", "width": bands.shape[2], "height": bands.shape[1], "count": len(bands), "dtype": "uint8",
        "crs": scene.place.crs, "transform": from_origin(scene.corner[0], scene.corner[1], gsd, gsd), "nodata": nodata,
    }  # fmt: skip
    if len(bands) == 3:
        profile["photometric"] = "RGB"
    with tempfile.TemporaryDirectory() as scratch:
        plain = Path(scratch) / "plain.tif"
        with rasterio.open(plain, "w", **profile) as file:
            file.write(bands)
            file.update_tags(**tags)
        resampling = "NEAREST" if len(bands) == 1 else "AVERAGE"
        rasterio.shutil.copy(plain, path, driver="COG", blocksize=256, overview_resampling=resampling, **how)


def label_lines(scene: Scene) -> str:
    """The labels as they are written."""
    return obb_lines(scene.quads, shape=(scene.picture.shape[0], scene.picture.shape[1]))


def _ignored(scene: Scene) -> list[list[list[float]]]:
    """Polygons in pixels inside which nothing is scored: under the cloud."""
    if scene.hidden is None or scene.look.veil != "cloud":
        return []
    grown = cv2.dilate(scene.hidden.astype(np.uint8), np.ones((9, 9), np.uint8))
    rings = cv2.findContours(grown, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    slim = [np.asarray(cv2.approxPolyDP(ring, 2.0, True), float).reshape(-1, 2) for ring in rings]
    return [ring.tolist() for ring in slim if len(ring) >= 3]


def _about(scene: Scene) -> dict[str, Any]:
    look = scene.look
    return {
        "gsd_m": look.gsd_m, "n_containers": len(scene.quads), "n_under_others": scene.below,
        "acquired": f"{look.time:%Y-%m-%dT%H:%M:%SZ}",
        "off_nadir_deg": look.off_nadir, "sun_elevation_deg": look.sun, "shift_m": list(look.shift_m), "veil": look.veil,
        "count_uncertainty": "none: rendered", "seed": scene.place.seed + 1 + scene.place.looks.index(look),
    }  # fmt: skip


def _truth_row(scene: Scene, *, zone: str, ring: NDArray[np.float64]) -> dict[str, Any]:
    """count: visible tops in the outline, as georeferenced; hidden: tops there that cloud or the swath's edge hides."""
    place = scene.place
    outline = shapely.Polygon(ring)

    def inside(quads: Quads) -> int:
        # The outline is drawn on the ground; a shifted scene says that its boxes stand elsewhere.
        ground = centres(quads) * scene.look.gsd_m + np.array([scene.look.shift_m[0], -scene.look.shift_m[1]])
        return int(shapely.contains_xy(outline, ground[:, 0], ground[:, 1]).sum())

    return {
        "site_id": place.site_id, "zone": zone, "scene_id": scene.id, "datetime": f"{scene.look.time:%Y-%m-%dT%H:%M:%SZ}",
        "count": inside(scene.quads), "hidden": inside(scene.lost),
    }  # fmt: skip


def _feature(place: Place, *, zone: str, ring: NDArray[np.float64]) -> dict[str, Any]:
    """An outline in longitude and latitude, counter-clockwise."""
    ground = np.stack([place.corner[0] + ring[:, 0], place.corner[1] - ring[:, 1]], axis=1)
    lon, lat = project(ground, source=place.crs, target=WGS84).T
    whole = shapely.geometry.polygon.orient(shapely.Polygon(np.column_stack([lon, lat])))
    corners = [[round(x, 7), round(y, 7)] for x, y in whole.exterior.coords]
    return {
        "type": "Feature",
        "properties": {
            "site_id": place.site_id, "name": place.name, "zone": zone, "kind": "pier" if "pier" in place.site_id else "depot",
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
