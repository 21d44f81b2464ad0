"""The card of a network: README.md and pictures of its weights folder, from its config."""

from pathlib import Path
from typing import Any

from denoise.weights.facts import ModelFacts

FRONT_MATTER = """---
license: {license}
pipeline_tag: image-to-image
library_name: pytorch
tags:
  - denoising
  - image-to-image
---
"""
SMALL_PROTOCOL = (
    "Noise N(0, 1) times the factor is added, and the sum is clipped to [0,1]. Figures are means "
    "over the 10,000 test pictures."
)
AS_PUBLISHED = (
    "The published forms also use the padding, initialisation, batch norm and optimisers of "
    "TensorFlow, as their tutorials do. Only TensorFlow's random numbers cannot be reproduced."
)
PROTOCOL = (
    "Gaussian noise is added as float, neither clipped nor rounded, unless a row says 8 bits. "
    "Results are rounded to 8 bits. PSNR is over all channels, the mean over all pictures."
)


def compose_card(facts: ModelFacts, folder: Path) -> str:
    """Return the text of a card; it shows the pictures that lie in the folder."""
    rows = "rows of noisy, denoised and original pictures, drawn by the program"
    sections = [
        f"# {facts.name}\n\n{facts.summary}",
        _picture(folder, "crops.png", "noisy, denoised and clean crops"),
        _picture(folder, "rows.png", rows),
        "## What it is\n\n" + _architecture(facts),
        _use(facts),
        _figures(facts, folder),
        _training(facts, folder),
        _list("## Limits", facts.limits),
        _picture(folder, "limits.png", "its results on pictures that it was not trained for"),
        _licence(facts),
    ]
    front = FRONT_MATTER.format(license=facts.license.lower())
    return front + "\n" + "\n\n".join(filter(None, sections)) + "\n"


def _architecture(facts: ModelFacts) -> str:
    needs = facts.needs
    low, high = (255 * sigma for sigma in needs.trained_sigma)
    level = {
        (True, True): "It can be told the noise level and works without it, too.",
        (True, False): "It must be told the noise level; at auto it is told the estimate.",
        (False, True): "It works without the noise level and cannot be told it.",
    }[needs.takes_sigma, needs.blind]
    size = f"{needs.fixed_size}x{needs.fixed_size} pixels" if needs.fixed_size else "any size"
    config = ", ".join(f"{key} {plain_text(value)}" for key, value in facts.config.items())
    form = f"`{facts.architecture}` ({config}): {facts.parameters:,} parameters."
    words = [form, f"It takes pictures of {size}.", level]
    if facts.guide:
        words.append(f"If the noise is not white, `{facts.guide}` makes a pilot estimate first.")
    if facts.recipe:
        words.append(f"It was trained for noise of {low:.0f} to {high:.0f}/255.")
    return " ".join(words)


def _figures(facts: ModelFacts, folder: Path) -> str:
    measured = facts.metrics
    parts = []
    if "figures" in measured:
        parts.append(_table(["measurement", "result", "target", ""], measured["figures"]))
    if "table" in measured:
        parts += _photo_table(measured)
    if "errors" in measured:
        parts += _small_figures(measured)
    if not parts:
        return ""
    speed = measured.get("seconds_per_mpixel")
    stamp, own = _stamp_words(measured), measured.get("own_stamps", {})
    words = (
        f"Measured by `python -m denoise benchmark` {stamp}, weights {measured['sha256'][:12]}. "
        f"{SMALL_PROTOCOL if 'errors' in measured else PROTOCOL}"
    )
    words += f" One Mpixel takes {speed:.2g} s." if speed else ""
    if "figures" in own:
        words += f" The figures with targets were measured {_stamp_words(own['figures'])}."
    curve = _picture(folder, "sweep.png", "PSNR against the noise level, on four photographs")
    parts += [words, curve]
    return "## How good it is\n\n" + "\n\n".join(filter(None, parts))


def _stamp_words(stamp: dict[str, Any]) -> str:
    return (
        f"on {stamp['date']} with PyTorch {stamp['torch']} on {stamp['device']} in "
        f"{stamp['precision']}"
    )


def _photo_table(measured: dict[str, Any]) -> list[str]:
    """Return the table of a set, with the figures and methods of published forms, if any."""
    baselines = measured.get("baselines", [])
    head = ["set", "sigma/255", "level", "noise", "noisy dB", "PSNR dB", "SSIM"]
    rows = [
        [*_case(row), f"{row['psnr_noisy']:.2f}", f"{row['psnr']:.2f}", f"{row['ssim']:.4f}"]
        for row in measured["table"]
    ]
    for published in baselines:
        head.append(f"{published['title']} dB")
        theirs = {_case(row): f"{row['psnr']:.2f}" for row in published["table"]}
        for row, case in zip(rows, map(_case, measured["table"]), strict=True):
            row.append(theirs.get(case, "-"))
    return [_table(head, rows), _methods(baselines)]


def _methods(baselines: list[dict[str, Any]]) -> str:
    """Return a sentence on how each published form was trained; equal ones are merged."""
    titles: dict[str, list[str]] = {}
    for published in baselines:
        titles.setdefault(published["method"], []).append(published["title"])
    lines = [f"{' and '.join(named)}: {method}." for method, named in titles.items()]
    return " ".join(line[0].upper() + line[1:] for line in lines)


def _case(row: dict[str, Any]) -> tuple[str, str, str, str]:
    """Return what a row of the table measures, in words."""
    level, noise = "told" if row["told"] else "auto", "8 bits" if row["eight_bit"] else "float"
    return row["set_name"], f"{row['sigma_255']:g}", level, noise


def _small_figures(measured: dict[str, Any]) -> list[str]:
    baselines = measured.get("baselines", [])
    errors = [
        [
            f"{row['factor']:g}",
            f"{row['mse_noisy']:.4f}",
            f"{row['mse']:.4f}",
            *(f"{published['errors'][index]['mse']:.4f}" for published in baselines),
            f"{row['psnr']:.2f}",
            f"{row['ssim']:.3f}",
        ]
        for index, row in enumerate(measured["errors"])
    ]
    theirs = [f"MSE {published['title']}" for published in baselines]
    head = ["noise factor", "MSE noisy", "MSE", *theirs, "PSNR dB", "SSIM"]
    reading = [
        [f"{row['factor']:g}", *(f"{row[key]:.1f}%" for key in ("clean", "noisy", "denoised"))]
        for row in measured["reading"]
    ]
    return [
        _table(head, errors),
        f"{_methods(baselines)} {AS_PUBLISHED}" if baselines else "",
        "Accuracy of a classifier that was trained on clean pictures:",
        _table(["noise factor", "clean", "noisy", "denoised"], reading),
        f"At a noise factor of 0.3, {measured['silent_share']:.0%} of the code's units are zero.",
    ]


def _use(facts: ModelFacts) -> str:
    if not facts.recipe:  # anyone's checkpoint, which has no name elsewhere
        return ""
    return (
        "## Use\n\n```python\nfrom denoise import Denoiser, load_picture, save_picture\n\n"
        f'denoiser = Denoiser("{facts.name}")\n'
        'save_picture(denoiser(load_picture("noisy.png")), "clean.png")\n```'
    )


def _licence(facts: ModelFacts) -> str:
    if not facts.recipe:  # anyone's checkpoint
        return f"## Licence\n\nThe licence of the weights is {facts.license}."
    return f"## Licence\n\nThe weights were trained by this project and are under {facts.license}."


def _training(facts: ModelFacts, folder: Path) -> str:
    recipe = facts.recipe
    if not recipe:
        return ""
    start = f", starting from `{recipe['start_from']}`" if recipe.get("start_from") else ""
    words = (
        f"{recipe['method'][0].upper()}{recipe['method'][1:]}. {recipe['steps']:,} steps in "
        f"{recipe['minutes']:g} minutes{start}, seed {recipe['seed']}, PyTorch {recipe['torch']}, "
        f"{recipe['date']}. `python -m denoise train {facts.name} --data DIR` trains such a "
        "network by this version's recipe."
    )
    rows = [[row["name"], row["pictures"], row["license"]] for row in facts.training_data]
    table = _table(["training data", "pictures", "licence stated by the source"], rows)
    curve = _picture(folder, "curve.png", "PSNR on held-out pictures during training")
    return "\n\n".join(filter(None, ["## How it was trained", words, curve, table]))


def _list(title: str, items: list[str]) -> str:
    return f"{title}\n\n" + "\n".join(f"- {item}" for item in items) if items else ""


def _picture(folder: Path, file: str, words: str) -> str:
    return f"![{words}]({file})" if (folder / file).is_file() else ""


def _table(head: list[str], rows: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def plain_text(value: Any) -> str:
    """Return a value of a config as people write it: 64-128 for a list."""
    return "-".join(map(str, value)) if isinstance(value, list) else str(value)
