"""The two made-up places of the samples: what stands there for good, what comes and goes, and when they were looked at."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from sattrack.synthetic import surroundings, waterside
from sattrack.synthetic.bands import slot_lines
from sattrack.synthetic.cranes import gantry, quay_crane
from sattrack.synthetic.goods import small_things
from sattrack.synthetic.ground import Ground
from sattrack.synthetic.plot import Plot
from sattrack.synthetic.seeds import SAMPLES_SEED
from sattrack.synthetic.solids import Solids, joined
from sattrack.synthetic.stands import Stand, draw_stand
from sattrack.synthetic.vehicles import lorry
from sattrack.synthetic.yards import FT20, FT40, Habit, block_slots

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Look:
    """One acquisition. fills: share of slots taken in each zone's stands. ship: one lies alongside.

    off_nadir, sun: degrees. haze: 0..1. shift_m: error of the georeferencing, east and north. veil: none, cloud or wedge.
    """

    time: dt.datetime
    gsd_m: float
    fills: tuple[float, ...]
    off_nadir: float = 8.0
    sun: float = 45.0
    haze: float = 0.06
    ship: bool = False
    shift_m: tuple[float, float] = (0.0, 0.0)
    veil: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """A made-up site.

    corner: easting and northing of the top-left corner in `crs`. outlines: rectangles (u, v) of the plot by zone, "" for the
    whole site. fixtures: never change. stands: the zone's index and a block. orderly, turnover: how each zone is worked (see
    Stand). passing: puts on the plot what a date adds.
    """

    site_id: str
    name: str
    crs: str
    corner: tuple[float, float]
    extent_m: tuple[float, float]
    seed: int
    plot: Plot
    ground: Ground
    fixtures: Solids
    zones: tuple[str, ...]
    outlines: dict[str, tuple[Span, Span]]
    stands: tuple[tuple[int, Stand], ...]
    orderly: tuple[bool, ...]
    turnover: tuple[float, ...]
    looks: tuple[Look, ...]
    passing: Callable[[Plot, Look], None] = field(repr=False)


def _at(day: str, clock: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"2023-{day}T{clock}+00:00")


def places() -> tuple[Place, ...]:
    """Both places, empty of boxes, before their first date."""
    return _pier(SAMPLES_SEED), _depot(SAMPLES_SEED + 100)


def _plot(seed: int, *, extent_m: tuple[float, float], frame: float) -> Plot:
    middle = extent_m[0] / 2, extent_m[1] / 2
    half = float(np.hypot(*extent_m) / 2 + 20)
    return Plot(np.random.default_rng(seed), middle, frame, half, paint=(206, 202, 192), opacity=0.45)


def _ground(plot: Plot, *, base: str, shade: float, seed: int, worn: float, dirt: float) -> Ground:
    return Ground(base, seed, shade, tuple(plot.surfaces), tuple(plot.stripes), dirt, plot.frame, worn)


def _pier(seed: int) -> Place:
    """A small pier where one stack of boxes of two colours fills up, is shipped, and fills up again."""
    extent = (300.0, 240.0)
    plot = _plot(seed, extent_m=extent, frame=0.33)
    rng = plot.rng
    waterside.waterfront(plot, v=58.0, cranes=False, ships=0.0)
    plot.pave("concrete", u=(-150, 150), v=(-14, 58), shade=0.86)
    plot.pave("asphalt", u=(-260, 260), v=(-66, -58), shade=0.95)
    plot.pave("grass", u=(-260, 260), v=(-90, -67), shade=0.8)
    surroundings.trees(plot, u=(-150, 150), v=(-88, -69), count=26)
    surroundings.sheds_band(plot, v=-128.0)
    plot.put(quay_crane(rng, centre=plot.at(88, 44), heading=plot.frame + np.pi / 2, frame=plot.frame))
    for start in range(-145, 146, 6):
        plot.line((float(start), -14.0), (float(start), 57.0), width_m=0.12, colour=(96, 92, 88), opacity=0.25)
    heaps = np.array([plot.at(float(rng.uniform(30, 125)), float(rng.uniform(-8, 12))) for _ in range(22)])
    plot.put(small_things(rng, places=heaps, frame=plot.frame))
    surroundings.masts_at(plot, spots=np.array([(-110.0, -10.0), (-20.0, -10.0), (70.0, -10.0)]))
    fixed = joined(plot.parts)
    ground = _ground(plot, base="soil", shade=0.82, seed=seed, worn=0.6, dirt=1.6)
    plot.parts = []
    uniform = Habit(share20=1.0, share45=0.0, spread_m=0.08, tilt=0.005, favourites=2, patch=0.85)
    mixed = Habit(share20=0.3, share45=0.0, spread_m=0.1, tilt=0.008, favourites=1)
    stack = block_slots(plot.at(-42, 26), heading=plot.frame, rows=12, bays=14, gap_m=(0.4, 0.18), bay_m=FT20)
    yard = block_slots(plot.at(0, -38), heading=plot.frame + np.pi / 2, rows=34, bays=1, gap_m=(0.5, 0.35), frame=plot.frame)
    stands = (
        (0, draw_stand(rng, slots=stack, highest=2, habit=uniform, zone=0)),
        (1, draw_stand(rng, slots=yard, highest=2, habit=mixed, zone=1)),
    )
    return Place(
        "kalmae-pier", "Kalmae pier (made up)", "EPSG:32653", (252_000.0, 4_498_000.0), extent, seed, plot, ground, fixed,
        ("pier", "yard"), {"": ((-118, 112), (-56, 57)), "pier": ((-100, 16), (2, 52)), "yard": ((-62, 62), (-53, -22))},
        stands, (True, False), (0.0, 0.04), _PIER_LOOKS, _pier_passing,
    )  # fmt: skip


def _pier_passing(plot: Plot, look: Look) -> None:
    if look.ship:
        waterside.ship(plot, u=-30.0, v=60.5)
    for _ in range(int(plot.rng.integers(1, 4))):
        place = plot.at(float(plot.rng.uniform(-120, 120)), -62.0 + float(plot.rng.choice([-2, 2])))
        plot.put(lorry(plot.rng, centre=place, heading=plot.frame, frame=plot.frame, loaded=False))


_PIER_LOOKS = (
    Look(_at("08-12", "02:05:11"), 0.5, (0.02, 0.55), off_nadir=6, sun=62),
    Look(_at("08-23", "01:48:30"), 0.4, (0.38, 0.60), off_nadir=14, sun=58),
    Look(_at("08-30", "02:21:52"), 0.6, (0.86, 0.60), off_nadir=4, sun=55, haze=0.22),
    Look(_at("09-08", "01:39:04"), 0.4, (0.06, 0.62), off_nadir=10, sun=51, ship=True),
    Look(_at("09-19", "02:10:45"), 0.5, (0.52, 0.60), off_nadir=18, sun=47),
    Look(_at("10-03", "01:55:20"), 0.5, (0.93, 0.56), off_nadir=8, sun=42, veil="cloud"),
    Look(_at("10-17", "02:14:09"), 0.3, (0.98, 0.58), off_nadir=12, sun=38),
    Look(_at("10-20", "02:01:33"), 0.5, (0.60, 0.58), off_nadir=5, sun=36, ship=True),
    Look(_at("10-20", "06:43:18"), 0.5, (0.00, 0.58), off_nadir=20, sun=26, haze=0.12),
    Look(_at("10-28", "01:44:57"), 0.4, (0.88, 0.62), off_nadir=9, sun=33, shift_m=(2.4, -1.7)),
    Look(_at("11-14", "02:18:26"), 0.6, (0.12, 0.62), off_nadir=15, sun=29, haze=0.16),
    Look(_at("12-09", "01:52:41"), 0.5, (0.66, 0.65), off_nadir=3, sun=25),
)


def _depot(seed: int) -> Place:
    """A busy inland depot: import blocks that hardly change, and a yard of empties with one surge."""
    extent = (360.0, 240.0)
    plot = _plot(seed, extent_m=extent, frame=-0.19)
    rng = plot.rng
    plot.pave("asphalt", u=(-260, 260), v=(-96, -84), shade=0.9)
    plot.dashes(u=(-230, 230), v=-90.0)
    plot.pave("grass", u=(-260, 260), v=(-160, -97), shade=0.9)
    surroundings.trees(plot, u=(-190, 190), v=(-120, -100), count=40)
    for lane in (-57.5, -32.0):
        plot.line((-170, lane), (170, lane), width_m=0.25)
    surroundings.trailers_band(plot, v=52.0)
    surroundings.cars_band(plot, v=72.0)
    surroundings.sheds_band(plot, v=98.0)
    surroundings.masts(plot, count=7)
    habit = Habit(share20=0.25, share45=0.06, spread_m=0.06, tilt=0.003, favourites=2, patch=0.3, whole_bays=0.1)
    plain = Habit(share20=0.0, share45=0.0, spread_m=0.09, tilt=0.004, favourites=3, patch=0.6, whole_bays=0.3)
    stands = []
    for u, v in ((-76, -72), (62, -72), (-76, -46), (62, -46)):
        slots = block_slots(plot.at(u, v), heading=plot.frame, rows=6, bays=9, gap_m=(0.9, 0.24), frame=plot.frame)
        _slot_lines(plot, middle=(u, v), bays=9, rows=6, pitch=(FT40 + 0.9, 2.438 + 0.24))
        stands.append((0, draw_stand(rng, slots=slots, highest=4, habit=habit, zone=0)))
    for u in (-72, 48):
        slots = block_slots(
            plot.at(u, 14), heading=plot.frame + np.pi / 2, rows=38, bays=2, gap_m=(0.5, 0.16), frame=plot.frame
        )
        stands.append((1, draw_stand(rng, slots=slots, highest=4, habit=plain, zone=1)))
    fixed = joined(plot.parts)
    ground = _ground(plot, base="concrete", shade=0.8, seed=seed, worn=1.4, dirt=1.2)
    plot.parts = []
    return Place(
        "noordzand-depot", "Noordzand depot (made up)", "EPSG:32631", (499_000.0, 6_040_000.0), extent, seed, plot, ground,
        fixed, ("import", "empties"),
        {"": ((-150, 136), (-89, 40)), "import": ((-143, 129), (-88, -30)), "empties": ((-133, 108), (-9, 37))},
        tuple(stands), (False, True), (0.12, 0.08), _DEPOT_LOOKS, _depot_passing,
    )  # fmt: skip


def _slot_lines(plot: Plot, *, middle: Span, bays: int, rows: int, pitch: Span) -> None:
    """The painted slots of a block around a place."""
    half = bays * pitch[0] / 2, rows * pitch[1] / 2
    slot_lines(
        plot, u=(middle[0] - half[0], middle[0] + half[0]), v=(middle[1] - half[1], middle[1] + half[1]), pitch_u=pitch[0],
        pitch_v=pitch[1],
    )  # fmt: skip


def _depot_passing(plot: Plot, _look: Look) -> None:
    rng = plot.rng
    for v in (-72.0, -46.0):
        for _ in range(int(rng.integers(0, 3))):
            place = plot.at(float(rng.uniform(-130, 115)), v + 1.8)
            plot.put(gantry(rng, centre=place, heading=plot.frame, frame=plot.frame, span_m=21.0))
    for _ in range(int(rng.integers(3, 9))):
        place = plot.at(float(rng.uniform(-128, 116)), float(rng.choice([-21, -17, 46])))
        heading = plot.frame + np.pi * int(rng.integers(0, 2))
        plot.put(lorry(rng, centre=place, heading=heading, frame=plot.frame, loaded=bool(rng.random() < 0.4)))


_DEPOT_LOOKS = (
    Look(_at("02-04", "10:51:09"), 0.5, (0.62, 0.34), off_nadir=12, sun=24),
    Look(_at("03-01", "10:42:37"), 0.4, (0.64, 0.36), off_nadir=5, sun=31),
    Look(_at("03-19", "11:03:15"), 0.6, (0.60, 0.33), off_nadir=16, sun=37, haze=0.18),
    Look(_at("04-22", "10:47:50"), 0.5, (0.66, 0.38), off_nadir=8, sun=47),
    Look(_at("05-13", "10:58:02"), 0.3, (0.63, 0.35), off_nadir=10, sun=54),
    Look(_at("06-02", "10:39:44"), 0.5, (0.67, 0.37), off_nadir=20, sun=57, shift_m=(-1.9, 2.2)),
    Look(_at("06-30", "10:55:31"), 0.4, (0.64, 0.40), off_nadir=3, sun=58),
    Look(_at("07-28", "11:01:26"), 0.5, (0.66, 0.36), off_nadir=14, sun=54, veil="wedge"),
    Look(_at("08-25", "10:44:13"), 0.5, (0.68, 0.38), off_nadir=7, sun=46),
    Look(_at("09-15", "10:52:58"), 0.4, (0.66, 0.92), off_nadir=11, sun=39, haze=0.12),
    Look(_at("10-06", "10:49:20"), 0.6, (0.65, 0.88), off_nadir=6, sun=31),
    Look(_at("11-21", "10:57:47"), 0.5, (0.67, 0.45), off_nadir=9, sun=21, haze=0.1),
)
