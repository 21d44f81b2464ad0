"""The one place where a failure becomes a sentence for the visitor."""

import logging
import secrets
import traceback
from pathlib import Path

import gradio as gr

from denoise.errors import DenoiseError

BUG = (
    "Something went wrong on the server. It has been logged as {}; try another picture or setting."
)
IMPOSSIBLE = "A value of this call is not possible; /gradio_api/info lists what is."
FRAMES = 5  # of a traceback, the innermost ones

_log = logging.getLogger(__name__)


class ServerFault(gr.Error):
    """A failure of the server, not of what was asked for."""


def told(error: Exception) -> gr.Error:
    """Return what a visitor is told of a failure; what is no `DenoiseError` is logged and hidden.

    The sentence has the number under which the log has it, in one line; with its traceback only
    where debugging is on: strangers can cause many.
    """
    if isinstance(error, gr.Error):
        error.print_exception = False  # it is no fault of the server
        return error
    if isinstance(error, DenoiseError):
        return gr.Error(str(error), print_exception=False)
    number = secrets.token_hex(4)
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames)
    _log.error("Failure %s: %s at %s.", number, type(error).__name__, places)
    _log.debug("Failure %s.", number, exc_info=error)
    return ServerFault(BUG.format(number), print_exception=False)
