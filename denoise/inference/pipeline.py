"""What page, HTTP and command line do to a picture, so that all of them give the same bytes."""

import math
from collections.abc import Callable
from dataclasses import replace

from denoise.images.arrays import unpack
from denoise.images.picture import Picture
from denoise.inference.denoiser import Denoiser
from denoise.inference.fitting import fit
from denoise.inference.noise_level import estimate_noise
from denoise.inference.report import Denoised, EstimateReport, NoiseReport
from denoise.inference.settings import DEFAULTS, Settings
from denoise.inference.sigma_plan import SigmaPlan
from denoise.inference.working_space import find_working_space, holds_light
from denoise.noise.synthesis import NoiseSpec, is_mixture
from denoise.progress import OnTile, Preview
from denoise.zoo.zoo import Zoo


def denoise_picture(
    picture: Picture,
    denoiser: Denoiser,
    settings: Settings = DEFAULTS,
    *,
    on_tile: OnTile | None = None,
    preview: Preview | None = None,
    plan: SigmaPlan | None = None,
) -> Denoised:
    """Denoise a picture as `Denoiser.run` does; errors as `Denoiser`.

    For a network of fixed size the picture is fitted first; the report says how.
    """
    picture, restore = _scale(picture, is_linear=settings.linear)
    fitted, notes = fit(picture, denoiser.facts)
    done = denoiser.run(fitted, settings, on_tile=on_tile, preview=preview, plan=plan)
    warnings = (*picture.warnings, *notes, *done.report.warnings)
    return Denoised(restore(done.image), replace(done.report, warnings=warnings))


def estimate_picture(picture: Picture, *, zoo: Zoo | None = None) -> EstimateReport:
    """Report how noisy a picture is, estimated without the clean one.

    Raises:
        WeightsError: the estimating network's weights are damaged.
    """
    picture, _ = _scale(picture)
    space = find_working_space(picture, unpack(picture.pixels, farthest=math.inf).images)
    found = estimate_noise(space.images[0], zoo=zoo)
    return EstimateReport(
        sigma=round(found.sigma, 5),
        sigma_255=round(255 * found.sigma, 2),
        correlation=round(found.correlation, 3),
        jpeg_step=round(found.jpeg_step, 4) or None,
        size=_size(picture),
        warnings=(*picture.warnings, *space.notes),
    )


def noise_picture(picture: Picture, spec: NoiseSpec) -> tuple[Picture, NoiseReport]:
    """Return a clean picture with seeded noise, and a report; only floats are not rounded."""
    picture, restore = _scale(picture)
    return restore(picture.with_pixels(spec.add_to(picture.pixels))), NoiseReport(
        kind=spec.kind,
        level=None if is_mixture(spec.kind) else spec.level,
        seed=spec.seed,
        gray=spec.gray,
        without=tuple(spec.without),
        size=_size(picture),
        warnings=picture.warnings,
    )


def _scale(
    picture: Picture, *, is_linear: bool = False
) -> tuple[Picture, Callable[[Picture], Picture]]:
    """Return a picture with floats in [0,1], and what gives its own range back to another."""
    if picture.pixels.dtype.kind != "f" or holds_light(picture, is_told=is_linear):
        return picture, lambda same: same
    low, high = min(0.0, float(picture.pixels.min())), max(1.0, float(picture.pixels.max()))
    if (low, high) == (0, 1):
        return picture, lambda same: same
    note = f"Its values from {low:.4g} to {high:.4g} were scaled to 0 to 1; sigma is meant there."
    scaled = picture.with_pixels((picture.pixels - low) / (high - low))

    def restore(other: Picture) -> Picture:
        if other.pixels.dtype.kind != "f":  # fitted to a network of 28x28
            return other
        return other.with_pixels(other.pixels * (high - low) + low)

    return replace(scaled, warnings=(*picture.warnings, note)), restore


def _size(picture: Picture) -> tuple[int, int]:
    height, width = picture.pixels.shape[:2]
    return width, height
