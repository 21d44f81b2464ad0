"""One weights/<name>/ folder: facts, tensors, manifest and card; and anyone's checkpoint."""

from denoise.weights.checkpoints import is_checkpoint, load_checkpoint
from denoise.weights.facts import (
    BASELINE_CURVE_FILE,
    CURVE_FILE,
    STAMP,
    CurvePoint,
    ModelFacts,
    list_models,
    read_curve,
    read_facts,
    stamp_of,
    write_facts,
)
from denoise.weights.tensors import load_network, write_weights

__all__ = [
    "BASELINE_CURVE_FILE",
    "CURVE_FILE",
    "STAMP",
    "CurvePoint",
    "ModelFacts",
    "is_checkpoint",
    "list_models",
    "load_checkpoint",
    "load_network",
    "read_curve",
    "read_facts",
    "stamp_of",
    "write_facts",
    "write_weights",
]
