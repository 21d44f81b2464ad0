"""README and docs: every snippet runs as it stands, every link leads somewhere."""

import re
from pathlib import Path

import pytest
from places import ROOT
from reading import run_javascript, run_python, run_shell
from skimage import data

from denoise import Denoiser, Picture, load_picture, save_picture
from denoise.weights.facts import list_models

README = ROOT / "README.md"
DOCUMENTS = [README, *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
RUNNERS = {"python": run_python, "bash": run_shell, "js": run_javascript}
NOT_RUN = {"", "text"}  # what sets up everything, and drawings
ADDRESS = "http://127.0.0.1:7860"
PRINTED = {  # what a snippet with a call prints
    "list_models()": "conv-photo",
    '"/models"': "conv-fashion",
    '"/denoise"': "estimated",
    "denoise models": "conv-mnist",
    "denoise compare": "HaarPSI",
    "denoise estimate": "255",
    "--dry-run": "conv-photo/model.safetensors",
}
WORDS = (700, 900)  # of a front door


def text_of(document):
    return document.read_text(encoding="utf-8")


def snippets(document):
    """Gives the fenced blocks in turn: language and text."""
    return re.findall(r"^ *```(\w*)\n(.*?)^ *```$", text_of(document), re.DOTALL | re.MULTILINE)


def prose_of(document):
    return re.sub(r"^ *```.*?^ *```$", "", text_of(document), flags=re.DOTALL | re.MULTILINE)


def anchors_of(document):
    """Gives the anchors that a page has on GitHub: its headings in lower case with hyphens."""
    headings = re.findall(r"^#+ (.+)$", prose_of(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def short_name(document):
    return document.relative_to(ROOT).as_posix()


CASES = [
    pytest.param(document, language, text, id=f"{short_name(document)}-{number}-{language}")
    for document in DOCUMENTS
    for number, (language, text) in enumerate(snippets(document))
    if language in RUNNERS
]


@pytest.fixture
def folder(tmp_path):
    save_picture(Picture(data.astronaut()[:64, 200:280]), tmp_path / "noisy.png")
    return tmp_path


@pytest.mark.parametrize(("document", "language", "text"), CASES)
def test_every_snippet_runs_as_it_stands(document, language, text, folder, request):
    if ADDRESS in text:
        text = text.replace(ADDRESS, request.getfixturevalue("server").url)
    printed = RUNNERS[language](text, folder)
    for name in re.findall(r" -o ([\w.]+)", text):
        assert (folder / name).exists()
    if "clean.png" in text:
        expected = Denoiser()(load_picture(folder / "noisy.png").pixels)
        assert (load_picture(folder / "clean.png").pixels == expected).all()
    if "psnr(" in text:
        assert printed.startswith("20.0 dB")  # for noise of 0.1
    for word in (word for sign, word in PRINTED.items() if sign in text):
        assert word in printed


def test_every_document_that_shows_a_language_is_run():
    languages = {language for document in PAGES for language, _ in snippets(document)}
    assert languages <= {*RUNNERS, *NOT_RUN}
    assert {case.values[1] for case in CASES} == set(RUNNERS)


@pytest.mark.parametrize("document", PAGES, ids=short_name)
def test_every_link_leads_to_a_file_and_a_heading(document):
    for target in re.findall(r"\]\((?!https:)([^)]+)\)", prose_of(document)):
        place, _, anchor = target.partition("#")
        file = (document.parent / place) if place else document
        assert file.exists(), target
        assert not anchor or anchor in anchors_of(Path(file)), target


def test_the_readme_is_a_front_door():
    assert WORDS[0] <= len(prose_of(README).split()) <= WORDS[1]


def test_the_readme_names_every_network_and_links_every_page():
    assert all(f"`{facts.name}`" in text_of(README) for facts in list_models())
    assert all(f"]({short_name(page)})" in text_of(README) for page in PAGES if page != README)


def test_the_readme_shows_the_figures_of_the_cards():
    table = re.findall(
        r"^\| \*\*`([\w-]+)`\*\*, measured here \| (yes|no) \|(.+)$", text_of(README), re.M
    )
    assert len(table) == 3
    metrics = {facts.name: facts.metrics for facts in list_models()}
    for name, told, cells in table:
        rows = [row for row in metrics[name]["table"] if row["told"] == (told == "yes")]
        psnrs = [f"{row['psnr']:.2f}" for row in rows if not row["eight_bit"]]
        assert [cell.strip() for cell in cells.split("|")[:3]] == psnrs


def test_the_readme_says_how_long_the_default_was_trained():
    (default,) = (facts for facts in list_models() if facts.name == "conv-photo")
    assert f"trained in {default.recipe['minutes']:.0f} minutes on two CPU cores" in text_of(README)
