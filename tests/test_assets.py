"""What must travel in the wheel: weights with their cards, samples and outlines, where an installed package looks for them."""

import tomllib
from pathlib import Path

import pytest

from sattrack.assets import asset_folder
from sattrack.wiring import DEFAULT_WEIGHTS

TOP = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def packed() -> dict[str, str]:
    """Path in the repository -> path in the wheel."""
    settings = tomllib.loads((TOP / "pyproject.toml").read_text())
    included: dict[str, str] = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    return included


@pytest.mark.parametrize("name", ["weights", "samples", "configs"])
def test_a_checkout_and_a_wheel_have_every_folder(packed: dict[str, str], name: str) -> None:
    assert asset_folder(name) == TOP / name
    assert any(to.startswith(f"sattrack/assets/{name}") for to in packed.values())


def test_the_wheel_names_files_that_are_there(packed: dict[str, str]) -> None:
    assert [path for path in packed if not (TOP / path).exists()] == []
    assert all(to == f"sattrack/assets/{path}" for path, to in packed.items())


def test_each_shipped_weight_file_travels_with_its_card_and_page(packed: dict[str, str]) -> None:
    shipped = sorted(path for kind in ("*.pt", "*.npz") for path in (TOP / "weights").glob(kind))
    assert (TOP / "weights" / f"{DEFAULT_WEIGHTS}.pt") in shipped
    for path in shipped:
        for suffix in (path.suffix, ".json", ".md"):
            assert f"weights/{path.stem}{suffix}" in packed
