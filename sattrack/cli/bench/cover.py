"""`sattrack bench cover`: how far off covered area is where pixels are too coarse for boxes, and how often intervals hold."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from sattrack.cli import options as o
from sattrack.cli.bench import options as b
from sattrack.cli.voice import Voice
from sattrack.phrases import some

# Pictures of the empty folders are taken as of this size; what is not known cannot be better.
_EMPTY_GSD_M = 0.4


def cover(
    data: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The folder of labelled sets.")] = None,
    fold: Annotated[
        list[Path] | None,
        typer.Option(metavar="WEIGHTS", help="A .npz trained the same way without some sets; may be repeated."),
    ] = None,
    empty: Annotated[
        list[Path] | None,
        typer.Option(metavar="FOLDER", help="Pictures without containers: every third is read; may be repeated."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The .npz for use, for empty and rendered pictures. Default: the shipped one."),
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A picture that holds containers after all; may be repeated.")
    ] = None,
    gsd_m: Annotated[float, typer.Option(min=0.01, metavar="M", help="Pixel size of the empty pictures.")] = _EMPTY_GSD_M,
    count: b.Count = 40,
    pairs: Annotated[int, typer.Option(min=1, help="Rendered places, each twice at 10 m, without --data.")] = 40,
    first_seed: b.FirstSeed = None,
    write: Annotated[bool, typer.Option("--write", help="Write the card and its page beside --weights.")] = False,
    markdown: b.AsMarkdown = False,
    as_json: o.AsJson = False,
    quiet: o.Quiet = False,
) -> None:
    """With --data: labelled pictures made coarse, 1.25 to 4.7 m, sharp and soft, in colour and gray, each read by weights that
    never saw it. Intervals are judged by bands of the other folds; rendered and empty pictures are read by the weights for use.

    Without: whether boxes that come and go change a rendered site of 10 m by more than noise.
    """
    from sattrack.bench import cover as measuring
    from sattrack.bench import cover_bands as bands
    from sattrack.bench import cover_presence as presence
    from sattrack.bench import cover_tables as tables
    from sattrack.bench.cover_scenes import empty_pictures, rendered_pictures
    from sattrack.detectors.cover import write_cover_card
    from sattrack.errors import UsageError
    from sattrack.labels.places import pictures_in
    from sattrack.training.recipes import spared
    from sattrack.wiring import make_area_reader
    from sattrack.writing import write_whole

    voice = Voice(quiet=quiet)
    if data is None:
        found = presence.pairs(pairs, first_seed=presence.FIRST_SEED if first_seed is None else first_seed)
        if as_json:
            voice.json(tables.presence_values(found))
        else:
            b.print_table(tables.presence_table(found), voice=voice, markdown=markdown)
        return
    if not fold or not empty:
        raise UsageError("intervals need weights of folds and pictures without containers", way_out="give --fold and --empty")
    own = str(weights or "")
    card, _ = make_area_reader(own)
    folds = measuring.fold_sets(fold)
    kept, met = [], set[str]()
    for folder in empty:
        there = sorted(pictures_in(folder, deep=True))
        if not there:
            raise UsageError("no pictures to look at", where=str(folder))
        met.update(path.stem for path in there)
        names = {*spared([path.stem for path in there])}.difference(skip or ())
        kept += [(folder.name, path) for path in there if path.stem in names]
    if unknown := sorted(set(skip or ()) - met):
        raise UsageError(f"no pictures {', '.join(unknown)} to skip", way_out="give names without suffix")
    records = measuring.records_of_sets(data, folds=folds, heard=voice.say)
    bare = measuring.records_of(empty_pictures(kept, gsd_m=gsd_m), weights=own)
    voice.say(f"{some(len(kept), 'picture')} without containers")
    seed = measuring.FIRST_SEED if first_seed is None else first_seed
    rendered = measuring.records_of(rendered_pictures(count, first_seed=seed), weights=own)
    footprints = measuring.footprints_of(data)
    card = replace(card, bands=bands.measured_bands(records, empty=bare), footprint_m2=bands.footprint_range(footprints))
    judged = bands.held_by_folds(records, empty=bare, folds={str(k): v for k, v in folds.items()}, card=card)
    drawn = bands.judged_by(rendered, card=card)
    shown = {
        "Bands, from which intervals are made": tables.band_table(card),
        "On places not seen, by pixel size and amount of cover": tables.held_table(bands.by_band(judged)),
        "On places not seen, by set": tables.held_table(bands.by_place(judged)),
        "Rendered yards kept out of training": tables.held_table(bands.by_band(drawn)),
        "Cover read where none is": tables.empty_table(bare),
        "What one box covers": tables.footprint_table(footprints),
    }
    figures = tuple(bands.held_row(one) for one in bands.by_band(judged))
    card = replace(card, figures=figures)
    if as_json:
        places = [bands.held_row(one) for one in bands.by_place(judged)]
        drawn_rows = [bands.held_row(one) for one in bands.by_band(drawn)]
        voice.json(
            {"model": card.id, "bands": list(card.bands), "held": list(figures), "by_set": places, "rendered": drawn_rows}
        )
    else:
        for title, table in shown.items():
            voice.out(f"\n{title}\n")
            b.print_table(table, voice=voice, markdown=markdown)
    if write:
        from sattrack.assets import asset_folder

        file = weights or asset_folder("weights") / "cover.npz"
        write_cover_card(card, file.with_suffix(".json"))
        page = {title: shown[title] for title in [*shown][:2]}
        write_whole(file.with_suffix(".md"), tables.card_page(card, tables=page).encode())
