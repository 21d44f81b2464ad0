"""Serve a page and its endpoints: Gradio's switches, probes and the guard."""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gradio as gr
from fastapi.exceptions import RequestValidationError
from gradio.route_utils import FnIndexInferError
from starlette._utils import get_route_path
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from denoise.ui.api.endpoints import add_endpoints
from denoise.ui.api.info import info_routes
from denoise.ui.api.openapi import describe
from denoise.ui.api.plain import plain_route
from denoise.ui.server.connections import limit_connections
from denoise.ui.server.guard import Guard
from denoise.ui.server.lines import Lines, running_jobs, waiting_jobs
from denoise.ui.server.scripts import OwnScripts
from denoise.ui.server.service import Service
from denoise.ui.server.sessions import Sessions
from denoise.ui.server.turnstile import Turnstile
from denoise.ui.server.uploads import named_files
from denoise.ui.stage.routes import stage_routes
from denoise.ui.stage.visits import Visits
from denoise.ui.widgets.toasts import Page

PROMETHEUS = "text/plain; version=0.0.4"
LOOK_S = 2  # between two looks at jobs that nobody listens to
FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
ROOM_S = 600  # after which old files may have gone
CALLS = tuple(f"/gradio_api/{route}/" for route in ("call", "run", "api", "queue/join"))


def start_serving(
    page: Page, visits: Visits, *, host: str, port: int, look: Mapping[str, Any]
) -> None:
    """Add the endpoints for scripts to a page, and serve it from a thread of its own.

    `GRADIO_TEMP_DIR` must have named `service.storage.folder` when the page was built.
    `look` holds further arguments of `launch`, such as theme and css.

    Raises:
        OSError: the address is unknown or the port is in use.
    """
    service = visits.service
    page.figures = service.figures
    with page:
        add_endpoints(service)
    page.queue(max_size=service.limits.queue_size, api_open=False)
    page.launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        show_error=False,  # only sentences of gr.Error leave the server
        run_history=False,
        enable_monitoring=False,
        max_file_size=service.limits.max_bytes,
        ssr_mode=False,  # a second server in front would go round the guard
        pwa=False,
        mcp_server=find_spec("mcp") is not None,  # the endpoints as tools, at /gradio_api/mcp/
        app_kwargs={
            "routes": [
                *_probes(service),
                *stage_routes(visits),
                plain_route(visits),
                *info_routes(page),
                Route("/gradio_api/openapi.json", _document(page)),
            ],
            "middleware": [Middleware(OwnScripts, head=look.get("head", ""))],
            "lifespan": _guarded_by(visits, page),
            "openapi_url": None,  # FastAPI's, which knows nothing of the endpoints
            "exception_handlers": {
                KeyError: _unknown_endpoint,
                FnIndexInferError: _unknown_endpoint,
                TypeError: _wrong_parameters,
                RequestValidationError: _wrong_request,
                OSError: _full_disk,
            },
        },
        **look,
    )
    limit_connections(page.server, service.limits.max_connections)


def files_in_use(page: gr.Blocks) -> set[Path]:
    """Return the files that a page shows from the start, and those of its jobs, also waiting ones.

    They must stay.
    """
    shown = {Path(file) for block in page.blocks.values() for file in block.keep_in_cache}
    jobs = waiting_jobs(page._queue) + running_jobs(page._queue)
    named = (file for job in jobs if job.data for file in named_files(job.data.data))
    return shown | {Path(file["path"]) for file in named}


def _guarded_by(
    visits: Visits, page: gr.Blocks
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    service = visits.service

    @asynccontextmanager
    async def guard(app: Any) -> AsyncIterator[None]:
        app.state_holder = Sessions(page)
        limits = service.limits
        lines = Lines(page, limits.proxies)
        # Gradio runs our middleware inside its own, which sets the headers for other origins.
        # The guard must be outside of both. No request has come yet.
        turnstile = Turnstile(
            app.middleware_stack or app.build_middleware_stack(),
            lines,
            proxies=limits.proxies,
            calls_per_minute=limits.calls_per_minute,
        )
        app.middleware_stack = Guard(
            turnstile,
            folder=service.storage.folder,
            max_bytes=limits.max_bytes,
            is_closing=lambda: service.is_closing,
            proxies=limits.proxies,
        )
        if service.figures is not None:
            service.figures.watch(lines)
        keeping = asyncio.create_task(_keep(lines, visits))
        yield
        keeping.cancel()

    return guard


async def _keep(lines: Lines, visits: Visits) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        await lines.end_what_nobody_waits_for()
        await run_in_threadpool(visits.tidy)


def readiness(service: Service) -> tuple[int, dict[str, str]]:
    """Return the answer of `/readyz`: HTTP's status, and the state in a word."""
    if service.is_closing:
        return 503, {"status": "closing"}
    if service.fault:
        return 503, {"status": "failed", "detail": service.fault}
    return (200, {"status": "ready"}) if service.is_ready else (503, {"status": "loading"})


def _probes(service: Service) -> list[Route]:
    async def is_alive(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def is_ready(_: Request) -> Response:
        status, answer = readiness(service)
        return JSONResponse(answer, status)

    async def figures(_: Request) -> Response:
        if service.figures is None:
            raise HTTPException(404)
        return Response(service.figures.text(), media_type=PROMETHEUS)

    return [
        Route("/healthz", is_alive),
        Route("/readyz", is_ready),
        Route("/metrics", figures),
    ]


def _document(page: gr.Blocks) -> Callable[[Request], Awaitable[Response]]:
    """Answer with our OpenAPI document; Gradio's own is not valid."""
    document = cache(lambda: describe(page))  # all endpoints are there when the first asks

    async def answer(_: Request) -> Response:
        return JSONResponse(document())

    return answer


def _is_call(request: Request) -> bool:
    return f"{get_route_path(request.scope)}/".startswith(CALLS)


async def _unknown_endpoint(request: Request, error: Exception) -> Response:
    """Answer 404 where Gradio fails to find an endpoint in its dictionary."""
    if not _is_call(request):
        raise error
    return JSONResponse({"detail": "No such endpoint; /gradio_api/info lists them."}, 404)


async def _wrong_parameters(request: Request, error: Exception) -> Response:
    """Answer 422 with what Gradio's client found: the parameter that is missing or unknown."""
    if not _is_call(request):
        raise error
    sentence = str(error).split(" Please click")[0].rstrip(".")
    sentence = sentence.encode(errors="replace").decode()  # a name may be half a character
    return JSONResponse({"detail": f"{sentence}; /gradio_api/info lists the parameters."}, 422)


async def _wrong_request(_: Request, error: RequestValidationError) -> Response:
    """Answer 422 as FastAPI does, but without what was sent, which may be no JSON (NaN)."""
    told = [{part: one[part] for part in ("type", "loc", "msg")} for one in error.errors()]
    return JSONResponse({"detail": told}, 422)


async def _full_disk(_: Request, error: Exception) -> Response:
    """Answer 503 where an upload cannot be kept."""
    if not isinstance(error, OSError) or error.errno not in FULL_DISK:
        raise error
    answer = {"detail": "The server's disk is full; try again later."}
    return JSONResponse(answer, 503, {"Retry-After": str(ROOM_S)})
