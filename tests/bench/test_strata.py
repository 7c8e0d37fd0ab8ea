from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sattrack.bench.accuracy import Measured, figures
from sattrack.bench.datasets import LabelledImage
from sattrack.bench.scoring import score
from sattrack.bench.strata import Stratum, heading_parts, strata
from sattrack.detections import Detections
from sattrack.errors import ManifestError
from sattrack.geometry import quads_from_xywhr


def boxes(*rows: tuple[float, float, float]) -> np.ndarray:
    """(x, y, heading in degrees clockwise from up) -> boxes of 24 x 5 px."""
    values = [(x, y, 24.0, 5.0, np.radians(heading - 90)) for x, y, heading in rows]
    return quads_from_xywhr(np.array(values, float).reshape(-1, 5))


def picture(
    truth: np.ndarray, found: np.ndarray, *, gsd_m: tuple[float, float] = (0.5, 0.5), name: str = "x", **about: Any
) -> Measured:
    image = LabelledImage("set", name, Path("x.png"), gsd_m, (400, 400), truth, (), about=about)
    scores = np.linspace(0.9, 0.6, len(found)).astype(np.float32)
    detections = Detections(found, scores, np.zeros(len(found), np.int32))
    return Measured(image, detections, score(detections, truth=truth))


def parts(measured: list[Measured], by: str) -> dict[str, Stratum]:
    return {one.name: one for one in strata(measured, threshold=0.5) if one.by == by}


def row_of(n: int, *, apart: float = 60.0) -> np.ndarray:
    return boxes(*((40 + apart * (i % 6), 40 + apart * (i // 6), 0) for i in range(n)))


def test_pictures_are_parted_by_the_coarser_side_of_their_pixels_and_hold_every_picture_once() -> None:
    sizes = [(0.28, 0.28), (0.5, 0.55), (0.3, 0.5), (1.2, 1.0)]
    measured = [picture(row_of(3), row_of(2), gsd_m=size, name=str(i)) for i, size in enumerate(sizes)]
    found = parts(measured, "GSD")
    assert {name: one.figures.pictures for name, one in found.items()} == {
        "< 0.3 m": 1, "0.4-0.55 m": 1, "0.55-0.7 m": 1, ">= 1 m": 1,
    }  # fmt: skip
    assert found["0.4-0.55 m"].figures.gsd_m == (0.5, 0.5)
    assert found["< 0.3 m"].figures.name == "GSD < 0.3 m"
    for by in ("GSD", "density", "sun elevation", "sun azimuth", "off nadir"):
        of = parts(measured, by).values()
        assert sum(one.figures.pictures for one in of) == 4
        assert sum(one.figures.at.true for one in of) == 12


def test_density_is_that_of_the_labels_whatever_was_found() -> None:
    lone = picture(row_of(6), row_of(6, apart=10), name="lone")
    dense = picture(row_of(30, apart=10), row_of(0), name="dense")
    found = parts([lone, dense], "density")
    assert found["< 50 / ha"].figures.at.true == 6
    assert found[">= 200 / ha"].figures.at.true == 30


def test_the_sun_is_as_the_set_says_it_or_not_said() -> None:
    measured = [
        picture(row_of(1), row_of(1), name="a", sun_elevation_deg=12, sun_azimuth_deg=-10.0, off_nadir_deg=25),
        picture(row_of(2), row_of(1), name="b", sun_elevation=45.0, sun_azimuth=180, off_nadir=-28.5),
        picture(row_of(3), row_of(1), name="c"),
    ]
    assert {n: s.figures.at.true for n, s in parts(measured, "sun elevation").items()} == {
        "< 15°": 1, "45-60°": 2, "not said": 3,
    }  # fmt: skip
    assert set(parts(measured, "sun azimuth")) == {">= 315°", "180-225°", "not said"}
    assert {n: s.figures.at.true for n, s in parts(measured, "off nadir").items()} == {"20-30°": 3, "not said": 3}


@pytest.mark.parametrize("said", ["low", True, float("nan"), [12]])
def test_a_sun_that_is_no_number_is_an_error_that_names_the_picture(said: object) -> None:
    with pytest.raises(ManifestError, match=r"set, here.*sun_elevation_deg is "):
        strata([picture(row_of(1), row_of(1), name="here", sun_elevation_deg=said)], threshold=0.5)


@pytest.mark.parametrize(
    ("heading", "part"),
    [(0, 0), (14, 0), (166, 0), (180, 0), (-10, 0), (16, 1), (30, 1), (90, 3), (270, 3), (150, 5), (164, 5)],
)
def test_headings_are_clockwise_from_up_and_the_same_turned_round(heading: float, part: int) -> None:
    assert heading_parts(boxes((50, 50, heading)), gsd_m=(0.5, 0.5)).tolist() == [part]


def test_headings_are_those_on_the_ground() -> None:
    # At 45 degrees in pixels that are three times as wide as high the box points 72 degrees from up.
    assert heading_parts(boxes((50, 50, 45)), gsd_m=(0.9, 0.3)).tolist() == [2]


def test_boxes_are_parted_by_heading_each_in_one_part() -> None:
    truth = boxes((50, 50, 0), (150, 50, 0), (50, 150, 90), (150, 150, 120))
    # The first is hit by a box whose own heading is another part's; the third is missed; one upright box is invented.
    found = boxes((50, 50, 18), (150, 50, 0), (150, 150, 120), (300, 300, 0))
    measured = [picture(truth, found)]
    by = parts(measured, "heading")
    assert all(one.of_boxes for one in by.values())
    assert {n: (s.figures.at.true, s.figures.at.found, s.figures.at.hits) for n, s in by.items()} == {
        "0 ± 15°": (2, 3, 2), "30 ± 15°": (0, 0, 0), "60 ± 15°": (0, 0, 0), "90 ± 15°": (1, 0, 0), "120 ± 15°": (1, 1, 1),
        "150 ± 15°": (0, 0, 0),
    }  # fmt: skip
    whole = figures(measured, name="all", threshold=0.5).at
    assert sum(s.figures.at.true for s in by.values()) == whole.true
    assert sum(s.figures.at.found for s in by.values()) == whole.found
    assert sum(s.figures.at.hits for s in by.values()) == whole.hits
    assert by["90 ± 15°"].figures.ap50 == 0


def test_ignored_places_are_left_out_of_headings_too() -> None:
    ring = np.array([[0, 0], [100, 0], [100, 100], [0, 100.0]])
    found = boxes((50, 50, 60), (150, 50, 0))
    image = LabelledImage("set", "x", Path("x.png"), (0.5, 0.5), (400, 400), boxes((150, 50, 0)), (ring,))
    detections = Detections(found, np.array([0.9, 0.8], np.float32), np.zeros(2, np.int32))
    measured = Measured(image, detections, score(detections, truth=image.truth, ignore=image.ignore))
    found_in = {name: one.figures.at.found for name, one in parts([measured], "heading").items()}
    assert {name: n for name, n in found_in.items() if n} == {"0 ± 15°": 1}
