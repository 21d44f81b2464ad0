"""How each figure on the page is measured, told where it stands."""

from html import escape

TERMS = {
    "PSNR": "Peak signal-to-noise ratio, in dB: 10 times the logarithm of 1 by the mean squared "
    "error against the clean picture, in 8 bits, over all pixels and channels. White is 1.",
    "SSIM": "Structural similarity to the clean picture (Wang and others, 2004), in 8 bits, by a "
    "Gaussian window of 1.5 pixels; the mean over all pixels and channels. 1 is equal.",
    "HaarPSI": "Haar wavelet perceptual similarity to the clean picture (Reisenhofer and others, "
    "2018), in 8 bits. 1 is equal.",
    "s per Mpixel": "Seconds that the method took for this picture on this server, per "
    "million pixels.",
    "PSNR at 25/255": "Mean PSNR on the 68 photographs of CBSD68 under Gaussian noise of 25/255, "
    "as the card says; the network estimated the noise level itself.",
    "s per Mpixel, measured": "Median of five runs on a square picture of 1024 pixels a side, on "
    "the machine that the card names.",
    "Parameters": "How many numbers the network has learned.",
    "Noise found": "Root mean square of what the photo network takes away from up to four pieces "
    "of 256 x 256 pixels when nothing is told. Of white noise that reads a little low.",
    "SURE": "Stein's unbiased risk estimate: the root mean square error against the clean picture, "
    "worked out without it, for white noise.",
    "J-invariance": "Root mean square difference between pixels that were hidden and what the "
    "network puts there, on every second pixel of every second row. The noise is included.",
    "Whiteness": "Geometric by arithmetic mean of the power spectrum of what was removed. 1 is "
    "white noise.",
    "Follows edges": "Correlation of the strength of what was removed with the strength of the "
    "edges in the denoised picture.",
    "Neighbours": "Correlation of the noise of pixels next to each other in the detail, across and "
    "down. 0 is white noise.",
    "Channels": "Correlation of the noise of green with that of red and blue in the detail, the "
    "mean. 0 where each channel has noise of its own.",
    "reads": "What a small classifier, trained on clean pictures, sees in it, and how sure it is.",
    "Mean squared error": "Mean over all pixels of the squared difference to the clean picture, "
    "where white is 1.",
    "File": "Size of the weights.",
}


def measured_words(*names: str) -> str:
    """Return a line of terms, as Markdown."""
    return f"How it is measured: {' · '.join(map(term, names))}"


def term(name: str, shown: str = "") -> str:
    """Return one of TERMS as HTML; pointing at it or focusing it shows how it is measured."""
    words = escape(TERMS[name])
    return f'<abbr title="{words}" tabindex="0">{shown or name}</abbr>'
