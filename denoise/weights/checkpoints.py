"""Load anyone's checkpoint, by the architectures that spandrel knows."""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from denoise.errors import UnknownModelError, WeightsError
from denoise.extras import optional
from denoise.models import Needs
from denoise.weights.facts import ModelFacts
from denoise.weights.tensors import count_parameters

SAFE = ".safetensors"
PICKLED = (".pth", ".pt", ".ckpt")  # read as tensors only, never as code
EXTRA = "community"


def is_checkpoint(model: str) -> bool:
    """Tell whether a model is named by its file rather than by its name in the zoo."""
    return model.lower().endswith((SAFE, *PICKLED))


class Checkpoint(NamedTuple):
    """A denoising network in float32, and what its file tells about it."""

    network: nn.Module
    facts: ModelFacts


def read_checkpoint(file: Path) -> bytes:
    """Return the content of a checkpoint; UnknownModelError: no such file."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnknownModelError(
            f"There is no checkpoint {file.name} that can be read; give the path of one."
        ) from error


def load_checkpoint(
    content: bytes, file: str, name: str | None = None, *, sha256: str = ""
) -> Checkpoint:
    """Return the denoising network in a checkpoint.

    The content is safetensors or, as the ending of its file's name says, a pickle of nothing but
    tensors. Without a name, the model gets the file's, without its ending. The content is hashed
    unless its `sha256` is given.

    Raises:
        WeightsError: it cannot be read safely, or holds no network that removes noise.
        DenoiseError: spandrel is not installed.
    """
    spandrel = optional("spandrel", EXTRA)
    tensors = spandrel.canonicalize_state_dict(_tensors(content, file))
    try:
        found = spandrel.ModelLoader().load_from_state_dict(tensors)
    except spandrel.UnsupportedModelError as error:
        raise WeightsError(
            f"{file} holds no architecture that spandrel knows; it knows DnCNN, DRUNet, "
            "SCUNet, NAFNet, SwinIR and some more."
        ) from error
    except (KeyError, ValueError, RuntimeError, TypeError) as error:
        raise WeightsError(f"The weights in {file} do not fit their architecture.") from error
    _check_purpose(found, file)
    network = _ForeignNetwork(found).float().eval().requires_grad_(False)
    sha256 = sha256 or hashlib.sha256(content).hexdigest()
    return Checkpoint(network, _facts(found, network, file, name or Path(file).stem, sha256))


def _facts(found: Any, network: "_ForeignNetwork", file: str, name: str, sha256: str) -> ModelFacts:
    limits = ["Neither trained nor measured by this project; its source says what it is for."]
    if found.tiling.name != "SUPPORTED":
        limits += ["It looks at the picture as a whole: at the seams of tiles it may differ."]
    return ModelFacts(
        name=name,
        summary=f"A {found.architecture.id} from {file}.",
        architecture=found.architecture.id,
        config={"tags": list(found.tags)},
        needs=Needs(
            channels=3,
            domain="photo",
            trained_sigma=(0.0, 1.0),  # nobody says
            takes_sigma=network.is_told,
            blind=not network.is_told,
            takes_gray=network.is_gray,
            multiple_of=found.size_requirements.multiple_of,
        ),
        sha256=sha256,
        parameters=count_parameters(network),
        limits=limits,
        license="stated by its source",
    )


class _ForeignNetwork(nn.Module):
    """A network of spandrel's with the call of this project's networks.

    One for gray pictures takes each channel of (N, C, H, W) as a picture.
    """

    def __init__(self, found: Any) -> None:
        super().__init__()
        self.network: nn.Module = found.model
        self.is_gray = found.input_channels == 1
        self.is_told = found.architecture.id == "DRUNet" or "FDnCNN" in found.tags
        self._call: Callable[[Tensor], Tensor] = found  # pads the picture as the network needs it

    def forward(self, noisy: Tensor, sigma: Tensor | None = None) -> Tensor:
        count, channels, height, width = noisy.shape
        if self.is_gray:
            noisy = noisy.reshape(-1, 1, height, width)
        if sigma is not None:  # told by a plane behind the channels
            planes = sigma.expand(count, 1, height, width)
            planes = planes.repeat_interleave(len(noisy) // count, dim=0)
            denoised: Tensor = self.network(torch.cat((noisy, planes), dim=1))
        else:
            denoised = self._call(noisy)
        return denoised.reshape(count, channels, height, width)


def _tensors(content: bytes, name: str) -> dict[str, Tensor]:
    try:
        if name.lower().endswith(SAFE):
            return safetensors.torch.load(content)
        file = io.BytesIO(content)
        loaded: dict[str, Tensor] = torch.load(file, map_location="cpu", weights_only=True)
    except safetensors.SafetensorError as error:
        raise WeightsError(f"{name} is no safetensors file, or a damaged one.") from error
    except Exception as error:  # torch.load has no error of its own
        raise WeightsError(
            f"{name} is damaged or holds more than tensors, which is not loaded since it may "
            "run code; convert it to safetensors where you trust it."
        ) from error
    return loaded


def _check_purpose(found: Any, name: str) -> None:
    channels = (found.input_channels, found.output_channels)
    if found.purpose != "Restoration" or channels not in ((1, 1), (3, 3)):
        raise WeightsError(
            f"{name} holds a {found.architecture.name}, which does not return a gray "
            "or colour picture in its own size; choose a denoiser's."
        )
