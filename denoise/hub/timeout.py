"""Ask the Hub with a short timeout; huggingface_hub itself tries for half a minute."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from huggingface_hub.errors import HfHubHTTPError

from denoise.hub.errors import DOWN, unreachable

ANSWER_S = 2.5  # that the Hub may take to answer, so that a refusal comes within 3 s
RETRY_S = 60  # for which a Hub that did not answer is not asked again

FoundT = TypeVar("FoundT")
_log = logging.getLogger(__name__)


class Asking:
    """Asks about a repository; a Hub that did not answer is left alone for a while."""

    def __init__(self, repo: str) -> None:
        self.repo = repo
        self.silent_until = 0.0  # monotonic

    def ask(self, question: Callable[[], FoundT]) -> FoundT:
        """Return the answer to a question.

        Raises:
            UnreachableError: there is none within ANSWER_S, or the Hub is out of order.
            HfHubHTTPError: the answer is no.
        """
        if time.monotonic() < self.silent_until:
            raise unreachable(self.repo)
        answers: list[FoundT] = []
        failures: list[Exception] = [TimeoutError("no answer in time")]

        def run() -> None:
            try:
                answers.append(question())
            except Exception as error:  # httpx's or httpx2's, as huggingface_hub has it
                failures.append(error)

        asking = threading.Thread(target=run, daemon=True)
        asking.start()
        asking.join(ANSWER_S)  # looking a name up knows no timeout
        if answers:
            return answers[0]
        failure = failures[-1]
        if isinstance(failure, HfHubHTTPError) and failure.response.status_code not in DOWN:
            raise failure
        self.silent_until = time.monotonic() + RETRY_S
        _log.info("The Hub does not answer.", exc_info=failure)
        raise unreachable(self.repo) from failure
