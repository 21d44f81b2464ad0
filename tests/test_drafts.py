import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from denoise import drafts
from denoise.drafts import write_file
from denoise.errors import ImageError

ROOT = Path(__file__).parent.parent
HALF = """
import os, signal, sys
from pathlib import Path
from denoise import drafts
drafts.Path.replace = lambda *_: {instead}
drafts.write_file(Path(sys.argv[1]), b"half")
"""


def write_elsewhere(file, instead):
    """Starts a process that writes half of a file, and gives it when it is so far."""
    command = [sys.executable, "-c", HALF.format(instead=instead), file]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe)
    process.stdout.readline()
    return process


@pytest.fixture
def killed(tmp_path):
    """Gives a file that a killed process was writing; its draft is there."""
    file = tmp_path / "a.png"
    write_elsewhere(file, "os.kill(os.getpid(), signal.SIGKILL)").communicate()
    return file


def names(file):
    return sorted(one.name for one in file.parent.iterdir())


def test_what_a_killed_process_left_is_gone_when_the_file_is_written(killed):
    assert len(names(killed)) == 1
    assert names(killed)[0].endswith(".part")
    write_file(killed, b"whole")
    assert names(killed) == ["a.png"]
    assert killed.read_bytes() == b"whole"


def test_two_processes_that_write_one_file_do_not_meet(tmp_path):
    file = tmp_path / "a.png"
    other = write_elsewhere(file, "(print(flush=True), input())")
    write_file(file, b"whole")
    assert file.read_bytes() == b"whole"
    assert len(names(file)) == 2
    other.communicate(b"\n")


def test_a_longer_draft_leaves_nothing_in_a_shorter_file(killed):
    draft = killed.parent / names(killed)[0]
    draft.write_bytes(bytes(1000))
    write_file(killed, b"short")
    assert killed.read_bytes() == b"short"


def test_a_link_in_the_place_of_the_draft_is_not_written_through(killed):
    draft, mine = killed.parent / names(killed)[0], killed.parent / "mine.txt"
    mine.write_text("mine")
    draft.unlink()
    draft.symlink_to(mine)
    write_file(killed, b"whole")
    assert (killed.read_bytes(), mine.read_text()) == (b"whole", "mine")


def test_a_disk_without_locks_will_do(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(drafts.fcntl, "flock", refuse)
    write_file(tmp_path / "a.png", b"whole")
    assert (tmp_path / "a.png").read_bytes() == b"whole"
    assert names(tmp_path / "a.png") == ["a.png"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(errno.ENOSPC, "full")])
def test_what_stops_the_writing_leaves_nothing(tmp_path, monkeypatch, stop):
    def fail(*_):
        raise stop

    monkeypatch.setattr(drafts.Path, "replace", fail)
    with pytest.raises((KeyboardInterrupt, ImageError)):
        write_file(tmp_path / "a.png", b"whole")
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_any_length_that_the_disk_takes_is_taken(tmp_path):
    file = tmp_path / f"{'a' * 251}.png"
    write_file(file, b"whole")
    assert file.read_bytes() == b"whole"
