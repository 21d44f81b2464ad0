"""Registry of the architectures: name -> network class and its config dataclass."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import nn

from denoise.models.classifier import Classifier, ClassifierConfig
from denoise.models.conv import (
    BottleneckAE,
    BottleneckAEConfig,
    ConvAE,
    ConvAEConfig,
    SparseAE,
    SparseAEConfig,
)
from denoise.models.dense import DenseAE, DenseAEConfig, PatchDenseAE, PatchDenseAEConfig
from denoise.models.estimator import NoiseEstimator, NoiseEstimatorConfig
from denoise.models.gan import Generator, GeneratorConfig
from denoise.models.unet import UNet, UNetConfig


class Architecture(NamedTuple):
    """A network class, built from an instance of its frozen config dataclass."""

    network: type[nn.Module]
    config: type[Any]


ARCHITECTURES = {
    "bottleneck-ae": Architecture(BottleneckAE, BottleneckAEConfig),
    "conv-ae": Architecture(ConvAE, ConvAEConfig),
    "dense-ae": Architecture(DenseAE, DenseAEConfig),
    "generator": Architecture(Generator, GeneratorConfig),
    "noise-estimator": Architecture(NoiseEstimator, NoiseEstimatorConfig),
    "patch-dense-ae": Architecture(PatchDenseAE, PatchDenseAEConfig),
    "reader": Architecture(Classifier, ClassifierConfig),
    "sparse-ae": Architecture(SparseAE, SparseAEConfig),
    "unet": Architecture(UNet, UNetConfig),
}


@dataclass(frozen=True)
class Needs:
    """What a network requires of a picture, and what it was trained for."""

    channels: int  # of the picture, 1 or 3
    domain: str  # "photo" or "28x28"
    trained_sigma: tuple[float, float]  # lowest and highest, in [0,1]
    takes_sigma: bool  # can be told the noise level
    blind: bool  # can guess it
    takes_gray: bool = False  # also as one channel; else as three equal ones
    fixed_size: int | None = None  # pixels a side, if it takes no other size
    multiple_of: int = 1  # both sides, in pixels
    receptive_field: int = 1  # pixels a side that one output pixel depends on
    code_shape: tuple[int, ...] | None = None  # of the encoder's output; None: skips bypass it


def build_network(architecture: str, config: dict[str, Any]) -> nn.Module:
    """Build an untrained network.

    Args:
        architecture: a key of `ARCHITECTURES`.
        config: the fields of its config dataclass, as JSON holds them.

    Raises:
        KeyError: no such architecture.
        TypeError: a field that the config does not have.
    """
    network, config_class = ARCHITECTURES[architecture]
    fields = {key: tuple(v) if isinstance(v, list) else v for key, v in config.items()}
    built: nn.Module = network(config_class(**fields))
    return built
