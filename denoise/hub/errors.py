"""What goes wrong with the Hub, in sentences that say what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import errors as hub

from denoise.errors import DenoiseError, WeightsError

DOWN = (408, 429, 500, 502, 503, 504)  # what huggingface_hub would try again, for half a minute
FULL = (errno.ENOSPC, errno.EDQUOT)
READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
HTTP_LIBRARIES = ("httpx", "httpx2", "httpcore")  # huggingface_hub has one or another
# What may go wrong; huggingface_hub has RuntimeErrors for transfers that fail.
EXPECTED = (OSError, RuntimeError, hub.HfHubHTTPError, hub.HFValidationError)
_TOKEN = "set HF_TOKEN to a token of yours that may do so, or run `hf auth login`"


class HubError(WeightsError):
    """What was asked of the Hub cannot be had."""


class UnreachableError(HubError):
    """The Hub does not answer, or says that it is out of order."""


class NotThereError(HubError):
    """The repository has no such file."""


@contextmanager
def explained(repo: str, revision: str, what: str) -> Iterator[None]:
    """Turn what huggingface_hub raises inside into a HubError; let bugs pass as they are.

    `what` names the file that is wanted, or what is done.
    """
    try:
        yield
    except DenoiseError:
        raise
    except Exception as error:
        library = type(error).__module__.partition(".")[0]
        if not isinstance(error, EXPECTED) and library not in HTTP_LIBRARIES:
            raise
        raise _explain(error, repo, revision, what) from error


def _explain(error: Exception, repo: str, revision: str, what: str) -> HubError:
    if isinstance(error, hub.HFValidationError) or "/" not in repo:
        return HubError(
            f"{repo!r} is not the name of a repository on the Hub; write organisation/name."
        )
    if isinstance(error, hub.LocalTokenNotFoundError):
        return HubError(f"The Hub asks who you are: {_TOKEN}.")
    if isinstance(error, hub.GatedRepoError):
        return HubError(f"{repo} is gated: ask for access on its page on the Hub, and {_TOKEN}.")
    if isinstance(error, hub.RepositoryNotFoundError):
        return HubError(
            f"There is no repository {repo} on the Hub, or it is private: check its name, or "
            f"{_TOKEN}."
        )
    if isinstance(error, hub.RevisionNotFoundError):
        return HubError(
            f"{repo} has no revision {revision!r}; name a branch, a tag or the 40 hex digits of a "
            "commit."
        )
    if isinstance(error, hub.LocalEntryNotFoundError):
        return unreachable(repo)
    if isinstance(error, hub.EntryNotFoundError):
        return NotThereError(f"{repo} has no {what} at {revision}; see on the Hub what it holds.")
    if isinstance(error, hub.HfHubHTTPError):
        return _explain_answer(error.response.status_code, repo, what)
    return _explain_disk(error, repo, what)


def _explain_answer(status: int, repo: str, what: str) -> HubError:
    if status in (401, 403):
        return HubError(f"The Hub does not allow {what} of {repo}: {_TOKEN}.")
    if status == 402:
        return HubError(f"{what.capitalize()} of {repo} needs hardware that your account lacks.")
    if status in (409, 412):
        return HubError(f"Somebody else has changed {repo} in the meantime; try again.")
    if status in DOWN:
        return unreachable(repo, f"is out of order (it answers {status})")
    return HubError(f"The Hub answers {status} to {what} of {repo}; try again later.")


def _explain_disk(error: Exception, repo: str, what: str) -> HubError:
    number = getattr(error, "errno", None)
    if number in FULL:
        return HubError(
            f"The disk is full: there is no room for {what} of {repo}. Make room, or set HF_HOME "
            "to a folder that has some."
        )
    if number in READ_ONLY:
        return HubError(
            f"The cache may not be written: {what} of {repo} has nowhere to go. Set HF_HOME to a "
            "folder that may."
        )
    return HubError(
        f"The Hub cannot be reached, or the connection broke, at {what} of {repo}; nothing of it "
        "was kept. Check your network and try again."
    )


def unreachable(repo: str, state: str = "cannot be reached") -> UnreachableError:
    """Return the error for a Hub that does not do its work."""
    return UnreachableError(
        f"The Hub {state}, and what is asked of {repo} is not in the cache; try again later."
    )
