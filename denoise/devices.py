"""Where a network runs, and in which precision."""

import contextlib
import platform

import torch

from denoise.errors import SettingError

DEVICES = ("auto", "cpu", "cuda", "mps")
DTYPES = {"auto": None, "float32": torch.float32, "bfloat16": torch.bfloat16}


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
        name: "auto", "float32" or "bfloat16"; auto: bfloat16 where the device has units for it
            and the network loses nothing by it.
        device: that the network will run on.
        bfloat16_is_harmless: to this network, as measured.

    Raises:
        SettingError: another name.
    """
    if name not in DTYPES:
        raise SettingError(f"Unknown precision {name!r}; choose one of: {', '.join(DTYPES)}.")
    chosen = DTYPES[name]
    if chosen is not None:
        return chosen
    is_fast = bfloat16_is_harmless and has_bfloat16_units(device)
    return torch.bfloat16 if is_fast else torch.float32


def has_bfloat16_units(device: torch.device) -> bool:
    """Tells whether matrix products in bfloat16 are fast there."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_amx_tile_supported())


def has_bfloat16_arithmetic(device: torch.device) -> bool:
    """Tells whether training in bfloat16 is faster there: by its units or by vector instructions.

    With the latter a step of conv-photo took 85 to 105 ms, in float32 about 140.
    """
    has_vectors = device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())
    return has_vectors or has_bfloat16_units(device)


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
