"""How the page's events run, and what they hand over."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from denoise.ui.server.service import COMPUTE, COMPUTE_LIMIT

Values = Mapping[Any, Any]  # by component, as an event with a set of inputs gets them
Updates = dict[Any, Any]  # by component; the others stay as they are
NOTHING: Updates = gr.skip()
# Settings of events: those that need no turn, those of them whose last trigger counts, and those
# that run a network.
AT_ONCE: dict[str, Any] = {"queue": False, "api_visibility": "private"}
LATEST = AT_ONCE | {"trigger_mode": "always_last"}
IN_TURN: dict[str, Any] = {
    "concurrency_id": COMPUTE,
    "concurrency_limit": COMPUTE_LIMIT,
    "api_visibility": "private",
}
