"""Band names: what the bands that are fed are called, by the file itself or by its name."""

import re
from contextlib import closing

from sattrack.imagery import Scene
from sattrack.readers.deliveries.names import band_named
from sattrack.readers.finding import stem_of
from sattrack.readers.opening import gdal_options, open_raster
from sattrack.settings import Settings

# What writers of files put where they know no name.
_NO_NAME = re.compile(r"(?:band|layer|channel)?[ _-]?[0-9]*")


def band_names(scene: Scene, *, limits: Settings) -> tuple[str, ...]:
    """One name for each band that is fed, casefolded, by the file's descriptions; of a single band else by its file's name.

    Empty where neither tells. Raises SceneError.
    """
    with gdal_options(limits), closing(open_raster(scene.location, limits=limits)) as raster:
        said = [(raster.descriptions[band - 1] or "").strip().casefold() for band in scene.bands]
    # `B4, central wavelength 665 nm` is what another program calls b04.
    names = tuple(band_named(one).casefold() or one for one in said)
    if not any(_NO_NAME.fullmatch(one) for one in names):
        return names
    name = band_named(stem_of(scene.location)).casefold() if len(scene.bands) == 1 else ""
    return (name,) if name else ()
