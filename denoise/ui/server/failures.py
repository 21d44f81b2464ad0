"""The one place where a failure becomes a sentence for the visitor."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from denoise.errors import DenoiseError

BUG = "Something went wrong on the server. It has been logged; try another picture or setting."

_log = logging.getLogger(__name__)


@contextmanager
def explained() -> Iterator[None]:
    """Turn failures inside into a `gr.Error`; log and hide what is no `DenoiseError`.

    Raises:
        gr.Error: with a sentence that the visitor may read.
    """
    try:
        yield
    except gr.Error:
        raise
    except DenoiseError as error:
        raise gr.Error(str(error), print_exception=False) from error
    except Exception as error:
        _log.exception("An event failed.")
        raise gr.Error(BUG, print_exception=False) from error
