"""Random places as the world has them: terminals, depots, quays, rail yards, lorry parks, and places without any box."""

from dataclasses import dataclass, replace

import numpy as np

from sattrack.synthetic import surroundings
from sattrack.synthetic.ground import KINDS, Ground, Surface
from sattrack.synthetic.kinds import DRAWN
from sattrack.synthetic.plot import Plot
from sattrack.synthetic.solids import Solids, joined

# How often each kind of place is drawn.
SHARES: dict[str, float] = {
    "rtg": 0.17,
    "tight": 0.10,
    "across": 0.11,
    "straddle": 0.07,
    "wheeled": 0.07,
    "depot": 0.11,
    "quay": 0.10,
    "rail": 0.11,
    "berms": 0.02,
    "lookalikes": 0.14,
}
# Kept beside the picture: their shadows and tops may reach in, metres.
_MARGIN_M = 28.0


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A place in metres: (0, 0) is the top-left corner of its extent (x, y).

    zones: names that Solids.zone points into. kind: of place, one of SHARES where it was drawn. wear: how rusty its boxes are,
    0..1.
    """

    extent_m: tuple[float, float]
    ground: Ground
    solids: Solids
    zones: tuple[str, ...] = ()
    kind: str = ""
    wear: float = 0.0


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
    DRAWN[chosen](plot)
    surroundings.masts(plot, count=int(rng.poisson(plot.half**2 / 6000)))
    surroundings.litter(plot, count=int(rng.gamma(1.0, plot.half**2 / 600)))
    ground = _ground(rng, plot=plot, rough=chosen in ("depot", "lookalikes", "rail", "berms"))
    things = _dusted(rng, things=_within(joined(plot.parts), extent_m=extent_m), base=ground.base)
    return Layout(extent_m, ground, things, kind=chosen, wear=float(rng.beta(1.0, 2.2)))


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
        base, int(rng.integers(1 << 31)), float(rng.triangular(0.4, 0.7, 1.15)), (*repairs, *plot.surfaces),
        tuple(plot.stripes),
        float(rng.gamma(2.0, 0.4)), plot.frame, float(rng.gamma(1.5, 0.7)), dry=True,
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
