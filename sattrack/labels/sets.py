"""Sets: labels of any known format, found and read."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sattrack.errors import SattrackError, UsageError
from sattrack.labels import coco, dota, geojson, ours, yolo_obb
from sattrack.labels.asked import Asked, Format
from sattrack.labels.labelled import LabelledSet
from sattrack.labels.places import SPLITS, Place, folders_in, set_name

# Ours before the others: its folder may hold pictures and labels under names that others use too.
_LOOKS: dict[Format, Callable[[Path], list[Place]]] = {
    "sattrack": ours.look, "yolo-obb": yolo_obb.look, "coco": coco.look, "dota": dota.look, "geojson": geojson.look,
}  # fmt: skip
# Splits under other names: a data.yaml says val of what often stands in valid/.
_CALLED = {"training": "train", "valid": "val", "validation": "val"}
_LAYOUTS = (
    "ours is images/, labels_obb/ and meta.json; YOLO-OBB data.yaml, or images/ and labels/; COCO a .json of images and "
    "annotations; DOTA images/ and labelTxt/; GeoJSON NAME.geojson beside NAME.tif"
)


def find_sets(path: Path, *, form: Format = "auto") -> tuple[Place, ...]:
    """The sets that a file or folder is: itself, its splits, or, where it is none, those of the folders in it, by name.

    PLACE/SPLIT stands for one split of a set. UsageError where there is none, or where it may be of two formats.
    """
    found = _split_of(path, form=form)
    if not found and not path.exists():
        raise UsageError("no such file or folder", where=str(path))
    found = found or _found(path, form=form)
    if not found and path.is_dir():
        found = [place for folder in folders_in(path) for place in _found(folder, form=form)]
    if not found:
        kind = "a labelled set" if form == "auto" else f"a labelled set of the format {form}"
        raise UsageError(f"is not {kind}", where=str(path), way_out=_LAYOUTS)
    return tuple(found)


def read_sets(paths: Sequence[Path], *, asked: Asked | None = None) -> tuple[LabelledSet, ...]:
    """Every set of the paths, in their order.

    UsageError where one is there twice; ManifestError, SceneError where one cannot be read wholly: a set that is read in part
    would be scored and taught wrongly.
    """
    asked = asked or Asked()
    places = [place for path in paths for place in find_sets(path, form=asked.format)]
    check_once(places)
    return tuple(place.read(asked) for place in places)


def check_once(places: Sequence[Place]) -> None:
    """UsageError where two sets have one name: their figures, and what was left out, could not be told apart."""
    met: set[str] = set()
    for place in places:
        if place.name in met:
            raise UsageError(f"the set {place.name} is there twice", where=str(place.path), way_out="give each set once")
        met.add(place.name)


def _split_of(path: Path, *, form: Format) -> list[Place]:
    """The split of a set that a place is: the set knows its name, and what its classes mean."""
    if path.exists() and not (path.is_dir() and path.name.casefold() in SPLITS):
        return []
    home = path.parent.parent if path.parent.name == "images" else path.parent
    try:
        places = {place.name: place for place in _found(home, form=form)}
    except SattrackError:
        if not path.exists():
            raise
        return []
    exact = places.get(set_name(home, path.name))
    alike = [place for name, place in places.items() if _plain(name) == _plain(set_name(home, path.name))]
    return [exact] if exact else alike


def _plain(name: str) -> str:
    dataset, _, split = name.casefold().rpartition("/")
    return f"{dataset}/{_CALLED.get(split, split)}"


def _found(path: Path, *, form: Format) -> list[Place]:
    if form != "auto":
        return _LOOKS[form](path)
    mine = ours.look(path)
    if mine:
        return mine
    found = {name: places for name, look in _LOOKS.items() if name != "sattrack" and (places := look(path))}
    if len(found) > 1:
        raise UsageError(f"may be {' or '.join(found)}", where=str(path), way_out="say which with format (--format)")
    return next(iter(found.values()), [])
