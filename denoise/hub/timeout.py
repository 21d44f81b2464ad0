"""Asking the Hub whether it is there, since huggingface_hub itself tries for half a minute."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from huggingface_hub.errors import HfHubHTTPError

from denoise.hub.errors import is_down, unreachable

ANSWER_S = 2.5  # that the Hub may take to answer, so that a refusal comes within 3 s
RETRY_S = 60  # for which a Hub that did not answer is not asked again

FoundT = TypeVar("FoundT")
_log = logging.getLogger(__name__)


class Asking:
    """Asks for what is on a repository; who did not answer is left alone for a while.

    Args:
        repo: organisation/name.
    """

    def __init__(self, repo: str) -> None:
        self.repo = repo
        self.silent_until = 0.0  # monotonic

    def ask(self, question: Callable[[], FoundT]) -> FoundT:
        """Gives what a question finds within ANSWER_S.

        Raises:
            UnreachableError: the Hub does not answer, or is out of order.
            HfHubHTTPError: it answers that it cannot be had.
        """
        if time.monotonic() < self.silent_until:
            raise unreachable(self.repo)
        found: list[FoundT] = []
        failures: list[Exception] = [TimeoutError("no answer in time")]

        def run() -> None:
            try:
                found.append(question())
            except Exception as error:  # httpx's or httpx2's, as huggingface_hub has it
                failures.insert(0, error)

        asking = threading.Thread(target=run, daemon=True)
        asking.start()
        asking.join(ANSWER_S)  # looking a name up knows no timeout
        if found:
            return found[0]
        failure = failures[0]
        if isinstance(failure, HfHubHTTPError) and not is_down(failure):
            raise failure
        self.silent_until = time.monotonic() + RETRY_S
        _log.info("The Hub does not answer.", exc_info=failure)
        raise unreachable(self.repo) from failure
