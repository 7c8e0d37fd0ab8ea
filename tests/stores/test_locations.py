from pathlib import Path

import pytest

from sattrack.errors import UsageError
from sattrack.stores.locations import Location, checked_endpoint, location_of, run_at


@pytest.fixture(autouse=True)
def no_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)


def test_a_folder_is_a_folder_whatever_it_is_called() -> None:
    assert run_at("runs/busan") == Path("runs/busan")
    assert run_at("C:\\runs") == Path("C:\\runs")
    assert run_at("file:///srv/my%20runs/busan/") == Path("/srv/my runs/busan")
    assert run_at("file://localhost/srv/busan") == Path("/srv/busan")


def test_a_bucket_and_a_prefix_are_a_location() -> None:
    assert run_at("S3://bucket/a/b c/") == Location("s3", "bucket/a/b c")
    assert str(run_at("s3://bucket/a", endpoint="http://127.0.0.1:9000/")) == "s3://bucket/a"
    assert run_at("memory://here") == Location("memory", "here")


def test_the_environment_names_the_server_where_no_option_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio:9000")
    assert location_of("s3://bucket/a").endpoint == "http://minio:9000"
    assert location_of("s3://bucket/a", endpoint="https://other").endpoint == "https://other"
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://nearer:9000")
    assert location_of("s3://bucket/a").endpoint == "http://nearer:9000"
    assert location_of("memory://a").endpoint == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("http://host/run", "cannot be kept at http://"),
        ("sftp://host/run", "cannot be kept at sftp://"),
        ("file://busan", "names no folder of this machine"),
        ("file://runs/busan", "names no folder of this machine"),
        ("s3://bucket", "no prefix"),
        ("s3:///run", "no bucket and prefix"),
        ("s3://bucket/a//b", "no bucket and prefix"),
        ("s3://bucket/../other", "no bucket and prefix"),
        ("s3://bucket/a\nb", "no bucket and prefix"),
        ("s3://id:secret@bucket/run", "holds no user"),
        ("s3://bucket/run?X-Amz-Signature=secret", "holds no user"),
    ],
)
def test_what_is_no_place_for_a_run_is_refused_and_no_secret_repeated(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        run_at(text)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["host:9000", "ftp://host", "http://", "http://id:secret@host", "http://host/?key=secret"])
def test_an_endpoint_is_a_server_and_nothing_secret(text: str) -> None:
    with pytest.raises(UsageError, match="no address of a server") as caught:
        checked_endpoint(text)
    assert "secret" not in str(caught.value)
    with pytest.raises(UsageError, match=r"is of s3://"):
        run_at("memory://a", endpoint="http://host")


@pytest.mark.parametrize("text", ["bucket/run", "file:///srv/run"])
def test_a_server_is_not_given_for_a_folder_where_the_scheme_was_forgotten(text: str) -> None:
    with pytest.raises(UsageError, match=r"--store-endpoint is of s3://, and this is a folder \(give a folder, or s3://BUCKET"):
        run_at(text, endpoint="https://minio")


def test_only_a_location_is_pulled() -> None:
    with pytest.raises(UsageError, match="needs no copy"):
        location_of("runs/busan")


@pytest.mark.parametrize("text", ["s3:/bucket/run", "S3:/bucket/run", "gs:/bucket/run", str(Path("s3://bucket/run"))])
def test_an_address_with_one_slash_is_no_folder_here(text: str) -> None:
    with pytest.raises(UsageError, match="has one slash"):
        run_at(text)
    assert run_at(f"/data/{text}") == Path(f"/data/{text}")
