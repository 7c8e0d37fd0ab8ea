"""`sattrack backtest`: what the alarm would have done in the past, at several settings."""

from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.voice import Voice, one_line
from sattrack.errors import UsageError

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def backtest(
    source: o.Source,
    levels: Annotated[
        str, typer.Option("--levels", metavar="P,P", help="Alarm levels to try, one-sided chances.")
    ] = "0.01,0.003,0.001,0.0003,0.0001",
    threshold: o.Recounted = None,
    config: o.Config = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Every past scene is judged by the scenes before it alone, as it would have been on its day.

    False alarms a year: scenes a year that can be judged times the rate measured on noise at that level (docs/alarms.md).
    """
    from sattrack.assessing import settings_for
    from sattrack.backtesting import backtest_source

    voice = Voice(quiet=quiet)
    found = backtest_source(source, levels=_levels(levels), settings=settings_for(source, config), threshold=threshold)
    for note in found.notes:
        voice.say(f"note: {one_line(note)}")
    if as_json:
        voice.json(found.as_json())
        return
    head = ("alarm level", "alerts", "rises", "falls", "scenes judged", "judged a year", "false alarms a year, expected")
    rows = [
        (
            f"{one.level:g}", str(len(one.alerts)), str(sum(a.direction == "rise" for a in one.alerts)),
            str(sum(a.direction == "fall" for a in one.alerts)), str(one.judged), f"{one.a_year:.1f}",
            f"{one.false_a_year:.2f}",
        )
        for one in found.trials
    ]  # fmt: skip
    voice.table(head, rows, right=tuple(range(1, len(head))))
    for scene in found.scenes():
        voice.out(one_line(scene))


def _levels(text: str) -> tuple[float, ...]:
    try:
        values = tuple(sorted({float(part) for part in text.split(",")}, reverse=True))
    except ValueError:
        values = ()
    if not values or not all(1e-6 <= value <= 0.1 for value in values):
        raise UsageError(f"--levels is {text!r}", way_out="give chances from 0.000001 to 0.1, such as 0.001,0.0001")
    return values
