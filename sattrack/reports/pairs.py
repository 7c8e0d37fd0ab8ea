"""Pairs: for each alarm the scene before and its own, on one frame, as the page's sliders want them."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from PIL import Image

from sattrack.findings import Pair, Side
from sattrack.reports.alarm_telling import way
from sattrack.reports.alerts import sentence_of
from sattrack.reports.cells import KnownPlaces, clean, discreet
from sattrack.reports.marks import round_length
from sattrack.reports.overlays import jpeg
from sattrack.reports.shots import data_uri, svg_path
from sattrack.reports.views import BLANK
from sattrack.reports.wording import metres, share, when, whole

_QUALITY = 76
# What a pair takes beside its pictures and its lines: captions, links, furniture.
_WORDS = 4_000


@dataclass(frozen=True, slots=True)
class SideShot:
    """One picture as the template wants it. src: a data URI, or empty with the reason in missing."""

    tag: str
    when: str
    count: str
    told: str
    alt: str
    marks: Markup
    src: str
    missing: str


@dataclass(frozen=True, slots=True)
class PairShot:
    """Two pictures of one frame with what is said of them."""

    id: str
    place: str
    sentence: str
    way: str
    label: str
    before: SideShot
    after: SideShot
    width: int
    height: int
    bar: str
    bar_width: float

    @property
    def ratio(self) -> str:
        return f"{self.width / self.height:.4f}"


def pair_shots(pairs: Iterable[Pair], *, imagery: bool, room: int, locations: KnownPlaces) -> tuple[list[PairShot], int]:
    """The pairs of a page in the order given, and the bytes that they take; pictures that have no room are left out, then the
    boxes, which is said in their place.
    """
    shots: list[PairShot] = []
    taken = 0
    for pair in pairs:
        shot, size = _shot(pair, imagery=imagery, room=room - taken, locations=locations)
        taken += size
        shots.append(shot)
    return shots, taken


def _shot(pair: Pair, *, imagery: bool, room: int, locations: KnownPlaces) -> tuple[PairShot, int]:
    rows, cols = pair.shape
    lines = [_lines(side, pair) for side in (pair.before, pair.after)]
    pictures = [_picture(side) if imagery else "" for side in (pair.before, pair.after)]
    size = _WORDS + sum(map(len, lines)) + sum(map(len, pictures))
    if crowded := size > room:
        size, pictures = size - sum(map(len, pictures)), ["", ""]
    if size > room:
        size, lines = _WORDS, [Markup(""), Markup("")]
    alert = pair.alert
    name = clean(alert.site_name or alert.site_id) + (f", {clean(alert.zone)}" if alert.zone else "")
    sides = [
        _side(side, name, tag=tag, marks=marks, src=src, crowded=crowded, locations=locations)
        for side, tag, marks, src in zip((pair.before, pair.after), ("Before", "After"), lines, pictures, strict=True)
    ]
    bar = round_length(cols * pair.pixel_m * 0.22)
    shot = PairShot(
        id=f"pair-{alert.id}", place=alert.site_id, sentence=sentence_of(alert), way=way(alert),
        label=f"{name}: how much of the earlier picture is shown", before=sides[0], after=sides[1], width=cols, height=rows,
        bar=metres(bar), bar_width=round(100 * bar / (cols * pair.pixel_m), 2),
    )  # fmt: skip
    return shot, size


def _side(
    side: Side, name: str, *, tag: str, marks: Markup, src: str, crowded: bool, locations: KnownPlaces
) -> SideShot:  # fmt: skip
    one = side.observation
    count = f"{whole(one.count or 0)} counted" + (f", {share(one.observed_fraction)} seen" if one.observed_fraction < 1 else "")
    credit = " · ".join(filter(None, (clean(side.source), clean(side.licence)))) or "source and licence not stated"
    told = " · ".join(filter(None, (clean(one.scene_id), clean(side.sensor) or "sensor not stated", credit)))
    missing = discreet(side.missing, locations=locations)
    if not src and crowded and (side.pixels is not None or not marks):
        missing = "left out, as the page would grow beyond its limit"
    return SideShot(
        tag=tag, when=when(one.datetime), count=count, told=told, alt=f"{tag}: {name}, {when(one.datetime)}: {count}",
        marks=marks, src=src, missing=missing,
    )  # fmt: skip


def _picture(side: Side) -> str:
    """A data URI; ground that was not seen is gray."""
    if side.pixels is None:
        return ""
    pixels = side.pixels.copy()
    if side.valid is not None:
        pixels[~side.valid] = BLANK
    return data_uri(jpeg(Image.fromarray(pixels), quality=_QUALITY, fine_colour=False))


def _lines(side: Side, pair: Pair) -> Markup:
    """The outline and the counted boxes, each drawn twice so that they are seen on any ground."""
    rows, cols = pair.shape
    near = side.quads[((side.quads > -50).all(axis=(1, 2))) & (side.quads < np.array([cols + 50, rows + 50])).all(axis=(1, 2))]
    paths = svg_path(pair.outline, "halo") + svg_path(pair.outline, "site") + svg_path(near, "b40")
    size = f"0 0 {cols} {rows}"
    return Markup(f'<svg class="marks" viewBox="{size}" preserveAspectRatio="none" aria-hidden="true">{paths}</svg>')
