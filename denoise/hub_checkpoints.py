"""Anyone's checkpoint in a repository on the Hub: which of its files that is, and the file."""

from pathlib import Path

from denoise.address import HERE
from denoise.errors import WeightsError
from denoise.hub import ForeignError, Repository
from denoise.hub_cache import forget, is_intact
from denoise.hub_errors import HubError, NotThereError, UnreachableError
from denoise.progress import OnBytes
from denoise.weights.checkpoints import PICKLED, SAFE, is_checkpoint
from denoise.weights.manifest import MANIFEST_FILE, parse_manifest

MAX_NAMED = 8  # files that a sentence lists


def find_checkpoint(repository: Repository, place: str) -> str | None:
    """Gives the path of the checkpoint that a place stands for; None where a model of ours is.

    The root of a repository stands for its only checkpoint; a safe one goes before pickled ones.

    Raises:
        HubError: the repository cannot be had, or holds no checkpoint or several.
    """
    if is_checkpoint(place):
        return place
    if place != HERE:
        return None
    try:
        repository.facts(HERE)
    except (NotThereError, ForeignError, UnreachableError):
        return _only_one(repository)
    return None


def fetch_checkpoint(repository: Repository, path: str, on_bytes: OnBytes | None = None) -> Path:
    """Gives a checkpoint, from the cache if it is there.

    One that is not what the Hub says is deleted and fetched once more.

    Raises:
        HubError: it cannot be had, or is not that one either.
    """
    for _ in range(2):
        file = repository.file(path, on_bytes)
        if is_intact(file):
            return file
        forget(file)
    raise HubError(
        f"{path} of {repository} is not the file that the Hub says it is (its hash differs), also "
        "when fetched anew. Tell its owner, or choose another revision."
    )


def _only_one(repository: Repository) -> str:
    names = repository.names()
    if MANIFEST_FILE in names and (ours := _names_of_ours(repository)):
        raise HubError(
            f"{repository} holds {', '.join(ours)}; name one as {repository.repo}/{ours[0]}."
        )
    found = sorted(name for name in names if is_checkpoint(name))
    found = [name for name in found if name.lower().endswith(SAFE)] or found
    if not found:
        endings = ", ".join((SAFE, *PICKLED))
        raise HubError(
            f"{repository} holds no network that can be used here: neither one with a config of "
            f"this project nor a checkpoint ({endings}); see on the Hub what it holds."
        )
    if len(found) > 1:
        more = f" and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
        raise HubError(
            f"{repository} holds several checkpoints: {', '.join(found[:MAX_NAMED])}{more}; name "
            f"one as {repository.repo}/{found[0]}."
        )
    return found[0]


def _names_of_ours(repository: Repository) -> list[str]:
    """Gives the names in the manifest, where that is one of ours."""
    try:
        return sorted(parse_manifest(repository.file(MANIFEST_FILE).read_bytes()))
    except WeightsError:
        return []
