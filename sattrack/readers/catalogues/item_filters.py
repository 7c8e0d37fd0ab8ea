"""Item filters: which items of a catalogue or file are wanted, by place, time, cloud, angle and collection."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import shapely

from sattrack.errors import UsageError
from sattrack.readers.catalogues.footprints import Box, area_of, read_box, share_of
from sattrack.readers.catalogues.items import Item
from sattrack.readers.catalogues.spans import ANY_TIME, Span, read_span
from sattrack.readers.outlines.files import read_outlines
from sattrack.timeline import Site


@dataclass(frozen=True, slots=True, eq=False)
class Filters:
    """What is wanted. sites: outlines by site, of which one must be touched. area: what else must be; none: anywhere.

    max_cloud: percent; max_off_nadir: degrees; min_coverage: least share of a touched site's outline, 0 to 1. Items that do not
    say their cloud or angle are not left out for it. max_items: the newest so many, of whole acquisitions; none: all.
    """

    sites: tuple[tuple[str, shapely.Geometry], ...] = ()
    area: shapely.Geometry | None = None
    span: Span = ANY_TIME
    collections: tuple[str, ...] = ()
    max_cloud: float | None = None
    max_off_nadir: float | None = None
    min_coverage: float | None = None
    max_items: int | None = None

    @property
    def places(self) -> tuple[shapely.Geometry, ...]:
        """What a catalogue is asked for; none: the whole world."""
        return tuple(outline for _, outline in self.sites) or ((self.area,) if self.area is not None else ())


EVERYTHING = Filters()
# Why an item is left out, where a catalogue's answer is wider than what was asked.
AT_NO_SITE = "at no site"


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """An item that passed, and the share of each site that its acquisition covers, of those that it touches."""

    item: Item
    covers: tuple[tuple[str, float], ...] = ()


def make_filters(
    *,
    sites: Path | None = None,
    bbox: str | None = None,
    intersects: Path | None = None,
    span: str | None = None,
    collections: Sequence[str] = (),
    max_cloud: float | None = None,
    max_off_nadir: float | None = None,
    min_coverage: float | None = None,
    max_items: int | None = None,
) -> Filters:
    """Filters as options say them. UsageError, OutlineError."""
    box = _box(bbox) if bbox is not None else None
    areas = [area_of(box)] if box else []
    if intersects is not None:
        areas.append(shapely.union_all([outline for _, outline in outlines_of(read_outlines(intersects)[0])]))
    area = areas[0] if len(areas) == 1 else areas[0].intersection(areas[1]) if areas else None
    if area is not None and area.is_empty:
        what = "--bbox and --intersects have no place in common" if box else "--intersects names no place but what is excluded"
        raise UsageError(what, way_out="mend one of them, or leave it out")
    for name, value, most in (
        ("--max-cloud", max_cloud, 100),
        ("--max-off-nadir", max_off_nadir, 90),
        ("--min-coverage", min_coverage, 1),
    ):
        if value is not None and not 0 <= value <= most:
            raise UsageError(f"{name} is {value:g}", way_out=f"give 0 to {most}")
    if min_coverage is not None and sites is None:
        raise UsageError(
            "--min-coverage without --sites", way_out="give the outlines of which a share must be covered: --sites"
        )
    if max_items is not None and max_items < 1:
        raise UsageError(f"--max-items is {max_items}", way_out="give 1 or more")
    return Filters(
        sites=outlines_of(read_outlines(sites)[0]) if sites is not None else (),
        area=area,
        span=read_span(span) if span is not None else ANY_TIME,
        collections=tuple(collections),
        max_cloud=max_cloud,
        max_off_nadir=max_off_nadir,
        min_coverage=min_coverage,
        max_items=max_items,
    )


def outlines_of(sites: Sequence[Site]) -> tuple[tuple[str, shapely.Geometry], ...]:
    """Each site's outline, of all its zones together; what is excluded is no place to look for."""
    parts: dict[str, list[shapely.Geometry]] = {}
    for site in sites:
        if site.outline is not None and not site.excludes:
            parts.setdefault(site.id, []).append(shapely.geometry.shape(site.outline))
    return tuple((name, shapely.union_all(shapes)) for name, shapes in parts.items())


def wanted(items: Iterable[Item], filters: Filters) -> tuple[list[Wanted], Counter[str]]:
    """The items that pass, oldest first, and how many were left out for what."""
    left: Counter[str] = Counter()
    passed = []
    for item in items:
        why = _why_not(item, filters)
        if why:
            left[why] += 1
        else:
            passed.append(item)
    kept = []
    together = _together(passed)
    for item in sorted(passed, key=order_of):
        covers = _covers(item, together[acquisition_of(item)], filters)
        if filters.sites and not covers and item.footprint is not None:
            left[AT_NO_SITE] += 1
        elif filters.min_coverage is not None and covers and max(share for _, share in covers) < filters.min_coverage:
            left["covering too little of any site (--min-coverage)"] += 1
        else:
            kept.append(Wanted(item, covers))
    if filters.max_items is not None and len(kept) > filters.max_items:
        newest = _newest(kept, most=filters.max_items)
        left["older than the newest that are wanted (--max-items)"] += len(kept) - len(newest)
        kept = newest
    return kept, left


def _newest(kept: Sequence[Wanted], *, most: int) -> list[Wanted]:
    """The newest acquisitions of so many items together. None is cut, since it would then cover less than is said of it: the
    newest stays whole even where it has more.
    """
    sizes = Counter(acquisition_of(one.item) for one in kept)
    chosen: set[str] = set()
    for key in dict.fromkeys(acquisition_of(one.item) for one in reversed(kept)):
        most -= sizes[key]
        if most < 0 and chosen:
            break
        chosen.add(key)
    return [one for one in kept if acquisition_of(one.item) in chosen]


def acquisition_of(item: Item) -> str:
    """What the items of one acquisition share: its name, or collection, sensor and the very second; else the item's own."""
    # A mark that no name has: a/b and c are not a and b/c.
    own = f"{item.collection}\0{item.id}"
    if item.start is None or item.start != item.end or not (item.acquisition or item.sensor):
        return own
    if not item.acquisition and not any((item.start.hour, item.start.minute, item.start.second)):
        return own  # a day is no moment
    told = item.acquisition or f"{item.collection}\0{item.sensor}"
    return f"{told} {item.start:%Y%m%dT%H%M%S}"


def order_of(item: Item) -> tuple[str, str, str]:
    """By time, then by name; items without a time first."""
    return (item.start.isoformat() if item.start else "", item.collection, item.id)


def _box(text: str) -> Box:
    try:
        box = read_box([float(part) for part in text.split(",")])
    except ValueError:
        box = None
    if box is None:
        raise UsageError(f"--bbox is {text[:60]!r}", way_out="give W,S,E,N in degrees, such as 130.2,42.2,130.4,42.3")
    return box


def _why_not(item: Item, filters: Filters) -> str:
    if filters.collections and item.collection not in filters.collections:
        return "of other collections"
    span = filters.span
    if (span.first or span.last) and (item.start is None or item.end is None or not span.meets(item.start, item.end)):
        return "of no known time (--datetime)" if item.start is None else "of other times (--datetime)"
    # Sites alone leave it to the picture to say where it lies.
    if (filters.area is not None or filters.min_coverage is not None) and item.footprint is None:
        return "of no known place"
    if filters.area is not None and not _meet(item.footprint, filters.area):
        return "elsewhere (--bbox, --intersects)"
    if filters.max_cloud is not None and item.cloud_cover is not None and item.cloud_cover > filters.max_cloud:
        return "too cloudy (--max-cloud)"
    if filters.max_off_nadir is not None and item.off_nadir_deg is not None and item.off_nadir_deg > filters.max_off_nadir:
        return "seen from too far aside (--max-off-nadir)"
    return ""


def _meet(one: shapely.Geometry | None, other: shapely.Geometry) -> bool:
    return one is not None and bool(one.intersects(other))


def _together(items: Sequence[Item]) -> dict[str, shapely.Geometry]:
    """What each acquisition covers."""
    parts: dict[str, list[shapely.Geometry]] = {}
    for item in items:
        parts.setdefault(acquisition_of(item), [])
        if item.footprint is not None:
            parts[acquisition_of(item)].append(item.footprint)
    return {name: shapes[0] if len(shapes) == 1 else shapely.union_all(shapes) for name, shapes in parts.items()}


def _covers(item: Item, whole: shapely.Geometry, filters: Filters) -> tuple[tuple[str, float], ...]:
    return tuple(
        (name, round(share_of(outline, whole), 4)) for name, outline in filters.sites if _meet(item.footprint, outline)
    )
