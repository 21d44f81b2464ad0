"""Which files a request may name: uploads and results, never others of the server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from denoise.errors import ImageError

NOT_UPLOADED = (
    "The picture is not an uploaded file; upload it first (POST /gradio_api/upload), and name it "
    "as the answer does. Addresses and files of the server are not read."
)


def uploaded_file(image: Any, folder: Path) -> Path:
    """Return the file that a request names, if it lies below `folder`.

    Args:
        image: as Gradio hands it over: {"path": ...} and more.
        folder: where uploads and results lie.

    Raises:
        ImageError: it names no such file.
    """
    if image is None:
        raise ImageError("There is no picture; choose one first.")
    path = image.get("path") if isinstance(image, dict) else None
    if not isinstance(path, str) or not is_inside(path, folder):
        raise ImageError(NOT_UPLOADED)
    return Path(path)


def is_inside(path: str, folder: Path) -> bool:
    """Return whether a path, with all links followed, is that of a file below `folder`."""
    try:
        file = Path(path).resolve(strict=True)
    except (OSError, ValueError):  # missing, too long, or with a null character
        return False
    return file.is_file() and file.is_relative_to(folder.resolve())


def named_files(called: Any) -> Iterator[dict[str, Any]]:
    """Yield every part of a call with a path: that is how Gradio writes files."""
    waiting = [called]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if isinstance(value.get("path"), str):
                yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
