"""requirements.lock: what `make` installs, each archive by its hash; `make lock` writes it from pyproject and constraints."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

TOP = Path(__file__).parent.parent
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_COMPROMISED = ("8.3.41", "8.3.42", "8.3.45", "8.3.46")


def locked() -> dict[str, tuple[Requirement, list[str]]]:
    """Name -> its pin and the hashes of its archives."""
    text = "\n".join(line for line in (TOP / "requirements.lock").read_text().splitlines() if not line.lstrip().startswith("#"))
    found: dict[str, tuple[Requirement, list[str]]] = {}
    for entry in text.replace("\\\n", " ").splitlines():
        pin, *hashes = entry.split(" --hash=")
        one = Requirement(pin)
        assert canonicalize_name(one.name) not in found
        found[canonicalize_name(one.name)] = (one, ["--hash=" + each.strip() for each in hashes])
    return found


def version_of(pin: Requirement) -> Version:
    (only,) = pin.specifier
    assert only.operator == "=="
    return Version(only.version)


def asked(extra: str = "dev") -> list[Requirement]:
    """What sattrack needs with an extra, those that the extra names of sattrack's own followed."""
    found, waiting, known = [Requirement(each) for each in PROJECT["dependencies"]], [extra], set()
    while waiting:
        if (name := waiting.pop()) in known:
            continue
        known.add(name)
        for each in map(Requirement, PROJECT["optional-dependencies"][name]):
            if each.name == "sattrack":
                waiting += each.extras
            else:
                found.append(each)
    return found


def test_L3_every_archive_that_make_installs_is_pinned_by_hash() -> None:
    for name, (pin, hashes) in locked().items():
        assert version_of(pin), name
        assert hashes, name
        assert all(_HASH.fullmatch(each) for each in hashes), name
    makefile = (TOP / "Makefile").read_text()
    assert "--require-hashes -r requirements.lock" in makefile
    assert "--no-deps --no-build-isolation -e ." in makefile


def test_L3_the_lock_holds_archives_of_other_platforms_too() -> None:
    """numpy has wheels for every platform and Python: with fewer hashes the lock would be this machine's alone."""
    for name in ("numpy", "rasterio", "torch", "pyarrow", "shapely"):
        assert len(locked()[name][1]) > 10, name
    assert "win32" in str(locked()["colorama"][0].marker)


def test_L3_the_lock_meets_what_the_project_asks_for() -> None:
    pins = locked()
    build = [Requirement(each) for each in tomllib.loads((TOP / "pyproject.toml").read_text())["build-system"]["requires"]]
    for one in [*asked(), *build]:
        pin, _ = pins[canonicalize_name(one.name)]
        assert one.specifier.contains(version_of(pin), prereleases=True), f"{one} is locked as {pin}: make lock"


def test_L3_the_lock_and_the_constraints_say_the_same_versions() -> None:
    pins = locked()
    constrained = [Requirement(line) for line in (TOP / "constraints.txt").read_text().split()]
    other = {
        str(one): str(pins[name][0])
        for one in constrained
        if (name := canonicalize_name(one.name)) in pins and version_of(pins[name][0]) != version_of(one)
    }
    assert not other, "make lock"


@pytest.mark.parametrize("release", _COMPROMISED)
def test_L3_a_compromised_release_can_neither_be_locked_nor_asked_for(release: str) -> None:
    (asked_for,) = (one for one in asked() if one.name == "ultralytics")
    assert not asked_for.specifier.contains(release)
    assert version_of(locked()["ultralytics"][0]) != Version(release)
