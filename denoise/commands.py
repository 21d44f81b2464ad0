"""The commands for pictures; each gives its exit code."""

import argparse
import json
import sys
from dataclasses import asdict
from functools import partial
from typing import Any

from denoise.batch import FAILED_INPUT, about, complain, convert, read, tell_closed
from denoise.errors import DenoiseError
from denoise.inference.denoiser import Denoiser
from denoise.inference.pipeline import denoise_picture, estimate_picture, noise_picture
from denoise.inference.settings import Settings
from denoise.inputs import find_inputs, find_jobs
from denoise.noise.synthesis import NoiseSpec


def run_command(options: argparse.Namespace) -> int:
    """Denoises pictures."""
    settings = Settings(
        sigma=options.sigma,
        strength=options.strength,
        ensemble=options.ensemble,
        texture=options.texture,
        detail=options.detail,
        choose=options.choose,
    )
    denoiser = Denoiser(options.model, device=options.device, zoo=options.zoo)
    denoiser.check(settings)
    work = partial(denoise_picture, denoiser=denoiser, settings=settings)
    return convert(find_jobs(options), work, options)


def noise_command(options: argparse.Namespace) -> int:
    """Adds noise to pictures."""
    spec = NoiseSpec(kind=options.kind, level=options.level, seed=options.seed, gray=options.gray)
    return convert(find_jobs(options), partial(noise_picture, spec=spec), options)


def estimate_command(options: argparse.Namespace) -> int:
    """Prints how noisy pictures are."""
    denoiser = None
    if options.model is not None:
        denoiser = Denoiser(options.model, device=options.device, zoo=options.zoo)
    files, closed = find_inputs(options)
    tell_closed(closed, is_json=options.json)
    failed = FAILED_INPUT if closed else 0
    for file, _ in files:
        try:
            report = estimate_picture(read(file), denoiser, zoo=options.zoo).to_dict()
        except DenoiseError as error:
            failed = complain(about(file, str(error)), FAILED_INPUT)
        else:
            print(_estimate_words(str(file), report, as_json=options.json))
    return failed


def _estimate_words(file: str, report: dict[str, Any], *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"input": file} | report)
    level = f"{report['sigma']:.4f}\t{report['sigma_255']:.1f}/255"
    choice = "" if report["choice"] is None else f"\t{_choice_words(report['choice'])}"
    step = report["jpeg_step"]
    jpeg = "" if step is None else f"\tJPEG, steps of {255 * step:.1f}/255"
    return f"{file}\t{level}\tcorrelation {report['correlation']:.2f}{jpeg}{choice}"


def _choice_words(choice: dict[str, Any]) -> str:
    """Gives the level to tell, and the estimated errors of all that were tried, in 1/255."""
    best = f"best: {_level_words(choice['sigma'])}"
    if choice["judged_by"] is None:
        return f"{best}, no estimate holds for such noise"
    tried = (f"{_level_words(one['sigma'])}: {255 * one['rms']:.2f}" for one in choice["ratings"])
    return f"{best}\terrors by {choice['judged_by']}, in 1/255: {', '.join(tried)}"


def _level_words(sigma: float | None) -> str:
    return "auto" if sigma is None else f"{255 * sigma:.1f}/255"


def models_command(options: argparse.Namespace) -> int:
    """Lists the networks."""
    models = options.zoo.list_models()
    if options.json:
        print(json.dumps([asdict(facts) for facts in models], indent=2))
        return 0
    if not models:
        print(f"There are no networks in {options.zoo}.", file=sys.stderr)
    width = max((len(facts.name) for facts in models), default=0)
    for facts in models:
        print(f"{facts.name:{width}}  {facts.parameters:>9,} parameters  {facts.summary}")
    return 0
