"""Whose job is next, whose answers nobody waits for, and who must come again."""

import asyncio
import time
from types import SimpleNamespace

import gradio as gr
import httpx
import numpy as np
import pytest
from asides import aside
from conftest import running_server
from gradio.queueing import EventQueue
from PIL import Image
from starlette.responses import PlainTextResponse

from denoise.ui.page import build_page
from denoise.ui.server import lines as module
from denoise.ui.server.clients import client_of
from denoise.ui.server.lines import Lines
from denoise.ui.server.service import Service
from denoise.ui.server.turnstile import Turnstile

PLACES = 8


@pytest.fixture
def lines():
    page = aside(gr.Blocks)
    page._queue.max_size = PLACES
    page._queue.active_jobs = [None, None]
    return Lines(page)


@pytest.fixture
def queue(lines):
    return lines._queue


@pytest.fixture
def line(queue):
    queue.event_queue_per_concurrency_id["compute"] = EventQueue("compute", 1)
    return queue.event_queue_per_concurrency_id["compute"].queue


@pytest.fixture
def add(queue, line):
    def add(name, client="a"):
        job = SimpleNamespace(
            _id=name,
            session_hash=f"session of {name}",
            request=SimpleNamespace(scope=scope_of(client)),
            enqueue_time=time.monotonic(),
            concurrency_id="compute",
            alive=True,
        )
        queue.pending_event_ids_session[job.session_hash] = {name}
        line.append(job)
        return job

    return add


def scope_of(client, *forwarded):
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    return {"type": "http", "client": (client, 1), "headers": headers}


def order(line):
    return [job._id for job in line]


def test_clients_take_turns(line, add):
    for name in ("a1", "a2", "a3", "b1", "c1", "b2"):
        add(name, name[0])
    assert order(line) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_has_a_job_at_work_lets_others_go_first(queue, line, add):
    queue.active_jobs[0] = [add("a1", "a")]
    line.clear()
    add("a2", "a")
    add("b1", "b")
    assert order(line) == ["b1", "a2"]


@pytest.mark.parametrize("to", ["b1", "session of b1"])
def test_a_job_that_somebody_listens_to_goes_first(lines, line, add, to):
    for name in ("a1", "b1", "b2"):
        add(name, name[0])
    with lines.listening(to):
        assert order(line) == ["b1", "a1", "b2"]
    assert order(line) == ["a1", "b1", "b2"]


def test_a_client_may_take_only_its_share_of_the_places(lines, add):
    for number in range(6):
        assert lines.has_room("a")
        add(f"a{number}", "a")
    assert not lines.has_room("a")
    assert lines.has_room("b")


def end(lines, after_s, monkeypatch):
    """Lets some seconds pass in which nothing changes."""
    asyncio.run(lines.end_what_nobody_waits_for())
    now = time.monotonic() + after_s
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now))
    asyncio.run(lines.end_what_nobody_waits_for())
    monkeypatch.undo()


@pytest.mark.parametrize("others_wait", [True, False])
def test_a_running_job_that_nobody_listens_to_ends_where_others_wait(
    lines, queue, line, add, others_wait, monkeypatch
):
    running = add("a1", "a")
    line.clear()
    queue.active_jobs[0] = [running]
    add("b1", "b")
    with lines.listening("b1" if others_wait else "nothing"):
        end(lines, module.ALONE_S + 1, monkeypatch)
    assert running.alive is not others_wait
    assert lines.is_known("a1") is not others_wait
    assert order(line) == ["b1"]


def test_jobs_that_nobody_listens_to_leave_a_full_line(lines, line, add, monkeypatch):
    for number in range(PLACES):
        add(f"a{number}", "a")
    with lines.listening("a3"):
        end(lines, module.ALONE_S + 1, monkeypatch)
    assert order(line) == ["a3"]


def test_answers_that_nobody_fetches_are_dropped_after_an_hour(lines, queue, monkeypatch):
    queue.pending_event_ids_session["session"] = {"done"}
    queue.pending_messages_per_session["session"] = asyncio.Queue()
    end(lines, module.FORGOTTEN_S - 1, monkeypatch)
    assert lines.is_known("done")
    lines._alone_since.clear()
    end(lines, module.FORGOTTEN_S + 1, monkeypatch)
    assert not lines.is_known("done")
    assert "session" not in queue.pending_messages_per_session


@pytest.mark.parametrize(
    ("proxies", "forwarded", "client"),
    [
        (0, ["evil"], "peer"),
        (1, ["evil, right"], "right"),
        (1, ["evil", "right"], "right"),
        (2, ["evil, right, proxy"], "right"),
        (2, ["right"], "peer"),
        (1, [], "peer"),
    ],
)
def test_a_client_is_named_by_the_proxies_that_are_trusted(proxies, forwarded, client):
    assert client_of(scope_of("peer", *forwarded), proxies) == client


def post(app, route="/gradio_api/call/denoise"):
    async def go():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
            return await client.post(route)

    return asyncio.run(go())


def answer(status):
    return PlainTextResponse("of Gradio", status)


def test_a_full_queue_says_when_to_come_again(lines):
    answered = post(Turnstile(answer(503), lines))
    assert answered.status_code == 503
    assert answered.json() == {"detail": "The queue is full; try again in 5 s."}
    assert answered.headers["retry-after"] == "5"


def test_beyond_its_share_a_client_is_told_when_to_come_again(lines, add):
    for number in range(6):
        add(f"a{number}", "127.0.0.1")
    answered = post(Turnstile(answer(200), lines))
    assert answered.status_code == 429
    assert answered.headers["retry-after"] == "5"


def test_calls_are_counted_where_the_owner_says_so(lines):
    limited = Turnstile(answer(200), lines, calls_per_minute=2)
    answers = [post(limited) for _ in range(3)]
    assert [answered.status_code for answered in answers] == [200, 200, 429]
    assert 50 <= int(answers[-1].headers["retry-after"]) <= 60
    assert post(limited, "/gradio_api/upload").text == "of Gradio"


@pytest.mark.parametrize("work", ["show_noise", "analyse"])
def test_what_the_page_computes_as_it_is_used_waits_in_a_bounded_line(work):
    page = aside(lambda: build_page(Service()))
    events = [event for event in page.fns.values() if (event.api_name or "").startswith(work)]
    assert events
    assert all(event.queue and event.concurrency_limit for event in events)


@pytest.mark.slow
def test_who_listens_does_not_wait_for_jobs_that_nobody_fetches(tmp_path):
    pictures = {"large": (700, 700, 3), "small": (40, 48, 3)}
    for name, shape in pictures.items():
        Image.fromarray(np.full(shape, 90, np.uint8)).save(tmp_path / f"{name}.png")
    with running_server(tmp_path / "served", DENOISE_QUEUE="20") as server:

        def connect(address):
            transport = httpx.HTTPTransport(local_address=address)
            return httpx.Client(base_url=server.url, transport=transport, timeout=120)

        def call(web, name):
            content = (tmp_path / f"{name}.png").read_bytes()
            (path,) = web.post("/gradio_api/upload", files={"files": content}).json()
            image = {"path": path, "meta": {"_type": "gradio.FileData"}}
            return web.post("/gradio_api/call/v2/denoise", json={"image": image})

        with connect("127.0.0.1") as flooder, connect("127.0.0.2") as visitor:
            posted = [call(flooder, "large").status_code for _ in range(20)]
            assert (posted[0], posted[-1]) == (200, 429)
            event = call(visitor, "small").json()["event_id"]
            answered = visitor.get(f"/gradio_api/call/v2/denoise/{event}").text
            waiting = visitor.get("/gradio_api/queue/status").json()["queue_size"]
    assert "event: complete" in answered
    assert waiting > 8  # of 15: it had not to wait for them
