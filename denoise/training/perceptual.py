"""Features of a trained network, for the feature loss."""

from typing import cast

import torch
from torch import Tensor, nn

from denoise.models.unet import UNet
from denoise.weights.tensors import load_network

VGG_LAYERS = 9  # of VGG16, up to the ReLU of its second convolution in the second block
VGG_MEAN, VGG_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
LEVELS = 2  # of the photo network's encoder, at half and at a quarter of the resolution


class VggFeatures(nn.Module):
    """Features of VGG16 at relu2_2, as perceptual losses use them (Johnson et al., ECCV 2016)."""

    name = "VGG16 at relu2_2"
    license = "BSD-3-Clause"
    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        """Load the weights through torchvision.

        Raises:
            OSError: the weights are not in the cache and cannot be downloaded.
        """
        from torchvision.models import VGG16_Weights, vgg16

        super().__init__()
        self.layers = vgg16(weights=VGG16_Weights.IMAGENET1K_V1).features[:VGG_LAYERS]
        self.register_buffer("mean", torch.tensor(VGG_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(VGG_STD).view(1, 3, 1, 1))

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Return [(N, 128, H/2, W/2)] for (N, 3, H, W) in [0,1]."""
        return [self.layers((picture - self.mean) / self.std)]


class PhotoFeatures(nn.Module):
    """Features of blind-photo's encoder, told that there is no noise."""

    name = "the encoder of blind-photo"
    license = "Apache-2.0"

    def __init__(self) -> None:
        super().__init__()
        network, _ = load_network("blind-photo")
        self.network = cast(UNet, network)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Return (N, 32, H/2, W/2) and (N, 64, H/4, W/4) for (N, 3, H, W) in [0,1]."""
        return self.network.features(picture, picture.new_zeros(1, 1, 1, 1), levels=LEVELS)


Features = VggFeatures | PhotoFeatures


def load_features(*, is_local: bool = False) -> Features:
    """Load the features of VGG16 or, if its weights are not available, of blind-photo.

    Args:
        is_local: whether to use those of blind-photo, which need no download.
    """
    try:
        features: Features = PhotoFeatures() if is_local else VggFeatures()
    except OSError:
        features = PhotoFeatures()
    features.eval().requires_grad_(False)
    return features
