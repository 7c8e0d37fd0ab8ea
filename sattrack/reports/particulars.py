"""Particulars: the model, the run and its settings as rows of terms and values, so that a count can be repeated."""

from collections.abc import Mapping
from itertools import islice

from sattrack.ports import Finished
from sattrack.reports.cells import KnownPlaces, clean, discreet, shown
from sattrack.reports.wording import viewing_words
from sattrack.results import ModelCard, Part

_MOST_TOLD = 20


def model_rows(card: ModelCard) -> list[tuple[str, str]]:
    """What is known of the weights."""
    rows = [
        ("Name", card.name or card.id),
        ("Identity", card.id),
        ("sha256", card.sha256 or "not stated"),
        ("What it is", card.description),
        ("Classes", ", ".join(card.classes)),
        ("Looks at", f"tiles of {card.tile_px} px at {card.gsd_m:g} m a pixel"),
        ("Threshold of the card", f"{card.threshold:g}"),
        ("Licence", card.licence or "not stated"),
        ("Trained on", "; ".join(filter(None, map(_source, card.trained_on))) or "not stated"),
        ("Measured", "; ".join(map(_band, card.measured)) or "nothing"),
    ]
    return [(key, discreet(value)) for key, value in rows if value]


def _source(row: Mapping[str, object]) -> str:
    """What weights were trained on: its name and kind, and its terms in brackets."""
    name, kind, terms = (str(row.get(key, "")) for key in ("name", "kind", "terms"))
    return " ".join(filter(None, (" ".join(filter(None, (name, kind))), f"({terms})" if terms else "")))


def _band(row: Mapping[str, float]) -> str:
    """A row of the card's figures in words."""
    pixels, density = (f"{row[f'{name}_low']:g} to {row[f'{name}_high']:g}" for name in ("gsd", "density"))
    return (
        f"at {pixels} m a pixel and {density} boxes a hectare round a box: precision {row['precision']:.3f}, "
        f"recall {row['recall']:.3f}, {row['n']:g} boxes"
    )


def run_rows(run: Finished, parts: Mapping[str, Part], locations: KnownPlaces) -> list[tuple[str, str]]:
    """What was done, with what."""
    index = run.index
    devices: set[str] = set()
    tiles = skipped = dropped = boxes = 0
    for part in parts.values():
        devices.add(part.device)
        tiles, skipped = tiles + part.tiles, skipped + part.tiles_skipped
        dropped, boxes = dropped + part.dropped, boxes + len(part.detections)
    rows = [
        ("Command", discreet(index.command, locations=locations)),
        ("Outlines", shown(index.sites_file) or "none: each scene is its own place"),
        ("Device", ", ".join(sorted(devices)) or "none used"),
        ("Tiles", f"{tiles:,} seen, {skipped:,} without a pixel"),
        ("Boxes stored", f"{boxes:,}"),
        ("Degenerate boxes dropped", f"{dropped:,}" if dropped else ""),
        ("Taken, by the vendors", _taken(run)),
        ("Schema", index.schema_version),
        *sorted(index.versions.items()),
    ]
    return [(key, clean(value)) for key, value in rows if value]


def _taken(run: Finished) -> str:
    """How scenes were taken, of those whose vendor says it."""
    done = (outcome.scene for outcome in run.index.outcomes if outcome.status == "done" and outcome.scene)
    viewed = (f"{clean(scene.part)}: {viewing_words(scene.viewing)}" for scene in done if scene.viewing)
    told = list(islice(viewed, _MOST_TOLD))
    more = sum(1 for _ in viewed)
    return "; ".join(told) + (f"; and {more:,} more, in run.json" if more > 0 else "")


def setting_rows(run: Finished) -> list[tuple[str, str]]:
    """Every setting by name."""
    return sorted((key, "not set" if value is None else str(value)) for key, value in run.index.settings.items())
