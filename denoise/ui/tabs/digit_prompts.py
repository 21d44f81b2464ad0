"""Questions that a visitor answers by trying; the answers are figures that were measured."""

from collections.abc import Mapping
from html import escape

from denoise.ui.widgets.terms import term
from denoise.weights.facts import ModelFacts

MUCH, LITTLE = 0.8, 0.1  # noise at which the cards have figures
BY_HAND = (  # 1,000 test pictures of each set, noise of 0.4, two draws of it
    "Not quite. At noise of 0.4, other noise moves the codes of the shipped networks by 30 to 50% "
    "of their length; another picture moves them by 70 to 110%. A code says what is in the "
    "picture, and a little about its noise."
)


def write_prompts(networks: list[ModelFacts]) -> str:
    """Return the questions on networks for the same pictures, with folded answers, as HTML."""
    asked = [
        (
            f"Set the noise to {MUCH}. Can the picture still be read, and after which network?",
            "Pictures that a classifier recognised, of 10,000 test pictures with this noise:",
            _read(networks),
            "A convolution looks for the same strokes at every place. A dense network has to learn "
            "every place by itself."
            if len(networks) > 1
            else "Outlines are kept, details go.",
        ),
        (
            f"Set the noise to {LITTLE}. Does a network make the picture better?",
            "Hardly. Mean over 10,000 test pictures with this noise:",
            _errors(networks),
            "The code holds less than the picture. What it cannot hold is lost with the noise, and "
            "so little noise costs no more than that.",
        ),
        ("Change the seed. Does the code stay? Then take another sample.", BY_HAND, {}, ""),
    ]
    if len(networks) > 1:
        asked.append(
            (
                "Which network has the most zeros in its code, and what are they good for?",
                "Share of the code that is 0, over 10,000 test pictures at noise of 0.3:",
                _zeros(networks),
                "Training made every number above 0 in the code of a sparse network cost "
                "something. Noise is not worth that, so it stays out.",
            )
        )
    return '<h3>First guess, then look</h3><div class="prompts">' + (
        "".join(_folded(*one) for one in asked if one[2] or one[1] == BY_HAND) + "</div>"
    )


def _folded(question: str, begin: str, figures: Mapping[str, str], end: str) -> str:
    rows = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in figures.items())
    table = f"<table><tbody>{rows}</tbody></table>" if rows else ""
    return (
        f"<details><summary>{question}</summary><p>{begin}</p>{table}"
        f"{f'<p>{end}</p>' if end else ''}</details>"
    )


def _read(networks: list[ModelFacts]) -> dict[str, str]:
    found: dict[str, str] = {}
    for facts in networks:
        for row in facts.metrics.get("reading", []):
            if row["factor"] == MUCH:
                found |= {"original": f"{row['clean']:.0f}%", "noisy": f"{row['noisy']:.0f}%"}
                found[escape(facts.name)] = f"{row['denoised']:.0f}%"
    return found


def _errors(networks: list[ModelFacts]) -> dict[str, str]:
    found: dict[str, str] = {}
    for facts in networks:
        for row in facts.metrics.get("errors", []):
            if row["factor"] == LITTLE:
                found["noisy"] = term("PSNR", f"{row['psnr_noisy']:.1f} dB")
                found[escape(facts.name)] = term("PSNR", f"{row['psnr']:.1f} dB")
    return found


def _zeros(networks: list[ModelFacts]) -> dict[str, str]:
    return {
        escape(facts.name): f"{facts.metrics['silent_share']:.0%}"
        for facts in networks
        if "silent_share" in facts.metrics
    }
