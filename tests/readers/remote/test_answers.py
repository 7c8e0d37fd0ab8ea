"""What servers' answers mean."""

import email.message
import http.client
from typing import Any, cast
from urllib.parse import urlsplit

import pytest

from sattrack.errors import RemoteBusy, RemoteError
from sattrack.readers.remote import answers
from sattrack.readers.remote.answers import Passing, Version


class _Answer:
    def __init__(self, status: int, *, length: int | None = None, **headers: str) -> None:
        self.status, self.reason, self.length = status, "", length
        self._headers = email.message.Message()
        for name, value in headers.items():
            self._headers[name.replace("_", "-")] = value

    def getheader(self, name: str) -> Any:
        return self._headers.get(name)


def answer(status: int, *, length: int | None = None, **headers: str) -> http.client.HTTPResponse:
    return cast(http.client.HTTPResponse, _Answer(status, length=length, **headers))


def promised(pinned: Version | None = None, **headers: str) -> tuple[Version, int]:
    return answers.promised(answer(206, length=100, **headers), 100, 199, pinned=pinned, named="x")


def test_a_part_must_be_the_one_that_was_asked_for() -> None:
    assert promised(Content_Range="bytes 100-199/500", ETag='"a"') == (Version(500, '"a"', ""), 100)
    for wrong in ("bytes 0-99/500", "bytes 100-198/500", "bytes 100-199/*", "pages 1-2/3", ""):
        with pytest.raises(Passing):
            promised(Content_Range=wrong)
    with pytest.raises(Passing, match="another length"):
        answers.promised(answer(206, length=7, Content_Range="bytes 100-199/500"), 100, 199, pinned=None, named="x")


@pytest.mark.parametrize("now", [Version(501, '"a"', "t"), Version(500, '"b"', "t"), Version(500, '"a"', "u")])
def test_n7_size_tag_and_time_of_change_each_tell_of_a_change(now: Version) -> None:
    with pytest.raises(RemoteBusy, match="changed"):
        promised(Version(500, '"a"', "t"), Content_Range=f"bytes 100-199/{now.size}", ETag=now.etag, Last_Modified=now.modified)


def test_a_weak_tag_is_compared_but_is_no_condition() -> None:
    assert Version(5, '"a"', "t").as_condition() == {"If-Match": '"a"'}
    assert Version(5, 'W/"a"', "t").as_condition() == {"If-Unmodified-Since": "t"}
    assert Version(5, 'W/"a"', "").as_condition() == {}


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("7", 7.0), ("1.5", 1.5), ("-3", 0.0), ("nan", 0.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0)],
)
def test_n9_the_wait_that_a_server_asks_for(asked: str, seconds: float) -> None:
    with pytest.raises(Passing) as caught:
        answers.refuse_status(answer(429, Retry_After=asked), named="x")
    assert caught.value.wait == seconds


def test_a_bucket_that_lies_elsewhere_is_asked_there() -> None:
    place = urlsplit("https://bucket.s3.amazonaws.com/a.tif")
    led = answers.redirected(answer(301, x_amz_bucket_region="eu-central-1"), place, named="x")
    assert led.geturl() == "https://bucket.s3.eu-central-1.amazonaws.com/a.tif"
    dotted = urlsplit("https://s3.amazonaws.com/bucket.of.dots/a.tif")
    led = answers.redirected(answer(301, x_amz_bucket_region="eu-central-1"), dotted, named="x")
    assert led.geturl() == "https://s3.eu-central-1.amazonaws.com/bucket.of.dots/a.tif"
    with pytest.raises(RemoteError, match="no address"):
        answers.redirected(answer(301, x_amz_bucket_region="eu-central-1"), urlsplit("https://nots3.amazonaws.com/a"), named="")


@pytest.mark.parametrize("target", ["", "https://a:b@host/x", "https://[::1/x", "https://host:0/x", "https://h/ä"])
def test_h9_a_redirect_to_nowhere_is_an_error(target: str) -> None:
    with pytest.raises(RemoteError, match="no address"):
        answers.redirected(answer(302, Location=target), urlsplit("https://host/a"), named="x")
    assert (
        answers.redirected(answer(302, Location="/b?c=1"), urlsplit("https://host/a?d=2"), named="x").geturl()
        == "https://host/b?c=1"
    )
