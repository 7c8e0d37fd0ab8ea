"""COCO JSON (cocodataset.org/#format-data): images, annotations with a polygon or an upright box, categories."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from sattrack.errors import ManifestError
from sattrack.geometry import Points
from sattrack.labels.asked import Asked
from sattrack.labels.labelled import LabelledSet
from sattrack.labels.places import SPLITS, Place, files_in, folders_in, set_name
from sattrack.labels.rectangles import upright
from sattrack.labels.sheets import Mark, Sheet, as_set
from sattrack.labels.texts import as_points, is_true, numbers, read_json
from sattrack.phrases import some
from sattrack.readers.hints import read_gsd

_KEYS = ("images", "annotations")


def look(path: Path) -> list[Place]:
    """The sets of a file, or of a folder: a set a file, in it or in annotations/; or in train/, valid/, test/.

    ManifestError where a file that was named, or that speaks of annotations, is broken JSON.
    """
    if path.is_file():
        return [_place(path.stem, path)] if path.suffix.casefold() == ".json" and _is_coco(read_json(path)) else []
    files = [file for folder in (path, path / "annotations") for file in _files_in(folder)]
    if files:
        several = _again(files) if len(files) > 1 else [""]
        return [
            _place(set_name(path, "" if len(files) == 1 else file.stem), file, note=note)
            for file, note in zip(files, several, strict=True)
        ]
    splits = [part for part in folders_in(path) if part.name.casefold() in SPLITS]
    return [_place(set_name(path, part.name), file) for part in splits for file in _files_in(part)]


def marks_of(annotation: Any, *, category: str, where: str) -> list[Mark]:
    """One annotation as marks: a box, or for a crowd each of its polygons. ManifestError where it has no outline."""
    crowd = any(is_true(annotation, key, silent=False, where=where) for key in ("iscrowd", "ignore"))
    rings = rings_of(annotation, crowd=crowd, where=where)
    if crowd:
        return [Mark(category, ring, where, kind="hard") for ring in rings]
    # Our own export of every stored box says of each whether it was counted.
    kind = "box" if is_true(annotation, "counted", silent=True, where=where) else "unsure"
    # The parts of a box that something hides in the middle are one box.
    return [Mark(category, as_points([v for ring in rings for v in ring.ravel()]), where, kind=kind)]


def category_names(document: dict[str, Any], *, where: str) -> dict[str, str]:
    """id -> name."""
    listed = document.get("categories") or []
    if not isinstance(listed, list) or not all(isinstance(c, dict) and "id" in c for c in listed):
        raise ManifestError("categories is not a list of {id, name}", where=where)
    found = _by_id(listed, what="categories", where=where)
    return {key: str(c.get("name", c["id"])) for key, c in found.items()}


def pictures_by_id(document: dict[str, Any], *, where: str) -> dict[str, dict[str, Any]]:
    """id -> entry of images."""
    listed = document.get("images")
    if not isinstance(listed, list) or not all(isinstance(i, dict) and "id" in i for i in listed):
        raise ManifestError("images is not a list of {id, file_name, ...}", where=where)
    if not all(isinstance(i.get("file_name"), str) and i["file_name"] for i in listed):
        raise ManifestError("an image has no file_name", where=where)
    return _by_id(listed, what="images", where=where)


def _by_id(listed: list[dict[str, Any]], *, what: str, where: str) -> dict[str, dict[str, Any]]:
    """Entries by id. ManifestError where two have one: which of them is meant nobody could tell."""
    found: dict[str, dict[str, Any]] = {}
    for entry in listed:
        if found.setdefault(str(entry["id"]), entry) != entry:
            raise ManifestError(f"two {what} have the id {entry['id']}", where=where, way_out="give each an id of its own")
    return found


def _again(files: Sequence[Path]) -> list[str]:
    """For each file a note where pictures of it are in one before it too: old labels might be taught beside the new."""
    met: dict[Path, str] = {}
    notes = []
    for file in files:
        mine = set()
        for entry in read_json(file)["images"]:
            with suppress(ManifestError, TypeError, KeyError, AttributeError):  # told when it is read
                mine.add(_picture(entry["file_name"], path=file))
        before = [met[picture] for picture in mine if picture in met]
        notes.append(f"{some(len(before), 'picture is', 'pictures are')} in {min(before)} too" if before else "")
        met |= dict.fromkeys(mine - met.keys(), file.name)
    return notes


def _place(name: str, path: Path, *, note: str = "") -> Place:
    return Place(name, path, partial(_read, name, path, note))


def _is_coco(document: Any) -> bool:
    return isinstance(document, dict) and all(isinstance(document.get(key), list) for key in _KEYS)


def _files_in(folder: Path) -> Iterator[Path]:
    """The files of a folder that are of this format; other JSON, such as sidecars, is passed over, broken or not."""
    for path in files_in(folder, ".json"):
        try:
            document = read_json(path)
        except ManifestError:
            if b'"annotations"' in path.read_bytes():
                raise
            continue
        if _is_coco(document):
            yield path


def _read(name: str, path: Path, note: str, asked: Asked) -> LabelledSet:
    document = read_json(path)
    names, pictures = category_names(document, where=str(path)), pictures_by_id(document, where=str(path))
    marks: dict[str, list[Mark]] = defaultdict(list)
    for number, annotation in enumerate(document["annotations"], 1):
        where = f"{path}, annotation {annotation.get('id', number) if isinstance(annotation, dict) else number}"
        image, category = _owner(annotation, pictures=pictures, names=names, where=where)
        marks[image] += marks_of(annotation, category=category, where=where)
    sheets = [_sheet(entry, marks=marks[image], path=path) for image, entry in pictures.items()]
    return as_set(sheets, name=name, form="coco", path=path, asked=asked, names=names, notes=[note] if note else [])


def _owner(annotation: Any, *, pictures: dict[str, Any], names: dict[str, str], where: str) -> tuple[str, str]:
    """The ids of an annotation's image and the name of its category."""
    if not isinstance(annotation, dict):
        raise ManifestError("expected an object", where=where)
    image, category = str(annotation.get("image_id")), str(annotation.get("category_id"))
    if image not in pictures:
        raise ManifestError(f"image_id {image} is none of images", where=where)
    if category not in names:
        raise ManifestError(f"category_id {category} is none of categories", where=where)
    return image, names[category]


def rings_of(annotation: Mapping[str, Any], *, crowd: bool, where: str) -> list[Points]:
    """Polygons (k, 2) of an annotation's segmentation; where there is none, the corners of its bbox. ManifestError."""
    said = annotation.get("segmentation")
    if isinstance(said, dict) and not crowd:
        raise ManifestError("the segmentation is a mask (RLE)", where=where, way_out="export polygons")
    polygons = said if isinstance(said, list) else []
    found = []
    for polygon in polygons:
        flat = numbers(polygon) if isinstance(polygon, list) else []
        if not isinstance(polygon, list) or len(flat) < len(polygon) or len(flat) % 2:
            raise ManifestError("a polygon is not x1, y1, x2, y2, ...", where=where, way_out="segmentation: [[x1, y1, ...]]")
        if len(flat) >= 6:
            found.append(as_points(flat))
    if sum(map(len, found)) >= 4 or (found and crowd):
        return found
    box = annotation.get("bbox")
    flat = numbers(box) if isinstance(box, list) else []
    if len(flat) != 4 or min(flat[2:]) <= 0:
        raise ManifestError("has neither a polygon of four corners nor a bbox [x, y, width, height]", where=where)
    # CVAT writes a turned rectangle as the upright one and its angle.
    attributes = annotation.get("attributes")
    turned = numbers([attributes.get("rotation", 0)]) if isinstance(attributes, dict) else [0.0]
    return [upright(*flat, degrees=turned[0] if turned else 0.0)]


def _sheet(entry: dict[str, Any], *, marks: list[Mark], path: Path) -> Sheet:
    size = numbers([entry.get("width"), entry.get("height")])
    gsd = entry.get("gsd_m")
    try:
        gsd_m = None if gsd is None else read_gsd(gsd)
    except ManifestError as error:
        raise ManifestError(error.message, where=f"{path}, image {entry['id']}", way_out=error.way_out) from error
    return Sheet(
        _picture(entry["file_name"], path=path), tuple(marks), exact=False, gsd_m=gsd_m,
        size=(int(size[0]), int(size[1])) if size else None, key=str(entry["id"]),
    )  # fmt: skip


def _picture(file_name: str, *, path: Path) -> Path:
    """Where an image is: as written from the file's folder or the one above, in images/, or in a folder that its name holds."""
    above = path.parent.parent
    homes = [path.parent, path.parent / "images", above, above / "images"]
    homes += [home / part for home in (above, above / "images") for part in _named_in(path.stem, home)]
    names = [file_name, file_name.replace("\\", "/").rpartition("/")[2]]
    for name in dict.fromkeys(names):
        for home in homes:
            if (home / name).is_file():
                return home / name
    way_out = "put the file beside its pictures, or these in images/"
    raise ManifestError(f"the picture {file_name} is not there", where=str(path), way_out=way_out)


def _named_in(stem: str, home: Path) -> list[str]:
    """Folders such as train2017 for instances_train2017.json."""
    return [p.name for p in home.iterdir() if p.is_dir() and p.name in stem] if home.is_dir() else []
