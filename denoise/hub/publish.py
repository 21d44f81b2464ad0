"""Publish networks on the Hub: their folders, cards and a manifest, in one commit."""

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from huggingface_hub import (
    CardData,
    CommitOperationAdd,
    EvalResult,
    HfApi,
    ModelCard,
    ModelCardData,
    get_token,
)
from huggingface_hub.repocard import metadata_load

from denoise.errors import SettingError
from denoise.hub.errors import explained
from denoise.hub.pull import OWN
from denoise.weights.card import compose_card
from denoise.weights.facts import ModelFacts
from denoise.weights.manifest import (
    CARD_FILE,
    MANIFEST_FILE,
    Entry,
    compose_manifest,
    find_entries,
    read_manifest,
)
from denoise.weights.tensors import load_network

OVERVIEW = """# {repo}

Networks that take noise out of pictures; each folder has a card of its own.

{lines}

`python -m denoise run noisy.png -o clean.png --model {repo}/NAME` runs one.
"""


class Parcel(NamedTuple):
    """What is uploaded."""

    files: dict[str, bytes | Path]  # content by path in the repository
    entries: dict[str, Entry]  # of the models in it
    cards: list[ModelCard]


def pack_models(names: Sequence[str], folder: Path) -> Parcel:
    """Return the verified files of models, with their cards; errors as `load_network`."""
    files: dict[str, bytes | Path] = {}
    cards = []
    for name in names:
        _, facts = load_network(name, folder)
        own = (file for file in (folder / name).iterdir() if OWN.fullmatch(file.name))
        files |= {f"{name}/{file.name}": file for file in sorted(own)}
        cards.append(compose_published_card(facts, folder / name))
        files[f"{name}/{CARD_FILE}"] = str(cards[-1]).encode()
    found = find_entries(folder)
    return Parcel(files, {name: found[name] for name in names}, cards)


def publish_models(
    parcel: Parcel,
    repo: str,
    *,
    is_private: bool = False,
    endpoint: str | None = None,
    token: str | None = None,
) -> str:
    """Upload models in one commit, beside those that are there, and return the commit.

    Raises:
        SettingError: there is no token, or the repository is public and a private one is wanted.
        HubError: the Hub does not allow it or cannot be reached.
    """
    token = token or get_token()
    if token is None:
        raise SettingError(
            "Publishing needs a token that may write: set HF_TOKEN, or log in with `hf auth login`."
        )
    api = HfApi(endpoint=endpoint, token=token)
    with explained(repo, "main", "publishing"), TemporaryDirectory() as cache:
        api.create_repo(repo, private=is_private, exist_ok=True)
        info = api.model_info(repo)
        if is_private and not info.private:
            raise SettingError(f"{repo} is public already; leave out --private, or choose another.")

        def there(path: str) -> Path | None:
            if not api.file_exists(repo, path, revision=info.sha):
                return None
            return Path(api.hf_hub_download(repo, path, revision=info.sha, cache_dir=cache))

        manifest = there(MANIFEST_FILE)
        entries = (read_manifest(manifest.parent) if manifest else {}) | parcel.entries
        files = parcel.files | {MANIFEST_FILE: compose_manifest(entries).encode()}
        files[CARD_FILE] = _overview(repo, there(CARD_FILE), parcel, entries).encode()
        done = api.create_commit(
            repo,
            [CommitOperationAdd(path, content) for path, content in files.items()],
            commit_message=f"Publish {', '.join(parcel.entries)}",
            parent_commit=info.sha,
        )
    return str(done.oid)


def _overview(repo: str, before: Path | None, parcel: Parcel, entries: dict[str, Entry]) -> str:
    """Return the repository's own card with the metadata of all models: the Hub reads no other."""
    cards = [(before and metadata_load(before)) or {}]
    cards += [card.data.to_dict() for card in parcel.cards]  # type: ignore[no-untyped-call]
    index = {one["name"]: one for card in cards for one in card.get("model-index", [])}
    metadata = {
        **cards[-1],
        "datasets": sorted({one for card in cards for one in card.get("datasets", [])}),
        "model-index": [index[name] for name in sorted(index) if name in entries],
    }
    lines = [f"- [{name}]({entries[name].place}/{CARD_FILE})" for name in sorted(entries)]
    text = OVERVIEW.format(repo=repo, lines="\n".join(lines))
    return f"---\n{CardData(**metadata).to_yaml()}\n---\n{text}"


def compose_published_card(facts: ModelFacts, folder: Path) -> ModelCard:
    """Return a card with the metadata that the Hub reads: licence, data sets, figures."""
    card = ModelCard(compose_card(facts, folder))
    card.data = ModelCardData(
        license=facts.license.lower(),
        pipeline_tag="image-to-image",
        library_name="pytorch",
        tags=["denoising", "image-to-image"],
        datasets=[_slug(row["name"]) for row in facts.training_data] or None,
        metrics=["psnr", "ssim"],
        model_name=facts.name,
        eval_results=_results(facts) or None,
    )
    return card


def _results(facts: ModelFacts) -> list[EvalResult]:
    """Return the measured figures as the Hub's model-index has them."""
    small = [(row, f"noise factor {row['factor']:g}") for row in facts.metrics.get("errors", [])]
    photo = [
        (
            row,
            f"sigma {row['sigma_255']:g}/255, {'told' if row['told'] else 'auto'}, "
            f"{'8 bits' if row['eight_bit'] else 'float'}",
        )
        for row in facts.metrics.get("table", [])
    ]
    return [
        EvalResult(
            task_type="image-to-image",
            task_name="Denoising",
            dataset_type=_slug(row["set_name"]),
            dataset_name=row["set_name"],
            metric_type=metric,
            metric_name=f"{metric.upper()}, {words}",
            metric_value=row[metric],
        )
        for row, words in small + photo
        for metric in ("psnr", "ssim")
    ]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-")
