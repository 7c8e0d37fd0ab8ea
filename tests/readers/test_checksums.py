"""Checksums: what a list says is held against every file that pixels come from."""

import hashlib
from pathlib import Path

import pytest

from sattrack.errors import SceneError
from sattrack.readers.checksums import verified

VRT = (
    '<VRTDataset rasterXSize="160" rasterYSize="120"><VRTRasterBand dataType="Byte" band="1"><ColorInterp>Gray</ColorInterp>'
    '<SimpleSource><SourceFilename relativeToVRT="1">a.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource>'
    "</VRTRasterBand></VRTDataset>"
)


def listing(folder: Path, *names: str) -> Path:
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / "SHA256SUMS").write_text("".join(lines))
    return folder / "SHA256SUMS"


def test_the_pictures_of_a_virtual_raster_must_be_what_the_list_says_too(write, picture, scene_of, tmp_path):
    write("a.tif", picture[:1])
    (tmp_path / "mosaic.vrt").write_text(VRT)
    scene = scene_of(str(tmp_path / "mosaic.vrt"), gsd_m=(0.5, 0.5))
    with pytest.raises(SceneError, match=r"a\.tif: is not listed"):
        verified(lambda _: "digest", listed=listing(tmp_path, "mosaic.vrt"))(scene)
    sums = listing(tmp_path, "mosaic.vrt", "a.tif")
    assert verified(lambda _: "digest", listed=sums)(scene) == "digest"
    write("a.tif", 255 - picture[:1])
    with pytest.raises(SceneError, match=r"a\.tif: its sha256 is"):
        verified(lambda _: "digest", listed=sums)(scene)


def test_a_mask_that_the_list_names_must_be_what_it_says(write, picture, scene_of, tmp_path):
    path, mask = write("a.tif", picture), write("a_mask.tif", picture[:1] * 0)
    scene = scene_of(path, mask=mask)
    assert verified(lambda _: "digest", listed=listing(tmp_path, "a.tif"))(scene) == "digest"
    check = verified(lambda _: "digest", listed=listing(tmp_path, "a.tif", "a_mask.tif"))
    assert check(scene) == "digest"
    write("a_mask.tif", picture[:1])
    with pytest.raises(SceneError, match=r"a_mask\.tif: its sha256 is"):
        check(scene)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_any_name_may_stand_in_the_list_as_sha256sum_writes_it(write, picture, scene_of, tmp_path, end):
    named = {"back\\slash n.tif": r"back\\slash n.tif", "next\u2028line.tif": "next\u2028line.tif", "two  a.tif": "two  a.tif"}
    lines = []
    for name, as_written in named.items():
        digest = hashlib.sha256(Path(write(name, picture)).read_bytes()).hexdigest()
        lines.append(f"{chr(92) if name != as_written else ''}{digest}  {as_written}{end}")
    (tmp_path / "SHA256SUMS").write_bytes("".join(lines).encode())
    check = verified(lambda scene: scene.location, listed=tmp_path / "SHA256SUMS")
    assert [Path(check(scene_of(str(tmp_path / name)))).name for name in named] == [*named]
