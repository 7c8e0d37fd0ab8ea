"""The kinds of places: what fills the board of a terminal, a depot, a quay, a rail yard, and of places without any box."""

from collections.abc import Callable

import numpy as np

from sattrack.synthetic import bands, railways, surroundings, waterside
from sattrack.synthetic.plot import Plot


def _fill(
    plot: Plot, *, band: Callable[[float], float], every: tuple[int, int], road_m: tuple[float, float],
    lane_m: tuple[float, float], end: float | None = None,
) -> None:  # fmt: skip
    """Bands side by side up to `end` with lanes between, and a road after every few."""
    rng = plot.rng
    v = -plot.half - float(rng.uniform(0, 25))
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


_SURROUNDINGS: tuple[tuple[Callable[..., float], float], ...] = (
    (surroundings.cars_band, 0.12),
    (surroundings.trailers_band, 0.15),
    (surroundings.buses_band, 0.06),
    (surroundings.sheds_band, 0.15),
    (surroundings.houses_band, 0.04),
    (surroundings.narrow_houses_band, 0.12),
    (railways.empty_rails_band, 0.1),
    (surroundings.clutter_band, 0.1),
    (surroundings.steel_band, 0.06),
    (surroundings.tanks_band, 0.04),
    (surroundings.panels_band, 0.03),
    (surroundings.green_band, 0.08),
)


def surrounding(plot: Plot, *, v: float) -> float:
    """Any band without boxes."""
    shares = np.array([share for _, share in _SURROUNDINGS])
    return _SURROUNDINGS[int(plot.rng.choice(len(shares), p=shares / shares.sum()))][0](plot, v=v)


def _gap(
    rng: np.random.Generator, *, along: tuple[float, float] = (0.3, 1.3), across: tuple[float, float] = (0.04, 0.41)
) -> tuple[float, float]:
    return float(rng.uniform(*along)), float(rng.uniform(*across))


def _yard_fill(rng: np.random.Generator) -> tuple[float, int]:
    """Share of slots taken and highest tier of a yard."""
    return float(rng.choice([rng.uniform(0.05, 0.35), rng.uniform(0.35, 0.98)], p=[0.3, 0.7])), int(
        rng.choice([1, 2, 3, 4, 5, 6], p=[0.2, 0.18, 0.2, 0.2, 0.14, 0.08])
    )


def _rtg(plot: Plot, *, end: float | None = None) -> None:
    rng = plot.rng
    habit, gap, (fill, highest) = bands.draw_habit(rng), _gap(rng), _yard_fill(rng)
    rows, crane, twenties = int(rng.integers(5, 8)), float(rng.choice([0.0, 0.3, 0.55])), bool(rng.random() < 0.15)

    def band(v: float) -> float:
        return bands.block_band(
            plot, v=v, rows=rows, fill=fill, highest=highest, habit=habit, gap_m=gap, crane=crane, twenties=twenties
        )

    _fill(plot, band=band, every=(1, 4), road_m=(9, 28), lane_m=(3.8, 6.5), end=end)


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
        bands.machine_at(plot, u=float(rng.uniform(-plot.half, plot.half)), v=float(rng.uniform(-plot.half, edge)))


def _quay(plot: Plot) -> None:
    rng = plot.rng
    edge = float(rng.uniform(-0.2, 0.75)) * plot.half
    cranes = bool(rng.random() < 0.45)
    boxes_afloat = bool(rng.random() < (0.35 if cranes else 0.1))
    apron = waterside.waterfront(plot, v=edge, cranes=cranes, ships=0.0 if boxes_afloat else 0.7)
    if boxes_afloat:
        u = float(rng.uniform(-0.5, 0.5)) * plot.half
        waterside.box_ship(plot, u=u, v=edge + 1.5, habit=bands.draw_habit(rng))
    if cranes:
        _rtg(plot, end=edge - apron - 26)
        return
    if not boxes_afloat and rng.random() < 0.35:
        waterside.moored_boats(plot, u=float(rng.uniform(-1, 0.3)) * plot.half, v=edge, count=int(rng.integers(5, 30)))
    inner = edge - float(rng.uniform(3, 14))
    if rng.random() < 0.25:
        inner -= surroundings.steel_band(plot, v=inner - 40) + 6
    crowd = float(rng.choice([0.4, 2.0, 6.0]))
    bands.scattered_band(plot, v=(inner - float(rng.uniform(20, 90)), inner), habit=bands.draw_habit(rng), crowd=crowd)
    spots = [(float(rng.uniform(-plot.half, plot.half)), float(rng.uniform(inner - 60, inner))) for _ in range(rng.poisson(3))]
    surroundings.lone_lorries(plot, spots=spots)
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
            return railways.rail_band(plot, v=v, loaded=loaded)
        gap = _gap(rng)
        return bands.block_band(plot, v=v, rows=int(rng.integers(2, 7)), fill=fill, highest=highest, habit=habit, gap_m=gap)

    _fill(plot, band=band, every=(1, 3), road_m=(7, 20), lane_m=(3.5, 7))


def _berms(plot: Plot) -> None:
    """A store in the country: singles and short rows by earth walls."""
    rng = plot.rng
    habit = bands.draw_habit(rng)
    v = -plot.half - float(rng.uniform(0, 25))
    while v < plot.half:
        v += bands.berms_band(plot, v=v, habit=habit)
        plot.pave("soil", u=(-plot.half, plot.half), v=(v + 1, v + 7), shade=float(rng.uniform(0.9, 1.2)))
        v += 8
        if rng.random() < 0.5:
            v += surroundings.green_band(plot, v=v)


def _lookalikes(plot: Plot) -> None:
    """No box at all."""
    rng = plot.rng
    if rng.random() < 0.15:
        _quarter(plot)
        return
    end = plot.half
    if rng.random() < 0.3:
        end = float(rng.uniform(-0.3, 0.7)) * plot.half
        edge = end
        end -= waterside.waterfront(plot, v=end, cranes=bool(rng.random() < 0.4), ships=0.8) + 40
        if rng.random() < 0.4:
            waterside.moored_boats(plot, u=float(rng.uniform(-1, 0.3)) * plot.half, v=edge, count=int(rng.integers(5, 40)))
    v = -plot.half - float(rng.uniform(0, 20))
    while v < end:
        v += surrounding(plot, v=v) + float(rng.uniform(0.5, 6))
        if rng.random() < 0.5:
            v += bands.lane_band(plot, v=v, width=float(rng.uniform(6, 16)), traffic=1.5, loaded=0.0)
        if rng.random() < 0.25:  # a yard painted for boxes, and empty
            depth = float(rng.integers(4, 8)) * 2.8
            bands.slot_lines(plot, u=(-plot.half, plot.half), v=(v, v + depth), pitch_u=12.8, pitch_v=2.8)
            v += depth


def _quarter(plot: Plot) -> None:
    """Narrow houses all over, with a street or a strip of green between."""
    rng = plot.rng
    v = -plot.half - float(rng.uniform(0, 20))
    while v < plot.half:
        v += surroundings.narrow_houses_band(plot, v=v)
        if rng.random() < 0.3:
            v += surroundings.green_band(plot, v=v)
        else:
            v += bands.lane_band(plot, v=v, width=float(rng.uniform(4, 10)), traffic=0.5, loaded=0.0)


DRAWN: dict[str, Callable[[Plot], None]] = {
    "rtg": _rtg,
    "tight": _tight,
    "across": _across,
    "straddle": _straddle,
    "wheeled": _wheeled,
    "depot": _depot,
    "quay": _quay,
    "rail": _rail,
    "berms": _berms,
    "lookalikes": _lookalikes,
}
