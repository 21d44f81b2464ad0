"""Where a network runs, and in which precision."""

import contextlib
import platform

import torch

from denoise.defaults import DEVICES, DTYPES
from denoise.errors import SettingError


def choose_device(name: str = "auto") -> torch.device:
    """Gives the device of that name; auto: CUDA, then MPS, then the CPU.

    Raises:
        SettingError: an unknown device, or one that this machine has not got.
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
    """Gives the precision of the network's inner layers.

    Args:
        name: "auto", "float32" or "bfloat16"; auto: bfloat16 where it is faster on the device
            and the network loses nothing by it.
        device: that the network will run on.
        bfloat16_is_harmless: to this network, as measured.

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
    """Tells whether bfloat16 is faster than float32 there, by matrix units or by instructions.

    On CPUs that is AMX (several times as fast), or AVX-512 with bfloat16 (half as fast again).
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    has_instructions = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return device.type == "cpu" and bool(has_instructions)


def device_label(device: torch.device) -> str:
    """Gives the device in words, such as "NVIDIA H200" or "CPU (2 threads)"."""
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
