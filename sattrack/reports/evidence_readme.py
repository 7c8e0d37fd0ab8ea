"""README.txt of an evidence pack: all that it says, in plain words, for those who open nothing else."""

import textwrap
from collections.abc import Mapping, Sequence

from sattrack.reports.alerts import sentence_of
from sattrack.reports.cells import clean, moment
from sattrack.reports.evidence_case import Case
from sattrack.reports.evidence_words import (
    bracket_sentence,
    commands,
    counted,
    judged,
    licences,
    not_proved,
    repeating,
    seen,
    unseen,
)

_WIDE = 100
# Written after this text, or with it.
_ALWAYS = ("README.txt", "SHA256SUMS")
ABOUT = {
    "README.txt": "this text",
    "page.html": "the same as a page that opens offline, with the pictures to compare",
    "before.png": "the scene before",
    "after.png": "the alert's scene",
    "before_boxes.png": "the boxes of the scene before, without its pixels",
    "after_boxes.png": "the boxes of the alert's scene, without its pixels",
    "chart.svg": "the series: counts with intervals, what was expected, alerts",
    "counts.csv": "the rows of the series, a scene a row",
    "alert.json": "the alert, its series and what became of the boxes, as numbers",
    "boxes.gpkg": "every stored box of the two scenes at the site, the outlines and the counts for QGIS",
    "boxes.csv": "every stored box of the two scenes, in source pixels",
    "changes/changes.csv": "kept, arrived and left between the two scenes, with intervals",
    "changes/boxes.csv": "what became of each box, a box a row",
    "changes/boxes.geojson": "the same for maps, WGS 84",
    "movements.csv": "what moved between the scenes of the period, a pair of scenes a row",
    "site.geojson": "the outlines of the site, and the areas left out",
    "settings.yaml": "the settings by which it was counted and judged",
    "provenance.json": "inputs and weights with their sha256, settings, versions, commands",
    "LICENCES.txt": "what may be done with what is in here",
    "SHA256SUMS": "the digests of all other files: sha256sum -c SHA256SUMS",
}  # fmt: skip


def readme(case: Case, files: Mapping[str, bytes]) -> str:
    """The pack in plain words."""
    alert = case.alert
    head = [
        f"EVIDENCE FOR ONE ALERT, made with sattrack {case.versions.get('sattrack', '')}".rstrip(),
        f"{clean(case.name)}: {alert.level.replace('_', ' ')}, {alert.direction}; {moment(alert.datetime)}; alert {alert.id}",
        sentence_of(alert),
        bracket_sentence(case),
    ]
    about = [f"{name}: {ABOUT[name]}" for name in ABOUT if name in files or name in _ALWAYS]
    chapters = {
        "WHAT WAS SEEN": _points(seen(case)),
        "WHAT WAS NOT SEEN": _points(unseen(case)),
        "HOW IT WAS COUNTED": _points(counted(case)),
        "HOW IT WAS JUDGED": _points(judged(case)),
        "WHAT THIS DOES NOT PROVE": _points(not_proved(case)),
        "HOW TO REPEAT IT": "\n".join([_points(repeating(case)), "", *(f"    $ {line}" for line in commands(case))]),
        "LICENCES": _points(licences(case)),
        "WHAT IS IN HERE": _points(about),
    }
    said = [textwrap.fill(line, _WIDE) for line in head]
    return "\n\n".join([*said, *(f"{title}\n\n{text}" for title, text in chapters.items())]) + "\n"


def _points(lines: Sequence[str]) -> str:
    wrapper = textwrap.TextWrapper(
        _WIDE, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(map(wrapper.fill, lines))
