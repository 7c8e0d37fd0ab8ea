"""One file for an export of two parts: whole, or refused before anything of it is used."""

import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from sattrack.detectors import packing
from sattrack.detectors.packing import pack, read_packed, write_packed
from sattrack.errors import WeightsError

GRAPH, CONSTANTS = b"<net/>" * 500, bytes(range(256)) * 40


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "x.int8.zip"
    write_packed(GRAPH, CONSTANTS, path)
    return path


def test_what_is_packed_is_read_again_and_is_the_same_bytes_each_time(packed: Path) -> None:
    assert read_packed(packed) == (GRAPH, CONSTANTS)
    assert packed.read_bytes() == pack(GRAPH, CONSTANTS)


def test_P6_no_bit_can_be_flipped_without_notice(packed: Path) -> None:
    whole = packed.read_bytes()
    for place in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[place] ^= 4
        packed.write_bytes(changed)
        # A time or a right of an entry may change; what is used may not.
        with suppress(WeightsError):
            assert read_packed(packed) == (GRAPH, CONSTANTS)


def test_P6_parts_that_are_not_what_their_digests_say_are_refused(packed: Path) -> None:
    with zipfile.ZipFile(packed) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    parts["model.bin"] = parts["model.bin"][:-1] + b"!"
    with zipfile.ZipFile(packed, "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    with pytest.raises(WeightsError, match=r"model\.bin is not what its sha256 says"):
        read_packed(packed)


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"<html>not here</html>", b"PK\x03\x04" + b"\x00" * 60])
def test_P5_what_is_no_zip_is_refused_with_its_name(packed: Path, content: bytes) -> None:
    packed.write_bytes(content)
    with pytest.raises(WeightsError, match=r"x\.int8\.zip"):
        read_packed(packed)


def test_P5_every_cut_is_noticed(packed: Path) -> None:
    whole = packed.read_bytes()
    for length in range(0, len(whole) - 1, 11):
        packed.write_bytes(whole[:length])
        with pytest.raises(WeightsError):
            read_packed(packed)


def test_H12_names_in_the_file_are_never_paths_here(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed, "a") as file:
        file.writestr("../../evil", b"x")
    with pytest.raises(WeightsError, match=r"holds .*\.\./evil"):
        read_packed(packed)
    assert [path.name for path in tmp_path.iterdir()] == [packed.name]


def test_D5_a_file_that_claims_too_much_is_not_unpacked(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "MOST_BYTES", 5000)
    with pytest.raises(WeightsError, match="claims 1"):
        read_packed(packed)
