"""Drawn digits, framed as MNIST has them."""

import base64

import gradio as gr
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import center_of_mass, shift

from denoise.errors import ImageError
from denoise.images.picture import Picture, flatten
from denoise.images.reading import load_picture

SIDE, INK_SIDE = 28, 20  # of a picture, and of the box that the strokes fill
FIELD_SIDE = 280  # pixels of the field to draw on
MAX_CHARACTERS = 200_000  # of a drawing, as the browser hands it over
FIELD = f"""
<canvas width="{FIELD_SIDE}" height="{FIELD_SIDE}" role="img"
  aria-label="A field to draw a digit on; samples beside it need no drawing"></canvas>
<button type="button">Clear</button>
"""
FIELD_STYLE = """
canvas { background: white; border: 1px solid var(--border-color-primary); border-radius: 3px;
  touch-action: none; cursor: crosshair; display: block; width: 180px; max-width: 100%; }
button { margin-top: 0.4rem; padding: 0 0.9rem; min-height: 40px; font-size: 0.85rem;
  border: 1px solid var(--border-color-primary); border-radius: 3px; }
"""
FIELD_SCRIPT = """
const canvas = element.querySelector('canvas'), ink = canvas.getContext('2d');
const clear = () => { ink.fillStyle = 'white'; ink.fillRect(0, 0, canvas.width, canvas.height); };
const place = event => {
  const box = canvas.getBoundingClientRect(), scale = canvas.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
};
let last = null;
const stroke = event => {
  if (!last) return;
  const here = place(event);
  ink.beginPath(); ink.moveTo(...last); ink.lineTo(...here); ink.stroke();
  last = here;
};
ink.lineWidth = 20; ink.lineCap = ink.lineJoin = 'round'; ink.strokeStyle = 'black';
clear();
canvas.addEventListener('pointerdown', event => {
  canvas.setPointerCapture(event.pointerId); last = place(event); stroke(event);
});
canvas.addEventListener('pointermove', stroke);
canvas.addEventListener('pointerup', () => {
  last = null; trigger('input', {drawing: canvas.toDataURL('image/png').split(',')[1]});
});
element.querySelector('button').addEventListener('click', clear);
"""


def build_drawing_field() -> gr.HTML:
    """Add a field to draw on; after each stroke its `input` event hands the drawing over."""
    return gr.HTML(
        html_template=FIELD,
        css_template=FIELD_STYLE,
        js_on_load=FIELD_SCRIPT,
        label="Draw a digit",
        show_label=True,
        container=True,
        padding=True,
        elem_id="drawing",
    )


def read_drawing(sent: object) -> Picture:
    """Return the drawing that the field handed over: base64 of a PNG, else an ImageError."""
    if not isinstance(sent, str) or len(sent) > MAX_CHARACTERS:
        raise ImageError("A drawing is a small PNG picture in base64.")
    try:
        content = base64.b64decode(sent, validate=True)
    except ValueError as error:
        raise ImageError("A drawing is a small PNG picture in base64.") from error
    return load_picture(content, max_pixels=FIELD_SIDE**2)


def frame_digit(drawing: Picture) -> NDArray[np.uint8] | None:
    """Return a drawing as MNIST has digits: (28, 28), light on black, its mass in the middle.

    The strokes are scaled to a box of 20x20 and placed by their centre of mass (LeCun et al.,
    "Gradient-based learning applied to document recognition", 1998).

    Args:
        drawing: dark strokes on a light ground, of any size.

    Returns:
        None where there are no strokes.
    """
    pixels = flatten(drawing)
    gray = np.asarray(Image.fromarray(pixels).convert("L"), np.float32)
    ink = np.median(gray) - gray
    drawn = ink > 0.2 * max(ink.max(), 1)
    if ink.max() < 32 or not drawn.any():
        return None
    rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
    box = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].clip(0)
    scale = INK_SIDE / max(box.shape)
    size = [max(1, round(side * scale)) for side in reversed(box.shape)]
    small = np.asarray(Image.fromarray(box).resize((size[0], size[1]), Image.Resampling.BOX))
    small = small * (255 / max(float(small.max()), 1))
    field = np.zeros((SIDE, SIDE), np.float32)
    top, left = ((SIDE - side) // 2 for side in small.shape)
    field[top : top + small.shape[0], left : left + small.shape[1]] = small
    middle = np.array(center_of_mass(field))
    moved = shift(field, np.clip((SIDE - 1) / 2 - middle, -4, 4), order=1)
    framed: NDArray[np.uint8] = np.rint(moved.clip(0, 255)).astype(np.uint8)
    return framed
