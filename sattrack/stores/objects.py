"""Objects: whole objects put, got, listed and removed under one prefix of a store that fsspec speaks to."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from typing import Any

from sattrack.errors import StoreError, UsageError
from sattrack.stores.locations import SCHEMES, Location

_WAYS_OUT = {
    "s3": "check that the bucket is there, that its keys are given (AWS_ACCESS_KEY_ID, AWS_PROFILE or the machine's role), and "
    "--store-endpoint where it is not Amazon's"
}
# What a store's client raises of its own where a request fails, or before it asks.
_OWN_FAULTS = {
    "s3": ("botocore.exceptions:BotoCoreError",),
    "gs": ("gcsfs.retry:HttpError", "google.auth.exceptions:GoogleAuthError", "aiohttp:ClientError"),
    "az": ("azure.core.exceptions:AzureError", "aiohttp:ClientError"),
}


class Objects:
    """The objects below a location, by name. An object is put whole or not at all; every fault is a StoreError.

    tries, timeout_s: of each request, where the store's client lets us say so.
    """

    def __init__(self, location: Location, *, tries: int = 5, timeout_s: float = 30.0) -> None:
        self.location = location
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
            except TypeError:  # its client has no word for it
                self._fs.pipe_file(self._path(name), content)
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
                # Each client's own word for looking anew is another one.
                self._fs.invalidate_cache()
                found = self._fs.ls(self._path(folder), detail=False)
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
        except _faults(self.location.scheme) as error:
            raise self._error(name, done, error) from error

    def _error(self, name: str, done: str, error: Exception) -> StoreError:
        said = str(error).strip() or type(error).__name__
        return StoreError(
            f"cannot be {done}: {said[:300]}", where=f"{self.location}/{name}",
            way_out=_WAYS_OUT.get(self.location.scheme, "check that the bucket is there, and that its client finds its keys"),
        )  # fmt: skip


def _filesystem(location: Location, *, tries: int, timeout_s: float) -> Any:
    package = SCHEMES[location.scheme]
    try:
        fsspec = import_module("fsspec")
        import_module(package)
    except ImportError as error:
        extra = "'sattrack[s3]'" if location.scheme in ("s3", "memory") else package
        raise UsageError(f"{error.name} is not installed", where=str(location), way_out=f"pip install {extra}") from error
    options: dict[str, Any] = {}
    if location.scheme == "s3":
        retries = {"max_attempts": tries, "mode": "standard"}
        config = {"connect_timeout": timeout_s, "read_timeout": timeout_s, "retries": retries}
        options = {"endpoint_url": location.endpoint or None, "config_kwargs": config}
    if location.scheme != "memory":
        options |= {"use_listings_cache": False, "skip_instance_cache": True}
    try:
        return fsspec.filesystem(location.scheme, **options)
    except _faults(location.scheme) as error:
        raise UsageError(
            f"its client cannot be made: {str(error).strip()[:300] or type(error).__name__}", where=str(location),
            way_out="give its keys where the client looks for them: environment, profile or the machine's role",
        ) from error  # fmt: skip


def _was_there(error: OSError) -> bool:
    """Whether a server refused a put since there is such an object, or another puts it now.

    s3fs makes that FileExistsError only where the answer names the condition that failed, which MinIO's, for one, does not.
    """
    said = getattr(error.__cause__, "response", None) or {}
    code, status = said.get("Error", {}).get("Code"), said.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status == 412 or code in ("PreconditionFailed", "ConditionalRequestConflict")


@lru_cache(maxsize=8)
def _faults(scheme: str) -> tuple[type[Exception], ...]:
    """What may come out of a store's client, as far as it is installed."""
    found: list[type[Exception]] = [OSError, ValueError]
    for named in _OWN_FAULTS.get(scheme, ()):
        module, _, name = named.partition(":")
        try:
            found.append(getattr(import_module(module), name))
        except (ImportError, AttributeError):  # another version names it otherwise
            continue
    return tuple(found)
