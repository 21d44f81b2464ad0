"""The figures of a network on standard sets: what the scorecard needs."""

import statistics
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from skimage.color import hsv2rgb, rgb2hsv
from torch.utils.flop_counter import FlopCounterMode

from denoise.datasets.renders import load_renders
from denoise.errors import ImageError, UnknownModelError
from denoise.evaluation.benchmark import add_float_noise, load_set, measure
from denoise.evaluation.kinds import measure_auto
from denoise.evaluation.situations import NOISY_JPEGS
from denoise.extras import optional
from denoise.images.arrays import from_unit, to_unit
from denoise.images.reading import load_picture
from denoise.inference.denoiser import Denoiser
from denoise.metrics import fine_power, psnr
from denoise.models import build_network
from denoise.noise.synthesis import add_noise
from denoise.training.rendering import show_light
from denoise.weights.manifest import WEIGHTS_FILE

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # a noisy picture and the clean one

IMPULSES = 0.1  # share of the pixels hit
COUNTED_SIDE = 256  # pixels a side of the picture that operations are counted on
REFERENCE = "conv-photo"  # the network that texture is measured against
RENDERS = "renders"  # folder of scenes that no network was trained on
YARDSTICK = "blind-photo"  # whose results on noisy JPEGs are to be reached


class Measurements:
    """The figures of one denoiser, measured when asked for.

    The folders of the sets lie in `sets`, or deeper. The reference is of the network that texture
    is measured against; None: it is not there.
    """

    def __init__(
        self, denoiser: Denoiser, sets: Path, reference: "Measurements | None" = None
    ) -> None:
        self.denoiser, self.sets, self._reference = denoiser, sets, reference
        self._psnrs: dict[tuple[Any, ...], float] = {}

    def gaussian(
        self,
        set_name: str,
        sigma_255: float,
        *,
        told: bool = True,
        eight_bit: bool = False,
        every: int = 1,
    ) -> float:
        """Return the mean PSNR in dB, by the protocol of `benchmark.measure`."""
        asked = (set_name, sigma_255, told, eight_bit, every)
        if asked not in self._psnrs:
            pictures = self._set(set_name)[::every]
            row = measure(self.denoiser, pictures, sigma_255, told=told, eight_bit=eight_bit)
            self._psnrs[asked] = row.psnr
        return self._psnrs[asked]

    def loss_at_auto(self, sigma_255: float) -> float:
        """Return how many dB of PSNR on CBSD68 are lost if sigma is not told."""
        told = self.gaussian("CBSD68", sigma_255)
        return told - self.gaussian("CBSD68", sigma_255, told=False)

    def saturated(self, sigma_255: float) -> float:
        """Return the mean PSNR in dB on CBSD68 in colours twice as saturated (HSV), told sigma."""
        figures = []
        for index, clean in enumerate(self._set("CBSD68")):
            hsv = rgb2hsv(clean)
            hsv[..., 1] = np.clip(2 * hsv[..., 1], 0, 1)
            vivid = from_unit(hsv2rgb(hsv), np.dtype(np.uint8))
            noisy = add_float_noise(vivid, index, sigma_255)
            denoised = from_unit(self.denoiser(noisy, sigma_255 / 255), np.dtype(np.uint8))
            figures.append(psnr(vivid, denoised))
        return statistics.mean(figures)

    def noisy_jpegs(self) -> float:
        """Return the mean PSNR in dB at auto on noisy pictures that were stored as JPEG."""
        return statistics.mean(self._noisy_jpegs)

    def noisy_jpegs_worst(self) -> float:
        """Return the same against the yardstick's, in dB, of the picture that does worst."""
        yardstick = Denoiser(YARDSTICK, device=str(self.denoiser.device))
        others = measure_auto(yardstick, NOISY_JPEGS)
        return min(own - other for own, other in zip(self._noisy_jpegs, others, strict=True))

    def render_gain(self, samples: int) -> float:
        """Return by how many dB auto beats a 3x3 median on renders of so many samples a pixel."""
        return statistics.mean(
            psnr(clean, self.denoiser(noisy)) - psnr(clean, median_filter(noisy, (3, 3, 1)))
            for noisy, clean in self._renders(samples)
        )

    def render_loss(self, samples: int) -> float:
        """Return by how many dB auto is behind Open Image Denoise, which is given colour alone."""
        pyoidn = optional("pyoidn", "renders")
        losses = []
        for noisy, clean in self._renders(samples):
            other = from_unit(pyoidn.denoise(to_unit(noisy)), noisy.dtype)
            losses.append(psnr(clean, other) - psnr(clean, self.denoiser(noisy)))
        return statistics.mean(losses)

    def impulses(self) -> float:
        """Return the mean PSNR in dB at auto on CBSD68 with salt and pepper, seeded by index."""
        return statistics.mean(
            psnr(clean, self.denoiser(add_noise(clean, "salt-pepper", IMPULSES, seed=index)))
            for index, clean in enumerate(self._set("CBSD68"))
        )

    def camera(self, every: int = 1) -> float:
        """Return the mean PSNR in dB at auto on every n-th pair of PolyU."""
        return statistics.mean(denoised for _, denoised in self._camera_pairs[::every])

    def camera_worst(self) -> float:
        """Return the least gain in dB of all pairs of PolyU; a negative one is a loss."""
        return min(denoised - noisy for noisy, denoised in self._camera_pairs)

    @cached_property
    def unharmed(self) -> list[float]:
        """PSNR in dB of every clean picture of CID22-val, denoised at auto."""
        return [psnr(clean, self.denoiser(clean)) for clean in self._set("CID22-val")]

    def jpeg_gain(self, quality: int) -> float:
        """Return the mean gain in dB at auto on CID22-val, stored as JPEG."""
        gains = []
        for clean in self._set("CID22-val"):
            stored = add_noise(clean, "jpeg", 1 - quality / 100)
            gains.append(psnr(clean, self.denoiser(stored)) - psnr(clean, stored))
        return statistics.mean(gains)

    def colour_shift(self) -> float:
        """Return the mean of denoised - noisy on CBSD68 at 25, of the worst channel, in 1/255."""
        changes = []
        for index, clean in enumerate(self._set("CBSD68")):
            noisy = add_float_noise(clean, index, 25)
            for sigma in (25 / 255, None) if self._takes_sigma else (None,):
                changes.append((self.denoiser(noisy, sigma) - noisy).mean(axis=(0, 1)))
        ways = 2 if self._takes_sigma else 1
        shifts = [np.mean(changes[way::ways], axis=0) for way in range(ways)]
        return 255 * float(np.abs(shifts).max())

    def texture_restored(self, sigma_255: float) -> float:
        """Return which share of the fine power that the reference loses this network restores."""
        reference, lost, back = self._against(), 0.0, 0.0
        for index, clean in enumerate(self._set("CBSD68")):
            noisy, sigma = add_float_noise(clean, index, sigma_255), sigma_255 / 255
            smooth = fine_power(reference.denoiser(noisy, sigma))
            lost += fine_power(clean / 255) - smooth
            back += fine_power(self.denoiser(noisy, sigma)) - smooth
        return back / lost

    def loss_against_reference(self, sigma_255: float) -> float:
        """Return how many dB of PSNR on CBSD68, told sigma, are lost against the reference."""
        return self._against().gaussian("CBSD68", sigma_255) - self.gaussian("CBSD68", sigma_255)

    def parameters_m(self) -> float:
        """Return the number of parameters in millions."""
        return self.denoiser.facts.parameters / 1e6

    def file_mb(self) -> float:
        """Return the size of the weights file in MB."""
        return (self.denoiser.folder / WEIGHTS_FILE).stat().st_size / 1e6

    def gmac(self) -> float:
        """Return how many billion multiplications a Mpixel takes."""
        facts = self.denoiser.facts
        network = build_network(facts.architecture, facts.config)
        picture = torch.zeros(1, facts.needs.channels, COUNTED_SIDE, COUNTED_SIDE)
        told = (torch.zeros(1, 1, 1, 1),) if self._takes_sigma else ()
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            network(picture, *told)
        return float(counter.get_total_flops()) / 2 / COUNTED_SIDE**2 / 1e3

    def _against(self) -> "Measurements":
        if self._reference is None:
            raise UnknownModelError(f"{REFERENCE} is not there to compare with")
        return self._reference

    @property
    def _takes_sigma(self) -> bool:
        return self.denoiser.facts.needs.takes_sigma

    @cached_property
    def _camera_pairs(self) -> list[tuple[float, float]]:
        """PSNR in dB of every pair of PolyU, noisy and denoised."""
        return [
            (psnr(clean, noisy), psnr(clean, self.denoiser(noisy)))
            for noisy, clean in self._camera_pictures()
        ]

    def _renders(self, samples: int) -> Iterator[Pair]:
        """Return renders of few samples and their references, as a file of 8 bits shows them."""
        for render in load_renders([self._folder(RENDERS)]):
            pair = (render.noisy[samples], render.reference)
            shown = (show_light(light.astype(np.float32)) for light in pair)
            noisy, clean = (from_unit(picture, np.dtype(np.uint8)) for picture in shown)
            yield noisy, clean

    @cached_property
    def _noisy_jpegs(self) -> list[float]:
        return measure_auto(self.denoiser, NOISY_JPEGS)

    def _camera_pictures(self, every: int = 1) -> Iterator[Pair]:
        folder = self._folder("PolyU")
        noisy_files = sorted(folder.glob("*_real.JPG"))
        if not noisy_files:
            raise ImageError(f"There are no pictures *_real.JPG in {folder}.")
        for noisy_file in noisy_files[::every]:
            clean_file = folder / noisy_file.name.replace("_real", "_mean")
            yield load_picture(noisy_file).pixels, load_picture(clean_file).pixels

    def _set(self, name: str) -> list[NDArray[np.uint8]]:
        return load_set(self._folder(name))

    def _folder(self, name: str) -> Path:
        found = sorted(folder for folder in self.sets.rglob(name) if folder.is_dir())
        if not found:
            raise ImageError(f"there is no folder {name} in {self.sets}")
        return found[0]
