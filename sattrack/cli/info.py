"""`sattrack info`: what a picture is, what the detector would be fed, and whether its boxes can be counted."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from sattrack.cli import options as o
from sattrack.cli.exit_codes import OK, SOME_FAILED
from sattrack.cli.voice import Voice, one_line, plain
from sattrack.phrases import some

if TYPE_CHECKING:
    from sattrack.imagery import Scene
    from sattrack.inspecting import Facts

app = typer.Typer(add_completion=False)

_ABLE = {
    "count": "boxes can be counted",
    "area": "only the area covered by stacks can be told, not boxes (sattrack cover)",
    "presence": "only brightness and its change can be told (sattrack cover)",
    "refuse": "too coarse for containers",
}


@app.command(no_args_is_help=True)
def info(
    files: o.Inputs,
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
    weights: o.Weights = None,
    config: o.Config = None,
    as_json: o.AsJson = False,
) -> None:
    """Reads a bounded sample of pixels; detects nothing. Ends with 3 where a picture could not be counted."""
    from sattrack.face import chosen_settings
    from sattrack.inspecting import inspect_all
    from sattrack.running import Request

    settings = o.with_hosts(chosen_settings(config, threshold=None, device=None), allow_host)
    request = Request(
        inputs=tuple(files), out=Path(), model=o.chosen_model(weights), settings=settings,
        gsd_m=o.pixel_size(gsd_m), bands=o.band_numbers(bands), acquired=o.moment(date), sensor=sensor, nodata=nodata,
        mask=mask, recursive=recursive, allow_remote=allow_remote, sidecars=sidecars, follow_links=follow_links,
    )  # fmt: skip
    voice, troubled, values = Voice(), False, []
    for facts in inspect_all(request):
        troubled |= facts.status != "ok"
        if as_json:
            values.append(as_value(facts))
        else:
            voice.out("\n".join(lines(facts)))
    if as_json:
        voice.json(values)
    raise typer.Exit(SOME_FAILED if troubled else OK)


def lines(facts: "Facts") -> list[str]:
    """The facts of one picture as aligned lines under its name."""
    pairs = _about_scene(facts.scene, facts.bands) if facts.scene else []
    pairs += _about_detector(facts)
    if facts.reason:
        pairs.append((facts.status, facts.reason.removeprefix(f"{facts.location}: ")))
    pairs += [("note", note) for note in facts.notes]
    return [one_line(facts.location), *(f"  {name:<12} {one_line(text)}" for name, text in pairs), ""]


def _about_scene(scene: "Scene", bands: tuple[str, ...]) -> list[tuple[str, str]]:
    from sattrack.reports.wording import viewing_words

    rows, cols = scene.grid.shape
    x, y = scene.grid.gsd_m
    fed = "gray" if len(scene.bands) == 1 else "red, green, blue"
    when = f"{scene.acquired:%Y-%m-%d %H:%M:%S} UTC" if scene.acquired else "unknown: counted, but in no series; --date says it"
    return [
        ("size", f"{cols} x {rows} px, {cols * x:,.0f} x {rows * y:,.0f} m"),
        ("file", " ".join(part for part in (scene.driver, scene.dtype) if part) + _files(scene)),
        *([("bands", "; ".join(f"{i} {name}" for i, name in enumerate(bands, start=1)))] if bands else []),
        ("bands fed", f"{', '.join(map(str, scene.bands))} as {fed}"),
        ("CRS", _crs(scene.grid.crs)),
        ("GSD", f"{x:.4g} m across, {y:.4g} m down" + (f" (from {scene.gsd_source})" if scene.gsd_source else "")),
        ("time", when + (f" (from {scene.acquired_source})" if scene.acquired else "")),
        ("sensor", scene.sensor or "unknown"),
        *([("viewing", viewing_words(scene.viewing))] if scene.viewing else []),
        ("nodata", "none declared" if scene.nodata is None else f"{scene.nodata:g}"),
        # detect judges thick cloud in colour pictures, unless cloud_test is off; cover never does.
        ("mask", scene.mask or "none; clouds are judged from the picture, if at all"),
        *(
            [("credit", "; ".join(part for part in (scene.source, scene.licence) if part))]
            if scene.source or scene.licence
            else []
        ),
    ]


def _files(scene: "Scene") -> str:
    return f", {len(scene.pieces)} files read as one picture" if scene.pieces else ""


def _about_detector(facts: "Facts") -> list[tuple[str, str]]:
    pairs = []
    if facts.stretch:
        gray = facts.scene is not None and len(facts.scene.bands) == 1
        channels = list(zip(("red", "green", "blue"), facts.stretch.low, facts.stretch.high, strict=True))
        channels = [("gray", *channels[0][1:])] if gray else channels
        low, high = facts.stretch.percentiles
        pairs.append(
            ("stretch", ", ".join(f"{c} {a:.6g} to {b:.6g}" for c, a, b in channels) + f" (percentiles {low:g} and {high:g})")
        )
    if facts.px_per_width is not None:
        able = _ABLE.get(facts.capability, "")
        warned = (
            "; fewer than 3 px across a box, expect more misses"
            if facts.capability == "count" and facts.px_per_width < 3
            else ""
        )
        pairs.append(("capability", f"{facts.capability}: {facts.px_per_width:.2f} px across a container; {able}{warned}"))
    if facts.model_gsd_m and facts.tile_px:
        tiles = "" if facts.tiles is None else f": {some(facts.tiles, 'tile')}"
        pairs.append(("model", f"{facts.model_id}, fed at {facts.model_gsd_m:g} m in tiles of {facts.tile_px} px{tiles}"))
    return pairs


def _crs(crs: str | None) -> str:
    if crs is None:
        return "none: a plain picture, boxes in its own pixels"
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        known = CRS.from_user_input(crs)
    except CRSError:
        return crs[:80]
    authority = known.to_authority(min_confidence=70)
    return f"{':'.join(authority)}, {known.name}" if authority else known.name


def as_value(facts: "Facts") -> dict[str, Any]:
    """The facts as a JSON value."""
    value = {name: plain(getattr(facts, name)) for name in facts.__slots__ if name not in ("scene", "stretch")}
    scene, stretch = facts.scene, facts.stretch
    if scene:
        rows, cols = scene.grid.shape
        value |= {
            "width_px": cols, "height_px": rows, "gsd_x_m": scene.grid.gsd_m[0], "gsd_y_m": scene.grid.gsd_m[1],
            "gsd_source": scene.gsd_source, "crs": scene.grid.crs, "transform": plain(scene.grid.transform),
            "bands": list(scene.bands), "dtype": scene.dtype, "driver": scene.driver, "datetime": plain(scene.acquired),
            "datetime_source": scene.acquired_source, "sensor": scene.sensor, "source": scene.source, "licence": scene.licence,
            "nodata": plain(scene.nodata), "mask": scene.mask, "cloud_checked": scene.cloud_checked,
            "viewing": asdict(scene.viewing) if scene.viewing else None, "files": list(scene.locations),
        }  # fmt: skip
    if stretch:
        value["stretch"] = {"low": list(stretch.low), "high": list(stretch.high), "percentiles": list(stretch.percentiles)}
    return value
