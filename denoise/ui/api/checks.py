"""What the endpoints for scripts have in common."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import api

from denoise.errors import SettingError
from denoise.ui.server.service import COMPUTE, COMPUTE_LIMIT

Answer = tuple[gr.FileData, dict[str, Any]]
Answers = Iterator[tuple[gr.FileData | None, dict[str, Any]]]


def expose(endpoint: Callable[..., Any], name: str) -> None:
    """Add an endpoint that computes, and answers with a file and a report, at once or last."""
    # Gradio takes a generator's return type for that of one answer.
    endpoint.__signature__ = inspect.signature(endpoint).replace(  # type: ignore[attr-defined]
        return_annotation=Answer
    )
    api(endpoint, api_name=name, concurrency_id=COMPUTE, concurrency_limit=COMPUTE_LIMIT)


def served(file: Path) -> gr.FileData:
    """Return a written file as an endpoint answers it."""
    return gr.FileData(path=str(file), orig_name=file.name)


def check_text(name: str, value: object) -> None:
    """Raise a SettingError for what is no text."""
    if not isinstance(value, str):
        raise SettingError(f"{name} is a text; {value!r} is not.")


def check_flags(**flags: object) -> None:
    """Raise a SettingError for what is neither true nor false."""
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise SettingError(f"{name} is true or false; {value!r} is not.")


def listed(name: str, value: Any, kind: type | tuple[type, ...], what: str) -> list[Any]:
    """Return a list of values of a kind, empty for None; raise a SettingError for all else."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, kind) for one in value):
        raise SettingError(f"{name} is a list of {what}; {value!r} is not.")
    return value
