"""The page of covered areas: one HTML file without a script beside the pictures that it shows."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from sattrack.covers import Cover, Covers
from sattrack.phrases import some
from sattrack.reports.cells import clean, discreet
from sattrack.reports.wording import share, when, whole
from sattrack.writing import write_whole

PAGE = "cover.html"
# Longer lists stand in covers.csv.
_MOST_ROWS, _MOST_PICTURES = 500, 60


def write_cover_page(found: Covers, folder: Path, *, pictures: Mapping[tuple[str, ...], Sequence[str]], version: str) -> Path:
    """Writes cover.html, whole; returns its path. pictures: by the rows' keys names relative to the folder."""
    environment = Environment(
        loader=PackageLoader("sattrack.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    places = tuple(one.location for one in found.scenes)
    reaching = [row for row in found.rows if row.status not in ("outside", "failed", "refused")]
    text = environment.get_template("cover.html.j2").render(
        dek=_dek(found), model=found.card.id, version=version, rows=[_row(row, places) for row in reaching[:_MOST_ROWS]],
        left=max(0, len(reaching) - _MOST_ROWS),
        troubles=[
            (clean(one.part), one.status, discreet(one.reason, locations=places))
            for one in found.scenes if one.status in ("failed", "refused", "skipped")
        ],
        unreached=_unreached(found),
        pictures=[(quote(name), clean(row.said)) for row in reaching for name in pictures.get(row.key, ())][:_MOST_PICTURES],
    )  # fmt: skip
    write_whole(folder / PAGE, text.encode("utf-8", "replace"))
    return folder / PAGE


def _dek(found: Covers) -> str:
    read = len({row.scene_id for row in found.rows if row.status in ("done", "not_assessable")})
    told = f"{some(read, 'scene')} of pixels too coarse for boxes. From 0.5 px across a container covered ground is read"
    return (
        f"{told}; from 0.2 px only brightness and texture are told. Nothing here is a count, and no series of counts takes it."
    )


def _unreached(found: Covers) -> list[str]:
    """Sites that no scene shows, and scenes that show none: nothing is known of the one from the other."""
    reaching = [row for row in found.rows if row.status != "outside"]
    seen_sites, seen_scenes = {(one.site_id, one.zone) for one in reaching}, {one.scene_id for one in reaching}
    sites = dict.fromkeys(
        " · ".join(filter(None, (clean(one.site_name or one.site_id), clean(one.zone))))
        for one in found.rows if (one.site_id, one.zone) not in seen_sites
    )  # fmt: skip
    scenes = dict.fromkeys(clean(one.scene_id) for one in found.rows if one.scene_id not in seen_scenes)
    said = [f"No scene shows {site}: nothing is known of it from this run." for site in sites]
    return (said + [f"{scene} shows no site." for scene in scenes])[:_MOST_ROWS]


def _row(row: Cover, places: Sequence[str]) -> dict[str, Any]:
    area = row.area
    interval = "" if area is None or area.low is None or area.high is None else f"{whole(area.low)}–{whole(area.high)}"
    stands = row.status == "done"
    return {
        "site": clean(row.site_name or row.site_id), "zone": clean(row.zone), "scene": clean(row.scene_id),
        "when": when(row.datetime), "able": f"{row.capability}: {row.px_per_width:.2g} px across a container",
        # As on the page of counts: a number in brackets is what was found, and does not stand for the site.
        "area": "" if area is None else whole(area.area) if stands else f"({whole(area.area)})",
        "interval": interval if stands else "", "status": "" if stands else "not assessable",
        "least": f"{whole(area.least)} m²" if area and area.least is not None else "", "seen": share(row.observed_fraction),
        "said": clean(row.said), "notes": [discreet(note, locations=places) for note in row.notes],
    }  # fmt: skip
