"""Leave to read the Planetary Computer's files: asked for once a container, kept in memory, and for no other item's files."""

import datetime as dt
import random
import re

import pytest

from sattrack.errors import RemoteError
from sattrack.readers.catalogues import signing
from sattrack.readers.catalogues.items import read_item
from sattrack.readers.remote.fetching import Fetcher
from sattrack.readers.remote.places import address_of, learn
from sattrack.readers.remote.refreshing import refreshed
from sattrack.settings import Settings
from tests.catalogues.serving import RECORDED, serving
from tests.faults.misbehaving import serving as misbehaving

PLACE = "https://naipeuwest.blob.core.windows.net/naip/v002/ca/a.tif"


@pytest.fixture
def theirs():
    import json

    return read_item(json.loads((RECORDED / "planetary-computer/naip.json").read_text()), where="naip", base="/tmp")


@pytest.fixture
def asked(monkeypatch):
    """A server of tokens in the place of the Planetary Computer's, and the settings that let it be asked."""
    monkeypatch.setattr(signing, "_TOKENS", {})
    monkeypatch.setattr(signing, "_REFUSED", {})
    monkeypatch.setattr(signing, "_SIGNED", {})
    with serving() as served:
        monkeypatch.setattr(signing, "TOKENS_AT", f"{served.base}/token")
        yield served, Settings(remote_tries=1, remote_timeout_s=2).allowing([f"127.0.0.1:{served.port}"])


def token(served, *, minutes: int, text: str = "sig=notakey%3D", at: str = "naipeuwest/naip") -> None:
    until = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
    served.put(f"/token/{at}", {"msft:expiry": f"{until:%Y-%m-%dT%H:%M:%SZ}", "token": text})


def test_leave_is_asked_for_once_and_is_no_part_of_the_place(asked, theirs) -> None:
    served, limits = asked
    token(served, minutes=45)
    for name in ("a", "b", "c"):
        signing.sign(PLACE.replace("a.tif", f"{name}.tif"), theirs, limits=limits)
    assert address_of(PLACE) == f"{PLACE}?sig=notakey%3D"
    assert len(served.asked) == 1


def test_leave_that_lasts_for_days_is_taken(asked, theirs) -> None:
    served, limits = asked
    token(served, minutes=3 * 24 * 60)
    signing.sign(f"{PLACE}0", theirs, limits=limits)
    assert address_of(f"{PLACE}0") == f"{PLACE}0?sig=notakey%3D"


def test_leave_that_ends_soon_is_asked_for_anew(asked, theirs) -> None:
    served, limits = asked
    token(served, minutes=2)
    signing.sign(f"{PLACE}1", theirs, limits=limits)
    token(served, minutes=45, text="sig=fresh")
    signing.sign(f"{PLACE}2", theirs, limits=limits)
    assert address_of(f"{PLACE}2") == f"{PLACE}2?sig=fresh"


def test_a_place_that_was_signed_is_signed_again_when_its_leave_ends(asked, theirs) -> None:
    """As a watch does that looks at the same list each hour."""
    served, limits = asked
    token(served, minutes=2, text="sig=first")
    signing.sign(f"{PLACE}5", theirs, limits=limits)
    token(served, minutes=45, text="sig=second")
    signing.sign(f"{PLACE}5", theirs, limits=limits)
    assert address_of(f"{PLACE}5") == f"{PLACE}5?sig=second"
    learn({f"{PLACE}6": "sig=theusersown"})
    signing.sign(f"{PLACE}6", theirs, limits=limits)
    assert address_of(f"{PLACE}6") == f"{PLACE}6?sig=theusersown"


def test_a_token_that_the_server_refuses_is_replaced_for_what_was_signed_here_alone(asked, theirs) -> None:
    served, limits = asked
    token(served, minutes=45, text="sig=first")
    signing.sign(f"{PLACE}7", theirs, limits=limits)
    learn({f"{PLACE}8": "sig=first"})
    assert not refreshed(f"{PLACE}7", used="sig=first")  # the same is given again
    token(served, minutes=45, text="sig=second")
    assert refreshed(f"{PLACE}7", used="sig=first")
    assert address_of(f"{PLACE}7") == f"{PLACE}7?sig=second"
    assert not refreshed(f"{PLACE}8", used="sig=first")
    served.files.clear()
    assert not refreshed(f"{PLACE}7", used="sig=second")


def test_no_other_place_and_no_other_catalogues_item_is_signed(asked, theirs) -> None:
    served, limits = asked
    token(served, minutes=45)
    signing.sign("https://example.org/naip/a.tif", theirs, limits=limits)
    signing.sign("https://naipeuwest.blob.core.windows.net.example.org/naip/a.tif", theirs, limits=limits)
    stranger = read_item({**theirs.raw, "links": []}, where="x", base="/tmp")
    signing.sign(f"{PLACE}3", stranger, limits=limits)
    assert served.asked == []


@pytest.mark.parametrize("answer", [b"<html>", b"[]", b'{"token": ""}', b'{"token": "a", "msft:expiry": 3}'])
def test_leave_that_is_not_given_is_an_error_and_asked_for_once(asked, theirs, answer: bytes) -> None:
    served, limits = asked
    served.files["/token/naipeuwest/naip"] = answer
    for _ in range(3):
        with pytest.raises(RemoteError, match="no leave"):
            signing.sign(PLACE + "4", theirs, limits=limits)
    assert len(served.asked) == 1


def test_a_read_goes_on_when_its_leave_ends_in_the_middle(asked, theirs, monkeypatch) -> None:
    served, limits = asked
    content = random.Random(1).randbytes(100_000)
    with misbehaving({"a.tif": content}) as server:
        monkeypatch.setattr(signing, "_BLOB", re.compile(rf"http://127\.0\.0\.1:{server.port}/(signed)/(a)\.tif"))
        token(served, minutes=45, text="sig=first", at="signed/a")
        place = server.url("signed", "a.tif")
        signing.sign(place, theirs, limits=limits)
        fetcher = Fetcher(place, limits=limits.allowing(["127.0.0.1"]).model_copy(update={"remote_tries": 2}), told=[].append)
        version = fetcher.part(0, 1000, pinned=None)[1]
        token(served, minutes=45, text="sig=fresh", at="signed/a")
        assert fetcher.part(1000, 99_000, pinned=version)[0] == content[1000:]
        fetcher.close()
    assert address_of(place) == f"{place}?sig=fresh"
