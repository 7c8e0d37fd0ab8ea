"""Parts of remote files, from servers that misbehave."""

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sattrack.errors import RemoteBusy, RemoteError
from sattrack.readers.remote.answers import Unranged
from sattrack.readers.remote.fetching import Fetcher
from sattrack.readers.remote.places import address_of, named_place
from sattrack.settings import Settings
from tests.faults.misbehaving import FAULTS, Asked, Handler, Server, serving

CONTENT = random.Random(1).randbytes(300_000)
LIMITS = Settings(remote_timeout_s=2, remote_tries=8, remote_backoff_s=0.001, remote_wait_s=0.2).allowing(["127.0.0.1"])


Make = Callable[..., tuple[Fetcher, list[int]]]


@pytest.fixture
def fetcher() -> Iterator[Make]:
    made: list[Fetcher] = []

    def call(url: str, *, limits: Settings = LIMITS) -> tuple[Fetcher, list[int]]:
        came: list[int] = []
        made.append(Fetcher(named_place(url), limits=limits, told=came.append))
        return made[-1], came

    yield call
    for one in made:
        one.close()


def test_a_part_is_the_bytes_that_were_asked_for_and_the_end_is_the_end(fetcher: Make) -> None:
    with serving({"a": CONTENT}) as server:
        one, came = fetcher(server.url("right", "a"))
        head, version = one.part(0, 1000, pinned=None)
        assert (head, version.size, version.etag) == (CONTENT[:1000], 300_000, '"one"')
        assert one.part(299_990, 1000, pinned=version)[0] == CONTENT[-10:]
        assert sum(came) == 1010
        assert server.requests[1].headers["if-match"] == '"one"'


def test_n2_half_of_all_requests_may_fail(fetcher: Make) -> None:
    with serving({"a": CONTENT}) as server:
        one, _ = fetcher(server.url("half503", "a"), limits=LIMITS.model_copy(update={"remote_tries": 20}))
        version = one.part(0, 1, pinned=None)[1]
        for first in range(0, 300_000, 10_000):
            assert one.part(first, 10_000, pinned=version)[0] == CONTENT[first : first + 10_000]
        assert len(server.requests) > 45


def test_n3_what_came_of_a_body_that_was_cut_is_not_fetched_again(fetcher: Make) -> None:
    with serving({"a": CONTENT}) as server:
        one, came = fetcher(server.url("cut", "a"))
        assert one.part(0, 200_000, pinned=None)[0] == CONTENT[:200_000]
        assert sum(came) == 200_000


def test_n9_a_date_to_wait_for_is_understood_and_no_wait_is_endless(monkeypatch: pytest.MonkeyPatch, fetcher: Make) -> None:
    def later(to: Handler, asked: Asked, content: bytes, number: int) -> None:
        if number == 1:
            to.answer(429, b"", Retry_After="Fri, 31 Dec 2100 23:59:59 GMT")
        else:
            FAULTS[""](to, asked, content, number)

    monkeypatch.setitem(FAULTS, "later", later)
    with serving({"a": CONTENT}) as server:
        began = time.monotonic()
        assert fetcher(server.url("later", "a"))[0].part(0, 10, pinned=None)[0] == CONTENT[:10]
        assert time.monotonic() - began > 0.15


def test_n6_a_signed_address_that_a_redirect_led_to_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, fetcher: Make) -> None:
    def signed(to: Handler, _asked: Asked, _content: bytes, number: int) -> None:
        to.answer(302, b"", Location=to.served.url("short_lived", "a", f"sig={number}"))

    def short_lived(to: Handler, asked: Asked, content: bytes, number: int) -> None:
        if number % 3 == 0:
            to.answer(403, b"")
        else:
            FAULTS[""](to, asked, content, number)

    monkeypatch.setitem(FAULTS, "signed", signed)
    monkeypatch.setitem(FAULTS, "short_lived", short_lived)
    with serving({"a": CONTENT}) as server:
        one, _ = fetcher(server.url("signed", "a"))
        version = one.part(0, 10, pinned=None)[1]
        for first in range(0, 100, 10):
            assert one.part(first, 10, pinned=version)[0] == CONTENT[first : first + 10]
        assert 2 <= len(server.of("signed")) <= 6


def test_h9_a_name_is_looked_up_once_a_connection(monkeypatch: pytest.MonkeyPatch, fetcher: Make) -> None:
    true, calls = socket.getaddrinfo, []

    def look_up(host: str, *rest: object, **more: object) -> object:
        calls.append(host)
        return true("127.0.0.1", *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with serving({"a": CONTENT}) as server:
        url = server.url("right", "a").replace("127.0.0.1", "changing.example")
        one, _ = fetcher(url, limits=LIMITS.allowing(["changing.example"]))
        for first in range(5):
            one.part(first, 1, pinned=None)
        assert calls == ["changing.example"]
        with pytest.raises(RemoteError, match="private network"):
            fetcher(url.replace("http:", "https:"), limits=Settings())[0].part(0, 1, pinned=None)


def test_n8_a_certificate_that_does_not_hold_is_final_and_a_broken_handshake_is_not(tmp_path: Path, fetcher: Make) -> None:
    with serving({"a": CONTENT}) as server, pytest.raises(RemoteBusy, match="secure connection failed"):
        fetcher(server.url("right", "a").replace("http:", "https:"))[0].part(0, 1, pinned=None)
    if shutil.which("openssl") is None:
        pytest.skip("no openssl to make a certificate with")
    pem = tmp_path / "own.pem"
    words = (
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
        "-keyout",
        pem,
        "-out",
        pem,
    )
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    with serving({"a": CONTENT}, certificate=pem) as server, pytest.raises(RemoteError, match="certificate") as caught:
        fetcher(server.url("right", "a").replace("http:", "https:"))[0].part(0, 1, pinned=None)
    assert not caught.value.retry


def test_n4_a_server_without_ranges_is_told_apart(fetcher: Make) -> None:
    with serving({"a": CONTENT}) as server:
        with pytest.raises(Unranged):
            fetcher(server.url("noranges", "a"))[0].part(0, 10, pinned=None)
        whole = bytearray()
        fetcher(server.url("noranges", "a"))[0].whole(whole.extend, whole.clear, most=1 << 20)
        assert whole == CONTENT


def test_h11_the_name_of_a_place_tells_nothing_of_its_query() -> None:
    url = "https://host/a.tif?sig=verborgen"
    place = named_place(url)
    assert "verborgen" not in place
    assert address_of(place) == url
    assert address_of("https://host/a.tif?query-00000000") == "https://host/a.tif"


def test_n1_a_connection_that_is_refused_is_tried_and_given_up(fetcher: Make) -> None:
    server = Server(port=1)
    with pytest.raises(RemoteBusy, match="refuses the connection, 8 times") as caught:
        fetcher(server.url("right", "a"))[0].part(0, 1, pinned=None)
    assert caught.value.retry
