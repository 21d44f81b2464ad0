"""How much memory there is, and who has to wait for it."""

import threading

import pytest

from denoise.ui.server import memory
from denoise.ui.server.memory import BASE_BYTES, LEAST_PIXELS, PIXEL_BYTES, Memory, most_pixels

SIZE = BASE_BYTES + 3_000_000 * PIXEL_BYTES  # for 3 Mpixel


def test_the_largest_picture_follows_from_the_memory():
    assert most_pixels(SIZE) == 3_000_000
    assert most_pixels(1) == LEAST_PIXELS
    assert most_pixels(None) is None


@pytest.mark.parametrize(("limit", "expected"), [("max", 2048), ("1500", 500), (None, 2048)])
def test_what_is_available_is_read_from_the_system(tmp_path, monkeypatch, limit, expected):
    (tmp_path / "meminfo").write_text("MemTotal: 8 kB\nMemAvailable:   2 kB\n")
    if limit is not None:
        (tmp_path / "memory.max").write_text(limit)
        (tmp_path / "memory.current").write_text("1000")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.available_bytes() == expected


def test_where_the_system_does_not_say_there_is_no_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.available_bytes() is None


def test_pictures_that_do_not_fit_together_wait_for_each_other():
    shared, is_in = Memory(SIZE), threading.Event()

    def work():
        with shared.hold(2_000_000):
            is_in.set()

    with shared.hold(1_000_000), shared.hold(1_000_000):
        thread = threading.Thread(target=work)
        thread.start()
        assert not is_in.wait(0.2)
    assert is_in.wait(20)
    thread.join()


def test_one_picture_alone_never_waits():
    with Memory(SIZE).hold(9_000_000):
        pass


def test_without_a_limit_nobody_waits():
    shared = Memory(None)
    with shared.hold(10**9), shared.hold(10**9):
        pass
