"""Limit a server's connections: how many there are, and how slowly they may send and read."""

import asyncio
import logging
import time
from typing import Any

import h11
from uvicorn import Server
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 15  # for a request's line and headers to come
BODY_S, BODY_BYTES_S = 30, 1_000  # for its body: that long, and longer at that rate
READ_S = 60  # for a client to take some of an answer
LOOK_S = 5  # between two looks at a connection
TELL_S = 60  # between two lines in the log
BURST = 100  # connections that the system keeps until they are counted: files that they open
ENDLESS = "/heartbeat/"  # of Gradio's pages, which ask again

_log = logging.getLogger(__name__)


def limit_connections(server: Server, most: int) -> None:
    """Keep a running server to a number of connections, and end those that make it wait.

    When there are too many, one that has sent no whole request gives way to the new one: the
    oldest; then a page's heartbeat; if all are at work, the new one is closed.

    Args:
        server: uvicorn's.
        most: connections at the same time; at most half the files that the process may open.
    """
    most = min(most, max(1, _most_files() // 2))

    class Limited(_Watched):
        most_connections = most

    server.config.http_protocol_class = Limited
    for listening in getattr(server, "servers", ()):  # once it runs
        for known in listening.sockets:
            with known.dup() as socket:
                socket.listen(BURST)


class _Watched(H11Protocol):
    """HTTP/1.1 with a limit on connections and on everything that a client makes wait for."""

    most_connections: int
    told_s = -float(TELL_S)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._since, self._bytes, self._stalled = self.loop.time(), 0, float("inf")
        super().connection_made(transport)
        self._timer = self.loop.call_later(LOOK_S, self._look)
        if len(self.connections) > self.most_connections:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before = self.conn.their_state
        self._bytes += len(data)
        super().data_received(data)
        if self.conn.their_state is not before:
            self._begin()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._begin()

    def pause_writing(self) -> None:
        self._stalled = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stalled = float("inf")
        super().resume_writing()

    @property
    def is_idle(self) -> bool:
        """Whether no whole head of a request has come, so that nothing is lost with it."""
        return self.conn.their_state is h11.IDLE

    @property
    def is_endless(self) -> bool:
        """Whether its answer is one that has no end and is asked for again."""
        return self.scope is not None and ENDLESS in self.scope["path"]

    def _begin(self) -> None:
        self._since, self._bytes = self.loop.time(), 0

    def _look(self) -> None:
        """End the connection if its client makes the server wait for too long."""
        if self.transport.is_closing():
            return
        now = self.loop.time()
        if self.flow.read_paused:  # it is the server that is slow
            self._begin()
        waited_s, is_sending = now - self._since, self.conn.their_state is h11.SEND_BODY
        if (
            (self.is_idle and waited_s > HEAD_S)
            or (is_sending and waited_s > BODY_S + self._bytes / BODY_BYTES_S)
            or now - self._stalled > READ_S
        ):
            self.transport.abort()
            return
        self._timer = self.loop.call_later(LOOK_S, self._look)

    def _make_room(self) -> None:
        others: list[Any] = [one for one in self.connections if isinstance(one, _Watched)]
        idle = [one for one in others if one.is_idle and one is not self]
        endless = [one for one in others if one.is_endless and one is not self]
        given_up = min(idle or endless or [self], key=lambda one: one._since)
        given_up.transport.abort()
        self.connections.discard(given_up)  # now: the next one counts them
        if time.monotonic() - _Watched.told_s > TELL_S:
            _Watched.told_s = time.monotonic()
            _log.warning("More than %d connections; idle ones are closed.", self.most_connections)


def _most_files() -> int:
    """Return how many files the process may open."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are no files
        return 1 << 20
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
