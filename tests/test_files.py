import errno
import subprocess
import sys

import pytest
from places import ROOT

from denoise import files
from denoise.errors import ImageError
from denoise.files import write_atomically

HALF = """
import os, signal, sys
from pathlib import Path
from denoise import files
files.Path.replace = lambda *_: {instead}
files.write_atomically(Path(sys.argv[1]), b"half")
"""


def write_elsewhere(file, instead):
    """Starts a process that writes half of a file, and gives it when it is so far."""
    command = [sys.executable, "-c", HALF.format(instead=instead), file]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe)
    process.stdout.readline()
    return process


def names(file):
    return sorted(one.name for one in file.parent.iterdir())


def test_two_processes_that_write_one_file_do_not_meet(tmp_path):
    file = tmp_path / "a.png"
    other = write_elsewhere(file, "(print(flush=True), input())")
    write_atomically(file, b"whole")
    assert file.read_bytes() == b"whole"
    assert len(names(file)) == 2
    other.communicate(b"\n")


def test_a_link_in_the_place_of_the_file_is_replaced(tmp_path):
    mine, file = tmp_path / "mine.txt", tmp_path / "a.png"
    mine.write_text("mine")
    file.symlink_to(mine)
    write_atomically(file, b"whole")
    assert (file.read_bytes(), mine.read_text()) == (b"whole", "mine")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(errno.ENOSPC, "full")])
def test_what_stops_the_writing_leaves_nothing(tmp_path, monkeypatch, stop):
    def fail(*_):
        raise stop

    monkeypatch.setattr(files.Path, "replace", fail)
    with pytest.raises((KeyboardInterrupt, ImageError)):
        write_atomically(tmp_path / "a.png", b"whole")
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_any_length_that_the_disk_takes_is_taken(tmp_path):
    file = tmp_path / f"{'a' * 251}.png"
    write_atomically(file, b"whole")
    assert file.read_bytes() == b"whole"
