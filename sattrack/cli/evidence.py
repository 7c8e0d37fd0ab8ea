"""`sattrack evidence`: what stands behind an alert, as one zip that another analyst can check and repeat."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.exit_codes import ERROR, OK
from sattrack.cli.voice import Voice, one_line
from sattrack.errors import UsageError

if TYPE_CHECKING:
    from sattrack.verifying import Verdict

app = typer.Typer(add_completion=False)


@app.command(no_args_is_help=True)
def evidence(
    source: Annotated[
        Path, typer.Argument(metavar="RUN | PACK.zip", help="A run folder; with --verify a pack.", callback=o.here)
    ],
    alert_id: Annotated[
        str | None, typer.Argument(metavar="ALERT_ID", help="As `sattrack alert RUN --json` prints it, or how it begins.")
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE.zip", help="The pack to write. Default: RUN/evidence/ALERT_ID.zip.", callback=o.here
        ),
    ] = None,
    imagery: Annotated[
        bool | None,
        typer.Option(
            "--imagery/--no-imagery",
            show_default=False,
            help="Show the scenes, or, where their licence forbids it, only the boxes. Default: as the run was made.",
        ),
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Check a pack instead: is it whole?")] = False,
    run: Annotated[
        Path | None, typer.Option("--run", metavar="RUN", help="With --verify: make the pack again of this run and compare.")
    ] = None,
    cumulative: o.Cumulative = None,
    alarm_level: o.AlarmLevel = None,
    warning_level: o.WarningLevel = None,
    min_observed: o.MinObserved = None,
    allow_remote: o.AllowRemote = False,
    allow_host: o.AllowHost = None,
    config: o.Config = None,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Pictures before and after with the boxes, the series, the numbers, digests of all inputs, and how to repeat it.

    The run is assessed as `sattrack alert` does it: give the same options. The same run gives the same bytes. What a pack does
    not prove: docs/evidence.md.
    """
    voice = Voice(quiet=quiet)
    if verify:
        given = {"ALERT_ID": alert_id, "--out": to, "--imagery": imagery, "--config": config, "--alarm-level": alarm_level,
                 "--warning-level": warning_level, "--cumulative": cumulative, "--min-observed": min_observed}  # fmt: skip
        if extra := [name for name, value in given.items() if value is not None]:
            raise UsageError(f"--verify takes no {', '.join(extra)}", way_out="the pack itself says how it was made")
        raise typer.Exit(_verified(source, run, allow_remote=allow_remote, allow_host=allow_host, as_json=as_json, voice=voice))
    if run is not None:
        raise UsageError("--run is for --verify", way_out="give the run as the first word")
    if alert_id is None:
        raise UsageError("of which alert?", way_out="`sattrack alert RUN --json` prints the ids; for a pack add --verify")
    from sattrack.assessing import settings_for, spare_source
    from sattrack.evidence import make_pack, write_pack

    settings = settings_for(
        source, config, given={"alarm_level": alarm_level, "warning_level": warning_level, "min_observed": min_observed}
    )
    settings = o.with_hosts(settings, allow_host)
    if to is not None:
        spare_source(source, to)
    pack = make_pack(
        source, alert_id, settings=settings, amounts=cumulative or None, imagery=imagery, allow_remote=allow_remote
    )
    file = source / "evidence" / f"{pack.alert.id}.zip" if to is None else to
    write_pack(pack, file, run=source)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if as_json:
        sizes = {name: len(pack.files[name]) for name in sorted(pack.files)}
        voice.json({"alert_id": pack.alert.id, "pack": str(file), "sha256": digest, "files": sizes, "notes": list(pack.notes)})
        return
    voice.out(one_line(pack.alert.sentence))
    for note in pack.notes:
        voice.say(f"note: {one_line(note)}")
    voice.out(one_line(f"evidence: {file} ({len(pack.files) + 1} files)"))
    voice.out(f"sha256: {digest}")


def _verified(
    pack: Path, run: Path | None, *, allow_remote: bool, allow_host: list[str] | None, as_json: bool, voice: Voice
) -> int:  # fmt: skip
    from sattrack.readers.remote.addresses import checked_hosts
    from sattrack.verifying import verify

    verdict = verify(pack, run=run, allow_remote=allow_remote, allow_hosts=checked_hosts(allow_host or ()))
    if as_json:
        names = ("alert_id", "compared", "damage", "differs", "aside")
        listed = {name: list(v) if isinstance(v := getattr(verdict, name), tuple) else v for name in names}
        voice.json({"good": verdict.good, **listed})
    else:
        _tell(pack, verdict, voice=voice)
    return OK if verdict.good else ERROR


def _tell(pack: Path, verdict: "Verdict", *, voice: Voice) -> None:
    name = one_line(str(pack))
    for line in verdict.damage:
        voice.fault(f"damaged: {one_line(line)}")
    for line in verdict.differs:
        voice.fault(f"differs: {one_line(line)}")
    for line in verdict.aside:
        voice.say(f"aside: {one_line(line)}")
    if not verdict.damage:
        voice.out(f"{name}: whole, every file is what SHA256SUMS says")
    if verdict.compared:
        same = "gives the same evidence" if not verdict.differs else "does not give the same evidence"
        voice.out(f"the run {same} for alert {verdict.alert_id}")
