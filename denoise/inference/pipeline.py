"""What page, HTTP and command line do to a picture, so that all of them give the same bytes."""

from dataclasses import asdict
from typing import Any

from denoise.images.picture import Picture
from denoise.inference.denoiser import Denoiser
from denoise.inference.fitting import fit
from denoise.inference.noise_level import estimate_noise
from denoise.inference.settings import DEFAULTS, Settings
from denoise.noise.synthesis import add_noise, is_mixture
from denoise.progress import OnTile
from denoise.zoo.zoo import Zoo


def denoise_picture(
    picture: Picture,
    denoiser: Denoiser,
    settings: Settings = DEFAULTS,
    *,
    on_tile: OnTile | None = None,
) -> tuple[Picture, dict[str, Any]]:
    """Gives the denoised picture and the report on it.

    For a network of fixed size the picture is fitted first, and the report says how.

    Raises:
        DenoiseError: as `Denoiser` does.
    """
    fitted, notes = fit(picture, denoiser.facts)
    denoised, report = denoiser.run(fitted, settings, on_tile=on_tile)
    facts = report.to_dict()
    facts["warnings"] = [*picture.warnings, *notes, *report.warnings]
    return denoised, facts


def estimate_picture(
    picture: Picture, denoiser: Denoiser | None = None, *, zoo: Zoo | None = None
) -> dict[str, Any]:
    """Gives a report on how noisy a picture is, judged without the clean one.

    Of a denoiser it says which noise level to tell it, too, and how good others would be.

    Raises:
        WeightsError: the judging network's weights are damaged.
        SettingError: a denoiser that cannot be told a noise level.
    """
    found = estimate_noise(picture.pixels, zoo=zoo)
    height, width = picture.pixels.shape[:2]
    return {
        "sigma": round(found.sigma, 5),
        "sigma_255": round(255 * found.sigma, 2),
        "correlation": round(found.correlation, 3),
        "jpeg_step": round(found.jpeg_step, 4) or None,
        "choice": None if denoiser is None else asdict(denoiser.choose(picture)),
        "size": [width, height],
        "warnings": list(picture.warnings),
    }


def noise_picture(
    picture: Picture,
    kind: str = "gaussian",
    level: float = 0.1,
    *,
    seed: int = 0,
    gray: bool = False,
) -> tuple[Picture, dict[str, Any]]:
    """Gives the picture with seeded noise, clipped and rounded, and a report.

    Args:
        picture: the clean one.
        kind: as for `add_noise`, and so are level, seed and gray.
        level: of the noise.
        seed: of the noise.
        gray: whether all channels get the same noise.

    Raises:
        SettingError: kind, level or seed out of range.
    """
    noisy = picture.with_pixels(add_noise(picture.pixels, kind, level, seed=seed, gray=gray))
    height, width = picture.pixels.shape[:2]
    return noisy, {
        "kind": kind,
        "level": None if is_mixture(kind) else level,
        "seed": seed,
        "gray": gray,
        "size": [width, height],
        "warnings": list(picture.warnings),
    }
