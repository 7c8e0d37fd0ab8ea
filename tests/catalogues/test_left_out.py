"""What of an input is not looked at is said, by a process of its own: a test's own handlers would hear it anyway."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import write_scene
from tests.faults.test_items import item, write_items


def said_by(*words: object) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "sattrack", *map(str, words)], capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", ["detect", "cover"])
def test_items_and_previews_that_are_passed_over_are_said_unless_quiet(command: str, tmp_path: Path) -> None:
    found = write_items(tmp_path / "items.json", item("yard", "yard.tif", bbox=[10, 10, 11, 11], geometry=None))
    (tmp_path / "site.geojson").write_text(
        '{"type": "Feature", "properties": {"site_id": "a"}, "geometry": {"type": "Polygon", '
        '"coordinates": [[[129, 35], [129.1, 35], [129.1, 35.1], [129, 35]]]}}'
    )
    words = (command, found, "--sites", tmp_path / "site.geojson", "-o", tmp_path / "run")
    code, err = said_by(*words)
    assert code == 2
    assert "items.json: 1 of 1 item left out: 1 at no site" in err
    assert "left out" not in said_by(*words, "-q")[1]
    (tmp_path / "in").mkdir()
    write_scene(tmp_path / "in" / "a-BROWSE.tif", boxes=1)
    code, err = said_by(command, tmp_path / "in", "-o", tmp_path / "run")
    assert code == 2
    assert "those of previews: a-BROWSE.tif" in err
