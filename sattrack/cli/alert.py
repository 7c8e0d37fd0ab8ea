"""`sattrack alert`: which scenes are out of the ordinary, and how sure that is."""

import math
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.exit_codes import ALERT, OK
from sattrack.cli.voice import Voice, one_line
from sattrack.phrases import some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sattrack.timeline import Alert

app = typer.Typer(add_completion=False)


class Level(StrEnum):
    """The least severe level that is shown."""

    alert = "alert"
    warning = "warning"
    not_assessable = "not_assessable"
    normal = "normal"


class Direction(StrEnum):
    """Which changes are shown."""

    rise = "rise"
    fall = "fall"
    both = "both"


@app.command(no_args_is_help=True)
def alert(
    source: o.Source,
    level: Annotated[
        Level | None,
        typer.Option(
            help="Show this level and graver ones. Default: warnings, and whatever the newest scene of each series is."
        ),
    ] = None,
    direction: Annotated[Direction, typer.Option(help="Show rises, falls, or both.")] = Direction.both,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Show, and heed for --exit-code, only scenes from this time on.")
    ] = None,
    newest: Annotated[
        bool, typer.Option("--newest", help="Judge only the newest scene of each series: quick on many.")
    ] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 4 where an alert is among what is shown.")] = False,
    to: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="Write alerts.csv, alerts.json and alerts.geojson. Default: the run; nowhere with --threshold.",
            callback=o.here,
        ),
    ] = None,
    cumulative: o.Cumulative = None,
    threshold: o.Recounted = None,
    alarm_level: o.AlarmLevel = None,
    warning_level: o.WarningLevel = None,
    min_observed: o.MinObserved = None,
    config: o.Config = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Each scene is held against the past scenes of its own series, by the rule that their number allows.

    9 or more: Farrington; 5 to 8: EARS with t; fewer: not assessable, with a test of the two newest scenes. Rises and falls are
    judged alike, by a run's own settings where no others are given. The three files hold what is shown. What the levels mean
    and how often they err: docs/alarms.md.
    """
    from sattrack.assessing import assess_source, settings_for, spare_source, with_packs
    from sattrack.following import cumulative_alerts
    from sattrack.reports.alerts import ALERT_FILES, alert_value, write_alerts

    voice = Voice(quiet=quiet)
    given = {"alarm_level": alarm_level, "warning_level": warning_level, "min_observed": min_observed}
    settings = settings_for(source, config, given=given)
    found = assess_source(source, settings=settings, threshold=threshold, newest=newest)
    for note in found.notes:
        voice.say(f"note: {one_line(note)}")
    from_then = o.moment(since, option="--since")
    last = {(*one.key, one.observations[-1].datetime) for one in found.series}
    grave = [one.value for one in Level][: list(Level).index(level or Level.warning) + 1]
    shown = [
        one
        for one in (*found.alerts, *with_packs(cumulative_alerts(found.series, amounts=cumulative or ()), source))
        if (one.level in grave or (level is None and (*one.key, one.datetime) in last))
        and (from_then is None or one.new_at >= from_then)
        and (not newest or (*one.key, one.new_at) in last)
        and (direction is Direction.both or one.direction in (direction.value, "none"))
    ]
    folder = to or o.own_lists(source, threshold=threshold, voice=voice)
    if folder is not None and not source.is_dir():
        spare_source(source, *(folder / name for name in ALERT_FILES))
    if folder is not None:
        write_alerts(shown, folder)
    raised = sum(one.level == "alert" for one in shown)
    if as_json:
        voice.json([alert_value(one) for one in shown])
    else:
        _tell(shown, every=found.alerts, voice=voice)
        if folder is not None:
            voice.out(one_line(f"alerts: {folder / 'alerts.csv'}, alerts.json, alerts.geojson"))
    raise typer.Exit(ALERT if exit_code and raised else OK)


def _tell(shown: "list[Alert]", *, every: "Sequence[Alert]", voice: Voice) -> None:
    """A row for each, then the sentence of each alert."""
    head = (
        "level",
        "direction",
        "site",
        "zone",
        "time (UTC)",
        "seen",
        "expected",
        "19 in 20",
        "p",
        "visible",
        "past",
        "method",
    )
    if shown:
        voice.table(head, [_row(one) for one in shown], right=(5, 6, 8, 9, 10))
    for one in shown:
        if one.level == "alert":
            voice.out(one_line(one.sentence))
    judged = sum(one.level != "not_assessable" for one in every)
    counted = {name: sum(one.level == name for one in shown) for name in ("alert", "warning", "not_assessable")}
    voice.out(
        f"{judged:,} of {some(len(every), 'count')} of a site or zone could be judged; shown: "
        f"{some(counted['alert'], 'alert')}, {some(counted['warning'], 'warning')}, {counted['not_assessable']} not assessable."
    )


def _row(one: "Alert") -> tuple[str, ...]:
    from sattrack.steps.observing import percent
    from sattrack.steps.phrasing import stamp

    expected = "" if one.expected is None else f"{one.expected:.0f}"
    low, high = one.expected_low, one.expected_high
    band = "" if low is None or high is None else f"{math.floor(low)} to {math.ceil(high)}"
    return (
        one.level.replace("_", " "), one.direction, one.site_id, one.zone, stamp(one.datetime),
        "" if one.observed is None else f"{one.observed:.12g}", expected, band,
        "" if one.p_value is None else f"{one.p_value:.1g}",
        percent(one.observed_fraction), str(one.history), one.method,
    )  # fmt: skip
