"""A server that speaks S3, started by the tests on this machine: a fresh bucket for each test that asks for one."""

import itertools
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sattrack.stores.locations import Location
from sattrack.stores.objects import Objects

_NUMBERS = itertools.count()


@dataclass(frozen=True)
class Bucket:
    """client: of boto3, to look behind the store's back."""

    endpoint: str
    name: str
    client: Any

    def at(self, prefix: str = "run") -> Location:
        return Location("s3", f"{self.name}/{prefix}", self.endpoint)

    def objects(self, prefix: str = "run") -> Objects:
        return Objects(self.at(prefix), tries=2, timeout_s=10)

    def contents(self, prefix: str = "run") -> dict[str, bytes]:
        """Every object below the prefix, by name."""
        listed = self.client.list_objects_v2(Bucket=self.name, Prefix=f"{prefix}/").get("Contents", [])
        keys = [one["Key"] for one in listed]
        return {key.partition("/")[2]: self.client.get_object(Bucket=self.name, Key=key)["Body"].read() for key in keys}


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    server_of = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def give_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that the server takes, as all do, and nothing of this machine's own."""
    keys = {
        "AWS_ACCESS_KEY_ID": "an id", "AWS_SECRET_ACCESS_KEY": "not-to-be-told", "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
    }  # fmt: skip
    for name, value in keys.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> Bucket:
    import boto3

    give_keys(monkeypatch)
    client = boto3.client("s3", endpoint_url=s3_server)
    name = f"bucket-{next(_NUMBERS)}"
    client.create_bucket(Bucket=name)
    return Bucket(s3_server, name, client)
