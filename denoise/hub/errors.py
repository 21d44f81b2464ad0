"""What goes wrong with the Hub, in sentences that say what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from huggingface_hub import errors as hub

from denoise.errors import DenoiseError, WeightsError

DOWN = (408, 429, 500, 502, 503, 504)  # what huggingface_hub would try again, for half a minute
HTTP_LIBRARIES = ("httpx", "httpx2", "httpcore")  # huggingface_hub has one or another
# What may go wrong; huggingface_hub has RuntimeErrors for transfers that fail.
EXPECTED = (OSError, RuntimeError, hub.HFValidationError, hub.RevisionResolutionError)
_TOKEN = "set HF_TOKEN to a token of yours that may do so, or run `hf auth login`"
_REFUSED = "The Hub answers {number} to {what} of {repo}; try again later."
_BROKEN = (
    "The Hub cannot be reached, or the connection broke, at {what} of {repo}; nothing of it was "
    "kept. Check your network and try again."
)
_FULL = (
    "The disk is full: there is no room for {what} of {repo}. Make room, or set HF_HOME to a "
    "folder that has some."
)
_READ_ONLY = (
    "The cache may not be written: {what} of {repo} has nowhere to go. Set HF_HOME to a folder "
    "that may."
)
_UNNAMED = "{repo!r} is not the name of a repository on the Hub; write organisation/name."
_NO_REVISION = (
    "{repo} has no revision {revision!r}; name a branch, a tag or the 40 hex digits of a commit."
)
_NO_REPOSITORY = (
    f"There is no repository {{repo}} on the Hub, or it is private: check its name, or {_TOKEN}."
)
SENTENCES: dict[type | int, str] = {  # by class, by the status of an answer, or by a disk's errno
    hub.HFValidationError: _UNNAMED,
    hub.LocalTokenNotFoundError: f"The Hub asks who you are: {_TOKEN}.",
    hub.GatedRepoError: f"{{repo}} is gated: ask for access on its page on the Hub, and {_TOKEN}.",
    hub.RepositoryNotFoundError: _NO_REPOSITORY,
    hub.RevisionNotFoundError: _NO_REVISION,
    hub.EntryNotFoundError: "{repo} has no {what} at {revision}; see on the Hub what it holds.",
    **dict.fromkeys((401, 403), f"The Hub does not allow {{what}} of {{repo}}: {_TOKEN}."),
    402: "{What} of {repo} needs hardware that your account lacks.",
    **dict.fromkeys((409, 412), "Somebody else has changed {repo} in the meantime; try again."),
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), _FULL),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), _READ_ONLY),
}


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
        if "/" not in repo:
            raise hub.HFValidationError(repo)
        yield
    except DenoiseError:
        raise
    except Exception as error:
        library = type(error).__module__.partition(".")[0]
        if not isinstance(error, EXPECTED) and library not in HTTP_LIBRARIES:
            raise
        raise _explain(error, repo, revision, what) from error


def _explain(error: Exception, repo: str, revision: str, what: str) -> HubError:
    response = getattr(error, "response", None)
    number = getattr(error, "errno", None) if response is None else response.status_code
    if number in DOWN:
        return unreachable(repo, f"is out of order (it answers {number})")
    if isinstance(error, (hub.LocalEntryNotFoundError, hub.RevisionResolutionError)):
        return unreachable(repo)
    keys = (*type(error).__mro__, number)
    usual = _BROKEN if response is None else _REFUSED
    sentence = next((SENTENCES[key] for key in keys if key in SENTENCES), usual)
    names = {"repo": repo, "revision": revision, "number": number}
    told = sentence.format(what=what, What=what.capitalize(), **names)
    kind = NotThereError if isinstance(error, hub.EntryNotFoundError) else HubError
    return kind(told)


def unreachable(repo: str, state: str = "cannot be reached") -> UnreachableError:
    """Return the error for a Hub that does not do its work."""
    return UnreachableError(
        f"The Hub {state}, and what is asked of {repo} is not in the cache; try again later."
    )
