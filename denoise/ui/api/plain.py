"""One plain endpoint beside Gradio's: a picture in, a picture out, settings as form fields.

The picture goes through the same line, limits and turns as one that a visitor brings to the page.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from denoise.defaults import DEFAULT_MODEL
from denoise.errors import SettingError
from denoise.files import write_atomically
from denoise.inference.settings import Settings
from denoise.ui.server.clients import client_of
from denoise.ui.server.failures import ServerFault, told
from denoise.ui.stage.files import write_result
from denoise.ui.stage.pictures import ENDED, StagePicture, read_choice
from denoise.ui.stage.visits import RefusedError, Visits

PATH = "/api/denoise"
REPORT = "X-Denoise-Report"
MAX_REPORT = 4000  # bytes; some proxies refuse longer headers
LOOK_S = 0.05
FIELDS: dict[str, tuple[Callable[[str], Any], str]] = {
    "model": (str, "A name from /models."),
    "sigma": (float, "The noise's standard deviation, 0 to 1 where white is 1; left out: auto."),
    "strength": (float, "Share of the change, 0 (none) to 1, the default."),
    "ensemble": (bool, "true averages over the eight orientations: a little better, 8x slower."),
    "texture": (float, "0 (faithful, the default) to 1 (textured), for networks that can."),
    "detail": (float, "Share of the removed detail that is given back, 0 (the default) to 1."),
    "format": (str, "PNG, JPEG, WEBP or TIFF; left out: the kind that came."),
    "exif": (bool, "false leaves the photo's details out of the file."),
}
TRUE, FALSE = ("true", "1", "yes"), ("false", "0", "no")
NO_FILE = "There is no picture; send one as the field image: curl -F image=@noisy.jpg."


def plain_route(visits: Visits) -> Route:
    """Return the route of the endpoint."""

    async def denoise(request: Request) -> Response:
        try:
            return await _denoise(visits, request)
        except RefusedError as error:
            headers = {} if error.retry_s is None else {"Retry-After": str(error.retry_s)}
            return JSONResponse({"detail": str(error)}, error.status, headers)
        except Exception as error:
            failure = told(error)
            status = 500 if isinstance(failure, ServerFault) else 422
            return JSONResponse({"detail": str(failure.message)}, status)

    return Route(PATH, denoise, methods=["POST"])


async def _denoise(visits: Visits, request: Request) -> Response:
    form = await _read_form(request)
    image = form.get("image")
    if not isinstance(image, UploadFile):
        raise SettingError(NO_FILE)
    asked = _read_fields(form)
    name = Path(image.filename or "picture").name or "picture"
    upload = visits.service.storage.new_file("upload" + Path(name).suffix[:12])
    content = await image.read()
    await run_in_threadpool(write_atomically, upload, content)
    choice = read_choice(asked, DEFAULT_MODEL)
    await run_in_threadpool(visits.check, choice)
    client = client_of(request.scope, visits.service.limits.proxies)
    visit = secrets.token_urlsafe(32)  # nobody else's
    with visits.watching(visit):
        picture = await run_in_threadpool(visits.add, visit, client, upload, name, choice)
        try:
            return await _answer(visits, picture, asked, request)
        finally:
            await run_in_threadpool(visits.remove, visit, picture)


async def _answer(
    visits: Visits, picture: StagePicture, asked: dict[str, Any], request: Request
) -> Response:
    """Wait until the picture is done and return it; a client that goes ends the work."""
    was_read = False
    while picture.phase not in ENDED:
        was_read |= picture.before is not None
        if await request.is_disconnected():
            raise RefusedError(499, "The client has gone.")
        await asyncio.sleep(LOOK_S)
    outcome = picture.outcome
    if picture.phase != "done" or outcome is None:
        raise RefusedError(422 if was_read or picture.before else 415, picture.sentence)
    file = await run_in_threadpool(
        write_result,
        picture,
        outcome,
        asked.get("format"),
        strength=asked.get("strength", 1.0),
        detail=asked.get("detail", 0.0),
        keep_exif=asked.get("exif", True),
        service=visits.service,
    )
    content = await run_in_threadpool(file.read_bytes)  # since the file goes with the picture
    headers = {REPORT: report_header(outcome.report)}
    answer = FileResponse(file, filename=file.name, headers=headers)
    return Response(content, headers=dict(answer.headers), media_type=answer.media_type)


async def _read_form(request: Request) -> FormData:
    try:
        return await request.form(max_files=1, max_fields=len(FIELDS) + 1)
    except HTTPException as error:
        raise SettingError(f"The form cannot be read: {error.detail.rstrip('.')}.") from error


def _read_fields(form: FormData) -> dict[str, Any]:
    """Return the settings that a form names, checked."""
    asked: dict[str, Any] = {}
    for name, value in form.items():
        if name == "image" or value == "":
            continue
        if name not in FIELDS:
            raise SettingError(
                f"Unknown field {name!r}; the fields are image, {', '.join(FIELDS)}."
            )
        asked[name] = _read(name, str(value), FIELDS[name][0])
    known = {key: value for key, value in asked.items() if key not in ("model", "format", "exif")}
    _ = Settings(**known)
    return asked


def _read(name: str, text: str, kind: Callable[[str], Any]) -> Any:
    if kind is bool:
        if text.lower() not in (*TRUE, *FALSE):
            raise SettingError(f"{name} is true or false; {text!r} is not.")
        return text.lower() in TRUE
    try:
        return kind(text)
    except ValueError as error:
        raise SettingError(f"{name} is a number; {text!r} is not.") from error


def report_header(report: dict[str, Any]) -> str:
    """Return a report as one line of ASCII JSON that fits into a header."""
    line = json.dumps(report)
    if len(line) > MAX_REPORT:
        line = json.dumps({**report, "warnings": report["warnings"][:3]})
    return line if len(line) <= MAX_REPORT else json.dumps({"model": report["model"]})


def describe_plain() -> dict[str, Any]:
    """Return what OpenAPI says of the endpoint."""
    kinds = {str: "string", float: "number", bool: "boolean"}
    fields: dict[str, Any] = {
        name: {"type": kinds[kind], "description": words}  # type: ignore[index]
        for name, (kind, words) in FIELDS.items()
    }
    image = {"type": "string", "format": "binary", "description": "The noisy picture."}
    form = {"type": "object", "properties": {"image": image, **fields}, "required": ["image"]}
    refused = {"application/json": {"schema": {"$ref": "#/components/schemas/Refused"}}}
    refusals = {
        "413": "Larger than this server takes.",
        "415": "No picture, or one that cannot be read.",
        "422": "A field that is unknown or has a value that is not possible.",
        "429": "Too many of your pictures wait already; Retry-After says when to come again.",
        "503": "The queue is full, or the server restarts.",
    }
    done = {
        "description": "The denoised picture, of the kind that came.",
        "headers": {
            REPORT: {
                "description": "The report, as JSON of at most 4,000 bytes.",
                "schema": {"type": "string"},
            }
        },
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    }
    return {
        "operationId": "denoise_picture",
        "summary": "Take noise out of a picture: one request, one answer.",
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
        "responses": {
            "200": done,
            **{
                status: {"description": words, "content": refused}
                for status, words in refusals.items()
            },
        },
    }
