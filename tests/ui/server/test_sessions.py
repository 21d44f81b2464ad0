"""What a page's or a script's session costs, and when it ends."""

import gc
import tracemalloc
from pathlib import Path

import httpx
import pytest
from asides import aside

from denoise.ui.page import build_page
from denoise.ui.server.service import Service
from denoise.ui.server.sessions import CAPACITY, Sessions


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return aside(lambda: build_page(Service(device="cpu", folder=tmp_path_factory.mktemp("home"))))


def test_a_session_is_small(page):
    sessions = Sessions(page)
    tracemalloc.start()
    for number in range(100):
        sessions[f"page-{number}"]
    gc.collect()
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown / 100 < 60_000  # bytes; Gradio's takes ten times as many


def test_there_are_only_so_many_sessions(page):
    sessions = Sessions(page)
    for number in range(CAPACITY + 10):
        sessions[f"page-{number}"]
    assert len(sessions.session_data) == CAPACITY
    assert f"page-{CAPACITY + 9}" in sessions
    assert "page-0" not in sessions


def test_the_session_of_a_call_ends_with_it_and_a_pages_stays(page):
    sessions, waiting, ended = Sessions(page), "a" * 32, "b" * 32
    page._queue.pending_event_ids_session[waiting] = {waiting}
    for name in ("page", waiting, ended, "another-page"):
        sessions[name]
    assert set(sessions.session_data) == {"page", waiting, "another-page"}


def test_a_session_remembers_what_is_set(page):
    state = next(block for block in page.blocks.values() if block.stateful)
    shown = next(block for block in page.blocks.values() if block.get_block_name() == "textbox")
    session = Sessions(page)["page"]
    session[state._id] = "of this page"
    session[shown._id] = shown
    session._update_value_in_config(shown._id, "secret")
    assert session[state._id] == "of this page"
    assert "secret" not in str(session.config_values)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
def test_calls_leave_no_memory_behind(server):
    def resident():
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1000

    def call(count):
        route = "/gradio_api/call/models"
        with httpx.Client(base_url=server.url, trust_env=False, timeout=60) as web:
            for _ in range(count):
                event = web.post(route, json={"data": []}).json()["event_id"]
                assert "event: complete" in web.get(f"{route}/{event}").text

    call(50)
    before = resident()
    call(200)
    assert resident() - before < 40  # MB; Gradio's own sessions would take 126
