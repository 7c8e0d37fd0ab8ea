"""Where the links of a catalogue lead: to its own host, as it calls itself, and nowhere else."""

import pytest

from sattrack.errors import CatalogueError
from sattrack.readers.remote.documents import Documents
from sattrack.settings import Settings

ROOT = "https://stac.example/v1"


@pytest.fixture
def documents() -> Documents:
    return Documents(ROOT, limits=Settings())


@pytest.mark.parametrize(
    "href",
    [
        "search?token=2",
        "/v1/search?token=2",
        "http://stac.example/v1/search?token=2",
        "HTTP://Stac.Example:80/v1/search?token=2",
    ],
)
def test_a_server_that_calls_itself_by_plain_http_is_asked_by_https(documents: Documents, href: str) -> None:
    assert documents.resolved(href, base=f"{ROOT}/search") == f"{ROOT}/search?token=2"


def test_a_port_that_is_the_usual_one_is_no_other_host(documents: Documents) -> None:
    assert documents.resolved("https://stac.example:443/v1/a", base=ROOT) == "https://stac.example:443/v1/a"


@pytest.mark.parametrize("href", ["http://other.example/v1", "http://stac.example:8080/v1", "https://stac.example:444/v1"])
def test_links_to_another_host_or_port_are_refused(documents: Documents, href: str) -> None:
    with pytest.raises(CatalogueError, match="leads out of the catalogue"):
        documents.resolved(href, base=ROOT)


def test_a_catalogue_that_was_given_by_plain_http_is_left_so() -> None:
    documents = Documents("http://127.0.0.1:80/v1", limits=Settings())
    assert documents.resolved("http://127.0.0.1/v1/a", base="http://127.0.0.1/v1") == "http://127.0.0.1/v1/a"
