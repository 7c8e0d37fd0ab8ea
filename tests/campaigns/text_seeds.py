"""Text seeds: small valid files of every form that people hand us besides pictures, and what reads each."""

import json
import re
import sqlite3
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from PIL import Image

from sattrack import face, running
from sattrack.labels.sets import read_sets
from sattrack.readers.chains import read_chain
from sattrack.readers.count_tables import read_counts
from sattrack.readers.finding import find_sources
from sattrack.readers.outlines.files import read_outlines
from sattrack.readers.settings_file import load_settings
from sattrack.readers.sidecars import look_beside, read_sidecars
from sattrack.running import Request
from sattrack.wiring import Model
from tests.campaigns.quick import write_scenes, write_sites

_RING = "[[135.0, 34.0], [135.01, 34.0], [135.01, 34.01], [135.0, 34.01], [135.0, 34.0]]"
_GEOJSON = f"""{{"type": "FeatureCollection", "crs": {{"type": "name", "properties": {{"name": "EPSG:4326"}}}}, "features": [
{{"type": "Feature", "properties": {{"site_id": "kobe", "name": "Kobe quay", "zone": "stack", "notes": "by hand"}},
 "geometry": {{"type": "Polygon", "coordinates": [{_RING}]}}}},
{{"type": "Feature", "properties": {{"site_id": 7, "kind": "exclude"}},
 "geometry": {{"type": "MultiPolygon", "coordinates": [[{_RING}]]}}}},
{{"type": "Feature", "properties": null,
 "geometry": {{"type": "GeometryCollection", "geometries": [{{"type": "Polygon", "coordinates": [{_RING}]}}]}}}}]}}
"""
_KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>Ports</name>
<Placemark><name>Quay</name><ExtendedData><Data name="site_id"><value>quay</value></Data></ExtendedData>
<Polygon><outerBoundaryIs><LinearRing><coordinates>135,34,0 135.01,34,0 135.01,34.01,0 135,34.01,0 135,34,0</coordinates>
</LinearRing></outerBoundaryIs><innerBoundaryIs><LinearRing><coordinates>135.002,34.002 135.004,34.002 135.003,34.004
135.002,34.002</coordinates></LinearRing></innerBoundaryIs></Polygon></Placemark>
<Placemark><name>Yard</name><MultiGeometry><Polygon><outerBoundaryIs><LinearRing>
<coordinates>136,34 136.01,34 136.01,34.01 136,34</coordinates></LinearRing></outerBoundaryIs></Polygon></MultiGeometry>
</Placemark></Document></kml>
"""
_SETTINGS = """# settings of a run
threshold: 0.4
score_floor: 0.05
batch: 8
tile_shift_m: [0.0, 2.5]
device: auto
careful: false
alarm_level: 1.0e-3
max_pixels: 4000000000
"""
_CHAIN = """name: From quay to depot
places:
  - {site_id: quay, role: origin, zone: stack}
  - {site_id: yard, role: transit, name: "The yard"}
  - {site_id: depot, role: destination}
links:
  - {from: quay, to: yard, days: [1, 4]}
  - {from: yard, to: depot, days: [3.5, 12]}
sources: "Said to be so."
"""
_MANIFEST = """path,scene,datetime,gsd_m,sensor,bands,source,licence
a_20240501.png,one,2024-05-01T10:00:00Z,0.5,WV3,"1,2,3",https://example.org,CC-BY-4.0
b.png,one,2024-05-01T10:00:00Z,"0.5,0.62",WV3,1,,
"sub/c, d.png",two,2024-05-02,0.3,,,'said so',
"""
_SEMICOLONS = """sep=;
path;datetime;gsd_m;mask;comment
a_20240501.png;2024/05/01 10:00;0,5;a_mask.png;hand
b.png;20240502T101112+09:00;0,3;;
"""
_COUNTS = """site_id,site_name,zone,datetime,count,count_low,count_high,observed_fraction,status,sensor,lon,lat,gsd_m,threshold
quay,The quay,,2024-05-01T10:00:00Z,120,110,131,1.0,done,WV3,135.0,34.0,0.5,0.3
quay,The quay,stack,2024-05-08,1234.5,,,0.9,done,WV3,,,,
yard,,,2024-05-08,,,,0.2,not_assessable,,,,,
yard,,,,,,,0,failed,,,,,
"""
_COCO = json.dumps(
    {
        "images": [{"id": 1, "file_name": "a.png", "width": 90, "height": 60, "gsd_m": 0.5}],
        "categories": [{"id": 1, "name": "container"}, {"id": 2, "name": "ignore"}],
        "annotations": [
            {
                "id": 1,
                "image_id": 1,
                "category_id": 1,
                "bbox": [10, 10, 24, 5],
                "segmentation": [[10, 10, 34, 10, 34, 15, 10, 15]],
            },
            {"id": 2, "image_id": 1, "category_id": 1, "bbox": [40, 30, 24, 5], "attributes": {"rotation": 30.0}},
            {
                "id": 3,
                "image_id": 1,
                "category_id": 2,
                "iscrowd": 1,
                "segmentation": [[0, 0, 5, 0, 5, 5]],
                "bbox": [0, 0, 5, 5],
            },
        ],
    },
    indent=1,
)
_DOTA = "imagesource:GoogleEarth\ngsd:0.5\n10 10 34 10 34 15 10 15 container 0\n40 30 64 30 64 35 40 35 container 1\n"
_YOLO = "0 0.11 0.16 0.37 0.16 0.37 0.25 0.11 0.25\n0 0.44 0.5 0.71 0.5 0.71 0.58 0.44 0.58\n"
_YOLO_YAML = "path: .\ntrain: images/train\nval: images/val\nnames: {0: container, 1: ship}\n"


@dataclass(frozen=True, slots=True)
class TextSeed:
    """Files by name, of which one of `mutated` is changed, and what reads the folder that they lie in."""

    family: str
    files: dict[str, bytes]
    mutated: tuple[str, ...]
    read: Callable[[Path], object]
    binary: bool = False
    a_folder: bool = False


def text_seeds(folder: Path) -> tuple[TextSeed, ...]:
    """Seeds of all forms; the runs are made with the quick detector."""
    folder.mkdir(parents=True, exist_ok=True)
    return (*_plain(folder), *(replace(one, a_folder=True) for one in (*_labels(folder), *_runs(folder))))


def _plain(folder: Path) -> list[TextSeed]:
    manifest = {"a_20240501.png": b"", "b.png": b"", "sub/c, d.png": b"", "a_mask.png": b""}
    sidecar = {
        "p.png": b"", "p.json": b'{"gsd_m": [0.5, 0.52], "datetime": "2024-05-01T10:00:00+09:00", "licence": null}',
        "p.pgw": b"0.5\n0.0\n0.0\n-0.5\n500000.25\n4699999.75\n",
        "p.prj": b'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],'
        b'UNIT["degree",0.0174532925199433]]',
    }  # fmt: skip
    return [
        TextSeed("settings", {"s.yaml": _SETTINGS.encode()}, ("s.yaml",), _settings),
        TextSeed("chain", {"chain.yaml": _CHAIN.encode()}, ("chain.yaml",), _chain),
        TextSeed("GeoJSON", {"sites.geojson": _GEOJSON.encode()}, ("sites.geojson",), _outlines),
        TextSeed("KML", {"sites.kml": _KML.encode()}, ("sites.kml",), _outlines),
        TextSeed("GeoPackage", {"sites.gpkg": geopackage(folder / "seed.gpkg").read_bytes()}, ("sites.gpkg",), _outlines, True),
        TextSeed("manifest", {"m.csv": _MANIFEST.encode(), **manifest}, ("m.csv",), _manifest),
        TextSeed("manifest", {"m.csv": _SEMICOLONS.encode(), **manifest}, ("m.csv",), _manifest),
        TextSeed("counts", {"c.csv": _COUNTS.encode()}, ("c.csv",), _counts),
        TextSeed("sidecars", sidecar, ("p.json", "p.pgw", "p.prj"), _sidecars),
    ]


def _labels(folder: Path) -> list[TextSeed]:
    Image.fromarray(np.full((60, 90, 3), 40, np.uint8)).save(folder / "a.png")
    picture, size = (folder / "a.png").read_bytes(), b'{"gsd_m": 0.5}'
    yolo = {"images/train/a.png": picture, "images/train/a.json": size, "labels/train/a.txt": _YOLO.encode(),
            "images/val/b.png": picture, "images/val/b.json": size, "labels/val/b.txt": b"",
            "data.yaml": _YOLO_YAML.encode()}  # fmt: skip
    ours = {"images/a.png": picture, "labels_obb/a.txt": _YOLO.encode(), "ignore/a.json": b"[[[0, 0], [9, 0], [9, 9]]]",
            "meta.json": b'{"a": {"gsd_m": [0.5, 0.5], "port": "x"}}'}  # fmt: skip
    return [
        TextSeed("COCO", {"a.json": _COCO.encode(), "a.png": picture}, ("a.json",), _one_set("a.json")),
        TextSeed("DOTA", {"images/a.png": picture, "labelTxt/a.txt": _DOTA.encode()}, ("labelTxt/a.txt",), _one_set("")),
        TextSeed("YOLO", yolo, ("data.yaml", "labels/train/a.txt"), _one_set("")),
        TextSeed("our labels", ours, ("meta.json", "labels_obb/a.txt", "ignore/a.json"), _one_set("")),
    ]


def _runs(folder: Path) -> list[TextSeed]:
    """A run of two scenes on two sites: its head, its outlines, its parts."""
    scenes, sites, out = write_scenes(folder / "in", 2), write_sites(folder / "sites.geojson"), folder / "run"
    running.detect(Request((str(scenes),), out, sites=sites, model=Model(detector="tests.campaigns.quick:Bright")))
    (out / "timings.json").unlink()
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}
    # Neither the folder nor the clock, so that the same number is the same mutant everywhere.
    head = files["run/run.json"].replace(str(folder).encode(), b"/port")
    files["run/run.json"] = re.sub(rb'("created": )"[^"]*"', rb'\1"2024-06-01T00:00:00Z"', head)
    parts = tuple(name for name in files if name.endswith(".parquet"))
    return [
        TextSeed("run.json", files, ("run/run.json",), _run),
        TextSeed("sites.json", files, ("run/sites.json",), _run),
        TextSeed("part", files, parts, _run, True),
    ]


def _settings(folder: Path) -> object:
    return load_settings(folder / "s.yaml")


def _chain(folder: Path) -> object:
    return read_chain(folder / "chain.yaml")


def _outlines(folder: Path) -> object:
    return [read_outlines(path) for path in folder.glob("sites.*")]


def _manifest(folder: Path) -> object:
    return find_sources([str(folder / "m.csv")])


def _counts(folder: Path) -> object:
    return list(read_counts(folder / "c.csv"))


def _sidecars(folder: Path) -> object:
    return read_sidecars(folder / "p.png", beside=look_beside(folder))


def _run(folder: Path) -> object:
    """A run counted, listed, opened, and its boxes written for others."""
    counted = running.recount(folder / "run")
    running.open_run(folder / "run")
    for form, name in (("csv", "boxes.csv"), ("geojson", "boxes.geojson"), ("coco", "boxes.json")):
        face.export(folder / "run", format=form, to=folder / name)
    return counted.counts


@dataclass(frozen=True, slots=True)
class _one_set:  # noqa: N801 (a function that travels to the worker)
    name: str

    def __call__(self, folder: Path) -> object:
        return [(one.name, [i.truth.tolist() for i in one.images]) for one in read_sets([folder / self.name])]


def geopackage(path: Path) -> Path:
    """One layer of two polygons in EPSG:4326, as QGIS writes it."""
    path.unlink(missing_ok=True)
    square = shapely.box(135, 34, 135.01, 34.01)
    head = struct.pack("<2sBBi4d", b"GP", 0, 3, 4326, 135, 135.01, 34, 34.01)
    base = sqlite3.connect(path)
    base.executescript(
        "CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT, "
        "organization_coordsys_id INTEGER, definition TEXT, description TEXT);"
        "INSERT INTO gpkg_spatial_ref_sys VALUES ('UTM', 32652, 'EPSG', 32652, 'undefined', '');"
        "CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT, srs_id INTEGER);"
        "CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER);"
        "INSERT INTO gpkg_contents VALUES ('ports', 'features', 4326);"
        "INSERT INTO gpkg_geometry_columns VALUES ('ports', 'geom', 'POLYGON', 4326);"
        "CREATE TABLE ports (fid INTEGER PRIMARY KEY, geom BLOB, site_id TEXT, name TEXT, area REAL);"
    )
    rows = [(head + shapely.to_wkb(square), "a", "Quay", 1.5), (head + shapely.to_wkb(square), "b", None, None)]
    base.executemany("INSERT INTO ports (geom, site_id, name, area) VALUES (?, ?, ?, ?)", rows)
    base.commit()
    base.close()
    return path
