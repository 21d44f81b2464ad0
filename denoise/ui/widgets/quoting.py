"""Text that comes from outside, such as names and errors, written so that it is read as text."""

from typing import Any

# Markdown and HTML take these for the beginning of markup, and their entities for characters.
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "[": "&#91;", "]": "&#93;"}
_QUOTES = str.maketrans(ENTITIES)


def quoted(text: object) -> str:
    """Return text that HTML and Markdown alike show as it stands, without tags and links."""
    return str(text).translate(_QUOTES)


def quoted_all(value: Any) -> Any:
    """Return a value whose texts are quoted, however deep they lie in lists and dictionaries."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (list, tuple)):
        return type(value)(map(quoted_all, value))
    if isinstance(value, dict):
        return {quoted_all(key): quoted_all(one) for key, one in value.items()}
    return value
