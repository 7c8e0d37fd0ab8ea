"""Results of a benchmark, drawn: pictures of bright boxes on disk, and what made-up detectors found in them."""

from pathlib import Path

import cv2
import numpy as np

from sattrack.bench.accuracy import Accuracy, Measured
from sattrack.bench.scoring import score
from sattrack.detections import Detections
from sattrack.geometry import quads_from_xywhr
from sattrack.labels.labelled import LabelledImage

SHAPE = (300, 340)
CORNER = np.array([[0.0, 0], [70, 0], [70, 30], [0, 30]])


def drawn_image(
    folder: Path, *, dataset: str = "quay", name: str = "one", boxes: int = 12, gsd_m: float = 0.5
) -> LabelledImage:
    """A picture with so many boxes in rows, and a corner where nothing is scored."""
    folder.mkdir(parents=True, exist_ok=True)
    seed = sum(map(ord, dataset + name))
    places = [(60.0 + 50 * (i % 5), 60.0 + 40 * (i // 5), 30.0, 8.0, 0.4) for i in range(boxes)]
    truth = quads_from_xywhr(np.array(places).reshape(-1, 5))
    picture = np.random.default_rng(seed).integers(30, 60, (*SHAPE, 3)).astype(np.uint8)
    for quad in truth:
        cv2.fillConvexPoly(picture, np.round(quad).astype(np.int32), (230, 235, 240))
    path = folder / f"{seed}.png"
    cv2.imwrite(str(path), picture)
    return LabelledImage(dataset, name, path, (gsd_m, gsd_m), SHAPE, truth, (CORNER,))


def found_in(image: LabelledImage, *, missed: int = 0, false: int = 0, score_at: float = 0.8, seed: int = 0) -> Detections:
    """All labelled boxes but some, shaken a little, and some where none stands, one of them in the corner."""
    rng = np.random.default_rng(seed)
    right = image.truth[missed:] + rng.uniform(-0.6, 0.6, (max(0, len(image.truth) - missed), 1, 2))
    places = [(30.0 + 40 * i, 280.0, 26.0, 7.0, 0.0) for i in range(false)]
    wrong = quads_from_xywhr(np.array(places).reshape(-1, 5))
    corner = quads_from_xywhr(np.array([[30.0, 14.0, 20.0, 8.0, 0.0]]))
    quads = np.concatenate([right, wrong, corner])
    scores = np.clip(rng.normal(score_at, 0.15, len(quads)), 0.06, 0.99).astype(np.float32)
    return Detections(quads, scores, np.zeros(len(quads), np.int32))


def result_of(images: list[LabelledImage], found: list[Detections], *, threshold: float = 0.3, name: str = "drawn") -> Accuracy:
    measured = [
        Measured(image, boxes, score(boxes, truth=image.truth, ignore=image.ignore), "tests")
        for image, boxes in zip(images, found, strict=True)
    ]
    return Accuracy(tuple(measured), threshold, name, 1.0)


def two_results(folder: Path) -> list[Accuracy]:
    """Two detectors over two sets of three pictures; names of sets, pictures and detectors are hostile."""
    images = [
        drawn_image(folder, dataset=dataset, name=f"{number} <i>", boxes=8 + 3 * number, gsd_m=gsd)
        for dataset, gsd in (("quay", 0.35), ("yard </script><script>alert(1)</script>", 0.6))
        for number in range(3)
    ]
    one = [found_in(image, missed=i, false=6 - i, seed=i) for i, image in enumerate(images)]
    other = [found_in(image, missed=0, false=i % 2, score_at=0.7, seed=9 + i) for i, image in enumerate(images)]
    return [result_of(images, one, name="first<b>"), result_of(images, other, threshold=0.45, name='second" onload="alert(2)')]
