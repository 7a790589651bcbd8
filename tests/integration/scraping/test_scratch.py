"""Temporary folders: gone when they were left, and gone with the next start when their process was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pricewatch.scraping import scratch as place
from pricewatch.scraping.scratch import scratch, sweep

HOLDER = """
import sys
from pricewatch.scraping.scratch import scratch

with scratch() as folder:
    (folder / "feed").write_bytes(b"x" * 1_000)
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(place.tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def holder():
    """A process that holds a folder, and that folder."""
    program = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert program.stdout
    yield program, Path(program.stdout.readline().strip())
    program.kill()
    program.communicate()


def test_a_folder_is_gone_when_it_is_left(temporary):
    """Whatever is in it."""
    with scratch() as folder:
        (folder / "feed").write_text("x")
        assert temporary in folder.parents
    assert not folder.exists()


def test_what_a_killed_process_left_is_removed_by_the_next(holder):
    """SIGKILL gives nobody time to tidy up."""
    program, folder = holder
    program.send_signal(signal.SIGKILL)
    program.wait()
    assert (folder / "feed").exists()
    with scratch() as other:
        assert not folder.exists()
        assert other.exists()


def test_what_belongs_to_a_living_process_stays(holder):
    """Two crawls at the same time do not take each other's files."""
    _, folder = holder
    sweep()
    with scratch():
        assert (folder / "feed").exists()


def test_a_place_that_is_not_ours_is_not_used(temporary):
    """A link that somebody laid in a folder of all users leads nowhere."""
    with scratch() as folder:
        home = folder.parent
    for each in home.iterdir():
        each.unlink()
    home.rmdir()
    (temporary / "elsewhere").mkdir()
    home.symlink_to(temporary / "elsewhere")
    with pytest.raises(PermissionError, match="not ours"), scratch():
        pass
    sweep()
    assert not any((temporary / "elsewhere").iterdir())
