"""Flows as rows of a table, and as plain values for JSON: movements, totals, cycles and thresholds passed."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sattrack.flows import Agreement, Crossing, Cycle, Flow, Moved, Movement, Stand
from sattrack.reports.cells import clean, csv_bytes, discreet, moment, number, readable_json
from sattrack.results import SCHEMA_VERSION
from sattrack.steps.flow_phrasing import boxes_sentence, crossing_sentence, flow_sentence
from sattrack.writing import write_whole

FLOW_COLUMNS = (
    "kind", "site_id", "site_name", "zone", "sensor", "model_id", "from_scene", "to_scene", "from_datetime", "to_datetime",
    "boxes_from", "boxes_to", "observed_from", "observed_to", "change", "change_low", "change_high", "left", "left_low",
    "left_high", "arrived", "arrived_low", "arrived_high", "interval_level", "by", "peak_scene", "peak_datetime", "peak_boxes",
    "threshold_boxes", "direction", "earliest", "latest", "skipped", "explanation", "notes", "schema_version",
)  # fmt: skip


FLOW_FILES = ("flow.csv", "flow.json")


def write_flows(flows: Sequence[Flow], agreements: Sequence[Agreement], folder: Path) -> list[Path]:
    """flow.csv and flow.json in a folder. StoreError where that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    table, values = (folder / name for name in FLOW_FILES)
    rows = ([row.get(name) for name in FLOW_COLUMNS] for one in flows for row in flow_rows(one))
    write_whole(table, csv_bytes(FLOW_COLUMNS, rows=rows))
    write_whole(values, readable_json(flows_value(flows, agreements)))
    return [table, values]


def flow_rows(flow: Flow) -> Iterator[dict[str, Any]]:
    """A row for each movement, one for the total (two with matched boxes), one for each cycle and threshold; by column name."""
    head = {
        "site_id": clean(flow.site_id), "site_name": clean(flow.site_name), "zone": clean(flow.zone),
        "sensor": clean(flow.sensor), "model_id": clean(flow.model_id), "interval_level": flow.level,
        "schema_version": SCHEMA_VERSION,
    }  # fmt: skip
    for move in flow.movements:
        said = {"skipped": clean("; ".join(move.skipped)), "notes": discreet(move.why)}
        yield head | {"kind": "movement"} | _movement(move) | said
    period = {"kind": "total", "from_datetime": moment(flow.since), "to_datetime": moment(flow.until)}
    notes = {"notes": discreet("; ".join(flow.notes))}
    told = " ".join(flow_sentence(flow, direction=way) for way in ("fall", "rise")) if flow.movements else ""
    totals = _totals(flow)
    yield head | period | totals | {"by": "counts", "explanation": clean(told)} | notes
    if flow.by_boxes:
        sums = _amounts("left", flow.by_boxes[0]) | _amounts("arrived", flow.by_boxes[1])
        yield head | period | sums | {"by": "boxes", "explanation": clean(boxes_sentence(flow))} | notes
    for cycle in flow.cycles:
        yield head | {"kind": "cycle"} | _cycle(cycle)
    for one in flow.crossings:
        yield head | {"kind": "threshold"} | _crossing(flow, one)


def flows_value(flows: Sequence[Flow], agreements: Sequence[Agreement] = ()) -> dict[str, Any]:
    """All flows, and what the chain's links say, as JSON holds them."""
    return {
        "schema_version": SCHEMA_VERSION,
        "flows": [flow_value(one) for one in flows],
        "chain": [agreement_value(one) for one in agreements],
    }


def flow_value(flow: Flow) -> dict[str, Any]:
    """A flow as JSON holds it."""
    place = flow.place or (None, None)
    return {
        "site_id": clean(flow.site_id), "site_name": clean(flow.site_name), "zone": clean(flow.zone),
        "sensor": clean(flow.sensor), "model_id": clean(flow.model_id), "since": moment(flow.since),
        "until": moment(flow.until), "scenes": len(flow.movements) + 1 if flow.movements else None, "unseen": flow.unseen,
        "interval_level": flow.level, "intervals_known": flow.known, **_totals(flow),
        "by_boxes": _amounts("left", flow.by_boxes[0]) | _amounts("arrived", flow.by_boxes[1]) if flow.by_boxes else None,
        "movements": [_movement(one) | {"skipped": [clean(s) for s in one.skipped], "why": discreet(one.why)} for one in
                      flow.movements],
        "cycles": [_cycle(one) for one in flow.cycles], "thresholds": [_crossing(flow, one) for one in flow.crossings],
        "lon": number(place[0], digits=7), "lat": number(place[1], digits=7),
        "explanation": [clean(one) for one in filter(None, (
            *(flow_sentence(flow, direction=way) for way in ("fall", "rise")), boxes_sentence(flow)
        ))],
        "notes": [discreet(note) for note in flow.notes],
    }  # fmt: skip


def agreement_value(one: Agreement) -> dict[str, Any]:
    """What a link says, as JSON holds it."""
    return {
        **asdict(one.link), "verdict": one.verdict, "why": one.why, "departures": one.departures, "matched": one.matched,
        "lag_days": number(one.lag_days, digits=2), "alike": number(one.alike, digits=3),
        "p_value": number(one.p_value, digits=4),
        "left": _amounts("left", one.departed) if one.departed else None,
        "arrived": _amounts("arrived", one.arrived) if one.arrived else None, "explanation": clean(one.sentence),
    }  # fmt: skip


def _totals(flow: Flow) -> dict[str, Any]:
    """Both totals; none where no two scenes could be compared: that is not nought."""
    out, into = (flow.departed, flow.arrived) if flow.movements else (None, None)
    return _amounts("left", out) | _amounts("arrived", into)


def _movement(move: Movement) -> dict[str, Any]:
    return (
        _ends(move.earlier, move.later)
        | _amounts("change", move.change)
        | _amounts("left", move.left)
        | _amounts("arrived", move.arrived)
        | {"by": move.by, "direction": move.direction}
    )


def _cycle(cycle: Cycle) -> dict[str, Any]:
    row = _ends(cycle.began, cycle.emptied) | _amounts("left", cycle.left) | _amounts("arrived", cycle.filled)
    peak = cycle.peak
    return row | {
        "peak_scene": clean(peak.scene_id), "peak_datetime": moment(peak.time), "peak_boxes": number(peak.boxes, digits=1),
    }  # fmt: skip


def _crossing(flow: Flow, one: Crossing) -> dict[str, Any]:
    total = _amounts("left" if one.direction == "fall" else "arrived", one.total)
    return total | {
        "threshold_boxes": one.amount, "direction": one.direction, "from_datetime": moment(one.reached[0]),
        "to_datetime": moment(one.reached[1]), "to_scene": clean(one.scene_id), "since": moment(one.since),
        "earliest": moment(one.earliest), "latest": moment(one.latest), "explanation": clean(crossing_sentence(flow, one)),
    }  # fmt: skip


def _ends(first: Stand | None, last: Stand | None) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, one in (("from", first), ("to", last)):
        row |= {
            f"{name}_scene": clean(one.scene_id) if one else None, f"{name}_datetime": moment(one.time) if one else None,
            f"boxes_{name}": number(one.boxes, digits=1) if one else None,
            f"observed_{name}": number(one.observed_fraction, digits=4) if one else None,
        }  # fmt: skip
    return row


def _amounts(name: str, one: Moved | None) -> dict[str, Any]:
    if one is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {
        name: number(one.value, digits=1), f"{name}_low": number(one.low, digits=1), f"{name}_high": number(one.high, digits=1)
    }  # fmt: skip
