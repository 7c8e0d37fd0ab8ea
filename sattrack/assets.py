"""Where the shipped weights, samples and outlines are: inside an installed package, or at the top of a checkout."""

from pathlib import Path

from sattrack.errors import SattrackError


def asset_folder(name: str) -> Path:
    """The folder `weights`, `samples` or `configs`."""
    here = Path(__file__).resolve().parent
    for place in (here / "assets" / name, here.parent / name):
        if place.is_dir():
            return place
    raise SattrackError(f"the shipped folder {name!r} is missing", where=str(here), way_out="install sattrack again")
