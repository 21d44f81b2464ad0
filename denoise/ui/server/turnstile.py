"""ASGI turnstile before Gradio's queue: who may add a job, who listens, who must wait."""

import re
import time
from collections import deque
from urllib.parse import parse_qs

from gradio.server_messages import UnexpectedErrorMessage
from starlette._utils import get_route_path
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from denoise.ui.server.clients import client_of
from denoise.ui.server.lines import Lines

JOB = re.compile(r"/gradio_api/call/(?:v2/)?[^/]+/([^/]+)/?")  # whose answers are asked for
SESSION = "/gradio_api/queue/data"  # of a page or of Gradio's client
CALLS = ("/gradio_api/call/", "/gradio_api/queue/join", "/stage/", "/api/denoise")
FULL = 503
MINUTE_S = 60
NO_JOB = (
    "No such job: its answers were fetched already, or its id is wrong; the event_id that a call "
    "answers with names one."
)


class Turnstile:
    """Refuse calls beyond a client's share of the line, and say when to come again.

    Args:
        app: Gradio's.
        lines: of its queue.
        proxies: how many stand before the server.
        calls_per_minute: that one client may make; 0: any number.
    """

    def __init__(
        self,
        app: ASGIApp,
        lines: Lines,
        *,
        proxies: int = 0,
        calls_per_minute: int = 0,
    ) -> None:
        self._app = app
        self._lines = lines
        self._proxies = proxies
        self._most = calls_per_minute
        self._called: dict[str, deque[float]] = {}  # when, in the last minute, by client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        route = get_route_path(scope) if scope["type"] == "http" else ""
        if route and scope["method"] == "GET":
            await self._listen(route, scope, receive, send)
        elif route.startswith(CALLS) and scope["method"] == "POST":
            await self._call(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _listen(self, route: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Note that somebody listens for as long as the answers are sent."""
        job = JOB.fullmatch(route)
        if job is not None and not self._lines.is_known(job[1]):
            await _refuse(404, NO_JOB)(scope, receive, send)
            return
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        asked = query.get("session_hash", []) if route == SESSION else []
        if asked and not self._lines.is_session(asked[-1]):
            await _no_session()(scope, receive, send)
            return
        listened = job[1] if job else asked[-1] if asked else ""
        if not listened:
            await self._app(scope, receive, send)
            return
        with self._lines.listening(listened):
            await self._app(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = client_of(scope, self._proxies)
        wait_s = self._lines.seconds_to_a_place()
        if (pause_s := self._pause(client)) > 0:
            message = f"At most {self._most} calls a minute; try again in {pause_s} s."
            await _refuse(429, message, pause_s)(scope, receive, send)
        elif not self._lines.has_room(client):
            message = f"Too many of your jobs wait already; try again in {wait_s} s."
            await _refuse(429, message, wait_s)(scope, receive, send)
        else:
            full = _refuse(FULL, f"The queue is full; try again in {wait_s} s.", wait_s)
            await self._app(scope, receive, _with(full, scope, receive, send))

    def _pause(self, client: str) -> int:
        """Return how many seconds a client must wait before its next call, and count this one."""
        if self._most == 0:
            return 0
        now = time.monotonic()
        for known, times in list(self._called.items()):
            while times and now - times[0] >= MINUTE_S:
                times.popleft()
            if not times:
                del self._called[known]
        called = self._called.setdefault(client, deque())
        if len(called) >= self._most:
            return max(1, round(MINUTE_S - (now - called[0])))
        called.append(now)
        return 0


def _with(full: JSONResponse, scope: Scope, receive: Receive, send: Send) -> Send:
    """Put our own answer in the place of Gradio's where the queue is full."""
    is_replaced = False

    async def send_or_replace(message: Message) -> None:
        nonlocal is_replaced
        if message["type"] == "http.response.start" and message["status"] == FULL:
            is_replaced = True
            await full(scope, receive, send)
        elif not is_replaced:
            await send(message)

    return send_or_replace


def _no_session() -> Response:
    """Answer as Gradio does, which logs a traceback and breaks its stream off."""
    message = UnexpectedErrorMessage(message="404: Not Found", session_not_found=True)
    return Response(f"data: {message.model_dump_json()}\n\n", media_type="text/event-stream")


def _refuse(status: int, sentence: str, retry_s: int | None = None) -> JSONResponse:
    headers = {} if retry_s is None else {"Retry-After": str(retry_s)}
    return JSONResponse({"detail": sentence}, status, headers)
