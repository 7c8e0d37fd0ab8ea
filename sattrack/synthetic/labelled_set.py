"""Labelled sets drawn by seed: pictures with the truth of every box, in the layout that `sattrack bench accuracy` reads."""

import json
import multiprocessing
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from sattrack.errors import UsageError
from sattrack.geometry import Quads, centres, sides
from sattrack.steps.estimating import crowding
from sattrack.synthetic.rendering import Rendered, render_tile
from sattrack.writing import write_whole

# Labels whose corners lie more than half a picture outside it are taken for pixels when they are read; half of 13.7 m may.
LEAST_SIDE_M = 15.0
FOLDERS = ("images", "labels_obb", "ignore")


@dataclass(frozen=True, slots=True)
class Order:
    """A square picture to draw. name: of its files. pixels: its side. kind: of place; pan: gray or colour; none: drawn."""

    name: str
    seed: int
    gsd_m: float
    pixels: int
    kind: str | None = None
    pan: bool | None = None

    def drawn(self) -> Rendered:
        """The picture and its truth; the same at every call."""
        return render_tile(self.seed, gsd_m=self.gsd_m, shape=(self.pixels, self.pixels), kind=self.kind, pan=self.pan)


def orders_by_seed(
    *, count: int, first_seed: int, gsd_m: tuple[float, float], pixels: int, kind: str | None = None
) -> tuple[Order, ...]:
    """An order for each seed from the first on, its pixel size drawn by the seed, evenly over the logarithm of gsd_m.

    UsageError where a picture may be smaller than a box is long.
    """
    if pixels * gsd_m[0] < LEAST_SIDE_M:
        raise UsageError(
            f"{pixels} pixels of {gsd_m[0]:g} m are {pixels * gsd_m[0]:.3g} m, hardly more than a box",
            way_out=f"draw pictures of {LEAST_SIDE_M:g} m a side and more",
        )  # fmt: skip
    low, high = np.log(gsd_m)
    seeds = range(first_seed, first_seed + count)
    sizes = (float(np.exp(np.random.default_rng([seed, 1]).uniform(low, high))) for seed in seeds)
    return tuple(Order(f"tile_{seed:08d}", seed, round(gsd, 4), pixels, kind) for seed, gsd in zip(seeds, sizes, strict=True))


def write_set(folder: Path, orders: Sequence[Order], *, processes: int = 1) -> Iterator[int]:
    """Draws and writes every picture; yields how many boxes each holds, in order. The same files from any number of processes.

    meta.json, without which a folder is no set, is written last. UsageError where the folder holds something already: an older
    set's pictures would mix with the new ones.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            "is there already, and not empty", where=str(folder), way_out="name another folder, or remove it first"
        )
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
    meta: dict[str, Any] = {}
    with _mapping(processes) as mapped:
        for order, about in zip(orders, mapped(partial(_written, folder), orders), strict=True):
            meta[order.name] = about
            yield about["n_containers"]
    write_whole(folder / "meta.json", (json.dumps(meta, indent=1) + "\n").encode())


def obb_lines(quads: Quads, *, shape: tuple[int, int]) -> str:
    """YOLO-OBB: class 0, then four corners (x, y) divided by width and height. shape: (rows, cols)."""
    corners = (quads / (shape[1], shape[0])).reshape(-1, 8)
    return "".join("0 " + " ".join(f"{v:.6f}" for v in line) + "\n" for line in corners)


def about(drawn: Rendered, *, seed: int) -> dict[str, Any]:
    """What meta.json says of a picture. Degrees run clockwise from the picture's top; density: see steps.estimating.crowding.

    bearing_deg: the way that most boxes lie, 0 to 180, none without boxes. off_nadir_deg, view_azimuth_deg: where the satellite
    stands.
    """
    view, sensor = drawn.view, drawn.sensor
    return {
        "gsd_m": drawn.gsd_m,
        "n_containers": len(drawn.quads),
        "count_uncertainty": "none: rendered",
        "seed": seed,
        "kind": drawn.kind,
        "sun_elevation_deg": round(view.sun_elevation_deg, 1),
        "sun_azimuth_deg": round(view.sun_azimuth_deg, 1),
        "off_nadir_deg": round(view.off_nadir_deg, 1),
        "view_azimuth_deg": round(view.view_azimuth_deg, 1),
        "bearing_deg": _bearing(drawn.quads),
        "sensor": "pan" if sensor.saturation == 0 else "colour",
        "haze": round(sensor.haze, 3),
        "density": round(crowding(centres(drawn.quads) * drawn.gsd_m), 1),
    }


def _bearing(quads: Quads) -> float | None:
    """The mean way of the long sides: angles doubled, since a box has no front."""
    if not len(quads):
        return None
    axis = sides(quads)[2]
    doubled = ((axis[:, 0] + 1j * axis[:, 1]) ** 2).mean()
    return round(float(np.degrees(np.angle(doubled)) / 2 + 90) % 180, 1)


def _written(folder: Path, order: Order) -> dict[str, Any]:
    drawn = order.drawn()
    pan = drawn.sensor.saturation == 0
    picture = drawn.picture[..., 0] if pan and (np.ptp(drawn.picture, axis=2) == 0).all() else drawn.picture[..., ::-1]
    png = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]
    (folder / "images" / f"{order.name}.png").write_bytes(png.tobytes())
    lines = obb_lines(drawn.quads, shape=(order.pixels, order.pixels))
    (folder / "labels_obb" / f"{order.name}.txt").write_bytes(lines.encode())
    unsure = np.round(drawn.unsure, 2).tolist()
    (folder / "ignore" / f"{order.name}.json").write_bytes(f"{json.dumps(unsure)}\n".encode())
    return about(drawn, seed=order.seed)


@contextmanager
def _mapping(processes: int) -> Iterator[Any]:
    """map, in order, over so many processes; spawned: a forked child would inherit the locks of libraries."""
    if processes <= 1:
        yield map
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield pool.imap
