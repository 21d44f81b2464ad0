"""Networks of a repository on the Hub, put into a folder of networks: whole, or not at all."""

import json
import logging
import re
import shutil
from contextlib import suppress
from pathlib import Path

from denoise.errors import WeightsError, why_not_written
from denoise.hub.address import HERE
from denoise.hub.errors import HubError
from denoise.hub.repository import Repository
from denoise.weights.manifest import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE, update_manifest

SHOWN = re.compile(r"\w[\w.-]*\.(png|csv)", re.ASCII)  # what a card shows
OURS = (CONFIG_FILE, WEIGHTS_FILE, CARD_FILE)
DAMAGED = ""  # as the sha256 of a network that cannot be read

_log = logging.getLogger(__name__)


def pull_model(
    name: str, repository: Repository, folder: Path, *, is_replacing: bool = False
) -> Path:
    """Writes a model of a repository into a zoo, with its card, and gives its folder.

    What else lies in that folder, such as the checkpoints of a training, stays.

    Args:
        name: of the model.
        repository: that it is from.
        folder: of the zoo.
        is_replacing: whether it may take the place of another model of that name.

    Raises:
        HubError: it cannot be had.
        WeightsError: there is another model of that name, or the folder may not be written.
    """
    entries = repository.entries()
    if name not in entries:
        raise HubError(f"{repository} holds no {name}; it has: {', '.join(sorted(entries))}.")
    facts = repository.facts(entries[name].place)
    if facts.name != name:
        raise HubError(f"What {repository} calls {name} is {facts.name}; tell its owner.")
    try:
        _settle(folder, name)
        there = _sha256_in(folder / name)
        if there not in (None, facts.sha256) and not is_replacing:
            raise WeightsError(
                f"There is another {name} in {folder}; --overwrite replaces it, and -o names "
                "another folder."
            )
        _install(_fetch(repository, entries[name].place), folder, name)
    except OSError as error:
        raise WeightsError(f"{folder} cannot take {name}: {why_not_written(error)}.") from error
    return folder / name


def _fetch(repository: Repository, place: str) -> list[Path]:
    """Gives the files of a model: verified config and weights, and the card as far as it is had."""
    fetched = repository.fetch(place)
    files = [fetched / CONFIG_FILE, fetched / WEIGHTS_FILE]
    start = "" if place == HERE else f"{place}/"
    try:
        for path in repository.names():
            below = path.removeprefix(start)
            if path.startswith(start) and (below == CARD_FILE or SHOWN.fullmatch(below)):
                files.append(repository.file(path))
    except HubError as error:
        _log.warning("The card of the network is not fetched, or not all of it: %s", error)
    return files


def _sha256_in(place: Path) -> str | None:
    """Gives what a config says of its weights; None where there is no config."""
    try:
        return str(json.loads((place / CONFIG_FILE).read_bytes())["sha256"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return DAMAGED


def _install(files: list[Path], folder: Path, name: str) -> None:
    draft, place, old = _places(folder, name)
    draft.mkdir(parents=True)
    try:
        for file in files:
            shutil.copyfile(file, draft / file.name)
        place.mkdir(exist_ok=True)
        place.rename(old)
        draft.rename(place)
    finally:
        _settle(folder, name)
    update_manifest(folder)


def _settle(folder: Path, name: str) -> None:
    """Finishes or undoes what was begun, by this pull or by one that was killed."""
    draft, place, old = _places(folder, name)
    shutil.rmtree(draft, ignore_errors=True)
    if old.is_dir() and not place.exists():
        old.rename(place)
        with suppress(OSError):  # made for this, and empty
            place.rmdir()
    elif old.is_dir():
        _move_rest(old, place, is_same=_sha256_in(old) == _sha256_in(place))
        shutil.rmtree(old)


def _move_rest(old: Path, place: Path, *, is_same: bool) -> None:
    """Moves what is not the network's own or, of the same network, what the Hub has not."""
    for file in old.iterdir():
        is_own = file.name in OURS or SHOWN.fullmatch(file.name)
        if not (place / file.name).exists() and (is_same or not is_own):
            file.rename(place / file.name)


def _places(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """Gives the folders of what is being written, of the network, and of the one before it."""
    return folder / f".{name}.part", folder / name, folder / f".{name}.old"
