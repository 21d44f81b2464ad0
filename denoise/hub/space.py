"""Deploy a clone as a Space on the Hugging Face Hub."""

import re
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, SpaceHardware

from denoise.defaults import BUNDLED
from denoise.errors import DenoiseError
from denoise.hub.errors import explained

ROOT = Path(__file__).parents[2]
FILES = ("app.py", "requirements.txt", "README.md", "LICENSE")
FOLDERS = ("denoise", "weights")
LEFT_OUT = ("__pycache__", ".pyi", ".part")  # what tools leave among them
# ZeroGPU has PyTorch up to 2.11 (August 2026); the newest that an index has would not find its GPU.
ZERO_GPU_CEILINGS = {"torch": "2.12", "torchvision": "0.27"}
ZERO_GPU = SpaceHardware.ZERO_A10G  # whatever GPU it is today


@dataclass(frozen=True)
class Deployment:
    """What a Space is to hold."""

    repo: str  # user/space
    files: dict[str, Path | bytes]  # by path in the Space
    is_zero_gpu: bool = False
    is_private: bool = False

    @property
    def size_bytes(self) -> int:
        """The size of all files."""
        return sum(
            len(one) if isinstance(one, bytes) else one.stat().st_size
            for one in self.files.values()
        )

    def __str__(self) -> str:
        return f"{len(self.files)} files of {self.size_bytes / 1e6:.1f} MB"


def plan(
    repo: str, *, root: Path = ROOT, is_zero_gpu: bool = False, is_private: bool = False
) -> Deployment:
    """Return what a Space needs of a clone; DenoiseError: no name of a Space, or no whole clone."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo, re.ASCII):
        raise DenoiseError(f"{repo!r} is no name of a Space; it is user/space.")
    if root == ROOT and BUNDLED.parent != ROOT:
        raise DenoiseError(
            "This denoise is installed without a clone of the repository, which a Space is made "
            "of; run `python -m denoise deploy` in a clone."
        )
    missing = [name for name in (*FILES, *FOLDERS) if not (root / name).exists()]
    if missing:
        raise DenoiseError(
            f"{', '.join(missing)} of the repository is missing here; deploy from a whole clone."
        )
    below = (file for folder in FOLDERS for file in sorted((root / folder).rglob("*")))
    paths = [root / name for name in FILES] + [
        file
        for file in below
        if file.is_file() and not any(part.endswith(LEFT_OUT) for part in file.parts)
    ]
    files: dict[str, Path | bytes] = {path.relative_to(root).as_posix(): path for path in paths}
    if is_zero_gpu:
        files["requirements.txt"] = _below_ceilings(root / "requirements.txt")
    return Deployment(repo, files, is_zero_gpu, is_private)


def deploy(wanted: Deployment, *, endpoint: str | None = None) -> str:
    """Create the Space, or update it, with one commit, and return the commit's address.

    Files of an older version that this one lacks are deleted.

    Raises:
        HubError: no token, not allowed, or no network.
    """
    hub = HfApi(endpoint=endpoint)
    with explained(wanted.repo, "main", "deploying"):
        hub.create_repo(
            wanted.repo,
            repo_type="space",
            space_sdk="gradio",
            space_hardware=ZERO_GPU if wanted.is_zero_gpu else None,
            private=wanted.is_private or None,
            exist_ok=True,
        )
        ours = (*FILES, *FOLDERS)
        there = hub.list_repo_files(wanted.repo, repo_type="space")
        outdated = [file for file in there if file.partition("/")[0] in ours]
        commit = hub.create_commit(
            wanted.repo,
            [
                *(CommitOperationDelete(file) for file in outdated if file not in wanted.files),
                *(CommitOperationAdd(name, file) for name, file in wanted.files.items()),
            ],
            commit_message="Deploy denoise",
            repo_type="space",
        )
    return str(commit.commit_url)


def _below_ceilings(requirements: Path) -> bytes:
    """Return requirements with a ceiling for each library that ZeroGPU bounds."""
    text = requirements.read_text(encoding="utf-8")
    for name, top in ZERO_GPU_CEILINGS.items():
        text = re.sub(rf"^{name}>=.*", rf"\g<0>,<{top}", text, flags=re.MULTILINE)
    return text.encode()
