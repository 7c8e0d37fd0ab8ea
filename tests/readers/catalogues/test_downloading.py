"""What is fetched into a folder: each file of the place and version that is said of it, and no picture for another."""

import json
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from sattrack.errors import RemoteBusy, RemoteError, StoreError
from sattrack.readers.catalogues.downloading import download
from sattrack.readers.catalogues.fetched_items import Fetched, fetch_pictures
from sattrack.readers.catalogues.item_filters import Wanted
from sattrack.readers.catalogues.items import read_item
from sattrack.readers.remote.ranges import remote_file
from sattrack.settings import Settings
from tests.catalogues.serving import Catalogue, serving
from tests.faults.misbehaving import FAULTS, Asked, Handler
from tests.faults.misbehaving import serving as misbehaving

ONE, OTHER = b"II*\0" + b"1" * 200_000, b"II*\0" + b"2" * 200_000


@pytest.fixture
def served() -> Iterator[Catalogue]:
    with serving() as catalogue:
        yield catalogue


@pytest.fixture
def limits(served: Catalogue) -> Settings:
    return Settings(remote_tries=1, remote_timeout_s=2).allowing([f"127.0.0.1:{served.port}"])


def fetch(served: Catalogue, folder: Path, *items: tuple[str, str], limits: Settings, mask: str = "") -> Fetched:
    """items: id and path of the picture. mask: the id of the item that has one at /mask_SCL.tif."""
    found = []
    for name, path in items:
        assets = {"visual": {"href": f"{served.base}{path}", "type": "image/tiff", "roles": ["visual"]}}
        if name == mask:
            assets["scl"] = {"href": f"{served.base}/mask_SCL.tif", "type": "image/tiff", "roles": ["data"]}
        raw = {"type": "Feature", "stac_version": "1.0.0", "id": name, "collection": "made", "geometry": None, "links": [],
               "properties": {"datetime": "2024-05-01T10:00:00Z"}, "assets": assets}  # fmt: skip
        found.append(Wanted(read_item(raw, where=name, base=served.base)))
    return fetch_pictures(found, folder, asked={}, collections={}, limits=limits)


def test_another_file_of_the_same_size_is_fetched_again(served: Catalogue, limits: Settings, tmp_path: Path) -> None:
    served.files |= {"/one.tif": ONE, "/other.tif": OTHER}
    fetch(served, tmp_path, ("a", "/one.tif"), limits=limits)
    fetch(served, tmp_path, ("a", "/other.tif"), limits=limits)
    assert (tmp_path / "a.tif").read_bytes() == OTHER
    again = fetch(served, tmp_path, ("a", "/other.tif"), limits=limits)
    assert again.received < 100


def test_a_file_that_came_from_elsewhere_is_not_taken_for_the_picture(
    served: Catalogue, limits: Settings, tmp_path: Path
) -> None:
    served.files["/one.tif"] = ONE
    (tmp_path / "a.tif").write_bytes(OTHER)
    fetch(served, tmp_path, ("a", "/one.tif"), limits=limits)
    assert (tmp_path / "a.tif").read_bytes() == ONE


def test_a_picture_is_listed_by_its_key_however_long_that_is(served: Catalogue, limits: Settings, tmp_path: Path) -> None:
    served.files["/one.tif"] = ONE
    key = f"{served.base}/{'orders/' * 20}one.tif"
    raw = {"type": "Feature", "stac_version": "1.0.0", "id": "a", "collection": "made", "geometry": None, "links": [],
           "properties": {"datetime": "2024-05-01T10:00:00Z"},
           "assets": {key: {"href": f"{served.base}/one.tif", "type": "image/tiff", "roles": ["visual"]}}}  # fmt: skip
    found = [Wanted(read_item(raw, where="a", base=served.base))]
    assert fetch_pictures(found, tmp_path, asked={}, collections={}, limits=limits).fetched == 1
    (item,) = json.loads((tmp_path / "items.json").read_text())["features"]
    assert item["assets"][key]["href"] == "a.tif"


def test_a_picture_is_not_written_over_another_items_mask(served: Catalogue, limits: Settings, tmp_path: Path) -> None:
    served.files |= {"/one.tif": ONE, "/other.tif": OTHER, "/mask_SCL.tif": b"II*\0mask"}
    fetch(served, tmp_path, ("x", "/one.tif"), ("x_scl", "/other.tif"), ("x_udm2", "/other.tif"), limits=limits, mask="x")
    assert (tmp_path / "x.tif").read_bytes() == ONE
    assert (tmp_path / "x_scl.tif").read_bytes() == b"II*\0mask"
    hrefs = [
        {key: asset["href"] for key, asset in item["assets"].items()}
        for item in json.loads((tmp_path / "items.json").read_text())["features"]
    ]
    assert hrefs == [
        {"visual": "x.tif", "scl": "x_scl.tif"}, {"visual": "x_scl-2.tif"}, {"visual": "x_udm2-picture.tif"},
    ]  # fmt: skip
    assert (tmp_path / "x_scl-2.tif").read_bytes() == OTHER


def test_what_is_there_takes_nothing_of_what_may_be_fetched(served: Catalogue, limits: Settings, tmp_path: Path) -> None:
    served.files |= {"/one.tif": ONE, "/other.tif": OTHER}
    fetch(served, tmp_path, ("a", "/one.tif"), limits=limits)
    small = limits.model_copy(update={"download_bytes": 250_000})
    said = fetch(served, tmp_path, ("a", "/one.tif"), ("b", "/other.tif"), limits=small)
    assert (said.fetched, said.faults) == (2, ())
    assert said.received <= 250_000
    said = fetch(served, tmp_path, ("a", "/one.tif"), ("c", "/one.tif"), ("d", "/one.tif"), limits=small)
    assert said.fetched == 2
    assert "left of what may be fetched" in said.faults[0]


def test_n1_a_picture_that_was_fetched_stays_in_the_list_while_its_server_is_busy(limits: Settings, tmp_path: Path) -> None:
    with serving() as served:
        served.files |= {"/one.tif": ONE, "/other.tif": OTHER}
        own = limits.allowing([f"127.0.0.1:{served.port}"])
        fetch(served, tmp_path, ("a", "/one.tif"), limits=own)
    # Now nobody listens there.
    busy = fetch(served, tmp_path, ("a", "/one.tif"), ("b", "/other.tif"), limits=own)
    assert busy.fetched == 1
    assert [one.partition(": ")[0] for one in busy.faults] == ["a", "b"]
    assert "what was fetched before is kept (run again later" in busy.faults[0]
    assert [item["id"] for item in json.loads((tmp_path / "items.json").read_text())["features"]] == ["a"]


def test_s3_a_picture_is_on_the_disk_before_its_note_speaks_of_it(
    served: Catalogue, limits: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.files["/one.tif"] = ONE
    synced: list[int] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (synced.append(os.fstat(number).st_ino), fsync(number))[1])
    fetch(served, tmp_path, ("a", "/one.tif"), limits=limits)
    picture, note = (tmp_path / name for name in ("a.tif", ".a.tif.fetched"))
    assert synced.index(picture.stat().st_ino) < synced.index(note.stat().st_ino)


def test_what_failed_counts_for_what_came(served: Catalogue, limits: Settings, tmp_path: Path) -> None:
    served.files |= {"/page.tif": b"<html>" + b" " * 150_000, "/one.tif": ONE}
    small = limits.model_copy(update={"download_bytes": 200_000 + 60_000})
    said = fetch(served, tmp_path, ("a", "/page.tif"), ("b", "/one.tif"), limits=small)
    assert said.fetched == 0
    assert said.received < 100_000


def test_what_is_no_picture_is_not_fetched_to_its_end(served: Catalogue, limits: Settings, tmp_path: Path) -> None:
    served.files["/page.tif"] = b"<html>" + b" " * 5_000_000
    with pytest.raises(RemoteError, match="HTML"):
        download(f"{served.base}/page.tif", tmp_path / "a.tif", sha256="", most=1 << 30, limits=limits)
    assert served.sent["/page.tif"] < 100_000
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_picture_is_not_fetched_to_its_end_where_no_parts_are_sent(tmp_path: Path) -> None:
    with misbehaving({"page.tif": b"<html>" + b" " * 5_000_000, "a.tif": ONE}) as server:
        limits = Settings(remote_tries=3, remote_timeout_s=2, remote_backoff_s=0).allowing(["127.0.0.1"])
        came: list[int] = []
        with pytest.raises(RemoteError, match="HTML"):
            download(
                server.url("noranges", "page.tif"), tmp_path / "a.tif", sha256="", most=1 << 30, limits=limits, told=came.append
            )
        assert sum(came) < 1_000_000
        assert list(tmp_path.iterdir()) == []
        assert download(server.url("noranges", "a.tif"), tmp_path / "a.tif", sha256="", most=1 << 30, limits=limits) == len(ONE)
        assert (tmp_path / "a.tif").read_bytes() == ONE


def test_a_file_whose_size_is_not_said_ends_at_the_limit_of_all_that_may_be_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsaid(to: Handler, _asked: Asked, content: bytes, _number: int) -> None:
        to.send_response(200)
        to.send_header("Transfer-Encoding", "chunked")
        to.end_headers()
        to.write(f"{len(content):x}\r\n".encode() + content + b"\r\n0\r\n\r\n")

    monkeypatch.setitem(FAULTS, "unsaid", unsaid)
    with misbehaving({"a.tif": ONE}) as server:
        limits = Settings(remote_tries=3, remote_timeout_s=2, remote_backoff_s=0).allowing(["127.0.0.1"])
        with pytest.raises(RemoteError, match="size is not said") as caught:
            download(server.url("unsaid", "a.tif"), tmp_path / "a.tif", sha256="", most=100_000, limits=limits)
        assert "download_bytes" in caught.value.way_out
        assert list(tmp_path.iterdir()) == []


def test_d10_a_full_disk_is_said_and_the_server_is_not_asked_again(
    full_disk: Callable[[], AbstractContextManager[None]], tmp_path: Path
) -> None:
    with misbehaving({"a.tif": ONE * 10}) as server:
        limits = Settings(remote_tries=3, remote_timeout_s=2, remote_backoff_s=0).allowing(["127.0.0.1"])
        place = server.url("noranges", "a.tif")
        with full_disk(), pytest.raises(StoreError, match="cannot be written"):
            download(place, tmp_path / "a.tif", sha256="", most=1 << 30, limits=limits)
        assert len(server.requests) == 2
        assert list(tmp_path.iterdir()) == []
        with full_disk(), pytest.raises(RemoteBusy, match="cannot be kept in") as caught:
            remote_file(place, limits=limits).version()
        assert "TMPDIR" in caught.value.way_out
        assert len(server.requests) == 4
        assert download(place, tmp_path / "a.tif", sha256="", most=1 << 30, limits=limits) == 10 * len(ONE)


@pytest.fixture
def full_disk() -> Callable[[], AbstractContextManager[None]]:
    """Within it no file grows beyond 1 MB."""

    @contextmanager
    def full() -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return full
