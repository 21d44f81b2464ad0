"""What was done to a picture, in words and as a command."""

import shlex
from typing import Any

from denoise.inference.settings import Settings
from denoise.ui.widgets.parts import in_255
from denoise.ui.widgets.quoting import quoted
from denoise.ui.widgets.terms import term

SOURCES = {
    "guessed": "the network estimated it itself",
    "told": "you set it",
    "chosen": "the best of the levels tried",
    "estimated": "the estimate, corrected for white noise",
    "ignored": "this network cannot be told",
}


def report_words(report: dict[str, Any]) -> str:
    """Return the report on a picture as Markdown."""
    width, height = report["size"]
    estimated = report["sigma_estimated"]
    seconds = sum(report["seconds"].values())
    lines = [
        f"**{width} x {height}** pixels by **{quoted(report['model'])}** in **{seconds:.1f} s** "
        f"on {report['device']}, {report['precision']}.",
        f"Fine texture by **{quoted(report['textured_by'])}**: invented."
        if report["textured_by"]
        else "",
        f"{term('Noise found')}: about **{in_255(estimated)}**." if estimated is not None else "",
        _level_used(report),
        f"It was a JPEG, rounded to steps of about {255 * report['jpeg_step']:.1f}/255: its "
        "traces were removed, too."
        if report["jpeg_step"]
        else "",
        _choice_words(report["choice"]),
        *map(quoted, report["warnings"]),
    ]
    return "\n\n".join(line for line in lines if line)


def command_line(
    name: str, chosen_format: str, model: str, settings: Settings, *, keep_exif: bool
) -> str:
    """Return the command that does the same to a file of that name."""
    parts = ["python", "-m", "denoise", "run", name, "-o", "denoised", "--model", model]
    parts += ["--format", chosen_format, *["--no-exif"] * (not keep_exif)]
    if isinstance(settings.sigma, float):
        parts += ["--sigma", f"{round(settings.sigma * 255)}/255"]
    parts += ["--choose"] * settings.choose
    for option, default in (("strength", 1), ("texture", 0), ("detail", 0)):
        share = getattr(settings, option)
        parts += [f"--{option}", f"{share:g}"] if share != default else []
    return shlex.join(parts + ["--ensemble"] * settings.ensemble)


def _level_used(report: dict[str, Any]) -> str:
    source, used = SOURCES[report["sigma_source"]], report["sigma_used"]
    if report["guided_by"]:  # what is told then is no level of the whole noise, often 0
        rest = (
            f" For the rest **{quoted(report['model'])}** was told {in_255(used)}." if used else ""
        )
        return f"The noise is not all white: **{quoted(report['guided_by'])}** worked on it.{rest}"
    if used is None:
        return f"Noise level: {source}."
    return f"Noise level used: {in_255(used)}, {source}."


def _choice_words(choice: dict[str, Any] | None) -> str:
    """Return a table of the levels that were tried and their estimated errors."""
    if choice is None:
        return ""
    if choice["judged_by"] is None:
        return "No estimate holds for such noise; the network decided."
    tried = [(_level_words(one["sigma"]), one["rms"]) for one in choice["ratings"]]
    lines = [
        f"| Noise level tried | Error as estimated by {term(choice['judged_by'])} |",
        "| --- | --- |",
        *[f"| {level} | {255 * error:.2f}/255 |" for level, error in tried],
        "",
        "Less is better. A level other than auto is used only where it is clearly better.",
    ]
    return "\n".join(lines)


def _level_words(sigma: float | None) -> str:
    return "auto" if sigma is None else in_255(sigma)
