"""The device and the precision that a network runs with."""

import contextlib
import platform

import torch

from denoise.defaults import DEVICES, DTYPES
from denoise.errors import SettingError


def choose_device(name: str = "auto") -> torch.device:
    """Return the device of that name; auto: CUDA, then MPS, then the CPU.

    Raises:
        SettingError: an unknown device, or one that this machine does not have.
    """
    if name == "auto":
        name = next(kind for kind in ("cuda", "mps", "cpu") if _is_there(kind))
    kind = name.split(":")[0]
    if kind not in DEVICES:
        raise SettingError(f"Unknown device {name!r}; choose one of: {', '.join(DEVICES)}.")
    if not _is_there(kind):
        raise SettingError(f"This machine has no {kind} device; choose auto or cpu.")
    with contextlib.suppress(RuntimeError):
        return torch.device(name)
    raise SettingError(f"Unknown device {name!r}; a numbered one is written cuda:0.")


def choose_dtype(name: str, device: torch.device, *, bfloat16_is_harmless: bool) -> torch.dtype:
    """Return the precision of the network's inner layers.

    Args:
        name: "auto", "float32" or "bfloat16"; auto: bfloat16 if it is faster on the device
            and does no harm.
        device: that the network will run on.
        bfloat16_is_harmless: whether it does this network no harm, as measured.

    Raises:
        SettingError: another name.
    """
    if name not in DTYPES:
        raise SettingError(f"Unknown precision {name!r}; choose one of: {', '.join(DTYPES)}.")
    if name != "auto":
        chosen: torch.dtype = getattr(torch, name)
        return chosen
    is_fast = bfloat16_is_harmless and has_fast_bfloat16(device)
    return torch.bfloat16 if is_fast else torch.float32


def has_fast_bfloat16(device: torch.device) -> bool:
    """Return whether the device computes faster in bfloat16 than in float32.

    CPUs do with AMX (several times as fast) or AVX-512 with bfloat16 (1.5 times as fast).
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    has_instructions = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return device.type == "cpu" and bool(has_instructions)


def device_label(device: torch.device) -> str:
    """Return the device's name, such as "NVIDIA H200" or "CPU (2 threads)"."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    if device.type == "mps":
        return f"Apple GPU ({platform.machine()})"
    threads = torch.get_num_threads()
    return f"CPU ({threads} thread{'s' if threads > 1 else ''})"


def _is_there(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.is_available()
    return kind == "cpu" or torch.backends.mps.is_available()
