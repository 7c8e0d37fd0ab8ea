"""Deliveries: the files of one acquisition gathered into one scene, and which of its products is counted."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import PurePath

from sattrack.errors import SattrackError, SceneRefused
from sattrack.imagery import Scene
from sattrack.phrases import first_of, some
from sattrack.readers.deliveries.clusters import Cluster, One
from sattrack.readers.deliveries.joining import MOST_PIECES, Moments, joined_scene
from sattrack.readers.deliveries.names import BASIC, COLOUR, PAN, Named, is_decoy, named, without_tile
from sattrack.readers.finding import Source
from sattrack.readers.mosaics import demand_end
from sattrack.settings import Settings
from sattrack.steps.grounding import Frame, footprint
from sattrack.steps.judging import FINE_COLOUR_M, capability

_MOST_SHOWN = 6

Describe = Callable[[Source], Scene]


def gathered(sources: Sequence[Source], *, describe: Describe, limits: Settings) -> list[Source]:
    """The sources, with the files of one acquisition as one: those that a manifest joins, and the tiles of a delivery.

    Files that share CRS, pixel size and lattice become one mosaic; others of the same acquisition stay files of their own, and
    are counted together. Of several products of one acquisition all but one are set aside. The order is kept.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    times_named = Counter(source.scene_id for source in sources)
    for number, source in enumerate(sources):
        if key := _group_of(source, joined=times_named[source.scene_id] > 1):
            groups.setdefault(key, []).append(number)
    at: dict[int, list[Source]] = {number: [source] for number, source in enumerate(sources)}
    taken = {name.casefold() for source in sources for name in (source.part, source.scene_id)}
    for key, numbers in groups.items():
        by_name = key[0] == "tiles"
        if len(numbers) < 2 and not (by_name and sources[numbers[0]].hints.listed):
            continue
        made = _gather([sources[number] for number in numbers], by_name=by_name, describe=describe, limits=limits, taken=taken)
        at.update({number: [] for number in numbers})
        at[numbers[0]] = made
    return _one_product([source for number in sorted(at) for source in at[number]], describe=describe)


def with_their_others(paths: Collection[str], sources: Sequence[Source]) -> frozenset[str]:
    """Paths, and those of all other files of the same acquisitions, of whatever product: half of one is not to be counted."""
    if not paths:
        return frozenset()
    times_named = Counter(source.scene_id for source in sources)
    keys = {source.path: _keys_of(source, joined=times_named[source.scene_id] > 1) for source in sources}
    touched = frozenset().union(*(keys[path] for path in paths if path in keys))
    return frozenset(paths) | {path for path, own in keys.items() if own & touched}


def _keys_of(source: Source, *, joined: bool) -> frozenset[tuple[str, ...]]:
    acquisition = named(PurePath(source.path).stem).acquisition
    keys = (_group_of(source, joined=joined), ("products", acquisition) if acquisition else ())
    return frozenset(key for key in keys if key)


def _group_of(source: Source, *, joined: bool) -> tuple[str, ...]:
    """What the files of one acquisition share; nothing for a file that stands alone. joined: by a manifest or items."""
    if source.fault is not None or source.coarse is not None:
        return ()
    if joined or source.scene_id != source.part:
        return ("scene", source.scene_id)
    name = named(PurePath(source.path).stem)
    return ("tiles", str(PurePath(source.path).parent), name.product) if name.tile else ()


def _gather(
    sources: Sequence[Source], *, by_name: bool, describe: Describe, limits: Settings, taken: set[str]
) -> list[Source]:  # fmt: skip
    """The sources of one group, those that fit each other as one."""
    scene_id = _free_name(_without_tile(sources[0]), taken) if by_name else sources[0].scene_id
    known = [_looked_at(source, describe, limits=limits) for source in sources]
    if by_name and not any(one.scene and one.scene.grid.georeferenced for one in known):
        return list(sources)
    first, *others = _acquisitions(known)
    made = _joined(first, by_name=by_name, scene_id=scene_id, limits=limits)
    moments = Moments(one.scene for one in first if one.scene)
    for members in others:
        apart = [replace(one, source=_noting(one.source, _why_apart(one, first[0], moments))) for one in members]
        if by_name and len(apart) == 1:
            made.append(apart[0].source)
        else:
            # Under one name what both show would be one count, and of one time.
            made += _joined(apart, by_name=by_name, scene_id=_free_name(scene_id, taken), limits=limits)
    return made


def _acquisitions(known: Sequence[One]) -> list[list[One]]:
    """The files of one name by when, and by what, they say that they were taken; one that says neither is of the first."""
    found: list[tuple[Moments, list[One]]] = [(Moments(), [])]
    for one in known:
        fitting = next((its for its in found if one.scene is None or not its[0].contradict(one.scene)), None)
        if fitting is None:
            found.append(fitting := (Moments(), []))
        fitting[1].append(one)
        if one.scene is not None:
            fitting[0].add(one.scene)
    return [members for _, members in found]


def _why_apart(one: One, first: One, moments: Moments) -> str:
    assert one.scene
    return f"not joined with {first.source.part}, whose name it shares: {moments.contradict(one.scene)}"


def _joined(known: Sequence[One], *, by_name: bool, scene_id: str, limits: Settings) -> list[Source]:
    """The files of one acquisition, those that fit each other as one."""
    clusters: list[Cluster] = []
    made, doubles, alone = [], [], []
    for one in known:
        if one.scene is None:
            alone.append(replace(one.source, scene_id=scene_id))
        elif twin := next((found for cluster in clusters if (found := cluster.twin(one))), None):
            reason = f"it shows the same pixels of the ground as {PurePath(twin.source.path).name}, which is counted"
            doubles.append(replace(one.source, scene_id=scene_id, aside=reason))
        else:
            fitting = next((cluster for cluster in clusters if not cluster.why_not(one)), None)
            clusters.append(Cluster(one)) if fitting is None else fitting.add(one)
    clusters.sort(key=lambda cluster: len(cluster.members), reverse=True)
    for cluster in clusters:
        part = scene_id if by_name and cluster is clusters[0] else cluster.members[0].source.part
        made += _as_one(cluster, main=clusters[0], scene_id=scene_id, part=part, limits=limits)
    if by_name and made:
        made[0] = _noting(made[0], *_missing([one.source for one in known]))
    return [*made, *doubles, *alone]


def _without_tile(source: Source) -> str:
    """The name of a tile's picture, in the letters of its file."""
    stem = PurePath(source.path).stem
    short = without_tile(stem.casefold())
    for start in range(len(stem) + 1):
        end = start + len(stem) - len(short)
        if (stem[:start] + stem[end:]).casefold() == short:
            return stem[:start] + stem[end:] or PurePath(source.path).parent.name or stem
    return stem


def _as_one(cluster: Cluster, *, main: Cluster, scene_id: str, part: str, limits: Settings) -> list[Source]:
    """A mosaic of files that are alike, or each for itself where they cannot be one."""
    sources = [replace(one.source, scene_id=scene_id) for one in cluster.members]
    scenes = [one.scene for one in cluster.members if one.scene]
    if cluster is not main:
        # The larger cluster may be the later one, which was held against this.
        why = main.why_not(cluster.members[0]) or cluster.why_not(main.members[0]) or "they do not fit each other"
        sources[0] = _noting(sources[0], f"not joined with {main.members[0].source.part}: {why}")
    if len(sources) == 1:
        return sources
    rows, cols = joined_scene(scenes).grid.shape
    if len(sources) > MOST_PIECES or rows * cols > limits.max_pixels:
        why = f"{len(sources):,} files of {cols} x {rows} pixels in all, more than {MOST_PIECES:,} or {limits.max_pixels:,}"
        return [_noting(source, f"not read as one picture with the others of its scene: {why}") for source in sources]
    note = f"{len(sources)} files of one lattice are read as one picture, {_span(sources)}"
    return [replace(sources[0], part=part, hints=replace(sources[0].hints, notes=(note,)), pieces=tuple(sources))]


def _span(sources: Sequence[Source]) -> str:
    """Which files, in a few words: run.json has all their names."""
    tiles = [tile for source in sources if (tile := named(PurePath(source.path).stem).tile)]
    if len(tiles) == len(sources):
        (first_row, first_col), (last_row, last_col) = min(tiles), max(tiles)
        return f"R{first_row}C{first_col} to R{last_row}C{last_col}"
    return f"{PurePath(sources[0].path).name} to {PurePath(sources[-1].path).name}"


def _missing(sources: Sequence[Source]) -> list[str]:
    """What must be said of tiles that are not there, by the vendor's list or else by the grid of those that are."""
    here = {PurePath(source.path).name.casefold() for source in sources}
    stems = {PurePath(name).stem for name in here}
    product = named(PurePath(sources[0].path).stem).product
    # One list may name the tiles of several products, as Pléiades Neo's do those of RGB and NED.
    listed = dict.fromkeys(
        name for source in sources for name in source.hints.listed
        if not is_decoy(PurePath(name).stem) and named(PurePath(name).stem).product == product
    )  # fmt: skip
    if listed:
        # Jpeg 2000 may have been written again as GeoTIFF: the stem tells.
        gone = [name for name in listed if name.casefold() not in here and PurePath(name).stem.casefold() not in stems]
        whole = len(listed)
        by = "the vendor's list"
    else:
        tiles = {tile for source in sources if (tile := named(PurePath(source.path).stem).tile)}
        # Vendors count from 1, those who cut their own pictures often from 0.
        rows, cols = (range(min(1, *numbers), max(numbers) + 1) for numbers in zip(*tiles, strict=True))
        if len(rows) * len(cols) > MOST_PIECES:
            return []
        grid = [(row, col) for row in rows for col in cols]
        gone, whole = [f"R{row}C{col}" for row, col in grid if (row, col) not in tiles], len(grid)
        by = "their names"
    if not gone:
        return []
    whole_by = f"of {whole} files by {by}, {some(len(gone), 'is', 'are')} not here ({first_of(gone, most=_MOST_SHOWN)})"
    return [f"the delivery is not whole: {whole_by}, and nothing is seen there"]


def _one_product(sources: Sequence[Source], *, describe: Describe) -> list[Source]:
    """Of the products of one acquisition only one is counted: colour where it is fine enough, else the finest.

    So too of those in which nothing can be counted: what covered area can be told of before what has brightness alone, colour
    before gray.
    """
    products: dict[str, list[tuple[int, Named]]] = {}
    for number, source in enumerate(sources):
        name = named(PurePath(source.path).stem)
        if name.acquisition and not source.fault and not source.coarse and not source.aside:
            products.setdefault(name.acquisition, []).append((number, name))
    out = list(sources)
    for group in products.values():
        if len({name.product for _, name in group}) > 1:
            _choose(out, group, describe=describe)
    return out


def _choose(out: list[Source], group: Sequence[tuple[int, Named]], *, describe: Describe) -> None:
    """Sets aside, in place, all products of one acquisition but the one that is to be counted, and those that lie elsewhere.

    A product that is damaged stays, and its own turn will tell.
    """
    scenes: dict[int, Scene | None] = {}
    for number, _ in group:
        try:
            scenes[number] = describe(out[number])
        except SceneRefused:
            scenes[number] = None
        except SattrackError:
            continue
    told = [(number, name, scene) for number, name in group if (scene := scenes.get(number))]
    coarse = [one for one in told if capability(one[2].grid.gsd_m) in ("area", "presence")]
    left = [one for one in told if _countable(one[2])] or coarse
    while left:
        best, chosen, scene = min(left, key=lambda one: (_rank(one[1].kind, one[2]), one[0]))
        for number, name in group:
            if number not in scenes or out[number].aside or name.product == chosen.product:
                continue
            other = scenes[number]
            if other is None or _covers(scene, other):
                how = "counted" if _countable(scene) else "read"
                why = f"the same acquisition is {how} from {out[best].part} ({_kind(chosen.kind, scene)})"
                out[number] = replace(out[number], aside=why)
                out[best] = _noting(out[best], f"{out[number].part} is another product of the same acquisition, and not used")
        left = [one for one in left if one[0] != best and not out[one[0]].aside]


def _countable(scene: Scene) -> bool:
    return capability(scene.grid.gsd_m) == "count"


def _rank(kind: str, scene: Scene) -> tuple[int, int, float]:
    size, able = max(scene.grid.gsd_m), ("count", "area", "presence", "refuse").index(capability(scene.grid.gsd_m))
    colour = kind != PAN and len(scene.bands) == 3
    # In pixels too coarse for boxes the area from colour is as sure as that from gray of the next finer size: docs/coarse.md.
    fine = colour and (size <= FINE_COLOUR_M or not _countable(scene))
    return able, (2 if kind == BASIC else 0 if fine else 1), size


def _kind(kind: str, scene: Scene) -> str:
    gray = kind == PAN or (kind != COLOUR and len(scene.bands) == 1)
    return f"{PAN if gray else COLOUR}, {max(scene.grid.gsd_m):.2g} m"


def _covers(one: Scene, two: Scene) -> bool:
    """Whether two scenes of one acquisition show the same ground, at least for the most part of the second."""
    if not (one.grid.georeferenced and two.grid.georeferenced):
        return not one.grid.georeferenced and not two.grid.georeferenced
    frame = Frame.of_grid(one.grid)
    first, second = footprint(one.grid, frame=frame), footprint(two.grid, frame=frame)
    return bool(second.area > 0 and first.intersection(second).area >= 0.5 * second.area)


def _looked_at(source: Source, describe: Describe, *, limits: Settings) -> One:
    """A source and what it is; not known where it fails, which its own turn will tell: a file cut off costs itself, not all the
    others.
    """
    try:
        scene = describe(source)
        return One(source, scene, demand_end(scene, limits=limits))
    except SattrackError:
        return One(source, None)


def _noting(source: Source, *notes: str) -> Source:
    return replace(source, hints=replace(source.hints, notes=(*source.hints.notes, *notes)))


def _free_name(name: str, taken: set[str]) -> str:
    """A name that no other scene or file has; it is taken from now on."""
    free, number = name, 2
    while free.casefold() in taken:
        free, number = f"{name}-{number}", number + 1
    taken.add(free.casefold())
    return free
