import logging
import os
import random
import re
from pathlib import Path

import pytest

from sattrack.errors import ManifestError, UsageError
from sattrack.readers import finding
from sattrack.readers.finding import Source, find_sources
from sattrack.readers.folders import natural_key
from sattrack.readers.remote.places import address_of


def touched(folder: Path, *names: str) -> list[Path]:
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return paths


def names(sources: list[Source], folder: Path) -> list[str]:
    return [os.path.relpath(source.path, folder) for source in sources]


def found(folder: Path, *inputs: object, **how: bool) -> list[str]:
    return names(find_sources([str(i) for i in inputs] or [str(folder)], **how), folder)


def test_a_folder_gives_its_pictures_whatever_the_case_of_the_suffix(tmp_path: Path) -> None:
    suffixes = ["tif", "TIFF", "jp2", "J2K", "png", "jpg", "JpEg", "vrt"]
    touched(tmp_path, *(f"{i}.{s}" for i, s in enumerate(suffixes)), "readme.txt", "a.json", "counts.csv", "a.tif.ovr", "a.ntf")
    assert found(tmp_path) == [f"{i}.{s}" for i, s in enumerate(suffixes)]


def test_s14_the_key_by_which_names_are_sorted_is_as_if_pieces_were_compared_one_by_one() -> None:
    def by_pieces(path: str) -> tuple[object, ...]:
        pieces = re.split(r"([0-9]+)", path)
        return tuple((int(p), "") if i % 2 else (-1, p.casefold()) for i, p in enumerate(pieces)), path

    pick = random.Random(1)
    for _ in range(200):
        some = ["".join(pick.choices("aAbZß/._-é٣0019012 ", k=pick.randrange(9))) for _ in range(40)]
        assert sorted(some, key=natural_key) == sorted(some, key=by_pieces)


def test_names_are_sorted_as_people_count(tmp_path: Path) -> None:
    touched(tmp_path, "t10.tif", "t2.tif", "T1.tif", "t2b.tif", "a/t1.tif", "٣.tif", "²1.tif")
    first = found(tmp_path, recursive=True)
    assert first[:5] == ["a/t1.tif", "T1.tif", "t2.tif", "t2b.tif", "t10.tif"]
    assert first == found(tmp_path, *sorted(tmp_path.rglob("*.tif"), reverse=True))


def test_brackets_in_the_name_of_the_folder_are_no_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "port [2024]" / "in"
    folder.mkdir(parents=True)
    touched(folder, "a1.tif", "a2.tif", "b.tif")
    monkeypatch.chdir(folder)
    for pattern in (
        "a*.tif",
        "./a[12].tif",
        f"{folder}/a*.tif",
        f"{tmp_path}/port [[]2024]/*/a?.tif",
        f"{tmp_path}/*/in/a*.tif",
    ):
        assert names(find_sources([pattern]), folder) == ["a1.tif", "a2.tif"], pattern
    with pytest.raises(UsageError, match="no picture matches"):
        find_sources([f"{'?' * 300}/*.tif"])


def test_subfolders_are_looked_into_on_request_only(tmp_path: Path) -> None:
    touched(tmp_path, "a.tif", "sub/b.tif", "sub/deep/c.tif")
    assert found(tmp_path) == ["a.tif"]
    assert found(tmp_path, recursive=True) == ["a.tif", "sub/b.tif", "sub/deep/c.tif"]


def test_hidden_files_and_earlier_runs_are_passed_over(tmp_path: Path) -> None:
    touched(tmp_path, "a.tif", "._a.tif", ".cache/b.tif", "run/run.json", "run/overlays/a.png", "notes/c.tif")
    assert found(tmp_path, recursive=True) == ["a.tif", "notes/c.tif"]
    assert found(tmp_path, tmp_path / "**/*") == ["a.tif", "notes/c.tif"]


def test_D13_a_loop_of_links_is_walked_once(tmp_path: Path) -> None:
    touched(tmp_path, "a.tif", "sub/b.tif")
    (tmp_path / "sub/loop").symlink_to(tmp_path)
    (tmp_path / "dead.tif").symlink_to(tmp_path / "gone.tif")
    (tmp_path / "self.tif").symlink_to(tmp_path / "self.tif")
    # What leads nowhere is no loop: it is found, and fails where it is opened.
    all_of_them = ["a.tif", "dead.tif", "self.tif", "sub/b.tif"]
    assert found(tmp_path, recursive=True) == all_of_them
    assert found(tmp_path, tmp_path / "**/*.tif") == all_of_them


def test_H15_links_out_of_the_folder_are_not_followed_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inner, outer = tmp_path / "in", tmp_path / "in_other"
    touched(tmp_path, "in/a.tif", "in_other/secret.tif")
    (inner / "way_out.tif").symlink_to(outer / "secret.tif")
    (inner / "folder").symlink_to(outer)
    with caplog.at_level(logging.WARNING):
        for how in ({"recursive": True}, {"recursive": True, "follow_links": True}):
            caplog.clear()
            assert found(inner, **how) == ["a.tif", "way_out.tif"][: len(how)]
            assert "folder: not looked into: it is a link to a folder" in caplog.text
        for pattern in ("*", "**/*.tif"):
            caplog.clear()
            assert found(inner, inner / pattern) == ["a.tif"]
            assert "folder: not looked into: it is a link to a folder" in caplog.text
    assert "way_out.tif: not followed" in caplog.text
    assert found(inner, inner / "way_out.tif") == ["way_out.tif"]


def test_a_folder_named_by_a_link_is_read(tmp_path: Path) -> None:
    touched(tmp_path, "real/a.tif", "real/b.tif")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real/c.tif").symlink_to(tmp_path / "real/a.tif")
    assert found(tmp_path, tmp_path / "link") == ["link/a.tif", "link/b.tif"]


def test_each_file_counts_once_however_often_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touched(tmp_path, "a.tif", "b.tif")
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    assert found(tmp_path, "a.tif", tmp_path, "*.tif", "./other/../a.tif", tmp_path / "a.tif") in (
        ["a.tif", "b.tif"],
        ["b.tif", "other/../a.tif"],
    )


def test_folders_that_a_glob_names_are_looked_into_as_those_that_are_named(tmp_path: Path) -> None:
    touched(tmp_path, "2024-01/sub/a.tif", "2024-02/b.tif", "2024-02/run/c.tif", "2024-02/run/run.json", "other/d.tif")
    folders = [tmp_path / "2024-01", tmp_path / "2024-02"]
    for recursive, all_of_them in ((True, ["2024-01/sub/a.tif", "2024-02/b.tif"]), (False, ["2024-02/b.tif"])):
        assert found(tmp_path, tmp_path / "2024-*", recursive=recursive) == all_of_them
        assert found(tmp_path, *folders, recursive=recursive) == all_of_them
    assert found(tmp_path, tmp_path / "2024-02/*") == ["2024-02/b.tif"]


def test_globs_match_pictures_folders_and_any_depth(tmp_path: Path) -> None:
    touched(tmp_path, "2015/a.tif", "2015/b.png", "2016/c.tif", "2016/x/d.tif", "2016/note.txt")
    assert found(tmp_path, tmp_path / "201?/*.tif") == ["2015/a.tif", "2016/c.tif"]
    assert found(tmp_path, tmp_path / "201[6]") == ["2016/c.tif"]
    assert found(tmp_path, tmp_path / "**" / "*.tif") == ["2015/a.tif", "2016/c.tif", "2016/x/d.tif"]
    assert found(tmp_path, tmp_path / "2016" / "**") == ["2016/c.tif", "2016/x/d.tif"]
    with pytest.raises(UsageError, match="no picture matches"):
        find_sources([str(tmp_path / "*.jp2")])


def test_a_file_with_wildcards_in_its_name_is_that_file(tmp_path: Path) -> None:
    touched(tmp_path, "a[1].tif", "a1.tif")
    assert found(tmp_path, tmp_path / "a[1].tif") == ["a[1].tif"]


@pytest.mark.parametrize(
    "name",
    [
        "durban_2023-08-21-00:00_2023-08-21-23:59_B02_(Raw).tiff", "-rf.tif", "--help.tif", "порт 1.tif", "港口.tif",
        "a\nb.tif",
        "GTIFF_DIR:1:a.tif", "MEM:::a.tif", "<img onerror=alert(1)>.tif", "a #?%20!&'\".tif", "n" * 240 + ".tif", "zip:a!b.tif",
    ],
)  # fmt: skip
def test_H13_a_strange_name_is_just_a_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touched(tmp_path, name)
    monkeypatch.chdir(tmp_path)
    for text in (name, str(tmp_path), "*", name[:2] + "*"):
        (source,) = find_sources([text])
        assert source.path == str(tmp_path / name)
        assert source.part == source.scene_id == name.rpartition(".")[0]


def test_H13_a_name_that_is_no_text_is_refused_or_fails_alone_in_a_folder(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.tif"
    try:
        os.close(os.open(path, os.O_CREAT))
    except OSError:
        pytest.skip("this disk takes only UTF-8 names")
    touched(tmp_path, "good.tif")
    with pytest.raises(UsageError, match="not valid UTF-8"):
        find_sources([os.fsdecode(path)])
    strange, good = find_sources([str(tmp_path)])
    assert (strange.part, good.part, good.fault) == ("caf\\xe9", "good", None)
    assert "not valid UTF-8" in str(strange.fault)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("/vsicurl/http://x/a.tif", "http://x/a.tif"),
        ("/VSIS3/b/a.tif", "https://b.s3.amazonaws.com/a.tif"),
        ("S3://b/deep/a b.tif", "https://b.s3.amazonaws.com/deep/a%20b.tif"),
        ("s3://b.c/a.tif", "https://s3.amazonaws.com/b.c/a.tif"),
        ("HTTPS://X/A b.tif#part", "https://x/A%20b.tif"),
    ],
)
def test_H6_remote_locations_need_leave(text: str, place: str) -> None:
    with pytest.raises(UsageError, match="--allow-remote"):
        find_sources([text])
    (source,) = find_sources([text], allow_remote=True)
    assert source.path == place


@pytest.mark.parametrize(
    "text", ["/vsizip/a.zip/b.tif", "/vsigs/b/a.tif", "/vsicurl?url=http%3A%2F%2Fx", "https://", "https://[x/a"]
)
def test_H6_other_ways_to_the_network_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="https://HOST/FILE"):
        find_sources([text], allow_remote=True)


def test_H11_an_address_with_a_password_is_refused_and_not_told() -> None:
    with pytest.raises(UsageError, match="user or a password") as caught:
        find_sources(["https://me:geheim@host/a.tif?key=verborgen"], allow_remote=True)
    assert "geheim" not in str(caught.value)
    assert "verborgen" not in str(caught.value)


def test_a_remote_location_is_named_by_its_last_part_without_the_query() -> None:
    asked = ["HTTPS://host/x/port.tif?token=a/b.c", "https://host/", "https://host/x/port.tif?token=other"]
    first, second, third = find_sources(asked, allow_remote=True)
    assert (first.path, first.part) == ("https://host/", "scene")
    assert {second.part, third.part} == {"port", "port-2"}
    assert second.path != third.path
    assert all(source.path.startswith("https://host/x/port.tif?query-") for source in (second, third))
    assert {address_of(second.path), address_of(third.path)} == {asked[0].replace("HTTPS", "https"), asked[2]}


@pytest.mark.parametrize("allow_remote", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "GTIFF_DIR:1:/etc/passwd", "vrt:///etc/passwd", "zip://a.zip!b.tif", "MEM:::DATAPOINTER=1", "file:///etc/passwd", "gs://b/a.tif",
        "<VRTDataset rasterXSize='1'/>", " <VRTDataset>*</VRTDataset>", "", "no/such.tif", "a\0b.tif", "x" * 5000, "zip://*.tif",
        "a\0/*.tif",
    ],
)  # fmt: skip
def test_H5_H6_what_is_no_file_is_refused_and_never_opened(text: str, allow_remote: bool) -> None:
    with pytest.raises(UsageError) as caught:
        find_sources([text], allow_remote=allow_remote)
    assert len(str(caught.value)) < 500


def test_a_pipe_is_no_picture(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.tif")
    with pytest.raises(UsageError, match="neither a file"):
        find_sources([str(tmp_path / "pipe.tif")])
    assert find_sources([str(tmp_path)]) == []


def test_an_unreadable_folder_is_said_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    touched(tmp_path, "a.tif", "closed/b.tif")
    real = os.scandir

    def scandir(folder: str) -> object:
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    assert found(tmp_path, recursive=True) == ["a.tif"]
    assert "closed: not looked into: Permission denied" in caplog.text


def test_parts_are_unique_whatever_the_case(tmp_path: Path) -> None:
    touched(tmp_path, "a/port.tif", "b/PORT.tif", "c/port.png", "d/port-2.tif")
    sources = find_sources([str(tmp_path)], recursive=True)
    assert [s.part for s in sources] == ["port", "PORT-3", "port-4", "port-2"]
    assert [s.scene_id for s in sources] == [s.part for s in sources]


def test_files_beside_pictures_are_left_out_when_a_shell_names_all(tmp_path: Path) -> None:
    touched(tmp_path, "a.png", "a.pgw", "a.prj", "a.json", "a.png.aux.xml", "README.md", "scene.dat")
    (tmp_path / "a.json").write_text("{}")
    assert found(tmp_path, *sorted(tmp_path.iterdir())) == ["a.png", "scene.dat"]


def test_masks_are_no_scenes_but_stand_with_their_picture(tmp_path: Path) -> None:
    touched(tmp_path, "a.tif", "a_udm2.tif", "b.tif", "b.mask.TIF", "c.tif", "d_mask.tif", "e.tif", "e_mask.geojson")
    sources = find_sources([str(tmp_path)])
    masks = {s.part: s.hints.mask and Path(s.hints.mask).name for s in sources}
    assert masks == {"a": "a_udm2.tif", "b": "b.mask.TIF", "c": None, "e": "e_mask.geojson"}
    assert found(tmp_path, *sorted(tmp_path.glob("[ab]*"))) == ["a.tif", "b.tif"]
    assert found(tmp_path, tmp_path / "d_mask.tif") == ["d_mask.tif"]
    assert "a_udm2.tif" in sources[0].hints.notes[0]


def test_of_a_mask_that_is_no_pictures_it_is_said_that_it_is_not_used(tmp_path: Path) -> None:
    planet = "20231014_011501_24_2475_3B"
    touched(tmp_path, "a.tif", "a_udm.tif", "a_udm2.tif", "b.tif", "b_clouds_mask.tif", "sub/b_mask.tif")
    touched(tmp_path, f"{planet}_Visual_clip.tif", f"{planet}_udm2_clip.tif", "a.mask.png", "c_mask.tif")
    touched(tmp_path, "bb_mask.geojson", "b_mask.gpkg")
    said: list[str] = []
    find_sources([str(tmp_path), str(tmp_path / "c_mask.tif")], recursive=True, told=said.append)
    (alone,) = said
    assert alone.startswith(
        "masks by their names, but of no picture beside them: b_clouds_mask.tif, b_mask.tif, bb_mask.geojson; "
    )
    find_sources([str(tmp_path / "a*")], told=said.append)
    assert len(said) == 1


def test_of_a_virtual_raster_beside_its_files_it_is_said_that_both_are_counted(tmp_path: Path) -> None:
    touched(tmp_path, "t1.tif", "t2.tif", "below/t3.tif")
    parts = "".join(f'<SourceFilename relativeToVRT="1">{name}</SourceFilename>' for name in ("t1.tif", "below/t3.tif"))
    (tmp_path / "all.vrt").write_text(f"<VRTDataset>{parts}</VRTDataset>")
    (tmp_path / "broken.vrt").write_text("<VRTDataset>")
    notes = {s.part: s.hints.notes for s in find_sources([str(tmp_path)])}
    said = "it is made of files that are looked at by themselves too, {}: what both show is counted twice"
    assert notes == {"all": (said.format("t1.tif"),), "broken": (), "t1": (), "t2": ()}
    (both,) = [s for s in find_sources([str(tmp_path)], recursive=True) if s.part == "all"]
    assert both.hints.notes == (said.format("t1.tif, t3.tif"),)
    (alone,) = find_sources([str(tmp_path / "all.vrt")])
    assert alone.hints.notes == ()


def test_a_manifest_speaks_before_sidecars_and_a_folder_named_too(tmp_path: Path) -> None:
    touched(tmp_path, "in/a.tif", "in/b.tif", "in/a_mask.tif", "cloud.tif")
    (tmp_path / "in/a.json").write_text('{"gsd_m": 0.3, "sensor": "WV3", "licence": "x"}')
    (tmp_path / "list.csv").write_text("path,gsd_m,mask,scene\nin/a.tif,0.5,cloud.tif,first\n")
    for inputs in (["list.csv", "in"], ["in", "list.csv"]):
        one, two = find_sources([str(tmp_path / i) for i in inputs])
        assert (one.hints.gsd_m, one.hints.gsd_source, one.hints.sensor, one.hints.licence) == (
            (0.5, 0.5),
            "manifest",
            "WV3",
            "x",
        )
        assert (one.hints.mask, one.scene_id, one.part, one.hints.notes) == (str(tmp_path / "cloud.tif"), "first", "a", ())
        assert (two.part, two.hints.gsd_m, two.hints.mask) == ("b", None, None)


def test_files_of_one_acquisition_share_their_scene(tmp_path: Path) -> None:
    touched(tmp_path, "left.tif", "right.tif", "day.tif")
    (tmp_path / "list.csv").write_text("path,scene\nleft.tif,day\nright.tif,day\nday.tif,\n")
    sources = find_sources([str(tmp_path / "list.csv")])
    assert [(s.part, s.scene_id) for s in sources] == [("day-2", "day-2"), ("left", "day"), ("right", "day")]


def test_one_acquisition_has_one_time(tmp_path: Path) -> None:
    touched(tmp_path, "left.tif", "right.tif")
    (tmp_path / "list.csv").write_text("path,scene,datetime\nleft.tif,day,2020-01-01\nright.tif,day,2020-01-02\n")
    with pytest.raises(ManifestError, match=r"line 3: the scene 'day' has another time in .*line 2"):
        find_sources([str(tmp_path / "list.csv")])


def test_a_picture_twice_in_a_manifest_must_be_said_the_same(tmp_path: Path) -> None:
    touched(tmp_path, "a.tif")
    (tmp_path / "list.csv").write_text("path,gsd_m\na.tif,0.5\n./a.tif,0.5\n")
    assert len(find_sources([str(tmp_path / "list.csv")])) == 1
    (tmp_path / "list.csv").write_text("path,gsd_m\na.tif,0.5\n./a.tif,0.6\n")
    with pytest.raises(ManifestError, match=r"line 3: the picture .*line 2"):
        find_sources([str(tmp_path / "list.csv")])


def test_a_column_that_is_not_known_makes_no_other_value_of_a_line_that_stands_twice(tmp_path: Path) -> None:
    touched(tmp_path, "a.tif")
    (tmp_path / "list.csv").write_text("path,sensor,order\na.tif,WV2,7\na.tif,WV2,7\n")
    (source,) = find_sources([str(tmp_path / "list.csv")])
    assert source.hints.sensor == "WV2"
    assert "'order'" in source.hints.notes[0]


def test_H6_a_manifest_gets_no_further_than_the_command_line(tmp_path: Path) -> None:
    manifest = tmp_path / "list.csv"
    for cell in ("https://x/a.tif", "https://x/b.tif"):
        manifest.write_text(f"path\n{cell}\n")
        with pytest.raises(ManifestError, match=r"line 2: .*--allow-remote"):
            find_sources([str(manifest)])
        assert find_sources([str(manifest)], allow_remote=True)[0].path == cell
        manifest.write_text(f"path,mask\na.tif,{cell}\n")
        with pytest.raises(ManifestError, match=r"line 2: .*--allow-remote"):
            find_sources([str(manifest)])
    manifest.write_text("path\nvrt:///etc/passwd\n<VRTDataset/>\n")
    assert all(s.path.startswith(str(tmp_path)) for s in find_sources([str(manifest)]))


def test_a_row_of_a_missing_file_is_left_to_the_reader_and_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("path\ngone.tif\n")
    assert found(tmp_path, tmp_path / "list.csv") == ["gone.tif"]
    (tmp_path / "list.csv").write_text("path\n.\n")
    with pytest.raises(ManifestError, match=r"line 2: '\.' is not a file"):
        find_sources([str(tmp_path / "list.csv")])


def test_a_bad_sidecar_is_a_fault_of_its_picture_alone_and_names_it(tmp_path: Path) -> None:
    touched(tmp_path, "a.tif")
    (tmp_path / "a.json").write_text('{"gsd_m": "half"}')
    touched(tmp_path, "b.tif")
    bad, good = find_sources([str(tmp_path)])
    assert f"{tmp_path / 'a.json'}: gsd_m 'half'" in str(bad.fault)
    assert good.fault is None


def test_a_folder_is_listed_once_however_many_pictures_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touched(tmp_path, *(f"{i}.tif" for i in range(50)))
    looked = []
    real = finding.look_beside
    monkeypatch.setattr(finding, "look_beside", lambda folder: looked.append(folder) or real(folder))
    assert len(find_sources([str(tmp_path)])) == 50
    assert len(looked) == 1
