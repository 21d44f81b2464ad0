"""A server's connections: how many, how slow, and which give way."""

import contextlib
import socket
import time

import httpx
import pytest
import uvicorn
from conftest import free_port
from gradio.http_server import Server

from denoise.ui.server import connections

MOST = 8
HALF_A_REQUEST = b"GET / HTTP/1.1\r\nX: "
WAIT_S = 20  # for what must happen at some time


async def answer(scope, receive, send):
    """Answers with the size of the body; /heartbeat/ and /work do not end, /large is 20 MB."""
    if scope["type"] != "http":
        return
    size, message = 0, await receive()
    while message["type"] == "http.request" and message.get("more_body"):
        size += len(message["body"])
        message = await receive()
    size += len(message.get("body", b""))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"].startswith(("/heartbeat/", "/work")):
        await send({"type": "http.response.body", "body": b".", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    body = bytes(20_000_000) if scope["path"] == "/large" else str(size).encode()
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def served(monkeypatch):
    for name, seconds in (("LOOK_S", 0.05), ("HEAD_S", 0.5), ("BODY_S", 0.5), ("READ_S", 0.5)):
        monkeypatch.setattr(connections, name, seconds)
    config = uvicorn.Config(answer, port=free_port(), lifespan="off", log_level="warning")
    server = Server(config)
    server.run_in_thread()
    connections.limit_connections(server, MOST)
    yield server
    server.close()


@pytest.fixture
def port(served):
    return served.config.port


@pytest.fixture
def connect(port):
    with contextlib.ExitStack() as stack:

        def connect(sent=b""):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.settimeout(WAIT_S)
            client.sendall(sent)
            return client

        yield connect


def get(port, path="/"):
    return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=WAIT_S)


def is_ended(client):
    """Waits until the server has ended a connection; false if it goes on answering."""
    try:
        while client.recv(1 << 20):
            pass
    except TimeoutError:
        return False
    except ConnectionError:
        pass
    return True


def stream(path):
    return f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode()


def begin(client):
    """Waits for the beginning of an answer."""
    assert client.recv(1000).startswith(b"HTTP/1.1 200")


def test_half_requests_give_way(port, connect, monkeypatch, caplog):
    monkeypatch.setattr(connections, "HEAD_S", 1000)
    idle = [connect(HALF_A_REQUEST) for _ in range(5 * MOST)]
    assert get(port).text == "0"
    assert is_ended(idle[0])
    assert [record.getMessage() for record in caplog.records] == [
        f"More than {MOST} connections; idle ones are closed."
    ]


def test_a_heartbeat_gives_way_where_nothing_is_idle(port, connect):
    beats = [connect(stream("/heartbeat/a")) for _ in range(MOST)]
    for client in beats:
        begin(client)
    assert get(port).text == "0"
    assert is_ended(beats[0])


def test_no_work_gives_way(port, connect):
    working = [connect(stream("/work")) for _ in range(MOST)]
    for client in working:
        begin(client)
    with pytest.raises(httpx.TransportError):
        get(port)
    working[0].close()
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            assert get(port).text == "0"
            return
    pytest.fail("no room again")


@pytest.mark.parametrize(
    "sent", [b"", HALF_A_REQUEST, b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1234"]
)
def test_a_request_that_does_not_come_is_not_waited_for(connect, sent):
    assert is_ended(connect(sent))


def test_a_body_that_comes_slowly_but_steadily_is_taken(port, monkeypatch):
    monkeypatch.setattr(connections, "BODY_S", 0.2)

    def drip():
        for _ in range(10):
            time.sleep(0.1)
            yield bytes(1000)

    answered = httpx.post(f"http://127.0.0.1:{port}/", content=drip(), trust_env=False)
    assert answered.text == "10000"


def test_an_answer_that_nobody_reads_is_ended(served, connect):
    connect(stream("/large"))
    deadline = time.monotonic() + WAIT_S
    while not served.server_state.connections:
        assert time.monotonic() < deadline
    while served.server_state.connections:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_client_that_asks_again_and_again_is_served(port):
    with httpx.Client(trust_env=False) as client:
        deadline, opened = time.monotonic() + 1.5, set()
        while time.monotonic() < deadline:
            answered = client.get(f"http://127.0.0.1:{port}/")
            opened.add(answered.extensions["network_stream"].get_extra_info("client_addr"))
            time.sleep(0.1)
    assert len(opened) == 1


def test_never_more_than_half_the_files_of_the_process(monkeypatch):
    monkeypatch.setattr(connections, "_most_files", lambda: 10)
    server = Server(uvicorn.Config(answer))
    connections.limit_connections(server, 500)
    assert server.config.http_protocol_class.most_connections == 5
