"""Changes on labelled pairs: two dates of one place, with weights that never saw it, against what people outlined."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from sattrack import wiring
from sattrack.bench.accuracy import bench_accuracy
from sattrack.bench.bands import Point, bands_of, point_of
from sattrack.bench.datasets import LabelledImage, read_datasets, scene_of
from sattrack.bench.detecting import detect_each
from sattrack.changes import Exchange, Offset, Total
from sattrack.changing import Shown, show
from sattrack.detections import Detections
from sattrack.errors import UsageError
from sattrack.geometry import Quads, centres
from sattrack.labels.ignoring import inside_any
from sattrack.labels.seen import left_out_sets
from sattrack.laying import looks_on
from sattrack.phrases import some
from sattrack.results import ModelCard, Part
from sattrack.settings import Settings
from sattrack.steps.counting import Rule, own_site
from sattrack.steps.grounding import Frame, footprint
from sattrack.steps.lattices import lattice_over
from sattrack.steps.registering import Look, offset_between
from sattrack.steps.sharing import comparable

# Pairs of sets, with the pictures of one window at two dates. The scenes' own offset is in the windows' places
# already, so that the windows lie on each other.
PAIRS: dict[str, tuple[tuple[str, str], ...]] = {
    "t": (("terminal_a/s1_P", "pair_t2/t2_P"),),
    "v": tuple((f"pair_v1/v1_{k}", f"pair_v2/v2_{k}") for k in "ABD"),
    "w": tuple((f"pair_w1/w1_{k}", f"pair_w2/w2_{k}") for k in "AB"),
}
# How far the later windows are moved against the earlier ones to see whether that is found, pixels.
SHIFTS: tuple[tuple[int, int], ...] = ((0, 0), (4, -7), (-6, 3), (7, 6))
CUT_PX = 8
WIDEST, SURE_CHANGE, NEAR_PX = 40.0, 20, 2.0


@dataclass(frozen=True, slots=True)
class Window:
    """One window of a pair on the ground that was ignored on neither date. true: labelled boxes (earlier, later)."""

    pair: str
    name: str
    true: tuple[int, int]
    exchange: Exchange

    @property
    def true_change(self) -> int:
        return self.true[1] - self.true[0]

    @property
    def half_width(self) -> float:
        change = self.exchange.change
        return float("nan") if change.low is None or change.high is None else (change.high - change.low) / 2

    @property
    def held(self) -> bool:
        """Whether the interval holds the labelled change."""
        change = self.exchange.change
        return change.low is not None and change.high is not None and change.low <= self.true_change <= change.high

    @property
    def right_sign(self) -> bool | None:
        """Of changes of more than SURE_CHANGE boxes, whether the change found has the labelled one's sign; none for others."""
        if abs(self.true_change) <= SURE_CHANGE:
            return None
        return (self.exchange.change.value or 0) * self.true_change > 0


@dataclass(frozen=True, slots=True)
class Placed:
    """A pair's offset with its windows moved by `shift` pixels (x, y): off, pixels from that; none where it was not told."""

    pair: str
    windows: str
    shift: tuple[int, int]
    off: tuple[float, float] | None
    offset: Offset


@dataclass(frozen=True, slots=True)
class Changes:
    """All windows, and all offsets."""

    windows: tuple[Window, ...]
    offsets: tuple[Placed, ...]
    bands: str


def bench_changes(
    data: Path, *, folds: Sequence[Path], settings: Settings, bands: ModelCard | None = None,
    heard: Callable[[str], None] = lambda _line: None,
) -> Changes:  # fmt: skip
    """Each pair of PAIRS in the folder of labelled sets, by the fold whose weights left both its sets out.

    The intervals come from bands measured on all other sets that the folds left out, or from the card `bands`.
    UsageError where no fold left a pair's sets out, or a set is missing.
    """
    models = {path: wiring.Model(str(path), careful=settings.careful) for path in folds}
    cards = {path: wiring.card_of(model) for path, model in models.items()}
    points = [] if bands else _measured(cards, data=data, settings=settings, heard=heard)
    windows: list[Window] = []
    offsets: list[Placed] = []
    for pair, names in PAIRS.items():
        sets = sorted({name.partition("/")[0] for both in names for name in both})
        weights = next((p for p, card in cards.items() if set(sets) <= set(left_out_sets(card.trained_on))), None)
        if weights is None:
            raise UsageError(f"none of the weights left out {', '.join(sets)}", way_out="give --fold, weights of train --fold")
        images = {f"{image.dataset}/{image.name}": image for image in read_datasets([data / name for name in sets])}
        wanted = [name for both in names for name in both]
        found = detect_each([scene_of(images[n], limits=settings) for n in wanted], model=models[weights], settings=settings)
        parts = {name: replace(p, scene=scene_of(images[name])) for name, p in zip(wanted, found, strict=True)}
        heard(f"pair {pair}: {len(parts)} pictures read by {cards[weights].id}")
        others = bands_of([p for p in points if p.measured.image.dataset not in sets]) if bands is None else bands.measured
        card = replace(cards[weights], measured=others)
        rule = Rule(cards[weights].threshold, settings.min_observed, settings.merge_overlap)
        both = [((images[a], parts[a]), (images[b], parts[b])) for a, b in names]
        looks = [_looks(one, settings) for one in both]
        offset = offset_between([pair_looks for pair_looks, _ in looks], pixel_m=looks[0][1])
        for one in both:
            windows.append(_window(pair, one, card=card, rule=rule, settings=settings, offset=offset))
        offsets += list(_moved(pair, looks, [one[0][0].name for one in both]))
    return Changes(tuple(windows), tuple(offsets), bands.id if bands else "measured on all other sets")


def _measured(cards: dict[Path, ModelCard], *, data: Path, settings: Settings, heard: Callable[[str], None]) -> list[Point]:
    """All pictures of the sets that the folds left out, each read by weights that never saw it."""
    points: list[Point] = []
    for path, card in cards.items():
        sets = [data / name for name in left_out_sets(card.trained_on)]
        heard(f"measuring bands on the {some(len(sets), 'set')} that {card.id} never saw")
        model = wiring.Model(str(path), careful=settings.careful)
        found = bench_accuracy(sets, model=model, threshold=card.threshold, settings=settings)
        points += [point_of(one, threshold=card.threshold) for one in found.images]
    return points


Dated = tuple[LabelledImage, Part]


def _window(pair: str, both: tuple[Dated, Dated], *, card: ModelCard, rule: Rule, settings: Settings, offset: Offset) -> Window:
    """A window compared on ground ignored on neither date, its labels where boxes are; the windows lie on each other."""
    ignore = [*both[0][0].ignore, *both[1][0].ignore]
    parts = [replace(part, detections=_outside(part.detections, ignore), card=replace(part.card, measured=card.measured))
             for _, part in both]  # fmt: skip
    with closing(wiring.make_reader(settings)) as reader:
        shown = show(own_site(parts[0].scene), ([parts[0]], [parts[1]]), rule=rule, reader=reader, offset=offset)
    moves = (np.zeros(2), np.array([offset.x_m, offset.y_m]))
    true = [
        _labelled(image.truth, part, ignore=ignore, shown=shown, move=move)
        for (image, part), move in zip(both, moves, strict=True)
    ]
    return Window(pair, f"{both[0][0].name} → {both[1][0].name}", (true[0], true[1]), shown.exchange)


def _labelled(truth: Quads, part: Part, *, ignore: Sequence[np.ndarray], shown: Shown, move: np.ndarray) -> int:
    """How many labels stand where boxes are compared. move: where the scene lies against the earlier one, metres."""
    middle = centres(truth)
    middle = middle[~inside_any(middle, rings=ignore)]
    lattice = shown.lattice
    ground = lattice.flat(lattice.frame.from_pixels(middle, grid=part.scene.grid))
    return int(comparable(ground - move, saw=shown.saw).sum())


def _outside(found: Detections, ignore: Sequence[np.ndarray]) -> Detections:
    return found.where(~inside_any(found.centres(), rings=ignore))


def _looks(both: tuple[Dated, Dated], settings: Settings) -> tuple[tuple[Look, Look], float]:
    """A window's looks, and their pixel size."""
    parts = [part for _, part in both]
    frame = Frame.of_pixels()
    gsd = max(max(part.scene.grid.gsd_m) for part in parts)
    outline = footprint(parts[0].scene.grid, frame=frame) & footprint(parts[1].scene.grid, frame=frame)
    lattice = lattice_over(outline, frame=frame, gsd_m=gsd)
    metres = [part.detections.moved(scale=part.scene.grid.gsd_m) for part in parts]
    with closing(wiring.make_reader(settings)) as reader:
        return looks_on(([parts[0]], [parts[1]]), metres, lattice, reader=reader), lattice.pixel_m


def _moved(pair: str, looks: Sequence[tuple[tuple[Look, Look], float]], names: Sequence[str]) -> Iterator[Placed]:
    """Offsets of a pair, of all its windows together and of each alone, at each of SHIFTS."""
    pixel = looks[0][1]
    lots = [("all", [one for one, _ in looks])]
    if len(looks) > 1:
        lots += [(name, [one]) for name, (one, _) in zip(names, looks, strict=True)]
    for name, lot in lots:
        for shift in SHIFTS:
            cut = [(_cut(earlier, (0, 0)), _cut(later, shift)) for earlier, later in lot]
            found = offset_between(cut, pixel_m=pixel)
            off = (found.x_m / pixel - shift[0], found.y_m / pixel - shift[1]) if found.known else None
            yield Placed(pair, name, shift, off, found)


def _cut(look: Look, shift: tuple[int, int]) -> Look:
    """A look less CUT_PX on each side, so cut that its content moves by `shift`."""
    x, y = CUT_PX - shift[0], CUT_PX - shift[1]
    rows, cols = look.valid.shape
    at = slice(y, rows - 2 * CUT_PX + y), slice(x, cols - 2 * CUT_PX + x)
    return Look(look.pixels[at], look.valid[at], look.quads - np.array([x, y]), look.scores)


def exchanged_share(windows: Sequence[Window]) -> float | None:
    """Of the earlier boxes of windows compared box by box, the share that left; none where no window was."""
    told = [one.exchange for one in windows if one.exchange.by == "boxes"]
    boxes = sum(len(one.before) for one in told)
    return sum(_value(one.left) for one in told) / boxes if boxes else None


def _value(total: Total) -> int:
    return total.value or 0
