"""Chain charts: the sites of a chain on a map to scale, and under it what came and left at each in time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sattrack.flows import Agreement, Chain, Flow, Place
from sattrack.phrases import some
from sattrack.reports.axes import DAY, Plot, dates, round_up
from sattrack.reports.canvas import Anchor, Area, Dot, Drawing, Ink, Mark, Shape, Stroke, Words, joined
from sattrack.reports.cells import clean
from sattrack.reports.flow_bars import movement_bars
from sattrack.reports.marks import round_length
from sattrack.reports.wording import metres, utc, whole

# Mean radius of the earth, metres.
_EARTH_M = 6_371_009.0
_ROLES: dict[str, Shape] = {"origin": "disc", "transit": "square", "destination": "diamond"}
# How a link is drawn by its verdict: ink, width, dash. Told apart without colour as well.
_LINKS: dict[str, tuple[Ink, float, tuple[float, float] | None]] = {
    "consistent": ("accent", 2.4, None),
    "not consistent": ("warn", 1.8, (7.0, 4.0)),
    "cannot be told": ("quiet", 1.4, (2.0, 4.0)),
}
_LANE_PX = 92.0
# Room above and below the sites of a map; and the least ground that a map shows, about a kilometre.
_ROOM_PX, _LEAST_DEGREES = 120.0, 0.01

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """Longitude and latitude on a sheet: one scale both ways, true at the middle's latitude, north up."""

    middle: LonLat
    centre: tuple[float, float]
    per_degree: float

    def at(self, place: LonLat) -> tuple[float, float]:
        x, y = _flat(place, self.middle)
        return self.centre[0] + x * self.per_degree, self.centre[1] - y * self.per_degree

    @property
    def metres_px(self) -> float:
        return math.radians(1 / self.per_degree) * _EARTH_M


def map_chart(
    chain: Chain, agreements: Sequence[Agreement], places: Mapping[str, LonLat], names: Mapping[str, str], *, width: float,
    most_height: float,
) -> Drawing | None:  # fmt: skip
    """The chain's sites by role, its links by what their ends say together, other sites of the run small; none without places.

    places: longitude and latitude by site id. names: of all sites. The sheet is as high as they ask for, at most most_height.
    """
    own = {one.site_id: places[one.site_id] for one in chain.places if one.site_id in places}
    if not own:
        return None
    others = {site: place for site, place in places.items() if site not in {one.site_id for one in chain.places}}
    sheet, height = _sheet([*own.values(), *others.values()], width=width, most_height=most_height)
    marks: list[Sequence[Mark]] = [_furniture(sheet, width, height)]
    links = [_link(sheet, one, own) for one in agreements if {one.link.source, one.link.target} <= own.keys()]
    marks += links
    marks.append([Dot(*sheet.at(place), 3.0, "quiet", hollow=True, tip=clean(names.get(s, s))) for s, place in others.items()])
    marks.append([_dot(sheet, one, own[one.site_id]) for one in chain.places if one.site_id in own])
    said = {one.site_id: (sheet.at(own[one.site_id]), _name(one, names), True) for one in chain.places if one.site_id in own}
    said |= {site: (sheet.at(place), clean(names.get(site, site)), False) for site, place in others.items()}
    words = [mark for link in links for mark in link if isinstance(mark, Words)]
    marks.append(_labels(list(said.values()), words, width=width, middle=sheet.centre[1]))
    return Drawing(width, height, joined(marks), title="Map of the chain")


def lane_chart(chain: Chain, flows: Mapping[str, Flow], names: Mapping[str, str], *, width: float) -> Drawing | None:
    """A lane for each place in the chain's order: came up, left down, all to one scale, faint where not sure; ticks where the
    site could be assessed. None where no place of the chain has two such scenes.
    """
    seen = {site: flow for site, flow in flows.items() if flow.movements}
    if not seen:
        return None
    begin = min(utc(flow.since).timestamp() for flow in seen.values())
    end = max(utc(flow.until).timestamp() for flow in seen.values())
    room = max((end - begin) * 0.03, DAY / 4)
    height = 20 + _LANE_PX * len(chain.places) + 38
    plot = Plot(44.0, width - 24.0, 20.0, height - 38.0, begin - room, end + room, 1.0)
    moved = [part for flow in seen.values() for one in flow.movements for part in (one.left, one.arrived)]
    most = round_up(max([1.0, *(one.value for one in moved)]))
    marks: list[Sequence[Mark]] = [[Stroke(((plot.left, plot.base), (plot.right, plot.base)), "quiet")], dates(plot)]
    for i, place in enumerate(chain.places):
        line = plot.top + _LANE_PX * (i + 0.5) + 8
        marks.append(_lane(plot, place, seen.get(place.site_id), names, line=line, per_box=(_LANE_PX / 2 - 18) / most))
    marks.append([Words(plot.left, 11, f"half a lane: {whole(most)} boxes", size=11)])
    return Drawing(width, height, joined(marks), title="What came and left at each site of the chain")


def _lane(
    plot: Plot, place: Place, flow: Flow | None, names: Mapping[str, str], *, line: float, per_box: float
) -> list[Mark]:  # fmt: skip
    label = f"{_name(place, names)}, {place.role}" + ("" if flow else ": not two assessable scenes")
    marks: list[Mark] = [Words(plot.left, line - _LANE_PX / 2 + 12, label, ink="ink", size=12, bold=True)]
    marks.append(Stroke(((plot.left, line), (plot.right, line)), "rule"))
    if flow is None:
        return marks
    for one in flow.movements:
        marks += movement_bars(plot, one, line=line, per_box=per_box, whiskers=False)
    for time in [flow.movements[0].earlier.time, *(one.later.time for one in flow.movements)]:
        x = plot.x(time)
        marks.append(Stroke(((x, line - 3), (x, line + 3)), "ink", 1.0))
    return marks


def _sheet(places: Sequence[LonLat], *, width: float, most_height: float) -> tuple[_Sheet, float]:
    """The scale at which all places lie on the sheet with room for their names, and the sheet's height."""
    first = places[0]
    flat = [_flat(place, first) for place in places]
    xs, ys = zip(*flat, strict=True)
    shrink = max(math.cos(math.radians(first[1])), 0.05)
    lat = first[1] + (min(ys) + max(ys)) / 2
    middle = (first[0] + (min(xs) + max(xs)) / 2 / shrink, max(-89.0, min(89.0, lat)))
    spans = [_flat(place, middle) for place in places]
    across, down = (max(2 * max(abs(one[i]) for one in spans), _LEAST_DEGREES) for i in (0, 1))
    per_degree = min(0.64 * width / across, (most_height - _ROOM_PX) / down)
    height = min(most_height, max(down * per_degree + _ROOM_PX, 210.0))
    return _Sheet(middle, (width / 2, (height - 24) / 2 + 6), per_degree), height


def _flat(place: LonLat, middle: LonLat) -> tuple[float, float]:
    """Degrees of latitude east and north of the middle; longitudes go the short way round."""
    east = (place[0] - middle[0] + 180) % 360 - 180
    return east * max(math.cos(math.radians(middle[1])), 0.05), place[1] - middle[1]


def _link(sheet: _Sheet, one: Agreement, places: Mapping[str, LonLat]) -> list[Mark]:
    """From circle to circle, with an arrow's head in the middle and what is said of it beside."""
    (x0, y0), (x1, y1) = sheet.at(places[one.link.source]), sheet.at(places[one.link.target])
    length = math.hypot(x1 - x0, y1 - y0)
    if length < 24:
        return []
    ink, width, dash = _LINKS.get(one.verdict, _LINKS["cannot be told"])
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    start, end = (x0 + ux * 10, y0 + uy * 10), (x1 - ux * 10, y1 - uy * 10)
    mx, my = (x0 + x1) / 2, (y0 + y1) / 2
    head = (
        (mx + ux * 8, my + uy * 8),
        (mx - ux * 5 - uy * 5.5, my - uy * 5 + ux * 5.5),
        (mx - ux * 5 + uy * 5.5, my - uy * 5 - ux * 5.5),
    )
    lag = f", {some(round(one.lag_days), 'day')}" if one.lag_days is not None and one.matched else ""
    # Beside the line, on the side that lies higher; flat lines have it above them.
    side = 1 if ux >= 0 else -1
    anchor: Anchor = "middle" if abs(uy) < 0.35 else "start" if uy * side > 0 else "end"
    label = Words(mx + side * uy * 12, my - side * ux * 12, f"{one.verdict}{lag}", ink, 12.0, anchor)
    return [Stroke((start, end), ink, width, dash=dash), Area(head, ink, tip=clean(one.sentence)), label]


def _dot(sheet: _Sheet, one: Place, place: LonLat) -> Dot:
    return Dot(*sheet.at(place), 7.0, "accent", tip=one.role, shape=_ROLES.get(one.role, "disc"))


def _name(one: Place, names: Mapping[str, str]) -> str:
    return clean(one.name or names.get(one.site_id, one.site_id)) + (f" / {clean(one.zone)}" if one.zone else "")


def _labels(
    said: Sequence[tuple[tuple[float, float], str, bool]], words: Sequence[Words], *, width: float, middle: float
) -> list[Mark]:
    """Names on the side of their marks that looks away from the middle, where links do not run; where there is no room, above
    or below. Moved on where they would touch each other, or words that stand there.
    """
    marks: list[Mark] = []
    taken = [_span(one) for one in words]
    for (x, y), name, own in said:
        size = 13.0 if own else 11.0
        most = int((width - 16) / (0.64 * size))
        text = name if len(name) <= most else f"{name[: most - 1]}…"
        reach = 0.64 * size * len(text)
        left, base, down = x + 12, y + 4, 14.0
        if x < width / 2:
            left = x - 12 - reach
        if not 4 <= left <= width - 4 - reach:
            left = min(max(x - reach / 2, 6.0), width - 6 - reach)
            down = 14.0 if y >= middle else -14.0
            base = y + 22 if y >= middle else y - 14
        while any(abs(base - other) < 14 and left < end and left + reach > begin for begin, end, other in taken):
            base += down
        taken.append((left, left + reach, base))
        marks.append(Words(left + reach / 2, base, text, "ink" if own else "quiet", size, "middle", own))
    return marks


def _span(one: Words) -> tuple[float, float, float]:
    """Where words begin and end, and their line."""
    reach = 0.6 * one.size * len(one.text)
    left = one.x - {"start": 0.0, "middle": reach / 2, "end": reach}[one.anchor]
    return left, left + reach, one.y


def _furniture(sheet: _Sheet, width: float, height: float) -> list[Mark]:
    """A frame, a scale bar, and north."""
    long = round_length(sheet.metres_px * width * 0.25)
    px, y = long / sheet.metres_px, height - 14
    frame = ((0.5, 0.5), (width - 0.5, 0.5), (width - 0.5, height - 0.5), (0.5, height - 0.5), (0.5, 0.5))
    x = width - 22
    return [
        Stroke(frame, "rule"),
        Stroke(((14, y - 4), (14, y), (14 + px, y), (14 + px, y - 4)), "ink", 1.4),
        Words(14 + px + 8, y + 2, f"{metres(long)} at the middle of the map", size=11),
        Area(((x, 12), (x + 6, 30), (x, 26), (x - 6, 30)), "ink"),
        Words(x, 42, "N", ink="ink", size=11, anchor="middle"),
    ]
