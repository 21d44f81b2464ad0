"""Denoiser: a network of the zoo at work on pictures of any type and size."""

import itertools
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from denoise.defaults import BUNDLED, DEFAULT_MODEL
from denoise.devices import choose_device, choose_dtype, device_label
from denoise.errors import ImageError, SettingError
from denoise.images.arrays import Images, from_unit, to_unit, unpack
from denoise.images.picture import Picture
from denoise.inference.detail_recovery import give_back_detail
from denoise.inference.domain_check import TOO_MUCH, misfit
from denoise.inference.level_selection import Choice, choose_sigma
from denoise.inference.noise_level import NoiseEstimate, estimate_noise
from denoise.inference.passes import Dither, Guide, Inference, Part, jpeg_dither_level
from denoise.inference.report import Denoised, Report
from denoise.inference.settings import DEFAULTS, Settings, Sigma, as_planes, cut_planes
from denoise.inference.tiling import Span, spans
from denoise.progress import OnBytes, OnTile
from denoise.weights.facts import ModelFacts
from denoise.zoo.zoo import Zoo, find_judge, partner_of

TILE = 1280  # pixels a side; much larger ones fall out of a CPU's caches
OVERLAP = 128  # pixels; in float32 what lies further off changes a pixel by under 0.005/255
# Where neighbours share the noise, a told network is given the picture with a part of the guide's
# change: of weak noise half, so that detail comes back, of strong noise so much that no more stays,
# as a standard deviation in [0,1], than the dither hides. Given 0.5, 0.66 and 0.8, six sharp
# pictures with a camera's noise of 3/255 came to 38.1, 38.0 and 37.7 dB, three with 12/255 to 26.3,
# 26.9 and 27.2.
LEAST_GIVEN, MOST_LEFT = 0.5, 2 / 255
MOSTLY = 0.5  # guided by more than that, the blind network makes most of the result

ImageT = TypeVar("ImageT", Image.Image, NDArray[Any], Tensor, Picture)


class Denoiser:
    """A network of the zoo, ready for work; one serves many threads.

    Args:
        model: its name in the zoo, or its address on the Hub, `org/repo/name@revision`, or the
            path of anyone's checkpoint, or its address, `org/repo/file` or, if it is the only
            one there, `org/repo`.
        device: "auto" (CUDA, then MPS, then CPU), "cpu", "cuda", "mps".
        dtype: "auto", "float32" or "bfloat16"; auto: bfloat16 where the device has units for it
            and the network loses under 0.02 dB by it.
        zoo: folder of the models' folders, or a `Zoo`.
        on_bytes: called with bytes done and in all, where weights must be fetched from the Hub;
            None: there is a progress bar.

    Raises:
        UnknownModelError: no such model.
        WeightsError: weights that are missing, altered or do not fit.
        SettingError: an unknown device or precision.
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        device: str = "auto",
        dtype: str = "auto",
        zoo: Path | Zoo = BUNDLED,
        on_bytes: OnBytes | None = None,
    ) -> None:
        self.device = choose_device(device)
        self.zoo = zoo if isinstance(zoo, Zoo) else Zoo(Path(zoo), takes_files=True)
        self._asked = model
        found = self.zoo.fetch(model, on_bytes)
        network, self.facts = found.load()
        self.folder, self.source, self._doubts_of_weights = (
            found.folder,
            found.source,
            found.warnings,
        )
        self.dtype = choose_dtype(dtype, self.device, bfloat16_is_harmless=self.facts.bfloat16)
        self._network = _placed(network, self.device)

    def __call__(
        self,
        image: ImageT,
        sigma: Sigma = None,
        strength: float = 1.0,
        *,
        ensemble: bool = False,
        texture: float = 0.0,
        detail: float = 0.0,
        choose: bool = False,
        on_tile: OnTile | None = None,
    ) -> ImageT:
        """Gives the denoised image: same type, shape and dtype, clamped to [0,1].

        Args:
            image: PIL image, array (H, W) or (H, W, C) of uint8, uint16 or float in [0,1],
                tensor (N, C, H, W), or `Picture`. Gray and transparency come back as they came.
            sigma: noise level as a standard deviation in [0,1]; None: auto, which judges a batch
                as one picture: denoise images of different noise one by one. With a tensor image
                also one a sample (N,) or a map (N, 1, H, W).
            strength: of the change, 0 (none) to 1.
            ensemble: average over the eight orientations: a little better, eight times slower.
            texture: 0 (faithful) to 1 (as the textured counterpart has it), where there is one.
            detail: share of the removed detail that is given back, 0 (none) to 1.
            choose: try several noise levels on pieces of the picture, judge them without the
                clean one, and use the best; some seconds more.
            on_tile: called with tiles done and in all, each pass of a network over one counted;
                what it raises stops the work at once.

        Raises:
            ImageError: an image of another type, or of a size that the model does not take.
            SettingError: a setting out of range, or texture where there is no counterpart.
        """
        settings = Settings(sigma, strength, ensemble, texture, detail, choose)
        denoised: ImageT = self.run(image, settings, on_tile=on_tile, always_estimate=False).image
        return denoised

    def run(
        self,
        image: Image.Image | NDArray[Any] | Tensor | Picture,
        settings: Settings = DEFAULTS,
        *,
        on_tile: OnTile | None = None,
        always_estimate: bool = True,
    ) -> Denoised:
        """Does what a call does, and gives the report too.

        With `always_estimate` the report has the estimated noise level of a photo even where
        the network does not need it.
        """
        self.check(settings)
        pixels = image.pixels if isinstance(image, Picture) else image
        images, repack = unpack(pixels)
        self._check_image(images)
        told = as_planes(settings.sigma, images.shape)
        started = time.perf_counter()
        choice = None
        if settings.choose and self.facts.needs.takes_sigma:
            choice = self._choose(images)
            told = as_planes(choice.sigma, images.shape)
        plan = self._plan_sigma(images, told, always_estimate=always_estimate)
        estimated = time.perf_counter()
        inference = self._inference(plan, settings)
        result, tiles = self._denoise_tiles(images, plan.planes, inference, on_tile)
        if settings.detail > 0:
            result = give_back_detail(images, result, settings.detail)
        finished = time.perf_counter()
        report = Report(
            model=self.facts.name,
            sha256=self.facts.sha256,
            source=self.source,
            textured_by=self.facts.textured if settings.texture > 0 else None,
            guided_by=self.facts.guide if inference.guide else None,
            sigma_estimated=plan.estimated,
            sigma_used=plan.used,
            sigma_source="chosen" if choice and choice.sigma is not None else plan.source,
            jpeg_step=plan.jpeg_step if inference.guide else None,
            choice=choice,
            seconds={
                "estimate": round(estimated - started, 3),
                "network": round(finished - estimated, 3),
            },
            device=device_label(self.device),
            precision=str(self.dtype).removeprefix("torch."),
            tiles=tiles,
            size=(images.shape[2], images.shape[1]),
            warnings=(
                *self._doubts_of_weights,
                *plan.warnings,
                *self._doubts(images, result),
            ),
        )
        denoised = repack(result)
        return Denoised(
            image.with_pixels(denoised) if isinstance(image, Picture) else denoised, report
        )

    def _doubts(self, images: Images, result: Images) -> tuple[str, ...]:
        """Gives a sentence where a lesson's network was not made for the picture, as it seems."""
        if self.facts.needs.fixed_size is None:
            return ()
        pairs = zip(to_unit(images)[..., 0], to_unit(result)[..., 0], strict=True)
        if all(misfit(noisy, denoised) < TOO_MUCH for noisy, denoised in pairs):
            return ()
        name = self.facts.name
        return (" ".join([f"{name} seems not to be made for this picture.", *self.facts.limits]),)

    def check(self, settings: Settings) -> None:
        """Refuses settings that this network has no use for, whatever the picture.

        Raises:
            SettingError: texture where there is no counterpart; ensemble or detail of a network
                that is not for photos.
        """
        if settings.texture > 0 and self.facts.textured is None:
            raise SettingError(
                f"{self.facts.name} has no textured counterpart; leave texture at 0."
            )
        if self.facts.needs.fixed_size and (settings.ensemble or settings.detail > 0):
            raise SettingError(
                f"{'ensemble' if settings.ensemble else 'detail'} is for photo networks; "
                f"{self.facts.name} was not made for it."
            )

    def choose(self, image: Image.Image | NDArray[Any] | Tensor | Picture) -> Choice:
        """Gives the noise level to tell the network, and how good others would be, as estimated.

        See `choose_sigma`.

        Args:
            image: of any type that a call takes; one, not a batch.

        Raises:
            SettingError: the network cannot be told a noise level, or more than one image.
            ImageError: an image of another type.
        """
        images, _ = unpack(image.pixels if isinstance(image, Picture) else image)
        if not self.facts.needs.takes_sigma:
            raise SettingError(f"{self.facts.name} cannot be told a noise level.")
        return self._choose(images)

    def _choose(self, images: Images) -> Choice:
        if len(images) > 1:
            raise SettingError(f"A noise level is chosen for one image; these are {len(images)}.")
        auto = self._plan_sigma(images, None, always_estimate=False)  # for all of its pieces
        if auto.guided > MOSTLY:  # told alone, the network does worse, at whatever level
            return Choice(None, None, ())

        def denoise(piece: NDArray[Any], sigma: float | None) -> Any:
            return self._do(piece, auto) if sigma is None else self(piece, sigma)

        highest = self.facts.needs.trained_sigma[1]
        return choose_sigma(to_unit(images[0]), denoise, highest, zoo=self.zoo)

    def _do(self, piece: NDArray[Any], plan: "_Plan") -> Any:
        """Gives a piece of a picture, denoised as the whole is to be."""
        images, repack = unpack(piece)
        inference = self._inference(plan, DEFAULTS)
        return repack(self._denoise_tiles(images, plan.planes, inference, None)[0])

    def encode(self, image: Image.Image | NDArray[Any] | Tensor) -> Tensor:
        """Gives the codes, (N, *code_shape), that a network makes of noisy pictures.

        Args:
            image: of the network's own size, of any type that a call takes.

        Raises:
            SettingError: the network has no code, since skips lead past it.
            ImageError: an image of another type or size.
        """
        images, _ = unpack(image)
        self._check_image(images)
        pictures = torch.from_numpy(to_unit(images)).permute(0, 3, 1, 2).to(self.device)
        with torch.inference_mode():
            codes: Tensor = self._autoencoder().encode(pictures)
        return codes.cpu()

    def decode(self, codes: Tensor) -> Tensor:
        """Gives the pictures, (N, 1, H, W) in [0,1], of codes.

        Args:
            codes: (N, *code_shape), as `encode` gives them.

        Raises:
            SettingError: the network has no code, or one of another shape.
        """
        autoencoder, shape = self._autoencoder(), self.facts.needs.code_shape
        if codes.ndim == 0 or tuple(codes.shape[1:]) != shape:
            raise SettingError(
                f"The codes of {self.facts.name} are (N, {', '.join(map(str, shape or ()))}); "
                f"these are {tuple(codes.shape)}."
            )
        with torch.inference_mode():
            pictures: Tensor = autoencoder.decode(codes.float().to(self.device))
        return pictures.cpu()

    def _autoencoder(self) -> Any:
        if self.facts.needs.code_shape is None:
            raise SettingError(f"{self.facts.name} has no code of its own: skips lead past it.")
        return self._network

    @cached_property
    def _textured(self) -> tuple[nn.Module, ModelFacts]:
        """The textured counterpart, loaded when it is first needed."""
        name = str(self.facts.textured)  # `check` refuses texture where there is none
        network, facts = self.zoo.fetch(partner_of(self._asked, name)).load()
        return _placed(network, self.device), facts

    @cached_property
    def _guide(self) -> nn.Module:
        """The network that goes first at auto, loaded when it is first needed."""
        return _placed(find_judge(self.zoo, str(self.facts.guide)).load()[0], self.device)

    def _inference(self, plan: "_Plan", settings: Settings) -> Inference:
        """Gives the networks at work, and how."""
        parts = [] if plan.is_guess else [Part(self._network, 1 - settings.texture)]
        if settings.texture > 0:
            textured, facts = self._textured
            # It guesses by itself, if it can, where the level is but estimated.
            is_told = not (plan.source == "estimated" and facts.needs.blind)
            parts.append(Part(textured, settings.texture, is_told))
        at_work = tuple(part for part in parts if part.share > 0)
        takes_guided = any(part.is_told for part in at_work) or settings.texture < 1
        guide = None
        if plan.guided > 0 and takes_guided:
            guide = Guide(self._guide, plan.guided, self._network, plan.dither)
        return Inference(
            at_work, self.facts.needs, self.dtype, settings.strength, settings.ensemble, guide
        )

    def _check_image(self, images: Images) -> None:
        needs, (_, height, width, channels) = self.facts.needs, images.shape
        if needs.fixed_size is not None:
            side = needs.fixed_size
            if (height, width, channels) != (side, side, needs.channels):
                raise ImageError(
                    f"{self.facts.name} takes gray pictures of {side}x{side} pixels only; this "
                    f"one is {width}x{height} with {channels} channel(s). fit_picture makes one "
                    "that fits."
                )

    def _plan_sigma(self, images: Images, told: Tensor | None, *, always_estimate: bool) -> "_Plan":
        needs = self.facts.needs
        if not needs.takes_sigma:
            warning = (f"{self.facts.name} cannot be told a noise level; sigma was ignored.",)
            return _Plan(None, None, None, "ignored", () if told is None else warning)
        must_estimate = told is None and not needs.blind
        found = self._mean_estimate(images) if must_estimate or always_estimate else None
        estimated = None if found is None else found.sigma
        if told is not None:
            used = round(told.item(), 6) if told.numel() == 1 else None
            return _Plan(told, estimated, used, "told", self._range_warnings(told))
        if needs.blind or found is None:
            return _Plan(None, estimated, None, "guessed", ())
        # Rounded, so that the last bits of a sum, which threads may change, change no pixel.
        guided = round(max(found.camera, found.other, found.jpeg), 3) if self.facts.guide else 0.0
        level = round((1 - guided) * found.white, 4)
        planes = torch.full((1, 1, 1, 1), level)
        doubts = self._range_warnings(planes)
        dither = _dither_for(found)
        step = round(found.jpeg_step, 4) if guided and dither.least else None
        return _Plan(planes, estimated, level, "estimated", doubts, guided, dither, step)

    def _mean_estimate(self, images: Images) -> NoiseEstimate:
        found = [estimate_noise(one, zoo=self.zoo) for one in images]
        return NoiseEstimate(*np.mean(found, axis=0).tolist())

    def _range_warnings(self, planes: Tensor) -> tuple[str, ...]:
        low, high = self.facts.needs.trained_sigma
        last_bit = 1e-6  # planes are float32, the bounds are not
        if low - last_bit <= float(planes.min()) and float(planes.max()) <= high + last_bit:
            return ()
        return (
            f"Sigma is outside the range that {self.facts.name} was trained for, "
            f"{low:.3g} to {high:.3g} ({low * 255:.0f} to {high * 255:.0f}/255).",
        )

    def _denoise_tiles(
        self,
        images: Images,
        sigma: Tensor | None,
        inference: Inference,
        on_tile: OnTile | None,
    ) -> tuple[Images, int]:
        result = np.empty_like(images)
        tiles = list(self._tiles(images.shape))
        are_gray = self._taken_as_gray(images)
        count = itertools.count(1)

        def count_pass() -> None:
            if on_tile is not None:
                on_tile(next(count), len(tiles) * inference.passes)

        for samples, rows, columns in tiles:
            channels = slice(1) if are_gray[samples].all() else slice(None)
            read = to_unit(images[samples, rows.read, columns.read, channels])
            noisy = torch.from_numpy(read).permute(0, 3, 1, 2).to(self.device)
            planes = cut_planes(sigma, samples, rows.read, columns.read)
            planes = None if planes is None else planes.to(self.device)
            denoised = inference.denoise(noisy, planes, count_pass)
            unit = denoised.permute(0, 2, 3, 1).cpu().numpy()
            kept = unit[:, rows.kept_of_read, columns.kept_of_read]
            result[samples, rows.kept, columns.kept] = from_unit(kept, images.dtype)
        return result, len(tiles)

    def _taken_as_gray(self, images: Images) -> NDArray[np.bool_]:
        """Says of each image, (N,), whether the network takes one of three equal channels."""
        if not self.facts.needs.takes_gray:
            return np.zeros(len(images), bool)
        equal: NDArray[np.bool_] = (images == images[..., :1]).all(axis=(1, 2, 3))
        return equal

    def _tiles(self, shape: tuple[int, ...]) -> Iterator[tuple[slice, Span, Span]]:
        count, height, width, _ = shape
        chunk = max(1, TILE * TILE // (min(height, TILE) * min(width, TILE)))
        chunk = 1 if self.facts.needs.takes_gray else chunk  # each may be gray or not
        for first in range(0, count, chunk):
            for rows in spans(height, TILE, OVERLAP):
                for columns in spans(width, TILE, OVERLAP):
                    yield slice(first, first + chunk), rows, columns


class _Plan(NamedTuple):
    planes: Tensor | None  # (N or 1, 1, H or 1, W or 1), or None: the network guesses
    estimated: float | None
    used: float | None
    source: str
    warnings: tuple[str, ...]
    guided: float = 0.0  # share of the guide's result in what the network is given
    dither: Dither = Dither()
    jpeg_step: float | None = None

    @property
    def is_guess(self) -> bool:
        """Whether the guide does it all."""
        return self.guided == 1


def _dither_for(found: NoiseEstimate) -> Dither:
    """Gives what suits the noise; rounded, as the level is."""
    given = max(LEAST_GIVEN, 1 - MOST_LEFT / max(found.sigma, MOST_LEFT))
    adaptive = 1 - found.jpeg * (1 - found.camera)
    least = found.jpeg * jpeg_dither_level(found.jpeg_step)
    share = max(found.coloured, found.jpeg)
    return Dither(round(share, 3), round(given, 3), round(adaptive, 3), round(least, 4))


def _placed(network: nn.Module, device: torch.device) -> nn.Module:
    placed: nn.Module = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return placed
