"""The endpoints that scripts rely on, apart from the page's own events."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import gradio as gr
from gradio.events import api

from denoise.defaults import DEFAULT_MODEL
from denoise.errors import ImageError
from denoise.inference.settings import Settings
from denoise.noise.kinds import KINDS
from denoise.noise.synthesis import NoiseSpec
from denoise.ui.api.checks import Answer, Answers, check_flags, check_text, expose, listed, served
from denoise.ui.api.lab_endpoints import add_lab_endpoints
from denoise.ui.server.progress import Step
from denoise.ui.server.service import COMPUTE, COMPUTE_LIMIT, Result, Service
from denoise.ui.server.uploads import uploaded_file
from denoise.ui.server.zips import add_to, check_many


def add_endpoints(service: Service) -> None:
    """Add the endpoints to the page that is being built."""
    expose(_denoise(service), "denoise")
    expose(_denoise_many(service), "denoise_many")
    expose(_add_noise(service), "add_noise")
    api(
        _estimate(service),
        api_name="estimate",
        concurrency_id=COMPUTE,
        concurrency_limit=COMPUTE_LIMIT,
    )
    api(_models(service), api_name="models", concurrency_id="facts", concurrency_limit=None)
    add_lab_endpoints(service)


def _denoise(service: Service) -> Callable[..., Any]:
    def denoise(
        image: gr.FileData,
        model: str = DEFAULT_MODEL,
        sigma: float | None = None,
        strength: float = 1.0,
        ensemble: bool = False,
        texture: float = 0.0,
        detail: float = 0.0,
    ) -> Answers:
        """Take noise out of a picture.

        An interim answer without a file follows every tile, and every piece of a network that is
        fetched from the Hub first.

        Args:
            image: the noisy picture: PNG, JPEG, WebP, TIFF, AVIF, HEIC, raw and others.
            model: a name from /models; where the server allows it org/repo/name on the Hub, too.
            sigma: the noise's standard deviation, 0 to 1 where white is 1; null: auto.
            strength: share of the change, 0 (none) to 1.
            ensemble: true averages over the eight orientations: a little better, 8x slower.
            texture: 0 (faithful) to 1 (textured), for networks with a textured counterpart.
            detail: share of the removed detail that is given back, 0 (none) to 1.

        Returns:
            The denoised picture as PNG, of the same bit depth.
            The report: model, sigma, seconds by stage, device, size, warnings.
        """
        check_text("model", model)
        settings = Settings(
            sigma=sigma, strength=strength, ensemble=ensemble, texture=texture, detail=detail
        )
        file = uploaded_file(image, service.storage.folder)
        for done in service.denoise(file, model, settings):
            yield _interim(done) if isinstance(done, Step) else _answer(done)

    return denoise


def _denoise_many(service: Service) -> Callable[..., Any]:
    def denoise_many(
        images: list[gr.FileData],
        model: str = DEFAULT_MODEL,
        sigma: float | None = None,
        strength: float = 1.0,
        ensemble: bool = False,
        texture: float = 0.0,
        detail: float = 0.0,
    ) -> Answers:
        """Take noise out of many pictures; a bad one does not stop the others.

        An interim answer without a file follows every picture.

        Args:
            images: up to 100, each as of /denoise.
            model: as of /denoise, and so are the other settings.
            sigma: the same for all; null: auto, estimated for each.
            strength: share of the change, 0 (none) to 1.
            ensemble: true averages over the eight orientations: a little better, 8x slower.
            texture: 0 (faithful) to 1 (textured), for networks with a textured counterpart.
            detail: share of the removed detail that is given back, 0 (none) to 1.

        Returns:
            A zip of the denoised pictures as PNG, named after the uploads.
            The report: pictures, each with its name and the report of /denoise, or with an error.
        """
        check_text("model", model)
        settings = Settings(
            sigma=sigma, strength=strength, ensemble=ensemble, texture=texture, detail=detail
        )
        named = listed("images", images, dict, "uploaded files")
        check_many(len(named))
        yield from _denoise_all(service, named, model, settings)

    return denoise_many


def _add_noise(service: Service) -> Callable[..., Any]:
    def add_noise(
        image: gr.FileData,
        kind: str = "gaussian",
        level: float = 0.1,
        seed: int = 0,
        gray: bool = False,
        without: list[str] | None = None,
    ) -> Answer:
        """Add seeded noise to a picture.

        A mixture is written "gaussian:0.1+salt-pepper:0.02", applied from left to right.

        Args:
            image: the clean picture: PNG, JPEG, WebP, TIFF, AVIF, HEIC, raw and others.
            kind: one of {kinds}; or a mixture.
            level: 0 for none; for gaussian noise its standard deviation, up to 1.
            seed: a whole number, 0 or more; the same one gives the same noise.
            gray: true gives all channels the same noise.
            without: stages that a camera lacks, such as mosaic or tone-curve; null: none.

        Returns:
            The noisy picture as PNG, of the same bit depth.
            The report: kind, level, seed, gray, without, size, warnings.
        """
        check_text("kind", kind)
        check_flags(gray=gray)
        left_out = listed("without", without, str, "names")
        spec = NoiseSpec(kind=kind, level=level, seed=seed, gray=gray, without=left_out)
        file = uploaded_file(image, service.storage.folder)
        return _answer(service.add_noise(file, spec))

    add_noise.__doc__ = str(add_noise.__doc__).format(kinds=", ".join(KINDS))
    return add_noise


def _estimate(service: Service) -> Callable[..., Any]:
    def estimate(image: gr.FileData) -> dict[str, Any]:
        """Estimate how noisy a picture is, without the clean one.

        sigma is the noise's standard deviation, where white is 1. correlation is that of the noise
        in neighbouring pixels: 0 is white noise, 0.5 a camera's. jpeg_step is the step to which
        JPEG rounded the picture (null: no sign of JPEG).

        Args:
            image: the picture: PNG, JPEG, WebP, TIFF, AVIF, HEIC, raw and others.

        Returns:
            The report: sigma, sigma_255, correlation, jpeg_step, size, warnings.
        """
        return service.estimate(uploaded_file(image, service.storage.folder))

    return estimate


def _models(service: Service) -> Callable[..., Any]:
    def models() -> list[dict[str, Any]]:
        """List the networks: name, summary, needs, parameters, training data, metrics, licence.

        Returns:
            The facts about every network.
        """
        return [asdict(facts) for facts in service.zoo.list_models()]

    return models


def _denoise_all(service: Service, images: list[Any], model: str, settings: Settings) -> Answers:
    reports: list[dict[str, Any]] = []
    packed = service.storage.new_file("denoised.zip")
    with ZipFile(packed, "w") as pack:
        for image in images:
            reports.append(_denoise_into(pack, service, image, model, settings))
            yield None, {"done": len(reports), "pictures": len(images)}
    yield served(packed), {"pictures": reports}


def _denoise_into(
    pack: ZipFile, service: Service, image: Any, model: str, settings: Settings
) -> dict[str, Any]:
    """Denoise a picture into a zip, and return the report on it, or its error."""
    try:
        file = uploaded_file(image, service.storage.folder)
        done = list(service.denoise(file, model, settings))
    except ImageError as error:
        return {"name": Path(str(image.get("path"))).name, "error": str(error)}
    (result,) = (one for one in done if isinstance(one, Result))
    return {"name": add_to(pack, result.file), **result.report}


def _answer(result: Result) -> Answer:
    return served(result.file), result.report


def _interim(step: Step) -> tuple[None, dict[str, Any]]:
    return None, {f"{step.unit}_done": step.done, step.unit: step.total}
