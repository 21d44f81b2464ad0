"""Many clients at once, clients that go or stay idle, and processes that die."""

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from statistics import median
from urllib.parse import urlsplit

import httpx
from attacks.bars import Bar
from attacks.outcomes import REFUSED, SERVED, Tally, judge, judge_event
from attacks.visitor import FILE, Visitor, children_of, mark
from conftest import Server

from denoise.images.picture import Picture

TRIES = 50  # of a picture that is told when to come again
SWAPPED, LOST, SILENT = "another's picture", "no picture", "refused without Retry-After"
SPREAD = 3  # of the slowest picture of many clients, in medians
JOBS, SMALL_JOBS, FLOOD_S = 21, 100, 5  # that nobody fetches, and how long the next visitor waits
DRAIN_S = 600
FILES, IDLE = 1024, 1100  # that the server may open, and connections that send half a request
IDLE_S, HEALTH_S, LOG_KB = 5, 1, 10


def load(tally: Tally, url: str, *, clients: int, seconds: float) -> list[Bar]:
    """Let clients at different addresses send marked pictures, which must come back to each."""
    end, taken_s = time.monotonic() + seconds, []

    def work(client: int) -> None:
        with Visitor(url, f"127.0.2.{client + 1}") as visitor:
            for number in count():
                started = time.monotonic()
                if number and started > end:
                    return
                content, picture = mark(1000 * client + number, side=24 + client)
                what = f"picture {number} of client {client}"
                tally.attempt(what, partial(_insist, visitor, content, picture))
                taken_s.append(time.monotonic() - started)

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spread = max(taken_s) / median(taken_s)
    counted = {
        word: sum(word in other for other in tally.others) for word in (LOST, SWAPPED, SILENT)
    }
    return [
        *(Bar(f"{clients} clients: {word}", found, 0, "times") for word, found in counted.items()),
        Bar(f"{clients} clients: slowest", spread, SPREAD, "medians", is_timed=True),
    ]


def _said(word: str, tally: Tally) -> int:
    return sum(word in other for other in tally.others)


def _insist(visitor: Visitor, content: bytes, picture: Picture) -> str:
    """Send a picture until it is taken, as often as the server says when to come again."""
    image = {"path": visitor.upload(content, "marked.png").json()[0], "meta": FILE}
    for _ in range(TRIES):
        called = visitor.call("add_noise", {"image": image, "level": 0.0})
        if called.status_code == 200:
            kind, answer = visitor.fetch("add_noise", called.json()["event_id"])
            if kind != "complete":
                return f"{LOST}: {judge_event(kind, answer)}"
            return SERVED if visitor.is_same(answer[0], picture) else SWAPPED
        if (outcome := _judge_refusal(called)) != REFUSED:
            return outcome
        time.sleep(min(int(called.headers["Retry-After"]), 10))
    return f"{LOST}: never taken"


def _judge_refusal(called: httpx.Response) -> str:
    is_told = called.status_code in (429, 503) and "Retry-After" in called.headers
    return judge(called) if is_told else f"{SILENT}: status {called.status_code}"


def flood(tally: Tally, url: str, side: int) -> list[Bar]:
    """Post jobs that nobody fetches, and see how long the next visitor waits."""
    with Visitor(url, "127.0.5.1") as flooder, Visitor(url, "127.0.5.2") as visitor:

        def place(by: Visitor, side: int) -> dict:
            content = mark(side, side=side)[0]
            return {"image": {"path": by.upload(content, "a.png").json()[0], "meta": FILE}}

        def post(endpoint: str, called: dict) -> str:
            answer = flooder.call(endpoint, called)
            return SERVED if answer.status_code == 200 else _judge_refusal(answer)

        own = place(visitor, 40)
        alone_s = _seconds(lambda: visitor.finish("denoise", own))
        large, small = place(flooder, side), place(flooder, 24)
        for number in range(JOBS):
            tally.attempt(f"job {number}", partial(post, "denoise", large))
        work = partial(visitor.finish, "denoise", own)
        waited_s = _seconds(lambda: tally.attempt("the next visitor", work)) - alone_s
        for number in range(SMALL_JOBS):  # until the client has its share of the places
            tally.attempt(f"small job {number}", partial(post, "estimate", small))
        _drain(visitor)
    return [
        Bar(f"wait behind {JOBS} jobs that nobody fetches", waited_s, FLOOD_S, "s", is_timed=True),
        Bar(f"jobs beyond the share: {SILENT}", _said(SILENT, tally), 0, "times"),
    ]


def _drain(visitor: Visitor) -> None:
    """Wait until nothing waits in the queue."""
    end = time.monotonic() + DRAIN_S
    while visitor.web.get("/gradio_api/queue/status").json()["queue_size"]:
        if time.monotonic() > end:
            raise TimeoutError(f"jobs wait {DRAIN_S} s after the last one came")
        time.sleep(1)


def _seconds(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def faults(url: str, process: int, visitor: Visitor, count: int) -> Iterator[tuple[str, Callable]]:
    """Yield what clients and the system do wrong; each is right if the server lives on."""
    body = mark(3, side=300)[0]
    head = b"POST /gradio_api/upload HTTP/1.1\r\nHost: a\r\n"
    head += b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 999999\r\n\r\n"
    part = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    call = b"POST /gradio_api/call/denoise HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\n{"
    halves = {
        "gone in the middle of a head": b"GET / HTTP/1.1\r\nX: ",
        "gone in the middle of an upload": head + part + body[:5000],
        "gone before an upload": head,
        "gone in the middle of a call": call,
        "gone before the answer": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    }
    for number in range(count):
        for what, sent in halves.items():
            is_reset = number % 2 == 1
            yield what, lambda s=sent, r=is_reset: _go(url, visitor, s, is_reset=r)
        yield "gone in the middle of a job", lambda: _leave_job(url, visitor, is_heard=True)
        yield "a job that nobody fetches", lambda: _leave_job(url, visitor, is_heard=False)
        if children_of(process):
            yield "a process that is killed", lambda: _kill_child(process, visitor)


def _go(url: str, visitor: Visitor, sent: bytes, *, is_reset: bool) -> str:
    """Send a part of a request and go."""
    with _connect(url) as connection:
        connection.sendall(sent)
        if is_reset:  # with RST, not with FIN
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    return _is_well(visitor)


def _leave_job(url: str, visitor: Visitor, *, is_heard: bool) -> str:
    image = {"path": visitor.upload(mark(7, side=400)[0], "left.png").json()[0], "meta": FILE}
    event = visitor.call("denoise", {"image": image}).json()["event_id"]
    if is_heard:
        with _connect(url) as connection:
            line = f"GET /gradio_api/call/denoise/{event} HTTP/1.1\r\nHost: a\r\n\r\n"
            connection.sendall(line.encode())
            connection.recv(10)
    return _is_well(visitor)


def _kill_child(process: int, visitor: Visitor) -> str:
    """Kill one of the server's processes, and see that the next picture is decoded."""
    for child in sorted(children_of(process))[-1:]:
        os.kill(child, signal.SIGKILL)
    content, picture = mark(9)
    outcome = visitor.send(content, "next.png", picture)
    return outcome if outcome != REFUSED else "the next picture was refused"


def limit_files(process: int) -> None:
    """Let a server open few files, and this process enough to hold as many connections."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4 * FILES), most))
    resource.prlimit(process, resource.RLIMIT_NOFILE, (FILES, most))


def stay_idle(tally: Tally, server: Server, visitor: Visitor) -> list[Bar]:
    """Hold more half requests than the server may open files, and see that it answers."""
    before = server.log.stat().st_size
    connections, slowest_s = [_connect(server.url) for _ in range(IDLE)], 0.0
    try:
        for connection in connections:
            with suppress(ConnectionError):  # it had to give way
                connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(IDLE_S):
            asked = partial(tally.attempt, "/healthz", partial(_is_well, visitor))
            slowest_s = max(slowest_s, _seconds(asked))
            time.sleep(1)
    finally:
        for connection in connections:
            connection.close()
    logged_kb = (server.log.stat().st_size - before) / 1000
    return [
        Bar(f"/healthz beside {IDLE:,} idle connections", slowest_s, HEALTH_S, "s", is_timed=True),
        Bar(f"log of {IDLE:,} idle connections", logged_kb, LOG_KB, "kB"),
    ]


def _is_well(visitor: Visitor) -> str:
    answer = visitor.web.get("/healthz")
    return SERVED if answer.json() == {"status": "alive"} else judge(answer)


def _connect(url: str) -> socket.socket:
    place = urlsplit(url)
    return socket.create_connection((place.hostname, place.port), 30)
