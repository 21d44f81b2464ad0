"""Every sentence of an error that the page can show is there in Chinese."""

import ast
import itertools
import re
from importlib import import_module
from pathlib import Path

import pytest

from denoise import errors
from denoise.ui.language import SENTENCE_END, read_phrases

PAGE = Path(errors.__file__).parent
MODULES = (
    "evaluation.baselines",
    "evaluation.comparison",
    "evaluation.methods",
    "files",
    "hub.errors",
    "hub.files",
    "hub.repository",
    "images.deep_tiff",
    "images.headers.bmp",
    "images.headers.boxes",
    "images.headers.gif",
    "images.headers.jpeg",
    "images.headers.jpeg2000",
    "images.headers.pixels",
    "images.headers.png",
    "images.headers.tiff",
    "images.headers.webp",
    "images.heif",
    "images.ifd",
    "images.kinds",
    "images.libraries",
    "images.ppm",
    "images.reading",
    "images.whole_scan",
    "images.writing",
    "inference.passes",
    "training.lesson",
    "ui.server.decoding",
    "ui.server.progress",
    "ui.server.service",
    "ui.server.turns",
    "ui.server.uploads",
    "ui.server.zero_gpu",
    "ui.stage.files",
    "ui.stage.pictures",
    "ui.stage.routes",
    "ui.stage.visits",
    "ui.widgets.drawing",
    "weights.checkpoints",
    "weights.facts",
    "weights.manifest",
    "weights.tensors",
    "zoo.sources",
    "zoo.zoo",
)
# Where sentences begin with the name of a file, which is put before later.
BEGUN = tuple(module for module in MODULES if module.startswith("images."))
WITHOUT_PAGE = ("save_picture writes", "Cannot save as")  # what scripts alone can ask for
PHRASES = read_phrases("zh")


def told(module):
    """Gives what the errors of a module say, with x1, x2 and so on for what varies."""
    tree = ast.parse((PAGE / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
    loaded = import_module(f"denoise.{module}")
    for call in ast.walk(tree):
        is_error = isinstance(call, ast.Call) and ast.unparse(call.func).endswith("Error")
        if is_error and call.args and issubclass(class_of(call, loaded), errors.DenoiseError):
            yield from texts(call.args[0], loaded)
    for sentence in getattr(loaded, "SENTENCES", {}).values():
        yield sentence.format(repo="x1", revision="x2", what="x3", What="x4", number="x5")


def class_of(call, loaded):
    return eval(ast.unparse(call.func), vars(loaded))


def texts(part, loaded, count=None):
    """Gives what an expression may say: each of its choices, with x for what is not known."""
    count = count or itertools.count(1)
    if isinstance(part, ast.Constant):
        return [str(part.value)]
    if isinstance(part, ast.FormattedValue):
        return texts(part.value, loaded, count)
    if isinstance(part, ast.IfExp):
        return texts(part.body, loaded, count) + texts(part.orelse, loaded, count)
    if isinstance(part, ast.Name) and isinstance(getattr(loaded, part.id, None), str):
        return [getattr(loaded, part.id)]
    if isinstance(part, ast.JoinedStr):
        parts = [texts(one, loaded, count) for one in part.values]
        return ["".join(choice) for choice in itertools.product(*parts)]
    return [f"x{next(count)}"]


def english_left(sentence):
    said = PHRASES.say(sentence)
    parts = SENTENCE_END.split(sentence)
    return [part for part in parts if part in said and re.search("[a-z]{2}", part)]


@pytest.mark.parametrize("module", MODULES)
def test_what_an_error_says_is_there_in_chinese(module):
    begin = "x0 " if module in BEGUN else ""
    found = [text for text in told(module) if not text.startswith(WITHOUT_PAGE)]
    assert found
    assert [text for text in found if english_left(begin + text)] == []


@pytest.mark.parametrize("added", ["networks serve", "conv-photo serves"])
def test_what_serves_in_place_of_the_hub_is_there_in_chinese(added):
    for module in ("hub.files", "hub.repository", "hub.errors"):
        found = [f"{text} The bundled {added} instead." for text in told(module)]
        assert [text for text in found if english_left(text)] == []


def test_why_a_file_cannot_be_written_is_there_in_chinese():
    sentences = [f"x1 cannot be written: {why}." for why in errors._TO_DO.values()]
    assert [text for text in sentences if re.search("[a-z]{2}", PHRASES.say(text))] == []


def test_the_walk_finds_the_choices_of_a_sentence():
    part = ast.parse("f'It {\"is\" if a else b} {c!r}.'", mode="eval").body
    assert texts(part, errors) == ["It is x2.", "It x1 x2."]
