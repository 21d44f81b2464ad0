"""Whose turn it is: first come, first served, and others between tiles."""

import threading
import time

import pytest

from denoise.errors import CancelledError
from denoise.ui.server.turns import Turns

WAIT_S = 20


@pytest.fixture
def turns():
    return Turns(max_work_s=1000)


def wait_for(condition):
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def start(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_first_come_first_served(turns):
    order = []

    def work(number):
        with turns.take():
            order.append(number)

    with turns.take():
        threads = []
        for number in range(5):
            threads.append(start(lambda number=number: work(number)))
            wait_for(lambda: len(turns._waiting) == len(threads))
        assert order == []
    for thread in threads:
        thread.join(WAIT_S)
    assert order == [0, 1, 2, 3, 4]


def test_a_small_job_waits_for_a_tile_of_a_large_one(turns):
    order, is_small_waiting = [], threading.Event()

    def large():
        job = turns.begin()
        with job.take_turn():
            for tile in range(4):
                order.append(tile)
                if tile == 1:
                    is_small_waiting.wait(WAIT_S)
                job.pass_turn()

    def small():
        with turns.begin().take_turn():
            order.append("small")

    at_work = start(large)
    wait_for(lambda: 1 in order)
    waiting = start(small)
    wait_for(lambda: turns._waiting)
    is_small_waiting.set()
    for thread in (at_work, waiting):
        thread.join(WAIT_S)
    assert order == [0, 1, "small", 2, 3]


def test_waiting_between_tiles_is_no_work():
    turns = Turns(max_work_s=0.5)
    job = turns.begin()
    with job.take_turn():
        other = start(lambda: hold(turns, 1))
        wait_for(lambda: turns._waiting)
        job.pass_turn()
        job.check()
        time.sleep(0.6)
        with pytest.raises(CancelledError, match="takes too long"):
            job.check()
    other.join(WAIT_S)


def hold(turns, seconds):
    with turns.take():
        time.sleep(seconds)


def test_closing_waits_for_work_and_refuses_more(turns):
    is_done = threading.Event()

    def work():
        with turns.take():
            is_done.wait(WAIT_S)

    thread = start(work)
    wait_for(lambda: turns._is_taken)
    turns.close(finish_s=0.05)
    assert turns.is_cancelling
    is_done.set()
    thread.join(WAIT_S)
    with pytest.raises(CancelledError, match="restarting"), turns.take():
        pass
