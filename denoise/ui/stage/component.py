"""The stage as a part of the page: its HTML, style and script, and what the script must know."""

import json
import re
from pathlib import Path
from typing import Any

import gradio as gr

from denoise.defaults import DEFAULT_MODEL
from denoise.images.picture import OUTPUT_FORMATS, READ_ONLY, SUFFIX_FORMATS
from denoise.ui.language import Phrases, read_phrases
from denoise.ui.server.service import Service

HERE = Path(__file__).parent
SAID = re.compile(r"say\(\s*'((?:[^'\\]|\\.)*)'")  # sentences in the scripts
EXAMPLES = {  # file to show: what is said of it
    "night-small.jpg": "A night out",
    "page-small.png": "A scanned page",
    "grain-small.jpg": "Strong grain",
}
KINDS = "JPEG, PNG, WebP, TIFF, AVIF, HEIC or raw"
ACCEPT = ",".join(("image/*", *SUFFIX_FORMATS, *READ_ONLY))  # a browser may not know the others
START = """
const { root } = window.gradio_config;
const base = root.endsWith('/') ? root : `${root}/`;
import(`${base}stage/code/stage.js`).then(({ start }) => start(element, { ...CONFIG, base }));
"""


def build_stage(service: Service, language: str) -> None:
    """Add the stage to the page that is being built.

    Args:
        service: whose networks and limits it names.
        language: of the page: "" for English.
    """
    gr.HTML(
        html_template=(HERE / "stage.html").read_text(encoding="utf-8"),
        js_on_load=START.replace("CONFIG", json.dumps(_config(service, language))),
        padding=False,
        elem_id="stage",
    )


def spoken_words() -> list[str]:
    """Return the sentences that the scripts say, as templates with {} for what is put in."""
    found = [
        sentence.replace("\\'", "'")
        for script in sorted(HERE.glob("*.js"))
        for sentence in SAID.findall(script.read_text(encoding="utf-8"))
    ]
    return list(dict.fromkeys([*found, *EXAMPLES.values()]))


def _config(service: Service, language: str) -> dict[str, Any]:
    """Return what the script must know; WeightsError: the default network is damaged."""
    _ = service.zoo.read_facts(DEFAULT_MODEL)
    limits = service.limits
    models = [facts for facts in service.zoo.list_models() if facts.needs.domain == "photo"]
    models.sort(key=lambda facts: facts.name != DEFAULT_MODEL)
    phrases = read_phrases(language) if language else Phrases({})
    return {
        "words": {one: phrases.texts[one] for one in spoken_words() if one in phrases.texts},
        "lang": language,
        "models": [
            {
                "name": facts.name,
                "summary": phrases.say(facts.summary),
                "takes_sigma": facts.needs.takes_sigma,
                "max_sigma": facts.needs.trained_sigma[1],
                "textured": facts.textured,
            }
            for facts in models
        ],
        "default": DEFAULT_MODEL,
        "takesAddresses": service.zoo.takes_addresses,
        "formats": list(OUTPUT_FORMATS),
        "examples": EXAMPLES,
        "accept": ACCEPT,
        "limits": {
            "megapixels": limits.max_pixels // 10**6,
            "megabytes": limits.max_bytes // 10**6,
            "kinds": phrases.say(KINDS),
        },
    }
