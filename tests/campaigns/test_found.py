"""What the campaigns found, each made by code: it must stay found."""

import json
import threading
import time
from pathlib import Path

import pytest
import rasterio
import rasterio.shutil

from sattrack import running
from sattrack.cli.app import main
from sattrack.errors import ManifestError, SattrackError, SceneError, StoreError
from sattrack.imagery import Window
from sattrack.labels.sets import read_sets
from sattrack.readers.describing import describe
from sattrack.readers.finding import find_sources
from sattrack.readers.outlines.files import read_outlines
from sattrack.readers.rasters import RasterReader
from sattrack.running import Request
from sattrack.steps.grounding import Frame, sample_points
from sattrack.wiring import Model
from tests.campaigns.mutations import put, tiff_entries
from tests.campaigns.quick import write_scenes, write_sites
from tests.campaigns.raster_seeds import pixels, write_tiff
from tests.campaigns.rasters import read_digest
from tests.campaigns.workers import perturb


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one scene on two sites."""
    folder = tmp_path_factory.mktemp("found")
    scenes, sites = write_scenes(folder / "in", 1), write_sites(folder / "sites.geojson")
    running.detect(Request((str(scenes),), folder / "run", sites=sites, model=Model(detector="tests.campaigns.quick:Bright")))
    return folder / "run"


@pytest.fixture
def changed(run: Path):
    """Puts other bytes into a file of the run for the length of a test."""
    kept: dict[Path, bytes] = {}

    def change(name: str, old: bytes, new: bytes) -> Path:
        (path,) = run.glob(name)
        kept[path] = path.read_bytes()
        assert old in kept[path]
        path.write_bytes(kept[path].replace(old, new))
        return path

    yield change
    for path, content in kept.items():
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"Polygon"', b'"Pentagon"'),
        (b"[129.0", b"[null,129.0"),
        (b",42.4", b",142.4"),
        (b"[[[", b"[[[["),
        (b",42.4", b",1,42.4"),
    ],
)
def test_outlines_of_a_run_that_were_changed_are_refused(run: Path, changed, old: bytes, new: bytes) -> None:
    changed("sites.json", old, new)
    with pytest.raises(StoreError, match=r"sites\.json: the outlines of the run cannot be read"):
        running.recount(run)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"PROJCS", b"NOSUCH"),
        (b'"baseline_days": 1095.0', b'"baseline_days": 0'),
        (b"6378137", b"nan"),
        (b"500000.0", b"1e999"),
    ],
)
def test_a_head_of_a_run_that_cannot_be_true_is_named(run: Path, changed, old: bytes, new: bytes) -> None:
    changed("run.json", old, new)
    with pytest.raises(StoreError, match=r"run\.json"):
        running.recount(run)


def test_a_part_in_whose_head_one_letter_changed_is_damaged(run: Path, changed) -> None:
    changed("parts/*.parquet", b'"tiles_skipped": 0', b'"tiles_skipped": 1')
    with pytest.raises(StoreError, match="not what was written"):
        running.open_run(run)


def test_tiles_that_no_tiff_may_have_are_refused(tmp_path: Path) -> None:
    """Half of each such tile was memory that nobody had written."""
    path = write_tiff(
        tmp_path / "a.tif", pixels(1, "float32"), compress="deflate", predictor=3, tiled=True, blockxsize=64, blockysize=64
    )
    raw = path.read_bytes()
    (at,) = (at for _, _, at in tiff_entries(raw) if raw[at : at + 2] == b"\x43\x01")  # TileLength
    path.write_bytes(put(raw, at + 8, b"\x3f\0"))
    with pytest.raises(SceneError, match="64 x 63 pixels, not multiples of 16"):
        read_digest(path)


def test_a_damaged_tile_of_a_jpeg_2000_is_an_error_not_rubbish(tmp_path: Path) -> None:
    """GDAL's threads gave memory that nobody had written, and no error."""
    path, source = tmp_path / "a.jp2", write_tiff(tmp_path / "source.tif", pixels(1, "uint16"))
    rasterio.shutil.copy(source, path, driver="JP2OpenJPEG", QUALITY=20, BLOCKXSIZE=64, BLOCKYSIZE=64)
    raw = path.read_bytes()
    second = raw.index(b"\xff\x93", raw.index(b"\xff\x93") + 2)  # where the pixels of the second tile begin
    path.write_bytes(put(raw, second + 2, b"\xff" * 200))
    said = set()
    for value in (0x55, 0xAA):
        perturb(value)
        try:
            said.add(read_digest(path))
        except SceneError as error:
            said.add(str(error))
    perturb(0)
    assert len(said) == 1


def test_what_threads_left_open_is_closed_when_the_next_scene_is_read(tmp_path: Path) -> None:
    """Each scene has reading threads of its own: a run of a thousand scenes held a thousand files open."""
    reader = RasterReader()
    for scene in [describe(source) for source in find_sources([str(write_scenes(tmp_path, 6))])]:
        thread = threading.Thread(target=reader.read, args=(scene, Window(0, 0, 50, 50), (50, 50)))
        thread.start()
        thread.join()
    held = [str(number.readlink()) for number in Path("/proc/self/fd").iterdir() if number.is_symlink()]
    assert sum(str(tmp_path) in name for name in held) <= 1
    reader.close()


def test_a_palette_of_16_bit_indices_is_read(tmp_path: Path) -> None:
    """A flipped bit made a palette of a 16-bit picture, whose indices then ran over the table of 256 colours."""
    path = write_tiff(tmp_path / "a.tif", pixels(1, "uint16") % 2000)
    raw = path.read_bytes()
    (at,) = (at for _, _, at in tiff_entries(raw) if raw[at : at + 2] == b"\x06\x01")  # PhotometricInterpretation
    path.write_bytes(put(raw, at + 8, b"\x03\0"))
    try:
        read_digest(path)
    except SattrackError as error:
        assert path.name in str(error)  # noqa: PT017 (either is right, but for an error of another kind)


@pytest.mark.parametrize("level", ["3", "1e-5"])
def test_an_outline_with_a_corner_on_another_continent_is_counted_in_time(tmp_path: Path, level: str) -> None:
    """Its samples were laid along all the way there: the count never came back."""
    west, south = 129.0, 42.45
    ring = [[west, south], [float(level), south - 0.001], [west + 0.0006, south - 0.001], [west + 0.0006, south], [west, south]]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    (site,), _ = read_outlines(path)
    assert site.outline is not None
    began = time.process_time()
    assert len(sample_points(Frame.over(site.outline).polygon(site.outline))) > 0
    assert time.process_time() - began < 10


def test_a_message_of_gdal_that_quotes_odd_bytes_prints_no_traceback(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write_tiff(tmp_path / "a.tif", pixels(), tags={"SENSOR": "x"})
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'name="SENSOR"', b'name="SENSO"\xff'))
    assert main(["info", str(path)]) in (0, 1)
    said = capfd.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "UnicodeDecodeError" not in said.err


def test_a_pixel_size_that_no_number_can_hold_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "labels_obb").mkdir()
    write_tiff(tmp_path / "images" / "a.tif", pixels())
    (tmp_path / "labels_obb" / "a.txt").write_text("")
    (tmp_path / "meta.json").write_text('{"a": {"gsd_m": 1' + "0" * 400 + "}}")
    with pytest.raises(ManifestError, match=r"meta\.json, a: gsd_m is"):
        read_sets([tmp_path])


def test_h14_a_run_that_names_a_file_elsewhere_as_its_part_is_refused(
    run: Path, changed, capsys: pytest.CaptureFixture[str]
) -> None:
    (part,) = run.glob("parts/*.parquet")
    changed("run.json", part.stem.encode(), b"../../elsewhere")
    assert main(["count", str(run)]) == 1
    assert "run.json: names the part '../../elsewhere', expected 40 hexadecimal digits" in capsys.readouterr().err


def test_an_outline_whose_sides_cross_once_they_are_laid_flat_is_counted() -> None:
    """Of an outline with a corner on another continent GEOS gave up with a TopologyException in the count."""
    east, west, north, south = 129.0012161, 129.0006081, 42.452331, 42.4514304
    ring = [[west, north], [west, south], [east, south], [south, north], [west, north]]
    outline = {"type": "Polygon", "coordinates": [ring]}
    flat = Frame.over(outline).polygon(outline)
    assert flat.is_valid
    assert len(sample_points(flat)) > 1000


@pytest.mark.parametrize("name", ["9" * 300, "a\0b"])
def test_a_picture_that_no_file_can_be_called_is_said_by_its_set(tmp_path: Path, name: str) -> None:
    (tmp_path / "labels_obb").mkdir()
    (tmp_path / "meta.json").write_text(json.dumps({name: {"gsd_m": 0.5}}))
    with pytest.raises(ManifestError, match=r"has no such picture"):
        read_sets([tmp_path])
