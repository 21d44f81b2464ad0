"""Toasts, which pop up over the page: every warning and every error that visitors see.

Gradio shows them as HTML. What they say often comes from outside, so all of it is quoted here.
Endpoints answer scripts, which read plain text: their errors stay as they are.
"""

from typing import Any

import gradio as gr

from denoise.ui.server.failures import IMPOSSIBLE, told
from denoise.ui.widgets.quoting import quoted


def warn(sentence: str) -> None:
    """Show a warning in a toast."""
    gr.Warning(quoted(sentence))


class Page(gr.Blocks):
    """A page whose failures are sentences: those of its events quoted, those of endpoints plain."""

    async def process_api(self, block_fn: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run an event or an endpoint as Gradio does."""
        try:
            return await super().process_api(block_fn, *args, **kwargs)
        except Exception as error:
            failure = told(error)
            event = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
            if event.api_visibility == "private":  # the page's own; endpoints are public
                failure.message = quoted(failure.message)
            raise failure from error

    async def preprocess_data(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Turn what a call holds into what its function gets."""
        try:
            values: list[Any] = await super().preprocess_data(*args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:  # of components, which expect what the page sends
            raise gr.Error(IMPOSSIBLE, print_exception=False) from error
        return values
