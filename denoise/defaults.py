"""Defaults and allowed values; quick to import, so that `--help` is fast."""

from pathlib import Path

__version__ = "0.2.0"  # pyproject.toml reads it here
DEFAULT_MODEL = "conv-photo"
DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = ("auto", "float32", "bfloat16")
LEVELS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)  # of noise, in a sweep
_HERE = Path(__file__).resolve().parent
_PACKED = _HERE / "_weights"  # which setup.py puts into a wheel
BUNDLED = _PACKED if _PACKED.is_dir() else _HERE.parent / "weights"
ESTIMATOR = "blind-photo"  # estimates the level of white and of correlated noise
