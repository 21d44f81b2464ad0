"""The commands that bring networks and the page to the Hub; each returns its exit code."""

import json
from pathlib import Path

import click

from denoise.cli.console import FAILED_INPUT, complain
from denoise.cli.options import Command, flag
from denoise.defaults import BUNDLED
from denoise.errors import DenoiseError

PUBLISH_HELP = (
    "Upload networks with their cards, and the manifest, in one commit, which is printed. The "
    "repository is made if need be. The token is that of `hf auth login` or HF_TOKEN."
)
PULL_HELP = (
    "Fetch networks, verified, and their cards into a folder. Another network of the same name "
    "that is there already stays, unless --overwrite is given."
)
DEPLOY_HELP = (
    "Make a Space on the Hugging Face Hub of this clone, or bring it up to date: app.py, the "
    "package, the weights, requirements, README and licence, in one commit. Wants a token that may "
    "write, in HF_TOKEN or from `hf auth login`."
)
repo_option = click.option(
    "--repo",
    envvar="DENOISE_HUB_REPO",
    required=True,
    metavar="ORG/NAME",
    help="on the Hub (DENOISE_HUB_REPO)",
)


@click.command(cls=Command, short_help="upload networks to the Hub", help=PUBLISH_HELP)
@click.argument(
    "names", nargs=-1, required=True, metavar="NAME...", help="of networks in the folder"
)
@flag("--private", help="of a repository made for this")
@flag("--dry-run", help="only list what would be uploaded")
@click.option(
    "--zoo",
    "folder",
    type=Path,
    default=BUNDLED,
    metavar="DIR",
    help="folder of networks, such as runs (the bundled ones)",
)
@repo_option
def publish(names: tuple[str, ...], private: bool, dry_run: bool, folder: Path, repo: str) -> int:
    """Upload networks, and print the commit."""
    from denoise.hub.publish import pack_models, publish_models

    parcel = pack_models(names, folder)
    if dry_run:
        for path, content in sorted(parcel.files.items()):
            size = content.stat().st_size if isinstance(content, Path) else len(content)
            print(f"{size:>12,}  {path}")
        print("README.md and manifest.json of the repository would be brought up to date, too.")
        print(f"Nothing was uploaded to {repo}.")
        return 0
    print(publish_models(parcel, repo, is_private=private))
    return 0


@click.command(cls=Command, short_help="fetch networks from the Hub", help=PULL_HELP)
@click.argument("names", nargs=-1, metavar="[NAME...]", help="(all of the repository)")
@click.option(
    "--revision", metavar="REVISION", help="branch, tag or 40 hex digits of a commit (main)"
)
@click.option(
    "-o",
    "--output",
    type=Path,
    default=BUNDLED,
    metavar="DIR",
    help="folder that they go to (that of the bundled ones)",
)
@flag("--overwrite", help="replace another network of the same name")
@repo_option
def pull(
    names: tuple[str, ...], revision: str | None, output: Path, overwrite: bool, repo: str
) -> int:
    """Write networks of a repository into a folder; one that fails stops no other."""
    from denoise.hub.pull import pull_model
    from denoise.hub.repository import Repository

    repository = Repository(repo, revision)
    failed = 0
    for name in names or sorted(repository.entries()):
        try:
            place = pull_model(name, repository, output, is_replacing=overwrite)
        except DenoiseError as error:
            failed = complain(str(error), FAILED_INPUT)
        else:
            print(f"Wrote {place}, of {repository}.")
    return failed


@click.command(cls=Command, short_help="make or update a Space", help=DEPLOY_HELP)
@click.option("--repo", required=True, metavar="USER/SPACE", help="the Space")
@flag("--private", help="make a new Space private")
@flag("--zero-gpu", help="on ZeroGPU, with a PyTorch that runs there")
@flag("--dry-run", help="say what would be done")
@flag("--json", "as_json", help="print one report as JSON")
def deploy(repo: str, private: bool, zero_gpu: bool, dry_run: bool, as_json: bool) -> int:
    """Make or update a Space, or say what that would be."""
    from denoise.hub.space import deploy as upload
    from denoise.hub.space import plan

    wanted = plan(repo, is_zero_gpu=zero_gpu, is_private=private)
    address = None if dry_run else upload(wanted)
    if as_json:
        facts = {"repo": wanted.repo, "files": list(wanted.files), "size_bytes": wanted.size_bytes}
        print(json.dumps({**facts, "commit": address}))
    elif address is None:
        print("\n".join([*wanted.files, f"{wanted} would go to the Space {wanted.repo}."]))
    else:
        print(f"{wanted} are in the Space {wanted.repo}: {address}")
    return 0
