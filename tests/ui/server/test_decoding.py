"""Decoding in processes of their own: limits, and nobody waits for another's file."""

import gc
import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from asides import aside
from bombs import make_commented_gif, make_slow_bmp
from conftest import running_server
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from picture_files import SRGB, chunk, draw, make_exif, write, write_png
from places import TESTS

from denoise.errors import CancelledError, ImageError
from denoise.images.picture import Picture
from denoise.images.reading import load_picture
from denoise.images.writing import encode_picture
from denoise.ui.page import build_page
from denoise.ui.server.decoding import Decoders
from denoise.ui.server.limits import Limits
from denoise.ui.server.service import Service
from denoise.ui.server.turns import Turns
from denoise.ui.widgets.parts import PictureInput

linux = pytest.mark.skipif(sys.platform != "linux", reason="it needs Linux: /proc, and limits")


@pytest.fixture
def decoders():
    own = Decoders(Limits(decode_s=1))
    yield own
    own.close()


@pytest.fixture
def service(tmp_path):
    own = Service(folder=tmp_path / "served")
    yield own
    own.close()


@pytest.fixture
def small(tmp_path):
    return save(tmp_path / "small.png", write(draw(4, 5, 3), "PNG"))


@pytest.fixture
def slow(tmp_path):
    return save(tmp_path / "slow.bmp", make_slow_bmp())


def save(file, content):
    file.write_bytes(content)
    return file


def processes_of(decoders):
    return [decoder._process for decoder in decoders._all]


def refusal(decoders, file):
    with pytest.raises(ImageError) as caught:
        decoders.decode(file)
    return str(caught.value)


def in_background(work, *arguments):
    """Starts work in a thread, and gives the thread and the list that its error goes to."""
    errors = []

    def run():
        try:
            work(*arguments)
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def wait_until(is_true):
    deadline = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_picture_comes_as_it_was_read(decoders, tmp_path):
    deep = Picture(
        draw(700, 900, 3, dtype=np.uint16),
        draw(700, 900, dtype=np.uint16),
        icc_profile=SRGB,
        exif=make_exif(),
        resolution=(300.0, 300.0),
    )
    file = save(tmp_path / "deep.png", encode_picture(deep))
    found, expected = decoders.decode(file), load_picture(file)
    assert np.array_equal(found.pixels, expected.pixels)
    assert np.array_equal(found.alpha, expected.alpha)
    for name in ("format", "icc_profile", "exif", "warnings", "resolution"):
        assert getattr(found, name) == getattr(expected, name)
    found.pixels[0, 0] = 1


def test_what_other_libraries_decode_is_decoded_there_too(decoders):
    file = TESTS / "images" / "phone.heic"
    assert np.array_equal(decoders.decode(file).pixels, load_picture(file).pixels)


@pytest.mark.parametrize("content", [b"hello", make_commented_gif(2_000_000), b""])
def test_what_is_refused_is_refused_in_the_same_words(decoders, content, tmp_path):
    file = save(tmp_path / "file.png", content)
    with pytest.raises(ImageError) as caught:
        load_picture(file)
    assert refusal(decoders, file) == str(caught.value)


def test_a_process_serves_one_file_after_another(decoders, small, tmp_path):
    decoders.decode(small)
    first = processes_of(decoders)
    refusal(decoders, tmp_path / "missing.png")
    decoders.decode(small)
    assert processes_of(decoders) == first


def test_warm_processes_are_there_before_the_first_file(decoders):
    decoders.warm()
    assert len(processes_of(decoders)) == 2


def test_a_file_that_takes_too_long_is_given_up_and_the_process_replaced(decoders, slow, small):
    decoders.decode(small)
    (before,) = processes_of(decoders)
    assert refusal(decoders, slow) == (
        "slow.bmp takes more than 1 s to decode; save it anew as PNG."
    )
    (after,) = processes_of(decoders)
    assert after is not before
    assert decoders.decode(small).pixels.shape == (4, 5, 3)


def test_without_a_limit_of_the_system_a_late_file_is_given_up(monkeypatch, slow, small):
    monkeypatch.setattr("denoise.ui.server.decoding.WAIT_FACTOR", 0.01)
    decoders = Decoders(Limits(decode_s=60))
    try:
        assert "takes more than 60 s" in refusal(decoders, slow)
    finally:
        decoders.close()


@linux
def test_a_file_that_takes_too_much_memory_is_given_up(tmp_path, small):
    decoders = Decoders(Limits(decode_bytes=20_000_000))
    try:
        private = chunk(b"prVt", bytes(40_000_000))
        large = save(tmp_path / "large.png", write_png(draw(3, 4), 0, depth=8, before=private))
        assert "large.png needs too much memory" in refusal(decoders, large)
        assert decoders.decode(small).pixels.shape == (4, 5, 3)
    finally:
        decoders.close()


def test_a_process_that_the_system_ends_is_replaced(decoders, small):
    decoders.decode(small)
    (before,) = processes_of(decoders)
    os.kill(before.pid, signal.SIGKILL)
    before.join()
    assert decoders.decode(small).pixels.shape == (4, 5, 3)


def test_a_process_that_dies_at_work_costs_one_file_only(slow, small):
    decoders = Decoders(Limits(decode_s=60))
    try:
        thread, errors = in_background(decoders.decode, slow)
        wait_until(lambda: processes_of(decoders))
        processes_of(decoders)[0].kill()
        thread.join()
        assert "broke the program" in str(errors[0])
        assert decoders.decode(small).pixels.shape == (4, 5, 3)
    finally:
        decoders.close()


def test_closing_gives_up_what_is_decoded_and_leaves_no_process(slow, small):
    decoders = Decoders(Limits(decode_s=60))
    thread, errors = in_background(decoders.decode, slow)
    wait_until(lambda: processes_of(decoders))
    (process,) = processes_of(decoders)
    pid = process.pid
    decoders.close()
    thread.join()
    assert isinstance(errors[0], CancelledError)
    with pytest.raises(ProcessLookupError):  # not even a zombie
        os.kill(pid, 0)
    with pytest.raises(CancelledError, match="restarting"):
        decoders.decode(small)


def test_closing_ends_idle_processes(decoders):
    decoders.warm()
    pids = [process.pid for process in processes_of(decoders)]
    decoders.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_forgotten_decoders_leave_no_process(small):
    decoders = Decoders(Limits())
    decoders.decode(small)
    (process,) = processes_of(decoders)
    del decoders
    gc.collect()
    process.join(10)
    assert process.exitcode == -signal.SIGKILL


@linux
def test_a_file_that_takes_long_holds_up_neither_files_nor_work(service, slow, small):
    thread, errors = in_background(lambda: list(service.denoise(slow)))
    wait_until(lambda: processes_of(service._decoders))
    os.kill(processes_of(service._decoders)[0].pid, signal.SIGSTOP)  # it takes for ever
    service.add_noise(small)
    assert list(service.denoise(small))[-1].after.pixels.shape == (4, 5, 3)
    assert thread.is_alive()
    service.close()
    thread.join()
    assert isinstance(errors[0], CancelledError)


def test_waiting_for_a_turn_is_not_counted_as_work():
    turns = Turns(max_work_s=0.01)
    job = turns.begin()
    with turns.take():
        time.sleep(0.02)
        job.check()
    with job.take_turn():
        time.sleep(0.02)
        with pytest.raises(CancelledError, match="takes too long"):
            job.check()
    with pytest.raises(CancelledError, match="takes too long"):
        job.check()


def children_of(process):
    """The processes that a process has started, and the seconds that each has computed."""
    listed = Path(f"/proc/{process.pid}/task").glob("*/children")
    children = {int(child) for file in listed for child in file.read_text().split()}
    return {child: seconds_of(child) for child in children}


def seconds_of(pid):
    user_ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11]
    return int(user_ticks) / os.sysconf("SC_CLK_TCK")


@linux
@pytest.mark.slow
def test_a_running_server_serves_the_next_visitor_while_it_decodes_a_bomb(tmp_path, slow, small):
    with running_server(tmp_path / "server", DENOISE_DECODE_SECONDS="5") as server:
        client = Client(server.url, verbose=False)
        before = children_of(server.process)
        bomb = client.submit(handle_file(slow), api_name="/denoise")
        wait_until(lambda: max(children_of(server.process).values()) > 1)
        seconds = children_of(server.process)
        os.kill(max(seconds, key=seconds.get), signal.SIGSTOP)  # it takes for ever
        _, report = client.predict(handle_file(small), api_name="/denoise")
        assert report["size"] == [5, 4]
        assert not bomb.done()
        with pytest.raises(AppError, match="takes more than 5 s to decode"):
            bomb.result(60)
        _, report = client.predict(handle_file(small), api_name="/denoise")
        assert report["size"] == [5, 4]
        after = children_of(server.process)
        assert len(after) == len(before)
        assert set(after) != set(before)


def test_no_event_leaves_decoding_to_gradio(service):
    page = aside(partial(build_page, service))
    taken = {part for event in page.fns.values() for part in event.inputs}
    pictures = {part for part in taken if isinstance(part, (gr.Image, gr.ImageSlider, gr.Gallery))}
    assert pictures
    assert {type(part) for part in pictures} == {PictureInput}
