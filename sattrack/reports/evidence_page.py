"""The page of an evidence pack: the two pictures to compare, the series, and all that the pack says; opens offline."""

import base64
import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sattrack.reports.alerts import sentence_of
from sattrack.reports.canvas import THEMED, svg
from sattrack.reports.cells import KnownPlaces, clean
from sattrack.reports.evidence_case import Case, Sight
from sattrack.reports.evidence_chart import series_chart
from sattrack.reports.evidence_pictures import STATE_WORDS, Drawn, credit, gsd_of, headline, lines_of, small
from sattrack.reports.evidence_words import (
    bracket_sentence,
    commands,
    counted,
    judged,
    licences,
    missing_words,
    not_proved,
    repeating,
    seen,
    unseen,
)
from sattrack.reports.marks import north_in, scale_bar
from sattrack.reports.overlays import jpeg
from sattrack.reports.telling import row_of
from sattrack.reports.wording import metres, when

_MOST_PX, _QUALITY = 1500, 88

_SUMS = {"rise": "Came in all, at the least", "fall": "Left in all, at the least"}


def page(case: Case, drawings: Mapping[str, Drawn]) -> bytes:
    """One HTML file that asks for nothing from elsewhere; its one script moves the edge between the two pictures."""
    environment = Environment(
        loader=PackageLoader("sattrack.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    assert environment.loader is not None
    script = environment.loader.get_source(environment, "evidence.js")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = environment.get_template("evidence.html.j2").render(
        **_said(case), shots=[_shot(one, drawings[one.role]) for one in case.sights], script=Markup(script), script_hash=digest
    )
    return text.encode("utf-8", "replace")


def _said(case: Case) -> dict[str, Any]:
    alert = case.alert
    locations = KnownPlaces(case.run.index.locations)
    band = ""
    if alert.expected is not None:
        low, high = math.floor(alert.expected_low or 0), math.ceil(alert.expected_high or 0)
        band = f"{alert.expected:,.0f} ({low:,} to {high:,})"  # as in the alert's sentence
    return {
        "title": clean(case.name), "when": when(alert.datetime), "level": alert.level.replace("_", " "), "alert_id": alert.id,
        "direction": alert.direction, "sentence": sentence_of(alert), "bracket": bracket_sentence(case),
        "observed": "none" if alert.observed is None else f"{alert.observed:,.0f}", "band": band,
        # Of a cumulative alert it is the sum of what moved, which no scene shows.
        "observed_words": _SUMS.get(alert.direction, "Moved") if alert.kind == "cumulative" else "Seen",
        "charts": _charts(case), "rows": [row_of(count, locations=locations) for count in reversed(case.counts)],
        "seen": seen(case), "unseen": unseen(case), "counted": counted(case), "judged": judged(case),
        "not_proved": not_proved(case), "repeating": repeating(case), "commands": commands(case), "licences": licences(case),
        "version": case.versions.get("sattrack", ""), "after_id": clean(alert.scene_id),
        "inputs": [
            (clean(one.scene_id), one.sha256, case.files.get(one.part, ""))
            for one in case.run.index.outcomes
            if one.scene_id in {count.scene_id for count in case.counts}
        ],
        "weights": (clean(case.run.index.card.id), case.run.index.card.sha256),
    }  # fmt: skip


def _charts(case: Case) -> list[Markup]:
    """The series for a desk and for a hand."""
    sizes = (("wide", 820, 300), ("narrow", 350, 260))
    drawn = [(name, series_chart(case, width=width, height=height)) for name, width, height in sizes]
    title = f"Containers counted in time: {clean(case.name)}"
    return [Markup(svg(replace(one, title=title), colours=THEMED, css_class=name)) for name, one in drawn if one is not None]


def _shot(one: Sight, drawn: Drawn) -> dict[str, Any]:
    """A picture with what must stand beside it."""
    bar = scale_bar(drawn.view, grid=drawn.part.scene.grid)
    turn = north_in(drawn.view, grid=drawn.part.scene.grid)
    picture = small(drawn.pixels, most_px=_MOST_PX)
    content = base64.b64encode(jpeg(picture, quality=_QUALITY)).decode()
    scene = one.parts[0].scene
    sensor = f"{clean(scene.sensor) or 'sensor not stated'}, {gsd_of(one):.2g} m a pixel"
    return {
        "role": one.role, "src": f"data:image/jpeg;base64,{content}", "width": picture.width, "height": picture.height,
        "when": when(scene.acquired), "sensor": sensor, "count": headline(one),
        "credit": credit(one), "scene": " + ".join(clean(part.scene.part) for part in one.parts),
        "missing": missing_words(one), "bar": metres(bar.metres), "bar_width": round(100 * bar.px / drawn.view.width, 2),
        "north": None if turn is None else round(turn, 1),
        "states": [(state.replace(" ", "-"), STATE_WORDS[state]) for state in drawn.states], "lines": lines_of(drawn.marks),
        "alt": f"{one.role.capitalize()}: {clean(scene.id)}, {when(scene.acquired)}: {headline(one)}",
    }  # fmt: skip
