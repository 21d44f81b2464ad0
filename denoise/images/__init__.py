"""Untrusted bytes and files <-> pictures: formats, limits, orientation, depth, metadata."""

from denoise.images.fitting import fit_square
from denoise.images.picture import (
    FORMAT_SUFFIXES,
    OUTPUT_FORMATS,
    SUFFIX_FORMATS,
    Picture,
    flatten,
)
from denoise.images.reading import MAX_BYTES, MAX_PIXELS, load_picture
from denoise.images.writing import encode_picture, encode_quickly, losses, save_picture

__all__ = [
    "FORMAT_SUFFIXES",
    "MAX_BYTES",
    "MAX_PIXELS",
    "OUTPUT_FORMATS",
    "SUFFIX_FORMATS",
    "Picture",
    "encode_picture",
    "encode_quickly",
    "fit_square",
    "flatten",
    "load_picture",
    "losses",
    "save_picture",
]
