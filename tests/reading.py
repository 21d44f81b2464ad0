"""What a reader does with a snippet: runs it in a folder with pictures."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from places import ROOT


def run(command, folder):
    """Runs a command with this Python first on the path, and gives what it prints."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": path}
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def run_python(snippet, folder):
    return run([sys.executable, "-c", snippet], folder)


def run_shell(snippet, folder):
    return run(["bash", "-euc", snippet], folder)


def run_javascript(snippet, folder):
    """Installs the npm client in the folder, and runs what needs it."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("needs Node.js")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "@gradio/client"]
    if subprocess.run(install, cwd=folder, capture_output=True, timeout=120).returncode:
        pytest.skip("the npm client cannot be installed here")
    (folder / "snippet.mjs").write_text(snippet, encoding="utf-8")
    return run(["node", "snippet.mjs"], folder)
