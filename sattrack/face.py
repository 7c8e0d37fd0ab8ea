"""The face for Python: detect, count, report, export, fetch, info, the same work as the commands of the same names."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sattrack import recounting, running
from sattrack.errors import UsageError
from sattrack.executors.joining import checked_address
from sattrack.flows import MOST_BOXES
from sattrack.readers.remote.addresses import checked_hosts
from sattrack.readers.settings_file import load_settings
from sattrack.reports.sparing import spare
from sattrack.running import Listener, Request, Run
from sattrack.settings import Settings
from sattrack.stores.locations import location_of, run_at
from sattrack.wiring import DEFAULT_WEIGHTS, Model, export_writer, folder_of, on_backend, write_page

if TYPE_CHECKING:
    from sattrack.inspecting import Facts
    from sattrack.readers.catalogues.searching import Found

Inputs = str | Path | Sequence[str | Path]


def detect(
    inputs: Inputs,
    *,
    out: str | Path,
    sites: str | Path | None = None,
    weights: str | Path = DEFAULT_WEIGHTS,
    detector: str | None = None,
    model_gsd_m: float | None = None,
    classes: Sequence[str] | None = None,
    threshold: float | None = None,
    device: str | None = None,
    backend: str | None = None,
    careful: bool | None = None,
    settings: Settings | Mapping[str, object] | str | Path | None = None,
    gsd_m: float | tuple[float, float] | None = None,
    bands: Sequence[int] | None = None,
    acquired: dt.datetime | None = None,
    sensor: str | None = None,
    nodata: float | None = None,
    mask: str | Path | None = None,
    recursive: bool = False,
    allow_remote: bool = False,
    allow_hosts: Sequence[str] = (),
    follow_links: bool = False,
    sidecars: bool = False,
    verify: str | Path | None = None,
    on_error: Literal["skip", "fail"] = "skip",
    report: bool = True,
    imagery: bool = True,
    listener: Listener | None = None,
    ray_address: str | None = None,
    store_endpoint: str | None = None,
) -> Run:
    """Detects and counts every scene of the inputs into the run folder `out`, and writes `out/report.html`; without report an
    earlier one goes.

    out: may be s3://BUCKET/PREFIX, of the server store_endpoint where it is not Amazon's; run.folder is then gone, see pull.
    ray_address: HOST:PORT of the cluster where the settings say executor ray; none: one of this machine's own.
    inputs: files, folders, globs, or a CSV manifest. sites: outlines as GeoJSON, GeoPackage or KML; without them each scene is
    its own site. weights: a name of shipped weights, or a path. gsd_m, bands, acquired, sensor, nodata, mask: for scenes that
    do not say it themselves; acquired without a zone is UTC. on_error: skip, or fail: a scene that fails or is refused ends
    the run. backend: torch, onnx, openvino, openvino-int8, or auto (also where none is given): see
    wiring.on_backend. careful: in several views of each tile. follow_links: also to pictures outside a folder that was
    given. sidecars: a NAME.aux.xml may place a picture that has no place. verify: a list of sha256 that the pictures must meet.
    allow_hosts: HOST or HOST:PORT of servers in private networks that allow_remote may ask.
    settings: Settings, a mapping of some, or the path of a settings file. Scenes already in `out` under the same content,
    weights and settings are not detected again. Raises SattrackError; a scene that fails is listed instead.
    """
    if on_error not in ("skip", "fail"):
        raise UsageError(f"on_error is {on_error!r}", way_out="give 'skip' or 'fail'")
    chosen = chosen_settings(settings, threshold=threshold, device=device, careful=careful)
    chosen = chosen.allowing(checked_hosts(_several(allow_hosts))) if allow_hosts else chosen
    model = Model(
        str(weights),
        detector,
        model_gsd_m,
        _several(classes) if classes is not None else None,
        chosen.threshold,
        careful=chosen.careful,
    )
    request = Request(
        inputs=tuple([str(inputs)] if isinstance(inputs, str | Path) else map(str, inputs)),
        out=Path(),
        sites=Path(sites) if sites is not None else None,
        model=on_backend(model, backend, device=chosen.device),
        settings=chosen,
        gsd_m=_pixel_size(gsd_m),
        bands=tuple(bands) if bands is not None else None,
        acquired=_in_utc(acquired),
        sensor=sensor,
        nodata=nodata,
        mask=str(mask) if mask is not None else None,
        recursive=recursive,
        allow_remote=allow_remote,
        on_error=on_error,
        command="sattrack.detect (Python)",
        imagery=imagery,
        follow_links=follow_links,
        sidecars=sidecars,
        verify=Path(verify) if verify is not None else None,
        ray_address=checked_address(ray_address) if ray_address else "",
    )
    with folder_of(run_at(str(out), endpoint=store_endpoint or "")) as (folder, at):

        def finish(run: Run) -> None:
            if report:
                write_report(run.folder, allow_remote=allow_remote, allow_hosts=chosen.allow_hosts)
            else:
                recounting.drop_page(run.folder)

        return running.detect(replace(request, out=folder, at=at), listener=listener, finish=finish)


def pull(location: str, *, to: str | Path, store_endpoint: str | None = None) -> Path:
    """Copies a run that is kept at s3://BUCKET/PREFIX into a folder, each part held against its digest, and counts it; the
    folder.
    """
    recounting.pull(location_of(location, endpoint=store_endpoint or ""), Path(to))
    return Path(to)


def count(
    run: str | Path,
    *,
    sites: str | Path | None = None,
    no_sites: bool = False,
    threshold: float | None = None,
    min_observed: float | None = None,
) -> Run:
    """Counts a run folder again from its stored boxes, with other outlines (no_sites: none at all) or another threshold;
    a page of other counts goes.
    """
    if sites is not None and no_sites:
        raise UsageError("sites and no_sites are both given", way_out="give one of them")
    return running.recount(
        Path(run), sites=Path(sites) if sites is not None else None, no_sites=no_sites, threshold=threshold,
        min_observed=min_observed,
    )  # fmt: skip


def report(
    run: str | Path,
    *,
    imagery: bool | None = None,
    allow_remote: bool = False,
    allow_hosts: Sequence[str] = (),
    cumulative: Sequence[float] = (),
    chain: str | Path | None = None,
) -> Path:
    """Writes the run's page again, and its tables where they are of other counts; the path of `report.html`.

    imagery=False leaves every pixel of the scenes out; none: as the run was made. cumulative: amounts of boxes, of which it
    says when so many had left and come; chain: a YAML file of sites between which boxes are said to move.
    """
    amounts = cumulative if isinstance(cumulative, Sequence) else (None,)
    if not all(isinstance(one, Real) and 1 <= float(one) <= MOST_BOXES for one in amounts):
        raise UsageError(f"cumulative is {cumulative!r}", way_out="give amounts of boxes from 1, such as (1000,)")
    path = Path(chain) if chain is not None else None
    hosts = checked_hosts(_several(allow_hosts))
    return write_report(
        Path(run), imagery=imagery, allow_remote=allow_remote, allow_hosts=hosts, cumulative=cumulative, chain=path, tables=True
    )


def export(run: str | Path, *, format: str, to: str | Path, everything: bool = False) -> Path:  # noqa: A002 (the option's name)
    """Writes a run's boxes for other programs; formats are the keys of `sattrack.wiring.EXPORTS`.

    everything: also boxes below the threshold; GeoPackage, GeoJSON, KML, YOLO-OBB and overlays hold only counted boxes
    otherwise. Returns what was written: a file, or a folder. UsageError where that would be a file of the run itself, or among
    the pictures that it was made of, or is a name for another format.
    """
    writer = export_writer(format, to=Path(to))
    opened = running.reopen(Path(run))
    spare(opened, Path(to))
    return writer(opened, opened.parts, Path(to), everything=everything)


def fetch(
    catalogue: str,
    *,
    out: str | Path | None = None,
    sites: str | Path | None = None,
    bbox: str | None = None,
    intersects: str | Path | None = None,
    datetime: str | None = None,
    collections: Sequence[str] = (),
    max_cloud: float | None = None,
    max_off_nadir: float | None = None,
    min_coverage: float | None = None,
    max_items: int | None = None,
    allow_hosts: Sequence[str] = (),
    settings: Settings | Mapping[str, object] | str | Path | None = None,
) -> "Found":
    """What a STAC catalogue (a preset's name, an address or a path) has of some sites; saved as a list for `detect` to `out`.

    The texts are those of the options of `sattrack fetch`. Nothing of a picture is read.
    """
    from sattrack.readers.catalogues.item_filters import make_filters
    from sattrack.readers.catalogues.searching import find_items, refuse_over, save_found

    if out is not None:
        refuse_over(Path(out), catalogue, sites, intersects)
    chosen = chosen_settings(settings, threshold=None, device=None).allowing(checked_hosts(_several(allow_hosts)))
    wanted = make_filters(
        sites=Path(sites) if sites is not None else None, bbox=bbox, span=datetime, collections=_several(collections),
        intersects=Path(intersects) if intersects is not None else None, max_cloud=max_cloud, max_off_nadir=max_off_nadir,
        min_coverage=min_coverage, max_items=max_items,
    )  # fmt: skip
    found = find_items(catalogue, filters=wanted, limits=chosen)
    if out is not None:
        save_found(found, Path(out), filters=wanted)
    return found


def info(
    inputs: Inputs,
    *,
    weights: str | Path = DEFAULT_WEIGHTS,
    gsd_m: float | tuple[float, float] | None = None,
    bands: Sequence[int] | None = None,
    recursive: bool = False,
    allow_remote: bool = False,
    allow_hosts: Sequence[str] = (),
) -> "tuple[Facts, ...]":
    """What each picture is, what the detector would be fed, and whether its boxes can be counted."""
    from sattrack.inspecting import inspect_all

    request = Request(
        inputs=tuple([str(inputs)] if isinstance(inputs, str | Path) else map(str, inputs)),
        out=Path(),
        model=Model(str(weights)),
        settings=Settings().allowing(checked_hosts(_several(allow_hosts))),
        gsd_m=_pixel_size(gsd_m),
        bands=tuple(bands) if bands is not None else None,
        recursive=recursive,
        allow_remote=allow_remote,
    )
    return tuple(inspect_all(request))


def write_report(
    folder: Path,
    *,
    imagery: bool | None = None,
    allow_remote: bool = False,
    allow_hosts: Sequence[str] = (),
    cumulative: Sequence[float] = (),
    chain: Path | None = None,
    tables: bool = False,
) -> Path:
    """RUN/report.html, from what the run was last counted with; remote scenes are read again only where allowed.

    tables: see to it, too, that counts.csv and scenes.csv hold what the page does.
    """
    # What alarms and flows need takes a second to import, and a run without a page needs none of it.
    from sattrack.readers.chains import read_chain
    from sattrack.reporting import findings_of, pairs_of

    if tables:
        recounting.renew_tables(folder)
    opened, parts = running.open_run(folder)
    shown = opened.index.imagery if imagery is None else imagery
    findings = findings_of(opened, amounts=cumulative, chain=read_chain(chain) if chain is not None else None)
    return write_page(
        opened, parts, folder / "report.html", imagery=shown, allow_remote=allow_remote, allow_hosts=allow_hosts,
        findings=findings,
        pairs=lambda reader: pairs_of(opened, parts, findings, reader=reader, remote=allow_remote),
    )  # fmt: skip


def chosen_settings(
    settings: Settings | Mapping[str, object] | str | Path | None,
    *,
    threshold: float | None,
    device: str | None,
    careful: bool | None = None,
    **more: object,
) -> Settings:
    """Settings from whatever they were given as, with what was said beside them; none is not said."""
    given = {"threshold": threshold, "device": device, "careful": careful, **more}
    if isinstance(settings, Settings):
        return load_settings(None, given=given, own=settings).allowing(settings.allow_hosts)
    if isinstance(settings, str | Path):
        return load_settings(Path(settings), given=given)
    return load_settings(None, given={**(settings or {}), **{k: v for k, v in given.items() if v is not None}})


def _several(texts: str | Sequence[str]) -> tuple[str, ...]:
    """One text is one, and not its letters."""
    return (texts,) if isinstance(texts, str) else tuple(texts)


def _pixel_size(given: float | Sequence[float] | None) -> tuple[float, float] | None:
    """Metres along columns and rows. UsageError where it is neither one number nor two."""
    if given is None:
        return None
    try:
        x, y = given if isinstance(given, tuple | list) else (given, given)
        return float(x), float(y)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise UsageError(f"gsd_m is {given!r}", way_out="give metres a pixel, such as 0.5, or (0.65, 0.49)") from error


def _in_utc(time: dt.datetime | None) -> dt.datetime | None:
    """A time without a zone is UTC, as one in text is."""
    if time is None:
        return None
    if not isinstance(time, dt.datetime):
        raise UsageError(f"acquired is {time!r}", way_out="give a datetime, such as datetime(2024, 5, 31, 8, 15, tzinfo=UTC)")
    return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)


__all__ = ["chosen_settings", "count", "detect", "export", "fetch", "info", "pull", "report", "write_report"]
