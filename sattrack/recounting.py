"""Recounting: from the parts of a run to its counts, with the outlines and the threshold of now; nothing is detected."""

import hashlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from sattrack import wiring
from sattrack.count_rows import counts_of, doubt_of, each_scene
from sattrack.errors import StoreError
from sattrack.packed import Packed
from sattrack.ports import Store
from sattrack.readers.outlines.files import read_outlines
from sattrack.reopening import SITES, STOPPED, Run, as_kept, kept_sites, rule_of, settings_of
from sattrack.results import Part
from sattrack.run_parts import RunParts
from sattrack.steps.picking import counted_in
from sattrack.stores.locations import Location
from sattrack.writing import whole_file, write_whole

_log = logging.getLogger(__name__)
# What was made of a run's counts and stays beside others, with what makes it again.
ALERTS = "alerts.csv"
_LISTS = ((ALERTS, "sattrack alert"), ("flow.csv", "sattrack flow"))


def recount(
    folder: Path,
    *,
    sites: Path | None = None,
    no_sites: bool = False,
    threshold: float | None = None,
    min_observed: float | None = None,
    notes: Sequence[str] = (),
) -> Run:
    """Counts a run again from its parts, with other outlines or another threshold; writes counts.csv, scenes.csv, run.json.

    Without sites the outlines of the last count are kept; no_sites drops them, so that each scene is its own site. A page of
    other counts is removed. StoreError where another process writes into the folder: what is read here might be older than what
    that one has written meanwhile.
    """
    store = wiring.open_store(folder, create=False)
    with store.alone():
        return recount_held(store, sites=sites, no_sites=no_sites, threshold=threshold, min_observed=min_observed, notes=notes)


def recount_held(
    store: Store,
    *,
    sites: Path | None = None,
    no_sites: bool = False,
    threshold: float | None = None,
    min_observed: float | None = None,
    notes: Sequence[str] = (),
) -> Run:
    """The same, for whoever holds the folder already."""
    from sattrack.reports.listings import fill_counts, fill_scenes

    folder = store.root
    index = store.read_index()
    settings = settings_of(index, threshold=threshold, min_observed=min_observed)
    known = index.notes
    if sites is not None or no_sites:  # what was said of the old outlines is not of these
        index = replace(index, notes=tuple(note for note in known if note.startswith(STOPPED)))
    if sites is not None:
        outlines, said = read_outlines(sites)
        notes = [*notes, *(n for n in said if n not in notes)]
        index = replace(index, sites_file=sites.name)
    elif no_sites:
        outlines = ()
        index = replace(index, sites_file="")
    else:
        outlines = kept_sites(folder, index=index)
    rule = rule_of(index if threshold is None else replace(index, threshold=threshold), settings)
    parts = RunParts(store, index)
    counted = np.zeros(len(index.outcomes), np.int64)
    doubts: dict[int, str] = {}

    def marked() -> Iterator[dict[str, Part]]:
        """Each scene, once it is known how many of its boxes are counted, and what speaks against its pixel size."""
        for group in each_scene(parts):
            masks = counted_in(group, threshold=rule.threshold, sites=outlines, overlap=rule.merge_overlap)
            for name, part in group.items():
                number = parts.number(name)
                counted[number] = masks[name].sum()
                if doubt := doubt_of(part):
                    doubts[number] = f"{name}: {doubt}"
            yield group

    counts = counts_of(marked(), index.outcomes, sites=outlines, card=index.card, rule=rule)
    doubted = [doubt for _, doubt in sorted(doubts.items())]
    of_each = zip(index.outcomes, counted.tolist(), strict=True)
    index = replace(
        index, threshold=rule.threshold, settings=settings.model_dump(mode="json"),
        outcomes=Packed(one if one.counted == n else replace(one, counted=n) for one, n in of_each),
        notes=tuple(dict.fromkeys([*index.notes, *notes, *doubted])),
    )  # fmt: skip
    tables = folder / "counts.csv", folder / "scenes.csv"
    stale: list[str] = []
    # All of it takes its place once all is counted and written: a part that cannot be read, or a full disk, must not leave
    # outlines or a head of one count beside tables of another.
    with ExitStack() as drafts:
        new = [drafts.enter_context(whole_file(table, make_folder=False)) for table in tables]
        fill_counts(counts, new[0], locations=index.locations)
        fill_scenes(index, new[1])
        if sites is not None or no_sites:
            drafts.enter_context(whole_file(folder / SITES, make_folder=False)).write_bytes(as_kept(outlines))
        store.write_index(index)
        if [_digest(table) for table in tables] != [_digest(table) for table in new]:
            drop_page(folder)  # it would be taken for one of these counts
            lists = ((name, by) for name, by in _LISTS if (folder / name).is_file())
            stale = [f"{name} is of the counts before: {by} writes it again" for name, by in lists]
    return Run(folder, index, counts, outlines, (*notes, *(doubt for doubt in doubted if doubt not in known), *stale))


def renew_tables(folder: Path) -> None:
    """Counts a run again as it was last counted, and says it where its tables were of other counts: those of another version of
    sattrack, or of before the run was stopped. Not where another process is at work there, which will count.
    """
    tables = folder / "counts.csv", folder / "scenes.csv"
    store = wiring.open_store(folder, create=False)
    with ExitStack() as held:
        try:
            held.enter_context(store.alone())
        except StoreError:
            return
        before = [_digest(table) for table in tables]
        recount_held(store)
        if before != [_digest(table) for table in tables]:
            _log.warning("counts.csv and scenes.csv were of other counts than this page, and are written again")


def drop_page(folder: Path) -> None:
    """Removes a run's page, if it has one."""
    (folder / "report.html").unlink(missing_ok=True)


def _digest(path: Path) -> str:
    """Of a file's content; empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pull(at: Location, folder: Path) -> tuple[int, tuple[str, ...]]:
    """Copies a run from where it is kept and counts the copy; the number of its parts, and what is to be said of it.

    The counts and the page that lie there are an earlier run's where the last one was stopped, or is at work: such a page is
    left out. Errors: see stores.remote.pull, recount.
    """
    there = wiring.pull_run(at, folder)
    run = recount(folder)
    notes = [note for note in run.index.notes if note.startswith(STOPPED)]
    same = all(there.derived.get(name) == (folder / name).read_bytes() for name in ("counts.csv", "scenes.csv"))
    page = there.derived.get("report.html")
    if "counts.csv" not in there.derived:
        notes.append("the run was not counted there yet, and is counted here")
    elif not same:
        notes.append("counts.csv there is not of this run, which was stopped or is at work: it is counted here")
    if page is not None and same:
        write_whole(folder / "report.html", page)
    elif page is not None:
        notes.append("report.html there is not of this run and was left out: sattrack report writes it")
    return there.parts, tuple(notes)
