"""A file is written whole or not at all, and only ever in place of a file."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sattrack import writing
from sattrack.errors import StoreError
from sattrack.writing import private_folder, whole_file, write_whole


def test_S2_what_fails_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    to = tmp_path / "boxes.csv"
    to.write_text("old")
    with pytest.raises(UnicodeEncodeError), whole_file(to) as draft:
        draft.write_text("half", encoding="ascii") and draft.write_text("\N{DEGREE SIGN}", encoding="ascii")
    assert to.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["boxes.csv"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_O10_a_pipe_or_a_device_is_refused_and_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StoreError, match="device or a pipe"), whole_file(tmp_path / "pipe"):
        pass
    assert (tmp_path / "pipe").is_fifo()


def test_O10_a_link_stays_a_link(tmp_path):
    (tmp_path / "there.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to(tmp_path / "there.csv")
    with whole_file(tmp_path / "link.csv") as draft:
        draft.write_text("new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "there.csv").read_text() == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="who may read is said otherwise there")
def test_what_is_written_is_for_whom_the_user_lets_read_it(tmp_path):
    before = os.umask(0o077)
    try:
        for umask, mode in ((0o077, 0o600), (0o022, 0o644), (0o002, 0o664)):
            os.umask(umask)
            write_whole(tmp_path / f"{umask:o}", b"new")
            assert (tmp_path / f"{umask:o}").stat().st_mode & 0o777 == mode
        os.umask(0o022)
        write_whole(tmp_path / "77", b"again")
        assert (tmp_path / "77").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_s4_a_private_folder_goes_with_its_block_and_what_killed_processes_left_goes_too(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from sattrack.writing import private_folder\n"
        "with private_folder('run', within=Path(sys.argv[1])) as folder:\n"
        "    (folder / 'part').write_text('x'); print(folder, flush=True); os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    left = Path(done.stdout.strip())
    assert (left / "part").is_file()
    os.utime(left, (time.time() - 600,) * 2)
    with private_folder("run", within=tmp_path) as first:
        assert not left.exists()
        assert first.stat().st_mode & 0o077 == 0
        with private_folder("run", within=tmp_path) as second:
            assert first.is_dir()
            assert second != first
    assert list(tmp_path.iterdir()) == []


def test_s4_a_folder_that_is_just_being_made_is_not_swept(tmp_path: Path) -> None:
    """Its maker has not come to hold it yet."""
    made = tmp_path / "sattrack-run-another"
    made.mkdir()
    (made / ".held").touch()
    with private_folder("run", within=tmp_path):
        assert made.is_dir()
    os.utime(made, (time.time() - 600,) * 2)
    with private_folder("run", within=tmp_path):
        assert not made.exists()


def test_s4_a_folder_is_held_by_whoever_sweeps_it_until_it_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    left = tmp_path / "sattrack-run-another"
    left.mkdir()
    (left / ".held").touch()
    os.utime(left, (time.time() - 600,) * 2)
    rmtree, held = shutil.rmtree, []

    def removed(folder: Path, **words: bool) -> None:
        if folder == left and left.is_dir():
            try:
                os.close(writing._held(left))
            except OSError:
                held.append(left)
        rmtree(folder, **words)

    monkeypatch.setattr(writing.shutil, "rmtree", removed)
    with private_folder("run", within=tmp_path):
        assert held == [left]
        assert not left.exists()
