"""The made-up places of the samples: a pier, the quay and the store that its boxes go to, and a depot that stays quiet."""

import numpy as np

from sattrack.synthetic import replay_calendar as calendar
from sattrack.synthetic import surroundings, waterside
from sattrack.synthetic.bands import berm, slot_lines
from sattrack.synthetic.cranes import quay_crane
from sattrack.synthetic.goods import small_things
from sattrack.synthetic.places import Change, Look, Place, ground_under, open_plot
from sattrack.synthetic.plot import Plot
from sattrack.synthetic.railways import flat_train, track
from sattrack.synthetic.seeds import SAMPLES_SEED
from sattrack.synthetic.solids import joined
from sattrack.synthetic.stands import Stand, draw_stand
from sattrack.synthetic.vehicles import lorry
from sattrack.synthetic.yards import FT20, FT40, Habit, block_slots

# Boxes of one size and two paints, and the boxes of every day.
_UNIFORM = Habit(share20=1.0, share45=0.0, spread_m=0.08, tilt=0.005, favourites=2, patch=0.85)
_MIXED = Habit(share20=0.3, share45=0.0, spread_m=0.1, tilt=0.008, favourites=1)
# A site's everyday numbers are drawn with the last seed of its hundred.
_EVERYDAY = 99


def places() -> tuple[Place, ...]:
    """All four, empty of boxes, before their first date."""
    return _pier(SAMPLES_SEED), _quay(SAMPLES_SEED + 100), _store(SAMPLES_SEED + 200), _control(SAMPLES_SEED + 300)


def _in_time(*changes: tuple[Change, ...]) -> tuple[Change, ...]:
    return tuple(sorted((one for some in changes for one in some), key=lambda one: (one.time, one.zone)))


def _block(plot: Plot, *, at: tuple[float, float], rows: int, bays: int, zone: int) -> Stand:
    """Single boxes of 20 ft in rows along the board."""
    slots = block_slots(plot.at(*at), heading=plot.frame, rows=rows, bays=bays, gap_m=(0.45, 0.3), bay_m=FT20, frame=plot.frame)
    return draw_stand(plot.rng, slots=slots, highest=1, habit=_UNIFORM, zone=zone)


def _side_by_side(plot: Plot, *, at: tuple[float, float], count: int, zone: int) -> Stand:
    """A row of boxes of all sizes whose long sides lie across the board."""
    turned = plot.frame + np.pi / 2
    slots = block_slots(plot.at(*at), heading=turned, rows=count, bays=1, gap_m=(0.5, 0.4), frame=plot.frame)
    return draw_stand(plot.rng, slots=slots, highest=1, habit=_MIXED, zone=zone)


def _pier(seed: int) -> Place:
    """A pier where one stack fills up, is shipped, and fills up again; behind it a yard with the boxes of every day."""
    extent = (216.0, 128.0)
    plot = open_plot(seed, extent_m=extent, frame=0.1)
    waterside.waterfront(plot, v=46.0, cranes=False, ships=0.0)
    plot.pave("concrete", u=(-92, 92), v=(-26, 46), shade=0.86)
    plot.pave("asphalt", u=(-170, 170), v=(-62, -54), shade=0.95)
    plot.pave("grass", u=(-170, 170), v=(-90, -63), shade=0.8)
    surroundings.trees(plot, u=(-110, 110), v=(-78, -66), count=20)
    plot.put(quay_crane(plot.rng, centre=plot.at(66, 32), heading=plot.frame + np.pi / 2, frame=plot.frame))
    for start in range(-90, 91, 6):
        plot.line((float(start), -26.0), (float(start), 45.0), width_m=0.12, colour=(96, 92, 88), opacity=0.25)
    heaps = np.array([plot.at(float(plot.rng.uniform(48, 86)), float(plot.rng.uniform(-20, 8))) for _ in range(16)])
    plot.put(small_things(plot.rng, places=heaps, frame=plot.frame))
    fixed = joined(plot.parts)
    ground = ground_under(plot, base="soil", shade=0.82, seed=seed, worn=0.6, dirt=1.4)
    plot.parts = []
    stands = (
        (0, _block(plot, at=(-20, 25), rows=10, bays=15, zone=0)),
        (0, _block(plot, at=(-20, -8), rows=10, bays=15, zone=0)),
        (1, _side_by_side(plot, at=(-6, -39), count=40, zone=1)),
    )
    everyday = calendar.everyday(seed + _EVERYDAY, zone=1, mean=21, spread=3.0)
    return Place(
        "kalmae-pier", "Kalmae pier (made up)", "pier", "EPSG:32653", (252_000.0, 4_498_000.0), extent, seed, plot, ground,
        fixed, ("pier", "yard"), {"": ((-82, 80), (-50, 44)), "pier": ((-74, 34), (-25, 42)), "yard": ((-68, 58), (-49, -29))},
        stands, (True, False), (0.0, 0.1), _in_time(calendar.PIER_CHANGES, everyday), calendar.PIER_LOOKS, _pier_passing,
    )  # fmt: skip


def _pier_passing(plot: Plot, look: Look) -> None:
    if look.ship:
        waterside.ship(plot, u=-14.0, v=48.0, length=115.0)
    _lorries(plot, lanes=(-59.5, -56.5), most=3)


def _lorries(plot: Plot, *, lanes: tuple[float, ...], most: int) -> None:
    """Empty ones on the road: a box on wheels would be no box of the site."""
    for _ in range(int(plot.rng.integers(0, most + 1))):
        place = plot.at(float(plot.rng.uniform(-95, 95)), float(plot.rng.choice(lanes)))
        heading = plot.frame + np.pi * int(plot.rng.integers(0, 2))
        plot.put(lorry(plot.rng, centre=place, heading=heading, frame=plot.frame, loaded=False))


def _quay(seed: int) -> Place:
    """A naval quay with a rail head: what ships bring stands there for some days."""
    extent = (210.0, 128.0)
    plot = open_plot(seed, extent_m=extent, frame=-0.12)
    waterside.waterfront(plot, v=40.0, cranes=False, ships=0.0)
    plot.pave("ballast", u=(-170, 170), v=(-52, -38), shade=0.95)
    for v in (-48.5, -42.0):
        track(plot, v=v)
    plot.pave("gravel", u=(-170, 170), v=(-36, -31), shade=0.9)
    surroundings.sheds_band(plot, v=-84.0)
    surroundings.masts_at(plot, spots=np.array([(-70.0, -34.0), (0.0, -34.0), (70.0, -34.0)]))
    fixed = joined(plot.parts)
    ground = ground_under(plot, base="concrete", shade=0.74, seed=seed, worn=0.9, dirt=1.2)
    plot.parts = []
    stands = (
        (0, _block(plot, at=(-4, 24), rows=7, bays=21, zone=0)),
        (0, _block(plot, at=(-4, 0), rows=7, bays=21, zone=0)),
        (1, _side_by_side(plot, at=(-14, -21), count=30, zone=1)),
    )
    everyday = calendar.everyday(seed + _EVERYDAY, zone=1, mean=14, spread=2.5)
    return Place(
        "belkamen-quay", "Belkamen quay (made up)", "quay", "EPSG:32653", (300_000.0, 4_600_000.0), extent, seed, plot, ground,
        fixed, ("quay", "yard"), {"": ((-84, 78), (-31, 38)), "quay": ((-77, 69), (-12, 37)), "yard": ((-62, 34), (-30, -13))},
        stands, (True, False), (0.0, 0.1), _in_time(calendar.QUAY_CHANGES, everyday), calendar.QUAY_LOOKS, _quay_passing,
    )  # fmt: skip


def _quay_passing(plot: Plot, look: Look) -> None:
    """A ship that brings, and flat wagons that wait for what it brought."""
    if look.ship:
        waterside.ship(plot, u=6.0, v=42.0, length=115.0)
    if plot.rng.random() < 0.6:
        start = plot.at(float(plot.rng.uniform(-120, -60)), -42.0)
        plot.put(flat_train(plot.rng, start=start, heading=plot.frame, frame=plot.frame, count=9, loaded=0.0))


def _store(seed: int) -> Place:
    """A store in the country: pits between earth walls fill with boxes, are emptied, and fill again."""
    extent = (128.0, 210.0)
    plot = open_plot(seed, extent_m=extent, frame=1.46)
    plot.pave("soil", u=(-78, 78), v=(-54, 52), shade=0.95)
    plot.pave("gravel", u=(-170, 170), v=(21, 28), shade=0.95)
    for u, v in _PITS:
        plot.pave("soil", u=(u - 22, u + 22), v=(v - 13, v + 13), shade=1.1)
        for wall_u, wall_v in (((u - 24.5, u + 24.5), (v - 17.5, v - 14)), ((u - 26, u - 23.5), (v - 17.5, v + 12))):
            plot.put(berm(plot, u=wall_u, v=wall_v, high_m=1.8, earth="grass"))
    surroundings.wood(plot, u=(-110, 110), v=(-90, -60), count=60)
    surroundings.wood(plot, u=(-110, 110), v=(56, 90), count=50)
    fixed = joined(plot.parts)
    ground = ground_under(plot, base="grass", shade=0.95, seed=seed, worn=0.5, dirt=0.8)
    plot.parts = []
    stands = (
        *((0, _block(plot, at=(u + 0.5, v), rows=8, bays=6, zone=0)) for u, v in _PITS),
        (1, _side_by_side(plot, at=(-4, 39), count=36, zone=1)),
    )
    everyday = calendar.everyday(seed + _EVERYDAY, zone=1, mean=17, spread=3.0)
    return Place(
        "dolgavino-store", "Dolgavino store (made up)", "depot", "EPSG:32636", (580_000.0, 4_815_000.0), extent, seed, plot,
        ground, fixed, ("pits", "yard"),
        {"": ((-78, 78), (-53, 49)), "pits": ((-76, 76), (-52, 18)), "yard": ((-62, 54), (30, 48))},
        stands, (True, False), (0.0, 0.1), _in_time(calendar.STORE_CHANGES, everyday), calendar.STORE_LOOKS, _store_passing,
    )  # fmt: skip


_PITS = tuple((u, v) for v in (-34.0, 1.0) for u in (-50.0, 0.0, 50.0))


def _store_passing(plot: Plot, _look: Look) -> None:
    _lorries(plot, lanes=(24.5,), most=2)


def _control(seed: int) -> Place:
    """A depot far from the others, where boxes come and go and nothing is afoot."""
    extent = (200.0, 128.0)
    plot = open_plot(seed, extent_m=extent, frame=-0.19)
    plot.pave("asphalt", u=(-170, 170), v=(-56, -46), shade=0.9)
    plot.dashes(u=(-150, 150), v=-51.0)
    plot.pave("grass", u=(-170, 170), v=(-120, -57), shade=0.9)
    surroundings.trees(plot, u=(-110, 110), v=(-76, -60), count=24)
    surroundings.cars_band(plot, v=44.0)
    stands = []
    for u, v in ((-38, -27), (38, -27), (0, 18)):
        slots = block_slots(plot.at(u, v), heading=plot.frame, rows=5, bays=5, gap_m=(0.9, 0.32), frame=plot.frame)
        half = 5 * (FT40 + 0.9) / 2, 5 * 2.758 / 2
        slot_lines(plot, u=(u - half[0], u + half[0]), v=(v - half[1], v + half[1]), pitch_u=FT40 + 0.9, pitch_v=2.758)
        stands.append((0, draw_stand(plot.rng, slots=slots, highest=2, habit=_MIXED, zone=0)))
    fixed = joined(plot.parts)
    ground = ground_under(plot, base="concrete", shade=0.8, seed=seed, worn=1.2, dirt=1.0)
    plot.parts = []
    everyday = calendar.everyday(seed + _EVERYDAY, zone=0, mean=45, spread=3.0)
    return Place(
        "noordzand-depot", "Noordzand depot (made up)", "depot", "EPSG:32631", (499_000.0, 6_040_000.0), extent, seed, plot,
        ground, fixed, ("yard",), {"": ((-80, 80), (-42, 34)), "yard": ((-76, 76), (-38, 30))}, tuple(stands), (False,),
        (0.08,), _in_time(everyday), calendar.CONTROL_LOOKS, _control_passing,
    )  # fmt: skip


def _control_passing(plot: Plot, _look: Look) -> None:
    _lorries(plot, lanes=(-53.5, -48.5), most=4)
