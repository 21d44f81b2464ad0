"""The page in another language: English sentences as templates, and what stands for them."""

import functools
import inspect
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import altair as alt
import gradio as gr
from gradio.blocks import Block

from denoise.ui.server.failures import told
from denoise.ui.widgets.tables import say_table

TEXTS = Path(__file__).parent / "texts"  # a file for each language but English
# Properties of a component that visitors read.
NAMED = ("label", "info", "placeholder", "alt_text", "html_template")
DRAWN = ("title", "method", "domain", "sort")  # of a chart, where they are texts
WRITTEN = (gr.Markdown, gr.HTML, gr.Button, gr.DownloadButton)  # whose value visitors read
SENTENCE_END = re.compile(r"(?<=[.!?]) +")
GAP = r"((?:(?![.!?] | \| ).)+?)"  # what {} stands for: within a sentence and a table's cell
TAG = re.compile(r"<[a-z/][^>]*>")
READ_ATTRIBUTE = re.compile(r'(?:(?<= alt=")|(?<= title=")|(?<=-label="))[^"]+')
MARKED = 2  # tags around what {} stands for; where there are more, there is more than one text
FIRST_HIDDEN = 0xE000  # of the characters that stand for tags: Unicode keeps them free
HIDDEN = re.compile("[\ue000-\uf8ff]")
EDGES = re.compile(r"^[\s|\ue000-\uf8ff]+|[\s|\ue000-\uf8ff]+$")


class Phrases:
    """English sentences in another language.

    Args:
        texts: translations by English template, in which {} stands for whatever is there. What
            stands there is translated, too, and takes the place of {} or of {0}, {1} and so on.
    """

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts
        self._exact = {text: said for text, said in texts.items() if "{" not in text}
        self._templates = [
            (re.compile(GAP.join(map(re.escape, text.split("{}")))), said)
            for text, said in texts.items()
            if "{" in text
        ]
        self._find = functools.lru_cache(4096)(self._find_template)

    def say(self, text: str) -> str:
        """Translate a text: as a whole, or else line by line, or by sentence.

        Markup stays, and so does what is in no template.
        """
        tags: list[str] = []

        def hide(tag: re.Match[str]) -> str:
            tags.append(READ_ATTRIBUTE.sub(lambda found: self.say(found[0]), tag[0]))
            return chr(FIRST_HIDDEN + len(tags) - 1)

        said = self._say_bare(TAG.sub(hide, HIDDEN.sub("", text)))
        return HIDDEN.sub(lambda one: tags[ord(one[0]) - FIRST_HIDDEN], said)

    def _say_bare(self, text: str) -> str:
        """Translate a text in which a character stands for each tag."""
        core = EDGES.sub("", text)
        if core != text:
            return text.replace(core, self._say_bare(core), 1) if core else text
        said = self._find(text)
        if said is not None:
            return said
        for separator in (r"(\n)", r"( \| )", "([\ue000-\uf8ff]+)"):
            if len(parts := re.split(separator, text)) > 1:
                return "".join(map(self._say_bare, parts))
        if len(parts := SENTENCE_END.split(text)) > 1:
            sentences = map(self._say_bare, parts)
            return "".join(f"{one} " if one[-1:].isascii() else one for one in sentences).strip()
        return text

    def _find_template(self, text: str) -> str | None:
        if text in self._exact:
            return self._exact[text]
        for template, said in self._templates:
            match = template.fullmatch(text)
            if match and all(len(HIDDEN.findall(gap)) <= MARKED for gap in match.groups()):
                return said.format(*map(self._say_bare, match.groups()))
        return None


def read_phrases(language: str) -> Phrases:
    """Read the phrases of a language that there is a file for, such as "zh"."""
    return Phrases(json.loads((TEXTS / f"{language}.json").read_text(encoding="utf-8")))


def translate_page(page: gr.Blocks, path: str, phrases: Phrases) -> None:
    """Translate the page at a path of an application that was built in English."""
    for block in page.blocks.values():
        if block.page == path:
            _translate_block(block, phrases)
    for event in page.fns.values():
        if event.page == path and event.fn is not None:
            event.fn = _translated(event.fn, list(event.outputs), phrases)


def translate_chart(chart: Any, phrases: Phrases) -> Any:
    """Translate a chart's titles and names of lines, in the legend and in the rows alike."""

    def walk(part: Any, name: str = "") -> Any:
        if isinstance(part, dict):
            return {key: walk(one, key) for key, one in part.items()}
        if isinstance(part, list):
            return [walk(one, name) for one in part]
        return phrases.say(part) if name in DRAWN and isinstance(part, str) else part

    return type(chart).from_dict(walk(chart.to_dict()))


def _translate_block(block: Any, phrases: Phrases) -> None:
    for name in NAMED:
        if isinstance(said := getattr(block, name, None), str):
            setattr(block, name, phrases.say(said))
    if isinstance(block, WRITTEN) and isinstance(block.value, str):
        block.value = phrases.say(block.value)
    if isinstance(getattr(block, "choices", None), list):
        block.choices = _translate_choices(block.choices, phrases)
    if isinstance(getattr(block, "headers", None), list):
        block.headers = [phrases.say(header) for header in block.headers]
    if isinstance(block, gr.Dataframe):
        block.value = say_table(block.value, phrases.say) | {"headers": block.headers}


def _translated(
    work: Callable[..., Any], outputs: list[Any], phrases: Phrases
) -> Callable[..., Any]:
    """Return an event's function with answers and errors in the language."""

    def say(answer: Any) -> Any:
        if isinstance(answer, dict) and any(isinstance(key, Block) for key in answer):
            return {key: _translate_value(key, value, phrases) for key, value in answer.items()}
        if len(outputs) == 1:
            return _translate_value(outputs[0], answer, phrases)
        if not isinstance(answer, (tuple, list)):
            return answer
        pairs = zip(outputs, answer, strict=True)
        return [_translate_value(component, value, phrases) for component, value in pairs]

    @functools.wraps(work)
    def answer_all(*values: Any) -> Iterator[Any]:
        with _errors_translated(phrases):
            for answer in work(*values):
                yield say(answer)

    @functools.wraps(work)
    def answer_one(*values: Any) -> Any:
        with _errors_translated(phrases):
            return say(work(*values))

    return answer_all if inspect.isgeneratorfunction(work) else answer_one


def _translate_value(component: Any, value: Any, phrases: Phrases) -> Any:
    if isinstance(value, dict) and value.get("__type__") == "update":
        return {
            name: _translate_property(component, name, one, phrases) for name, one in value.items()
        }
    return _translate_property(component, "value", value, phrases)


def _translate_property(component: Any, name: str, value: Any, phrases: Phrases) -> Any:
    if isinstance(value, str):
        is_read = name in NAMED or (name == "value" and isinstance(component, WRITTEN))
        return phrases.say(value) if is_read else value
    if name == "choices":
        return _translate_choices(value, phrases)
    if isinstance(value, alt.TopLevelMixin):
        return translate_chart(value, phrases)
    if isinstance(component, gr.Dataframe) and isinstance(value, dict):
        return say_table(value, phrases.say)
    if isinstance(component, gr.Gallery) and isinstance(value, list):
        return [(one[0], phrases.say(one[1])) if isinstance(one, tuple) else one for one in value]
    return value


def _translate_choices(choices: list[Any], phrases: Phrases) -> list[tuple[str, Any]]:
    """Translate the names of choices; their values stay, since the program goes by them."""
    pairs = (
        choice if isinstance(choice, (tuple, list)) else (choice, choice) for choice in choices
    )
    return [(phrases.say(str(name)), value) for name, value in pairs]


@contextmanager
def _errors_translated(phrases: Phrases) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        failure = told(error)
        failure.message = phrases.say(failure.message)
        raise failure from error
