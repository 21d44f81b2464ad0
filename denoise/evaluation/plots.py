"""Draw the plots of a card, from results on scikit-image's free photographs."""

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from skimage import data

from denoise.errors import DenoiseError
from denoise.evaluation.baselines import BASELINES, denoise_with_baseline
from denoise.evaluation.benchmark import add_float_noise
from denoise.evaluation.benchmark_28x28 import Gray, add_clipped_noise
from denoise.extras import optional
from denoise.images.arrays import from_unit
from denoise.inference.denoiser import Denoiser
from denoise.metrics import psnr
from denoise.noise.synthesis import add_noise
from denoise.weights.facts import read_curve

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Sweep = dict[str, list[float]]  # PSNR in dB by method; "sigma_255" holds the noise levels

SWEEP_255 = (5.0, 10.0, 15.0, 25.0, 35.0, 50.0, 75.0, 100.0)
SHOWN_255 = (25.0, 50.0)  # noise of the rows of crops
DPI = 100
OURS, THEIRS = ("#b45309", "#0f766e"), ("#64748b", "#94a3b8", "#475569", "#a8a29e", "#1e293b")


def crops() -> dict[str, NDArray[np.uint8]]:
    """Return crops of scikit-image's photographs, (256, 256, 3), by name."""
    return {
        "astronaut": data.astronaut()[:256, 100:356],
        "coffee": data.coffee()[50:306, 100:356],
        "chelsea": data.chelsea()[20:276, 100:356],
        "rocket": data.rocket()[100:356, 200:456],
    }


def measure_sweep(denoiser: Denoiser) -> Sweep:
    """Measure the mean PSNR over the crops, for the network and the installed baselines.

    Noise is added as float and not clipped.
    """
    result: Sweep = {"sigma_255": list(SWEEP_255)}
    ways = {"told": True, "auto": False} if denoiser.facts.needs.takes_sigma else {"auto": False}
    for way, is_told in ways.items():
        result[f"{denoiser.facts.name}, {way}"] = [
            _mean_psnr(lambda noisy, s: denoiser(noisy, s if is_told else None), sigma_255)  # noqa: B023
            for sigma_255 in SWEEP_255
        ]
    for name, baseline in BASELINES.items():
        try:
            result[baseline.title] = [
                _mean_psnr(lambda noisy, s: denoise_with_baseline(noisy, name, s), sigma_255)  # noqa: B023
                for sigma_255 in SWEEP_255
            ]
        except DenoiseError:
            continue
    return result


def _mean_psnr(denoise: Any, sigma_255: float) -> float:
    figures = []
    for index, clean in enumerate(crops().values()):
        denoised = denoise(add_float_noise(clean, index, sigma_255), sigma_255 / 255)
        figures.append(psnr(clean, from_unit(denoised, np.dtype(np.uint8))))
    return statistics.mean(figures)


def draw_sweep(swept: Sweep, trained_255: tuple[float, float]) -> "Figure":
    """Draw PSNR against sigma; the trained range is shaded."""
    figure, (axes,) = _panels(7.0, 4.2, 1)
    axes.axvspan(*trained_255, color="#fefce8", lw=0, label="trained range")
    ours, theirs, marks = iter(OURS), iter(THEIRS), iter("osv^D")
    titles = {baseline.title for baseline in BASELINES.values()}
    for title, figures in swept.items():
        if title == "sigma_255":
            continue
        if title in titles:
            style = {"color": next(theirs), "lw": 1.2, "marker": next(marks), "ms": 4}
        else:  # the second line is dashed, since both may coincide
            color = next(ours)
            style = {"color": color, "lw": 3.0 if color == OURS[0] else 1.6}
            style["ls"] = "-" if color == OURS[0] else (0, (4, 3))
        axes.plot(swept["sigma_255"], figures, label=title, **style)
    axes.set_xlabel("noise level, sigma in steps of 1/255")
    axes.set_ylabel("PSNR, dB")
    axes.set_xlim(0, max(swept["sigma_255"]))
    axes.legend(frameon=False, fontsize=9)
    return figure


def draw_curves(files: dict[str, Path]) -> "Figure":
    """Draw loss and held-out PSNR against the steps, from the curve.csv of each training by title.

    Two recipes may use different losses: compare their shapes, not their heights.
    """
    figure, panels = _panels(9.0, 3.2, 2)
    losses, held_out = panels
    for (title, file), color in zip(files.items(), (OURS[0], THEIRS[0]), strict=False):
        curve = read_curve(file)
        steps = [point.step / 1000 for point in curve]
        style = {"color": color, "label": title}
        losses.plot(steps, [point.loss for point in curve], lw=1.0, **style)
        held_out.plot(steps, [point.psnr for point in curve], lw=2.0, **style)
    losses.set_ylabel("training loss")
    held_out.set_ylabel("PSNR on held-out pictures, dB")
    for axes in panels:
        axes.set_xlabel("thousands of steps")
        if len(files) > 1:
            axes.legend(frameon=False, fontsize=9)
    return figure


def draw_rows(denoiser: Denoiser, pictures: Gray, factor: float) -> "Figure":
    """Draw rows of noisy, denoised and original pictures, 28x28, enlarged without smoothing."""
    noisy = add_clipped_noise(pictures, factor)
    denoised = denoiser(torch.from_numpy(noisy)[:, None])[:, 0].numpy()
    rows = {f"noise {factor:g}": noisy, "denoised": denoised, "original": pictures}
    side, head = 28 * 3, 18
    width, height = side * len(pictures), len(rows) * (side + head)
    figure = _blank(width / DPI, height / DPI)
    for row, (title, shown) in enumerate(rows.items()):
        bottom = 1 - (row + 1) * (side + head) / height
        axes = figure.add_axes((0, bottom, 1, side / height))
        axes.imshow(np.hstack(list(shown)), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.set_axis_off()
        axes.set_title(title, fontsize=8, pad=3, loc="left")
    return figure


def draw_crops(denoiser: Denoiser) -> "Figure":
    """Draw noisy, denoised (at auto) and clean crops at 1:1, a row for each noise level."""
    rows = list(_crop_rows(denoiser))
    side, gap, head = 256, 8, 22
    width, height = 3 * side + 2 * gap, len(rows) * (side + head)
    figure = _blank(width / DPI, height / DPI)
    for row, shown in enumerate(rows):
        for column, (title, pixels) in enumerate(shown):
            bottom = 1 - ((row + 1) * (side + head)) / height
            left = column * (side + gap) / width
            axes = figure.add_axes((left, bottom, side / width, side / height))
            axes.imshow(pixels, interpolation="nearest")
            axes.set_axis_off()
            axes.set_title(title, fontsize=8, pad=4)
    return figure


def _crop_rows(denoiser: Denoiser) -> Iterator[list[tuple[str, NDArray[np.uint8]]]]:
    for sigma_255, (name, clean) in zip(SHOWN_255, crops().items(), strict=False):
        noisy = add_noise(clean, "gaussian", sigma_255 / 255)
        denoised = denoiser(noisy)
        yield [
            (f"{name}, noise {sigma_255:g}/255: {psnr(clean, noisy):.1f} dB", noisy),
            (f"{denoiser.facts.name}, auto: {psnr(clean, denoised):.1f} dB", denoised),
            ("clean", clean),
        ]


def _blank(width: float, height: float) -> "Figure":
    """Make an empty figure, in inches; without pyplot, which would open windows."""
    make = optional("matplotlib.figure", "figures").Figure
    figure: Figure = make(figsize=(width, height), dpi=DPI, facecolor="white")
    return figure


def _panels(width: float, height: float, count: int) -> tuple["Figure", list[Any]]:
    """Make a figure, its sides in inches, and the axes of that many plots side by side."""
    figure = _blank(width, height)
    figure.set_layout_engine("constrained")
    panels = [figure.add_subplot(1, count, number + 1) for number in range(count)]
    for axes in panels:
        axes.grid(color="#e7e5e4", lw=0.8)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    return figure, panels
