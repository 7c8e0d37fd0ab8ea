"""What a search found, in words: each item with what it can be used for, before anything of it is fetched."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sattrack.cli.voice import Voice, one_line, plain
from sattrack.phrases import first_of, some

if TYPE_CHECKING:
    from sattrack.readers.catalogues.choosing_assets import Choice
    from sattrack.readers.catalogues.item_filters import Wanted
    from sattrack.readers.catalogues.searching import Found

_HEAD = ("time (UTC)", "sensor", "GSD, m", "cloud", "off-nadir", "covers", "usable for", "size", "item", "asset")
_ABLE = {"count": "count", "area": "area only", "presence": "presence only", "refuse": "nothing", "": "unknown"}
_MOST_ROWS = 200
_MOST_SITES = 3


def rows_of(found: "Found") -> list[dict[str, Any]]:
    """What is known of each item, as plain values; reason: why it will not be looked at."""
    return [_row(one, found.collections.get(one.item.collection, {})) for one in found.items] + [
        {"item": one.id, "usable_for": "nothing", "reason": str(one.error)} for one in found.unread
    ]


def tell_items(found: "Found", *, voice: Voice) -> None:
    """A table of the items, and what was left out and why."""
    rows = rows_of(found)
    if rows:
        shown = [_cells(row) for row in rows[:_MOST_ROWS]]
        voice.table(_HEAD, shown, right=(2, 3, 4, 7))
    if len(rows) > _MOST_ROWS:
        voice.out(f"... and {len(rows) - _MOST_ROWS:,} more")
    for row in rows:
        if row.get("reason") and row["usable_for"] == "refuse":
            voice.say(one_line(f"{row['item']}: {row['reason']}"))
    tell_search(found, voice=voice)


def tell_search(found: "Found", *, voice: Voice) -> None:
    """What the search came to, and cost."""
    able = [row["usable_for"] for row in rows_of(found)]
    told = ", ".join(f"{able.count(name):,} {text}" for name, text in _ABLE.items() if name in able)
    usable, were = f" (usable for: {told})" if told else "", "was" if found.requests == 1 else "were"
    read = f"{some(found.requests, 'document')} of {found.received / 1e6:,.2f} MB {were} read"
    voice.say(f"{found.address}: {some(len(found.items), 'item')}{usable}; {read}")
    for one in found.unread:
        voice.fault(one_line(f"cannot be read: {one.id}: {one.error}"))
    for note in found.notes:
        voice.say(one_line(f"note: {note}"))


def _row(one: "Wanted", of_collection: Mapping[str, Any]) -> dict[str, Any]:
    from sattrack.errors import SceneRefused
    from sattrack.readers.catalogues.choosing_assets import choose, native_gsd
    from sattrack.steps.judging import capability, capability_warning

    item = one.item
    row: dict[str, Any] = {
        "item": item.id, "collection": item.collection, "datetime": plain(item.start), "sensor": item.sensor,
        "cloud_cover": item.cloud_cover, "off_nadir_deg": item.off_nadir_deg, "covers": dict(one.covers),
        "licence": item.licence or str(of_collection.get("license", "")), "asset": "", "gsd_m": item.gsd_m,
        "usable_for": "", "size_bytes": None, "mask": "", "reason": "",
    }  # fmt: skip
    choice: Choice
    try:
        choice = choose(item)
    except SceneRefused as error:
        return row | {"usable_for": "refuse", "reason": error.message}
    gsd = choice.gsd_m
    able = capability((gsd, gsd)) if gsd is not None else ""
    return row | {
        "asset": choice.asset.key, "gsd_m": gsd, "usable_for": able, "size_bytes": choice.asset.size,
        "mask": choice.mask.key if choice.mask else "", "native_gsd_m": native_gsd(choice, item),
        "warning": capability_warning((gsd, gsd)) if gsd is not None else "",
    }  # fmt: skip


def _pixels(row: dict[str, Any]) -> str:
    """The size of a pixel, and of what the camera saw where that is coarser."""
    if row.get("gsd_m") is None:
        return ""
    native = f" (taken at {row['native_gsd_m']:.3g})" if row.get("native_gsd_m") else ""
    return f"{row['gsd_m']:.3g}{native}"


def _cells(row: dict[str, Any]) -> list[str]:
    when = row.get("datetime") or "unknown"
    covers = [f"{name} {share:.0%}" for name, share in row.get("covers", {}).items()]
    doubt = ", with care" if row.get("warning") else ""
    return [
        str(when).replace("T", " ").removesuffix("Z").removesuffix(":00")[:16],
        row.get("sensor") or "",
        _pixels(row),
        "" if row.get("cloud_cover") is None else f"{row['cloud_cover']:.0f} %",
        "" if row.get("off_nadir_deg") is None else f"{row['off_nadir_deg']:.0f}°",
        first_of(covers, most=_MOST_SITES),
        _ABLE.get(row["usable_for"], row["usable_for"]) + doubt,
        "" if not row.get("size_bytes") else f"{row['size_bytes'] / 1e6:,.0f} MB",
        row["item"],
        row.get("asset", "")[:40] + (f" + {row['mask']}" if row.get("mask") else ""),
    ]
