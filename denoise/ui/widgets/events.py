"""How the page's events run, and what they hand over."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import gradio as gr
from gradio.events import Dependency

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


def start_by(
    button: gr.Button,
    work: Callable[..., Iterator[Any]],
    inputs: Sequence[Any] | set[Any],
    outputs: list[Any],
    status: gr.Markdown,
) -> Dependency:
    """Have a button start work that runs a network; the button is off until the work has ended.

    Whoever cancels the work must set the button on again. The status shows progress; a set of
    inputs is handed to the work as `Values`.
    """
    button.click(lambda: gr.update(interactive=False), None, button, **AT_ONCE)
    running: Dependency = button.click(
        work,
        inputs,
        outputs,
        show_progress="minimal",
        show_progress_on=[status],
        # "once" would drop what is asked for while a cancelled job finishes its last tile.
        trigger_mode="multiple",
        **IN_TURN,
    )
    for ended in (running.success, running.failure):
        ended(lambda: gr.update(interactive=True), None, button, **AT_ONCE)
    return running
