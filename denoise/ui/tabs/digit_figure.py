"""A network at work on 28x28 pixels, drawn from left to right: numbers, code, numbers."""

import math
from html import escape
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from denoise.images.arrays import to_8_bits
from denoise.inference.insides import Insides, Layer
from denoise.metrics import psnr
from denoise.ui.widgets.parts import image_source, inline_image
from denoise.ui.widgets.terms import term

Small = NDArray[np.uint8]  # (28, 28)
AMBER = np.array([245, 158, 11])  # of a code's strongest number: the page's accent
SIDE = 8  # squares along what the parts draw
HINT = "Point at a square of the code, or use the arrow keys there."
# Tells the part of the code that is pointed at, and shows what it draws.
SCRIPT = """
let chosen = null;
const parts = () => [...element.querySelectorAll('.tiles i')];
const tell = (index) => {
  const all = parts(), part = all[index];
  if (!part) return;
  chosen = index;
  all.forEach((one) => one.classList.toggle('chosen', one === part));
  element.querySelector('.told').textContent = part.dataset.label;
  const drawn = element.querySelector('.drawn');
  drawn.style.backgroundPosition = `${(index % 8) / 7 * 100}% ${Math.floor(index / 8) / 7 * 100}%`;
  drawn.style.visibility = 'visible';
};
element.addEventListener('pointerover', (event) => {
  const part = event.target.closest('.tiles i');
  if (part) tell(parts().indexOf(part));
});
element.addEventListener('keydown', (event) => {
  const tiles = event.target.closest('.tiles');
  const across = Number(tiles?.style.getPropertyValue('--across'));
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across, ArrowDown: across }[event.key];
  if (!tiles || !step) return;
  event.preventDefault();
  tell(chosen === null ? 0 : Math.min(Math.max(chosen + step, 0), parts().length - 1));
});
watch('value', () => { if (chosen !== null) tell(chosen); });
"""


def build_figure() -> gr.HTML:
    """Add the place of the figure, which tells the part of the code that is pointed at."""
    return gr.HTML(js_on_load=SCRIPT, elem_id="digits-figure", padding=False)


def draw_figure(noisy: Small, denoised: Small, insides: Insides, words: tuple[str, str]) -> str:
    """Return the figure as HTML; `words`, of the noisy and the denoised picture, are HTML."""
    code = insides.code.numpy()
    zeros = int((code == 0).sum())
    ends = [
        f"<figure>{inline_image(picture, name)}<figcaption><b>{picture.size} numbers</b>"
        f"<br>{said}</figcaption></figure>"
        for picture, name, said in zip(
            (noisy, denoised), ("The noisy picture", "The denoised picture"), words, strict=True
        )
    ]
    middle = (
        f"<figure>{_tiles(code)}<figcaption><b>{code.size} numbers</b>"
        f"<br>{zeros} of them 0 ({zeros / code.size:.0%})</figcaption></figure>"
    )
    source = image_source(_drawn_parts(insides.drawn.numpy()))
    return (
        f'<div class="flow">{ends[0]}<div class="funnel"><span>encoder</span></div>{middle}'
        f'<div class="funnel out"><span>decoder</span></div>{ends[1]}</div>'
        '<div class="grain"></div>'
        f'<div class="part"><p class="told" aria-live="polite">{HINT}</p>'
        f'<div class="drawn" style="background-image: url({source})"></div></div>'
    )


def draw_layers(layers: tuple[Layer, ...]) -> str:
    """Return what each layer made of the picture, as HTML."""
    figures = []
    for number, layer in enumerate(layers, 1):
        output = layer.output.numpy()
        is_last = number == len(layers)
        shown = 1 / (1 + np.exp(-output)) if is_last else output.clip(0)  # as the network goes on
        size = " x ".join(map(str, output.shape))
        title = f"{number}: {layer.kind}"
        figures.append(
            f"<figure>{inline_image(code_picture(shown), title)}<figcaption><b>{title}</b>"
            f"<br>{size}<br>{layer.weights:,} weights</figcaption></figure>"
        )
    return f'<div class="strip layers">{"".join(figures)}</div>'


def code_picture(code: NDArray[Any]) -> Small:
    """Return a code as a picture: a square of its units, or its maps side by side.

    The strongest unit is white, 0 is black.
    """
    maps = code.reshape(-1, 1, 1) if code.ndim == 1 else code  # (N, H, W)
    across = _across(len(maps))
    missing = np.zeros((-len(maps) % across, *maps.shape[1:]), maps.dtype)
    full = np.concatenate([maps, missing]).reshape(-1, across, *maps.shape[1:])
    tiles = full.swapaxes(1, 2).reshape(-1, across * maps.shape[2])  # rows of maps side by side
    top = float(np.abs(tiles).max()) or 1.0
    return to_8_bits(np.abs(tiles) / top)


def decibel_words(clean: Small, other: Small) -> str:
    """Return the PSNR, with its explanation, as HTML."""
    decibel = psnr(clean, other)
    return term("PSNR", f"{decibel:.1f} dB" if math.isfinite(decibel) else "equal")


def _across(count: int) -> int:
    return math.isqrt(count - 1) + 1


def _tiles(code: NDArray[Any]) -> str:
    """Return the code as HTML: a picture in the page's amber, under a square for each part."""
    gray = code_picture(code)[..., None] / 255
    picture = np.rint(gray * AMBER).astype(np.uint8)
    squares = "".join(
        f'<i data-label="{escape(_part_words(part, index, len(code)))}"></i>'
        for index, part in enumerate(code, 1)
    )
    return (
        f'<div class="tiles" style="--across: {_across(len(code))}" tabindex="0" role="group" '
        f'aria-label="{HINT}">{inline_image(picture, "The code")}<div>{squares}</div></div>'
    )


def _part_words(part: Any, index: int, count: int) -> str:
    if part.ndim == 0:
        return f"Number {index} of {count} is {part:.2f}. Beside it: what it adds to the picture."
    return (
        f"Map {index} of {count}: {int((part > 0).sum())} of its {part.size} numbers are above 0. "
        "Beside it: what it adds to the picture."
    )


def _drawn_parts(drawn: NDArray[np.float32]) -> Small:
    """Return what the parts draw, in rows of SIDE; gray is nothing, white is light added."""
    top = float(np.abs(drawn).max()) or 1.0
    gray = to_8_bits(0.5 + 0.5 * drawn / top)
    full = np.full((SIDE**2, *drawn.shape[1:]), 128, np.uint8)
    full[: len(gray)] = gray[: SIDE**2]
    rows = full.reshape(SIDE, SIDE, *drawn.shape[1:]).swapaxes(1, 2)
    picture: Small = rows.reshape(SIDE * drawn.shape[1], -1)
    return picture
