"""Which scripts a browser may run: those of the page itself, and none that text smuggles in."""

import base64
import hashlib
import re
import secrets

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "Content-Security-Policy"
SCRIPT_TEXT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class OwnScripts:
    """Marks the scripts of each HTML answer with a number used once, and allows no others.

    Gradio escapes "<" in every value that it writes into a page, so no value opens a script.
    Charts and the page's events are compiled in the browser, which takes 'unsafe-eval'.

    Args:
        app: what is to run inside Gradio's middleware, since that compresses the answers.
        head: HTML whose scripts Gradio adds in the browser, where nothing is marked any more.
    """

    def __init__(self, app: ASGIApp, head: str = "") -> None:
        self._app = app
        self._hashes = [_hash(text) for text in SCRIPT_TEXT.findall(head)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        start: Message | None = None  # of an HTML answer, held back until the body is there
        body = b""

        async def send_marked(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_html(message):
                start = message
                return
            if start is None:
                await send(message)
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                nonce = secrets.token_urlsafe(16)
                marked = body.replace(b"<script", f'<script nonce="{nonce}"'.encode())
                headers = MutableHeaders(scope=start)
                headers["Content-Length"] = str(len(marked))
                headers[POLICY] = self._policy(nonce)
                await send(start)
                await send({"type": "http.response.body", "body": marked})

        await self._app(scope, receive, send_marked)

    def _policy(self, nonce: str) -> str:
        allowed = " ".join(["'self'", f"'nonce-{nonce}'", *self._hashes, "'unsafe-eval'"])
        return f"script-src {allowed}; worker-src 'self' blob:"


def _is_html(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
