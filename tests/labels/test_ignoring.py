"""Boxes in places where nothing can be told are neither scored nor taught, in whatever layout they are labelled."""

from collections.abc import Callable

import numpy as np
import pytest

from sattrack.bench.scoring import score, tally
from sattrack.detections import Detections
from sattrack.geometry import quads_from_xywhr
from sattrack.labels.asked import Asked
from sattrack.labels.labelled import LabelledImage, LabelledSet
from sattrack.labels.sets import read_sets
from tests.labels.conftest import GSD_M, SHAPE, Yard, shares, ways
from tests.labels.test_geojson import collection, feature

AREA = [[0, 0], [SHAPE[1], 0], [SHAPE[1], 60], [0, 60]]
SAID = "2 boxes with their middle where all is to be ignored are not taken"


def in_geojson(yard: Yard, quads: np.ndarray) -> None:
    """A run's whole export, of which a part was corrected."""
    yard.json("a.geojson", collection([*(feature(quad) for quad in quads), feature(AREA, kind="area")]))


def in_coco(yard: Yard, quads: np.ndarray) -> None:
    rings = [*quads, np.array([[0, 60], [SHAPE[1], 60], [SHAPE[1], SHAPE[0]], [0, SHAPE[0]]])]
    rows = [
        {"id": i, "image_id": 1, "category_id": 1, "segmentation": [ring.ravel().tolist()], "ignore": int(i == len(quads))}
        for i, ring in enumerate(rings)
    ]
    said = {"images": [{"id": 1, "file_name": "a.tif"}], "categories": [{"id": 1, "name": "container"}], "annotations": rows}
    yard.json("labels.json", said)


def in_ours(yard: Yard, quads: np.ndarray) -> None:
    yard.picture("images/a.tif", placed=True)
    yard.text("labels_obb/a.txt", [f"0 {line}" for line in shares(quads)])
    yard.json("ignore/a.json", [[[0, 60], [SHAPE[1], 60], [SHAPE[1], SHAPE[0]], [0, SHAPE[0]]]])
    yard.json("meta.json", {"a": {"gsd_m": GSD_M}})


def only(found: tuple[LabelledSet, ...]) -> tuple[LabelledSet, LabelledImage]:
    (one,) = found
    (image,) = one.images
    return one, image


@pytest.mark.parametrize("written", [in_geojson, in_coco, in_ours])
def test_labels_in_ignored_places_are_no_misses_of_a_perfect_detector(
    yard: Yard, written: Callable[[Yard, np.ndarray], None]
) -> None:
    quads = yard.picture("a.tif", placed=True)
    written(yard, quads)
    one, image = only(read_sets([yard.folder]))
    assert SAID in one.notes
    assert np.allclose(sorted(image.truth.mean(axis=1).tolist()), sorted(quads[:3].mean(axis=1).tolist()), atol=0.1)
    everything = Detections(quads, np.full(5, 0.9, np.float32), np.zeros(5, np.int32))
    at = tally([score(everything, truth=image.truth, ignore=image.ignore)], threshold=0.5)
    assert (at.true, at.found, at.hits) == (3, 3, 3)


def test_the_whole_of_a_box_that_reaches_out_of_an_ignored_place_is_ignored(yard: Yard) -> None:
    quads = yard.picture("a.tif", placed=True)
    middle = quads[3].mean(axis=0)
    area = [[0, 0], [SHAPE[1], 0], [SHAPE[1], middle[1] - 0.5], [0, middle[1] - 0.5]]
    yard.json("a.geojson", collection([feature(quads[0]), feature(quads[3]), feature(area, kind="area")]))
    one, image = only(read_sets([yard.folder]))
    assert one.notes == ("1 box with its middle where all is to be ignored is not taken",)
    # Found a pixel off, where its middle is no longer in the ignored place.
    found = Detections((quads[3] - [0, 1])[None], np.array([0.9], np.float32), np.zeros(1, np.int32))
    assert tally([score(found, truth=image.truth, ignore=image.ignore)], threshold=0.5).found == 0


def test_what_shows_of_a_box_whose_middle_is_outside_the_picture_is_ignored(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    out = quads_from_xywhr(np.array([[-1.0, 60.0, 12.0, 5.0, 0.0], [-40.0, 60.0, 12.0, 5.0, 0.0]]))
    yard.text("labels/a.txt", [f"0 {line}" for line in shares(np.concatenate([quads, out]))])
    one, image = only(read_sets([yard.folder], asked=Asked(gsd_m=(GSD_M, GSD_M))))
    assert one.notes == ("2 boxes with their middle outside the picture are not taken",)
    assert ways(np.stack(image.ignore)) == ways(out[:1]), "one that does not show says nothing of the picture"
    seen = Detections(
        quads_from_xywhr(np.array([[2.0, 60.0, 4.0, 5.0, 0.0]])), np.array([0.9], np.float32), np.zeros(1, np.int32)
    )
    assert tally([score(seen, truth=image.truth, ignore=image.ignore)], threshold=0.5).found == 0
