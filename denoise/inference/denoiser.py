"""Denoiser: a network of the zoo at work on pictures of any type and size."""

import math
import time
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from denoise.defaults import BUNDLED, DEFAULT_MODEL
from denoise.devices import choose_device, choose_dtype, device_label
from denoise.errors import SettingError
from denoise.images.arrays import FARTHEST, Unpacked, to_unit, unpack
from denoise.images.picture import Picture
from denoise.inference.detail_recovery import give_back_detail
from denoise.inference.domain_check import doubt_domain
from denoise.inference.fitting import check_size
from denoise.inference.insides import Insides, look_inside
from denoise.inference.passes import Inference, Part, Pilot
from denoise.inference.report import Denoised, Report
from denoise.inference.settings import DEFAULTS, Settings, Sigma, as_planes
from denoise.inference.sigma_plan import SigmaPlan, plan_sigma
from denoise.inference.tiling import denoise_tiles
from denoise.inference.working_space import WorkingSpace, find_working_space, holds_light
from denoise.progress import OnBytes, OnTile, Preview
from denoise.weights.facts import ModelFacts
from denoise.zoo.zoo import Zoo, find_estimator, partner_of

ImageT = TypeVar("ImageT", Image.Image, NDArray[Any], Tensor, Picture)


class Denoiser:
    """A network of the zoo, ready for work; one Denoiser serves many threads.

    Args:
        model: name in the zoo, address on the Hub (`org/repo/name@revision`), or anyone's
            checkpoint: its path, or its address (`org/repo/file`, or `org/repo` if it is the only
            one there).
        device: "auto" (CUDA, then MPS, then CPU), "cpu", "cuda" or "mps".
        dtype: "auto", "float32" or "bfloat16"; auto: bfloat16 if it is faster on the device and
            costs the network less than 0.02 dB.
        zoo: folder of the models' folders, or a `Zoo`.
        on_bytes: called with bytes done and total while weights are fetched from the Hub; None:
            a progress bar.

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
        self.folder, self.source = found.folder, found.source
        self._doubts_of_weights = found.warnings
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
        linear: bool = False,
        on_tile: OnTile | None = None,
    ) -> ImageT:
        """Return the denoised image: same type, shape and dtype, clamped to [0,1].

        Args:
            image: PIL image, array (H, W) or (H, W, C) of uint8, uint16 or float in [0,1],
                tensor (N, C, H, W), or `Picture`. Gray and transparency are kept.
            sigma: noise level as a standard deviation in [0,1]; for a tensor also one level per
                sample (N,) or a map (N, 1, H, W). None: auto, which estimates one level for a
                whole batch, so call it once for each image with different noise.
            strength: of the change, 0 (none) to 1.
            ensemble: average over the eight orientations: a little better, eight times slower.
            texture: 0 (faithful) to 1 (all of the textured counterpart), where there is one.
            detail: share of the removed detail that is given back, 0 (none) to 1.
            linear: whether values are proportional to light, as in a renderer's or a raw
                developer's; files whose profile says so need no telling.
            on_tile: called after every pass of a network over a tile, with passes done and total;
                what it raises stops the work at once.

        Raises:
            ImageError: an image of another type, or of a size that the model does not take.
            SettingError: a setting out of range, or texture where there is no counterpart.
            WeightsError: the network gave NaN or infinity.
        """
        settings = Settings(
            sigma=sigma,
            strength=strength,
            ensemble=ensemble,
            texture=texture,
            detail=detail,
            linear=linear,
        )
        denoised: ImageT = self.run(image, settings, on_tile=on_tile, always_estimate=False).image
        return denoised

    def run(
        self,
        image: Image.Image | NDArray[Any] | Tensor | Picture,
        settings: Settings = DEFAULTS,
        *,
        on_tile: OnTile | None = None,
        always_estimate: bool = True,
        preview: Preview | None = None,
        plan: SigmaPlan | None = None,
    ) -> Denoised:
        """Denoise an image as a call does, and report on it.

        With `always_estimate`, the report has the estimated noise level of a photo even if the
        network does not need it. A preview gets what is denoised as soon as it is. The plan is
        that of an earlier run at auto, of which the image is a part; None: made anew.
        """
        self.check(settings)
        given, repack = _unpack(image, is_linear=settings.linear)
        check_size(given, self.facts)
        space = find_working_space(image, given, is_linear=settings.linear)
        images = space.images
        started = time.perf_counter()
        if plan is None:
            told = as_planes(settings.sigma, images.shape)
            plan = plan_sigma(
                images, told, self.facts, zoo=self.zoo, always_estimate=always_estimate
            )
        planned = time.perf_counter()
        if preview is not None:
            preview.begin(plan)
            preview = _Back(preview, space) if space.steps else preview
        inference = self._inference(plan, settings)
        result, tiles = denoise_tiles(images, plan.planes, inference, self.device, on_tile, preview)
        if settings.detail > 0:
            result = give_back_detail(images, result, settings.detail)
        finished = time.perf_counter()
        has_pilot = inference.pilot is not None
        report = Report(
            model=self.facts.name,
            sha256=self.facts.sha256,
            source=self.source,
            textured_by=self.facts.textured if settings.texture > 0 else None,
            guided_by=self.facts.guide if has_pilot else None,
            sigma_estimated=plan.estimated,
            sigma_used=plan.used,
            sigma_source=plan.source,
            jpeg_step=plan.jpeg_step if has_pilot else None,
            seconds={
                "estimate": round(planned - started, 3),
                "network": round(finished - planned, 3),
            },
            device=device_label(self.device),
            precision=str(self.dtype).removeprefix("torch."),
            tiles=tiles,
            size=(images.shape[2], images.shape[1]),
            warnings=(
                *self._doubts_of_weights,
                *space.notes,
                *plan.warnings,
                *doubt_domain(images, result, self.facts),
            ),
        )
        return Denoised(repack(space.back(result)), report)

    def check(self, settings: Settings) -> None:
        """Refuse settings that this network has no use for, whatever the picture.

        Raises:
            SettingError: texture where there is no counterpart; ensemble or detail for a network
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

    def encode(self, image: Image.Image | NDArray[Any] | Tensor) -> Tensor:
        """Return the codes, (N, *code_shape), that a network makes of noisy pictures of its size.

        Raises:
            SettingError: the network has no code, since skips bypass it.
            ImageError: an image of a type that a call does not take, or of another size.
        """
        images, _ = unpack(image)
        check_size(images, self.facts)
        pictures = torch.from_numpy(to_unit(images)).permute(0, 3, 1, 2).to(self.device)
        with torch.inference_mode():
            codes: Tensor = self._autoencoder().encode(pictures)
        return codes.cpu()

    def decode(self, codes: Tensor) -> Tensor:
        """Return the pictures, (N, 1, H, W) in [0,1], of codes as `encode` returns them.

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

    def look_inside(self, image: Image.Image | NDArray[Any] | Tensor) -> Insides:
        """Return how the network works on one noisy picture of its size.

        Raises:
            SettingError: the network has no code, since skips bypass it.
            ImageError: an image of a type that a call does not take, or of another size.
        """
        images, _ = unpack(image)
        check_size(images, self.facts)
        pictures = torch.from_numpy(to_unit(images[:1])).permute(0, 3, 1, 2).to(self.device)
        return look_inside(self._autoencoder(), pictures)

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
    def _pilot(self) -> nn.Module:
        """The network that makes the pilot estimate at auto, loaded when it is first needed."""
        return _placed(find_estimator(self.zoo, str(self.facts.guide)).load()[0], self.device)

    def _inference(self, plan: SigmaPlan, settings: Settings) -> Inference:
        """Return the networks that work on an image, and how they run."""
        parts = [] if plan.is_pilot_alone else [Part(self._network, 1 - settings.texture)]
        if settings.texture > 0:
            textured, facts = self._textured
            # If it is blind, it guesses by itself where the level is only estimated.
            is_told = not (plan.source == "estimated" and facts.needs.blind)
            parts.append(Part(textured, settings.texture, is_told))
        at_work = tuple(part for part in parts if part.share > 0)
        uses_pilot = any(part.is_told for part in at_work) or settings.texture < 1
        pilot = None
        if plan.pilot_share > 0 and uses_pilot:
            pilot = Pilot(self._pilot, plan.pilot_share, self._network, plan.dither)
        return Inference(
            self.facts.name,
            at_work,
            self.facts.needs,
            self.dtype,
            settings.strength,
            settings.ensemble,
            pilot,
        )


def _unpack(image: Image.Image | NDArray[Any] | Tensor | Picture, *, is_linear: bool) -> Unpacked:
    farthest = math.inf if holds_light(image, is_told=is_linear) else FARTHEST
    if not isinstance(image, Picture):
        return unpack(image, farthest=farthest)
    images, repack = unpack(image.pixels, farthest=farthest)
    return Unpacked(images, lambda result: image.with_pixels(repack(result)))


class _Back:
    """Gives a preview what was denoised, in the values that came in."""

    def __init__(self, preview: Preview, space: WorkingSpace) -> None:
        self._preview, self._space = preview, space
        self.begin, self.next_region = preview.begin, preview.next_region

    def show(self, rows: slice, columns: slice, pixels: NDArray[Any]) -> None:
        self._preview.show(rows, columns, self._space.back(pixels[None], rows, columns)[0])


def _placed(network: nn.Module, device: torch.device) -> nn.Module:
    placed: nn.Module = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return placed
