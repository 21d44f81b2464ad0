"""Store golden results, which tests/test_golden.py compares with.

Run `PYTHONPATH=. python tests/golden/make.py` with the name of a new network, with --facts for a
new kind of noise, or with neither where results are meant to change; the commit says why. It prints
how far each result moved.
"""

import argparse
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import denoise
from denoise import DenoiseError, Denoiser, add_noise, estimate_sigma, list_models

FOLDER = Path(__file__).parent
FACTS_FILE = FOLDER / "facts.json"
STEPS = 65535  # results are stored in 16 bits: off by 8e-6 at most
RULEBOOK_MODEL = "conv-photo"  # has a counterpart, and a network that goes first at auto
SIGMA = 25 / 255
NOISE_LEVEL, NOISE_SEED = 0.1, 7
MIXTURE = "gaussian:0.1+salt-pepper:0.02"


# Pictures


def make_photo() -> NDArray[np.uint8]:
    """Return a clean RGB picture, (48, 64, 3): gradients, edges and two textures."""
    y, x = np.mgrid[:48, :64] / 64
    photo = np.stack((0.2 + 0.6 * x, 0.7 - 0.5 * y, 0.3 + 0.4 * x * y), axis=2)
    photo[8:24, 6:26] = (0.85, 0.3, 0.2)
    photo[(x - 0.7) ** 2 + (y - 0.3) ** 2 < 0.03] = (0.15, 0.2, 0.6)
    photo[y > 1.05 - x] *= 0.6
    photo[30:44, 4:30] += 0.12 * np.sin(1.3 * np.arange(26))[:, None]
    photo[32:, 40:] += np.random.default_rng(3).uniform(-0.12, 0.12, (16, 24, 1))
    return np.rint(255 * photo.clip(0, 1)).astype(np.uint8)


def make_drawing() -> NDArray[np.uint8]:
    """Return a clean gray picture, (28, 28): a ring and a bar on black, much as a digit."""
    y, x = np.mgrid[:28, :28]
    ring = np.abs(np.hypot(y - 10, x - 14) - 5) < 1.5
    bar = (abs(x - 18) < 2) & (y > 10) & (y < 24)
    return np.where(ring | bar, 230, 0).astype(np.uint8)


def make_checkered() -> NDArray[np.uint8]:
    """Return a clean RGB picture, (20, 30, 3), of every shade: what noise is added to."""
    return np.arange(20 * 30 * 3).reshape(20, 30, 3).astype(np.uint8)


def as_float32(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return 8-bit pixels in [0,1]."""
    return (pixels / 255).astype(np.float32)


# What is denoised


def gaussian_photo() -> NDArray[np.float32]:
    """Return the photo under white noise, in range, as an upload is."""
    return as_float32(add_noise(make_photo(), "gaussian", SIGMA, seed=1))


def gray_photo() -> NDArray[np.float32]:
    """Return the photo in gray, (48, 64), under white noise."""
    return as_float32(add_noise(make_photo()[..., 1], "gaussian", SIGMA, seed=4))


def camera_photo() -> NDArray[np.float32]:
    """Return the photo under noise that neighbours share."""
    return as_float32(add_noise(make_photo(), "camera", 0.1, seed=1))


def weak_camera_photo() -> NDArray[np.float32]:
    """Return the photo under noise that is only in part taken for a camera's."""
    return as_float32(add_noise(make_photo(), "camera", 0.04, seed=1))


def impulse_photo() -> NDArray[np.float32]:
    """Return the photo with pixels of black and white."""
    return as_float32(add_noise(make_photo(), "salt-pepper", 0.05, seed=1))


def jpeg_photo() -> NDArray[np.float32]:
    """Return the photo after JPEG of quality 50."""
    return as_float32(add_noise(make_photo(), "jpeg", 0.5))


def noisy_drawing() -> NDArray[np.float32]:
    """Return the drawing under the noise of the 28x28 tutorials."""
    return as_float32(add_noise(make_drawing(), "gaussian", 0.3, seed=1))


@dataclass(frozen=True)
class Case:
    """What a network is given, and the settings of the call."""

    noisy: Callable[[], NDArray[np.float32]]
    settings: dict[str, Any] = field(default_factory=dict)


# At auto each takes another branch of the rules: which networks work, and on what.
AUTO_CASES = {
    "auto": Case(gaussian_photo),
    "auto camera": Case(camera_photo),
    "auto weak camera": Case(weak_camera_photo),
    "auto impulses": Case(impulse_photo),
    "auto jpeg": Case(jpeg_photo),
}
RULEBOOK_CASES = AUTO_CASES | {
    "ensemble": Case(gaussian_photo, {"ensemble": True}),
    "texture": Case(gaussian_photo, {"texture": 0.7}),
    "texture camera": Case(weak_camera_photo, {"texture": 0.7}),
    "detail": Case(gaussian_photo, {"detail": 0.5}),
    "strength": Case(gaussian_photo, {"strength": 0.6}),
}


def cases_of(name: str) -> dict[str, Case]:
    """Return what the network of that name is held to, by the name of the case."""
    needs = next(facts.needs for facts in list_models() if facts.name == name)
    if needs.domain == "28x28":
        return {"auto": Case(noisy_drawing)}
    cases = {"auto": Case(gaussian_photo), "auto gray": Case(gray_photo)}
    if needs.takes_sigma:
        cases["told"] = Case(gaussian_photo, {"sigma": SIGMA})
    return cases | (RULEBOOK_CASES if name == RULEBOOK_MODEL else {})


@cache
def load_denoiser(name: str) -> Denoiser:
    """Return a network in float32 on the CPU."""
    return Denoiser(name, device="cpu", dtype="float32")


def denoise_case(name: str, case: Case) -> NDArray[np.float32]:
    """Return what the network of that name makes of a case."""
    return load_denoiser(name)(case.noisy(), **case.settings)


def read_results(name: str) -> dict[str, NDArray[np.float64]]:
    """Return the stored results of a network in [0,1]; none where nothing is stored."""
    file = FOLDER / f"{name}.npz"
    if not file.is_file():
        return {}
    with np.load(file) as stored:
        return {case: stored[case] / STEPS for case in stored.files}


def write_results(name: str, results: dict[str, NDArray[np.float32]]) -> None:
    """Store results, without the date, so that the same ones give the same file."""
    with zipfile.ZipFile(FOLDER / f"{name}.npz", "w", zipfile.ZIP_DEFLATED) as file:
        for case, result in results.items():
            array = io.BytesIO()
            np.save(array, np.rint(STEPS * result).astype(np.uint16))
            file.writestr(zipfile.ZipInfo(f"{case}.npy"), array.getvalue(), zipfile.ZIP_DEFLATED)


# Facts


def list_noise() -> list[str]:
    """Return the kinds of noise, as the refusal of another one names them, and a mixture."""
    try:
        add_noise(make_checkered(), "none of them")
    except DenoiseError as refusal:
        return [*re.sub(r".*: |\.$", "", str(refusal)).split(", "), MIXTURE]
    raise ValueError("An unknown kind of noise was not refused.")


def hash_noise(kind: str, *, gray: bool = False) -> dict[str, str]:
    """Return the SHA-256 of the noisy picture's bytes, by dtype."""
    clean = make_checkered()
    pictures = {"uint8": clean, "float32": as_float32(clean), "float64": clean / 255}
    return {
        dtype: hashlib.sha256(
            add_noise(picture, kind, NOISE_LEVEL, seed=NOISE_SEED, gray=gray).tobytes()
        ).hexdigest()
        for dtype, picture in pictures.items()
    }


def estimate_case(case: Case) -> float:
    """Return the estimated noise level of what a network is given, in [0,1]."""
    return estimate_sigma(case.noisy())


def report_case(case: Case) -> dict[str, Any]:
    """Return what the rulebook decided at auto."""
    report = load_denoiser(RULEBOOK_MODEL).run(case.noisy()).report.to_dict()
    decided = ("guided_by", "jpeg_step", "sigma_source", "sigma_used")
    return {key: report[key] for key in decided}


def read_facts() -> dict[str, Any]:
    """Return the stored hashes, levels and reports."""
    return json.loads(FACTS_FILE.read_text(encoding="utf-8"))


def make_facts() -> dict[str, Any]:
    """Return the hashes, levels and reports of today."""
    return {
        "noise": {kind: hash_noise(kind) for kind in list_noise()},
        "gray noise": {kind: hash_noise(kind, gray=True) for kind in list_noise()},
        "reports": {name: report_case(case) for name, case in AUTO_CASES.items()},
        "estimated sigma": {name: estimate_case(case) for name, case in AUTO_CASES.items()},
    }


def main() -> None:
    """Store the results of the networks named, the facts alone, or all of both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--facts", action="store_true", help="store facts, not results")
    asked = parser.parse_args()
    imported = Path(denoise.__file__).parent
    if imported.parent != FOLDER.parent.parent:
        parser.error(f"denoise was imported from {imported}; run with PYTHONPATH=. from the root.")
    every = [] if asked.facts else [facts.name for facts in list_models()]
    for name in asked.names or every:
        before = read_results(name)
        results = {key: denoise_case(name, case) for key, case in cases_of(name).items()}
        for key, result in results.items():
            moved = f"moved by {abs(result - before[key]).max():.6f}" if key in before else "new"
            print(f"{name}, {key}: {moved}")  # noqa: T201
        write_results(name, results)
    if asked.facts or not asked.names:
        FACTS_FILE.write_text(json.dumps(make_facts(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
