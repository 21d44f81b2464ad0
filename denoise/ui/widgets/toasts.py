"""Toasts, which pop up over the page: every warning and every error that visitors see.

Gradio shows them as HTML. What they say often comes from outside, so all of it is quoted here.
Endpoints answer scripts, which read plain text: their errors stay as they are.
"""

from typing import Any

import gradio as gr

from denoise.ui.server.failures import IMPOSSIBLE, ServerFault, told
from denoise.ui.server.figures import Figures
from denoise.ui.widgets.quoting import quoted


def warn(sentence: str) -> None:
    """Show a warning in a toast."""
    gr.Warning(quoted(sentence))


class Page(gr.Blocks):
    """A page whose failures are sentences: those of its events quoted, those of endpoints plain."""

    figures: Figures | None = None  # that count the calls

    async def process_api(self, block_fn: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Run an event or an endpoint as Gradio does."""
        event = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        is_own = event.api_visibility == "private"  # of the page; endpoints are public
        endpoint = "page" if is_own else str(event.api_name)
        try:
            answer = await super().process_api(block_fn, *args, **kwargs)
        except Exception as error:
            failure = told(error)
            self._count(endpoint, "failed" if isinstance(failure, ServerFault) else "refused")
            if is_own:
                failure.message = quoted(failure.message)
            raise failure from error
        if not answer.get("is_generating"):
            self._count(endpoint, "served")
        return answer

    def _count(self, endpoint: str, outcome: str) -> None:
        if self.figures is not None:
            self.figures.count_call(endpoint, outcome)

    async def preprocess_data(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Turn what a call holds into what its function gets."""
        try:
            values: list[Any] = await super().preprocess_data(*args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:  # of components, which expect what the page sends
            raise gr.Error(IMPOSSIBLE, print_exception=False) from error
        return values
