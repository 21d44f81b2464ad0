import json
import re
from functools import partial
from string import Formatter

import altair as alt
import gradio as gr
import pytest
from asides import aside

from denoise.ui.language import TEXTS, Phrases, read_phrases, translate_page
from denoise.ui.page import LANGUAGES, build_page
from denoise.ui.server.service import Service
from denoise.ui.stage.component import spoken_words
from denoise.ui.widgets.tables import table_of
from denoise.ui.widgets.terms import term
from denoise.weights.card import compose_card
from denoise.weights.facts import list_models
from denoise.weights.tensors import BUNDLED

CHINESE = re.compile(r"[\u4e00-\u9fff]")
# What is the same in both languages: names and units.
NAMES = {facts.name for facts in list_models()} | {
    *("denoise", "PSNR", "SSIM", "HaarPSI", "Adam", "Adadelta", "PNG", "JPEG", "WEBP", "TIFF", "%"),
    *("AVIF", "JPEG2000", "PPM"),
    *("English", "bfloat16", "sigma", "dB", "MB", "Apache-2.0", "value"),
}
TEXTS_ZH = json.loads((TEXTS / "zh.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def phrases():
    return Phrases(
        {
            "Tile {} of {}": "{1} 块中的第 {0} 块",
            "Noise level: {}.": "噪声水平：{}。",
            "you set it": "由您设定",
            "Done.": "完成。",
            "Error by {}": "误差（{}）",
            "auto": "自动",
            "PSNR says how far.": "PSNR 说明相差多少。",
            "noisy": "带噪",
        }
    )


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("Done.", "完成。"),
        ("Tile 3 of 12", "12 块中的第 3 块"),
        ("Noise level: you set it.", "噪声水平：由您设定。"),
        ("Done. Noise level: you set it.", "完成。噪声水平：由您设定。"),
        ("Done.\n\nWhat nobody knows. Done.", "完成。\n\nWhat nobody knows. 完成。"),
        ("| Error by SURE | auto |\n| --- | --- |", "| 误差（SURE） | 自动 |\n| --- | --- |"),
        ('<b>noisy</b><img src="auto" alt="noisy">', '<b>带噪</b><img src="auto" alt="带噪">'),
        ('<abbr title="PSNR says how far.">noisy</abbr> **1**', None),
        ("photo of auto.png", "photo of auto.png"),
        ("", ""),
    ],
)
def test_a_text_is_said_whole_or_in_parts(phrases, english, said):
    expected = '<abbr title="PSNR 说明相差多少。">带噪</abbr> **1**' if said is None else said
    assert phrases.say(english) == expected


def test_what_is_not_in_the_file_stays_english(phrases):
    assert phrases.say("Noise level: 12. And so on.") == "噪声水平：12。And so on."


@pytest.mark.parametrize(("english", "said"), TEXTS_ZH.items())
def test_a_translation_has_the_gaps_of_its_original(english, said):
    gaps = [name for _, name, _, _ in Formatter().parse(said) if name is not None]
    count = english.count("{}")
    assert sorted(gaps) in ([""] * count, [str(number) for number in range(count)])


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    service = Service(device="cpu", folder=tmp_path_factory.mktemp("page") / "served")
    return aside(partial(build_page, service))


def texts_of(block):
    config = block.get_config()
    found = [config.get(name) for name in ("label", "info", "placeholder", "html_template")]
    if isinstance(block, gr.Markdown | gr.HTML | gr.Button | gr.DownloadButton):
        found.append(config.get("value"))
    found += [name for name, _ in config.get("choices") or []]
    found += config.get("headers") or []
    return [text for text in found if isinstance(text, str)]


def english_words(text):
    bare = re.sub(r"<[^>]+>|\$\{.*?\}|gaussian:[\d.]+\+salt-pepper:[\d.]+", " ", text)
    words = set(re.findall(r"[A-Za-z][\w.+-]*", bare)) - {"x", "HTTP", "CPU", "CBSD68", "EXIF"}
    return words if not CHINESE.search(bare) else set()


def test_the_chinese_page_is_in_chinese(page):
    blocks = [block for block in page.blocks.values() if block.page == "zh"]
    left = {
        text
        for block in blocks
        for text in texts_of(block)
        if english_words(text) - NAMES and not text.startswith("**sigma")
    }
    assert len(blocks) > 100
    assert not left


def test_the_english_page_is_left_alone(page):
    texts = [text for block in page.blocks.values() if block.page == "" for text in texts_of(block)]
    assert not [text for text in texts if CHINESE.search(text.replace("中文", ""))]


def test_both_pages_have_the_same_parts_and_events(page):
    for kind in (page.blocks.values(), page.fns.values()):
        counts = {path: sum(one.page == path for one in kind) for path in LANGUAGES}
        assert counts["zh"] == counts[""]


def a_page():
    """Gives a page in Chinese: its parts by name, and what its two buttons set off."""
    page = gr.Blocks()
    with page.route("中文", "zh"):
        parts = {
            "words": gr.Markdown(),
            "choice": gr.Dropdown(["auto", "told"], value="auto"),
            "plot": gr.Plot(),
            "gallery": gr.Gallery(),
            "table": gr.Dataframe(headers=["auto"]),
            "start": gr.Button("Done."),
        }

        def answer():
            chart = alt.Chart(alt.InlineData([])).mark_line().encode(alt.X("x:Q", title="noisy"))
            update = gr.update(choices=["auto"], value="auto", label="noisy")
            rows = table_of([["noisy", 1.5]], ["", ".2f"])
            yield "Done.", update, chart, [("auto", "noisy")], rows

        def fail():
            raise gr.Error("Tile 1 of 2")

        parts["start"].click(answer, None, list(parts.values())[:5])
        parts["start"].click(fail, None, parts["words"])
    said = {
        "Done.": "完成。",
        "auto": "自动",
        "noisy": "带噪",
        "Tile {} of {}": "第 {} 块，共 {} 块",
    }
    translate_page(page, "zh", Phrases(said))
    return parts, [event.fn for event in page.fns.values()]


def test_answers_are_translated_and_values_are_not():
    parts, (answer, _) = aside(a_page)
    assert parts["choice"].choices == [("自动", "auto"), ("told", "told")]
    assert parts["choice"].value == "auto"
    assert (parts["start"].value, parts["table"].headers) == ("完成。", ["自动"])
    status, update, chart, shown, table = next(answer())
    assert status == "完成。"
    assert (update["choices"], update["value"]) == ([("自动", "auto")], "auto")
    assert update["label"] == "带噪"
    assert chart.to_dict()["encoding"]["x"]["title"] == "带噪"
    assert shown == [("auto", "带噪")]
    assert table == table_of([["带噪", 1.5]], ["", ".2f"])


def test_errors_are_translated():
    _, (_, fail) = aside(a_page)
    with pytest.raises(gr.Error, match="第 1 块，共 2 块"):
        fail()


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("speckle: 10% of the light", "斑点：光强的 10%"),
        (
            "poisson: 100 photons at white, then jpeg: quality 60, then camera: sigma 12.8/255",
            "泊松：白色处 100 个光子，然后 JPEG：质量 60，然后 相机：sigma 12.8/255",
        ),
        (
            f"<td>noisy</td><td><img></td><p>{term('Mean squared error')} of these ten: 0.1</p>",
            "（这十张）",
        ),
    ],
)
def test_a_sentence_is_not_taken_for_another(english, said):
    found = read_phrases("zh").say(english)
    assert found == said or (said in found and found.startswith("<td>带噪</td>"))


def test_terms_are_translated():
    said = read_phrases("zh").say(f"{term('PSNR')} **31.20 dB** · {term('SSIM')} **0.9**")
    assert said.count("<abbr") == 2
    assert not re.search("of|the", said)


@pytest.mark.parametrize("facts", list_models(), ids=lambda facts: facts.name)
def test_what_a_network_is_for_and_where_it_fails_is_translated(facts):
    said, card = read_phrases("zh"), compose_card(facts, BUNDLED / facts.name)
    for english in [facts.summary, *(f"- {limit}" for limit in facts.limits)]:
        assert CHINESE.search(said.say(english))
        assert not re.search(r"[a-z]+ [a-z]+ [a-z]+", said.say(english))  # no sentence is left out
    (numbers,) = (line for line in card.splitlines() if f"{facts.parameters:,} parameters" in line)
    assert not re.search(r"\bIt\b", said.say(numbers))


def test_what_the_stage_says_is_there_in_chinese():
    said = read_phrases("zh").texts
    assert [sentence for sentence in spoken_words() if sentence not in said] == []
