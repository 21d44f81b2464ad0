"""What `make audit` looks at: known flaws of the locked packages, secrets, licences.

Exit code 0: nothing was found; 1: something was; 2: nothing was, but not all could be looked up.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
CLEAN, FOUND, UNKNOWN = 0, 1, 2
TIMEOUT_S = 600
CANARY = "pillow==9.0.0"  # has known flaws: a database that names none is none
PINNED = re.compile(r"^([a-z0-9-]+)==", re.MULTILINE)
SECRETS = {
    "a token of Hugging Face": r"hf_[A-Za-z0-9]{30,}",
    "a token of GitHub": r"(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})",
    "a token of PyPI": r"pypi-[A-Za-z0-9_-]{50,}",
    "a key of AWS": r"(AKIA|ASIA)[A-Z0-9]{16}",
    "a key of a language model's service": r"sk-[A-Za-z0-9_-]{32,}",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a password in an address": r"[a-z]+://[^/ :@{]+:[^/ :@{]+@[A-Za-z0-9]",
}
# What may be used, changed and handed on freely; MPL and LGPL ask for the source of their own
# files only.
FREE = re.compile(
    r"0BSD|Apache|BSD|BSL-1\.0|CC0|ISC|LGPL|MIT|MPL|Mozilla Public|PSF|Python Software|Zlib"
    r"|Unlicense"
)
NOT_SAID = {"piqa": "MIT"}  # by its repository
NVIDIA = re.compile(r"nvidia-|cuda-toolkit")  # by CUDA's terms, and not in the container


def main() -> int:
    """Print what each part found, and return the exit code."""
    flaws, unknown = find_flaws()
    found = [*flaws, *find_secrets(ROOT), *find_licences(_licences())]
    for sentence in found + unknown:
        print(sentence)
    if found:
        return FOUND
    print("Secrets, licences: nothing found." if unknown else "Nothing found.")
    return UNKNOWN if unknown else CLEAN


def find_flaws() -> tuple[list[str], list[str]]:
    """Return sentences on the known flaws of the locked packages, and on what is not known."""
    canary = _pip_audit(CANARY)
    if not any(one.get("vulns") for one in canary):
        return [], ["No database of known flaws can be reached: the locked packages are unchecked."]
    return read_answer(_pip_audit(LOCK.read_text(encoding="utf-8")))


def read_answer(answer: list[dict]) -> tuple[list[str], list[str]]:
    """Return sentences on flaws, and on packages that the database does not know."""
    flaws = [
        f"{one['name']} {one['version']} has a known flaw: {flaw['id']}, "
        f"mended in {', '.join(flaw['fix_versions']) or 'no release'}."
        for one in answer
        for flaw in one.get("vulns", [])
    ]
    skipped = [one["name"] for one in answer if "skip_reason" in one]
    if not answer or skipped:
        return flaws, [f"Not looked up: {', '.join(skipped) or 'the lock'}."]
    return flaws, []


def find_secrets(root: Path) -> list[str]:
    """Return sentences on what looks like a secret in the files that git tracks."""
    found = []
    for what, pattern in SECRETS.items():
        done = _run("git", "-C", str(root), "grep", "-lIE", "-e", pattern)
        found += [f"{file} holds {what}." for file in done.stdout.splitlines()]
    return found


def find_licences(licences: dict[str, str]) -> list[str]:
    """Return sentences on packages whose licences are none of the free ones."""
    return [
        f"{name} has the licence {text}; look whether it may be handed on."
        for name, text in licences.items()
        if not FREE.search(NOT_SAID.get(name, text)) and not NVIDIA.match(name)
    ]


def _licences() -> dict[str, str]:
    """Return the licences of the locked packages that are installed beside this environment."""
    python = ROOT / ".venv" / "bin" / "python"
    names = PINNED.findall(LOCK.read_text(encoding="utf-8"))
    tool = [sys.executable, "-m", "piplicenses", "--python", str(python), "--from=mixed"]
    done = _run(*tool, "--format=json", "--packages", *names)
    return {one["Name"]: one["License"] for one in json.loads(done.stdout)}


def _pip_audit(requirements: str) -> list[dict]:
    """Return what pip-audit says of each pinned package; nothing where it cannot ask."""
    tool = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--format=json"]
    done = _run(*tool, "--progress-spinner=off", "-r", "/dev/stdin", text=requirements)
    try:
        return json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        return []


def _run(*command: str, text: str = "") -> subprocess.CompletedProcess:
    return subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


if __name__ == "__main__":
    sys.exit(main())
