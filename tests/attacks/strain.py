"""Many clients at once, clients that go, processes that die, and memory that must stay flat."""

import os
import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from urllib.parse import urlsplit

import httpx
from attacks.outcomes import REFUSED, SERVED, Tally, judge
from attacks.visitor import FILE, Memory, Visitor, children_of, mark

from denoise.images.picture import Picture

TRIES = 50  # of a picture that is told when to come again
MOST_MB = 50  # that the server may grow by in the soak


def load(tally: Tally, url: str, *, clients: int, pictures: int) -> None:
    """Let clients at different addresses send marked pictures, which must come back to each."""

    def work(client: int) -> None:
        with Visitor(url, f"127.0.2.{client + 1}") as visitor:
            for number in range(pictures):
                content, picture = mark(1000 * client + number, side=24 + client)
                what = f"picture {number} of client {client}"
                tally.attempt(what, partial(_insist, visitor, content, picture))

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _insist(visitor: Visitor, content: bytes, picture: Picture) -> str:
    """Send a picture until it is taken, as often as the server says when to come again."""
    image = {"path": visitor.upload(content, "marked.png").json()[0], "meta": FILE}
    for _ in range(TRIES):
        called = visitor.call("add_noise", {"image": image, "level": 0.0})
        if called.status_code == 200:
            kind, answer = visitor.fetch("add_noise", called.json()["event_id"])
            is_own = kind == "complete" and visitor.is_same(answer[0], picture)
            return SERVED if is_own else f"{kind} with another picture or none"
        if called.status_code not in (429, 503) or "Retry-After" not in called.headers:
            return f"status {called.status_code} without Retry-After"
        time.sleep(min(int(called.headers["Retry-After"]), 10))
    return "never taken"


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
    yield "300 half requests at once", lambda: _hold(url, visitor, 300)


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


def _hold(url: str, visitor: Visitor, count: int) -> str:
    connections = [_connect(url) for _ in range(count)]
    try:
        for connection in connections:
            connection.sendall(b"GET / HTTP/1.1\r\nX: ")
        return _is_well(visitor)
    finally:
        for connection in connections:
            connection.close()


def _is_well(visitor: Visitor) -> str:
    answer = visitor.web.get("/healthz")
    return SERVED if answer.json() == {"status": "alive"} else judge(answer)


def _connect(url: str) -> socket.socket:
    place = urlsplit(url)
    return socket.create_connection((place.hostname, place.port), 30)


def soak(tally: Tally, visitor: Visitor, memory: Memory, count: int) -> None:
    """Send requests of all kinds, and see that the server has not grown by much at the end."""
    chance = random.Random(3)
    small = mark(11)[0]
    kinds: list[Callable[[], str]] = [
        lambda: visitor.finish("models", {}),
        lambda: visitor.send(small, "soak.png"),
        lambda: visitor.send(small[:-20], "cut.png"),
        lambda: judge(visitor.web.get("/?tab=lab")),
        lambda: judge(visitor.web.get("/gradio_api/info")),
        lambda: judge(_call_unknown(visitor, chance)),
    ]
    for number in range(count // 2):  # to be warm
        kinds[number % len(kinds)]()
    before = memory.server_mb()
    for number in range(count):
        tally.attempt(f"request {number}", kinds[number % len(kinds)])
    grown = memory.server_mb() - before
    if grown > MOST_MB:
        tally.others.append(f"{tally.kind}: the server has grown by {grown:.0f} MB")


def _call_unknown(visitor: Visitor, chance: random.Random) -> httpx.Response:
    session = f"unknown-{chance.random()}"
    called = {"data": [], "fn_index": chance.randrange(10**6, 10**9), "session_hash": session}
    return visitor.web.post("/gradio_api/queue/join", json=called)
