"""Pull networks of a repository on the Hub into a folder of networks: whole, or not at all."""

import json
import logging
import re
import shutil
from pathlib import Path

from denoise.errors import WeightsError, why_not_written
from denoise.hub.address import join
from denoise.hub.errors import HubError
from denoise.hub.repository import Repository
from denoise.weights.manifest import CARD_FILE, CONFIG_FILE, WEIGHTS_FILE, update_manifest

# A network's own files; a card shows pictures and curves.
OWN = re.compile(rf"{CONFIG_FILE}|{WEIGHTS_FILE}|{CARD_FILE}|\w[\w.-]*\.(png|csv)", re.ASCII)
_log = logging.getLogger(__name__)


def pull_model(
    name: str, repository: Repository, folder: Path, *, is_replacing: bool = False
) -> Path:
    """Write a model of a repository, with its card, into a zoo, and return its folder.

    Other files in that folder, such as the checkpoints of a training, stay. With `is_replacing`, it
    may replace another model of that name.

    Raises:
        HubError: it cannot be had.
        WeightsError: there is another model of that name, or the folder may not be written.
    """
    place = repository.place_of(name)
    facts = repository.facts(place)
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
        repository.weights(place, facts)
        _install(_files(repository, place), folder, name, is_same=there == facts.sha256)
    except OSError as error:
        raise WeightsError(f"{folder} cannot take {name}: {why_not_written(error)}.") from error
    return folder / name


def _files(repository: Repository, place: str) -> dict[str, Path]:
    """Return config, weights and, as far as they can be had, the card and what it shows."""
    files = {name: repository.file(join(place, name)) for name in (CONFIG_FILE, WEIGHTS_FILE)}
    try:
        for path in repository.names():
            name = path.removeprefix(join(place, ""))
            if OWN.fullmatch(name) and path == join(place, name):
                files[name] = repository.file(path)
    except HubError as error:
        _log.warning("The card of the network is not fetched, or not all of it: %s", error)
    return files


def _sha256_in(place: Path) -> str | None:
    """Return the sha256 that a config names, "" if it is damaged, None if there is none."""
    try:
        return str(json.loads((place / CONFIG_FILE).read_bytes())["sha256"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return ""


def _install(files: dict[str, Path], folder: Path, name: str, *, is_same: bool) -> None:
    draft, place, old = _places(folder, name)
    try:
        if place.is_dir():
            shutil.copytree(place, draft, symlinks=True)
        draft.mkdir(parents=True, exist_ok=True)
        for there in [*draft.iterdir()]:
            if there.name in files or (OWN.fullmatch(there.name) and not is_same):
                there.unlink()  # nothing is written through a link
        for own, file in files.items():
            shutil.copyfile(file, draft / own)
        if place.is_dir():
            place.rename(old)
        draft.rename(place)
    finally:
        _settle(folder, name)
    update_manifest(folder)


def _settle(folder: Path, name: str) -> None:
    """Finish or undo what this pull, or one that was killed, began."""
    draft, place, old = _places(folder, name)
    shutil.rmtree(draft, ignore_errors=True)
    if old.is_dir() and not place.exists():
        old.rename(place)
    shutil.rmtree(old, ignore_errors=True)


def _places(folder: Path, name: str) -> tuple[Path, Path, Path]:
    """Return the folders of what is being written, of the network, and of the one before it."""
    return folder / f".{name}.part", folder / name, folder / f".{name}.old"
