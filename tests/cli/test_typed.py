"""The command as it is recorded."""

import sys

import pytest

from sattrack.cli.typed import typed


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        ("scenes/a b?.tif", "'scenes/a b?.tif'"),
        ("https://host/a.tif?sig=x", "'https://host/a.tif?...'"),
        ("https://id:x@host:1/a@b.tif", "https://host:1/a@b.tif"),
        ("--catalogue=https://id:x@host/?k=x", "'--catalogue=https://host/?...'"),
        ("https://host/a.tif", "https://host/a.tif"),
    ],
)
def test_h11_what_may_be_a_key_is_not_recorded(monkeypatch: pytest.MonkeyPatch, word: str, kept: str) -> None:
    monkeypatch.setattr(sys, "argv", ["sattrack", "cover", word, "-o", "to"])
    assert typed() == f"sattrack cover {kept} -o to"
