from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.transform import Affine

from sattrack.errors import ManifestError, SceneRefused, UsageError
from sattrack.geometry import centres
from sattrack.labels.asked import Asked, Choice
from sattrack.labels.categories import means_container, means_ignore, taken_categories
from sattrack.labels.choosing import Chosen, read_chosen
from sattrack.labels.labelled import LabelledSet, scene_of
from sattrack.labels.rectangles import as_corners, smallest_rectangle, upright
from sattrack.labels.sets import find_sets, read_sets
from sattrack.training.labelled_pictures import read_labelled
from tests.labels.conftest import GSD_M, Yard, drawn, shares, ways
from tests.labels.test_coco import document
from tests.labels.test_geojson import collection, feature

HALF_A_METRE = Asked(gsd_m=(GSD_M, GSD_M))


def two_sets(folder: Path) -> None:
    """a: five pictures in our own layout; b: one in YOLO-OBB."""
    a, b = Yard(folder / "a"), Yard(folder / "b")
    for i in range(5):
        a.text(f"labels_obb/t{i}.txt", [f"0 {line}" for line in shares(a.picture(f"images/t{i}.png"))])
    a.json("meta.json", {f"t{i}": {"gsd_m": GSD_M, "sun": 30 + i} for i in range(5)})
    b.text("labels/x.txt", [f"0 {line}" for line in shares(b.picture("images/x.png"))])


def chosen(folder: Path, **choice: object) -> Chosen:
    return read_chosen(find_sets(folder), asked=HALF_A_METRE, choice=Choice(**choice), where=str(folder))  # type: ignore[arg-type]


def test_a_folder_of_sets_of_different_formats_stands_for_them_all(tmp_path: Path) -> None:
    two_sets(tmp_path)
    sets = read_sets([tmp_path], asked=HALF_A_METRE)
    assert [(one.name, one.format, len(one.images)) for one in sets] == [("a", "sattrack", 5), ("b", "yolo-obb", 1)]
    assert sets[0].images[3].about["sun"] == 33, "what meta.json says besides is kept"
    with pytest.raises(UsageError, match="the set a is there twice"):
        read_sets([tmp_path, tmp_path / "a"], asked=HALF_A_METRE)


def test_our_layout_takes_every_class_unless_some_are_asked_for(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labels_obb/a.txt", [f"{i % 2} {line}" for i, line in enumerate(shares(quads))])
    yard.json("meta.json", {"a": {"gsd_m": 0.5}})
    assert len(read_sets([yard.folder])[0].images[0].truth) == 5
    assert ways(read_sets([yard.folder], asked=Asked(classes=("1",)))[0].images[0].truth) == ways(quads[1::2])
    with pytest.raises(UsageError, match=r"no box is of class 4.*there are: 0, 1"):
        read_sets([yard.folder], asked=Asked(classes=("4",)))


def ours(yard: Yard, lines: list[str], *, picture: str = "a.png", gsd_m: float = GSD_M) -> LabelledSet:
    yard.picture(f"images/{picture}")
    yard.text("labels_obb/a.txt", lines)
    yard.json("meta.json", {"a": {"gsd_m": gsd_m}})
    return read_sets([yard.folder])[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0 30 30 40 30 40 36 30 36", r"a\.txt, line 1: .*look like pixels"),
        ("0 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1", r"a\.txt, line 1: the box has no area"),
        ("0 0.5 0.5 0.1 0.1", "line 1: .*five numbers are an upright box"),
    ],
)
def test_a_line_of_our_layout_that_cannot_be_understood_is_named(yard: Yard, line: str, said: str) -> None:
    with pytest.raises(ManifestError, match=said):
        ours(yard, [line])


def test_what_is_not_in_meta_json_is_told_and_a_wrong_pixel_size_doubted(yard: Yard) -> None:
    lines = [f"0 {line}" for line in shares(yard.picture("images/b.png"))]
    yard.json("ignore/A.json", [])
    found = ours(yard, lines, picture="a.PNG", gsd_m=5.0)
    assert len(found.images[0].truth) == 5, "whatever the case of the suffix"
    assert found.notes == (
        "2 names are not in meta.json and left out: A, b",
        "the boxes are 60 m long in the middle, containers 6 to 14: is the pixel size right?",
    )


def test_a_pixel_size_that_the_picture_contradicts_is_an_error(yard: Yard) -> None:
    lines = [f"0 {line}" for line in shares(yard.picture("images/a.tif", placed=True))]
    for gsd_m, sound in ((0.5, True), (0.3, False), ([0.5, 0.9], False)):
        yard.text("labels_obb/a.txt", lines)
        yard.json("meta.json", {"a": {"gsd_m": gsd_m}})
        if sound:
            assert len(read_sets([yard.folder])[0].images[0].truth) == 5
            continue
        with pytest.raises(ManifestError, match=r"meta\.json says pixels of 0\.[39] m, its georeferencing 0\.5 m"):
            read_sets([yard.folder])


def test_a_box_that_was_outlined_twice_is_taken_once(yard: Yard) -> None:
    quads = yard.picture("a.png")
    again = quads[1:3] + 0.2
    found = ours(yard, [f"0 {line}" for line in shares(np.concatenate([quads, again[:, [2, 3, 0, 1]], quads[:1]]))])
    assert ways(found.images[0].truth) == ways(quads)
    assert found.notes == ("3 boxes that were outlined twice are taken once",)


def test_a_folder_that_may_be_two_formats_asks_which(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    yard.text("labels/a.txt", [f"0 {line}" for line in shares(quads)])
    row = {"id": 1, "image_id": 1, "category_id": 1, "segmentation": [quads[0].ravel().tolist()]}
    said = {"images": [{"id": 1, "file_name": "a.png"}], "annotations": [row], "categories": [{"id": 1, "name": "container"}]}
    yard.json("labels.json", said)
    with pytest.raises(UsageError, match="may be yolo-obb or coco"):
        read_sets([yard.folder], asked=HALF_A_METRE)
    (found,) = read_sets([yard.folder], asked=Asked(format="coco", gsd_m=(0.5, 0.5)))
    assert len(found.images[0].truth) == 1
    with pytest.raises(UsageError, match="of the format dota"):
        read_sets([yard.folder], asked=Asked(format="dota"))


def test_halves_by_sorted_name_make_the_whole(tmp_path: Path) -> None:
    two_sets(tmp_path)
    first, second = chosen(tmp_path, sets=("a",), half="first"), chosen(tmp_path, sets=("a",), half="second")
    names = [[image.name for one in half.sets for image in one.images] for half in (first, second)]
    assert names == [["t0", "t1", "t2"], ["t3", "t4"]]
    assert (first.sets_left_out, first.left_out) == (("b",), ("a/t3", "a/t4"))


def test_sets_and_pictures_are_chosen_and_left_out_by_name(tmp_path: Path) -> None:
    two_sets(tmp_path)
    found = chosen(tmp_path, only=("a/t[0-2]", "b"), leave_out=("t1", "nowhere"))
    assert [[image.name for image in one.images] for one in found.sets] == [["t0", "t2"], ["x"]]
    assert found.left_out == ("a/t1", "a/t3", "a/t4")
    assert found.unknown == ("nowhere",)
    assert chosen(tmp_path, leave_out=("b",)).sets_left_out == ("b",)
    with pytest.raises(UsageError, match=r"no sets or pictures t9.*a/t0"):
        chosen(tmp_path, only=("t9",))
    with pytest.raises(UsageError, match=r"no labelled sets c.*there are: a, b"):
        chosen(tmp_path, sets=("c",))
    with pytest.raises(UsageError, match="no labelled sets remain"):
        chosen(tmp_path, leave_out=("a", "b"))
    with pytest.raises(UsageError, match="no pictures remain"):
        chosen(tmp_path, only=("t1",), leave_out=("t*",))


def test_a_set_that_is_left_out_is_not_even_read(tmp_path: Path) -> None:
    two_sets(tmp_path)
    (tmp_path / "b" / "labels" / "x.txt").write_text("nonsense")
    (tmp_path / "b" / "images" / "x.png").write_bytes(b"torn")
    assert len(chosen(tmp_path, sets=("a",)).sets) == 1


@pytest.mark.parametrize("form", ["sattrack", "yolo-obb"])
def test_labels_are_of_the_picture_as_it_is_seen_whatever_way_it_was_held(yard: Yard, form: str) -> None:
    quads = yard.picture("images/a.png")
    lines = [f"0 {line}" for line in shares(quads)]
    yard.text("labels_obb/a.txt" if form == "sattrack" else "labels/a.txt", lines)
    if form == "sattrack":
        yard.json("meta.json", {"a": {"gsd_m": GSD_M}})
    (yard.folder / "images" / "a.png").unlink()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.ascontiguousarray(np.rot90(drawn()[0]))).save(yard.folder / "images" / "a.jpg", exif=exif)
    (image,) = read_sets([yard.folder], asked=HALF_A_METRE)[0].images
    assert ways(image.truth) == ways(quads)
    (picture,) = read_labelled([image])
    assert all(picture.pixels[int(y), int(x)].min() > 200 for x, y in centres(picture.quads))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_labels_in_pixels_of_a_picture_that_is_warped_when_it_is_read_are_refused(yard: Yard) -> None:
    quads = yard.picture("images/a.png")
    turned = Affine.translation(500_000, 4_600_000) * Affine.rotation(30) * Affine.scale(GSD_M, -GSD_M)
    points = [GroundControlPoint(y, x, *(turned * (x, y))) for y in (0, 70, 140) for x in (0, 90, 180)]
    (yard.folder / "images" / "a.png").unlink()
    with rasterio.open(
        yard.folder / "images" / "a.tif", "w", driver="GTiff", width=180, height=140, count=3, dtype="uint8", photometric="RGB"
    ) as file:
        file.write(np.moveaxis(drawn()[0], -1, 0))
        file.gcps = points, CRS.from_epsg(32652)
    yard.text("labels/a.txt", [f"0 {line}" for line in shares(quads)])
    with pytest.raises(SceneRefused, match=r"a\.tif: is read warped by its control points.*gdalwarp"):
        read_sets([yard.folder])


def test_files_that_a_mac_lays_beside_others_are_no_labels(yard: Yard) -> None:
    """._NAME, on disks that cannot hold what else it knows of NAME."""
    quads = yard.picture("mac/a.tif", placed=True)
    yard.json("mac/a.geojson", collection([feature(quad) for quad in quads]))
    coco, yolo = Yard(yard.folder / "coco"), Yard(yard.folder / "yolo")
    coco.picture("a.png")
    coco.json("labels.json", document(quads))
    yolo.picture("images/a.png")
    yolo.text("labels/a.txt", [f"0 {line}" for line in shares(quads)])
    for path in [path for path in yard.folder.rglob("*") if path.is_file()]:
        path.with_name(f"._{path.name}").write_bytes(b'\0\5\x16\7\0\2"annotations"')
    sets = read_sets([yard.folder], asked=HALF_A_METRE)
    assert [(one.name, len(one.images[0].truth), one.notes) for one in sets] == [
        ("coco", 5, ()), ("mac", 5, ()), ("yolo", 5, ())
    ]  # fmt: skip


def test_a_labelled_picture_is_a_scene_of_its_size(tmp_path: Path) -> None:
    two_sets(tmp_path)
    image = read_sets([tmp_path / "b"], asked=HALF_A_METRE)[0].images[0]
    scene = scene_of(image)
    assert (scene.grid.shape, scene.grid.gsd_m) == (image.shape, (GSD_M, GSD_M))


@pytest.mark.parametrize(
    ("name", "box"),
    [
        ("container", True), ("Containers", True), ("shipping-container", True), ("Shipping Container", True),
        ("container_40ft", True), ("", True), ("container-crane", False), ("container ship", False), ("containership", False),
        ("Shipping container lot", False), ("ship", False), ("truck w/ container", False), ("0", False),
    ],
)  # fmt: skip
def test_what_is_called_a_container(name: str, box: bool) -> None:
    assert means_container(name) is box


def test_categories_that_are_taken() -> None:
    assert taken_categories({"0": 3}, asked=(), where="") == {"0"}
    assert taken_categories({}, asked=(), where="") == frozenset()
    assert taken_categories({"0": 3}, asked=("0",), where="") == {"0"}
    assert taken_categories({"ship": 2, "container": 1, "container_20ft": 1}, asked=(), where="") == {
        "container",
        "container_20ft",
    }
    assert taken_categories({"lorry": 2}, asked=("1",), where="", names={"1": "lorry"}) == {"lorry"}
    with pytest.raises(UsageError, match="no category is called container"):
        taken_categories({"zero": 1}, asked=(), where="x", names={"0": "zero"})
    assert means_ignore("Don't care")
    assert not means_ignore("container")


def test_a_number_of_each_box_is_no_class(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no category is called container.*0 \(1 box\), 1 \(1 box\)"):
        taken_categories({"0": 1, "1": 1}, asked=(), where="x", numbered=False)
    assert taken_categories({"0": 5}, asked=(), where="x", numbered=False) == {"0"}
    assert taken_categories({"0": 1, "1": 1}, asked=(), where="x") == {"0"}


def test_rectangles_are_right_on_the_ground_where_pixels_are_longer_one_way() -> None:
    turned = upright(0, 0, 12.0, 4.0, degrees=25) / (0.5, 1.0)
    more = np.insert(turned, 1, (turned[0] + turned[1]) / 2, axis=0)
    for found in (smallest_rectangle(more, gsd_m=(0.5, 1.0)), as_corners(turned, gsd_m=(0.5, 1.0))):
        assert ways(found) == ways(turned[None])
    kept = np.array([[0.0, 0.0], [10.0, 1.0], [11.0, 6.0], [1.0, 5.0]])
    assert as_corners(kept, gsd_m=(1, 1))[0].tolist() == kept.tolist(), "four corners that go round stay as they are"
    with pytest.raises(ValueError, match="no area"):
        as_corners(np.array([[0.0, 0.0], [5.0, 0.0], [9.0, 0.0], [2.0, 0.0]]), gsd_m=(1, 1))
    with pytest.raises(ValueError, match="2 corners"):
        smallest_rectangle(np.zeros((2, 2)))
