"""Charts of speed: where a run's time goes beside its network's limit, and how times grow over the matrix."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

from sattrack.bench.fits import power_law
from sattrack.bench.matrix_telling import grown
from sattrack.bench.plots import Frame
from sattrack.bench.speed import Speed
from sattrack.bench.speed_matrix import Matrix, Row
from sattrack.bench.speed_telling import BESIDE
from sattrack.errors import StoreError
from sattrack.looking import AHEAD
from sattrack.phrases import some
from sattrack.reports.canvas import Area, Dot, Drawing, Ink, Mark, Stroke, Words, pixels, svg
from sattrack.writing import whole_file, write_whole

# Stages as they come; what is not named here comes after these.
_ORDER = ("plan", "digest", *AHEAD, "waiting", "model", "observe", "place", "merge", "judge", "store", "count")
_WIDTH, _LEFT, _RIGHT, _STEP = 760.0, 190.0, 96.0, 24.0


def write_speed(rows: Sequence[Speed], folder: Path) -> tuple[Path, ...]:
    """speed.svg and speed.png of the first row. StoreError where they cannot be written."""
    return write_drawing(speed_chart(rows[0]), folder, name="speed")


def write_matrix(found: Matrix, folder: Path) -> tuple[Path, ...]:
    """matrix.svg and matrix.png. StoreError where they cannot be written."""
    return write_drawing(matrix_chart(found), folder, name="matrix")


def write_drawing(drawing: Drawing, folder: Path, *, name: str) -> tuple[Path, ...]:
    """A drawing as NAME.svg and NAME.png in a folder, which is made where it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"the folder cannot be made: {error.strerror}", where=str(folder)) from error
    write_whole(folder / f"{name}.svg", (svg(drawing, sheet=True) + "\n").encode())
    part = folder / f"{name}.png"
    with whole_file(part) as draft:
        pixels(drawing, scale=2).save(draft, "PNG", optimize=True)
    return folder / f"{name}.svg", part


def speed_chart(row: Speed) -> Drawing:
    """Bars over seconds: the network alone, with decoding, the whole run, and under it each stage where it begins."""
    own = sorted(row.stages.items(), key=lambda item: _ORDER.index(item[0]) if item[0] in _ORDER else len(_ORDER))
    bars: list[tuple[str, float, float, Ink, float]] = []
    for name, limit in (("network alone", row.network), ("with decoding, suppression", row.detector)):
        if limit:
            bars.append((name, 0.0, row.tiles / limit.tiles_per_s, "accent", 1.0))
    bars.append(("the whole run", 0.0, row.wall_s, "ink", 1.0))
    at = 0.0
    for name, seconds in own:
        if name in BESIDE:
            bars.append((f"{name}, beside the rest", 0.0, seconds, "quiet", 0.35))
        else:
            bars.append((name, at, seconds, "accent" if name == "model" else "quiet", 1.0))
            at += seconds
    if row.wall_s > at:
        bars.append(("all else", at, row.wall_s - at, "rule", 1.0))
    most = max(begin + seconds for _, begin, seconds, _, _ in bars)
    title = f"{row.picture.size} px, {some(row.tiles, 'tile')}, {row.backend} {row.precision}"
    share = row.ratio_to_limit
    told = f": {100 * share:.0f} % of the network's own throughput" if share else ""
    return _bars(bars, most=most, title=title + told, unit="s", whole=row.wall_s)


def _bars(
    bars: Sequence[tuple[str, float, float, Ink, float]], *, most: float, title: str, unit: str, whole: float | None
) -> Drawing:
    """A row a bar: its name, the bar from its begin on, its length as a number and as a share of `whole`."""
    scale = (_WIDTH - _LEFT - _RIGHT) / most
    marks: list[Mark] = [Words(0, 16, title, ink="ink", size=13.5, bold=True)]
    y = 34.0
    for name, begin, length, ink, faint in bars:
        left, right = _LEFT + begin * scale, _LEFT + (begin + length) * scale
        marks.append(Words(_LEFT - 8, y + 12, name, anchor="end", ink="ink"))
        corners = (left, y), (max(right, left + 0.8), y), (max(right, left + 0.8), y + 16), (left, y + 16)
        tip = f"{name}: {length:.2f} {unit}"
        marks.append(Area(corners, ink, faint=faint, tip=tip))
        share = f" ({100 * length / whole:.0f} %)" if whole else ""
        marks.append(Words(min(right, _WIDTH - _RIGHT) + 6, y + 12, f"{length:.{1 if length >= 10 else 2}f} {unit}{share}"))
        y += _STEP
    return Drawing(_WIDTH, y + 6, tuple(marks), title=title)


def matrix_chart(found: Matrix) -> Drawing:
    """Time by size and by number of scenes on logarithmic scales, and each case's share of the limit."""
    panels = (("size", "megapixels", lambda r: r.megapixels), ("scenes", "scenes", lambda r: float(r.case.scenes)))
    marks: list[Mark] = [Words(0, 16, f"{found.model_id}: the matrix of speed", ink="ink", size=13.5, bold=True)]
    for i, (axis, name, x) in enumerate(panels):
        rows = found.on(axis)
        points = [(x(row), row.wall_s) for row in rows]
        fitted = [(x(row), row.wall_s) for row in grown(found, axis)]
        marks += _moved(_growth(points, fitted, x_name=name), i * _WIDTH / 2, 30.0)
    y = 300.0
    marks.append(Words(0, y, "share of the network's own throughput", ink="ink", size=12.5, bold=True))
    for row in found.rows:
        y += 18
        marks += _share_bar(row, y)
    return Drawing(_WIDTH, y + 12, tuple(marks), title="The matrix of speed")


def _share_bar(row: Row, y: float) -> Iterator[Mark]:
    scale = _WIDTH - _LEFT - _RIGHT
    right = _LEFT + scale * min(row.ratio_to_limit, 1.2) / 1.2
    yield Words(_LEFT - 8, y + 9, f"{row.case.axis}: {row.case.name}", anchor="end")
    yield Area(((_LEFT, y), (right, y), (right, y + 11), (_LEFT, y + 11)), "accent", faint=0.8)
    yield Stroke(((_LEFT + scale / 1.2, y - 3), (_LEFT + scale / 1.2, y + 14)), "quiet")
    yield Words(right + 6, y + 9, f"{100 * row.ratio_to_limit:.0f} %")


def _growth(points: Sequence[tuple[float, float]], fitted: Sequence[tuple[float, float]], *, x_name: str) -> Iterator[Mark]:
    """Dots and the line through those that are fitted, both scales logarithmic, in a panel of half the sheet."""
    if not points:
        return
    logs = [(math.log10(x), math.log10(y)) for x, y in points if x > 0 and y > 0]
    span_x = min(u for u, _ in logs) - 0.2, max(u for u, _ in logs) + 0.2
    span_y = math.floor(min(v for _, v in logs)), math.ceil(max(v for _, v in logs) + 1e-9)
    frame = Frame(_WIDTH / 2 - 20, 240.0, span_x, (span_y[0], max(span_y[1], span_y[0] + 1)))
    for power in range(int(frame.y[0]), int(frame.y[1]) + 1):
        yield Stroke((frame.at(span_x[0], power), frame.at(span_x[1], power)), "rule")
        yield Words(frame.left - 6, frame.up(power) + 4, f"{10.0**power:g}", anchor="end", size=11)
    for u, v in logs:
        yield Dot(*frame.at(u, v), 3.5, "accent", tip=f"{10**u:.3g} {x_name}: {10**v:.3g} s")
        yield Words(frame.across(u), frame.base + 16, f"{round(10**u, 2):g}", anchor="middle", size=11)
    fit = power_law([x for x, _ in fitted], [y for _, y in fitted])
    told = ""
    if fit:
        ends = [frame.at(math.log10(x), math.log10(fit.factor * x**fit.exponent)) for x, _ in (fitted[0], fitted[-1])]
        yield Stroke((ends[0], ends[1]), "ink", 1.2, dash=(4, 3))
        told = f", exponent {fit.exponent:.2f}" + (f" ± {fit.error:.2f}" if math.isfinite(fit.error) else "")
    yield Words(4, 10, f"seconds by {x_name}{told}", ink="ink", size=11.5)


def _moved(marks: Iterator[Mark], dx: float, dy: float) -> Iterator[Mark]:
    for mark in marks:
        if isinstance(mark, Stroke):
            yield Stroke(tuple((x + dx, y + dy) for x, y in mark.points), mark.ink, mark.width, mark.faint, mark.dash)
        elif isinstance(mark, Dot):
            yield Dot(mark.x + dx, mark.y + dy, mark.radius, mark.ink, tip=mark.tip)
        elif isinstance(mark, Words):
            yield Words(mark.x + dx, mark.y + dy, mark.text, mark.ink, mark.size, mark.anchor, mark.bold)
