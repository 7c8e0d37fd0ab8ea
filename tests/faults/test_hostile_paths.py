"""Rows H: virtual rasters, paths, names and links that lead elsewhere."""

import http.server
import os
import shutil
import socket
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Detect, Ran, write, write_good, yard

_SOURCE = (
    '<SimpleSource><SourceFilename relativeToVRT="{relative}">{name}</SourceFilename><SourceBand>{band}</SourceBand>'
    "</SimpleSource>"
)
_PLACE = "<SRS>EPSG:32652</SRS><GeoTransform>500000, 0.5, 0, 3900000, 0, -0.5</GeoTransform>"


def vrt(name: str, *, relative: int = 1, extra: str = "", size: str = 'rasterXSize="300" rasterYSize="200"') -> str:
    """A virtual raster of three bands of one file."""
    bands = "".join(
        f'<VRTRasterBand dataType="Byte" band="{i}"><ColorInterp>{colour}</ColorInterp>{extra}'
        f"{_SOURCE.format(name=name, relative=relative, band=i)}</VRTRasterBand>"
        for i, colour in enumerate(("Red", "Green", "Blue"), start=1)
    )
    return f"<VRTDataset {size}>{_PLACE}{bands}</VRTDataset>"


def text(content: str) -> Any:
    return lambda path: path.write_text(content)


def raw_band(path: Path) -> None:
    path.write_text(
        f'<VRTDataset rasterXSize="300" rasterYSize="200">{_PLACE}'
        '<VRTRasterBand dataType="Byte" band="1" subClass="VRTRawRasterBand">'
        '<SourceFilename relativeToVRT="1">may.tif</SourceFilename><ImageOffset>0</ImageOffset></VRTRasterBand></VRTDataset>'
    )


def pixel_function(path: Path) -> None:
    """Python that would leave a mark, were it run."""
    mark = path.with_name("mark_of_python")
    path.write_text(
        f'<VRTDataset rasterXSize="300" rasterYSize="200">{_PLACE}'
        '<VRTRasterBand dataType="Byte" band="1" subClass="VRTDerivedRasterBand"><PixelFunctionType>f</PixelFunctionType>'
        "<PixelFunctionLanguage>Python</PixelFunctionLanguage><PixelFunctionCode><![CDATA[\n"
        f"def f(*a, **k):\n    open({str(mark)!r}, 'w')\n]]></PixelFunctionCode>"
        f"{_SOURCE.format(name='may.tif', relative=1, band=1)}</VRTRasterBand></VRTDataset>"
    )


def link_to_outside(path: Path) -> None:
    outside = write(path.parent.parent / "outside.tif", yard(20, seed=70))
    path.symlink_to(outside)


NAMES = (
    "ü港 rail yard #1?%20!.tif", "-rf.tif", "<img src=x onerror=alert(1)>.tif", "line\nbreak.tif", "a" * 240 + ".tif",
    "CON.tif", "%2e%2e%2fetc.tif", "=cmd()|x.tif",
)  # fmt: skip

FILES = {
    "vrt_as.tif": text(vrt("may.tif")),
    "raw.vrt": raw_band,
    "network.vrt": text(vrt("/vsicurl/http://127.0.0.1:9/a.tif", relative=0)),
    "function.vrt": pixel_function,
    "itself.vrt": text(vrt("itself.vrt")),
    "up.vrt": text(vrt("../outside.tif")),
    "absolute.vrt": text(vrt("/etc/passwd", relative=0)),
    "archive.vrt": text(vrt("/vsizip/a.zip/a.tif", relative=1)),
    "nested.vrt": text(vrt("mosaic.vrt")),
    "entities.vrt": text('<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;">]>' + vrt("may.tif")),
    "mosaic.vrt": text(vrt("may.tif")),
    "link.tif": link_to_outside,
    **{name: partial(write, array=yard(12, seed=80 + i)) for i, name in enumerate(NAMES)},
}


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A server on this machine's own address that notes what it was asked for."""
    asked: list[str] = []

    class Noting(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_GET  # noqa: N815 (the handler's own name)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the handler's own signature)
            """Nothing is printed."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Noting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], asked
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def ran(run_beside: Any, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One run over every hostile file, with a folder of GDAL plugins named in the environment."""
    return run_beside(FILES, env={"GDAL_VRT_ENABLE_PYTHON": "YES", "GDAL_VRT_ENABLE_RAWRASTERBAND": "YES", "GDAL_SKIP": "VRT"})


def test_h0_hostile_files_cost_nothing_but_themselves(ran: Ran, good: Ran) -> None:
    ran.assert_nothing_lost(good)


def test_h1_a_virtual_raster_is_read_only_under_its_own_name_and_of_its_own_folder(ran: Ran) -> None:
    ran.assert_told("vrt_as", "under another suffix than .vrt", "give a GeoTIFF")
    ran.assert_told("up", "'../outside.tif' lies outside its folder", "gdalbuildvrt")
    ran.assert_told("absolute", "not named relative", "gdalbuildvrt")
    ran.assert_told("archive", "not named relative", "gdalbuildvrt")
    ran.assert_told("nested", "a virtual raster within a virtual raster", "give the pictures")
    ran.assert_told("entities", "document type", "gdalbuildvrt")


def test_h2_a_band_of_raw_bytes_of_any_file_is_refused(ran: Ran) -> None:
    ran.assert_told("raw", "VRTRawRasterBand", "gdalbuildvrt")


def test_h3_no_request_leaves_for_what_a_virtual_raster_names(
    detect: Detect, tmp_path: Path, listener: tuple[int, list[str]], good: Ran
) -> None:
    port, asked = listener
    scenes = tmp_path / "scenes"
    scenes.mkdir()
    write_good(scenes)
    url = f"/vsicurl/http://127.0.0.1:{port}/a.tif"
    (scenes / "net.vrt").write_text(vrt(url, relative=0))
    (scenes / "net_relative.vrt").write_text(vrt(url, relative=1))
    (scenes / "net_as.tif").write_text(vrt(url, relative=0))
    ran = detect(scenes, "--allow-remote", folder=tmp_path)
    ran.assert_nothing_lost(good)
    for part in ("net", "net_relative", "net_as"):
        ran.assert_told(part)
    assert asked == []


def test_h4_python_in_a_virtual_raster_is_never_run(ran: Ran) -> None:
    ran.assert_told("function", "VRTDerivedRasterBand", "gdalbuildvrt")
    assert not (ran.folder.parent / "scenes" / "mark_of_python").exists()


@pytest.mark.parametrize(
    ("text_", "said"),
    [
        ("<VRTDataset rasterXSize='1' rasterYSize='1'/>", "this is XML, not a path"),
        ("/vsizip/a.zip/a.tif", "not a file on this machine"),
        ("/vsicurl/http://127.0.0.1/a.tif", "not a file on this machine"),
        ("/vsis3/bucket/a.tif", "not a file on this machine"),
        ("https://example.org/a.tif", "not a file on this machine"),
        ("zip://a.zip!a.tif", "is not a kind of location that is read"),
        ("GTIFF_DIR:1:a.tif", "is not a kind of location that is read"),
        ("MEM:::DATAPOINTER=1,PIXELS=1,LINES=1", "is not a kind of location that is read"),
        ("vrt://a.tif", "is not a kind of location that is read"),
        ("NUL\0.tif", "no such file"),
    ],
)
def test_h5_h6_a_path_that_is_a_program_a_prefix_or_another_place_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text_: str, said: str
) -> None:
    from sattrack.cli.app import main

    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.tif", yard(12))
    assert main(["detect", text_, "-o", str(tmp_path / "run")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("error: ")
    assert said in told.err
    assert told.err.rstrip().endswith(")")


def test_h7_nothing_rests_on_gdal_skip_and_nothing_breaks_by_it(ran: Ran, good: Ran) -> None:
    # The run had GDAL_SKIP=VRT set: scenes are padded at their edges by us, and virtual rasters are refused by our own reading.
    assert good.parts.items() <= ran.parts.items()
    ran.assert_told("raw", "VRTRawRasterBand")


def test_h8_a_virtual_raster_of_itself_is_refused(ran: Ran) -> None:
    ran.assert_told("itself", "it names itself", "gdalbuildvrt")


def test_h12_a_zip_is_no_picture_and_an_evidence_pack_unpacks_nothing(detect: Detect, sattrack: Detect, tmp_path: Path) -> None:
    pack = tmp_path / "in" / "pack.zip"
    pack.parent.mkdir()
    with zipfile.ZipFile(pack, "w") as to:
        for name in ("SHA256SUMS", "alert.json", "provenance.json", "../../evil.txt", "/tmp/evil_of_h12.txt"):
            to.writestr(name, "{}")
    link = zipfile.ZipInfo("link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(pack, "a") as to:
        to.writestr(link, "/etc/passwd")

    def written() -> list[Path]:
        return sorted(path for path in tmp_path.rglob("*") if path.is_file())

    before = written()
    said = sattrack("evidence", pack, "--verify", folder=tmp_path / "said")
    assert said.code != 0
    assert "Traceback" not in said.said
    assert [path for path in written() if path.parent != said.folder.parent] == before
    assert not Path("/tmp/evil_of_h12.txt").exists()
    shutil.copy(pack, tmp_path / "in" / "zipped.tif")
    detect(tmp_path / "in" / "zipped.tif", folder=tmp_path).assert_told("zipped", "a zip archive", "give a GeoTIFF")


def test_h13_any_name_is_only_a_name(ran: Ran, good: Ran) -> None:
    by_file = {Path(one["location"]).name: one for one in ran.json["scenes"]}
    for name in NAMES:
        assert by_file[name]["status"] == "done", by_file[name]
        assert by_file[name]["boxes"] == 12
    assert all(line.isprintable() for line in ran.err.split("\n"))


def test_h13_a_name_that_is_markup_is_text_in_every_output(ran: Ran, sattrack: Detect) -> None:
    to = ran.folder.parent / "outputs"
    said = sattrack("report", ran.folder, "--no-imagery", folder=to)
    assert said.code == 0, said.err
    page = (ran.folder / "report.html").read_text()
    assert "<img src=x" not in page
    for kind in ("csv", "kml", "geojson", "yolo-obb"):
        said = sattrack("export", ran.folder, "-f", kind, "-o", to / f"boxes.{kind}", folder=to / kind)
        assert said.code == 0, said.err
    assert "<img src=x" not in (to / "boxes.kml").read_text()
    rows = (to / "boxes.csv").read_text()
    assert "\n=cmd" not in rows
    assert ",=cmd" not in rows


def test_h13_what_a_folder_holds_beside_pictures_costs_itself_alone(run_beside: Any, good: Ran) -> None:
    """A link to nothing, as of a disk that is away, is a scene that failed; pipes and sockets are none, and are said."""

    def not_utf8(path: Path) -> None:
        write(path, yard(12, seed=61)).rename(os.fsdecode(os.fsencode(path.parent) + b"/caf\xe9.tif"))

    def listening(path: Path) -> None:
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(os.path.relpath(path))

    ran = run_beside(
        {
            "away.tif": lambda path: path.symlink_to(path.parent / "gone" / "away.tif"), "latin.tif": not_utf8,
            "ring.tif": lambda path: path.symlink_to(path), "pipe.tif": os.mkfifo,
            "socket.tif": listening,
        }
    )  # fmt: skip
    ran.assert_nothing_lost(good)
    ran.assert_told("away", "no such file", "where links lead")
    ran.assert_told("ring", "no such file", "where links lead")
    ran.assert_told("caf\\xe9", "the name is not valid UTF-8", "rename the file")
    for name in ("pipe.tif", "socket.tif"):
        assert f"{name}: passed over: a pipe, socket or device is no picture" in ran.err


def test_h14_names_of_scenes_never_name_a_file_of_the_run(ran: Ran) -> None:
    assert all(path.name.isascii() and path.name.replace(".", "").replace("_", "").isalnum() for path in ran.folder.iterdir())
    assert all(len(path.stem) == 40 and path.stem.isalnum() for path in (ran.folder / "parts").iterdir())
    assert not (ran.folder.parent / "etc.tif").exists()


def test_h15_a_link_out_of_the_folder_is_followed_only_where_that_is_asked_for(ran: Ran, detect: Detect) -> None:
    assert "link" not in {one["part"] for one in ran.json["scenes"]}
    assert "link.tif: not followed: the link leads outside the folder; name the file itself, or give --follow-links" in ran.err
    again = detect(ran.folder.parent / "scenes" / "l*.tif", "--follow-links", folder=ran.folder.parent / "again")
    assert again.scene("link")["boxes"] == 20


_PLUGIN = '#include <stdio.h>\n__attribute__((constructor)) void made(void) {{ fclose(fopen("{mark}", "w")); }}\n'


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler to make a plugin with")
def test_h16_a_folder_of_plugins_in_the_environment_is_not_loaded(detect: Detect, tmp_path: Path) -> None:
    plugins, mark = tmp_path / "plugins", tmp_path / "mark_of_plugin"
    plugins.mkdir()
    (tmp_path / "plugin.c").write_text(_PLUGIN.format(mark=mark))
    for name in ("gdal_evil.so", "ogr_evil.so"):
        subprocess.run(["cc", "-shared", "-fPIC", "-o", plugins / name, tmp_path / "plugin.c"], check=True)
    (plugins / "gdal_evil.py").write_text(f"# gdal: DRIVER_NAME = evil\nopen({str(mark)!r}, 'w')\n")
    loaded = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
    subprocess.run(["python3", "-c", loaded, plugins / "gdal_evil.so"], check=True)
    assert mark.exists(), "the plugin itself does nothing"
    mark.unlink()
    env = {"GDAL_DRIVER_PATH": str(plugins), "GDAL_PYTHON_DRIVER_PATH": str(plugins)}
    ran = detect(write(tmp_path / "a.tif", yard(12)), folder=tmp_path, env=env)
    assert ran.scene("a")["boxes"] == 12
    assert not mark.exists()
