"""Which files are found as one scene, which stay apart, which are set aside, and what is said of each."""

import logging
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from sattrack.errors import SceneError
from sattrack.imagery import Scene, Window
from sattrack.readers.deliveries.gathering import gathered, with_their_others
from sattrack.readers.deliveries.joining import describe_pieces
from sattrack.readers.deliveries.names import COLOUR, PAN, is_decoy, named, without_tile
from sattrack.readers.describing import describe
from sattrack.readers.finding import Source, find_sources
from sattrack.readers.rasters import RasterReader
from sattrack.settings import Settings
from tests.readers.delivered import AIRBUS, MAXAR, PLACE, cut, dimap, imd, til, write_tile

ROWS, COLS = (37, 78), (29, 81, 133)


def describing(source: Source, *, limits: Settings) -> Scene:
    own = partial(describing, limits=limits)
    return describe_pieces(source, describe=own) if source.pieces else describe(source, limits=limits)


def found(*inputs: Path, recursive: bool = False, limits: Settings | None = None) -> list[Source]:
    limits = limits or Settings()
    sources = find_sources([str(one) for one in inputs], recursive=recursive)
    return gathered(sources, describe=partial(describing, limits=limits), limits=limits)


def scene_of(source: Source) -> Scene:
    return describing(source, limits=Settings())


def told(source: Source, *words: str) -> None:
    assert any(all(word in note for word in words) for note in source.hints.notes), source.hints.notes


def test_the_others_of_an_acquisition_are_its_tiles_its_products_and_those_that_a_manifest_joins(tmp_path: Path) -> None:
    names = [
        "a/23OCT14011501-M2AS_R1C1-012345678010_01_P001.TIF", "a/23OCT14011501-M2AS_R1C2-012345678010_01_P001.TIF",
        "b/23OCT14011501-P2AS-012345678010_01_P001.TIF", "a/port_R1C1.tif", "a/port_R1C2.tif", "b/port_R1C1.tif", "c/one.tif",
    ]  # fmt: skip
    sources = [Source(name, f"part-{n}", f"part-{n}") for n, name in enumerate(names)]
    sources += [Source("c/two.tif", "two", "night"), Source("c/three.tif", "three", "night")]
    assert with_their_others([], sources) == set()
    assert with_their_others([names[0]], sources) == set(names[:3])
    assert with_their_others([names[4], "elsewhere.tif"], sources) == {*names[3:5], "elsewhere.tif"}
    assert with_their_others(["c/one.tif"], sources) == {"c/one.tif"}
    assert with_their_others(["c/two.tif"], sources) == {"c/two.tif", "c/three.tif"}


@pytest.mark.parametrize(
    ("stem", "acquisition", "kind", "product", "tile"),
    [
        ("23OCT14011501-P2AS_R2C13-012345678010_01_P001", "23oct14011501 012345678010_01_p001", PAN,
         "23oct14011501-p2as-012345678010_01_p001", (2, 13)),
        ("23OCT14011501-M2AS-012345678010_01_P001", "23oct14011501 012345678010_01_p001", COLOUR,
         "23oct14011501-m2as-012345678010_01_p001", None),
        ("IMG_PHR1A_P_202310140115012_ORT_5001234101-001_R1C1", "phr1a 202310140115012", PAN,
         "img_phr1a_p_202310140115012_ort_5001234101-001", (1, 1)),
        ("IMG_PNEO3_PMS-FS_202310140115012_ORT_1234_RGB_R1C2", "pneo3 202310140115012", COLOUR,
         "img_pneo3_pms-fs_202310140115012_ort_1234_rgb", (1, 2)),
        ("IMG_PNEO3_202310140115012_PAN_ORT_PWOI_000125930_1_1_F_1_P_R1C2", "pneo3 202310140115012", PAN,
         "img_pneo3_202310140115012_pan_ort_pwoi_000125930_1_1_f_1_p", (1, 2)),
        ("IMG_PNEO4_STD_202310140115012_MS-FS_ORT_1e224074-3a2a_RGB_R2C1", "pneo4 202310140115012", COLOUR,
         "img_pneo4_std_202310140115012_ms-fs_ort_1e224074-3a2a_rgb", (2, 1)),
        ("IMG_PNEO4_STD_202310140115012_PAN_ORT_1e224074-3a2a_P_R2C1", "pneo4 202310140115012", PAN,
         "img_pneo4_std_202310140115012_pan_ort_1e224074-3a2a_p", (2, 1)),
        ("103001010A000000-visual", "103001010a000000", COLOUR, "103001010a000000-visual", None),
        ("20231014_011501_24_2475_3B_AnalyticMS_SR_8b_clip", "20231014_011501_24_2475", COLOUR,
         "20231014_011501_24_2475_3b_analyticms_sr_8b_clip", None),
        ("20231014_011501_ssc4_u0001_panchromatic", "20231014_011501_ssc4_u0001", PAN,
         "20231014_011501_ssc4_u0001_panchromatic", None),
        ("port_R1C2", "", "", "port", (1, 2)),
        ("port-r01c10_v2", "", "", "port_v2", (1, 10)),
        ("XR1C2", "", "", "xr1c2", None),
        ("R1C2", "", "", "", (1, 2)),
    ],
)  # fmt: skip
def test_what_names_say(stem: str, acquisition: str, kind: str, product: str, tile: tuple[int, int] | None) -> None:
    one = named(stem)
    assert (one.acquisition, one.kind, one.product, one.tile) == (acquisition, kind, product, tile)
    assert without_tile(stem.casefold()) == product


@pytest.mark.parametrize("suffix", [".TIF", ".jp2"])
def test_tiles_in_a_folder_are_one_scene_without_being_named(tmp_path: Path, picture: np.ndarray, suffix: str) -> None:
    options = {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES", "photometric": None} if suffix == ".jp2" else {}
    if options:
        options.pop("photometric")
    cut(picture, tmp_path, rows=ROWS, cols=COLS, suffix=suffix, **options)
    (tmp_path / f"{MAXAR.format(kind='S', tile='')}.IMD").write_text(imd())
    write_tile(tmp_path / "other.tif", picture[:, :30, :30])
    one, other = found(tmp_path)
    assert (one.part, one.scene_id) == (MAXAR.format(kind="S", tile=""),) * 2
    assert len(one.pieces) == 12
    assert (other.part, other.pieces) == ("other", ())
    scene = scene_of(one)
    assert (scene.id, scene.part, scene.grid.shape, scene.sensor) == (one.scene_id, one.part, (120, 160), "WorldView-3")
    told(one, "12 files", "R1C1 to R3C4")


def test_rows_and_columns_of_two_figures_are_in_their_order(tmp_path: Path, picture: np.ndarray) -> None:
    cut(picture, tmp_path, rows=(), cols=tuple(range(12, 156, 12)), name="port{tile}")
    (one,) = found(tmp_path)
    assert [Path(piece.path).stem for piece in one.pieces] == [f"port_R1C{i}" for i in range(1, 14)]


def test_the_name_of_a_delivery_is_never_that_of_another_file(tmp_path: Path, picture: np.ndarray) -> None:
    cut(picture, tmp_path, rows=(), cols=(80,), name="port{tile}")
    write_tile(tmp_path / "port.tif", picture[:, :30, :30])
    assert sorted(one.part for one in found(tmp_path)) == ["port", "port-2"]


def test_tiles_that_are_named_by_their_place_alone_are_named_after_their_folder(tmp_path: Path, picture: np.ndarray) -> None:
    folder = tmp_path / "rajin"
    folder.mkdir()
    for i in (0, 1):
        write_tile(folder / f"R1C{i + 1}.tif", picture[:, :, :80], col=80 * i)
    assert [one.part for one in found(folder)] == ["rajin"]


def test_a_missing_tile_of_the_grid_is_said(tmp_path: Path, picture: np.ndarray) -> None:
    cut(picture, tmp_path, rows=ROWS, cols=COLS, without=["R2C3", "R3C1"])
    (one,) = found(tmp_path)
    assert len(one.pieces) == 10
    told(one, "not whole", "12 files", "2 are not here (R2C3, R3C1)")


def test_a_missing_tile_of_a_grid_that_is_counted_from_nought_is_said(tmp_path: Path, picture: np.ndarray) -> None:
    for row, col in ((0, 0), (1, 0), (1, 1)):
        write_tile(tmp_path / f"port_r{row}c{col}.tif", picture[:, :60, :80], col=80 * col, row=60 * row)
    (one,) = found(tmp_path)
    assert len(one.pieces) == 3
    told(one, "not whole", "of 4 files", "1 is not here (R0C1)")


def test_half_a_delivery_is_told_by_the_vendors_list_even_where_one_tile_came(tmp_path: Path, picture: np.ndarray) -> None:
    paths = cut(picture, tmp_path, rows=ROWS, cols=COLS)
    (tmp_path / f"{MAXAR.format(kind='S', tile='')}.TIL").write_text(til(path.name for path in paths))
    for path in paths[1:]:
        path.unlink()
    (one,) = found(tmp_path)
    assert one.pieces == ()
    told(one, "of 12 files by the vendor's list, 11 are not here")


def test_a_dimap_that_names_files_that_are_not_there_is_said(tmp_path: Path, picture: np.ndarray) -> None:
    name = AIRBUS.format(kind="PMS", tile="{tile}")
    cut(picture, tmp_path, rows=(), cols=(80,), name=f"IMG_{name}")
    listed = [f"IMG_{name.format(tile=f'_R1C{i}')}.TIF" for i in (1, 2, 3)]
    (tmp_path / f"DIM_{name.format(tile='')}.XML").write_text(dimap(listed=[*listed, "../../etc/passwd"]))
    (one,) = found(tmp_path)
    assert len(one.pieces) == 2
    told(one, "of 3 files by the vendor's list, 1 is not here", "R1C3")
    told(one.pieces[0], "outside the folder", "never followed", "../../etc/passwd")
    assert scene_of(one).sensor == "Pléiades 1A"


def test_a_list_of_two_products_misses_only_what_is_missing_of_this_one(tmp_path: Path, picture: np.ndarray) -> None:
    name = "PNEO3_{kind}_202310140115012_ORT_1234{bands}{tile}"
    rgb = {"kind": "PMS-FS", "bands": "_RGB"}
    cut(picture, tmp_path, rows=(), cols=(80,), name="IMG_" + name.format(**rgb, tile="{tile}"))
    listed = [
        f"IMG_{name.format(kind='PMS-FS', bands=bands, tile=f'_R1C{i}')}.TIF" for bands in ("_RGB", "_NED") for i in (1, 2)
    ]  # fmt: skip
    said = tmp_path / f"DIM_{name.format(kind='PMS-FS', bands='', tile='')}.XML"
    said.write_text(dimap(listed=listed))
    (one,) = found(tmp_path)
    assert len(one.pieces) == 2
    assert not [note for note in one.hints.notes if "not whole" in note]
    (tmp_path / listed[1]).unlink()
    (one,) = found(tmp_path)
    told(one, "of 2 files by the vendor's list, 1 is not here", "R1C2")


@pytest.mark.parametrize("mode", ["", "STD_"])
def test_the_gray_and_the_colours_of_a_delivery_of_pleiades_neo_are_one_scene(
    tmp_path: Path, picture: np.ndarray, mode: str
) -> None:
    name = f"PNEO3_{mode}202310140115012_{{kind}}_ORT_PWOI_000125930_1_1_F_1{{picture}}{{tile}}"
    for kind, shown, pixels in (("PAN", "_P", picture[:1]), ("MS-FS", "_RGB", picture[:, ::4, ::4])):
        profile = {} if kind == "PAN" else {"transform": PLACE @ Affine.scale(4)}
        write_tile(tmp_path / f"IMG_{name.format(kind=kind, picture=shown, tile='_R1C1')}.TIF", pixels, **profile)
        said = tmp_path / f"DIM_{name.format(kind=kind, picture='', tile='')}.XML"
        said.write_text(dimap(listed=[f"IMG_{name.format(kind=kind, picture=shown, tile='_R1C1')}.TIF"]))
    colours, gray = found(tmp_path)
    assert "MS-FS" in colours.path
    assert "the same acquisition is counted from" in colours.aside
    assert gray.hints.viewing


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"crs": "EPSG:32653"}, "CRS is another"),
        ({"dtype": "uint16"}, "uint16"),
        ({"bands": 1}, "of bands 1"),
        ({"col": 0.3}, "lattice"),
        ({"nodata": 0}, "nodata"),
    ],
)
def test_a_tile_that_is_not_like_the_others_is_a_part_of_its_own_and_said(
    tmp_path: Path, picture: np.ndarray, change: dict[str, object], words: str
) -> None:
    paths = cut(picture, tmp_path, rows=(60,), cols=(80,))
    pixels = picture[: change.pop("bands", 3), 60:, 80:].astype(change.pop("dtype", "uint8"))
    write_tile(paths[3], pixels, col=80 + change.pop("col", 0), row=60, **change)
    mosaic, odd = found(tmp_path)
    assert (len(mosaic.pieces), odd.pieces) == (3, ())
    assert odd.scene_id == mosaic.scene_id
    assert odd.part == paths[3].stem
    told(odd, "not joined", words)


def test_an_odd_first_tile_does_not_keep_the_others_apart(tmp_path: Path, picture: np.ndarray) -> None:
    paths = cut(picture, tmp_path, rows=(60,), cols=(80,))
    write_tile(paths[0], picture[:1, :60, :80])
    mosaic, odd = found(tmp_path)
    assert (len(mosaic.pieces), odd.path) == (3, str(paths[0]))


def test_a_tile_that_cannot_be_opened_stays_to_fail_by_itself(tmp_path: Path, picture: np.ndarray) -> None:
    paths = cut(picture, tmp_path, rows=(60,), cols=(80,))
    paths[2].write_bytes(paths[2].read_bytes()[:100])
    mosaic, bad = found(tmp_path)
    assert len(mosaic.pieces) == 3
    assert (bad.path, bad.scene_id, bad.aside) == (str(paths[2]), mosaic.scene_id, "")


def test_the_same_tile_twice_is_counted_once(tmp_path: Path, picture: np.ndarray) -> None:
    paths = cut(picture, tmp_path, rows=(), cols=(80,), name="port{tile}")
    (tmp_path / "port_R01C02.tif").write_bytes(paths[1].read_bytes())
    mosaic, double = found(tmp_path)
    assert len(mosaic.pieces) == 2
    assert "the same pixels of the ground" in double.aside


def test_two_deliveries_in_one_folder_are_two_scenes(tmp_path: Path, picture: np.ndarray) -> None:
    cut(picture, tmp_path, rows=(), cols=(80,))
    cut(picture, tmp_path, rows=(), cols=(80,), name=MAXAR.replace("23OCT14011501", "23OCT15020202"))
    assert [len(one.pieces) for one in found(tmp_path)] == [2, 2]


def test_tiles_of_two_acquisitions_under_one_name_stay_apart(tmp_path: Path, picture: np.ndarray) -> None:
    paths = cut(picture, tmp_path, rows=(), cols=(40, 80, 120), name="port{tile}")
    for path, day in zip(paths, (14, 14, 20, 14), strict=True):
        with rasterio.open(path, "r+") as to:
            to.update_tags(TIFFTAG_DATETIME=f"2023:10:{day} 01:15:0{day % 7}")
    mosaic, other = found(tmp_path)
    assert len(mosaic.pieces) == 3
    assert other.scene_id not in (mosaic.scene_id, "port")
    told(other, "another time", "2023-10-20")
    assert scene_of(mosaic).acquired == scene_of(mosaic.pieces[0]).acquired
    assert any("1 is not here (R1C3)" in note for note in scene_of(mosaic).notes)
    with rasterio.open(paths[1], "r+") as to:
        to.update_tags(TIFFTAG_DATETIME="2023:10:20 01:15:00")
    both = found(tmp_path)
    assert [[Path(piece.path).stem[-1] for piece in one.pieces] for one in both] == [["1", "4"], ["2", "3"]]
    assert [scene_of(one).acquired.day for one in both] == [14, 20]


@pytest.mark.parametrize("silent", [0, 1])
def test_a_tile_that_says_no_time_does_not_join_two_acquisitions(tmp_path: Path, picture: np.ndarray, silent: int) -> None:
    paths = cut(picture, tmp_path, rows=(), cols=(40, 80, 120), name="port{tile}")
    for path, day in zip(paths, (14, 14, 14, 20), strict=True):
        if path != paths[silent]:
            with rasterio.open(path, "r+") as to:
                to.update_tags(TIFFTAG_DATETIME=f"2023:10:{day} 01:15:00")
    mosaic, other = found(tmp_path)
    assert len(mosaic.pieces) == 3
    assert other.path == str(paths[3])
    told(other, "another time", "2023-10-20")


def test_a_tile_that_names_no_sensor_does_not_join_two_of_a_manifest(tmp_path: Path, picture: np.ndarray) -> None:
    for number, name in enumerate(("a", "b", "c")):
        write_tile(tmp_path / f"{name}.tif", picture[:, :, 50 * number : 50 * number + 50], col=50 * number)
    (tmp_path / "list.csv").write_text("path,scene,sensor\na.tif,pier,\nb.tif,pier,WV02\nc.tif,pier,WV03\n")
    mosaic, other = found(tmp_path / "list.csv")
    assert [Path(piece.path).name for piece in mosaic.pieces] == ["a.tif", "b.tif"]
    told(other, "not joined", "WV03")
    assert (mosaic.scene_id, other.scene_id) == ("pier", "pier-2")
    (tmp_path / "list.csv").write_text("path,scene,sensor\na.tif,pier,\nb.tif,pier,WV02\nc.tif,pier,WorldView-2\n")
    (mosaic,) = found(tmp_path / "list.csv")
    assert len(mosaic.pieces) == 3


def test_files_of_two_dates_under_one_name_in_a_manifest_are_two_scenes(tmp_path: Path, picture: np.ndarray) -> None:
    for number, (name, day) in enumerate((("a", 14), ("b", 20), ("c", 14), ("d", 20))):
        path = write_tile(tmp_path / f"{name}.tif", picture[:, :, 40 * number : 40 * number + 40], col=40 * number)
        with rasterio.open(path, "r+") as to:
            to.update_tags(TIFFTAG_DATETIME=f"2023:10:{day} 01:15:00")
    (tmp_path / "list.csv").write_text("path,scene\na.tif,pier\nb.tif,pier\nc.tif,pier\nd.tif,pier\n")
    one, other = found(tmp_path / "list.csv")
    assert [[Path(piece.path).stem for piece in each.pieces] for each in (one, other)] == [["a", "c"], ["b", "d"]]
    assert [(each.scene_id, scene_of(each).acquired.day) for each in (one, other)] == [("pier", 14), ("pier-2", 20)]
    assert any("not joined with a, whose name it shares: it was taken at another" in note for note in scene_of(other).notes)


def test_a_joined_scene_whose_files_are_of_two_dates_by_now_is_refused(tmp_path: Path, picture: np.ndarray) -> None:
    paths = cut(picture, tmp_path, rows=(), cols=(50, 100), name="port{tile}")
    (mosaic,) = found(tmp_path)
    for path, day in zip(paths[1:], (14, 20), strict=True):
        with rasterio.open(path, "r+") as to:
            to.update_tags(TIFFTAG_DATETIME=f"2023:10:{day} 01:15:00")
    with pytest.raises(SceneError, match="another time"):
        scene_of(mosaic)


def strips(folder: Path, picture: np.ndarray, **profile: object) -> None:
    """Two strips warped into one frame, each with nothing where the other's ground is, and the manifest that joins them."""
    for name, half in (("a", slice(0, 80)), ("b", slice(80, 160))):
        pixels = np.zeros_like(picture)
        pixels[:, :, half] = np.maximum(picture[:, :, half], 1)
        write_tile(folder / f"{name}.tif", pixels, **profile)
    (folder / "list.csv").write_text("path,scene\na.tif,pier\nb.tif,pier\n")


def test_strips_in_one_frame_are_one_picture_of_both_halves(tmp_path: Path, picture: np.ndarray) -> None:
    strips(tmp_path, picture, nodata=0)
    (mosaic,) = found(tmp_path / "list.csv")
    assert len(mosaic.pieces) == 2
    with closing(RasterReader()) as reader:
        pixels, valid = reader.read(scene_of(mosaic), Window.of_shape((120, 160)), (120, 160))
    assert valid.all()
    assert (pixels == np.moveaxis(np.maximum(picture, 1), 0, -1)).all()


def test_strips_in_one_frame_that_declare_no_nodata_are_both_looked_at(tmp_path: Path, picture: np.ndarray) -> None:
    strips(tmp_path, picture)
    one, other = found(tmp_path / "list.csv")
    assert (one.aside, other.aside, one.scene_id, other.scene_id) == ("", "", "pier", "pier")
    told(other, "no nodata value is declared", "a.tif")


def test_a_file_given_twice_under_two_names_is_looked_at_once(tmp_path: Path, picture: np.ndarray) -> None:
    write_tile(tmp_path / "a.tif", picture)
    (tmp_path / "b.tif").write_bytes((tmp_path / "a.tif").read_bytes())
    (tmp_path / "list.csv").write_text("path,scene\na.tif,pier\nb.tif,pier\n")
    one, double = found(tmp_path / "list.csv")
    assert one.aside == ""
    assert "the same pixels of the ground" in double.aside


def test_bands_that_came_as_files_of_their_own_are_not_one_picture(tmp_path: Path, picture: np.ndarray) -> None:
    for number, name in enumerate(("x_B03_10m", "x_B04_10m")):
        write_tile(tmp_path / f"{name}.tif", picture[number : number + 1], nodata=0)
    (tmp_path / "list.csv").write_text("path,scene\nx_B03_10m.tif,pier\nx_B04_10m.tif,pier\n")
    one, other = found(tmp_path / "list.csv")
    assert (one.aside, other.aside) == ("", "")
    told(other, "not joined", "B04")


def test_a_gray_tile_and_one_of_palette_colours_stay_apart(tmp_path: Path, picture: np.ndarray) -> None:
    paths = cut(picture[:1], tmp_path, rows=(), cols=(80,), name="port{tile}")
    with rasterio.open(paths[1], "r+") as to:
        to.write_colormap(1, {i: (i, i // 2, 255 - i, 255) for i in range(256)})
    gray, colours = found(tmp_path)
    assert (gray.pieces, colours.pieces) == ((), ())
    told(colours, "not joined", "palette")


def test_tiles_without_coordinates_stay_pictures_of_their_own(tmp_path: Path, picture: np.ndarray) -> None:
    cut(picture, tmp_path, rows=(), cols=(80,), name="port{tile}", crs=None, transform=None)
    assert [one.part for one in found(tmp_path)] == ["port_R1C1", "port_R1C2"]


def test_a_manifests_scene_is_one_picture_where_its_files_share_a_lattice(tmp_path: Path, picture: np.ndarray) -> None:
    write_tile(tmp_path / "left.tif", picture[:, :, :80])
    write_tile(tmp_path / "right.tif", picture[:, :, 80:], col=80)
    write_tile(tmp_path / "askew.tif", picture[:, :50], col=0.4)
    (tmp_path / "list.csv").write_text(
        "path,scene,sensor\n" + "".join(f"{one}.tif,pier,WV\n" for one in ("left", "right", "askew"))
    )
    mosaic, askew = found(tmp_path / "list.csv")
    assert [Path(piece.path).name for piece in mosaic.pieces] == ["left.tif", "right.tif"]
    assert (mosaic.scene_id, askew.scene_id, mosaic.part) == ("pier", "pier", "left")
    told(mosaic, "2 files", "left.tif to right.tif")
    told(askew, "not joined", "lattice")
    assert scene_of(mosaic).grid.shape == (120, 160)


def test_files_too_many_or_too_large_to_be_one_stay_apart(tmp_path: Path, picture: np.ndarray) -> None:
    cut(picture, tmp_path, rows=(), cols=(80,), name="port{tile}")
    apart = found(tmp_path, limits=Settings(max_pixels=120 * 160 - 1))
    assert [len(one.pieces) for one in apart] == [0, 0]
    assert len({one.scene_id for one in apart}) == 1
    told(apart[0], "not read as one picture", "160 x 120 pixels", "19,199")


Product = Callable[..., None]


@pytest.fixture
def product(tmp_path: Path, picture: np.ndarray) -> Product:
    """product(kind, gsd, bands=): one product of the Maxar acquisition, in a folder of its own, on the same ground."""

    def made(kind: str, gsd: float, *, bands: int = 3, name: str = MAXAR) -> None:
        folder = tmp_path / kind
        folder.mkdir()
        rows, cols = round(60 / gsd), round(80 / gsd)
        pixels = np.resize(picture[:1], (bands, rows, cols))
        profile = {"transform": (gsd, 0, 500_000, 0, -gsd, 3_900_000), **({"photometric": "minisblack"} if bands > 3 else {})}
        write_tile(folder / f"{name.format(kind=kind, tile='')}.TIF", pixels, **profile)

    return made


def counted(sources: list[Source]) -> list[str]:
    return [Path(one.path).parent.name for one in sources if not one.aside]


def test_the_pan_decides_where_colour_is_coarse(tmp_path: Path, product: Product) -> None:
    product("P", 0.5, bands=1)
    product("M", 1.0)
    sources = found(tmp_path, recursive=True)
    assert counted(sources) == ["P"]
    (aside,) = [one.aside for one in sources if one.aside]
    assert "the same acquisition is counted from" in aside
    assert "panchromatic, 0.5 m" in aside
    told(next(one for one in sources if not one.aside), "another product of the same acquisition, and not used")


def test_colour_decides_where_it_is_fine_enough(tmp_path: Path, product: Product) -> None:
    product("P", 0.3, bands=1)
    product("M", 0.6)
    assert counted(found(tmp_path, recursive=True)) == ["M"]


def test_colour_that_does_not_say_its_bands_is_not_used_where_the_pan_is_there(tmp_path: Path, product: Product) -> None:
    product("P", 0.5, bands=1)
    product("M", 0.5, bands=8)
    assert counted(found(tmp_path, recursive=True)) == ["P"]


def test_of_products_too_coarse_to_count_one_is_read_the_one_that_tells_most(tmp_path: Path, product: Product) -> None:
    product("P", 1.5, bands=1)
    product("M", 6.0)
    sources = found(tmp_path, recursive=True)
    assert counted(sources) == ["P"]
    assert any("the same acquisition is read from" in one.aside for one in sources), "nothing is counted there"


@pytest.mark.parametrize(
    ("gsds", "expected"), [((3.0, 3.0), "M"), ((2.5, 4.0), "M"), ((6.0, 5.0), "M"), ((20.0, 10.0), "M"), ((3.0, 10.0), "P")]
)
def test_of_coarse_products_area_comes_before_brightness_and_colour_before_gray(
    tmp_path: Path, product: Product, gsds: tuple[float, float], expected: str
) -> None:
    product("P", gsds[0], bands=1)
    product("M", gsds[1])
    assert counted(found(tmp_path, recursive=True)) == [expected]


def test_products_in_which_nothing_can_be_told_are_all_left_to_be_refused(tmp_path: Path, product: Product) -> None:
    product("P", 15.0, bands=1)
    product("M", 30.0)
    assert counted(found(tmp_path, recursive=True)) == ["M", "P"]


def test_two_products_of_one_kind_at_three_metres_are_read_once(tmp_path: Path, picture: np.ndarray) -> None:
    for name in ("3B_AnalyticMS", "3B_Visual"):
        write_tile(
            tmp_path / f"20231014_011501_24_2475_{name}.tif", picture, transform=(3, 0, 500_000, 0, -3, 3_900_000)
        )  # fmt: skip
    sources = found(tmp_path)
    assert len([one for one in sources if not one.aside]) == 1


def test_a_pan_that_is_damaged_is_not_set_aside_in_silence(tmp_path: Path, product: Product) -> None:
    product("P", 0.5, bands=1)
    product("M", 1.0)
    (path,) = (tmp_path / "P").iterdir()
    path.write_bytes(path.read_bytes()[:64])
    assert counted(found(tmp_path, recursive=True)) == ["M", "P"]


def test_products_of_one_name_over_other_ground_are_both_counted(tmp_path: Path, picture: np.ndarray) -> None:
    for col, kind in ((0, "visual"), (5_000, "pan")):
        (tmp_path / kind).mkdir()
        write_tile(tmp_path / kind / f"103001010A000000-{kind}.tif", picture[: 3 if kind == "visual" else 1], col=col)
    assert counted(found(tmp_path, recursive=True)) == ["pan", "visual"]


def test_tiled_pan_and_colour_in_one_folder_are_one_scene_of_the_colours_tiles(tmp_path: Path, picture: np.ndarray) -> None:
    cut(picture, tmp_path, rows=(60,), cols=(80,), kind="M")
    cut(picture[:1], tmp_path, rows=(60,), cols=(80,), kind="P")
    sources = found(tmp_path)
    assert [(len(one.pieces), bool(one.aside)) for one in sources] == [(4, False), (4, True)]


@pytest.mark.parametrize(
    "name",
    [
        "23OCT14011501-P2AS-012345678010_01_P001-BROWSE.JPG",
        "PREVIEW_PHR1A_PMS_2023.JPG",
        "ICON_PHR1A_PMS_2023.JPG",
        "a_PREVIEW.png",
        "thumbnail.png",
        "20231014_thumb.png",
        "x_GMASK.tif",
        "IMG_PNEO3_PMS-FS_202310140115012_ORT_1_NED_R1C1.JP2",
    ],
)
def test_previews_thumbnails_and_masks_are_no_scenes_and_that_is_said(
    tmp_path: Path, picture: np.ndarray, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    assert is_decoy(Path(name).stem)
    write_tile(tmp_path / "port.tif", picture)
    (tmp_path / name).write_bytes((tmp_path / "port.tif").read_bytes())
    with caplog.at_level(logging.WARNING):
        assert [one.part for one in found(tmp_path)] == ["port"]
    assert name in caplog.text
    assert [one.part for one in found(tmp_path / name)] == [Path(name).stem]


@pytest.mark.parametrize(
    "stem", ["port", "browser_view", "previews2023", "ned", "port_ned", "icon_bay", "preview_of_port", "R1C1"]
)
def test_names_of_users_own_are_no_previews(stem: str) -> None:
    assert not is_decoy(stem)
