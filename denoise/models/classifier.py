"""Small convolutional classifier of 28x28 pictures: does denoising help recognition?"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class ClassifierConfig:
    """Numbers of a Classifier."""

    widths: tuple[int, ...] = (32, 64)  # of the convolutions, at 1 and 1/2 of the resolution
    hidden: int = 128  # units between the features and the classes
    classes: int = 10


class Classifier(nn.Module):
    """Two convolutions, each pooled, and two dense layers (after LeCun et al., LeNet-5, 1998)."""

    def __init__(self, config: ClassifierConfig) -> None:
        super().__init__()
        self.config = config
        one, two = config.widths
        self.convolutions = nn.ModuleList(
            (nn.Conv2d(1, one, 3, padding=1), nn.Conv2d(one, two, 3, padding=1))
        )
        self.hidden = nn.Linear(7 * 7 * two, config.hidden)
        self.classes = nn.Linear(config.hidden, config.classes)

    def forward(self, picture: Tensor) -> Tensor:
        """Return the logits, (N, classes), of pictures (N, 1, 28, 28) in [0,1]."""
        x = picture
        for conv in self.convolutions:
            x = F.max_pool2d(torch.relu(conv(x)), 2)  # (N, width, H/2, W/2)
        x = torch.relu(self.hidden(F.dropout(x.flatten(1), 0.3, self.training)))
        logits: Tensor = self.classes(x)
        return logits
