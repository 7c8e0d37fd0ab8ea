"""Remote scenes through GDAL and our own client: the pixels of the local file, or an error."""

import threading
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
import rasterio

from sattrack.errors import RemoteBusy
from sattrack.imagery import Scene, Window
from sattrack.readers.describing import describe
from sattrack.readers.finding import find_sources
from sattrack.readers.opening import gdal_errors, gdal_options, open_raster
from sattrack.readers.rasters import RasterReader
from sattrack.readers.remote.ranges import look_again, remote_file
from sattrack.readers.remote.travels import TRAVELS
from sattrack.settings import Settings
from tests.faults.conftest import write, yard
from tests.faults.misbehaving import FAULTS, Asked, Handler, serving

WHOLE = Window(0, 0, 600, 600)


def limits(**more: object) -> Settings:
    said = {"remote_timeout_s": 2.0, "remote_tries": 3, "remote_backoff_s": 0.001, "remote_wait_s": 0.1, **more}
    return Settings.model_validate(said).allowing(["127.0.0.1"])


def scene_of(place: str, settings: Settings) -> Scene:
    (source,) = find_sources([place], allow_remote=True)
    return describe(source, limits=settings)


@pytest.fixture
def cog(tmp_path: Path) -> Path:
    return write(tmp_path / "scene.tif", yard(12, shape=(600, 600)), driver="COG", blocksize=128, compress="deflate")


@pytest.mark.parametrize("fault", ["right", "noranges", "chunked"])
def test_the_pixels_are_those_of_the_local_file(fault: str, cog: Path) -> None:
    with serving({"scene.tif": cog.read_bytes()}) as server:
        reader = RasterReader(limits())
        here, there = scene_of(str(cog), limits()), scene_of(server.url(fault), limits())
        assert (here.grid, here.bands, here.dtype) == (there.grid, there.bands, there.dtype)
        shrunk, across = Window(100, 50, 200, 300), Window(-50, 500, 200, 200)
        for window, shape in ((WHOLE, (600, 600)), (shrunk, (150, 100)), (across, (200, 200))):
            assert np.array_equal(reader.read(here, window, shape)[0], reader.read(there, window, shape)[0])
        reader.close()
        assert {one.path for one in server.requests} == {f"/{fault}/scene.tif"}


@pytest.mark.parametrize(("fault", "others"), [("noranges", 5), ("right", 65)])
def test_n4_a_file_that_is_open_is_read_on_however_many_others_are_opened(fault: str, others: int, cog: Path) -> None:
    content = cog.read_bytes()
    with serving({f"{n}.tif": content for n in range(others + 1)}) as server, gdal_options(limits()), ExitStack() as stack:
        places = [server.url(fault, f"{n}.tif") for n in range(others + 1)]
        opened = [stack.enter_context(closing(open_raster(place, limits=limits()))) for place in places]
        with rasterio.open(cog) as local:
            for raster in (opened[-1], opened[0]):
                with gdal_errors("it"):
                    assert np.array_equal(raster.read(), local.read())


def test_other_threads_may_close_what_a_thread_opened(cog: Path) -> None:
    with serving({"scene.tif": cog.read_bytes()}) as server:
        reader, scene = RasterReader(limits()), scene_of(server.url("right"), limits())
        found: list[np.ndarray] = []
        threads = [threading.Thread(target=lambda: found.append(reader.read(scene, WHOLE, (600, 600))[0])) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        reader.close()
        assert len(found) == 3
        assert all(np.array_equal(one, found[0]) for one in found)


def test_n1_a_lost_network_is_never_taken_for_a_bad_tile(cog: Path) -> None:
    with serving({"scene.tif": cog.read_bytes()}) as server:
        settings = limits(on_bad_tile="mask")
        scene = scene_of(server.url("expires"), settings)
        with pytest.raises(RemoteBusy, match="403"):
            RasterReader(settings).read(scene, WHOLE, (600, 600))


def test_n3_plain_pixels_that_did_not_come_are_never_black_ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(to: Handler, asked: Asked, content: bytes, number: int) -> None:
        FAULTS["always503" if to.served.state else ""](to, asked, content, number)

    monkeypatch.setitem(FAULTS, "ends", ends)
    raw = write(tmp_path / "a.tif", yard(12, shape=(2400, 2400)), tiled=True, blockxsize=64, blockysize=64).read_bytes()
    with serving({"scene.tif": raw}) as server:
        settings = limits(edge_nodata=False, remote_cache_bytes=1 << 20)
        scene, reader = scene_of(server.url("ends"), settings), RasterReader(settings)
        reader.read(scene, Window(200, 200, 60, 60), (60, 60))
        server.state["down"] = True
        for _ in range(3):
            with pytest.raises(RemoteBusy, match="503"):
                reader.read(scene, Window(2000, 2000, 200, 200), (200, 200))


def test_n5_what_was_given_up_is_not_waited_for_again_in_the_same_run(cog: Path) -> None:
    with serving({"scene.tif": cog.read_bytes()}) as server:
        place = scene_of(server.url("expires"), limits()).location
        file = remote_file(place, limits=limits())
        version = file.version()
        for _ in range(5):
            with pytest.raises(RemoteBusy, match="403"):
                file.read(200_000, 10, version)
        assert len(server.requests) == 2
        look_again()
        server.healed = True
        assert len(file.read(200_000, 10, file.version())) == 10


def test_i2_the_digest_hangs_on_what_the_server_says_and_on_the_first_bytes(cog: Path, tmp_path: Path) -> None:
    reader, raw = RasterReader(limits()), cog.read_bytes()
    other = write(tmp_path / "b.tif", yard(11, seed=3, shape=(600, 600)), driver="COG", blocksize=128, compress="deflate")
    with serving({"scene.tif": raw}) as server:
        scene = scene_of(server.url("right"), limits())
        first = reader.digest(scene)
        assert first == reader.digest(scene)
        server.files["scene.tif"] = other.read_bytes()
        look_again()
        assert reader.digest(scene) != first
        signed = scene_of(server.url("right", query="sig=1"), limits())
        assert reader.digest(signed) == reader.digest(scene_of(server.url("right", query="sig=2"), limits()))
        assert reader.digest(scene_of(server.url("noranges"), limits())) == reader.digest(scene_of(str(other), limits()))


def test_n7_a_file_of_a_server_that_says_no_version_is_looked_at_anew_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def untold(to: Handler, asked: Asked, content: bytes, _number: int) -> None:
        to.write(to.part(asked, content, ETag=""))

    monkeypatch.setitem(FAULTS, "untold", untold)
    one, other = (write(tmp_path / f"{n}.tif", yard(12, seed=n, shape=(600, 600)), driver="GTiff") for n in (1, 2))
    assert one.stat().st_size == other.stat().st_size
    with serving({"scene.tif": one.read_bytes()}) as server:
        place, told = server.url("untold"), []
        for path in (one, other):
            server.files["scene.tif"] = path.read_bytes()
            look_again()
            with closing(RasterReader(limits())) as reader:
                here, there = scene_of(str(path), limits()), scene_of(place, limits())
                told.append(reader.digest(there))
                assert np.array_equal(reader.read(here, WHOLE, (600, 600))[0], reader.read(there, WHOLE, (600, 600))[0])
        assert told[0] != told[1]


def test_blocks_side_by_side_travel_together_and_once(cog: Path) -> None:
    raw = bytes(range(256)) * 8000
    with serving({"scene.tif": raw}) as server:
        look_again()
        file = remote_file(server.url("right"), limits=limits())
        version = file.version()
        pairs = [(500_000, 1000), (520_000, 30_000), (900_000, 10)]
        assert file.ranges(pairs, version) == [raw[first : first + length] for first, length in pairs]
        assert len(server.requests) == 3
        file.ranges(pairs, version)
        assert len(server.requests) == 3
        travel = TRAVELS.of(server.url("right"))
        assert travel is not None
        assert travel.read == sum(server.sent.values()) < 200_000


def test_n7_a_change_ends_the_reading_and_the_next_run_sees_the_new_file(cog: Path) -> None:
    with serving({"scene.tif": cog.read_bytes()}) as server:
        scene, reader = scene_of(server.url("changes"), limits()), RasterReader(limits())
        first = reader.digest(scene)
        with pytest.raises(RemoteBusy, match="changed while it was read"):
            reader.read(scene, WHOLE, (600, 600))
        look_again()
        assert reader.digest(scene) != first
