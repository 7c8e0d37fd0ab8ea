"""The end of a run in words: the counts, what failed or was refused and why, and the same as JSON."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sattrack.cli.voice import Voice, one_line, plain

if TYPE_CHECKING:
    from sattrack.running import Run
    from sattrack.timeline import Count

_HEAD = ("site", "zone", "scene", "time (UTC)", "count", "90 % interval", "seen", "status")
# A longer table is no summary; counts.csv has every row.
_MOST_ROWS = 200


def count_table(run: "Run", *, voice: Voice) -> None:
    """Per site and scene the count with its interval, the share of the site that was seen, and the status."""
    if not run.counts:
        voice.out("nothing was counted: no scene touches a site")
        return
    shown = run.counts[:_MOST_ROWS]
    told = (any(count.site_id != count.scene_id for count in shown), any(count.zone for count in shown))
    keep = [i for i in range(len(_HEAD)) if i >= len(told) or told[i]]
    rows = [_row(count) for count in shown]
    right = [keep.index(i) for i in (4, 5, 6)]
    voice.table([_HEAD[i] for i in keep], [[row[i] for i in keep] for row in rows], right=right)
    if len(run.counts) > len(shown):
        voice.out(f"... and {len(run.counts) - len(shown)} rows more in {one_line(str(run.folder / 'counts.csv'))}")
    for remark in _remarks(run):
        voice.out(remark)


def _row(count: "Count") -> tuple[str, ...]:
    when = count.datetime.strftime("%Y-%m-%d %H:%M") if count.datetime else "unknown"
    number = "" if count.count is None else f"{count.count}{'+' if count.cap_hit else ''}"
    named = count.site_name if count.site_name in ("", count.site_id) else f"{count.site_name} ({count.site_id})"
    return (
        named or count.site_id, count.zone, count.scene_id, when, number, interval(count), f"{count.observed_fraction:.0%}",
        count.status.replace("_", " "),
    )  # fmt: skip


def interval(count: "Count") -> str:
    """Low to high, or a dash where none was measured."""
    if count.count_low is None or count.count_high is None:
        return "-" if count.count is not None else ""
    return f"{count.count_low:.0f} to {count.count_high:.0f}"


def _remarks(run: "Run") -> list[str]:
    """What a reader of the table must know."""
    remarks = []
    if any(count.count is not None and count.count_low is None for count in run.counts):
        remarks.append("-: no interval was measured for these weights at this pixel size and density.")
    if any(count.cap_hit for count in run.counts):
        remarks.append("+: a tile returned as many boxes as it may; the count is a lower bound.")
    if any(count.datetime is None and count.count is not None for count in run.counts):
        remarks.append("unknown time: counted, but left out of series; --date, a sidecar or a manifest says it.")
    return remarks


def troubles(run: "Run") -> list[str]:
    """One line per scene that failed or was refused, and one for what was skipped."""
    bad = [o for o in run.index.outcomes if o.status in ("failed", "refused")]
    lines = [one_line(f"{o.status}: {o.part}: {o.reason.removeprefix(f'{o.location}: ')}") for o in bad]
    skipped = Counter(o.reason for o in run.index.outcomes if o.status == "skipped")
    lines += [one_line(f"skipped: {n} {'scene' if n == 1 else 'scenes'}: {reason}") for reason, n in skipped.items()]
    lines += [one_line(f"note: {note}") for note in dict.fromkeys((*run.index.notes, *run.notes))]
    if bad:
        others = "; the others are" if any(o.status == "done" for o in run.index.outcomes) else ""
        lines.append(f"{len(bad)} of {len(run.index.outcomes)} scenes were not counted{others}.")
    return lines


def summary(run: "Run", *, page: Path | None) -> dict[str, Any]:
    """The run as one JSON value: names of columns as in counts.csv and scenes.csv."""
    index = run.index
    return {
        "schema_version": index.schema_version,
        "run": str(run.folder),
        "report": str(page) if page else None,
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
