"""Chain telling: what a page says of a chain of sites - a map, what moved at each in time, and each link's sentence."""

from collections.abc import Iterable
from dataclasses import dataclass

from sattrack.findings import Findings
from sattrack.reports.cells import clean, discreet
from sattrack.reports.chain_charts import lane_chart, map_chart
from sattrack.reports.plates import Plate, plate_of
from sattrack.reports.telling import Place
from sattrack.steps.chaining import flow_at


@dataclass(frozen=True, slots=True)
class ChainTold:
    """A chain on the page. links: a sentence each. unplaced: its sites whose place on the ground is not known."""

    name: str
    sources: str
    map: Plate | None
    lanes: Plate | None
    links: tuple[str, ...]
    unplaced: tuple[str, ...]


def chain_told(findings: Findings, places: Iterable[Place]) -> ChainTold | None:
    """The chain of the findings; none where there is none."""
    chain = findings.chain
    if chain is None:
        return None
    names = {place.id: place.name for place in places}
    ground = {one.site_id: one.place for one in findings.series if one.place is not None}
    flows = {one.site_id: flow_at(findings.flows, site_id=one.site_id, zone=one.zone) for one in chain.places}
    known = {site: flow for site, flow in flows.items() if flow is not None}
    maps = [map_chart(chain, findings.agreements, ground, names, width=w, most_height=h) for w, h in ((820, 420), (350, 340))]
    lanes = [lane_chart(chain, known, names, width=w) for w in (820, 350)]
    name = clean(chain.name)
    return ChainTold(
        name=name,
        sources=discreet(chain.sources).rstrip(" ."),
        map=plate_of(maps[0], maps[1], title=f"Map of the chain {name}") if maps[0] and maps[1] else None,
        lanes=plate_of(lanes[0], lanes[1], title=f"What came and left along {name}") if lanes[0] and lanes[1] else None,
        links=tuple(clean(one.sentence) for one in findings.agreements),
        unplaced=tuple(
            clean(one.name or names.get(one.site_id, one.site_id)) for one in chain.places if one.site_id not in ground
        ),
    )
