"""What the page's API view shows of the endpoints: their docstrings, and snippets that run."""

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any

import gradio as gr
from gradio.route_utils import get_root_url
from gradio.utils import get_function_description
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from denoise.ui.api.snippets import Place, snippets

PATHS = ("/gradio_api/info", "/gradio_api/info/")


def info_routes(page: gr.Blocks) -> list[Route]:
    """Return the routes that replace Gradio's own, for the page and for its clients."""
    return [Route(path, _info(page)) for path in PATHS]


def _info(page: gr.Blocks) -> Callable[[Request], Awaitable[Response]]:
    endpoints = cache(lambda: _described(page))  # all are there when the first asks

    async def answer(request: Request) -> Response:
        # As this visitor sees it; Gradio keeps the address that the first visitor saw.
        address = get_root_url(request, request.url.path, page.root_path)
        place = Place(address, page.space_id or address)
        named = {
            path: {**one, "code_snippets": snippets(path, one["parameters"], place)}
            for path, one in endpoints().items()
        }
        return JSONResponse({"named_endpoints": named, "unnamed_endpoints": {}})

    return answer


def _described(page: gr.Blocks) -> dict[str, Any]:
    """Return what Gradio knows of the endpoints, with the words of their docstrings."""
    functions = {f"/{fn.api_name}": fn.fn for fn in page.fns.values() if fn.fn is not None}
    return {
        path: _with_words(dict(endpoint), functions[path])
        for path, endpoint in page.get_api_info()["named_endpoints"].items()
    }


def _with_words(endpoint: dict[str, Any], function: Callable[..., Any]) -> dict[str, Any]:
    """Return an endpoint with what the docstring says of its parameters and answers."""
    _, words, answers = get_function_description(function)
    endpoint["parameters"] = [
        _explained(one, words[one["parameter_name"]]) | {"label": one["parameter_name"]}
        for one in endpoint["parameters"]
    ]
    endpoint["returns"] = [
        _explained(one, sentence)
        for one, sentence in zip(endpoint["returns"], answers, strict=True)
    ]
    return endpoint


def _explained(one: dict[str, Any], sentence: str) -> dict[str, Any]:
    return {**one, "python_type": {**one["python_type"], "description": sentence}}
