"""Random places as the world has them: terminals, depots, quays, rail yards, lorry parks, and places without any box."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from sattrack.synthetic import bands, surroundings
from sattrack.synthetic.ground import KINDS, Ground, Surface
from sattrack.synthetic.plot import Plot
from sattrack.synthetic.solids import Solids, joined

# How often each kind of place is drawn.
SHARES: dict[str, float] = {
    "rtg": 0.19,
    "tight": 0.10,
    "across": 0.12,
    "straddle": 0.08,
    "wheeled": 0.08,
    "depot": 0.13,
    "quay": 0.10,
    "rail": 0.07,
    "lookalikes": 0.13,
}
# Kept beside the picture: their shadows and tops may reach in, metres.
_MARGIN_M = 28.0


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A place in metres: (0, 0) is the top-left corner of its extent (x, y).

    zones: names that Solids.zone points into. kind: of place, one of SHARES where it was drawn.
    """

    extent_m: tuple[float, float]
    ground: Ground
    solids: Solids
    zones: tuple[str, ...] = ()
    kind: str = ""


def draw_layout(rng: np.random.Generator, *, extent_m: tuple[float, float], kind: str | None = None) -> Layout:
    """A random place of a kind in SHARES (none: drawn by share), filling extent_m (x, y) metres at a random heading."""
    chosen = (
        kind if kind is not None else str(rng.choice(list(SHARES), p=np.array(list(SHARES.values())) / sum(SHARES.values())))
    )
    plot = Plot(
        rng,
        (extent_m[0] / 2, extent_m[1] / 2),
        float(rng.uniform(0, np.pi)),
        float(np.hypot(*extent_m) / 2 + _MARGIN_M),
        paint=((205, 200, 190), (214, 210, 204), (196, 168, 84))[int(rng.choice(3, p=[0.5, 0.25, 0.25]))],
        opacity=float(rng.choice([0.0, rng.uniform(0.1, 0.4), rng.uniform(0.4, 0.85)], p=[0.25, 0.4, 0.35])),
    )
    _DRAWN[chosen](plot)
    surroundings.masts(plot, count=int(rng.poisson(plot.half**2 / 6000)))
    surroundings.litter(plot, count=int(rng.gamma(1.0, plot.half**2 / 600)))
    ground = _ground(rng, plot=plot, rough=chosen in ("depot", "lookalikes", "rail"))
    things = _dusted(rng, things=_within(joined(plot.parts), extent_m=extent_m), base=ground.base)
    return Layout(extent_m, ground, things, kind=chosen)


def _dusted(rng: np.random.Generator, *, things: Solids, base: str) -> Solids:
    """The dust of the place, or its snow, on everything: much in some yards, hardly any in most."""
    amount = float(rng.beta(1.1, 4.5)) * 0.8
    each = amount * rng.uniform(0.5, 1.3, len(things)).clip(0, 1)[:, None].astype(np.float32)
    dust = np.array(KINDS[base][0], np.float32) * np.float32(rng.uniform(0.8, 1.05))
    return replace(things, colour=things.colour * (1 - each) + dust * each)


def _ground(rng: np.random.Generator, *, plot: Plot, rough: bool) -> Ground:
    kinds = ["concrete", "asphalt", "gravel", "soil", "snow", "grass"]
    shares = [0.2, 0.22, 0.22, 0.26, 0.03, 0.07] if rough else [0.42, 0.44, 0.07, 0.05, 0.02, 0.0]
    base = str(rng.choice(kinds, p=shares))
    if base == "concrete" and rng.random() < 0.5:
        _joints(plot)
    repairs = [_patch(rng, plot=plot, base=base) for _ in range(int(rng.poisson(4)))]
    # Repairs lie under roads and rails.
    return Ground(
        base, int(rng.integers(1 << 31)), float(rng.uniform(0.65, 1.2)), (*repairs, *plot.surfaces), tuple(plot.stripes),
        float(rng.gamma(2.0, 0.6)), plot.frame, float(rng.gamma(1.5, 0.8)),
    )  # fmt: skip


def _joints(plot: Plot) -> None:
    """The joints between slabs of concrete."""
    pitch, tone = float(plot.rng.uniform(4, 9)), float(plot.rng.uniform(0.08, 0.3))
    for at in np.arange(-plot.half, plot.half, pitch):
        for start, end in (((at, -plot.half), (at, plot.half)), ((-plot.half, at), (plot.half, at))):
            plot.line(
                (float(start[0]), float(start[1])),
                (float(end[0]), float(end[1])),
                width_m=0.12,
                colour=(92, 88, 82),
                opacity=tone,
            )


def _patch(rng: np.random.Generator, *, plot: Plot, base: str) -> Surface:
    u, v = rng.uniform(-plot.half, plot.half, 2)
    size = rng.gamma(2.0, 7.0, 2) + 2
    kind = base if rng.random() < 0.6 else str(rng.choice(["concrete", "asphalt", "gravel"]))
    outline = plot.outline(u=(float(u), float(u + size[0])), v=(float(v), float(v + size[1])))
    return Surface(kind, outline, float(rng.uniform(0.75, 1.15)))


def _within(things: Solids, *, extent_m: tuple[float, float]) -> Solids:
    reach = np.hypot(things.length, things.width) / 2 + _MARGIN_M
    near = (things.centre > -reach[:, None]).all(1) & (things.centre < np.asarray(extent_m) + reach[:, None]).all(1)
    return things.where(np.asarray(near))


def _fill(
    plot: Plot, *, band: Callable[[float], float], every: tuple[int, int], road_m: tuple[float, float],
    lane_m: tuple[float, float], start: float | None = None, end: float | None = None,
) -> None:  # fmt: skip
    """Bands side by side from start to end with lanes between, and a road after every few."""
    rng = plot.rng
    v = -plot.half - float(rng.uniform(0, 25)) if start is None else start
    left = int(rng.integers(*every))
    while v < (plot.half if end is None else end):
        if rng.random() < 0.1:
            v += float(rng.choice([surrounding(plot, v=v), 0])) + 4
        v += band(v) + float(rng.uniform(0.2, 0.8))
        left -= 1
        if left > 0:
            v += bands.lane_band(plot, v=v, width=float(rng.uniform(*lane_m)), traffic=float(rng.choice([0, 0.6, 2.0])))
        else:
            v += bands.lane_band(plot, v=v, width=float(rng.uniform(*road_m)), traffic=1.0)
            left = int(rng.integers(*every))


def surrounding(plot: Plot, *, v: float) -> float:
    """Any band without boxes."""
    choices = (
        surroundings.cars_band, surroundings.trailers_band, surroundings.sheds_band, surroundings.houses_band,
        surroundings.empty_rails_band, surroundings.clutter_band, surroundings.panels_band, surroundings.green_band,
    )  # fmt: skip
    shares = (0.16, 0.2, 0.18, 0.06, 0.1, 0.14, 0.04, 0.12)
    return choices[int(plot.rng.choice(len(choices), p=shares))](plot, v=v)


def _gap(
    rng: np.random.Generator, *, along: tuple[float, float] = (0.3, 1.3), across: tuple[float, float] = (0.03, 0.41)
) -> tuple[float, float]:
    return float(rng.uniform(*along)), float(rng.uniform(*across))


def _yard_fill(rng: np.random.Generator) -> tuple[float, int]:
    """Share of slots taken and highest tier of a yard."""
    return float(rng.choice([rng.uniform(0.05, 0.35), rng.uniform(0.35, 0.98)], p=[0.3, 0.7])), int(
        rng.choice([1, 2, 3, 4, 5, 6], p=[0.2, 0.18, 0.2, 0.2, 0.14, 0.08])
    )


def _rtg(plot: Plot, *, start: float | None = None, end: float | None = None) -> None:
    rng = plot.rng
    habit, gap, (fill, highest) = bands.draw_habit(rng), _gap(rng), _yard_fill(rng)
    rows, crane, twenties = int(rng.integers(5, 8)), float(rng.choice([0.0, 0.3, 0.55])), bool(rng.random() < 0.15)

    def band(v: float) -> float:
        return bands.block_band(
            plot, v=v, rows=rows, fill=fill, highest=highest, habit=habit, gap_m=gap, crane=crane, twenties=twenties
        )

    _fill(plot, band=band, every=(1, 4), road_m=(9, 28), lane_m=(3.8, 6.5), start=start, end=end)


def _tight(plot: Plot) -> None:
    rng = plot.rng
    habit, gap, (fill, highest) = bands.draw_habit(rng), _gap(rng, along=(0.15, 0.9), across=(0.03, 0.25)), _yard_fill(rng)
    twenties = bool(rng.random() < 0.25)

    def band(v: float) -> float:
        rows = int(rng.integers(8, 24))
        return bands.block_band(
            plot, v=v, rows=rows, fill=max(fill, 0.3), highest=highest, habit=habit, gap_m=gap, lined=False, twenties=twenties
        )

    _fill(plot, band=band, every=(1, 2), road_m=(8, 24), lane_m=(4, 8))


def _across(plot: Plot) -> None:
    rng = plot.rng
    habit, gap, (fill, highest) = bands.draw_habit(rng), _gap(rng), _yard_fill(rng)
    twenties = bool(rng.random() < 0.3)

    def band(v: float) -> float:
        bays = int(rng.choice([1, 2, 3, 4, 6], p=[0.35, 0.3, 0.15, 0.12, 0.08]))
        return bands.across_band(
            plot, v=v, bays=bays, fill=max(fill, 0.25), highest=highest, habit=habit, gap_m=gap, twenties=twenties
        )

    _fill(plot, band=band, every=(1, 3), road_m=(9, 30), lane_m=(5, 16))


def _straddle(plot: Plot) -> None:
    rng = plot.rng
    habit, gap = bands.draw_habit(rng), _gap(rng, along=(0.3, 1.0), across=(1.1, 1.9))
    fill, highest = float(rng.uniform(0.2, 0.95)), int(rng.integers(1, 4))
    twenties = bool(rng.random() < 0.3)

    def band(v: float) -> float:
        rows = int(rng.integers(8, 30))
        return bands.block_band(plot, v=v, rows=rows, fill=fill, highest=highest, habit=habit, gap_m=gap, twenties=twenties)

    _fill(plot, band=band, every=(1, 2), road_m=(12, 28), lane_m=(6, 9))


def _wheeled(plot: Plot) -> None:
    rng = plot.rng
    loaded = float(rng.choice([0.15, 0.5, 0.85, 0.97]))
    _fill(plot, band=lambda v: bands.wheeled_band(plot, v=v, loaded=loaded), every=(1, 2), road_m=(10, 24), lane_m=(6, 10))


def _depot(plot: Plot) -> None:
    rng = plot.rng
    edge = plot.half
    if rng.random() < 0.4:
        edge = float(rng.uniform(-0.3, 0.7)) * plot.half
        v = edge + 2
        while v < plot.half:
            v += surrounding(plot, v=v) + float(rng.uniform(1, 6))
    bands.scattered_band(plot, v=(-plot.half, edge - 8), habit=bands.draw_habit(rng), crowd=float(rng.choice([0.3, 1.5, 5.0])))
    for _ in range(int(rng.poisson(2))):
        bands.machine(plot, u=float(rng.uniform(-plot.half, plot.half)), v=float(rng.uniform(-plot.half, edge)))


def _quay(plot: Plot) -> None:
    rng = plot.rng
    edge = float(rng.uniform(-0.2, 0.75)) * plot.half
    cranes = bool(rng.random() < 0.45)
    apron = surroundings.waterfront(plot, v=edge, cranes=cranes, ships=0.7)
    if cranes:
        _rtg(plot, end=edge - apron - 26)
        return
    inner = edge - float(rng.uniform(3, 14))
    bands.scattered_band(
        plot,
        v=(inner - float(rng.uniform(20, 90)), inner),
        habit=bands.draw_habit(rng),
        crowd=float(rng.choice([0.4, 2.0, 6.0])),
    )
    v = inner - 100
    while v > -plot.half:
        v -= 50
        surrounding(plot, v=v)


def _rail(plot: Plot) -> None:
    rng = plot.rng
    habit, (fill, highest) = bands.draw_habit(rng), _yard_fill(rng)
    loaded = float(rng.choice([0.25, 0.7, 0.95]))

    def band(v: float) -> float:
        if rng.random() < 0.6:
            return bands.rail_band(plot, v=v, loaded=loaded)
        gap = _gap(rng)
        return bands.block_band(plot, v=v, rows=int(rng.integers(2, 7)), fill=fill, highest=highest, habit=habit, gap_m=gap)

    _fill(plot, band=band, every=(1, 3), road_m=(7, 20), lane_m=(3.5, 7))


def _lookalikes(plot: Plot) -> None:
    """No box at all."""
    rng = plot.rng
    end = plot.half
    if rng.random() < 0.3:
        end = float(rng.uniform(-0.3, 0.7)) * plot.half
        end -= surroundings.waterfront(plot, v=end, cranes=bool(rng.random() < 0.4), ships=0.8) + 40
    v = -plot.half - float(rng.uniform(0, 20))
    while v < end:
        v += surrounding(plot, v=v) + float(rng.uniform(0.5, 6))
        if rng.random() < 0.5:
            v += bands.lane_band(plot, v=v, width=float(rng.uniform(6, 16)), traffic=1.5, loaded=0.0)
        if rng.random() < 0.25:  # a yard painted for boxes, and empty
            depth = float(rng.integers(4, 8)) * 2.8
            bands.slot_lines(plot, u=(-plot.half, plot.half), v=(v, v + depth), pitch_u=12.8, pitch_v=2.8)
            v += depth


_DRAWN: dict[str, Callable[[Plot], None]] = {
    "rtg": _rtg,
    "tight": _tight,
    "across": _across,
    "straddle": _straddle,
    "wheeled": _wheeled,
    "depot": _depot,
    "quay": _quay,
    "rail": _rail,
    "lookalikes": _lookalikes,
}
