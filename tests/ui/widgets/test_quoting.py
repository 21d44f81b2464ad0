"""Text from outside is shown as it stands, wherever the page shows it."""

import ast
import asyncio
import json
import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from asides import aside

from denoise.defaults import BUNDLED, DEFAULT_MODEL
from denoise.errors import ImageError
from denoise.evaluation.methods import CleanImage
from denoise.noise.synthesis import NoiseSpec
from denoise.ui import page
from denoise.ui.language import read_phrases, translate_page
from denoise.ui.server.service import Service
from denoise.ui.tabs import compare_view, sweep_view
from denoise.ui.tabs.zoo import _card_text
from denoise.ui.widgets import toasts
from denoise.ui.widgets.methods import Job
from denoise.ui.widgets.quoting import quoted, quoted_all
from denoise.zoo.zoo import Zoo

FOREIGN = "<b>bold</b> [a](b) &lt;"
PLAIN = "&lt;b&gt;bold&lt;/b&gt; &#91;a&#93;(b) &amp;lt;"
UI = Path(page.__file__).parent
SETTINGS = {  # by identifier of the lab's component
    "lab-network": DEFAULT_MODEL,
    "kind": "gaussian",
    "level": 0.1,
    "seed": 0,
    "stages": [],
    "gray-noise": False,
    "eight-bit": True,
    "clip": False,
    "mixture": f"{FOREIGN}:0.1",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A service whose default network is described by somebody else, as are the Hub's errors."""
    folder = tmp_path_factory.mktemp("quoting")
    zoo = folder / "zoo"
    zoo.mkdir()
    for bundled in BUNDLED.iterdir():
        if bundled.name == DEFAULT_MODEL:
            shutil.copytree(bundled, zoo / DEFAULT_MODEL)
        elif (bundled / "config.json").is_file():
            (zoo / bundled.name).symlink_to(bundled)
    config = zoo / DEFAULT_MODEL / "config.json"
    facts = json.loads(config.read_text(encoding="utf-8"))
    facts |= {"summary": FOREIGN, "limits": [FOREIGN], "license": FOREIGN}
    facts["training_data"][0]["name"] = FOREIGN
    config.write_text(json.dumps(facts), encoding="utf-8")
    found = Service(
        device="cpu", folder=folder / "served", zoo=Zoo(folder=zoo, takes_addresses=False)
    )
    found.zoo.warnings = lambda: (FOREIGN,)
    return found


@pytest.fixture(scope="module")
def built(service):
    return aside(partial(page.build_page, service))


def events(built, name):
    """Gives the events whose function has that name, one or more for each language."""
    found = [one for one in built.fns.values() if getattr(one.fn, "__name__", "") == name]
    assert {event.page for event in found} == set(page.LANGUAGES)
    return found


def by_identifier(updates):
    return {component.elem_id: update for component, update in updates.items()}


def test_what_begins_markup_becomes_an_entity():
    assert quoted(FOREIGN) == PLAIN
    assert quoted("Unknown 'x'; choose 1.5, a-b_c or \"d\".") == (
        "Unknown 'x'; choose 1.5, a-b_c or \"d\"."
    )


def test_texts_are_quoted_however_deep_they_lie():
    assert quoted_all({"<": [1, ("<", None)]}) == {"&lt;": [1, ("&lt;", None)]}


@pytest.mark.parametrize("language", ["", "zh"])
def test_the_built_page_has_no_markup_of_others(built, language):
    values = [
        block.value
        for block in built.blocks.values()
        if block.page == language
        if isinstance(block, gr.Markdown | gr.HTML)
    ]
    texts = [text for text in values if isinstance(text, str)]
    assert sum(PLAIN in text for text in texts) >= 1  # the warning
    assert not any("<b>bold" in text or "[a](b)" in text for text in texts)


def test_warnings_that_come_later_are_quoted(built):
    for look_up in events(built, "look_up"):
        assert look_up.fn()["value"] == PLAIN


def test_what_is_wrong_with_an_address_is_quoted_in_the_toast(built, monkeypatch):
    for name in ("network", "kind", "level", "seed", "gray", "mixture", "tab"):
        asked = {"tab": "lab", name: FOREIGN if name != "mixture" else f"{FOREIGN}:1"}
        for read_address in events(built, "read_address"):
            shown = []
            monkeypatch.setattr(gr, "Warning", shown.append)
            read_address.fn(SimpleNamespace(query_params=asked))
            (sentence,) = shown
            assert "<" not in sentence
            assert "[" not in sentence


def test_what_is_wrong_with_a_mixture_is_quoted(built, service, tmp_path):
    picture = tmp_path / "clean.png"
    asked = SETTINGS | {"clean-picture": str(picture)}
    for name in ("show_noise", "show_denoised"):
        for show in events(built, name):
            values = {component: asked[component.elem_id] for component in show.inputs}
            assert PLAIN in by_identifier(show.fn(values))["noisy-words"]


def test_a_card_is_quoted_and_keeps_its_pictures(service):
    text = _card_text(service, DEFAULT_MODEL)
    assert text.count(PLAIN) == 4
    assert "<" not in text
    assert "](gradio_api/file=" in text


@pytest.mark.parametrize("view", [compare_view, sweep_view])
def test_what_is_said_of_a_compared_picture_is_quoted(view, service):
    image = CleanImage(np.zeros((8, 8, 3), np.uint8), ["median"], [FOREIGN])
    values = {"highest": 0.1, "levels": 1, "figure": "PSNR"}
    parts = [view._Views(*view._Views._fields)]
    if view is sweep_view:
        parts += [["highest", "levels"], "figure"]
    *_, last = view._work(service, *parts, Job(image, NoiseSpec(), False, values))
    assert last["status"].endswith(PLAIN)


def fail():
    raise ImageError(FOREIGN)


@pytest.mark.parametrize(("visibility", "said"), [("private", PLAIN), ("public", FOREIGN)])
def test_errors_are_quoted_for_the_page_and_plain_for_scripts(visibility, said):
    def build():
        with toasts.Page() as small:
            button, words = gr.Button(), gr.Markdown()
            button.click(fail, None, words, api_visibility=visibility)
        with pytest.raises(gr.Error) as caught:
            asyncio.run(small.process_api(small.fns[0], []))
        return caught.value.message

    assert aside(build) == said


@pytest.mark.parametrize(
    ("error", "outcome"), [(ImageError("No pixels."), "refused"), (KeyError("bug"), "failed")]
)
def test_a_fault_of_the_server_is_counted_as_such_in_every_language(error, outcome):
    counted = []

    def fail():
        raise error

    def build():
        with toasts.Page() as small:
            gr.Button().click(fail, None, gr.Markdown(), api_visibility="private")
        translate_page(small, small.current_page, read_phrases("zh"))
        small.figures = SimpleNamespace(count_call=lambda *call: counted.append(call))
        with pytest.raises(gr.Error) as caught:
            asyncio.run(small.process_api(small.fns[0], []))
        return caught.value.message

    said = aside(build)
    assert counted == [("page", outcome)]
    assert outcome == "refused" or "服务器出了问题" in said


def test_errors_of_gradio_are_quoted():
    def build():
        with toasts.Page() as small:
            choice = gr.Dropdown(["a"], value="a")
            choice.change(lambda value: value, choice, choice, api_visibility="private")
        with pytest.raises(gr.Error) as caught:
            asyncio.run(small.process_api(small.fns[0], [FOREIGN]))
        return caught.value.message

    assert PLAIN in aside(build)


def test_the_page_is_one_that_quotes_errors_and_its_events_are_its_own(built):
    assert isinstance(built, toasts.Page)
    assert {event.api_visibility for event in built.fns.values()} == {"private"}


@pytest.mark.parametrize("file", sorted(UI.rglob("*.py")), ids=lambda file: file.name)
def test_toasts_are_shown_from_one_place(file):
    names = {
        node.attr
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert file.name == "toasts.py" or not names & {"Warning", "Info", "Success"}


def test_characters_that_stand_for_tags_are_taken_for_nothing_else():
    assert read_phrases("zh").say("\ue000<b>Done.</b>\ue007") == "<b>完成。</b>"
