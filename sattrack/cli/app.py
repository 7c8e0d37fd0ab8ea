"""The entry point: finds the command, turns errors into one line, and exit codes into what is documented."""

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from sattrack.cli.exit_codes import ERROR, INTERRUPTED, OK, USAGE
from sattrack.cli.stopping import INTERRUPTION, stop_cleanly
from sattrack.cli.voice import Voice, complain, open_streams
from sattrack.errors import SattrackError, UsageError

# name -> (module whose `app` holds it, what it does). Modules are imported only when their command is called.
COMMANDS: dict[str, tuple[str, str]] = {
    "info": ("sattrack.cli.info", "Say what a picture is, what the detector would be fed, and whether boxes can be counted."),
    "fetch": ("sattrack.cli.fetch", "Search a catalogue for pictures of sites, say what each is good for, save the list."),
    "detect": ("sattrack.cli.detect", "Detect, count and report: a folder of scenes in, counts per site and a page out."),
    "cover": ("sattrack.cli.cover", "Read the area that stacks cover where pixels are too coarse for boxes; never a count."),
    "count": ("sattrack.cli.count", "Count a run again with other outlines or another threshold, without detecting again."),
    "series": ("sattrack.cli.series", "Show counts in time, per site, zone, sensor and model, of a run or of anybody's CSV."),
    "alert": ("sattrack.cli.alert", "Say which scenes are out of the ordinary, of a run or of anybody's CSV of counts."),
    "backtest": ("sattrack.cli.backtest", "Say which past scenes would have been alerts at each setting."),
    "changes": ("sattrack.cli.changes", "Say which boxes stayed, came and went between two scenes of a site."),
    "evidence": ("sattrack.cli.evidence", "Pack what stands behind an alert, or check such a pack."),
    "flow": ("sattrack.cli.flow", "Say what was moved in and out of sites between scenes, at the least; chains of sites."),
    "watch": (
        "sattrack.cli.watch",
        "Look at what is new of watched sites: detect, count, judge, report; for cron or as a loop.",
    ),
    "report": ("sattrack.cli.report", "Write a run's page again."),
    "export": ("sattrack.cli.export", "Write a run's boxes or pictures for other programs."),
    "pull": ("sattrack.cli.pull", "Copy a run that is kept in an object store into a folder."),
    "bench": ("sattrack.cli.bench.app", "Measure accuracy on labelled sets, and speed."),
    "model": ("sattrack.cli.model", "Export weights for other backends, with proof that they answer alike."),
    "train": ("sattrack.cli.train", "Train weights by a recipe."),
    "render": ("sattrack.cli.render", "Draw yards with their truth: a sheet to look at, or a labelled set."),
    "demo": ("sattrack.cli.demo", "Detect, count and report on the shipped samples."),
    "doctor": ("sattrack.cli.doctor", "Check the installation, the weights and the device."),
    "config": ("sattrack.cli.config", "Show the settings that would hold, or write a file of them."),
}

# typer brings its own copy of click in newer versions; the root of its errors is the same three steps up in all of them.
_COMMAND_LINE_ERROR: type[Exception] = typer.BadParameter.__mro__[2]


class CommandList(typer.core.TyperGroup):
    """The commands by name; each one's module is imported only when it is called, so that help stays quick."""

    def __init__(self, **attrs: Any) -> None:
        super().__init__(**attrs)
        self._listing = False
        for name, (_, caption) in COMMANDS.items():
            self.commands[name] = typer.core.TyperCommand(name, help=caption, short_help=caption)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 (the group's own signature)
        if self._listing or cmd_name not in COMMANDS:
            return self.commands.get(cmd_name)
        module, caption = COMMANDS[cmd_name]
        return load_command(cmd_name, module=module, caption=caption)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False


def load_command(name: str, *, module: str, caption: str) -> Any:
    """The command of a module's `app`, named and captioned as the table says."""
    import importlib

    command = typer.main.get_command(importlib.import_module(module).app)
    command.name = name
    command.help = f"{caption}\n\n{command.help}" if command.help else caption
    return command


app = typer.Typer(cls=CommandList, add_completion=False, pretty_exceptions_enable=False, no_args_is_help=True)


def _version(asked: bool) -> None:
    if asked:
        import sattrack

        Voice().out(f"sattrack {sattrack.__version__}")
        raise typer.Exit


@app.callback(context_settings={"help_option_names": ["-h", "--help"]})
def sattrack_(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Count shipping containers in satellite images, per site and scene, and say what could not be seen.

    Exit codes: 0 done, 1 error, 2 usage, 3 some scenes failed or were refused, 4 alert raised (watch,
    alert --exit-code), 130 interrupted.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line and returns its exit code; errors that a user can mend are one line on stderr."""
    open_streams()
    with warnings.catch_warnings(), stop_cleanly() as turn, _without_loose_ends():
        if not debugging():
            warnings.simplefilter("ignore")
        try:
            code = typer.main.get_command(app).main(
                args=sys.argv[1:] if argv is None else list(argv), prog_name="sattrack", standalone_mode=False
            )
        except _COMMAND_LINE_ERROR as error:
            return _refuse(error)
        except SattrackError as error:
            if debugging():
                raise
            complain(str(error))
            return USAGE if isinstance(error, UsageError) else ERROR
        except OSError as error:
            if debugging():
                raise
            complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
            return ERROR
        except (KeyboardInterrupt, typer.Abort):
            code = INTERRUPTED
        if code == INTERRUPTED:
            if turn():  # unless it took so long to come here that it was told
                complain(INTERRUPTION)
            if argv is None:
                # Python would wait at exit for reading threads, and those may wait for a server.
                os._exit(INTERRUPTED)
    return int(code or OK)


@contextmanager
def _without_loose_ends() -> Iterator[None]:
    """Of a message of GDAL's that quotes a file's own bytes, rasterio's log would print a traceback that nobody can catch."""
    loose, shown = sys.unraisablehook, sys.excepthook

    def quiet(one: Any) -> None:
        if not isinstance(one.exc_value, UnicodeDecodeError) or debugging():
            loose(one)

    # Cython prints it twice. What ends the command passes this block first, and is shown as ever.
    sys.unraisablehook = quiet
    sys.excepthook = lambda kind, error, trace: None if kind is UnicodeDecodeError else shown(kind, error, trace)
    try:
        yield
    finally:
        sys.unraisablehook, sys.excepthook = loose, shown


def debugging() -> bool:
    """Whether SATTRACK_DEBUG asks for tracebacks."""
    return os.environ.get("SATTRACK_DEBUG", "") not in ("", "0")


def _refuse(error: Exception) -> int:
    """One line for a command line that cannot be; nothing was asked gives the help, which is already printed."""
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        Voice().out(context.get_help() if context else message)
        return USAGE
    hint = f" (see: {context.command_path} --help)" if context else ""
    complain(f"{message.rstrip('.')}{hint}")
    return int(getattr(error, "exit_code", USAGE))


if __name__ == "__main__":
    sys.exit(main())
