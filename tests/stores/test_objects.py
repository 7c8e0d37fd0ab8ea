import importlib
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from sattrack.errors import StoreError, UsageError
from sattrack.stores import objects as object_store
from sattrack.stores.locations import Location
from sattrack.stores.objects import Objects
from tests.buckets import Bucket, bucket, give_keys, s3_server  # noqa: F401


@pytest.fixture(params=["s3", "memory"])
def objects(request: pytest.FixtureRequest) -> Objects:
    if request.param == "s3":
        return request.getfixturevalue("bucket").objects()
    pytest.importorskip("fsspec").filesystem("memory").store.clear()
    return Objects(Location("memory", "run"))


def test_what_is_put_is_got_listed_and_removed(objects: Objects) -> None:
    objects.put("parts/b", b"two")
    objects.put("parts/a", b"one")
    objects.put("parts/a", b"one again")
    assert objects.get("parts/a") == b"one again"
    assert objects.names("parts") == ["a", "b"]
    assert objects.names("nothing") == []
    assert objects.find("parts/c") is None
    with pytest.raises(FileNotFoundError):
        objects.get("parts/c")
    objects.remove("parts/a")
    objects.remove("parts/a")
    assert objects.names("parts") == ["b"]


def test_what_is_there_is_not_put_anew(objects: Objects) -> None:
    assert objects.put_new("lock/1", b"mine")
    assert not objects.put_new("lock/1", b"yours")
    assert objects.get("lock/1") == b"mine"


def test_a_store_that_refuses_conditions_gets_a_plain_put(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = objects._fs.pipe_file

    def strict(path: str, content: bytes, **words: Any) -> None:
        if words:
            raise OSError("[Errno 5] A header you provided implies functionality that is not implemented: NotImplemented")
        plain(path, content)

    monkeypatch.setattr(objects._fs, "pipe_file", strict)
    assert objects.put_new("lock/1", b"mine")
    assert objects.put_new("lock/1", b"mine too")


@contextmanager
def refusing(status: int, body: str) -> Iterator[str]:
    """A server that answers every PUT so; its address."""

    class Refusing(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the module's own name)
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _refusal(code: str) -> str:
    """As MinIO words it: without the condition that failed."""
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>At least one of them did not hold</Message></Error>'


@pytest.mark.parametrize(
    ("status", "body"),
    [(412, _refusal("PreconditionFailed")), (412, ""), (409, _refusal("ConditionalRequestConflict"))],
    ids=["no condition", "no words", "another at once"],
)
def test_c9_a_server_that_does_not_say_which_condition_failed_is_understood(
    monkeypatch: pytest.MonkeyPatch, status: int, body: str
) -> None:
    pytest.importorskip("s3fs")
    give_keys(monkeypatch)
    with refusing(status, body) as endpoint:
        assert not Objects(Location("s3", "bucket/run", endpoint), tries=1, timeout_s=5).put_new("lock/1", b"mine")


def test_a_put_that_is_refused_for_another_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("s3fs")
    give_keys(monkeypatch)
    with refusing(409, _refusal("OperationAborted")) as endpoint, pytest.raises(StoreError, match="cannot be written"):
        Objects(Location("s3", "bucket/run", endpoint), tries=1, timeout_s=5).put_new("lock/1", b"mine")


def test_c9_a_bucket_that_is_not_there_and_a_server_that_is_not_are_told_with_the_way_out(bucket: Bucket) -> None:  # noqa: F811
    gone = Objects(Location("s3", "no-such-bucket/run", bucket.endpoint), tries=1, timeout_s=5)
    with pytest.raises(StoreError, match=r"s3://no-such-bucket/run/x: cannot be written.*check that the bucket is there"):
        gone.put("x", b"")
    away = Objects(Location("s3", f"{bucket.name}/run", "http://127.0.0.1:9"), tries=1, timeout_s=2)
    for ask in (lambda: away.get("x"), lambda: away.names("x"), lambda: away.remove("x"), lambda: away.put_new("x", b"")):
        with pytest.raises(StoreError, match="Could not connect"):
            ask()


def test_without_keys_that_is_told_and_no_key_ever(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    keyless = Objects(Location("s3", f"{bucket.name}/other", bucket.endpoint), tries=1, timeout_s=5)
    with pytest.raises(StoreError, match=r"[Cc]redentials") as caught:
        keyless.put("x", b"")
    assert "not-to-be-told" not in str(caught.value)


def test_a_package_that_no_extra_brings_is_named_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(UsageError, match=r"gcsfs is not installed \(pip install gcsfs\)"):
        Objects(Location("gs", "bucket/run"))


def test_a_package_that_is_missing_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(UsageError, match=r"s3fs is not installed \(pip install 'sattrack\[s3\]'\)"):
        Objects(Location("s3", "bucket/run"))


class _OwnError(Exception):
    """As a client raises that knows nothing of OSError."""


class _Elsewhere(MemoryFileSystem):
    """Stands in for another store's client: no word for conditions, an exception of its own, listings that it keeps."""

    protocol = "gs"
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    down = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("gs://")))

    def pipe_file(self, path: str, value: bytes) -> None:
        if self.down:
            raise _OwnError("no such key")
        super().pipe_file(path, value)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Elsewhere]]:
    """Another store, by the name of Google's, whose client is not installed here."""
    package = types.ModuleType("gcsfs")
    retry = types.ModuleType("gcsfs.retry")
    retry.HttpError = _OwnError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gcsfs", package)
    monkeypatch.setitem(sys.modules, "gcsfs.retry", retry)
    registered = importlib.import_module("fsspec.registry")._registry
    monkeypatch.setitem(registered, "gs", _Elsewhere)
    monkeypatch.setattr(_Elsewhere, "store", {})
    monkeypatch.setattr(_Elsewhere, "pseudo_dirs", [""])
    monkeypatch.setattr(_Elsewhere, "down", False)
    object_store._faults.cache_clear()
    yield _Elsewhere
    object_store._faults.cache_clear()


def test_another_store_is_spoken_to_by_its_own_client_and_its_faults_are_told(elsewhere: type[_Elsewhere]) -> None:
    made = Objects(Location("gs", "bucket/run"))
    made.put("parts/b", b"two")
    assert made.put_new("parts/a", b"one")
    assert made.names("parts") == ["a", "b"]
    assert made.get("parts/a") == b"one"
    elsewhere.down = True
    with pytest.raises(StoreError, match=r"gs://bucket/run/parts/c: cannot be written: no such key .*check that the bucket"):
        made.put("parts/c", b"three")


def test_a_client_that_cannot_be_made_is_told(elsewhere: type[_Elsewhere], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_self: object, *_args: object, **_options: object) -> None:
        raise ValueError("must provide an account")

    monkeypatch.setattr(elsewhere, "__init__", refused)
    with pytest.raises(UsageError, match=r"its client cannot be made: must provide an account"):
        Objects(Location("gs", "bucket/run"))
