"""The end of a run in words: the counts, what failed or was refused and why, and the same as JSON."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from sattrack.cli.voice import Voice, one_line, plain
from sattrack.phrases import first_of, some

if TYPE_CHECKING:
    import datetime as dt

    from sattrack.running import Run
    from sattrack.timeline import Count

_HEAD = ("site", "zone", "scene", "time (UTC)", "count", "90 % interval", "seen", "status")
# A longer table is no summary; counts.csv has every row.
_MOST_ROWS = 200
_MOST_TRAVELS = 10
# Scenes without a sure box that are named.
_MOST_UNSURE = 3


def count_table(run: "Run", *, voice: Voice) -> None:
    """Per site and scene the count with its interval, the share of the site that was seen, and the status.

    Scenes that do not reach a site are a row of counts.csv each, and one sentence here.
    """
    shown = list(islice((count for count in run.counts if count.status != "outside"), _MOST_ROWS))
    if not shown:
        voice.out(f"nothing was counted: no scene reaches a site{_why_none(run)}")
        return
    told = (any(count.site_id != count.scene_id for count in shown), any(count.zone for count in shown))
    keep = [i for i in range(len(_HEAD)) if i >= len(told) or told[i]]
    rows = [_row(count) for count in shown]
    right = [keep.index(i) for i in (4, 5, 6)]
    voice.table([_HEAD[i] for i in keep], [[row[i] for i in keep] for row in rows], right=right)
    outside = sum(count.status == "outside" for count in run.counts)
    if more := len(run.counts) - outside - len(shown):
        voice.out(f"... and {some(more, 'row')} more in {one_line(str(run.folder / 'counts.csv'))}")
    for remark in _remarks(run, outside=outside):
        voice.out(remark)


def _why_none(run: "Run") -> str:
    """Pictures without a place on the globe lie in no outline, wherever it is."""
    if any(outcome.scene is not None and outcome.scene.grid.crs is None for outcome in run.index.outcomes):
        return "; pictures without georeferencing lie in no outline: count them without outlines, or give world files and .prj"
    return ""


def _row(count: "Count") -> tuple[str, ...]:
    when = _when(count.datetime)
    number = "" if count.count is None else f"{count.count}{'+' if count.cap_hit else ''}"
    named = count.site_name if count.site_name in ("", count.site_id) else f"{count.site_name} ({count.site_id})"
    return (
        named or count.site_id, count.zone, count.scene_id, when, number, interval(count), seen(count),
        count.status.replace("_", " "),
    )  # fmt: skip


def _when(moment: "dt.datetime | None") -> str:
    """The day, and the clock where it is known."""
    from sattrack.steps.phrasing import stamp

    return "unknown" if moment is None else stamp(moment)


def seen(count: "Count") -> str:
    """The share of the site that was seen: never all, or nothing, where it is only nearly so."""
    from sattrack.reports.wording import share

    return share(count.observed_fraction).replace(" %", "%")


def interval(count: "Count") -> str:
    """Low to high, outward to whole boxes as on the page; a dash where none was measured."""
    from sattrack.steps.phrasing import outward

    if count.count_low is None or count.count_high is None:
        return "-" if count.count is not None else ""
    low, high = outward(count.count_low, count.count_high)
    return f"{low} to {high}"


def _remarks(run: "Run", *, outside: int) -> list[str]:
    """What a reader of the table must know."""
    from sattrack.steps.doubting import LIKE_CARS
    from sattrack.steps.estimating import NO_SURE_BOX

    remarks = []
    if outside:
        told = some(outside, "row, of a scene that does not reach a site, is", "rows, of scenes that do not reach a site, are")
        remarks.append(f"{told} only in counts.csv.")
    if any(count.count is not None and count.count_low is None for count in run.counts):
        remarks.append("-: no interval was measured for these weights at this pixel size and density.")
    if any(count.cap_hit for count in run.counts):
        remarks.append("+: a tile returned as many boxes as it may; the count is a lower bound.")
    for said, doubt in ((NO_SURE_BOX, NO_SURE_BOX), (LIKE_CARS, f"boxes {LIKE_CARS}")):
        unsure = [*dict.fromkeys(_where(count) for count in run.counts if any(said in note for note in count.notes))]
        if unsure:
            remarks.append(one_line(f"{first_of(unsure, most=_MOST_UNSURE)}: {doubt}."))
    if any(count.datetime is None and count.count is not None for count in run.counts):
        remarks.append("unknown time: counted, but left out of series; --date, a sidecar or a manifest says it.")
    return remarks


def _where(count: "Count") -> str:
    """The scene, and which site and zone in it: others may lie in the same scene."""
    if count.site_id == count.scene_id:
        return count.scene_id
    return f"{' / '.join(filter(None, (count.site_name or count.site_id, count.zone)))} in {count.scene_id}"


def troubles(run: "Run", *, only_errors: bool = False) -> Iterator[str]:
    """One line per scene that failed or was refused, and, unless only errors are wanted, one for what was skipped."""
    bad = 0
    for o in run.index.outcomes:
        if o.status in ("failed", "refused"):
            bad += 1
            yield one_line(f"{o.status}: {o.part}: {o.reason.removeprefix(f'{o.location}: ')}")
    if only_errors:
        return
    skipped = Counter(o.reason for o in run.index.outcomes if o.status == "skipped")
    for reason, n in skipped.items():
        yield one_line(f"skipped: {some(n, 'scene')}: {reason}")
    for note in dict.fromkeys((*run.index.notes, *run.notes)):
        yield one_line(f"note: {note}")
    told = Counter(note for o in run.index.outcomes if o.status == "done" and o.scene for note in o.scene.notes)
    for note, n in told.items():
        yield one_line(f"note: {some(n, 'scene')}: {note}")
    if bad:
        others = "; the others are" if any(o.status == "done" for o in run.index.outcomes) else ""
        yield f"{bad} of {some(len(run.index.outcomes), 'scene')} {'was' if bad == 1 else 'were'} not counted{others}."


def travels() -> list[str]:
    """What was read of each remote file, and how much of it that is."""
    from sattrack.readers.remote.travels import TRAVELS

    read = TRAVELS.all()
    lines = [f"read {_megabytes(one.read)} of {_megabytes(one.size)} MB of {one.name}" for one in read[:_MOST_TRAVELS]]
    if len(read) > len(lines):
        sums = sum(one.read for one in read), sum(one.size for one in read)
        lines.append(f"read {_megabytes(sums[0])} of {_megabytes(sums[1])} MB of all {len(read)} remote files")
    return lines


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f}" if count < 1e8 else f"{count / 1e6:,.0f}"


def summary(run: "Run", *, page: str | None, place: str) -> dict[str, Any]:
    """The run as one JSON value: names of columns as in counts.csv and scenes.csv. place: where it is kept."""
    index = run.index
    return {
        "schema_version": index.schema_version,
        "run": place,
        "report": page,
        "model_id": index.model_id,
        "threshold": index.threshold,
        "scenes": [
            {
                "scene_id": o.scene_id, "part": o.part, "location": o.location, "status": o.status, "reason": o.reason,
                "boxes": o.boxes, "counted": o.counted, "cap_hit": o.cap_hit,
            }
            for o in index.outcomes
        ],
        "counts": [_as_json(count) for count in run.counts],
        "notes": list(run.notes),
    }  # fmt: skip


def _as_json(count: "Count") -> dict[str, Any]:
    return {name: plain(getattr(count, name)) for name in count.__slots__}
