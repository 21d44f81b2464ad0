"""Every route that Gradio opens is decided on, and no root path changes what the guard does."""

import asyncio
import re
from collections.abc import Iterator

import gradio as gr
import httpx
import pytest
from asides import aside
from conftest import running_server
from fastapi import FastAPI
from gradio.routes import App
from starlette.responses import PlainTextResponse

from denoise.ui.server.guard import MAX_JSON_BYTES, Guard
from denoise.ui.server.lines import Lines
from denoise.ui.server.turnstile import Turnstile

OPEN = {
    *("/", "/assets/{path:path}", "/config", "/favicon.ico", "/login", "/logout", "/manifest.json"),
    *("/openapi.json", "/pwa_icon", "/pwa_icon/{size}", "/robots.txt", "/static/{path:path}"),
    *("/svelte/{path:path}", "/theme.css", "/zh"),
    "/gradio_api/api/{api_name}",
    "/gradio_api/app_id",
    "/gradio_api/call/v2/{api_name}",
    "/gradio_api/call/{api_name}",
    "/gradio_api/cancel",
    "/gradio_api/custom_component/{id}/{environment}/{type}/{file_name}",
    "/gradio_api/heartbeat/{session_hash}",
    "/gradio_api/info",
    "/gradio_api/login_check",
    "/gradio_api/mcp",
    "/gradio_api/mcp/messages",
    "/gradio_api/mcp/schema",
    "/gradio_api/mcp/sse",
    "/gradio_api/openapi.json",
    "/gradio_api/queue/data",
    "/gradio_api/queue/join",
    "/gradio_api/queue/status",
    "/gradio_api/reset",
    "/gradio_api/run/{api_name}",
    "/gradio_api/startup-events",
    "/gradio_api/theme.css",
    "/gradio_api/token",
    "/gradio_api/upload_progress",
    "/gradio_api/user",
}
LOOKED_AT = {  # what they name or how much they send decides
    "/gradio_api/call/v2/{api_name}/{event_id}",
    "/gradio_api/call/{api_name}/{event_id}",
    "/gradio_api/file={path_or_url:path}",
    "/gradio_api/upload",
}
SHUT = {
    "/gradio_api/component_server",
    "/gradio_api/deep_link",
    "/gradio_api/dev/reload",
    "/gradio_api/file/{path:path}",
    "/gradio_api/process_recording",
    "/gradio_api/proxy={url_path:path}",
    "/gradio_api/run-history/buckets",
    "/gradio_api/run-history/connect",
    "/gradio_api/run-history/records",
    "/gradio_api/run-history/records/{endpoint}/{record_id}/assets/{asset_id}",
    "/gradio_api/runs",
    "/gradio_api/stream/{event_id}",
    "/gradio_api/stream/{event_id}/close",
    "/gradio_api/stream/{session_hash}/{run}/{component_id}/playlist-file",
    "/gradio_api/stream/{session_hash}/{run}/{component_id}/playlist.m3u8",
    "/gradio_api/stream/{session_hash}/{run}/{component_id}/{segment_id}.{ext}",
    "/gradio_api/undo-vibe-edit",
    "/gradio_api/vibe-code",
    "/gradio_api/vibe-edit",
    "/gradio_api/vibe-starter-queries",
    "/monitoring",
    "/monitoring/summary",
    "/monitoring/{key}",
}
# Root path of the application, and what stands before a route that it serves.
PLACES = [("", ""), ("/sub", ""), ("/sub", "/sub"), ("/a/b", "/a/b"), ("/", "/")]
PLACES += [("/gradio_api", "/gradio_api"), ("https://a.example/sub", "")]


@pytest.fixture(scope="module")
def lines():
    return Lines(aside(gr.Blocks))


@pytest.fixture(params=PLACES, ids=lambda place: f"root={place[0]} before={place[1]}")
def ask(request, tmp_path, lines):
    """Gives what asks the guard, which stands where the server has it: inside FastAPI."""
    root_path, before = request.param

    async def reached(scope, receive, send):
        await PlainTextResponse("reached")(scope, receive, send)

    app = FastAPI()
    app.root_path = root_path  # as Gradio sets it
    app.middleware_stack = Guard(
        Turnstile(reached, lines), folder=tmp_path, max_bytes=1, is_closing=lambda: False
    )

    def answer(method, path, **sent):
        async def go():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://a") as client:
                return await client.request(method, f"http://a{before}{path}", **sent)

        return asyncio.run(go())

    return answer


def routes_of(routes, before="") -> Iterator[tuple[str, set[str]]]:
    """Gives path and methods of each route, those of routers and mounted applications, too."""
    for route in routes:
        if inner := getattr(route, "original_router", None):
            yield from routes_of(inner.routes, before)
            continue
        assert "WebSocket" not in type(route).__name__, "the guard lets all of these pass"
        yield (before + route.path).rstrip("/") or "/", set(getattr(route, "methods", None) or ())
        yield from routes_of(getattr(route, "routes", None) or (), before + route.path)


@pytest.fixture(scope="module")
def methods_of():
    """The methods of every route of Gradio, by path."""

    def build():
        page = gr.Blocks()
        with page.route("中文", "zh"):
            gr.Markdown("A page in another language.")
        return App.create_app(page, mcp_server=True)

    found: dict[str, set[str]] = {}
    for path, methods in routes_of(aside(build).routes):
        found.setdefault(path, set()).update(methods or {"GET", "POST"})
    return found


def example_of(path):
    """Gives an address that a route serves."""
    return re.sub(r"\{\w+:path\}", "a/b", re.sub(r"\{\w+\}", "a", path))


def test_every_route_of_gradio_is_decided_on(methods_of):
    assert methods_of.keys() == OPEN | LOOKED_AT | SHUT
    assert len(OPEN) + len(LOOKED_AT) + len(SHUT) == len(methods_of)


def test_shut_routes_are_not_there(ask, methods_of):
    for path in SHUT:
        for method in methods_of[path]:
            for end in ("", "/"):
                assert ask(method, example_of(path) + end).status_code == 404, path


def test_open_routes_are_reached(ask, methods_of):
    for path in OPEN:
        for method in methods_of[path]:
            assert ask(method, example_of(path)).status_code == 200, path


def test_no_route_takes_a_file_of_the_server(ask, methods_of):
    for path in OPEN | LOOKED_AT - {"/gradio_api/upload"}:
        if "POST" in methods_of[path]:
            named = {"data": [{"path": "/etc/passwd"}]}
            assert ask("POST", example_of(path), json=named).status_code == 422, path


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/gradio_api/file=/tmp/a.png", 200),
        ("/gradio_api/file=http://127.0.0.1:1/a", 404),
        ("/gradio_api/file=https://127.0.0.1:1/a", 404),
        ("/gradio_api/file%3Dhttp%3A//127.0.0.1:1/a", 404),
        ("/gradio_api/%66ile=http://127.0.0.1:1/a", 404),
        ("/gradio_api/call/denoise/0", 404),
        ("/gradio_api/call/v2/denoise/0/", 404),
    ],
)
def test_what_a_route_names_decides(ask, path, status):
    assert ask("GET", path).status_code == status


@pytest.mark.parametrize(("end", "status"), [("", 200), ("/", 200), ("/other", 413)])
def test_an_upload_alone_may_be_large(ask, end, status):
    answer = ask("POST", f"/gradio_api/upload{end}", content=bytes(MAX_JSON_BYTES + 1))
    assert answer.status_code == status


def test_an_upload_is_named_by_its_address_below_any_root_path(ask, tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    for before in ("", "/sub"):
        address = f"http://a{before}/gradio_api/file={tmp_path}/a.png"
        called = {"data": [{"path": address}]}
        assert ask("POST", "/gradio_api/mcp/", json=called).status_code == 200


@pytest.mark.slow
def test_a_server_below_a_root_path_answers_as_elsewhere(tmp_path):
    with (
        running_server(tmp_path / "served", GRADIO_ROOT_PATH="/sub") as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=60) as web,
    ):
        for before in ("", "/sub"):
            api = f"{before}/gradio_api"
            assert web.get(f"{api}/file=http://127.0.0.1:1/x").json()["detail"].startswith("There")
            assert web.get(f"{api}/call/denoise/0").status_code == 404
            assert web.post(f"{api}/call/nothing", json={"data": []}).status_code == 404
            large = {"files": ("a.bin", bytes(1_500_000))}
            (file,) = web.post(f"{api}/upload", files=large).raise_for_status().json()
            assert web.get(f"{api}/file={file}").status_code == 200
