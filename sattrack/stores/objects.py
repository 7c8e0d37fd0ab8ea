"""Objects: whole objects put, got, listed and removed under one prefix of a store that fsspec speaks to."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from typing import Any

from sattrack.errors import StoreError, UsageError
from sattrack.stores.locations import SCHEMES, Location


class Objects:
    """The objects below a location, by name. An object is put whole or not at all; every fault is a StoreError.

    tries, timeout_s: of each request, where the store's client lets us say so.
    """

    def __init__(self, location: Location, *, tries: int = 5, timeout_s: float = 30.0) -> None:
        self.location = location
        self._tries, self._timeout_s = tries, timeout_s
        self._fs = _filesystem(location, tries=tries, timeout_s=timeout_s)

    def put(self, name: str, content: bytes) -> None:
        with self._told(name, "written"):
            self._fs.pipe_file(self._path(name), content)

    def put_new(self, name: str, content: bytes) -> bool:
        """Whether the object was put: not where there is one of that name, if the store can tell at all."""
        with self._told(name, "written"):
            try:
                self._fs.pipe_file(self._path(name), content, mode="create")
            except FileExistsError:
                return False
            except OSError as error:
                if _was_there(error):
                    return False
                # Some stores refuse the condition instead of passing over it.
                if "NotImplemented" not in str(error):
                    raise
                self._fs.pipe_file(self._path(name), content)
            return True

    def get(self, name: str) -> bytes:
        """The object's bytes. FileNotFoundError where there is none."""
        with self._told(name, "read"):
            return bytes(self._fs.cat_file(self._path(name)))

    def find(self, name: str) -> bytes | None:
        """The object's bytes, or none."""
        try:
            return self.get(name)
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        """The names of the objects in a folder, in order."""
        with self._told(folder, "listed"):
            try:
                found = self._fs.ls(self._path(folder), detail=False, refresh=True)
            except FileNotFoundError:
                return []
        return sorted(str(one).rpartition("/")[2] for one in found)

    def remove(self, name: str) -> None:
        """Removes an object, if it is there."""
        with self._told(name, "removed"):
            try:
                self._fs.rm_file(self._path(name))
            except FileNotFoundError:
                return

    def _path(self, name: str) -> str:
        return f"{self.location.path}/{name}" if self.location.scheme != "memory" else f"/{self.location.path}/{name}"

    @contextmanager
    def _told(self, name: str, done: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if done != "written":
                raise
            raise self._error(name, done, error) from error
        except _faults() as error:
            raise self._error(name, done, error) from error

    def _error(self, name: str, done: str, error: Exception) -> StoreError:
        said = str(error).strip() or type(error).__name__
        return StoreError(
            f"cannot be {done}: {said[:300]}", where=f"{self.location}/{name}",
            way_out="check that the bucket is there, that its keys are given (AWS_ACCESS_KEY_ID, AWS_PROFILE or the machine's "
            "role), and --store-endpoint where it is not Amazon's",
        )  # fmt: skip


def _filesystem(location: Location, *, tries: int, timeout_s: float) -> Any:
    package = SCHEMES[location.scheme]
    try:
        fsspec = import_module("fsspec")
        import_module(package)
    except ImportError as error:
        raise UsageError(f"{error.name} is not installed", where=str(location), way_out="pip install 'sattrack[s3]'") from error
    if location.scheme != "s3":
        return fsspec.filesystem(location.scheme)
    return fsspec.filesystem(
        "s3", endpoint_url=location.endpoint or None, use_listings_cache=False, skip_instance_cache=True,
        config_kwargs={
            "connect_timeout": timeout_s, "read_timeout": timeout_s, "retries": {"max_attempts": tries, "mode": "standard"},
        },
    )  # fmt: skip


def _was_there(error: OSError) -> bool:
    """Whether a server refused a put since there is such an object, or another puts it now.

    s3fs makes that FileExistsError only where the answer names the condition that failed, which MinIO's, for one, does not.
    """
    said = getattr(error.__cause__, "response", None) or {}
    code, status = said.get("Error", {}).get("Code"), said.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == 412 or code in ("PreconditionFailed", "ConditionalRequestConflict")


@lru_cache(maxsize=1)
def _faults() -> tuple[type[Exception], ...]:
    """What a store's client raises where a request fails: OSError, and what botocore says before it asks."""
    try:
        return (OSError, ValueError, import_module("botocore.exceptions").BotoCoreError)
    except ImportError:
        return (OSError, ValueError)
