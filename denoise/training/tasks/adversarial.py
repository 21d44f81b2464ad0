"""The task of a generator that a discriminator must take for clean photographs."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from denoise.models.gan import Discriminator, DiscriminatorConfig
from denoise.training.distributed import ProcessGroup
from denoise.training.loop import Batch
from denoise.training.perceptual import Features
from denoise.training.tasks.photo import PhotoTask

DISCRIMINATOR_RATE = 2e-4
COARSE = 8  # times that pictures are shrunk for the coarse term
BLUR_SIDE = 5  # pixels; with detail only, the discriminator does not see what is smoother


@dataclass(frozen=True)
class Terms:
    """Weights of the loss terms, each a mean over its elements. Defaults: the published four."""

    adversarial: float = 0.5
    pixel: float = 1.0
    feature: float = 1.0
    smoothness: float = 1e-4
    coarse: float = 0.0  # of the distance of the shrunken pictures; it keeps the colours
    is_squared: bool = True  # whether distances of pixels and features are squared, or absolute


class AdversarialTask:
    """A photo task whose results a discriminator must take for clean pictures.

    Source: Alsaiari et al., "Image denoising using a generative adversarial network", ICICT 2019.

    Args:
        photos: makes the batches and validates.
        features: for the feature loss.
        terms: weights of the loss terms.
        discriminator: config.
        sees_detail_only: whether the discriminator sees pictures without their smooth part, so
            that it can teach texture but not shift colours.
    """

    def __init__(
        self,
        photos: PhotoTask,
        features: Features,
        terms: Terms,
        discriminator: DiscriminatorConfig,
        *,
        sees_detail_only: bool,
    ) -> None:
        self.photos = photos
        self.features = features
        self.terms = terms
        self.sees_detail_only = sees_detail_only
        self.processes = ProcessGroup()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(photos.seed)
            self.discriminator = Discriminator(discriminator)
        self.optimizer = torch.optim.Adam(
            self.discriminator.parameters(), DISCRIMINATOR_RATE, betas=(0.5, 0.99)
        )

    def sources(self) -> list[dict[str, str]]:
        """Return the name, size and licence of each source of photographs and of the features."""
        seen = {"name": f"{self.features.name}, for the feature loss", "pictures": "-"}
        return [*self.photos.sources(), seen | {"license": self.features.license}]

    def batch(self, step: int) -> Batch:
        """Return the batch of the photo task."""
        return self.photos.batch(step)

    def validate(self, network: nn.Module) -> float:
        """Return the mean PSNR in dB over the held-out photographs."""
        return self.photos.validate(network)

    def loss(self, network: nn.Module, batch: Batch) -> Tensor:
        """Train the discriminator, and return the generator's loss."""
        denoised, clean = self.photos.denoise(network, batch), batch["clean"]
        if network.training:
            self._train_discriminator(clean, denoised.detach())
        self.discriminator.requires_grad_(False)  # here it only scores
        terms = self.terms
        return (
            terms.adversarial * _cross_entropy(self._score(denoised), is_clean=True)
            + terms.pixel * self._distance(denoised, clean)
            + terms.feature * self._feature_distance(denoised, clean)
            + terms.smoothness * _total_variation(denoised)
            + terms.coarse * F.avg_pool2d(denoised - clean, COARSE).abs().mean()
        )

    def join(self, processes: ProcessGroup, device: torch.device) -> None:
        """Move discriminator and features to a device, and average gradients over the processes."""
        self.processes = processes
        self.discriminator.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.features.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the discriminator and of its optimizer."""
        return {
            "discriminator": self.discriminator.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore that state."""
        self.discriminator.load_state_dict(state["discriminator"])
        self.optimizer.load_state_dict(state["optimizer"])

    def _train_discriminator(self, clean: Tensor, denoised: Tensor) -> None:
        self.discriminator.train().requires_grad_(True)
        self.optimizer.zero_grad(set_to_none=True)
        loss = _cross_entropy(self._score(clean), is_clean=True)
        loss = loss + _cross_entropy(self._score(denoised), is_clean=False)
        loss.backward()  # type: ignore[no-untyped-call]
        self.processes.share_gradients(self.discriminator.parameters())
        self.optimizer.step()

    def _score(self, picture: Tensor) -> Tensor:
        seen = picture - _smooth(picture) if self.sees_detail_only else picture
        scores: Tensor = self.discriminator(seen)
        return scores

    def _feature_distance(self, denoised: Tensor, clean: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self.features(clean)
        pairs = zip(self.features(denoised), wanted, strict=True)
        return torch.stack([self._distance(found.float(), want) for found, want in pairs]).mean()

    def _distance(self, some: Tensor, other: Tensor) -> Tensor:
        return (F.mse_loss if self.terms.is_squared else F.l1_loss)(some, other.float())


def _cross_entropy(scores: Tensor, *, is_clean: bool) -> Tensor:
    wanted = torch.full_like(scores, float(is_clean))
    return F.binary_cross_entropy_with_logits(scores, wanted)


def _smooth(picture: Tensor) -> Tensor:
    side = BLUR_SIDE
    edge = side // 2
    padded = F.pad(picture, (edge, edge, edge, edge), mode="reflect")
    return F.avg_pool2d(padded, side, stride=1)


def _total_variation(picture: Tensor) -> Tensor:
    across = (picture[..., 1:] - picture[..., :-1]).abs().mean()
    return across + (picture[..., 1:, :] - picture[..., :-1, :]).abs().mean()
