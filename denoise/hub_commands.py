"""The commands that bring networks to the Hub and from there; each gives its exit code."""

import argparse
from pathlib import Path

from denoise.batch import FAILED_INPUT, complain
from denoise.errors import DenoiseError


def publish_command(options: argparse.Namespace) -> int:
    """Uploads networks, and prints the commit."""
    from denoise.hub.publish import pack_models, publish_models

    parcel = pack_models(options.names, options.folder)
    if options.dry_run:
        for path, content in sorted(parcel.files.items()):
            size = content.stat().st_size if isinstance(content, Path) else len(content)
            print(f"{size:>12,}  {path}")
        print("README.md and manifest.json of the repository would be brought up to date, too.")
        print(f"Nothing was uploaded to {options.repo}.")
        return 0
    print(publish_models(parcel, options.repo, is_private=options.private))
    return 0


def pull_command(options: argparse.Namespace) -> int:
    """Writes networks of a repository into a folder; one that fails stops no other."""
    from denoise.hub.pull import pull_model
    from denoise.hub.repository import Repository

    repository = Repository(options.repo, options.revision)
    failed = 0
    for name in options.names or sorted(repository.entries()):
        try:
            place = pull_model(name, repository, options.output, is_replacing=options.overwrite)
        except DenoiseError as error:
            failed = complain(str(error), FAILED_INPUT)
        else:
            print(f"Wrote {place}, of {repository}.")
    return failed
