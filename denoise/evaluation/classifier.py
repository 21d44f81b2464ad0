"""Classifiers of 28x28 pictures: does denoising help to recognise digits and clothing?"""

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from denoise.defaults import BUNDLED
from denoise.devices import choose_device
from denoise.errors import ImageError
from denoise.images.arrays import to_unit, unpack
from denoise.weights.tensors import load_network

CLASSIFIERS = BUNDLED / "readers"
CLOTHING = "T-shirt, trousers, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot"
LABELS = {"reader-mnist": tuple("0123456789"), "reader-fashion": tuple(CLOTHING.split(", "))}


class Prediction(NamedTuple):
    """What the classifier sees in a picture."""

    label: str
    probability: float  # of the label; too high on noisy pictures


class Classifier:
    """A classifier trained on clean pictures, a key of `LABELS`; one serves many threads.

    The device is as for `Denoiser`.

    Raises:
        UnknownModelError: there is no such classifier.
        WeightsError: the weights are missing, altered or do not fit.
    """

    def __init__(self, name: str, *, device: str = "auto") -> None:
        self.device = choose_device(device)
        network, self.facts = load_network(name, CLASSIFIERS)
        self._network = network.to(self.device)

    def __call__(self, image: Any) -> list[Prediction]:
        """Return a prediction for each gray picture of 28x28 pixels.

        It is of any type that `Denoiser` takes; a tensor (N, 1, 28, 28) may hold several pictures.

        Raises:
            ImageError: the picture has another size or colour.
        """
        probabilities = self.probabilities(image)
        best = probabilities.argmax(axis=1)
        labels = LABELS[self.facts.name]
        return [
            Prediction(labels[index], float(row[index]))
            for index, row in zip(best, probabilities, strict=True)
        ]

    def probabilities(self, image: Any) -> NDArray[np.float32]:
        """Return the probability of each label, (N, 10), in the order of `LABELS`."""
        images, _ = unpack(image)
        side, channels = self.facts.needs.fixed_size, self.facts.needs.channels
        if images.shape[1:] != (side, side, channels):
            raise ImageError(
                f"{self.facts.name} reads gray pictures of {side}x{side} pixels; this one is "
                f"{images.shape[2]}x{images.shape[1]} with {images.shape[3]} channel(s)."
            )
        pictures = torch.from_numpy(to_unit(images)).permute(0, 3, 1, 2).to(self.device)
        with torch.inference_mode():
            found: NDArray[np.float32] = self._network(pictures).softmax(dim=1).cpu().numpy()
        return found
