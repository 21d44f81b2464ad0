"""A zoo's manifest.json: sha256, size and place of every model, also of those on the Hub."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from denoise.errors import WeightsError
from denoise.files import write_atomically

MANIFEST_FILE = "manifest.json"
CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "README.md"


@dataclass(frozen=True)
class Entry:
    """What the manifest says of a model."""

    sha256: str  # of the weights file
    size: int  # of the weights file, in bytes
    place: str  # folder, as seen from the manifest; "." where the model lies beside it


def read_manifest(folder: Path) -> dict[str, Entry]:
    """Return what a zoo's manifest says, nothing if there is none; errors as `parse_manifest`."""
    file = folder / MANIFEST_FILE
    return parse_manifest(file.read_bytes()) if file.is_file() else {}


def parse_manifest(content: bytes) -> dict[str, Entry]:
    """Return what a manifest says of each model, by name; WeightsError: it is damaged."""
    try:
        entries = {name: Entry(**fields) for name, fields in json.loads(content)["models"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"The {MANIFEST_FILE} is damaged; restore it.") from error
    if not all(_is_plain(entry) for entry in entries.values()):
        raise WeightsError(f"The {MANIFEST_FILE} has an entry that is none; restore it.")
    return entries


def compose_manifest(entries: Mapping[str, Entry]) -> str:
    """Return the text of a manifest."""
    models = {name: asdict(entry) for name, entry in sorted(entries.items())}
    return json.dumps({"models": models}, indent=2) + "\n"


def find_entries(folder: Path) -> dict[str, Entry]:
    """Return what a manifest should say of the models in the folder."""
    return {
        config.parent.name: _describe(config.parent)
        for config in sorted(folder.glob(f"[!.]*/{CONFIG_FILE}"))
        if (config.parent / WEIGHTS_FILE).is_file()
    }


def update_manifest(folder: Path) -> None:
    """Bring a zoo's manifest up to date; what it says of models that lie elsewhere is kept.

    A zoo without a manifest gets none.
    """
    file = folder / MANIFEST_FILE
    if not file.is_file():
        return
    text = compose_manifest(read_manifest(folder) | find_entries(folder))
    write_atomically(file, text.encode())


def _describe(model: Path) -> Entry:
    sha256 = json.loads((model / CONFIG_FILE).read_text(encoding="utf-8"))["sha256"]
    return Entry(sha256, (model / WEIGHTS_FILE).stat().st_size, model.name)


def _is_plain(entry: Entry) -> bool:
    is_path = isinstance(entry.place, str) and ".." not in entry.place.split("/")
    is_inside = is_path and not entry.place.startswith("/")
    return is_inside and isinstance(entry.sha256, str) and isinstance(entry.size, int)
