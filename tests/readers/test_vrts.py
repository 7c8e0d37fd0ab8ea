"""Virtual rasters: plain mosaics of their own folder are read, everything else is refused before GDAL sees it."""

from pathlib import Path

import numpy as np
import pytest

from sattrack.errors import SceneError
from sattrack.imagery import Window
from sattrack.readers.holes import Gaps
from sattrack.readers.rasters import RasterReader
from sattrack.readers.vrts import vrt_sources

SOURCE = '<SimpleSource><SourceFilename relativeToVRT="1">{name}</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'


def vrt(path: Path, inside: str, attributes: str = "") -> str:
    path.write_text(f'<VRTDataset rasterXSize="160" rasterYSize="120"{attributes}>{inside}</VRTDataset>')
    return str(path)


def band(source: str, attributes: str = "") -> str:
    return f'<VRTRasterBand dataType="Byte" band="1"{attributes}><ColorInterp>Gray</ColorInterp>{source}</VRTRasterBand>'


def test_a_mosaic_in_its_own_folder_is_read_as_its_picture(write, picture, scene_of, tmp_path):
    write("a.tif", picture[:1])
    path = vrt(tmp_path / "mosaic.vrt", band(SOURCE.format(name="a.tif")))
    scene = scene_of(path, gsd_m=(0.5, 0.5))
    pixels, valid = RasterReader().read(scene, Window(0, 0, 160, 120), (120, 160))
    assert scene.driver == "VRT"
    assert valid.all()
    assert (pixels[..., 0] == picture[0]).all()


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (band(SOURCE.format(name="../outside.tif")), "outside its folder"),
        (band(SOURCE.format(name="/etc/passwd")), "not named relative"),
        (band(SOURCE.format(name="/vsicurl/http://169.254.169.254/a.tif")), "not named relative"),
        (band(SOURCE.format(name="none.tif")), "does not exist"),
        (band(SOURCE.format(name="scene.vrt")), "names itself"),
        (band('<SourceFilename relativeToVRT="1">a.tif</SourceFilename>', ' subClass="VRTRawRasterBand"'), "VRTRawRasterBand"),
        (band("<PixelFunctionCode>import os</PixelFunctionCode>", ' subClass="VRTDerivedRasterBand"'), "VRTDerivedRasterBand"),
        (band("<PixelFunctionType>sum</PixelFunctionType>" + SOURCE.format(name="a.tif")), "PixelFunctionType"),
        (band(SOURCE.format(name="a.tif").replace("<SourceBand>", "<OpenOptions/><SourceBand>")), "OpenOptions"),
        (band(""), "names no pictures"),
        ("<GDALWarpOptions/>", "GDALWarpOptions"),
        ("<VRTRasterBand>", "broken XML"),
    ],
    ids=["H1-up", "H1-absolute", "H3", "H1-missing", "H8", "H2", "H4", "H4-type", "H1-open", "H1-empty", "H1-warp", "H1-xml"],
)  # fmt: skip
def test_H1_what_a_virtual_raster_must_not_hold(write, picture, tmp_path, inside, said):
    write("a.tif", picture[:1])
    with pytest.raises(SceneError, match=said):
        vrt_sources(Path(vrt(tmp_path / "scene.vrt", inside)))


def test_H1_a_link_that_leads_out_of_the_folder_is_refused(write, picture, tmp_path):
    write("secret.tif", picture[:1])
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.tif").symlink_to(tmp_path / "secret.tif")
    with pytest.raises(SceneError, match="outside its folder"):
        vrt_sources(Path(vrt(tmp_path / "in" / "scene.vrt", band(SOURCE.format(name="a.tif")))))


def test_H1_a_document_type_is_refused(tmp_path):
    path = tmp_path / "scene.vrt"
    path.write_text('<!DOCTYPE x [<!ENTITY a "b">]><VRTDataset/>')
    with pytest.raises(SceneError, match="document type"):
        vrt_sources(path)


def test_H1_nested_and_hidden_virtual_rasters_are_refused(write, picture, scene_of, tmp_path):
    write("a.tif", picture[:1])
    vrt(tmp_path / "inner.vrt", band(SOURCE.format(name="a.tif")))
    with pytest.raises(SceneError, match="within a virtual raster"):
        scene_of(vrt(tmp_path / "outer.vrt", band(SOURCE.format(name="inner.vrt"))), gsd_m=(1, 1))
    hidden = picture[:1].copy()
    hidden[0, 0, :11] = np.frombuffer(b"<VRTDataset", np.uint8)
    write("b.tif", hidden)
    with pytest.raises(SceneError, match="hidden in a picture"):
        scene_of(vrt(tmp_path / "outer.vrt", band(SOURCE.format(name="b.tif"))), gsd_m=(1, 1))


def test_a_virtual_rasters_digest_follows_its_pictures(write, picture, scene_of, tmp_path):
    write("a.tif", picture[:1])
    path = vrt(tmp_path / "mosaic.vrt", band(SOURCE.format(name="a.tif")))
    before = RasterReader().digest(scene_of(path, gsd_m=(1, 1)))
    write("a.tif", 255 - picture[:1])
    assert RasterReader().digest(scene_of(path, gsd_m=(1, 1))) != before


def placed(name: str, *, at: tuple[float, float], size: tuple[float, float]) -> str:
    """A source that fills a place (column, row) of a size (cols, rows) with its first pixels."""
    rect = f'<SrcRect xOff="0" yOff="0" xSize="{int(size[0])}" ySize="{int(size[1])}"/>'
    rect += f'<DstRect xOff="{at[0]}" yOff="{at[1]}" xSize="{size[0]}" ySize="{size[1]}"/>'
    return SOURCE.format(name=name).replace("</SimpleSource>", f"{rect}</SimpleSource>")


@pytest.mark.parametrize("size", [(120, 160), (60, 80), (240, 320)])
def test_what_no_picture_of_a_virtual_raster_covers_is_not_seen(write, picture, scene_of, tmp_path, size):
    write("half.tif", 128 + picture[:1, :, :60] // 2)
    write("strip.tif", 128 + picture[:1, :20, :40] // 2)
    rest = [placed("half.tif", at=(at, 0), size=(60, 120)) for at in (0, 100)] + [
        placed("strip.tif", at=(60, 0), size=(40, 20))
    ]
    scene = scene_of(vrt(tmp_path / "mosaic.vrt", band("".join(rest))), gsd_m=(0.5, 0.5))
    covered = np.ones((120, 160), bool)
    covered[20:, 60:100] = False
    reader = RasterReader()
    pixels, valid = reader.read(scene, Window(0, 0, 160, 120), size)
    expected = np.kron(covered, np.ones((2, 2), bool)) if size[0] > 120 else covered[:: 120 // size[0], :: 160 // size[1]]
    assert (valid == expected).all()
    assert (pixels[~valid] == 0).all()
    assert (reader.sample(scene)[1] == covered).all()
    part, seen = reader.read(scene, Window(50, 10, 20, 20), (20, 20))
    assert (seen == covered[10:30, 50:70]).all()
    assert (part[~seen] == 0).all()
    shrunk, seen = reader.read(scene, Window(9, 3, 140, 110), (55, 70))
    assert shrunk[seen].min() >= 128


def test_a_picture_at_fractions_of_pixels_covers_those_whose_centres_lie_in_it(write, picture, scene_of, tmp_path):
    write("a.tif", picture[:1])
    source = placed("a.tif", at=(0, 0), size=(80.4, 60.6))
    scene = scene_of(vrt(tmp_path / "part.vrt", band(source)), gsd_m=(0.5, 0.5))
    _, valid = RasterReader().read(scene, Window(0, 0, 160, 120), (120, 160))
    assert valid[:61, :80].all()
    assert valid.sum() == 61 * 80
    broken = vrt(tmp_path / "broken.vrt", band(source.replace("80.4", "80.4px")))
    with pytest.raises(SceneError, match="not four numbers"):
        scene_of(broken, gsd_m=(0.5, 0.5))


def test_gaps_are_told_from_pictures_that_meet():
    thirds = [(at, 0.0, 40.0, 90.0) for at in (0.0, 40.0, 80.0)]
    gaps = [Gaps(boxes, shape=(90, 120)) for boxes in (thirds, thirds[:2], thirds[1:], [thirds[0], (39.8, -3, 90, 200)], [])]
    assert [(one.none, one.some) for one in gaps] == [(True, False), (False, True), (False, True), (True, False), (False, True)]
    assert gaps[1].under((70, 0, 20, 90), (90, 20)).sum() == 90 * 10
