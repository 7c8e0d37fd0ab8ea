"""`sattrack watch`: what is new of each watched site; once, as cron calls it, or again and again."""

import json
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sattrack.cli import options as o
from sattrack.cli.exit_codes import ALERT, OK, SOME_FAILED
from sattrack.cli.voice import Voice, logged, one_line
from sattrack.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sattrack.readers.watch_file import WatchFile
    from sattrack.settings import Settings
    from sattrack.watching import Looked, Teller, Watch, Watching
    from sattrack.wiring import Model

app = typer.Typer(add_completion=False)
_EVERY = re.compile(r"([0-9]{1,6})([smhd])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
# A mail server that does not answer must not stop the watch.
_MOST_TELLING_S = 120.0
_LAST_SAID = 4000


@app.command(no_args_is_help=True)
def watch(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file of watches.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="Where runs and status.html go. Default: `out` of CONFIG, or watched.",
            callback=o.here,
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="One pass, as cron calls it. This is the default.")] = False,
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="A pass each time, such as 15m, 6h or 1d, until it is stopped.")
    ] = None,
    on_alert: Annotated[
        str | None,
        typer.Option(
            metavar="COMMAND", help="Called for each new alert, without a shell, with the alert as JSON on its standard input."
        ),
    ] = None,
    allow_remote: o.AllowRemote = False,
    allow_host: o.AllowHost = None,
    refresh_address: o.RefreshAddress = None,
    weights: o.Weights = None,
    device: o.Device = None,
    backend: o.Backend = None,
    detector: o.Detector = None,
    model_gsd_m: o.ModelGsd = None,
    classes: o.Classes = None,
    no_imagery: Annotated[
        bool, typer.Option("--no-imagery", help="Leave every pixel of the scenes out of the reports.")
    ] = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Each pass detects the scenes that are new, counts and judges their sites, and writes the reports and status.html.

    The same call again tells nothing twice; a pass that was stopped goes on with the next. Exit codes: 4 a new alert, 3 scenes
    failed or were refused, 0 neither. The form of CONFIG: docs/watch.md.
    """
    from sattrack.readers.remote.refreshing import refresh_by
    from sattrack.readers.watch_file import read_watch_file
    from sattrack.watching import Watching

    if once and every is not None:
        raise UsageError("--once and --every are both given", way_out="give one of them")
    wait_s = None if every is None else _seconds(every)
    voice = logged(quiet=quiet, verbose=verbose)
    refresh_by(refresh_address)
    said = read_watch_file(config)
    folder = out if out is not None else said.out

    def model(settings: "Settings") -> "Model":
        from sattrack.wiring import on_backend

        chosen = o.chosen_model(weights, detector, model_gsd_m, classes, settings.threshold, careful=settings.careful)
        return on_backend(chosen, backend, device=settings.device, told=voice.say)

    watches = _watches(
        said, folder, model=model, device=device, allow_remote=allow_remote, allow_host=allow_host, imagery=not no_imagery
    )  # fmt: skip
    watching = Watching(watches, folder, settle_s=said.settle_seconds, tell=_teller(on_alert) if on_alert is not None else None)
    with watching.alone():
        while True:
            began = time.monotonic()
            code = _pass(watching, folder, voice=voice, as_json=as_json)
            if wait_s is None:
                raise typer.Exit(code)
            try:
                time.sleep(max(1.0, wait_s - (time.monotonic() - began)))
            except KeyboardInterrupt:
                # Between passes nothing is open: this is how a service is ended.
                voice.say("stopped between two passes")
                raise typer.Exit(OK) from None


def _watches(
    said: "WatchFile", folder: Path, *, model: Any, device: str | None, allow_remote: bool, allow_host: list[str] | None,
    imagery: bool,
) -> "list[Watch]":  # fmt: skip
    """What a run is asked for each watch; every settings file is read before anything is detected."""
    from sattrack.face import chosen_settings
    from sattrack.isolating import demand_room
    from sattrack.planning import Request
    from sattrack.watching import Watch

    made = []
    for one in said.watches:
        settings = o.with_hosts(chosen_settings(one.settings, threshold=None, device=device), allow_host)
        demand_room(settings)
        request = Request(
            one.inputs, folder / one.name, sites=one.sites, model=model(settings), settings=settings, recursive=one.recursive,
            allow_remote=allow_remote, command="sattrack watch", imagery=imagery,
        )  # fmt: skip
        made.append(Watch(one.name, request))
    return made


def _pass(watching: "Watching", folder: Path, *, voice: Voice, as_json: bool) -> int:
    """One pass told as it goes on, and its exit code."""
    from sattrack.cli.progress import following
    from sattrack.reports.status_page import status_value

    with following(voice) as listener:
        found = watching.once(listener=listener, heard=lambda looked: _tell(looked, voice=voice, silent=as_json))
    if as_json:
        new = {one.id for looked in found for one in looked.alerts}
        voice.json({**status_value(watching.statuses()), "new_alerts": sorted(new), "page": str(folder / "status.html")})
    else:
        _table(found, voice=voice)
        voice.out(one_line(f"status: {folder / 'status.html'}"))
    watching.told(found)  # not before: a pass that was stopped tells them again
    if any(looked.alerts for looked in found):
        return ALERT
    return SOME_FAILED if any(looked.troubled for looked in found) else OK


def _tell(looked: "Looked", *, voice: Voice, silent: bool) -> None:
    """The alerts that are new, and what went wrong."""
    status = looked.status
    for alert in () if silent else looked.alerts:
        voice.out(one_line(f"alert: {status.name}: {alert.sentence}"))
    if status.error:
        voice.fault(one_line(f"{status.name}: could not be looked at: {status.error}"))
        return
    for trouble in status.troubles:
        voice.fault(one_line(f"{status.name}: {trouble.status}: {trouble.part}: {trouble.reason}"))
    for fault in looked.faults:
        voice.fault(one_line(fault))
    tell = voice.detail if status.scenes else voice.say  # where nothing is counted they may say why
    for note in status.notes:
        tell(one_line(f"{status.name}: note: {note}"))


def _table(found: "Sequence[Looked]", *, voice: Voice) -> None:
    rows = []
    for looked in found:
        status = looked.status
        raised = [row.site_name or row.site_id for row in status.rows if row.state == "alert"]
        rows.append(
            (
                status.name, str(looked.new_scenes), str(status.scenes), str(len(status.troubles)), str(status.left),
                str(len(looked.alerts)), ", ".join(dict.fromkeys(raised)),
            )
        )  # fmt: skip
    head = ("watch", "new scenes", "counted", "not counted", "still arriving", "new alerts", "on alert now")
    voice.table(head, rows, right=(1, 2, 3, 4, 5))


def _seconds(text: str) -> float:
    """15m -> 900."""
    found = _EVERY.fullmatch(text)
    seconds = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not seconds:
        raise UsageError(f"--every is {text!r}", way_out="give a number with s, m, h or d, such as 15m or 6h")
    return float(seconds)


def _teller(command: str) -> "Teller":
    """Calls the user's own command, without a shell, so that nothing of an alert can ever be read as a command."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--on-alert: {error}", way_out="close the quotes") from error
    if not words or shutil.which(words[0]) is None:
        raise UsageError(
            f"--on-alert: no command {words[0] if words else ''!r} is there", way_out="give a program, with its path"
        )

    def tell(value: dict[str, Any]) -> str:
        # No pipe: what the command leaves running in the background would hold it open.
        with tempfile.TemporaryFile() as complaints:
            try:
                done = subprocess.run(
                    words, input=json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), stdout=subprocess.DEVNULL,
                    stderr=complaints, timeout=_MOST_TELLING_S, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                return f"{words[0]} took longer than {_MOST_TELLING_S:g} s"
            except OSError as error:
                return f"{words[0]}: {error.strerror}"
            if done.returncode == 0:
                return ""
            complaints.seek(max(0, complaints.seek(0, 2) - _LAST_SAID))
            said = complaints.read(_LAST_SAID).decode(errors="replace").strip().splitlines()
        return f"{words[0]} ended with {done.returncode}{f': {said[-1][:200]}' if said else ''}"

    return tell
