import base64
import datetime as dt
import errno
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from sattrack import writing
from sattrack.errors import StoreError
from sattrack.reports.cells import KnownPlaces
from sattrack.reports.page import write_report
from sattrack.reports.telling import places_of, problems, row_of
from sattrack.results import SceneOutcome
from sattrack.timeline import Site
from tests.reports.invented_run import CARD, HOSTILE, PaintedReader, boxes, grid_of, outline, part_of, port, run_of


class Page(HTMLParser):
    """What of a page a test asks for: tags, attributes, text."""

    def __init__(self, html):
        super().__init__()
        self.html, self.tags, self.words, self.open = html, [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    run, parts = port(folder, scenes=9)
    reader = PaintedReader(parts, gone=frozenset({"scene_02"}), changed=frozenset({"scene_03"}))
    path = write_report(run, parts, folder, reader=reader)
    return run, parts, reader, path, Page(path.read_text(encoding="utf-8"))


def test_the_page_is_one_file_that_asks_for_nothing(made):
    *_, path, page = made
    assert path.name == "report.html"
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    for _, attrs in page.tags:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert re.match(r"(#|data:|$)", attrs.get(name) or "") or name == "data"
    assert not page.all("script")
    assert not re.search(r"url\((?!#hatch)|@import", page.html)


def test_X1_a_policy_forbids_scripts_and_other_origins(made):
    policy = next(a["content"] for a in made[-1].all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")


def test_the_headline_is_the_latest_counted_scene_with_interval_and_share_seen(made):
    run, *_, page = made
    last = [c for c in run.counts if c.site_id == "quay" and not c.zone and c.status == "done" and c.datetime][-1]
    assert f"{last.count} visible containers , " in page.text
    assert re.search(r"90 % interval \d+–\d+ · \d+ % of the site seen", page.text)


def test_every_count_is_a_row_with_its_status_and_reason(made):
    run, *_, page = made
    quay = [c for c in run.counts if c.site_id == "quay" and not c.zone]
    assert {"done", "not_assessable", "refused", "failed"} <= {c.status for c in quay}
    for words in ("Partly seen", "Not assessable", "Refused", "Failed", "24 px across a container", "torn.tif: cut short"):
        assert words in page.text
    # a number that does not stand is in brackets
    shaky = next(c for c in quay if c.status == "not_assessable")
    assert row_of(shaky, locations=[]).number == f"({shaky.count})"


def test_the_line_is_said_to_break_at_scenes_of_its_own_sensor_alone(made):
    *_, page = made
    assert "The line breaks where a scene of its sensor gave no number." in page.text


def test_a_scene_without_a_date_is_told_apart_from_the_chart(made):
    assert "Scenes without a date, left out of the chart: scene_08" in made[-1].text


def test_a_scene_that_is_gone_or_has_changed_costs_only_its_picture(made):
    *_, page = made
    assert page.text.count("Picture not available: cannot be read: no such file") == 2
    assert page.text.count("Picture not available: the scene's file has changed since it was counted") == 2


def test_pictures_are_at_most_1600_px_and_show_the_site_not_the_scene(made):
    *_, page = made
    pictures = page.all("img")
    assert len(pictures) == 14  # nine scenes of two sites, less two of each
    for attrs in pictures:
        picture = Image.open(io.BytesIO(base64.b64decode(attrs["src"].partition(",")[2])))
        assert max(picture.size) <= 1600
        assert picture.size == (int(attrs["width"]), int(attrs["height"]))
        assert picture.size[0] < 1200  # the site with some room, of a scene 2000 px wide
        assert not picture.getexif()


def test_the_caption_has_time_source_and_licence(made):
    *_, page = made
    assert "Invented Imaging · CC BY 4.0" in page.text
    assert "4 Mar 2025 02:11 UTC" in page.text


def test_what_was_not_seen_is_said(made):
    *_, page = made
    assert re.search(r"part of the site was not seen \(at worst \d+ % was\)", page.text)
    assert "Cloud was not looked for" in page.text


def test_ground_that_is_left_out_is_told_of_its_site_and_of_no_run_without(made, tmp_path):
    page, told = made[-1].text, "of the site lies under outlines of kind `exclude`: no box is counted there."
    assert page.count(told) == 1  # of the depot, where the buses stand
    assert page.count("inside the outline and inside no area left out.") == 1
    run, parts = port(tmp_path, scenes=2)
    bare = run_of(parts, folder=tmp_path, sites=[site for site in run.sites if not site.excludes])
    text = Page(write_report(bare, parts, tmp_path).read_text(encoding="utf-8")).text
    assert "inside the outline." in text
    assert "left out." not in text
    assert told not in text


def test_it_says_how_it_was_counted_and_what_that_cannot_show(made):
    for words in ("visible boxes in the top layer only", "No image shows what is inside a box", "transferred from a benchmark"):
        assert words in made[-1].text


def test_X5_no_folder_no_user_name_and_no_signature_is_told(made):
    *_, page = made
    assert "/home/" not in page.html
    assert "someone" not in page.html
    signed = SceneOutcome("s", "s", "https://u:p@host/a.tif?sig=abc", "failed", reason="https://u:p@host/a.tif?sig=abc: gone")
    told = problems([signed], locations=KnownPlaces(signed.locations))[0]["reason"]
    assert "sig=abc" not in told
    assert "u:p" not in told


def test_X1_hostile_names_are_text_everywhere(tmp_path):
    part = part_of(HOSTILE, quads=boxes(4, left=300, top=300), acquired=dt.datetime(2025, 1, 1, tzinfo=dt.UTC), licence=HOSTILE)
    sites = (
        Site(HOSTILE, HOSTILE, outline(100, 100, 900, 900), notes=HOSTILE),
        Site(HOSTILE, HOSTILE, outline(100, 100, 500, 500), zone=HOSTILE),
    )
    bad = (SceneOutcome(HOSTILE, HOSTILE, HOSTILE, "failed", reason=HOSTILE),)
    card = replace(CARD, name=HOSTILE, classes=(HOSTILE, "container"), description=HOSTILE)
    run = run_of({HOSTILE: part}, folder=tmp_path, sites=sites, bad=bad, card=card)
    run = replace(
        run, index=replace(run.index, command=HOSTILE, notes=(HOSTILE,), settings={HOSTILE: HOSTILE}, sites_file=HOSTILE)
    )
    page = Page(write_report(run, {HOSTILE: part}, tmp_path, reader=PaintedReader({HOSTILE: part})).read_text())
    assert not page.all("script")
    assert all("onerror" not in attrs for _, attrs in page.tags)
    assert all(attrs.get("src", "data:").startswith("data:") for attrs in page.all("img"))


def test_H13_half_characters_and_control_characters_in_names_do_not_stop_the_page(tmp_path):
    name = "a\udce9\x00\n<b>"
    part = part_of("plain", quads=boxes(2, left=30, top=30))
    part = replace(part, scene=replace(part.scene, id=name, part=name))
    run = run_of({name: part}, folder=tmp_path)
    assert "\x00" not in write_report(run, {name: part}, tmp_path, reader=PaintedReader({name: part})).read_text("utf-8")


def test_O11_without_imagery_no_pixel_is_read_or_left(tmp_path):
    run, parts = port(tmp_path, scenes=3)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "report_quay-scene_00.jpg").write_bytes(b"of an earlier page")
    reader = PaintedReader(parts)
    page = Page(write_report(run, parts, tmp_path, imagery=False, reader=reader).read_text())
    assert reader.reads == []
    assert not page.all("img")
    assert "data:image" not in page.html
    assert not (tmp_path / "pictures").exists()
    assert any(attrs.get("class") == "b40" for attrs in page.all("path"))  # the boxes themselves stay
    assert "made without imagery" in page.text


def test_pictures_beyond_the_limit_lie_beside_the_page_and_are_linked(tmp_path):
    run, parts = port(tmp_path, scenes=8)
    limit = 900_000
    path = write_report(run, parts, tmp_path, reader=PaintedReader(parts), most_bytes=limit)
    page = Page(path.read_text())
    assert path.stat().st_size <= limit
    files = sorted((tmp_path / "pictures").iterdir())
    linked = {a["href"] for a in page.all("a") if a["href"].startswith("pictures/")}
    assert linked == {f"pictures/{f.name}" for f in files}
    assert 0 < len(files) < 16
    # The latest pictures of both sites stay in the page.
    assert [a for a in page.all("img") if int(a["width"]) > 600]
    # Made again with room for all, none is left behind.
    write_report(run, parts, tmp_path, reader=PaintedReader(parts))
    assert not (tmp_path / "pictures").exists()


def test_on_a_full_disk_the_old_page_and_its_pictures_stay(tmp_path, monkeypatch):
    def full(path, flags):
        raise OSError(errno.ENOSPC, "No space left on device")

    run, parts = port(tmp_path, scenes=8)
    write_report(run, parts, tmp_path, reader=PaintedReader(parts), most_bytes=900_000)
    old = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert len(old) > 1
    monkeypatch.setattr(writing, "_sync", full)
    for imagery in (True, False):
        with pytest.raises(StoreError, match="No space left"):
            write_report(run, parts, tmp_path, imagery=imagery, reader=PaintedReader(parts), most_bytes=900_000)
        assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == old


def test_the_page_is_the_same_bytes_each_time(tmp_path):
    run, parts = port(tmp_path / "run", scenes=3)
    pages = [write_report(run, parts, tmp_path / "run", reader=PaintedReader(parts)).read_bytes() for _ in range(2)]
    assert pages[0] == pages[1]


def test_without_outlines_each_scene_is_its_own_place_and_nothing_is_added_up(tmp_path):
    grid = grid_of(shape=(200, 300), crs=None)
    parts = {n: part_of(n, quads=boxes(i + 2, left=20, top=20), grid=grid) for i, n in enumerate(("a", "b", "c"))}
    torn = SceneOutcome("x", "x", "/y/x.tif", "failed", reason="/y/x.tif: torn")
    run = run_of(parts, folder=tmp_path, bad=(torn,))
    page = Page(write_report(run, parts, tmp_path, reader=PaintedReader(parts)).read_text())
    assert "3 scenes" in page.text
    assert "each scene is its own place: these numbers are not a series" in page.text
    assert page.text.count(" torn ") == 1
    assert len(page.all("img")) == 3
    assert not [a for a in page.all("svg") if a.get("class") == "wide"]


def test_without_outlines_a_number_in_brackets_is_explained(tmp_path):
    grid = grid_of(shape=(200, 300), crs=None)
    parts = {n: part_of(n, quads=boxes(3, left=20, top=20), grid=grid) for n in ("clear", "cloudy")}
    hidden = parts["cloudy"].seen.share.copy()
    hidden[:, hidden.shape[1] // 4 :] = 0
    parts["cloudy"] = replace(parts["cloudy"], seen=replace(parts["cloudy"].seen, share=hidden))
    run = run_of(parts, folder=tmp_path)
    assert {c.site_id: c.status for c in run.counts} == {"clear": "done", "cloudy": "not_assessable"}
    text = Page(write_report(run, parts, tmp_path, reader=PaintedReader(parts)).read_text()).text
    assert "1 scene showed too little of the site for its number to stand; numbers in brackets are what was found." in text


def test_each_of_several_plain_pictures_of_a_scene_is_shown_once_beside_its_own_number(tmp_path):
    grid = grid_of(shape=(200, 300), crs=None)
    parts = {n: part_of(n, quads=boxes(k, left=20, top=20), grid=grid) for n, k in (("east", 2), ("west", 5))}
    parts = {n: replace(part, scene=replace(part.scene, id="pier")) for n, part in parts.items()}
    parts["placed"] = part_of("placed", quads=boxes(7, left=300, top=300))
    parts["placed"] = replace(parts["placed"], scene=replace(parts["placed"].scene, id="pier"))
    run = run_of(parts, folder=tmp_path)
    assert [(c.site_id, c.count) for c in run.counts] == [("east", 2), ("pier", 7), ("west", 5)]
    page = Page(write_report(run, parts, tmp_path, reader=PaintedReader(parts)).read_text())
    shown = sorted(re.findall(r"scene (\w+), [^:]*: (\d+) counted", " ".join(a["alt"] for a in page.all("img"))))
    assert shown == [("east", "2"), ("placed", "7"), ("west", "5")]
    assert "pier: east" in page.text
    assert "pier: west" in page.text
    assert "pier: pier" not in page.text


def test_O2_a_site_that_no_scene_shows_is_told_as_unknown_not_as_empty(tmp_path):
    part = part_of("a", quads=boxes(4, left=300, top=300), acquired=dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
    far = Site("far", "Far away", outline(9000, 9000, 9900, 9900))
    run = run_of({"a": part}, folder=tmp_path, sites=(far, Site("near", "Near", outline(200, 200, 900, 900))))
    place = next(p for p in places_of(run) if p.id == "far")
    assert place.lead.headline is None
    assert "nothing is known of it" in place.unseen[0]
    page = Page(write_report(run, {"a": part}, tmp_path, reader=PaintedReader({"a": part})).read_text())
    assert "No scene could be counted here." in page.text


def test_zones_without_a_whole_are_not_added_up(tmp_path):
    part = part_of("a", quads=boxes(30, left=300, top=300), acquired=dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
    sites = (
        Site("s", "Port", outline(250, 250, 500, 500), zone="east"),
        Site("s", "Port", outline(400, 250, 900, 500), zone="west"),
    )
    run = run_of({"a": part}, folder=tmp_path, sites=sites)
    page = Page(write_report(run, {"a": part}, tmp_path, reader=PaintedReader({"a": part})).read_text())
    assert "they may overlap, so they are not added up" in page.text
    assert not [a for a in page.all("p") if a.get("class") == "number"]
    assert len(page.all("img")) == 1


def test_where_only_zones_were_outlined_what_hides_one_of_them_is_told(tmp_path):
    part = part_of("a", quads=boxes(30, left=300, top=300), acquired=dt.datetime(2025, 1, 1, tzinfo=dt.UTC))
    part = replace(part, scene=replace(part.scene, mask="a_udm2.tif", cloud_checked=True))
    sites = (
        Site("s", "Port", outline(250, 250, 500, 500), zone="east"),
        Site("s", "Port", outline(1900, 250, 3900, 500), zone="west"),  # of which the scene shows a tenth
    )
    run = run_of({"a": part}, folder=tmp_path, sites=sites)
    assert [(c.zone, c.status) for c in run.counts] == [("east", "done"), ("west", "not_assessable")]
    text = Page(write_report(run, {"a": part}, tmp_path, reader=PaintedReader({"a": part})).read_text()).text
    assert "The whole site was seen in every scene" not in text
    assert "west: 1 scene showed too little of the site for its number to stand" in text


def test_a_model_without_measurements_is_said_to_have_none(tmp_path):
    card = replace(CARD, measured=())
    part = replace(part_of("a", quads=boxes(3, left=300, top=300)), card=card)
    run = run_of({"a": part}, folder=tmp_path, card=card)
    text = Page(write_report(run, {"a": part}, tmp_path, reader=PaintedReader({"a": part})).read_text()).text
    assert "no interval was measured for this model" in text
    assert "transferred from a benchmark" not in text


def test_a_run_of_failures_alone_still_makes_a_page(tmp_path):
    bad = (SceneOutcome("a", "a", "/x/a.tif", "failed", reason="/x/a.tif: torn"),)
    page = Page(write_report(run_of({}, folder=tmp_path, bad=bad), {}, tmp_path).read_text())
    assert "Failed torn" in page.text
    assert "No scene was counted" in page.text


def test_an_empty_run_makes_a_page(tmp_path):
    assert "No scene was counted" in write_report(run_of({}, folder=tmp_path), {}, tmp_path / "page.html").read_text()


def test_many_scenes_are_folded(tmp_path):
    grid = grid_of(shape=(40, 60))
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    parts = {
        f"s{i:03}": part_of(f"s{i:03}", quads=np.zeros((0, 4, 2)), grid=grid, acquired=start + dt.timedelta(days=9 * i))
        for i in range(120)
    }
    run = run_of(parts, folder=tmp_path, sites=(Site("s", "S", outline(5, 5, 50, 30)),))
    page = Page(write_report(run, parts, tmp_path, reader=PaintedReader(parts)).read_text())
    assert "Show 100 earlier scenes" in page.text
    assert "Show 108 more pictures" in page.text
    assert len(page.all("img")) == 120


def test_O10_a_place_that_cannot_be_written_is_an_error_with_a_way_out(tmp_path):
    run, parts = port(tmp_path, scenes=2)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="choose another place"):
        write_report(run, parts, tmp_path / "file", reader=PaintedReader(parts))


def test_boxes_beyond_the_limit_are_left_out_of_a_page_without_pixels_and_that_is_said(tmp_path):
    yard = boxes(3000, left=240, top=200, per_row=50)
    days = [dt.datetime(2025, 3, day, 2, 11, tzinfo=dt.UTC) for day in range(1, 9)]
    parts = {f"d{day.day}": part_of(f"d{day.day}", quads=yard, acquired=day) for day in days}
    run = run_of(parts, folder=tmp_path, sites=[Site("quay", "Quay", outline(200, 150, 1900, 1300))])
    limit = 500_000
    path = write_report(run, parts, tmp_path, imagery=False, most_bytes=limit)
    page = Page(path.read_text())
    assert path.stat().st_size <= limit
    assert "the boxes are left out, as the page would grow beyond its limit" in page.text
    assert any(attrs.get("class") == "b40" for attrs in page.all("path"))  # those of the latest scenes stay
    assert not page.all("img")


def test_a_page_whose_scenes_are_all_gone_does_not_say_that_it_was_made_without_imagery(tmp_path):
    run, parts = port(tmp_path, scenes=3)
    path = write_report(run, parts, tmp_path, reader=PaintedReader(parts, gone=frozenset(parts)))
    page = Page(path.read_text())
    assert "Picture not available: cannot be read: no such file" in page.text
    assert "made without imagery" not in page.text


def test_a_scene_of_several_files_is_one_scene_on_the_page(tmp_path):
    when = dt.datetime(2025, 5, 1, 8, 30, tzinfo=dt.UTC)
    halves = {f"a_{i}": part_of(f"a_{i}", quads=boxes(20, left=240 + 300 * i, top=200), acquired=when) for i in (0, 1)}
    parts = {name: replace(part, scene=replace(part.scene, id="a")) for name, part in halves.items()}
    parts["b"] = part_of("b", quads=boxes(30, left=240, top=200), acquired=when + dt.timedelta(days=9))
    run = run_of(parts, folder=tmp_path, sites=[Site("quay", "Quay", outline(200, 150, 1100, 760))])
    outcomes = [replace(one, scene_id=parts[one.part].scene.id) for one in run.index.outcomes]
    run = replace(run, index=replace(run.index, outcomes=outcomes))
    page = Page(write_report(run, parts, tmp_path, imagery=False).read_text())
    assert "Shipping containers visible in 2 scenes, 1 May 2025 to 10 May 2025." in page.text
    assert "Files of scenes: 3 counted" in page.text
    assert "2 scenes" in page.text.split("Pictures and licences")[1].split("Licences of pictures")[0]
