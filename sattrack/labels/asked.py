"""What a user says of labelled sets: what their files do not say themselves, and which of them are wanted."""

from dataclasses import dataclass
from typing import Literal

Format = Literal["auto", "sattrack", "yolo-obb", "coco", "dota", "geojson"]
Half = Literal["", "first", "second"]
Uncounted = Literal["drop", "ignore"]


@dataclass(frozen=True, slots=True)
class Asked:
    """How sets are to be read.

    format: auto looks for itself. gsd_m: pixel size (x, y) in metres of pictures that do not tell. bands: numbers of red, green
    and blue (or one for gray) where a file does not tell. classes: names or ids of the categories that are containers; empty:
    those that are called so. uncounted: what becomes of boxes that a run of ours found and was not sure of: dropped, so that
    ground stands there, or ignored, so that nothing is said of the place.
    """

    format: Format = "auto"
    gsd_m: tuple[float, float] | None = None
    bands: tuple[int, ...] | None = None
    classes: tuple[str, ...] = ()
    uncounted: Uncounted = "drop"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which sets and pictures are wanted; empty: all.

    sets: names of sets. only, leave_out: names of sets or of pictures, as NAME or SET/NAME, where * stands for anything.
    half: of each set the first or the second half of its pictures by sorted name; the first has the odd one.
    """

    sets: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    half: Half = ""
