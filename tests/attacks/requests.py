"""Odd requests: paths, headers, ranges, forms, JSON, unknown functions, odd parameters."""

import json
import random
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from attacks.outcomes import REFUSED, SERVED, judge
from attacks.visitor import FILE, Visitor, mark

WAIT_S = 30
PARTS = ("..", ".", "%2e%2e", "%2f", "%00", "%ff", "gradio_api", "file=", "upload", "a" * 300, "")
PATHS = (
    "/" + "a" * 20_000,
    "/?" + "a=b&" * 5000,
    "/?network=<script>alert(1)</script>&tab=%00",
    "/gradio_api/file=/etc/passwd",
    "/gradio_api/file=../../../../etc/passwd",
    "/gradio_api/file=http://127.0.0.1:1/x",
    "/%67radio_api/file%3dhttp://127.0.0.1:1/x",
    "//gradio_api/file=http://127.0.0.1:1/x",
    "/gradio_api/call/denoise/nobody",
    "/gradio_api/queue/data",
    "/gradio_api/queue/data?session_hash=nobody-is-here",
    "/theme.css?v=" + "\u00e4" * 99,
    "/static/../../app.py",
    "/zh/../zh",
)
HEADERS = (
    {"Range": "bytes=0-"},
    {"Range": "bytes=5-1"},
    {"Range": "bytes=" + ",".join(["0-1"] * 5000)},
    {"Range": "lines=1-2"},
    {"Host": "evil.example"},
    {"Origin": "null"},
    {"X-Forwarded-For": ", ".join(["1.2.3.4"] * 500)},
    {"X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "evil.example"},
    {"Accept-Encoding": "gzip, br, zstd, nothing;q=7"},
    {"Accept-Language": "zh;q=x," * 500},
    {"Cookie": "a" * 8000},
    {"Content-Type": b"\xe4\xff"},
    {"If-None-Match": "*", "If-Modified-Since": "never"},
    {"Upgrade": "websocket", "Connection": "Upgrade"},
    {"Expect": "100-continue"},
)
RAW = {
    "no request": b"\0\xff\0\xff\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(99) + b"\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "version 9": b"GET / HTTP/9.9\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "negative length": b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n",
    "length and chunks": b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk": b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
    "large head": b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    "folded header": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\nConnection: close\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "null in a header": b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n",
    "other server": b"GET http://127.0.0.1:1/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "CONNECT": b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "unknown method": b"BREW / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
}
ODD = (
    None,
    "x",
    "",
    [],
    {},
    [[]],
    -1,
    1e300,
    True,
    10**30,
    "\0",
    "<svg onload=alert(1)>",
    "é" * 99,
)
BODIES = (
    "",
    "null",
    "[]",
    "{",
    '"data"',
    "\ud83d",
    '{"data": NaN}',
    '{"data": 1e999}',
    "[" * 100_000,
    '{"a":' * 50_000 + "1" + "}" * 50_000,
    '{"data": [' + "1," * 300_000 + "1]}",
    '{"data": "' + "a" * 2_000_000 + '"}',
    "9" * 100_000,
    '{"data": [], "data": 1}',
    '{"\\ud83d": "\\ud83d", "data": ["\\ud83d"]}',
    '{"path": {"path": "/etc/passwd"}}',
)
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
PART = b"--b\r\nContent-Disposition: form-data; "
FORMS: tuple[tuple[dict, bytes], ...] = (
    ({"Content-Type": "multipart/form-data"}, b"x"),
    ({"Content-Type": "text/plain"}, b"x"),
    (MULTIPART, b""),
    (MULTIPART, b"--b--\r\n"),
    (MULTIPART, b"--c\r\n\r\nx"),
    (MULTIPART, PART + b'name="files"\r\n\r\n' + b"a" * 3_000_000 + b"\r\n--b--\r\n"),
    (MULTIPART, PART + b'name="files"; filename="a.png"\r\n\r\nunfinished'),
    (MULTIPART, PART + b'name="files"; filename="../../a.png"\r\n\r\nx\r\n--b--\r\n'),
    (MULTIPART, PART + b'name="files"; filename="' + b"a" * 5000 + b'"\r\n\r\nx\r\n--b--\r\n'),
    (MULTIPART, PART + b'name="files"; filename="a\0.png"\r\n\r\nx\r\n--b--\r\n'),
    (MULTIPART, (PART + b'name="a"\r\n\r\nx\r\n') * 3000 + b"--b--\r\n"),
    (MULTIPART, PART + b'name="other"; filename="a.png"\r\n\r\nx\r\n--b--\r\n'),
)


def make_requests(
    url: str, visitor: Visitor, *, is_short: bool
) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield odd requests, each with what it is called."""
    web, chance = visitor.web, random.Random(5)
    paths = ["/".join(["", *chance.choices(PARTS, k=4)]) for _ in range(20 if is_short else 200)]
    for path in (*PATHS, *paths):
        yield f"path {path[:60]}", lambda path=path: judge(web.get(path))
    for method in ("HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
        for path in ("/", "/gradio_api/upload", "/gradio_api/call/denoise", "/healthz"):
            yield f"{method} {path}", lambda m=method, p=path: judge(web.request(m, p))
    for headers in HEADERS:
        yield f"headers {str(headers)[:60]}", lambda h=headers: judge(web.get("/", headers=h))
    for name, sent in RAW.items():
        yield f"raw {name}", lambda sent=sent: _send_raw(url, sent)
    for headers, body in FORMS:
        yield (
            f"form {body[:70]!r}",
            lambda h=headers, b=body: judge(web.post("/gradio_api/upload", content=b, headers=h)),
        )
    for route in ("call/denoise", "call/v2/denoise", "queue/join", "call/nothing", "run/predict"):
        for body in BODIES:
            yield f"body {route} {body[:40]!r}", lambda r=route, b=body: _post(web, r, b)
    yield from _odd_functions(web)
    yield from _odd_parameters(visitor, is_short=is_short)


def _odd_functions(web) -> Iterator[tuple[str, Callable[[], str]]]:
    for number in (*ODD, 10**9):
        for key in ("fn_index", "session_hash", "event_id", "trigger_id"):
            called = {"data": [], "session_hash": "odd-functions", "fn_index": 10**6, key: number}
            yield f"function {called}", lambda c=called: _post(web, "queue/join", json.dumps(c))
    for name in ("nothing", "%00", "..", "a" * 3000):
        yield f"endpoint {name[:9]}", lambda name=name: _post(web, f"call/{name}", '{"data": []}')


def _odd_parameters(visitor: Visitor, *, is_short: bool) -> Iterator[tuple[str, Callable[[], str]]]:
    """Yield calls of every endpoint with a value that is odd for one of its parameters."""
    path = visitor.upload(mark(1)[0], "odd.png").json()[0]
    image = {"path": path, "meta": FILE}
    usual = {"image": image, "images": [image], "models": ["conv-photo"], "levels": [0.1]}
    endpoints = visitor.web.get("/gradio_api/info").json()["named_endpoints"]
    for endpoint, facts in endpoints.items():
        names = [one["parameter_name"] for one in facts["parameters"]]
        for name in names:
            for value in ODD[::3] if is_short else ODD:
                called = {one: usual[one] for one in names if one in usual} | {name: value}
                yield (
                    f"{endpoint} {name}={str(value)[:30]!r}",
                    lambda e=endpoint[1:], c=called: visitor.finish(e, c),
                )


def _post(web, route: str, body: str) -> str:
    content = body.encode("utf-8", "surrogatepass")
    headers = {"Content-Type": "application/json"}
    return judge(web.post(f"/gradio_api/{route}", content=content, headers=headers))


def _send_raw(url: str, sent: bytes) -> str:
    """Send bytes that are no good request; an answer or the end of the connection is right."""
    place = urlsplit(url)
    with socket.create_connection((place.hostname, place.port), WAIT_S) as connection:
        try:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(1000)
        except ConnectionError:
            return REFUSED
        except TimeoutError:
            return "neither answered nor ended"
    status = answer.split(b" ", 2)[1:2]
    if status and status[0] < b"400":
        return SERVED
    return REFUSED if not status or status[0] < b"500" else f"answered {answer[:200]!r}"
