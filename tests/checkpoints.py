"""Anyone's checkpoints for tests: tiny networks of spandrel's architectures, of random weights."""

import io

import safetensors.torch
import torch
from spandrel.architectures.DRUNet import DRUNet
from spandrel.architectures.NAFNet import NAFNet


def nafnet() -> dict[str, torch.Tensor]:
    """Return the weights of a network that estimates the noise itself."""
    torch.manual_seed(0)
    return NAFNet(width=4, enc_blk_nums=[1], dec_blk_nums=[1]).state_dict()


def drunet() -> dict[str, torch.Tensor]:
    """Return the weights of a network that is told the noise level."""
    torch.manual_seed(0)
    return DRUNet(in_nc=4, out_nc=3, nc=[4, 4, 4, 4], nb=2).state_dict()


def as_safetensors(weights: dict[str, torch.Tensor]) -> bytes:
    return safetensors.torch.save(weights)


def as_pth(weights: object) -> bytes:
    file = io.BytesIO()
    torch.save(weights, file)
    return file.getvalue()
