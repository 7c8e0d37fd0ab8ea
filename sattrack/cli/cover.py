"""`sattrack cover`: scenes too coarse for boxes in, covered areas per site with a page and pictures out; never a count."""

import contextlib
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sattrack.cli import options as o
from sattrack.cli.exit_codes import OK, SOME_FAILED
from sattrack.cli.typed import typed
from sattrack.cli.voice import Voice, one_line
from sattrack.phrases import some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sattrack.covers import Cover, CoverPicture, Covers

app = typer.Typer(add_completion=False)
_MOST_ROWS = 200
_PREFIX = "cover_"


@app.command(no_args_is_help=True)
def cover(
    inputs: o.Inputs,
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="FOLDER", help="Where covers.csv, covers.json and the page go.", callback=o.here),
    ],
    sites: o.Sites = None,
    gsd_m: o.GsdM = None,
    bands: o.Bands = None,
    mask: o.Mask = None,
    nodata: o.Nodata = None,
    sensor: o.Sensor = None,
    date: o.Date = None,
    recursive: o.Recursive = False,
    allow_remote: o.AllowRemote = False,
    allow_host: o.AllowHost = None,
    sidecars: o.Sidecars = False,
    follow_links: o.FollowLinks = False,
    max_pixels: o.MaxPixels = None,
    min_observed: o.MinObserved = None,
    weights: Annotated[
        str | None, typer.Option(metavar="FILE", help="A reader of your own: a .npz that `sattrack train cover` wrote.")
    ] = None,
    config: o.Config = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no page.")] = False,
    no_imagery: Annotated[bool, typer.Option("--no-imagery", help="Write no pixel of the scenes.")] = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """Pixels of 1.22 to 4.9 m: the area that container stacks cover, with a 90 % interval, and what number of tops that may be.

    Pixels to 12.2 m: brightness and texture of each site and how they changed, beside the noise. Finer scenes are refused,
    since boxes can be counted there (`sattrack detect`); coarser ones, since nothing can be told. Nothing here is a count, and
    no command takes it for one: docs/coarse.md.
    """
    from sattrack import coarse, running
    from sattrack.errors import SettingsError
    from sattrack.face import chosen_settings
    from sattrack.reports.cover_page import PAGE, write_cover_page
    from sattrack.reports.covers import write_covers

    voice = Voice(quiet=quiet)
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr, format="%(name)s: %(message)s")
    if not quiet:
        o.tell_what_is_passed_over()
    settings = chosen_settings(config, threshold=None, device=None, max_pixels=max_pixels, min_observed=min_observed)
    settings = o.with_hosts(settings, allow_host)
    if out.exists() and not out.is_dir():
        raise SettingsError("is a file", where=str(out), way_out="name a folder with -o")
    request = running.Request(
        inputs=tuple(inputs), out=out, sites=sites, settings=settings, gsd_m=o.pixel_size(gsd_m), bands=o.band_numbers(bands),
        acquired=o.moment(date), sensor=sensor, nodata=nodata, mask=mask, recursive=recursive, allow_remote=allow_remote,
        command=typed(), imagery=not no_imagery, follow_links=follow_links, sidecars=sidecars,
    )  # fmt: skip
    pictures = _Pictures(out, wanted=not no_imagery)
    found = coarse.cover(request, weights=weights or "", versions=running.versions(), shown=pictures.add)
    out.mkdir(parents=True, exist_ok=True)
    pictures.sweep(found.rows)
    if no_report:
        # That of an earlier call shows other areas, and pictures that have just gone.
        (out / PAGE).unlink(missing_ok=True)
    write_covers(found, out, pictures=pictures.named)
    page = None if no_report else write_cover_page(found, out, pictures=pictures.named, version=running.versions()["sattrack"])
    _tell(found, out, page=page, pictures=pictures.named, voice=voice, as_json=as_json)
    raise typer.Exit(SOME_FAILED if found.troubled else OK)


class _Pictures:
    """Writes a JPEG for each site in each file that shows it, as it comes; their names by their rows' keys."""

    def __init__(self, folder: Path, *, wanted: bool) -> None:
        self.named: dict[tuple[str, ...], list[str]] = {}
        self._folder, self._wanted, self._taken = folder / "pictures", wanted, set[str]()

    def add(self, make: "Callable[[], CoverPicture]", row: "Cover") -> None:
        from sattrack.reports.cover_pictures import picture_bytes
        from sattrack.reports.naming import file_name
        from sattrack.writing import write_whole

        if not self._wanted:
            return
        picture = make()
        self._folder.mkdir(parents=True, exist_ok=True)
        parts = [row.site_id, row.zone, picture.scene.part or picture.scene.id]
        name = f"{_PREFIX}{file_name('_'.join(part for part in dict.fromkeys(parts) if part), taken=self._taken)}.jpg"
        write_whole(self._folder / name, picture_bytes(picture, row))
        self.named.setdefault(row.key, []).append(f"{self._folder.name}/{name}")

    def sweep(self, rows: "Iterable[Cover]") -> None:
        """Pictures of an earlier call go, and those of scenes that failed later on, so that none outlives --no-imagery, its
        site or its scene.
        """
        told = {row.key for row in rows if row.status in ("done", "not_assessable")}
        self.named = {key: names for key, names in self.named.items() if key in told}
        kept = {name for names in self.named.values() for name in names}
        for old in self._folder.glob(f"{_PREFIX}*.jpg"):
            if f"{self._folder.name}/{old.name}" not in kept:
                old.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._folder.rmdir()  # stays where something else lies in it


def _tell(
    found: "Covers", out: Path, *, page: Path | None, pictures: Any, voice: Voice, as_json: bool
) -> None:  # fmt: skip
    from sattrack.cli.summary import travels
    from sattrack.reports.covers import CSV, covers_value

    if as_json:
        voice.json(covers_value(found, pictures=pictures))
    else:
        reaching = [row for row in found.rows if row.status != "outside"]
        head = ("site", "zone", "scene", "time (UTC)", "covered m2", "90 % interval", "seen", "what it is")
        if reaching:
            voice.table(head, [_cells(row) for row in reaching[:_MOST_ROWS]], right=(4, 5, 6))
        else:
            voice.out("nothing was read: no scene reaches a site")
        if len(reaching) > _MOST_ROWS:
            voice.out(f"... and {some(len(reaching) - _MOST_ROWS, 'row')} more in {one_line(str(out / CSV))}")
        for row in reaching[:_MOST_ROWS]:
            if row.said:
                voice.out(one_line(f"{row.site_id}{f', {row.zone}' if row.zone else ''}, {row.scene_id}: {row.said}"))
        voice.out(f"page: {one_line(str(page))}" if page else one_line(str(out / CSV)))
    for line in travels():
        voice.say(one_line(line))
    for note in found.notes:
        voice.say(f"note: {one_line(note)}")
    for one in found.scenes:
        if one.status in ("failed", "refused") or (one.status == "skipped" and not voice.quiet):
            voice.fault(one_line(f"{one.status}: {one.part}: {one.reason}"))


def _cells(row: "Cover") -> tuple[str, ...]:
    from sattrack.steps.phrasing import stamp

    area = row.area
    interval = "" if area is None or area.low is None or area.high is None else f"{area.low:,.0f} to {area.high:,.0f}"
    kind = {"area": "covered area, not a count", "presence": "brightness, not a count"}.get(row.capability, "")
    what = row.status.replace("_", " ") if row.status != "done" else kind
    return (
        row.site_name or row.site_id, row.zone, row.scene_id, "unknown" if row.datetime is None else stamp(row.datetime),
        f"{area.area:,.0f}" if area else "", interval, f"{row.observed_fraction:.0%}", what,
    )  # fmt: skip
