"""Who may import whom, read with ast, imports inside functions included; and what only the command line may do."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent / "sattrack"

# The ground floor: each may import only what stands before it.
NOUNS = (
    "errors", "phrases", "geometry", "imagery", "projections", "detections", "covers", "changes", "timeline", "flows",
    "findings", "settings", "results", "assets", "writing", "packed",
)  # fmt: skip
# Modules of the upper floors, from below; each may import those before it, and what FLOOR says besides.
UPPER = (
    "looking", "pipeline", "covering", "cover_rows", "keeping", "wiring", "isolating", "planning", "coarse", "run_parts",
    "count_rows", "reopening", "recounting", "laying", "changing", "assessing",
    "following", "reporting", "backtesting", "running", "inspecting", "sighting", "evidence", "verifying", "face",
    "watching",
)  # fmt: skip
PLUGS = ("readers", "detectors", "stores", "reports", "executors")
WINGS = ("bench", "training", "synthetic")
HEAVY = ("torch", "ultralytics", "rasterio", "pyarrow", "matplotlib", "cv2", "scipy", "pandas", "torchvision")

# The body of a process of its own: a line of JSON on its standard output is how it answers the one that started it.
CHILD = "bench/alone.py"
# The body of a worker, which ends when the process that started it is gone.
WORKER = "executors/serving.py"

Edge = tuple[str, int, str]


def allowed(importer: str) -> set[str]:
    """The rooms that a module of a room (a file or folder under sattrack/) may import."""
    if importer in NOUNS:
        return set(NOUNS[: NOUNS.index(importer)])
    below = {*NOUNS, "ports"}
    if importer == "ports":
        return set(NOUNS)
    if importer == "steps":
        return {*NOUNS, "steps"}
    if importer in PLUGS:
        # Steps are pure functions on nouns; another plug is a stranger.
        return {*below, "steps", importer}
    if importer in ("looking", "pipeline"):
        return {*below, "steps", *UPPER[: UPPER.index(importer)]}
    if importer in UPPER:
        return {*below, "steps", *PLUGS, *UPPER[: UPPER.index(importer)]}
    if importer == "labels":
        return {*below, "readers", "labels"}
    if importer in WINGS:
        # What is drawn and what people labelled is scored and taught; the two that do so do not know each other.
        return {*below, "steps", *PLUGS, *UPPER, "labels", "synthetic", importer}
    if importer == "cli":
        return {*below, "steps", *PLUGS, *UPPER, "labels", *WINGS, "cli", ""}
    if importer == "":  # sattrack/__init__.py
        return {"errors", "face"}
    if importer == "__main__":
        return {"cli"}
    raise AssertionError(f"sattrack/{importer} has no place in the house yet: give it one here and in the README")


def modules(house: Path) -> Iterator[tuple[str, Path]]:
    """Each module with the room that it stands in."""
    for path in sorted(house.rglob("*.py")):
        first = path.relative_to(house).parts[0]
        if first != "assets":
            yield "" if first == "__init__.py" else first.removesuffix(".py"), path


def imported(path: Path, *, module_level: bool = False, members: bool = False) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of every import; relative ones are reported as `.`, which no room may use.

    members: of what is taken from a module, the module's name with each of theirs, since one may be a module itself.
    """
    tree = ast.parse(path.read_text())
    for node in tree.body if module_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield node.lineno, "." * node.level
            elif node.module == "sattrack" or (members and node.module):
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
            else:
                yield node.lineno, node.module or ""
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module") and node.args:
            text = node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield node.lineno, text.value


def broken(house: Path) -> list[Edge]:
    """Every import that breaks the picture."""
    found = []
    for room, path in modules(house):
        for line, name in imported(path):
            parts = name.split(".")
            if name.startswith("."):
                found.append((str(path.relative_to(house)), line, name))
            elif parts[0] == "sattrack":
                target = parts[1] if len(parts) > 1 else ""
                if target.startswith("__") or (
                    target and not (house / target).exists() and not (house / f"{target}.py").exists()
                ):
                    target = ""
                if target not in allowed(room):
                    found.append((str(path.relative_to(house)), line, name))
    return found


def test_no_module_imports_what_stands_above_or_beside_it() -> None:
    assert broken(HOUSE) == []


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("geometry.py", "import sattrack.imagery"),
        ("steps/merging.py", "def f():\n    from sattrack.readers import rasters"),
        ("steps/merging.py", "from sattrack.settings import Settings\nfrom sattrack import pipeline"),
        ("readers/rasters.py", "if True:\n    from sattrack.stores.folder import RunFolder"),
        ("pipeline.py", "from sattrack.readers.rasters import RasterReader"),
        ("wiring.py", "from sattrack.running import detect"),
        ("running.py", "import importlib\nimportlib.import_module('sattrack.training.fitting')"),
        ("detectors/yolo.py", "from . import cards"),
        ("reports/page.py", "from sattrack.cli.app import main"),
        ("training/pictures.py", "from sattrack.bench.datasets import read_dataset"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, file: str, line: str) -> None:
    for name in (*NOUNS, *UPPER, "ports"):
        (tmp_path / f"{name}.py").write_text("")
    for name in ("steps", *PLUGS, *WINGS, "cli"):
        (tmp_path / name).mkdir()
    (tmp_path / file).write_text("")
    assert broken(tmp_path) == []
    (tmp_path / file).write_text(line)
    assert len(broken(tmp_path)) == 1


def ring(house: Path) -> list[str]:
    """The files of one circle of imports, those inside functions included; empty where there is none."""
    names = {path: ".".join(("sattrack", *path.relative_to(house).with_suffix("").parts)) for _, path in modules(house)}
    known = set(names.values())
    needs = {
        name: {
            next((n for n in (said, said.rpartition(".")[0]) if n in known and n != name), "")
            for _, said in imported(path, members=True)
        }
        for path, name in names.items()
    }
    try:
        list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        return list(error.args[1])
    return []


def test_no_file_imports_another_in_a_ring() -> None:
    assert ring(HOUSE) == []


@pytest.mark.parametrize("line", ["from sattrack.steps import one", "from sattrack.steps.one import first"])
def test_a_ring_through_a_function_is_found(tmp_path: Path, line: str) -> None:
    (tmp_path / "steps").mkdir()
    (tmp_path / "steps" / "one.py").write_text("from sattrack.steps.two import second")
    (tmp_path / "steps" / "two.py").write_text("second = 2")
    assert ring(tmp_path) == []
    (tmp_path / "steps" / "two.py").write_text(f"def f():\n    {line}")
    assert set(ring(tmp_path)) == {"sattrack.steps.one", "sattrack.steps.two"}


def test_every_room_has_its_place() -> None:
    def placed(room: str) -> bool:
        try:
            return bool(allowed(room)) or room == NOUNS[0]
        except AssertionError:
            return False

    assert [room for room, _ in modules(HOUSE) if not placed(room)] == []
    assert not placed("attic")


def test_the_map_in_the_readme_shows_every_room() -> None:
    house_map = (HOUSE.parent / "README.md").read_text().split("## Map of the house")[1].split("\n## ")[0]
    rooms = {room for room, _ in modules(HOUSE) if room.strip("_") not in ("", "main")}
    assert [room for room in sorted(rooms) if f"{room}.py" not in house_map and f"{room}/" not in house_map] == []


def forbidden_calls(path: Path) -> list[tuple[str, int, str]]:
    """Printing, leaving, and setting up logging."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in ("print", "exit", "quit", "sys.exit", "os._exit", "logging.basicConfig", "input", "breakpoint"):
                found.append((path.name, node.lineno, name))
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in ("sys.stdout", "sys.stderr"):
            found.append((path.name, node.lineno, ast.unparse(node)))
        elif isinstance(node, ast.Raise) and node.exc is not None and "SystemExit" in ast.unparse(node.exc):
            found.append((path.name, node.lineno, "SystemExit"))
    return found


def test_only_the_command_line_prints_and_exits() -> None:
    talkers = [
        path for room, path in modules(HOUSE) if room not in ("cli", "__main__") and path not in (HOUSE / CHILD, HOUSE / WORKER)
    ]
    assert [call for path in talkers for call in forbidden_calls(path)] == []


def test_printing_in_a_step_is_found(tmp_path: Path) -> None:
    planted = tmp_path / "x.py"
    planted.write_text("import sys\ndef f():\n    print(1)\n    sys.exit(2)\n    raise SystemExit(3)\n    sys.stderr.flush()\n")
    assert len(forbidden_calls(planted)) == 4


def caught(path: Path) -> list[tuple[str, int]]:
    handlers = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ExceptHandler)]
    bare = [h for h in handlers if h.type is None or ast.unparse(h.type) in ("Exception", "BaseException")]
    return [(path.name, h.lineno) for h in bare if not isinstance(h.body[-1], ast.Raise)]


def test_no_error_is_swallowed_unnamed() -> None:
    assert [place for _, path in modules(HOUSE) for place in caught(path)] == []


def test_no_file_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "util", "helpers", "common", "misc", "manager", "base", "core", "tools"}
    assert [path.name for _, path in modules(HOUSE) if path.stem in drawers] == []


@pytest.mark.parametrize("module", ["sattrack", "sattrack.cli.app", "sattrack.settings", "sattrack.results"])
def test_l_nothing_heavy_is_imported_with(module: str) -> None:
    code = f"import {module}, sys; print(*sorted(m for m in sys.modules if m in {HEAVY!r}))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.split() == []


def test_importing_the_house_sets_nothing_up() -> None:
    code = (
        "import logging, os, sys; before = dict(os.environ); import sattrack, sattrack.cli.app;"
        "assert dict(os.environ) == before; assert not logging.getLogger().handlers"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
