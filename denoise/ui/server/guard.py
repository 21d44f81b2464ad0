"""ASGI guard around all of Gradio: sizes of bodies, files that are named, headers, shut routes."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette._utils import get_route_path
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from denoise.ui.server.clients import UploadShares, client_of
from denoise.ui.server.forms import MAX_MULTIPART_BYTES, UploadBody
from denoise.ui.server.uploads import NOT_UPLOADED, is_inside, named_files

UPLOAD = "/gradio_api/upload"
BROUGHT = ("/api/denoise", UPLOAD)  # where the body is a file
BODILESS = (204, 304)  # the kind of a 304 would take the place of the one that is kept
UPLOADS, MAX_UPLOADS = 20, 10_000  # of a client: so many of the largest size, so many in all
TOO_MANY_UPLOADS = (
    "Your uploads fill what one visitor may have here. They are deleted an hour after their last "
    "use; try again later."
)
MAX_JSON_BYTES = 1_000_000  # files are uploaded, so that a call only names them

# Of Gradio's, not used here: fetching from the Internet, editing, recording, spying, keeping.
SHUT = (
    "/gradio_api/file=http",
    "/gradio_api/file/",
    "/gradio_api/proxy=",
    "/gradio_api/component_server",
    "/gradio_api/deep_link",
    "/gradio_api/dev/",
    "/gradio_api/process_recording",
    "/gradio_api/run-history/",
    "/gradio_api/runs",
    "/gradio_api/stream/",
    "/gradio_api/undo-vibe-edit",
    "/gradio_api/vibe-",
    "/monitoring",
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # addresses of results are secrets
}
# A Space is shown in a frame of huggingface.co.
POLICY = (
    "frame-ancestors 'self' https://huggingface.co https://*.hf.space; "
    "object-src 'none'; base-uri 'self'; form-action 'self'"
)


class Guard:
    """Refuse requests that no page or script of ours needs, and add headers to every answer.

    Args:
        app: what is guarded.
        folder: where uploads and results lie; requests may name no other files.
        max_bytes: of an upload.
        is_closing: whether new work is refused, since the server is about to stop.
        proxies: how many stand before the server.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        folder: Path,
        max_bytes: int,
        is_closing: Callable[[], bool],
        proxies: int = 0,
    ) -> None:
        self._app = app
        self._folder = folder
        self._max_bytes = max_bytes
        self._is_closing = is_closing
        self._proxies = proxies
        self._shares = UploadShares(UPLOADS * max_bytes, MAX_UPLOADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope, send = _with_own_ranges(scope), _with_headers(send)
        route = get_route_path(scope)  # as Starlette's router sees it, below any root path
        if route.startswith(SHUT):
            await _refuse(404, "There is nothing here.")(scope, receive, send)
        elif scope["method"] not in ("POST", "PUT", "PATCH", "DELETE"):
            await self._app(scope, receive, send)
        elif self._is_closing():
            message = "The server is restarting; try again in a minute."
            await _refuse(503, message)(scope, receive, send)
        elif route.rstrip("/") in BROUGHT:
            await self._pass_upload(scope, receive, send, is_kept=route.rstrip("/") == UPLOAD)
        else:
            await self._pass_call(scope, receive, send)

    async def _pass_upload(
        self, scope: Scope, receive: Receive, send: Send, *, is_kept: bool
    ) -> None:
        """Hand the body on as it comes, up to the limit; note the files that are kept."""
        client = client_of(scope, self._proxies)
        if not self._shares.has_room(client):
            await _refuse(429, TOO_MANY_UPLOADS, {"Retry-After": "600"})(scope, receive, send)
            return
        refusal = _refuse(413, f"An upload has at most {self._max_bytes:,} bytes.")
        if _announced_bytes(scope) > self._max_bytes + MAX_MULTIPART_BYTES:
            await refusal(scope, receive, send)
            return
        body, answer = UploadBody(scope, receive, self._max_bytes), bytearray()

        async def send_unless_refused(message: Message) -> None:
            if is_kept:
                answer.extend(message.get("body", b""))
            if not body.is_too_large:
                await send(message)

        try:
            await self._app(scope, body.receive, send_unless_refused)
        except Exception:
            if not (body.is_too_large or body.is_broken_off):
                raise
        if body.is_too_large:
            await refusal(scope, receive, send)
        uploaded = _parsed(bytes(answer))
        if isinstance(uploaded, list):
            self._shares.note(client, [Path(file) for file in uploaded if isinstance(file, str)])

    async def _pass_call(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, which is small, and hand it on if it names uploaded files only."""
        body = None if _announced_bytes(scope) > MAX_JSON_BYTES else await _read_body(receive)
        if body is None:
            message = f"A call has at most {MAX_JSON_BYTES:,} bytes; upload files instead."
            await _refuse(413, message)(scope, receive, send)
            return
        called = _parsed(body)
        files = list(named_files(called))
        for file in files:
            file["path"] = _without_address(file["path"])
        if all(is_inside(file["path"], self._folder) for file in files):
            body = json.dumps(called).encode() if files else body
            await self._app(scope, _replay(body, receive), send)
        else:
            await _refuse_file()(scope, receive, send)


def _with_own_ranges(scope: Scope) -> Scope:
    """Have Starlette answer requests for ranges, not Gradio.

    Gradio's answers hold all headers of the request, cookies of others among them, and it fails on
    ranges of several parts. It knows the unit in small letters only.
    """
    headers = [
        (name, value[:1].upper() + value[1:] if name == b"range" else value)
        for name, value in scope["headers"]
    ]
    return {**scope, "headers": headers}


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(HEADERS)
            if message["status"] not in BODILESS:  # or a browser guesses, and may find HTML
                headers.setdefault("Content-Type", "text/plain; charset=utf-8")
            scripts = headers.get("Content-Security-Policy")  # where the answer is a page
            headers["Content-Security-Policy"] = f"{POLICY}; {scripts}" if scripts else POLICY
            # Gradio lets any page of the Internet act with a visitor's cookies.
            del headers["Access-Control-Allow-Credentials"]
            if "Access-Control-Allow-Origin" in headers:
                headers["Access-Control-Allow-Origin"] = "*"
        await send(message)

    return send_with_headers


def _announced_bytes(scope: Scope) -> int:
    announced = Headers(scope=scope).get("content-length", "0")
    return int(announced) if announced.isdecimal() else 0


async def _read_body(receive: Receive) -> bytes | None:
    """Return the whole body; None: it is too large, or its sender has gone."""
    body = b""
    while len(body) <= MAX_JSON_BYTES:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body if len(body) <= MAX_JSON_BYTES else None
    return None


def _replay(body: bytes, receive: Receive) -> Receive:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None  # no JSON: FastAPI refuses it


def _without_address(path: str) -> str:
    """Return the path behind an address of this server; MCP clients name uploads by address."""
    server, served, file = path.partition("/gradio_api/file=")
    return unquote(file) if served and server.startswith("http") else path


def _refuse(status: int, sentence: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"detail": sentence}, status, {"Connection": "close", **(headers or {})})


def _refuse_file() -> JSONResponse:
    """Refuse in the form that Gradio's clients show as an input's own error."""
    detail = {
        "__type__": "validate",
        "is_valid": False,
        "parameter_name": "image",
        "message": NOT_UPLOADED,
    }
    return JSONResponse({"detail": [detail]}, 422)
