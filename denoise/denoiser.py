"""Denoiser: a network of the zoo at work on pictures of any type and size."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from denoise.conversion import Images, from_unit, to_unit, unpack
from denoise.devices import choose_device, choose_dtype, device_label
from denoise.errors import ImageError, SettingError
from denoise.estimate import estimate_sigma
from denoise.images import Picture, fit_square
from denoise.sigma import Sigma, as_planes, check_share, cut_planes
from denoise.tiles import Span, spans
from denoise.weights import load_network, read_facts

DEFAULT_MODEL = "conv-photo"
TILE = 1024  # pixels a side; larger tiles fall out of a CPU's caches
OVERLAP = 64  # pixels; what lies further off changes a pixel by less than 0.03/255 in float32

ImageT = TypeVar("ImageT", Image.Image, NDArray[Any], Tensor, Picture)
OnTile = Callable[[int, int], None]


@dataclass(frozen=True)
class Report:
    """What was done to a picture, and with what."""

    model: str
    sha256: str  # of the weights
    sigma_estimated: float | None
    sigma_used: float | None  # None where the network guessed, or was given a map
    sigma_source: str  # told, guessed, estimated or ignored
    seconds: dict[str, float]  # by stage
    device: str
    precision: str
    tiles: int
    size: tuple[int, int]  # width, height
    warnings: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Gives the report as JSON holds it."""
        return asdict(self)


class Denoised(NamedTuple):
    """A denoised image, of the type that came in, and the report on it."""

    image: Any
    report: Report


class Denoiser:
    """A network of the zoo, ready for work; one serves many threads.

    Args:
        model: its name in the zoo.
        device: "auto" (CUDA, then MPS, then CPU), "cpu", "cuda", "mps".
        dtype: "auto", "float32" or "bfloat16"; auto: bfloat16 where the device has units for it
            and the network loses under 0.02 dB by it.

    Raises:
        UnknownModelError: no such model.
        WeightsError: weights that are missing, altered or do not fit.
        SettingError: an unknown device or precision.
    """

    def __init__(
        self, model: str = DEFAULT_MODEL, *, device: str = "auto", dtype: str = "auto"
    ) -> None:
        self.device = choose_device(device)
        network, self.facts = load_network(model)
        self.dtype = choose_dtype(dtype, self.device, bfloat16_is_harmless=self.facts.bfloat16)
        self._network = network.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(
        self,
        image: ImageT,
        sigma: Sigma = None,
        strength: float = 1.0,
        *,
        ensemble: bool = False,
        on_tile: OnTile | None = None,
    ) -> ImageT:
        """Gives the denoised image: same type, shape and dtype, clamped to [0,1].

        Args:
            image: PIL image, array (H, W) or (H, W, C) of uint8, uint16 or float in [0,1],
                tensor (N, C, H, W), or `Picture`. Gray and transparency come back as they came.
            sigma: noise level as a standard deviation in [0,1]; None: auto. With a tensor image
                also one a sample (N,) or a map (N, 1, H, W).
            strength: of the change, 0 (none) to 1.
            ensemble: average over the eight orientations: a little better, eight times slower.
            on_tile: called with tiles done and in all; what it raises stops the work at once.

        Raises:
            ImageError: an image of another type, or of a size that the model does not take.
            SettingError: sigma or strength out of range.
        """
        done = self.run(
            image, sigma, strength, ensemble=ensemble, on_tile=on_tile, always_estimate=False
        )
        denoised: ImageT = done.image
        return denoised

    def run(
        self,
        image: Image.Image | NDArray[Any] | Tensor | Picture,
        sigma: Sigma = None,
        strength: float = 1.0,
        *,
        ensemble: bool = False,
        on_tile: OnTile | None = None,
        always_estimate: bool = True,
    ) -> Denoised:
        """Does what a call does, and gives the report too.

        With `always_estimate` the report has the estimated noise level of a photo even where
        the network does not need it.
        """
        check_share("strength", strength)
        pixels = image.pixels if isinstance(image, Picture) else image
        images, repack = unpack(pixels)
        self._check_image(images, ensemble=ensemble)
        told = as_planes(sigma, images.shape)
        started = time.perf_counter()
        plan = self._plan_sigma(images, told, always_estimate=always_estimate)
        estimated = time.perf_counter()
        work = _Work(plan.planes, strength, ensemble)
        result, tiles = self._denoise_tiles(images, work, on_tile)
        finished = time.perf_counter()
        report = Report(
            model=self.facts.name,
            sha256=self.facts.sha256,
            sigma_estimated=plan.estimated,
            sigma_used=plan.used,
            sigma_source=plan.source,
            seconds={
                "estimate": round(estimated - started, 3),
                "network": round(finished - estimated, 3),
            },
            device=device_label(self.device),
            precision=str(self.dtype).removeprefix("torch."),
            tiles=tiles,
            size=(images.shape[2], images.shape[1]),
            warnings=plan.warnings,
        )
        denoised = repack(result)
        return Denoised(
            image.with_pixels(denoised) if isinstance(image, Picture) else denoised, report
        )

    def _check_image(self, images: Images, *, ensemble: bool) -> None:
        needs, (_, height, width, channels) = self.facts.needs, images.shape
        if needs.fixed_size is not None:
            side = needs.fixed_size
            if (height, width, channels) != (side, side, needs.channels):
                raise ImageError(
                    f"{self.facts.name} takes gray pictures of {side}x{side} pixels only; this "
                    f"one is {width}x{height} with {channels} channel(s). fit_picture makes one "
                    "that fits."
                )
            if ensemble:
                raise SettingError(
                    f"ensemble turns and mirrors the picture, which {self.facts.name} was not "
                    "trained for; it is for photo networks."
                )

    def _plan_sigma(self, images: Images, told: Tensor | None, *, always_estimate: bool) -> "_Plan":
        needs = self.facts.needs
        if not needs.takes_sigma:
            warning = (f"{self.facts.name} cannot be told a noise level; sigma was ignored.",)
            return _Plan(None, None, None, "ignored", () if told is None else warning)
        must_estimate = told is None and not needs.blind
        estimated = _mean_sigma(images) if must_estimate or always_estimate else None
        if told is not None:
            used = round(told.item(), 6) if told.numel() == 1 else None
            return _Plan(told, estimated, used, "told", self._range_warnings(told))
        if needs.blind or estimated is None:
            return _Plan(None, estimated, None, "guessed", ())
        planes = torch.full((1, 1, 1, 1), estimated)
        return _Plan(planes, estimated, estimated, "estimated", self._range_warnings(planes))

    def _range_warnings(self, planes: Tensor) -> tuple[str, ...]:
        low, high = self.facts.needs.trained_sigma
        if low <= float(planes.min()) and float(planes.max()) <= high:
            return ()
        return (
            f"Sigma is outside the range that {self.facts.name} was trained for, "
            f"{low:.3g} to {high:.3g} ({low * 255:.0f} to {high * 255:.0f}/255).",
        )

    def _denoise_tiles(
        self, images: Images, work: "_Work", on_tile: OnTile | None
    ) -> tuple[Images, int]:
        result = np.empty_like(images)
        tiles = list(self._tiles(images.shape))
        for done, (samples, rows, columns) in enumerate(tiles, start=1):
            read = images[samples, rows.read, columns.read]
            sigma = cut_planes(work.sigma, samples, rows.read, columns.read)
            unit = self._denoise_tile(to_unit(read), sigma, work)
            kept = unit[:, rows.kept_of_read, columns.kept_of_read]
            result[samples, rows.kept, columns.kept] = from_unit(kept, images.dtype)
            if on_tile is not None:
                on_tile(done, len(tiles))
        return result, len(tiles)

    def _tiles(self, shape: tuple[int, ...]) -> Iterator[tuple[slice, Span, Span]]:
        count, height, width, _ = shape
        chunk = max(1, TILE * TILE // (min(height, TILE) * min(width, TILE)))
        for first in range(0, count, chunk):
            for rows in spans(height, TILE, OVERLAP):
                for columns in spans(width, TILE, OVERLAP):
                    yield slice(first, first + chunk), rows, columns

    def _denoise_tile(
        self, noisy: NDArray[np.float32], sigma: Tensor | None, work: "_Work"
    ) -> NDArray[np.float32]:
        """Gives (N, H, W, C) in [0,1] for the same."""
        picture = torch.from_numpy(noisy).permute(0, 3, 1, 2).to(self.device)
        planes = None if sigma is None else sigma.to(self.device)
        with torch.inference_mode():
            denoised = self._run_oriented(picture, planes, ensemble=work.ensemble)
            blended = torch.lerp(picture, denoised.clamp(0, 1), work.strength).clamp(0, 1)
        return blended.permute(0, 2, 3, 1).cpu().numpy()

    def _run_oriented(self, picture: Tensor, sigma: Tensor | None, *, ensemble: bool) -> Tensor:
        if not ensemble:
            return self._run_network(picture, sigma)
        total = torch.zeros_like(picture)
        for turns, mirrored in ((turns, mirrored) for turns in range(4) for mirrored in (0, 1)):
            turned = _turn(picture, turns, mirrored)
            planes = None if sigma is None else _turn(sigma, turns, mirrored)
            total += _turn_back(self._run_network(turned, planes), turns, mirrored)
        return total / 8

    def _run_network(self, picture: Tensor, sigma: Tensor | None) -> Tensor:
        height, width = picture.shape[2:]
        multiple, channels = self.facts.needs.multiple_of, self.facts.needs.channels
        padded = _pad(picture, multiple).expand(-1, channels, -1, -1)
        padded = padded.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.dtype is torch.bfloat16):
            if self.facts.needs.takes_sigma:
                planes = None if sigma is None else _pad_map(sigma, multiple)
                denoised = self._network(padded, planes)
            else:
                denoised = self._network(padded)
        result: Tensor = denoised.float()[:, :, :height, :width]
        return result if picture.shape[1] == channels else result.mean(1, keepdim=True)


def fit_picture(
    image: Image.Image | NDArray[Any] | Picture, model: str
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Gives a picture as a network of fixed size takes it, and phrases on what was done.

    The picture is turned to gray, framed to a square, shrunk and, where its ground is light,
    inverted. For networks that take any size it comes back as it is.

    Args:
        image: PIL image, array (H, W) or (H, W, C) of uint8, uint16 or float, or `Picture`.
        model: its name in the zoo.

    Raises:
        UnknownModelError: no such model.
        ImageError: an image of another type or shape.
    """
    images, _ = unpack(image.pixels if isinstance(image, Picture) else image)
    pixels = images[0] if images.shape[3] == 3 else images[0, ..., 0]
    needs = read_facts(model).needs
    if needs.fixed_size is None:
        return pixels, ()
    return fit_square(pixels, needs.fixed_size)


class _Plan(NamedTuple):
    planes: Tensor | None  # (N or 1, 1, H or 1, W or 1), or None: the network guesses
    estimated: float | None
    used: float | None
    source: str
    warnings: tuple[str, ...]


class _Work(NamedTuple):
    sigma: Tensor | None
    strength: float
    ensemble: bool


def _mean_sigma(images: Images) -> float:
    return float(np.mean([estimate_sigma(one) for one in images]))


def _pad(planes: Tensor, multiple: int) -> Tensor:
    """Extends the lower and right edge to multiples."""
    height, width = planes.shape[2:]
    missing = (0, -width % multiple, 0, -height % multiple)
    mode = "reflect" if missing[1] < width and missing[3] < height else "replicate"
    return F.pad(planes, missing, mode=mode) if any(missing) else planes


def _pad_map(sigma: Tensor, multiple: int) -> Tensor:
    return sigma if sigma.shape[2:] == (1, 1) else _pad(sigma, multiple)


def _turn(planes: Tensor, turns: int, mirrored: int) -> Tensor:
    turned = torch.rot90(planes, turns, (2, 3))
    return turned.flip(3) if mirrored else turned


def _turn_back(planes: Tensor, turns: int, mirrored: int) -> Tensor:
    return torch.rot90(planes.flip(3) if mirrored else planes, -turns, (2, 3))
