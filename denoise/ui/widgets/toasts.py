"""Toasts, which pop up over the page: every warning and every error that visitors see.

Gradio shows them as HTML. What they say often comes from outside, so all of it is quoted here.
Endpoints answer scripts, which read plain text: their errors stay as they are.
"""

from typing import Any

import gradio as gr

from denoise.ui.widgets.quoting import quoted


def warn(sentence: str) -> None:
    """Show a warning in a toast."""
    gr.Warning(quoted(sentence))


class Page(gr.Blocks):
    """A page whose events have their errors quoted, Gradio's own errors as well as ours."""

    async def process_api(self, block_fn: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run an event or an endpoint as Gradio does."""
        try:
            return await super().process_api(block_fn, *args, **kwargs)
        except gr.Error as error:
            event = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
            if event.api_visibility == "private":  # the page's own; endpoints are public
                error.message = quoted(error.message)
            raise
