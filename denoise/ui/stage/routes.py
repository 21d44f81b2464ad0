"""The stage over HTTP: pictures come, are watched, looked at closely, and go home."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from denoise.defaults import DEFAULT_MODEL
from denoise.errors import SettingError
from denoise.images.arrays import to_8_bits
from denoise.images.picture import Picture
from denoise.inference.tiling import around
from denoise.ui.language import read_phrases
from denoise.ui.server.clients import client_of
from denoise.ui.server.failures import ServerFault, told
from denoise.ui.server.uploads import uploaded_file
from denoise.ui.server.zips import check_many, pack_files
from denoise.ui.stage.files import detailed_layer, write_result
from denoise.ui.stage.first_look import SIDE, region_around, region_at
from denoise.ui.stage.layers import Layer, encode_shown
from denoise.ui.stage.pictures import Choice, StagePicture, read_choice
from denoise.ui.stage.states import state_of
from denoise.ui.stage.visits import RefusedError, Visits

HERE = Path(__file__).parent
CODE = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".webp": "image/webp",
    ".jpg": "image/jpeg",
    ".png": "image/png",
}
LOOK_S = 0.15  # between two looks at whether something has changed
BEAT_S = 10  # after which something is sent in any case: a proxy ends what is silent
MAX_SENT = 1_500_000  # pixels of one region, at its level
LAST = 12  # the highest level
LANGUAGES = ("zh",)

_phrases = cache(read_phrases)
Answer = Callable[[Request], Awaitable[Response]]


def stage_routes(visits: Visits) -> list[Route]:
    """Return the routes of the stage of a server."""
    stage = _Stage(visits)
    told_of = _with_sentences
    return [
        Route("/stage/code/{name}", told_of(stage.code)),
        Route("/stage/{visit}", told_of(stage.bring), methods=["POST"]),
        Route("/stage/{visit}/events", told_of(stage.events)),
        Route("/stage/{visit}/denoised.zip", told_of(stage.pack)),
        Route("/stage/{visit}/{picture}", told_of(stage.change), methods=["POST"]),
        Route("/stage/{visit}/{picture}/sample", told_of(stage.sample)),
        Route("/stage/{visit}/{picture}/file", told_of(stage.file)),
        Route("/stage/{visit}/{picture}/{side}/{level:int}/{box}", told_of(stage.region)),
    ]


class _Stage:
    """The answers of the routes."""

    def __init__(self, visits: Visits) -> None:
        self.visits = visits
        self.service = visits.service

    async def code(self, request: Request) -> Response:
        """Answer with a script, a style or a picture of the stage itself."""
        file = HERE / Path(request.path_params["name"]).name
        if file.suffix not in CODE or not file.is_file():
            raise RefusedError(404, "There is nothing here.")
        headers = {"Cache-Control": "no-cache"}  # asked for again, mostly answered by 304
        return FileResponse(file, media_type=CODE[file.suffix], headers=headers)

    async def bring(self, request: Request) -> Response:
        """Take an uploaded picture."""
        asked = await _asked(request)
        upload = uploaded_file(asked.get("image"), self.service.storage.folder)
        choice = self._choice(asked)
        client = client_of(request.scope, self.service.limits.proxies)
        visit, name = request.path_params["visit"], str(asked.get("name") or upload.name)
        picture = await run_in_threadpool(self.visits.add, visit, client, upload, name, choice)
        return JSONResponse({"id": picture.id}, 202)

    async def events(self, request: Request) -> Response:
        """Tell of the pictures of a visit, and of each change."""
        say = _say(request)
        return StreamingResponse(
            self._tell(request.path_params["visit"], say, request),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def _tell(
        self, visit: str, say: Callable[[str], str], request: Request
    ) -> AsyncIterator[str]:
        told_of: dict[str, tuple[Any, ...]] = {}
        first, silent_s = True, 0.0
        with self.visits.watching(visit):
            while not self.service.is_closing and not await request.is_disconnected():
                pictures = self.visits.of(visit)
                states = []
                for picture in pictures:
                    state = state_of(picture, self.visits, say)
                    seen = (picture.version, state.get("ahead"))
                    if told_of.get(picture.id) != seen:
                        told_of[picture.id] = seen
                        states.append(state)
                here = {picture.id for picture in pictures}
                gone = [one for one in told_of if one not in here]
                for one in gone:
                    del told_of[one]
                if states or gone or first or silent_s >= BEAT_S:
                    first, silent_s = False, 0.0
                    yield f"data: {json.dumps({'states': states, 'gone': gone})}\n\n"
                await asyncio.sleep(LOOK_S)
                silent_s += LOOK_S

    async def change(self, request: Request) -> Response:
        """Cancel or remove a picture, look elsewhere, or have something else made of it."""
        picture, asked = self._picture(request), await _asked(request)
        action = asked.get("action")
        if action == "cancel":
            self.visits.cancel(picture)
        elif action == "remove":
            self.visits.remove(request.path_params["visit"], picture)
        elif action == "look":
            self._look(picture, asked)
        elif action == "choose":
            await run_in_threadpool(self.visits.choose, picture, self._choice(asked))
        else:
            raise SettingError("The action is one of: cancel, choose, look, remove.")
        return JSONResponse({})

    async def region(self, request: Request) -> Response:
        """Answer with a region of the picture before or after, or with all its detail."""
        picture, side = self._picture(request), request.path_params["side"]
        level = min(request.path_params["level"], LAST)
        rows, columns = self._box(picture, request.path_params["box"], level)

        def encode() -> tuple[bytes, str]:
            return self._layer(picture, side).encode(rows, columns, level)

        return _image(*await run_in_threadpool(encode))

    async def sample(self, request: Request) -> Response:
        """Answer with a small region as another choice would make it."""
        picture = self._picture(request)
        asked = {name: _value(text) for name, text in request.query_params.items()}
        choice = self._choice(asked)
        x, y = _number(asked, "x"), _number(asked, "y")
        return _image(*await run_in_threadpool(self._sample, picture, choice, x, y))

    async def file(self, request: Request) -> Response:
        """Answer with the file to take home."""
        picture = self._picture(request)
        file = await run_in_threadpool(self._write, picture, request)
        return FileResponse(file, filename=file.name, headers={"Cache-Control": "no-store"})

    async def pack(self, request: Request) -> Response:
        """Answer with all that is done, in one zip."""
        done = [
            picture
            for picture in self.visits.of(request.path_params["visit"])
            if picture.outcome is not None and picture.outcome.is_done
        ]
        check_many(len(done))

        def write() -> Path:
            packed = self.service.storage.new_file("denoised.zip")
            pack_files([self._write(picture, request) for picture in done], packed)
            return packed

        return FileResponse(await run_in_threadpool(write), filename="denoised.zip")

    def _picture(self, request: Request) -> StagePicture:
        return self.visits.find(request.path_params["visit"], request.path_params["picture"])

    def _choice(self, asked: dict[str, Any]) -> Choice:
        choice = read_choice(asked, DEFAULT_MODEL)
        self.visits.check(choice)
        return choice

    def _look(self, picture: StagePicture, asked: dict[str, Any]) -> None:
        if picture.size is not None:
            width, height = picture.size
            picture.ask(region_around(_number(asked, "x"), _number(asked, "y"), (height, width)))

    def _layer(self, picture: StagePicture, side: str) -> Layer:
        outcome = picture.outcome
        if side == "before" and picture.before is not None:
            return picture.before
        if side == "after" and outcome is not None:
            return outcome.after
        if side == "detailed" and outcome is not None and outcome.is_done:
            return detailed_layer(picture, outcome, self.service)
        raise RefusedError(404, "This part of the picture is not there yet.")

    def _box(self, picture: StagePicture, text: str, level: int) -> tuple[slice, slice]:
        numbers = text.split(",")
        if picture.size is None or len(numbers) != 4 or not all(map(str.isdecimal, numbers)):
            raise RefusedError(404, "A region is written x,y,width,height.")
        x, y, wide, high = (min(int(one), 10**9) for one in numbers)
        width, height = picture.size
        rows, columns = slice(y, min(y + high, height)), slice(x, min(x + wide, width))
        if rows.start >= rows.stop or columns.start >= columns.stop:
            raise RefusedError(404, "The picture does not reach so far.")
        sent = (rows.stop - rows.start) * (columns.stop - columns.start) >> (2 * level)
        if sent > MAX_SENT:
            raise RefusedError(422, "This region is too large for its level.")
        return rows, columns

    def _sample(self, picture: StagePicture, choice: Choice, x: int, y: int) -> tuple[bytes, str]:
        if picture.before is None:
            raise RefusedError(404, "The picture is not read yet.")
        whole = picture.before.picture
        height, width = whole.pixels.shape[:2]
        region = region_at(y - SIDE // 2, x - SIDE // 2, (height, width))
        rows, columns = around(*region, (1, height, width, 1))
        part = Picture(whole.pixels[rows.read, columns.read])
        outcome = picture.outcome
        plan = outcome.plan if outcome is not None and choice.sigma is None else None
        made = self.service.denoise_shown(
            part, choice.model, choice.settings, on_step=lambda *_: None, plan=plan
        )
        kept = made.image.pixels[rows.kept_of_read, columns.kept_of_read]
        return encode_shown(to_8_bits(kept), whole.icc_profile)

    def _write(self, picture: StagePicture, request: Request) -> Path:
        outcome, asked = picture.outcome, request.query_params
        if outcome is None or not outcome.is_done:
            raise RefusedError(404, "The picture is not done yet.")
        return write_result(
            picture,
            outcome,
            asked.get("format") or None,
            strength=_share(asked.get("strength", "1")),
            detail=_share(asked.get("detail", "0")),
            keep_exif=asked.get("exif", "1") != "0",
            service=self.service,
        )


def _with_sentences(answer: Answer) -> Answer:
    """Turn what goes wrong into a status and a sentence, in the visitor's language."""

    async def told_answer(request: Request) -> Response:
        try:
            return await answer(request)
        except RefusedError as error:
            headers = {} if error.retry_s is None else {"Retry-After": str(error.retry_s)}
            return JSONResponse({"detail": _say(request)(str(error))}, error.status, headers)
        except Exception as error:
            failure = told(error)
            status = 500 if isinstance(failure, ServerFault) else 422
            return JSONResponse({"detail": _say(request)(str(failure.message))}, status)

    return told_answer


def _say(request: Request) -> Callable[[str], str]:
    language = request.query_params.get("lang", "")
    return _phrases(language).say if language in LANGUAGES else str


async def _asked(request: Request) -> dict[str, Any]:
    try:
        asked = await request.json()
    except ValueError as error:
        raise SettingError("The body of this call is a JSON object.") from error
    if not isinstance(asked, dict):
        raise SettingError("The body of this call is a JSON object.")
    return asked


def _value(text: str) -> Any:
    """Return what a query's text stands for: a number, true, false, or a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _number(asked: dict[str, Any], name: str) -> int:
    value = asked.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e9:
        raise SettingError(f"{name} is a number of pixels.")
    return round(value)


def _share(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise SettingError(f"A share is a number from 0 to 1; {text!r} is not.") from error


def _image(content: bytes, media_type: str) -> Response:
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(content, media_type=media_type, headers=headers)
