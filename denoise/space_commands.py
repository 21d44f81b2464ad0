"""The command that makes a Space; it gives its exit code."""

import argparse
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from denoise.hub.space import Deployment

DEPLOY_HELP = (
    "Make a Space on the Hugging Face Hub of this clone, or bring it up to date: app.py, the "
    "package, the weights, requirements, README and licence, in one commit. Wants a token that may "
    "write, in HF_TOKEN or from `hf auth login`."
)


def add_deploy(sub: Any) -> None:
    """Adds the command to the command line."""
    command = sub.add_parser("deploy", help="make or update a Space", description=DEPLOY_HELP)
    command.add_argument("--repo", required=True, metavar="USER/SPACE", help="the Space")
    command.add_argument("--private", action="store_true", help="for nobody else, if it is made")
    command.add_argument(
        "--zero-gpu", action="store_true", help="on ZeroGPU, with a PyTorch that runs there"
    )
    command.add_argument("--dry-run", action="store_true", help="say what would be done")
    command.add_argument("--json", action="store_true", help="print one report as JSON")
    command.set_defaults(command=deploy_command)


def deploy_command(options: argparse.Namespace) -> int:
    """Makes or updates a Space, or says what that would be."""
    from denoise.hub.space import deploy, plan

    wanted = plan(options.repo, is_zero_gpu=options.zero_gpu, is_private=options.private)
    address = None if options.dry_run else deploy(wanted)
    if options.json:
        print(json.dumps(_report(wanted, address)))
    elif address is None:
        print("\n".join([*wanted.files, f"{_amount(wanted)} would go to the Space {wanted.repo}."]))
    else:
        print(f"{_amount(wanted)} are in the Space {wanted.repo}: {address}")
    return 0


def _amount(wanted: "Deployment") -> str:
    return f"{len(wanted.files)} files of {wanted.size_bytes / 1e6:.1f} MB"


def _report(wanted: "Deployment", address: str | None) -> dict[str, Any]:
    return {
        "repo": wanted.repo,
        "files": list(wanted.files),
        "size_bytes": wanted.size_bytes,
        "commit": address,
    }
