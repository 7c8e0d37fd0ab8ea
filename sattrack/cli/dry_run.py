"""`detect --dry-run`: what a run would do, how long it would take and how much room, without doing it."""

import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sattrack.cli.voice import Voice, one_line
from sattrack.phrases import some

if TYPE_CHECKING:
    from sattrack.packed import Packed
    from sattrack.running import Planned, Request

# A full yard tile holds about 1,000 boxes; a box with its polygon takes 135 bytes on the disk, a scene without boxes 25 kB in
# its part and in run.json.
_BYTES_PER_TILE, _BYTES_PER_SCENE = 135_000, 25_000
_LARGEST_PAGE_BYTES = 25 << 20


def rehearse(request: "Request", *, voice: Voice, as_json: bool) -> None:
    """Says scenes, tiles, time and disk. The time comes from a batch of noise through the real model on its device."""
    from sattrack import running, wiring
    from sattrack.packed import Packed

    began_before = request.at is not None or (request.out / "run.json").is_file()
    store = wiring.open_store(request.out, create=bool(request.at), at=request.at) if began_before else None
    planned = running.plan(request, store=store)[0]
    ahead = Packed(one for one in planned if one.work and not one.stored)
    tiles = sum(len(one.work.cells) for one in ahead if one.work)
    seconds, device = seconds_per_tile(request) if tiles else (0.0, "")
    alone = ", in one process; workers were not tried" if request.settings.isolated else ""
    value = {
        "scenes": len(planned),
        "scenes_to_detect": len(ahead),
        "scenes_stored": sum(one.stored for one in planned),
        "scenes_not_counted": [_told(one) for one in planned if one.outcome],
        "tiles": tiles,
        "seconds_per_tile": round(seconds, 4),
        "seconds_per_tile_source": f"measured now on {device}{alone}" if tiles else "nothing to measure",
        "estimated_s": round(seconds * tiles, 1),
        "disk_bytes_at_most": tiles * _BYTES_PER_TILE + len(ahead) * _BYTES_PER_SCENE + _LARGEST_PAGE_BYTES,
        "disk_bytes_free": shutil.disk_usage(_nearest(request.out)).free,
    }
    if as_json:
        voice.json(value)
    else:
        voice.out("\n".join(_lines(value, ahead)))


def seconds_per_tile(request: "Request") -> tuple[float, str]:
    """Seconds a tile, and the device, from the second of two batches of noise: the first one pays for starting up."""
    import numpy as np

    from sattrack import wiring
    from sattrack.imagery import Batch, Tile, Window

    detector, _ = wiring.load_model(request.model, settings=request.settings)
    size = detector.tile_px
    pixels = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    tile = Tile(Window(0, 0, size, size), pixels, np.ones((size, size), bool))
    batch = Batch((tile,) * request.settings.batch)
    list(detector.detect([batch]))
    began = time.monotonic()
    list(detector.detect([batch]))
    return (time.monotonic() - began) / len(batch.tiles), detector.device


def _lines(value: dict[str, Any], ahead: "Packed[Planned]") -> list[str]:
    lines = [
        f"{one_line(one.name)}: {' x '.join(map(str, one.work.scene.grid.shape[::-1]))} px, {some(len(one.work.cells), 'tile')}"
        for one in ahead
        if one.work
    ]
    lines += [f"{one['part']}: {one['status']}: {one['reason']}" for one in value["scenes_not_counted"]]
    stored = f", {some(value['scenes_stored'], 'is', 'are')} in the run already" if value["scenes_stored"] else ""
    lines.append(f"scenes: {value['scenes']}, {value['scenes_to_detect']} to detect{stored}")
    lines.append(f"tiles:  {value['tiles']}")
    if value["tiles"]:
        lines.append(
            f"time:   about {duration(value['estimated_s'])}, at {value['seconds_per_tile']:.3g} s a tile "
            f"({value['seconds_per_tile_source']})"
        )
    else:
        lines.append("time:   nothing to detect; the counts are made from what is stored")
    megabytes = value["disk_bytes_at_most"] / 1e6
    lines.append(f"disk:   at most {megabytes:,.0f} MB with the page; {value['disk_bytes_free'] / 1e9:,.1f} GB are free")
    return lines


def duration(seconds: float) -> str:
    """As people say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _told(one: "Planned") -> dict[str, str]:
    assert one.outcome is not None
    return {"part": one_line(one.name), "status": one.outcome.status, "reason": one_line(one.outcome.reason)}


def _nearest(folder: Path) -> Path:
    """The folder itself, or the closest one above that is there."""
    folder = folder.resolve()
    return next(place for place in (folder, *folder.parents) if place.is_dir())
