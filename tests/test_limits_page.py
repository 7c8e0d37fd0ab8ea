"""docs/limits.md against the settings, the options and the constants that it tells."""

import re
from pathlib import Path

import pytest

from sattrack.cli.app import load_command
from sattrack.settings import Settings

PAGE = (Path(__file__).parent.parent / "docs" / "limits.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("| ")]


@pytest.mark.parametrize(
    ("default", "setting"), [(row[1], row[2].strip("`")) for row in ROWS if len(row) == 5 and "`" in row[2]]
)
def test_a_limits_default_is_that_of_the_settings(default: str, setting: str) -> None:
    told = default.split(" ")[0].strip("`").replace(",", "")
    held = getattr(Settings(), setting)
    assert told == (held if isinstance(held, str) else f"{held:g}" if isinstance(held, float) else str(held))


def test_every_option_that_is_named_is_one_of_detect() -> None:
    detect = load_command("detect", module="sattrack.cli.detect", caption="")
    there = {option for parameter in detect.params for option in parameter.opts}
    assert set(re.findall(r"`(--[a-z-]+)", PAGE)) - {"--template"} <= there


def test_every_limit_of_the_settings_is_named() -> None:
    for name in ("max_pixels", "max_block_bytes", "max_bands", "scene_seconds", "tile_cap", "on_bad_tile", "gdal_cache_bytes"):
        assert f"`{name}`" in PAGE
