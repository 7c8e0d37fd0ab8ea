import datetime as dt
import itertools
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from sattrack.reports.axes import date_ticks
from sattrack.reports.canvas import THEMED, Dot, Stroke, Words, font, svg
from sattrack.reports.charts import chart, series_of, write_charts
from sattrack.reports.naming import file_name
from sattrack.timeline import Site
from tests.reports.invented_findings import surge, surge_findings
from tests.reports.invented_run import CARD, HOSTILE, boxes, outline, part_of, port, run_of

UTC = dt.UTC


def cut(drawing):
    """Words that do not stand on the sheet whole, in the widest of the fonts that show it."""
    found = []
    for mark in (one for one in drawing.marks if isinstance(one, Words)):
        wide = font(mark.size * 8, bold=mark.bold).getlength(mark.text) / 8
        left = mark.x - {"start": 0, "middle": wide / 2, "end": wide}[mark.anchor]
        if left < 0 or left + wide > drawing.width:
            found.append(mark.text)
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return port(tmp_path_factory.mktemp("run"))


@pytest.fixture
def quay(made):
    return series_of(made[0].counts)[("quay", "")]


def test_discs_are_hollow_where_the_site_was_partly_seen_and_absent_where_not_assessable(quay):
    counts = quay
    drawn = chart(counts, width=760, height=300)
    dated = [c for c in counts if c.datetime]
    whole = [c for c in dated if c.status == "done" and c.observed_fraction >= 0.995]
    partly = [c for c in dated if c.status == "done" and c.observed_fraction < 0.995]
    dots = [m for m in drawn.marks if isinstance(m, Dot)]
    assert partly
    assert sum(not d.hollow for d in dots) == len(whole)
    assert sum(d.hollow for d in dots) == len(partly)


def test_each_counted_scene_has_its_interval_and_each_refused_one_a_cross(quay):
    counts = quay
    drawn = chart(counts, width=760, height=300)
    upright = [m for m in drawn.marks if isinstance(m, Stroke) and m.width == 2.2]
    crosses = [m for m in drawn.marks if isinstance(m, Stroke) and m.ink == "warn"]
    counted = [c for c in counts if c.datetime and c.status == "done"]
    assert len(upright) == len(counted)
    assert len(crosses) == 2 * sum(c.status in ("refused", "failed") and c.datetime is not None for c in counts)


def test_the_line_breaks_where_a_scene_gave_no_number(quay):
    counts = [c for c in quay if c.datetime]
    drawn = chart(counts, width=760, height=300)
    lines = [m for m in drawn.marks if isinstance(m, Stroke) and m.faint == 0.35]
    assert len(lines) == 2  # one gap: a clouded scene, next to it a refused one
    assert sum(len(line.points) for line in lines) == sum(c.status == "done" for c in counts)


def test_the_number_of_the_latest_scene_stands_beside_its_disc_inside_the_sheet(quay):
    counts = quay
    last = [c for c in counts if c.datetime and c.status == "done"][-1]
    drawn = chart(counts, width=760, height=300)
    words = [m for m in drawn.marks if isinstance(m, Words) and m.bold]
    assert [w.text for w in words] == [str(last.count)]
    assert words[0].x + 8 * len(words[0].text) <= 760


def test_no_chart_is_drawn_where_no_scene_has_a_date(tmp_path):
    part = part_of("a", quads=np.zeros((0, 4, 2)))
    run = run_of({"a": part}, folder=tmp_path)
    assert chart(run.counts, width=760, height=300) is None
    write_charts(run, {"a": part}, tmp_path / "charts")
    assert list((tmp_path / "charts").iterdir()) == []


def test_one_scene_of_nothing_still_has_a_scale(tmp_path):
    part = part_of("a", quads=np.zeros((0, 4, 2)), acquired=dt.datetime(2025, 1, 1, tzinfo=UTC))
    drawn = chart(run_of({"a": part}, folder=tmp_path).counts, width=350, height=260)
    labels = [m.text for m in drawn.marks if isinstance(m, Words)]
    assert "0" in labels
    assert "1" in labels


@pytest.mark.parametrize(
    ("days", "most", "expected"),
    [
        (0.25, 8, ["1 Mar 2024", "01:00"]),
        (1 / 48, 8, ["1 Mar 2024", "00:05"]),
        (20, 6, ["7 Mar 2024", "14 Mar"]),
        (200, 8, ["Mar 2024", "Apr"]),
        (4000, 6, ["2026", "2028"]),
    ],
)
def test_ticks_stand_at_round_dates_and_the_year_is_told_once(days, most, expected):
    begin = dt.datetime(2024, 3, 1, tzinfo=UTC).timestamp()
    ticks, label = date_ticks(begin, begin + days * 86400, most=most)
    assert [label(ticks[0], None), label(ticks[1], ticks[0])] == expected
    assert len(ticks) <= most + 1
    assert all(begin <= moment.timestamp() <= begin + days * 86400 for moment in ticks)


def test_labels_of_dates_never_touch(quay):
    start = dt.datetime(2021, 11, 28, 23, 50, tzinfo=UTC)
    for hours, scenes in ((1, 2), (20, 9), (300, 5), (400, 14), (300, 120), (9000, 9)):
        counts = [replace(quay[0], datetime=start + dt.timedelta(hours=hours * i)) for i in range(scenes)]
        for width in (350, 760):
            drawn = chart(counts, width=width, height=260)
            base = max(m.y for m in drawn.marks if isinstance(m, Words))
            labels = sorted((m.x, len(m.text)) for m in drawn.marks if isinstance(m, Words) and m.y == base)
            for (x, n), (x_next, n_next) in itertools.pairwise(labels):
                assert x_next - x > 3.2 * (n + n_next)


@pytest.mark.parametrize(
    ("first", "hours"),
    [("2023-10-20T11:01", 4.7), ("2023-10-20T02:01", 0.1), ("2023-10-20T02:01", 0.001), ("2023-10-19T11:01", 29)],
)
@pytest.mark.parametrize("width", [350, 760])
def test_an_axis_tells_the_day_and_the_year_also_of_scenes_of_one_day(quay, first, hours, width):
    start = dt.datetime.fromisoformat(first).replace(tzinfo=UTC)
    drawn = chart([replace(quay[0], datetime=start + dt.timedelta(hours=h)) for h in (0, hours)], width=width, height=260)
    base = max(m.y for m in drawn.marks if isinstance(m, Words))
    labels = [m.text for m in drawn.marks if isinstance(m, Words) and m.y == base]
    assert labels[0].startswith((f"{start.day} Oct 2023 ", "20 Oct 2023"))
    assert all(label.startswith("20 Oct") or ":" in label for label in labels[1:])


def test_where_a_label_of_a_new_day_has_no_room_the_next_one_tells_the_day(quay):
    start = dt.datetime(2023, 10, 19, 19, 0, tzinfo=UTC)
    for minutes in range(0, 360, 20):
        begin = start + dt.timedelta(minutes=minutes)
        drawn = chart([replace(quay[0], datetime=begin + dt.timedelta(hours=h)) for h in (0, 20)], width=350, height=260)
        base = max(m.y for m in drawn.marks if isinstance(m, Words))
        labels = [m.text for m in drawn.marks if isinstance(m, Words) and m.y == base]
        days = [label[:6] for label in labels if not label[:2].isdigit() or label[2] != ":"]
        assert days[-1].startswith("20 Oct"), labels


def test_X1_names_are_escaped_in_svg(tmp_path):
    part = part_of("a" + HOSTILE, quads=np.zeros((0, 4, 2)), acquired=dt.datetime(2025, 1, 1, tzinfo=UTC))
    run = run_of({part.scene.part: part}, folder=tmp_path, sites=(Site("s", HOSTILE, outline(0, 0, 900, 900)),))
    text = svg(chart(run.counts, width=760, height=300, title=HOSTILE), sheet=True)
    assert "<img" not in text
    assert ET.fromstring(text).attrib["aria-label"] == HOSTILE


def test_the_files_are_the_same_bytes_each_time_and_hold_no_date_of_making(made, tmp_path):
    run, parts = made
    first, second = (write_charts(run, parts, tmp_path / name) for name in ("a", "b"))
    names = sorted(p.name for p in first.iterdir())
    assert names == ["depot.png", "depot.svg", "quay-West_stack.png", "quay-West_stack.svg", "quay.png", "quay.svg"]
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes()
    with Image.open(first / "quay.png") as picture:
        assert picture.size == (2280, 990)
    assert "http" not in (first / "quay.svg").read_text().replace("http://www.w3.org/2000/svg", "")


def test_an_exported_chart_says_what_it_counts_and_what_its_marks_mean(made, tmp_path):
    run, parts = made
    counts = [replace(c, sensor=("WV-2", "SkySat")[i % 2]) for i, c in enumerate(run.counts)]
    text = (write_charts(replace(run, counts=counts), parts, tmp_path) / "quay.svg").read_text()
    words = [one.text for one in ET.fromstring(text).iter() if one.tag.endswith("text")]
    assert "North Quay: visible containers" in words
    assert {"counted, with 90 % interval", "worldview-2", "skysat"} <= set(words)
    bare = [replace(c, count_low=None, count_high=None) for c in run.counts]
    text = (write_charts(replace(run, counts=bare), parts, tmp_path) / "quay.svg").read_text()
    assert "interval was measured" in text
    assert "90 % interval" not in text


def test_the_legend_of_a_chart_with_alarms_names_them_and_stays_on_the_sheet(tmp_path):
    run, _ = surge(tmp_path)
    counts = series_of(run.counts)[("quay", "")]
    alerts = [one for one in surge_findings(run).alerts if (one.site_id, one.zone) == ("quay", "")]
    for width in (350, 760):
        drawn = chart(counts, width=width, height=400, alerts=alerts, legend=True)
        words = [m for m in drawn.marks if isinstance(m, Words)]
        assert {"19 of 20 quiet scenes", "alarm limit", "alert"} <= {m.text for m in words}
        assert all(m.x + 0.5 * m.size * len(m.text) <= width for m in words if m.anchor == "start")
        assert max(m.y for m in words) <= 400


def test_scenes_without_a_date_are_said_to_be_on_no_chart(tmp_path, caplog):
    parts = {name: part_of(name, quads=boxes(3, left=240, top=200)) for name in ("a", "b")}
    run = run_of(parts, folder=tmp_path, sites=(Site("quay", "Quay", outline(200, 150, 1100, 760)),))
    assert not list(write_charts(run, parts, tmp_path / "charts").iterdir())
    assert "2 scenes without a date left out; 1 site or zone without another got no chart" in caplog.text


def test_a_chart_in_a_page_takes_its_colours_from_the_style_sheet(quay):
    text = svg(chart(quay, width=760, height=300), colours=THEMED)
    assert "var(--accent)" in text
    assert "#" not in text


def test_scenes_without_an_interval_are_drawn_without_one(tmp_path):
    part = part_of("a", quads=np.zeros((0, 4, 2)), acquired=dt.datetime(2025, 1, 1, tzinfo=UTC))
    part = replace(part, card=replace(CARD, measured=()))
    drawn = chart(run_of({"a": part}, folder=tmp_path, card=part.card).counts, width=760, height=300)
    assert not [m for m in drawn.marks if isinstance(m, Stroke) and m.width == 2.2]


def test_H13_file_names_are_safe_and_unique():
    taken = set()
    strange = ("a/../b", "a_.._b", "A_.._B", "", "\n", "x" * 300, "-rf", "CON", "nul.b", "\U00020000" * 300)
    names = [file_name(n, taken=taken) for n in strange]
    assert len({n.lower() for n in names}) == len(names)
    assert all("/" not in n and "\n" not in n and not n.startswith(("-", ".")) and 0 < len(n) <= 84 for n in names)
    assert all(len(n.encode()) < 200 and n.split(".")[0].lower() not in ("con", "nul") for n in names)


@pytest.mark.parametrize("width", [350, 820])
@pytest.mark.parametrize("n", [12_345, 112_345])
def test_no_digit_of_a_large_number_is_cut_by_the_edge_of_the_sheet(quay, n, width):
    counts = [replace(c, count=n, count_low=n * 0.9, count_high=n * 1.1) for c in quay if c.count is not None]
    assert cut(chart(counts, width=width, height=300)) == []
