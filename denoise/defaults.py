"""Defaults and allowed values; quick to import, so that `--help` is fast."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

DEFAULT_MODEL = "conv-photo"
DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("auto", "float32", "bfloat16")
LEVELS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)  # of noise, in a sweep
BUNDLED = Path(__file__).resolve().parent.parent / "weights"
JUDGE = "blind-photo"  # guesses the level of white and of correlated noise alike


def version_words() -> str:
    """Return the version, or "(clone)" where the package is not installed."""
    try:
        return version("denoise")
    except PackageNotFoundError:
        return "(clone)"
