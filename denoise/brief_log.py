"""What is logged, as the command line shows it: a line, and the cause in another."""

import logging
from types import TracebackType
from typing import Any

Failure = tuple[type[BaseException], BaseException, TracebackType | None]


class Brief(logging.Formatter):
    """Gives the message and what caused it, without a traceback."""

    def formatException(self, ei: Failure | Any) -> str:  # noqa: N802 - logging's own name
        """Gives kind and words of an exception."""
        return f"({ei[0].__name__}: {ei[1]})"


def log_briefly() -> None:
    """Has what is logged go to standard error so, unless somebody said where it goes."""
    handler = logging.StreamHandler()
    handler.setFormatter(Brief())
    logging.basicConfig(handlers=[handler])
