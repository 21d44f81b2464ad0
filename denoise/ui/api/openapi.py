"""The OpenAPI document of the endpoints, from what Gradio knows of them and their docstrings."""

from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.utils import get_function_description

from denoise.defaults import __version__
from denoise.ui.api.plain import PATH, describe_plain

PREFIX = "/gradio_api"
UPLOADED = {
    "type": "object",
    "description": "An uploaded file.",
    "properties": {
        "path": {"type": "string", "description": f"As POST {PREFIX}/upload gives it."},
        "meta": {
            "type": "object",
            "properties": {"_type": {"const": "gradio.FileData"}},
            "required": ["_type"],
        },
    },
    "required": ["path", "meta"],
}
REFUSED = {
    "type": "object",
    "properties": {"detail": {"type": "string", "description": "What is wrong, in a sentence."}},
}


def describe(page: gr.Blocks) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a page's endpoints."""
    endpoints: dict[str, Any] = dict(page.get_api_info()["named_endpoints"])
    functions = {fn.api_name: fn.fn for fn in page.fns.values() if fn.fn is not None}
    paths = {PATH: {"post": describe_plain()}, f"{PREFIX}/upload": {"post": _upload()}}
    for path, endpoint in endpoints.items():
        name = path.strip("/")
        paths[f"{PREFIX}/call/v2/{name}"] = {"post": _start(name, endpoint, functions[name])}
        paths[f"{PREFIX}/call/{name}/{{event_id}}"] = {"get": _follow(name, endpoint)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "denoise",
            "version": __version__,
            "description": "Start a job with POST, follow it with GET of its event_id.",
        },
        "paths": paths,
        "components": {"schemas": {"Uploaded": UPLOADED, "Refused": REFUSED}},
    }


def _upload() -> dict[str, Any]:
    files = {"type": "array", "items": {"type": "string", "format": "binary"}}
    form = {"type": "object", "properties": {"files": files}, "required": ["files"]}
    paths = {"type": "array", "items": {"type": "string"}}
    return {
        "operationId": "upload",
        "summary": "Upload files, which go after an hour.",
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
        "responses": {
            "200": _answer("Their paths, in order.", paths),
            "413": {"description": "Larger than this server takes."},
        },
    }


def _start(name: str, endpoint: dict[str, Any], function: Callable[..., Any]) -> dict[str, Any]:
    """Return the operation that starts a job."""
    descriptions = get_function_description(function)[1]
    parameters = {
        one["parameter_name"]: _parameter(one, descriptions) for one in endpoint["parameters"]
    }
    required = [
        one["parameter_name"] for one in endpoint["parameters"] if not one["parameter_has_default"]
    ]
    schema: dict[str, Any] = {
        "type": "object",
        "properties": parameters,
        "additionalProperties": False,
    }
    if required:
        schema["required"] = required
    event = {"type": "object", "properties": {"event_id": {"type": "string"}}}
    return {
        "operationId": name,
        "summary": endpoint["description"].split(". ")[0].rstrip(".") + ".",
        "description": endpoint["description"],
        "requestBody": {
            "required": bool(required),
            "content": {"application/json": {"schema": schema}},
        },
        "responses": {
            "200": _answer("The job has begun or waits for its turn.", event),
            "422": _refused("A parameter is missing or unknown."),
            "429": {"description": "Too many of your jobs wait already, or too many calls."},
            "503": {"description": "The queue is full; Retry-After says when to come again."},
        },
    }


def _parameter(one: dict[str, Any], descriptions: dict[str, str]) -> dict[str, Any]:
    schema = _with_files(one["type"])
    schema["description"] = descriptions[one["parameter_name"]]
    if one["parameter_has_default"]:
        schema["default"] = one["parameter_default"]
    return schema


def _with_files(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema in which files are what a caller must send, not all that an answer holds."""
    if "path" in schema.get("properties", {}):
        return {"allOf": [{"$ref": "#/components/schemas/Uploaded"}]}
    if "items" in schema:
        return schema | {"items": _with_files(schema["items"])}
    return dict(schema)


def _follow(name: str, endpoint: dict[str, Any]) -> dict[str, Any]:
    """Return the operation that follows a job, as a stream of events."""
    data = [one["type"] for one in endpoint["returns"]]
    stream = {
        "type": "string",
        "description": "Events `generating` (on the way), `heartbeat`, and at last `complete` or "
        "`error`, each with a line of data: a JSON array of what the endpoint returns.",
        "contentMediaType": "application/json",
        "contentSchema": {"type": "array", "prefixItems": data},
    }
    return {
        "operationId": f"follow_{name}",
        "summary": f"Follow a job of /{name}.",
        "parameters": [
            {
                "name": "event_id",
                "in": "path",
                "required": True,
                "description": "As the start of the job gave it; its events are given once.",
                "schema": {"type": "string"},
            }
        ],
        "responses": {
            "200": {
                "description": "The job's events.",
                "content": {"text/event-stream": {"schema": stream}},
            },
            "404": _refused("There is no such job, or its events were given already."),
        },
    }


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _refused(description: str) -> dict[str, Any]:
    return _answer(description, {"$ref": "#/components/schemas/Refused"})
