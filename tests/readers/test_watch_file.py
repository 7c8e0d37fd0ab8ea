"""Watch files: what they say, and what is refused; and files that are still arriving."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from sattrack.assets import asset_folder
from sattrack.errors import SettingsError
from sattrack.readers.arriving import Sight, still_arriving
from sattrack.readers.finding import Source
from sattrack.readers.hints import Hints
from sattrack.readers.watch_file import read_watch_file

_GOOD = "watches:\n  - {name: pier, inputs: [in], sites: pier.geojson}\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "watch.yaml"
    path.write_text(text)
    return path


def test_the_example_is_read_and_its_outlines_are_there():
    said = read_watch_file(asset_folder("configs") / "watch.example.yaml")
    assert [one.name for one in said.watches] == ["rajin", "busan"]
    assert all(one.sites.is_file() for one in said.watches)
    assert (said.settle_seconds, said.out.name) == (60, "watched")


def test_paths_are_relative_to_the_file_and_remote_ones_are_left(tmp_path):
    folder = tmp_path / "a [b]"
    (folder / "in").mkdir(parents=True)
    text = _GOOD.replace("[in]", "[in, 'x*.tif', 'https://example.org/a.tif']")
    (watch,) = read_watch_file(written(folder, text)).watches
    assert watch.inputs == (str(folder / "in"), str(tmp_path / "a [[]b]" / "x*.tif"), "https://example.org/a.tif")
    assert watch.sites == folder / "pier.geojson"
    assert (watch.settings, watch.recursive) == (None, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "watches: field required"),
        ("watches: []\n", "watches: list should have at least 1 item"),
        (_GOOD + "on_alert: rm\n", "on_alert: is not known"),
        (_GOOD.replace("sites:", "detector: m:C, sites:"), "watches.0.detector: is not known"),
        (_GOOD.replace("pier,", "../pier,"), "watches.0.name: letters, digits"),
        (_GOOD.replace("[in]", "in"), "watches.0.inputs: input should be a valid list"),
        (_GOOD + "  - {name: PIER, inputs: [in], sites: pier.geojson}\n", "'PIER' is there twice"),
        (_GOOD + "settle_seconds: soon\n", "settle_seconds: input should be a valid number"),
        (_GOOD + "out: /srv/elsewhere\n", "out is '/srv/elsewhere', which does not lie in the file's own folder"),
        (_GOOD + "out: ../elsewhere\n", "out is '../elsewhere'"),
        (_GOOD + "out: .\n", "out is '.'"),
        (_GOOD + "out: s3://bucket/prefix\n", "out is 's3://bucket/prefix'"),
        (_GOOD + "a: &x 1\nb: *x\n", "anchors"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(tmp_path, text, said):
    path = written(tmp_path, text)
    with pytest.raises(SettingsError, match=r"watch\.yaml") as raised:
        read_watch_file(path)
    assert said.casefold() in str(raised.value).casefold()


def source(path: Path, *, age: float, now: float) -> Source:
    path.write_bytes(b"12345")
    os.utime(path, (now - age, now - age))
    return Source(str(path), path.stem, path.stem)


def test_a_file_that_changed_just_now_is_still_arriving_and_an_old_one_is_not(tmp_path):
    found = [source(tmp_path / "new.tif", age=5, now=1e9), source(tmp_path / "old.tif", age=61, now=1e9)]
    left, seen = still_arriving(found, {}, now=1e9, settle_s=60)
    assert [*left] == [*seen] == [str(tmp_path / "new.tif")]
    assert still_arriving(found, seen, now=1e9 + 56, settle_s=60) == (frozenset(), {})


def test_a_file_from_the_future_has_arrived_once_it_stayed_the_same(tmp_path):
    one = source(tmp_path / "ahead.tif", age=-9000, now=1e9)
    left, first = still_arriving([one], {}, now=1e9, settle_s=60)
    assert left == {one.path}
    assert [*first.values()] == [Sight(5, int((1e9 + 9000) * 1e9), 1e9)]
    assert still_arriving([one], first, now=1e9 + 30, settle_s=60) == (left, first)
    assert still_arriving([one], first, now=1e9 + 60, settle_s=60) == (frozenset(), first)
    grown = {path: Sight(4, sight.mtime_ns, sight.since) for path, sight in first.items()}
    assert still_arriving([one], grown, now=1e9 + 60, settle_s=60)[0] == {one.path}


def test_a_file_from_the_future_that_has_arrived_is_in_every_later_pass(tmp_path):
    one = source(tmp_path / "ahead.tif", age=-7200, now=1e9)
    told, seen = [], {}
    for look in range(12):
        left, seen = still_arriving([one], seen, now=1e9 + 900 * look, settle_s=60)
        told.append(bool(left))
    assert told == [True] + [False] * 11
    assert seen == {}


def test_s11_a_file_that_came_while_the_clock_was_ahead_arrives_once_it_is_set_back(tmp_path):
    year = 365 * 86_400.0
    one = source(tmp_path / "ahead.tif", age=0, now=1e9 + year)
    left, seen = still_arriving([one], {}, now=1e9 + year, settle_s=60)
    assert left == {one.path}
    left, seen = still_arriving([one], seen, now=1e9, settle_s=60)
    assert left == {one.path}
    assert still_arriving([one], seen, now=1e9 + 60, settle_s=60)[0] == frozenset()


def test_a_picture_whose_mask_is_still_arriving_is_left(tmp_path):
    one = source(tmp_path / "old.tif", age=61, now=1e9)
    mask = source(tmp_path / "old_udm2.tif", age=5, now=1e9)
    masked = replace(one, hints=Hints(mask=mask.path))
    left, seen = still_arriving([masked], {}, now=1e9, settle_s=60)
    assert (left, [*seen]) == ({one.path}, [mask.path])
    assert still_arriving([masked], seen, now=1e9 + 56, settle_s=60) == (frozenset(), {})


def test_what_is_remote_or_gone_is_for_the_reader(tmp_path):
    gone = [Source("https://example.org/a.tif", "a", "a"), Source(str(tmp_path / "b.tif"), "b", "b")]
    assert still_arriving(gone, {}, now=1e9, settle_s=60) == (frozenset(), {})
