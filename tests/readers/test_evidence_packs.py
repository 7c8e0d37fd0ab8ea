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


@pytest.mark.parametrize(
    "name", ["../evil.txt", "/evil.txt", "a/../../evil.txt", "a\\..\\evil.txt", ".profile", "a//b", "é.txt"]
)
def test_h12_a_pack_that_would_unpack_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(StoreError, match="is no file as packs hold them"):
        read_pack(packed(tmp_path / "a.zip", NEEDED | {name: b"x"}))


def test_h12_a_link_in_a_pack_is_refused(tmp_path):
    path = packed(tmp_path / "a.zip", NEEDED)
    link = zipfile.ZipInfo("page.html")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    with zipfile.ZipFile(path, "a") as pack:
        pack.writestr(link, b"/etc/passwd")
    with pytest.raises(StoreError, match=r"'page\.html' in it is no file as packs hold them"):
        read_pack(path)


def test_of_two_names_that_are_one_on_other_machines_none_is_taken(tmp_path):
    with pytest.raises(StoreError, match="holds 5 files, or one twice"):
        read_pack(packed(tmp_path / "a.zip", NEEDED | {"page.html": b"a", "PAGE.html": b"b"}))


def test_folders_of_a_pack_that_was_packed_again_are_no_files(tmp_path):
    files = NEEDED | {"changes/boxes.csv": b"a,b\n"}
    assert read_pack(packed(tmp_path / "a.zip", files | {"changes/": b""})) == files


def test_what_cannot_be_unpacked_is_said_in_one_line(tmp_path):
    path = packed(tmp_path / "a.zip", NEEDED | {"é.txt": b"x"})
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xfe"))  # a name that says it is UTF-8 and is not
    with pytest.raises(StoreError, match="the pack is damaged: 'utf-8' codec"):
        read_pack(path)
    path = packed(tmp_path / "b.zip", NEEDED | {"page.html": b"x" * 1000}, compression=zipfile.ZIP_LZMA)
    whole = path.read_bytes()
    path.write_bytes(whole[:60] + bytes(20) + whole[80:])
    with pytest.raises(StoreError, match="is no file as packs hold them"):
        read_pack(path)
