"""`sattrack evidence` through the real entry point: packs of small scenes, checked file by file and made again."""

import csv
import datetime as dt
import hashlib
import io
import json
import shutil
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.transform import from_origin

from sattrack import verifying
from sattrack.cli.app import main
from sattrack.reports.change_pictures import STATE_COLOURS
from sattrack.reports.evidence_zip import sums
from sattrack.reports.views import NO_PICTURE
from sattrack.stores.locking import alone_in
from tests.cli.conftest import _BRIGHT, EAST, GSD, NORTH, write_scene, write_site
from tests.cli.test_changes import EARLIER, LATER, SHAPE, drawn

UNHELD = ", which nothing was held against, since numbers differ too"


def write_moved(folder: Path) -> Path:
    """The ground of test_changes at two dates, with coordinates: 10 and 11 boxes, 3 of them the same."""
    folder.mkdir()
    for day, slots, shift in ((1, EARLIER, (0, 0)), (9, LATER, (4, -3))):
        with rasterio.open(
            folder / f"may{day}.tif", "w", driver="GTiff", width=SHAPE[1], height=SHAPE[0], count=3, dtype="uint8",
            photometric="rgb", crs="EPSG:32652", transform=from_origin(EAST, NORTH, GSD, GSD),
        ) as to:  # fmt: skip
            to.write(drawn(slots, shift=shift).transpose(2, 0, 1))
            to.update_tags(TIFFTAG_DATETIME=dt.datetime(2024, 5, day, 10, tzinfo=dt.UTC).strftime("%Y:%m:%d %H:%M:%S"))
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """Runs that cost their seconds once: `moved`, and `plain` of 6 and 8 boxes. Tests get copies."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "bright_boxes.py").write_text(_BRIGHT)
    plain = folder / "plain-scenes"
    plain.mkdir()
    write_scene(plain / "may.tif", boxes=12)
    write_scene(plain / "june.tif", boxes=16, seed=7)
    scenes = {"moved": write_moved(folder / "moved-scenes"), "plain": plain}
    site = write_site(folder / "left.geojson")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        for name, where in scenes.items():
            words = (
                "detect",
                where,
                "--sites",
                site,
                "-o",
                folder / name,
                "--detector",
                "bright_boxes:Bright",
                "--no-report",
                "-q",
            )
            assert main([str(word) for word in words]) == 0
    return folder


@pytest.fixture
def moved_run(made, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "moved", tmp_path / "moved-run"))


@pytest.fixture
def plain_run(made, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "plain", tmp_path / "plain-run"))


def ids(sattrack, run: Path) -> list[str]:
    """Of the alerts in order of time."""
    found = sattrack("alert", run, "--json", "--level", "normal").json
    return [one["alert_id"] for one in sorted(found, key=lambda one: one["datetime"])]


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


def repacked(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as pack:
        for name, content in files.items():
            pack.writestr(name, content)
    return path


def with_sums(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files, of which those that are none are left out, with digests that are true of them."""
    kept = {name: content for name, content in files.items() if content is not None}
    return kept | {"SHA256SUMS": sums(kept)}


def coloured(png: bytes, colour: tuple[int, int, int]) -> int:
    """How many pixels of a picture are of a colour; smoothed lines hardly ever reach it quite."""
    apart = np.abs(np.asarray(Image.open(io.BytesIO(png))).astype(int) - colour)
    return int((apart < 40).all(axis=-1).sum())


def test_a_pack_holds_pictures_boxes_numbers_and_true_digests(sattrack, moved_run, made):
    last = ids(sattrack, moved_run)[-1]
    said = sattrack("evidence", moved_run, last[:9], "--json")
    assert said.code == 0
    pack = moved_run / "evidence" / f"{last}.zip"
    assert said.json["pack"] == str(pack)
    assert said.json["sha256"] == hashlib.sha256(pack.read_bytes()).hexdigest()
    files = unpacked(pack)
    assert set(files) == {
        "LICENCES.txt", "README.txt", "SHA256SUMS", "after.png", "alert.json", "before.png", "boxes.gpkg", "changes/boxes.csv",
        "changes/boxes.geojson", "changes/changes.csv", "chart.svg", "counts.csv", "page.html", "provenance.json",
        "settings.yaml", "site.geojson",
    }  # fmt: skip
    listed = dict(line.split("  ")[::-1] for line in files["SHA256SUMS"].decode().splitlines())
    assert listed == {name: hashlib.sha256(files[name]).hexdigest() for name in files if name != "SHA256SUMS"}
    scenes = [one for one in json.loads(files["provenance.json"])["inputs"] if one["shown"]]
    on_disk = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (made / "moved-scenes").iterdir()}
    assert {one["file"]: one["sha256"] for one in scenes} == on_disk
    assert json.loads(files["alert.json"])["time_bracket"] == {"after": "2024-05-01T10:00:00Z", "by": "2024-05-09T10:00:00Z"}
    assert [row["scene_id"] for row in csv.DictReader(io.StringIO(files["counts.csv"].decode()))] == ["may1", "may9"]


def test_kept_arrived_and_left_are_those_of_changes_and_drawn_in_their_colours(sattrack, moved_run):
    told = sattrack("changes", moved_run, "--json").json["changes"][0]
    assert told["compared_by"] == "boxes"
    sattrack("evidence", moved_run, ids(sattrack, moved_run)[-1], "-q")
    files = unpacked(next((moved_run / "evidence").iterdir()))
    assert json.loads(files["alert.json"])["changes"] == told
    pictures = {
        name: {state: coloured(files[name], rgb) for state, rgb in STATE_COLOURS.items()}
        for name in ("before.png", "after.png")
    }
    assert pictures["before.png"]["left"] > 300
    assert pictures["before.png"]["arrived"] == 0
    assert pictures["after.png"]["arrived"] > 300
    assert pictures["after.png"]["left"] == 0


def test_the_same_run_gives_the_same_bytes_and_alerts_know_their_pack(sattrack, moved_run, tmp_path):
    last = ids(sattrack, moved_run)[-1]
    for name in ("one.zip", "two.zip"):
        assert sattrack("evidence", moved_run, last, "-o", tmp_path / name).code == 0
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert _paths(moved_run) == {last: "two.zip"}
    sattrack("evidence", moved_run, last)
    assert _paths(moved_run) == {last: f"evidence/{last}.zip"}
    assert (moved_run / "evidence" / f"{last}.zip").read_bytes() == (tmp_path / "one.zip").read_bytes()
    sattrack("alert", moved_run, "--level", "normal")
    assert _paths(moved_run) == {last: f"evidence/{last}.zip"}


def test_c9_nothing_is_listed_while_another_writes_into_the_run(sattrack, moved_run):
    last = ids(sattrack, moved_run)[-1]
    with alone_in(moved_run):
        said = sattrack("evidence", moved_run, last)
    assert said.code == 1
    assert f"error: {moved_run}: another sattrack writes into this run folder: process " in said.err
    assert not (moved_run / "evidence.json").exists()
    assert sattrack("evidence", moved_run, last).code == 0


def _paths(run: Path) -> dict[str, str]:
    """evidence_path of the alerts that have one, the same in all three lists."""
    rows = list(csv.DictReader(io.StringIO((run / "alerts.csv").read_text())))
    values = json.loads((run / "alerts.json").read_text())
    points = [one["properties"] for one in json.loads((run / "alerts.geojson").read_text())["features"]]
    found = [{one["alert_id"]: one["evidence_path"] for one in each if one["evidence_path"]} for each in (rows, values, points)]
    assert found[0] == found[1] == found[2]
    return found[0]


def test_without_imagery_no_pixel_is_in_the_pack(sattrack, moved_run):
    said = sattrack("evidence", moved_run, ids(sattrack, moved_run)[-1], "--no-imagery")
    assert "made without imagery" in said.err
    files = unpacked(next((moved_run / "evidence").iterdir()))
    assert {"before_boxes.png", "after_boxes.png"} < set(files)
    assert not {"before.png", "after.png"} & set(files)
    shown = np.asarray(Image.open(io.BytesIO(files["after_boxes.png"])))
    assert (shown[4:24, 4:24] == NO_PICTURE).all()
    assert coloured(files["after_boxes.png"], STATE_COLOURS["arrived"]) > 300
    assert b"no pixel of it is in this pack" in files["LICENCES.txt"].replace(b"\n", b" ")


def test_a_scene_that_changed_or_is_gone_is_never_shown(sattrack, run, scenes):
    alert = ids(sattrack, run)[-1]
    write_scene(scenes / "june.tif", boxes=4, seed=7)
    said = sattrack("evidence", run, alert)
    assert (said.code, "after: no picture, the scene's file has changed since it was counted" in said.err) == (0, True)
    files = unpacked(run / "evidence" / f"{alert}.zip")
    assert {"before.png", "after_boxes.png"} < set(files)
    assert "changes/boxes.csv" not in files
    states = {one["file"]: one["file_now"] for one in json.loads(files["provenance.json"])["inputs"]}
    assert states == {"may.tif": "same", "june.tif": "the scene's file has changed since it was counted"}
    (scenes / "may.tif").unlink()
    sattrack("evidence", run, alert)
    assert "before_boxes.png" in unpacked(run / "evidence" / f"{alert}.zip")


def test_the_first_scene_of_a_series_has_no_before(sattrack, plain_run):
    first = ids(sattrack, plain_run)[0]
    assert sattrack("evidence", plain_run, first).code == 0
    files = unpacked(plain_run / "evidence" / f"{first}.zip")
    assert "after.png" in files
    assert "before.png" not in files
    assert b"is not known" in files["README.txt"]


def test_nothing_tells_where_the_files_lay(sattrack, plain_run, made, tmp_path):
    sattrack("evidence", plain_run, ids(sattrack, plain_run)[-1])
    for name, content in unpacked(next((plain_run / "evidence").iterdir())).items():
        assert not any(str(place).encode() in content for place in (made, tmp_path)), name


def test_an_id_that_is_none_or_not_enough_is_answered_with_those_there_are(sattrack, plain_run, tmp_path):
    known = ids(sattrack, plain_run)
    said = sattrack("evidence", plain_run, "feedbeef")
    assert said.code == 2
    assert all(one in said.err for one in known)
    assert sattrack("evidence", plain_run, "").code == 2
    table = tmp_path / "counts.csv"
    table.write_text("site_id,datetime,count\nport,2023-05-01,3\n")
    assert sattrack("evidence", table, known[0]).code == 2
    assert sattrack("evidence", plain_run).code == 2
    assert sattrack("evidence", plain_run, known[0], "--run", plain_run).code == 2
    assert sattrack("evidence", plain_run, known[0], "--verify").code == 2


def test_a_pack_is_verified_alone_and_against_its_run(sattrack, plain_run, tmp_path):
    sattrack("evidence", plain_run, ids(sattrack, plain_run)[-1])
    pack = next((plain_run / "evidence").iterdir())
    assert sattrack("evidence", pack, "--verify").code == 0
    same = sattrack("evidence", pack, "--verify", "--run", plain_run, "--json")
    assert (same.code, same.json["good"], same.json["differs"], same.json["aside"]) == (0, True, [], [])
    files = unpacked(pack)
    forged = files | {"alert.json": files["alert.json"].replace(b'"observed": 8', b'"observed": 9'), "more.txt": b"x"}
    del forged["chart.svg"]
    said = sattrack("evidence", repacked(tmp_path / "forged.zip", forged), "--verify", "--run", plain_run)
    assert said.code == 1
    for line in (
        "alert.json is not what SHA256SUMS says", "more.txt is there, but not listed", "chart.svg is listed, but not there",
        "alert.json, alert.observed: 9 in the pack, 8 in the run",
    ):  # fmt: skip
        assert line in said.err
    sattrack("count", plain_run, "--threshold", "0.5")
    other = sattrack("evidence", pack, "--verify", "--run", plain_run, "--json").json
    assert "provenance.json, threshold: 0.3 in the pack, 0.5 in the run" in other["differs"]


def test_an_alert_that_is_a_warning_beside_other_sites_is_the_same_evidence(sattrack, plain_run, tmp_path, monkeypatch):
    sattrack("evidence", plain_run, ids(sattrack, plain_run)[-1])
    files = unpacked(next((plain_run / "evidence").iterdir()))

    def told(level, **changed):
        known = json.loads(files["alert.json"])
        known["alert"] |= {"level": level, "explanation": f"a {level}", **changed}
        return files | {"alert.json": json.dumps(known).encode(), "chart.svg": level.encode()}

    def differs(one, two):
        monkeypatch.setattr(verifying, "make_pack", lambda *_, **__: SimpleNamespace(files=two))
        found = verifying.verify(repacked(tmp_path / "pack.zip", one), run=plain_run).differs
        return [line.partition(": ")[0] for line in found]

    wide, alone = told("warning", q_value=0.08, p_value=0.02), told("alert", q_value=0.02, p_value=0.02)
    assert differs(wide, alone) == []
    assert "alert.json, alert.level" in differs(wide, told("alert", q_value=0.02, p_value=0.01))
    assert "alert.json, alert.level" in differs(wide, told("normal", q_value=0.02, p_value=0.02))
    assert differs(wide, wide | {"chart.svg": b"forged"}) == ["chart.svg"]


def test_a_text_that_says_nothing_is_as_good_as_none(sattrack, plain_run, tmp_path):
    sattrack("evidence", plain_run, ids(sattrack, plain_run)[-1])
    files = unpacked(next((plain_run / "evidence").iterdir()))
    alert = json.loads(files["alert.json"])
    assert alert["alert"]["zone"] == ""
    del alert["alert"]["zone"]
    provenance = json.loads(files["provenance.json"])
    provenance["inputs"][0]["source"] = None
    provenance["inputs"][0]["sha256"] = None
    older = files | {"alert.json": json.dumps(alert).encode(), "provenance.json": json.dumps(provenance).encode()}
    said = sattrack("evidence", repacked(tmp_path / "older.zip", older), "--verify", "--run", plain_run, "--json").json
    (differs,) = said["differs"]
    assert differs.startswith("provenance.json, inputs.0.sha256: null in the pack, ")


def test_words_of_a_pack_are_held_against_the_run_unless_its_numbers_differ(sattrack, plain_run, tmp_path):
    sattrack("evidence", plain_run, ids(sattrack, plain_run)[-1])
    files = unpacked(next((plain_run / "evidence").iterdir()))

    def verdict(**changed):
        pack = repacked(tmp_path / "pack.zip", with_sums(files | changed))
        return sattrack("evidence", pack, "--verify", "--run", plain_run, "--json").json

    for name in ("README.txt", "page.html", "LICENCES.txt", "settings.yaml"):
        said = verdict(**{name: files[name].replace(b"8", b"9") + b" "})
        assert (said["damage"], said["differs"], said["good"]) == ([], [f"{name}: other words"], False)
    provenance = json.loads(files["provenance.json"])
    provenance["made_with"]["sattrack"] = "0.0.9"
    older = {"provenance.json": json.dumps(provenance).encode(), "page.html": b"of an older version"}
    said = verdict(**older)
    assert (said["good"], said["differs"], said["aside"][1:]) == (True, [], [f"page.html: other words{UNHELD}"])
    assert not verdict(**older, **{"README.txt": None})["good"]


def test_tables_are_the_same_whichever_sqlite_wrote_them(sattrack, moved_run, tmp_path):
    sattrack("evidence", moved_run, ids(sattrack, moved_run)[-1])
    files = unpacked(next((moved_run / "evidence").iterdir()))
    boxes = files["boxes.gpkg"]

    def differs(changed):
        pack = repacked(tmp_path / "pack.zip", with_sums(files | {"boxes.gpkg": changed}))
        return sattrack("evidence", pack, "--verify", "--run", moved_run, "--json").json["differs"]

    assert int.from_bytes(boxes[96:100], "big") == int("".join(f"{n:03}" for n in sqlite3.sqlite_version_info))
    assert differs(boxes[:96] + (3_050_004).to_bytes(4, "big") + boxes[100:]) == []
    assert differs(boxes[:-1] + bytes([boxes[-1] ^ 1])) == ["boxes.gpkg: other bytes"]


def test_a_run_of_one_of_several_sites_in_a_scene_gives_its_evidence_though_its_boxes_have_other_names(
    sattrack, made, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(made)
    sites = json.loads((made / "left.geojson").read_text())
    sites["features"] += json.loads(write_site(tmp_path / "right.geojson", site_id="right", east=80.0).read_text())["features"]
    (tmp_path / "both.geojson").write_text(json.dumps(sites))
    words = ("--detector", "bright_boxes:Bright", "--no-report", "-q", "-o")
    both, again = tmp_path / "both", tmp_path / "again"
    assert sattrack("detect", made / "plain-scenes", "--sites", tmp_path / "both.geojson", *words, both).code == 0
    alert = next(
        one["alert_id"] for one in sattrack("alert", both, "--json", "--level", "normal").json
        if (one["site_id"], one["scene_id"]) == ("left", "june")
    )  # fmt: skip
    sattrack("evidence", both, alert)
    pack = both / "evidence" / f"{alert}.zip"
    files = unpacked(pack)
    for name in ("site.geojson", "settings.yaml"):
        (tmp_path / name).write_bytes(files[name])
    scene = made / "plain-scenes"
    # As README.txt says it: the outlines of this site alone.
    said = sattrack(
        "detect", scene, "--sites", tmp_path / "site.geojson", "--config", tmp_path / "settings.yaml", *words, again
    )
    assert said.code == 0
    said = sattrack("evidence", pack, "--verify", "--run", again, "--json")
    assert (said.code, said.json["differs"]) == (0, [])
    assert any(line.startswith("boxes.gpkg: other det_id of the same boxes") for line in said.json["aside"])
    (tmp_path / "boxes.gpkg").write_bytes(files["boxes.gpkg"])
    with closing(sqlite3.connect(tmp_path / "boxes.gpkg")) as tables, tables:
        tables.execute("UPDATE counts SET count = count + 1")
    forged = repacked(tmp_path / "forged.zip", with_sums(files | {"boxes.gpkg": (tmp_path / "boxes.gpkg").read_bytes()}))
    assert sattrack("evidence", forged, "--verify", "--run", again, "--json").json["differs"] == ["boxes.gpkg: other bytes"]


def test_a_run_without_the_alert_does_not_give_the_evidence_and_hides_no_damage(sattrack, plain_run, moved_run, tmp_path):
    sattrack("evidence", plain_run, ids(sattrack, plain_run)[-1])
    pack = next((plain_run / "evidence").iterdir())
    (tmp_path / "pack.zip").write_bytes(pack.read_bytes())
    said = sattrack("evidence", repacked(pack, unpacked(pack) | {"README.txt": b""}), "--verify", "--run", moved_run)
    assert said.code == 1
    assert said.err.splitlines() == [
        "damaged: README.txt is not what SHA256SUMS says", f"differs: the run: no alert has the id '{pack.stem}'"
    ]  # fmt: skip
    assert said.out == f"the run does not give the same evidence for alert {pack.stem}\n"


def test_settings_that_count_nothing_anew_are_said_to(sattrack, plain_run, tmp_path):
    last = ids(sattrack, plain_run)[-1]
    said = sattrack("evidence", plain_run, last, "--min-observed", "0.1", "-o", tmp_path / "a.zip")
    assert said.code == 0
    assert "sattrack count RUN --min-observed 0.1 counts them" in said.err
    assert "counts of less stay" not in sattrack("evidence", plain_run, last, "-o", tmp_path / "b.zip").err


def test_a_number_that_stands_twice_in_a_pack_is_a_difference(sattrack, plain_run, tmp_path):
    sattrack("evidence", plain_run, ids(sattrack, plain_run)[-1])
    files = unpacked(next((plain_run / "evidence").iterdir()))
    said = b'"observed": 8'
    assert said in files["alert.json"]
    for twice in (
        files["alert.json"].replace(said, b'"observed": 9, ' + said, 1),
        files["alert.json"].replace(said, b'"observed": 9', 1).rstrip().rstrip(b"}") + b', "alert.observed": 8}',
    ):
        pack = repacked(tmp_path / "pack.zip", with_sums(files | {"alert.json": twice}))
        found = sattrack("evidence", pack, "--verify", "--run", plain_run, "--json").json
        assert found["damage"] == []
        assert [line for line in found["differs"] if line.startswith("alert.json")]


@pytest.mark.parametrize(
    "turned",
    [
        lambda sums: sums + b"rubbish\n",
        lambda sums: sums.replace(b"\n", b"\r\n"),
        lambda sums: b"0" * 64 + b"  page.html\n" + sums,
        lambda sums: sums[:-1],
    ],
)
def test_digests_that_are_not_as_they_were_written_are_damage(sattrack, plain_run, tmp_path, turned):
    sattrack("evidence", plain_run, ids(sattrack, plain_run)[-1])
    files = unpacked(next((plain_run / "evidence").iterdir()))
    pack = repacked(tmp_path / "pack.zip", files | {"SHA256SUMS": turned(files["SHA256SUMS"])})
    said = sattrack("evidence", pack, "--verify")
    assert (said.code, said.err) == (1, "damaged: SHA256SUMS has other lines than a digest and a name for each file\n")


def test_scenes_by_another_sensor_are_not_missed_where_the_run_was_made_again_without_them(
    sattrack, plain_run, tmp_path, monkeypatch
):
    sattrack("evidence", plain_run, ids(sattrack, plain_run)[-1])
    files = unpacked(next((plain_run / "evidence").iterdir()))
    alone = json.loads(files["alert.json"])
    assert alone["alert"]["notes"]
    other = "25 scenes by another sensor (rendered-30), 2023-05-04 to 2023-10-21, not used in this baseline"

    def verdict(*notes):
        wide = json.loads(files["alert.json"])
        wide["alert"]["notes"] = [*notes, *wide["alert"]["notes"]]
        wide["series"]["breaks"] = [other]
        made = files | {"alert.json": json.dumps(wide).encode(), "README.txt": b"with a line more"}
        monkeypatch.setattr(verifying, "make_pack", lambda *_, **__: SimpleNamespace(files=files))
        return verifying.verify(repacked(tmp_path / "pack.zip", with_sums(made)), run=plain_run)

    assert verdict(other).good
    assert verdict(other).aside == (
        f"alert.json, series.breaks.0: {json.dumps(other)[:80]} in the pack, null in the run",
        f"README.txt: other words{UNHELD}",
    )  # fmt: skip
    assert not verdict(other, "made up").good


def test_what_is_no_pack_is_one_line(sattrack, plain_run, tmp_path):
    sattrack("evidence", plain_run, ids(sattrack, plain_run)[-1])
    pack = next((plain_run / "evidence").iterdir())
    cut = tmp_path / "cut.zip"
    cut.write_bytes(pack.read_bytes()[:-4000])
    files = unpacked(pack)
    bare = repacked(tmp_path / "bare.zip", {"a.txt": b""})
    wrong = repacked(tmp_path / "wrong.zip", files | {"provenance.json": b"[]"})
    deep = repacked(tmp_path / "deep.zip", files | {"provenance.json": b"[" * 100_000})
    provenance = json.loads(files["provenance.json"]) | {"cumulative": [10**400]}
    huge = repacked(tmp_path / "huge.zip", files | {"provenance.json": json.dumps(provenance).encode()})
    for path in (cut, bare, wrong, deep, huge, tmp_path / "none.zip", tmp_path):
        said = sattrack("evidence", path, "--verify")
        assert (said.code, said.err.count("\n"), said.out) == (1, 1, ""), path


def test_a_cumulative_alert_has_its_movements(sattrack, plain_run):
    found = sattrack("alert", plain_run, "--cumulative", "2", "--json").json
    one = next(alert for alert in found if alert["kind"] == "cumulative")
    assert sattrack("evidence", plain_run, one["alert_id"]).code == 0
    files = unpacked(plain_run / "evidence" / f"{one['alert_id']}.zip")
    rows = list(csv.DictReader(io.StringIO(files["movements.csv"].decode())))
    assert [(row["kind"], row["arrived"]) for row in rows] == [("movement", "2.0"), ("total", "2.0")]
    assert sattrack("evidence", plain_run / "evidence" / f"{one['alert_id']}.zip", "--verify", "--run", plain_run).code == 0


def test_a_run_or_a_pack_that_is_not_there_is_said_so_with_a_way_out(sattrack, tmp_path):
    said = sattrack("evidence", tmp_path / "none", "73b238e6")
    assert (said.code, "is not there (give the run folder" in said.err) == (2, True)
    for wrong in (tmp_path, tmp_path / "none.zip"):
        said = sattrack("evidence", wrong, "--verify")
        assert (said.code, "(give a zip that `sattrack evidence RUN ALERT_ID` wrote)" in said.err) == (1, True)
