from typing import Any

import numpy as np
import pytest
import shapely

from sattrack.errors import ManifestError, OutlineError, SceneError, UsageError
from sattrack.labels.asked import Asked
from sattrack.labels.sets import read_sets
from sattrack.labels.sheets import without_holes
from sattrack.projections import project
from tests.labels.conftest import GSD_M, RIDGE, SHAPE, TRANSFORM, Yard

UTM = "EPSG:32652"


def on_ground(points: Any, *, crs: str = "EPSG:4326") -> list[list[float]]:
    """A ring of pixels, closed, in coordinates."""
    ring = np.array([*points, points[0]], float)
    ground = np.stack([TRANSFORM.c + ring[:, 0] * TRANSFORM.a, TRANSFORM.f + ring[:, 1] * TRANSFORM.e], axis=-1)
    return (ground if crs == UTM else project(ground, source=UTM, target=crs)).tolist()


def feature(points: Any, *, crs: str = "EPSG:4326", **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature", "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [on_ground(points, crs=crs)]},
    }  # fmt: skip


def collection(features: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features, **more}


def close(found: np.ndarray, wanted: np.ndarray) -> bool:
    """The same boxes, each within a tenth of a pixel, whatever corner comes first."""
    return len(found) == len(wanted) and all(
        shapely.hausdorff_distance(shapely.Polygon(a), shapely.Polygon(b)) < 0.1 for a, b in zip(found, wanted, strict=True)
    )


@pytest.mark.parametrize("crs", ["EPSG:4326", UTM])
@pytest.mark.parametrize("folder", ["", "images/"])
def test_polygons_in_any_crs_are_laid_on_the_scene(yard: Yard, crs: str, folder: str) -> None:
    quads = yard.picture(f"{folder}a.tif", placed=True)
    more = {} if crs == "EPSG:4326" else {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32652"}}}
    path = yard.json("a.geojson", collection([feature(q, crs=crs) for q in quads], **more))
    for place in (yard.folder, path):
        (found,) = read_sets([place])
        (image,) = found.images
        assert (found.format, image.shape, image.gsd_m) == ("geojson", SHAPE, pytest.approx((GSD_M, GSD_M), rel=1e-3))
        assert close(image.truth, quads)


def test_places_to_ignore_and_the_area_that_was_labelled(yard: Yard) -> None:
    quads = yard.picture("a.tif", placed=True)
    area = [[10, 10], [170, 10], [170, 120], [10, 120]]
    rows = [feature(quads[0], class_name="container"), feature(RIDGE, kind="ignore"), feature(quads[1], ignore=True)]
    yard.json("a.geojson", collection([*rows, feature(area, kind="area")]))
    (image,) = read_sets([yard.folder])[0].images
    assert close(image.truth, quads[:1])
    told = shapely.difference(
        shapely.box(0, 0, SHAPE[1], SHAPE[0]), shapely.union_all([shapely.Polygon(r) for r in image.ignore])
    )
    wanted = shapely.difference(shapely.Polygon(area), shapely.union_all([shapely.Polygon(RIDGE), shapely.Polygon(quads[1])]))
    assert shapely.area(shapely.symmetric_difference(told, wanted)) < 20
    assert told.area == pytest.approx(wanted.area, rel=0.002)


def test_holes_are_cut_through() -> None:
    ring = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [[(2, 2), (4, 2), (4, 4), (2, 4)], [(6, 6), (8, 6), (8, 8)]])
    rings = without_holes(ring)
    assert sum(shapely.Polygon(r).area for r in rings) == pytest.approx(ring.area)
    assert shapely.union_all([shapely.Polygon(r) for r in rings]).symmetric_difference(ring).area == pytest.approx(0, abs=1e-9)


def test_holes_by_the_thousand_are_cut_through_too() -> None:
    bays = [shapely.box(20 * i + 5, 20 * i + 5, 20 * i + 15, 20 * i + 15) for i in range(1500)]
    whole = shapely.difference(shapely.box(0, 0, 30_000, 30_000), shapely.union_all(bays))
    assert sum(shapely.Polygon(ring).area for ring in without_holes(whole)) == pytest.approx(whole.area)


def test_categories_multipolygons_and_scenes_without_labels(yard: Yard) -> None:
    quads = yard.picture("a.tif", placed=True)
    yard.picture("b.tif", placed=True)
    two = {"type": "MultiPolygon", "coordinates": [[on_ground(quads[0])], [on_ground(quads[1])]]}
    rows = [{"type": "Feature", "properties": {"Class": "container"}, "geometry": two}, feature(quads[2], Class="crane")]
    yard.json("a.geojson", collection(rows))
    (found,) = read_sets([yard.folder])
    assert close(found.images[0].truth, quads[:2])
    assert found.notes == (
        "1 picture has no GeoJSON of its name and is left out", "other categories are not taken: 1 of crane"
    )  # fmt: skip


def test_a_scene_without_georeferencing_cannot_have_them(yard: Yard) -> None:
    quads = yard.picture("a.png")
    yard.json("a.geojson", collection([feature(q) for q in quads]))
    with pytest.raises(UsageError, match=r"a\.png: has no georeferencing"):
        read_sets([yard.folder], asked=Asked(gsd_m=(0.5, 0.5)))


@pytest.mark.parametrize(("crs", "named"), [(UTM, None), ("EPSG:4326", 'LOCAL_CS["a plan",UNIT["metre",1]]')])
def test_coordinates_that_the_crs_cannot_hold_are_told_with_the_way_out(yard: Yard, crs: str, named: str | None) -> None:
    quads = yard.picture("a.tif", placed=True)
    more = {"crs": {"type": "name", "properties": {"name": named}}} if named else {}
    yard.json("a.geojson", collection([feature(quads[0], crs=crs)], **more))
    with pytest.raises(ManifestError, match=r"feature 1: \d.* cannot be laid on the picture .*longitude and latitude"):
        read_sets([yard.folder])


@pytest.mark.parametrize(("true", "false"), [(True, False), (1, 0), (1.0, 0.0), ("T", "no"), (None, "false")])
def test_what_is_true_is_read_whatever_the_formats_on_the_way_made_of_it(yard: Yard, true: object, false: object) -> None:
    quads = yard.picture("a.tif", placed=True)
    rows = [
        feature(quads[0], counted=true, ignore=false),
        feature(quads[1], counted=false),
        feature(quads[2], ignore=true or 1),
    ]
    yard.json("a.geojson", collection(rows))
    (image,) = read_sets([yard.folder])[0].images
    assert close(image.truth, quads[:1])
    assert close(np.stack(image.ignore), quads[2:3])
    yard.json("a.geojson", collection([feature(quads[0], ignore="partly")]))
    with pytest.raises(ManifestError, match="feature 1: ignore is 'partly'"):
        read_sets([yard.folder])


def test_a_view_of_the_scene_under_its_name_is_not_taken_for_it(yard: Yard) -> None:
    quads = yard.picture("a.tif", placed=True)
    yard.picture("a.png")
    yard.json("a.geojson", collection([feature(quad) for quad in quads]))
    (found,) = read_sets([yard.folder])
    assert (found.images[0].path.name, found.notes) == ("a.tif", ())


def test_files_that_cannot_be_understood_are_named(yard: Yard) -> None:
    quads = yard.picture("a.tif", placed=True)
    path = yard.json("b.geojson", collection([feature(quads[0])]))
    with pytest.raises(ManifestError, match=r"b\.geojson: there is no picture of this name"):
        read_sets([path])
    path.unlink()
    yard.json(
        "a.geojson", collection([feature(quads[0]), {"type": "Feature", "geometry": {"type": "Point"}, "properties": {}}])
    )
    with pytest.raises(OutlineError, match=r"a\.geojson: feature 2: expected a Polygon"):
        read_sets([yard.folder])
    yard.json("a.geojson", collection([feature(quads[0] + 100_000)]))
    with pytest.raises(ManifestError, match="no box of 1 lies in the picture"):
        read_sets([yard.folder])
    yard.json("a.geojson", collection([feature(quads[0], counted=False)]))
    with pytest.raises(UsageError, match="marked as not counted"):
        read_sets([yard.folder])
    yard.json("a.geojson", collection([feature(quads[0])]))
    (yard.folder / "a.tif").write_bytes(b"II*\0 torn")
    with pytest.raises(SceneError, match=r"a\.tif"):
        read_sets([yard.folder])


def test_boxes_that_a_run_was_not_sure_of_can_be_ignored_instead(yard: Yard) -> None:
    quads = yard.picture("a.tif", placed=True)
    yard.json("a.geojson", collection([feature(quads[0], counted=True), feature(quads[1], counted=False)]))
    (dropped,) = read_sets([yard.folder])
    assert (len(dropped.images[0].truth), dropped.images[0].ignore) == (1, ())
    assert dropped.notes == ("1 box that is marked as not counted is not taken",)
    (found,) = read_sets([yard.folder], asked=Asked(uncounted="ignore"))
    assert close(found.images[0].truth, quads[:1])
    assert close(np.stack(found.images[0].ignore), quads[1:2])


def test_outlines_of_sites_among_scenes_are_no_labels(yard: Yard) -> None:
    quads = yard.picture("a.tif", placed=True)
    yard.json("port.geojson", collection([feature(quads[0])]))
    with pytest.raises(UsageError, match="is not a labelled set"):
        read_sets([yard.folder])
