"""Fetched items: the chosen pictures of items in a folder, with a list of them that needs no network."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from sattrack.errors import RemoteBusy, SceneError, SceneRefused
from sattrack.imagery import is_remote
from sattrack.readers.catalogues.choosing_assets import choose
from sattrack.readers.catalogues.downloading import download, fetched_before
from sattrack.readers.catalogues.item_files import ITEMS, coarse, file_name
from sattrack.readers.catalogues.item_filters import Wanted
from sattrack.readers.catalogues.item_lists import write_items
from sattrack.readers.catalogues.item_places import place_of
from sattrack.readers.catalogues.items import Asset, Item
from sattrack.readers.catalogues.signing import sign
from sattrack.readers.sidecars import is_mask_name
from sattrack.settings import Settings


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched: the list, how many pictures, bytes that came over the network, and what failed or was refused."""

    items: Path
    fetched: int
    received: int
    faults: tuple[str, ...]


def fetch_pictures(
    found: Sequence[Wanted], folder: Path, *, asked: Mapping[str, Any], collections: Mapping[str, Mapping[str, Any]],
    limits: Settings, told: Callable[[str], None] = lambda _line: None,
) -> Fetched:  # fmt: skip
    """Fetches the chosen picture and mask of each item that can be counted. One that fails costs itself alone; a second call
    goes on where the first ended. asked, collections: see write_items. For whoever holds the folder: what two would add to one
    file is no picture. StoreError where it cannot be written.
    """
    received = 0
    kept: list[Wanted] = []
    faults: list[str] = []
    names: set[str] = set()

    def came(count: int) -> None:
        nonlocal received
        received += count

    for one in found:
        most = max(0, limits.download_bytes - received)
        try:
            files, size, busy = _fetched(one.item, folder, names, most=most, limits=limits, came=came)
        except (SceneError, SceneRefused) as error:
            faults.append(f"{one.item.id}: {error.message}" + (f" ({error.way_out})" if error.way_out else ""))
            continue
        faults += [f"{one.item.id}: {error.message}: what was fetched before is kept ({error.way_out})" for error in busy]
        kept.append(replace(one, item=_moved(one.item, files)))
        told(f"{next(iter(files.values()))}: {size / 1e6:,.1f} MB")
    write_items(folder / ITEMS, kept, asked=asked, collections=collections)
    return Fetched(folder / ITEMS, len(kept), received, tuple(faults))


def _fetched(
    item: Item, folder: Path, names: set[str], *, most: int, limits: Settings, came: Callable[[int], None]
) -> tuple[dict[str, str], int, list[RemoteBusy]]:
    """Asset -> name of its file, the bytes of all, and why some that were fetched before could not be asked for. most: that may
    come. names: of all files, to which its are added.
    """
    choice = choose(item)
    if refused := coarse(choice, item):
        raise refused
    assets = [asset for asset in (choice.asset, choice.mask) if asset is not None]
    to_names = _unlike(file_name(item.id), [_ending(asset, choice.mask) for asset in assets], names)
    files, size, received = {}, 0, 0
    busy: list[RemoteBusy] = []

    def counted(count: int) -> None:
        nonlocal received
        received += count
        came(count)

    for asset, to in zip(assets, to_names, strict=True):
        place = place_of(asset.href, item, allow_remote=True, allow_hosts=limits.allow_hosts)
        if not is_remote(place):
            raise SceneRefused("its picture lies on this machine already", where=place, way_out="detect reads it where it is")
        try:
            sign(place, item, limits=limits)
            size += download(place, folder / to, sha256=asset.sha256, most=max(0, most - received), limits=limits, told=counted)
        except RemoteBusy as error:
            before = fetched_before(folder / to, place=place)
            if before is None:
                raise
            size += before
            busy.append(error)
        files[asset.key] = to
    return files, size, busy


def _ending(asset: Asset, mask: Asset | None) -> str:
    """A suffix, and of a mask what tells how it is to be understood."""
    path = PurePosixPath(asset.href.partition("?")[0])
    suffix = path.suffix.casefold() if path.suffix.casefold() in (".tif", ".tiff", ".jp2", ".j2k") else ".tif"
    return f"_{asset.key.replace('-', '_').removeprefix('ortho_')}{suffix}" if asset is mask else suffix


def _moved(item: Item, files: Mapping[str, str]) -> Item:
    """The item with the fetched assets only, at their new places."""
    assets = {key: {**item.raw["assets"][key], "href": name} for key, name in files.items()}
    return replace(item, base="", raw={**item.raw, "assets": assets})


def _unlike(name: str, endings: Sequence[str], names: set[str]) -> list[str]:
    """Names for an item's picture and mask that no other file of the folder has; no picture's is that of another one's mask."""
    name = f"{name}-picture" if is_mask_name(name) else name
    number, chosen = 2, name
    while any(f"{chosen}{ending}".casefold() in names for ending in endings):
        chosen, number = f"{name}-{number}", number + 1
    found = [f"{chosen}{ending}" for ending in endings]
    names.update(one.casefold() for one in found)
    return found
