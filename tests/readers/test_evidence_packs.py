"""Reading evidence packs that anybody may have made."""

import zipfile

import pytest

from sattrack.errors import StoreError
from sattrack.readers import evidence_packs
from sattrack.readers.evidence_packs import read_pack

NEEDED = {"SHA256SUMS": b"", "alert.json": b"{}", "provenance.json": b"{}"}


def packed(path, files, **options):
    with zipfile.ZipFile(path, "w", **options) as pack:
        for name, content in files.items():
            pack.writestr(name, content)
    return path


def test_files_come_back_by_name(tmp_path):
    files = NEEDED | {"changes/boxes.csv": b"a,b\n"}
    assert read_pack(packed(tmp_path / "a.zip", files)) == files


def test_a_zip_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence_packs, "_MOST_BYTES", 1 << 20)
    path = packed(tmp_path / "bomb.zip", NEEDED | {"zeros": bytes(2 << 20)}, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 10_000
    with pytest.raises(StoreError, match="unpacks to more than 1 MiB"):
        read_pack(path)


def test_what_lacks_a_file_that_every_pack_has_is_no_pack(tmp_path):
    with pytest.raises(StoreError, match=r"holds no alert\.json"):
        read_pack(packed(tmp_path / "a.zip", {"SHA256SUMS": b""}))


def test_a_byte_turned_in_a_file_is_said(tmp_path):
    path = packed(tmp_path / "a.zip", NEEDED | {"before.png": b"pixels pixels"})
    path.write_bytes(path.read_bytes().replace(b"pixels pixels", b"pixels pixelz"))
    with pytest.raises(StoreError, match="damaged"):
        read_pack(path)
