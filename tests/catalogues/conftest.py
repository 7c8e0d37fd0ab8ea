"""The recorded catalogue on a server, and the real entry point."""

from collections.abc import Iterator

import pytest

from tests.catalogues.serving import Catalogue, serving
from tests.cli.conftest import detectors, sattrack, site

__all__ = ["detectors", "sattrack", "site"]


@pytest.fixture
def served() -> Iterator[Catalogue]:
    with serving() as catalogue:
        yield catalogue


@pytest.fixture
def host(served: Catalogue) -> tuple[str, ...]:
    """The options that let the server be asked."""
    return "--allow-host", f"127.0.0.1:{served.port}"
