"""The choice of methods to compare."""

import gradio as gr

from denoise.classic import CLASSICS, is_installed
from denoise.weights import list_models


def build_methods(name: str) -> tuple[gr.CheckboxGroup, gr.Checkbox]:
    """Adds the methods to choose from, and whether networks are told the noise level.

    Args:
        name: of the view; its components' identifiers start with it.
    """
    models = sorted(list_models(), key=lambda facts: facts.needs.domain != "photo")
    classics = [
        (
            f"{classic.title} (slow: a part of the picture)" if classic.is_slow else classic.title,
            key,
        )
        for key, classic in CLASSICS.items()
        if is_installed(key)
    ]
    photo = [facts.name for facts in models if facts.needs.domain == "photo"]
    lessons = [facts.name for facts in models if facts.name not in photo]
    quick = [key for _, key in classics if not CLASSICS[key].is_slow]
    methods = gr.CheckboxGroup(
        [*_named(photo), *classics, *_named(lessons)],
        value=photo + quick,
        label="Methods",
        info="With a network for 28x28 lessons all of them get the picture at that size.",
        elem_id=f"{name}-methods",
    )
    told = gr.Checkbox(
        label="Tell networks the noise level",
        info="Otherwise they judge by themselves. Networks that cannot be told always do.",
        elem_id=f"{name}-told",
    )
    return methods, told


def _named(networks: list[str]) -> list[tuple[str, str]]:
    return [(name, name) for name in networks]
