"""The Zoo in a real Chromium."""

import pytest
from browsing import DESKTOP, PHONE, WAIT_MS, open_page, open_tab

from denoise import list_models
from denoise.ui.widgets.parts import DOMAINS
from denoise.weights.tensors import BUNDLED

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def zoo(page):
    open_tab(page, "The networks")
    page.locator("#zoo-card h1").get_by_text("conv-photo").wait_for()
    return page


def test_the_table_has_the_figures_of_every_network(zoo):
    text = words_of(zoo, "#zoo-table")
    for facts in list_models():
        size = (BUNDLED / facts.name / "model.safetensors").stat().st_size
        expected = facts.name
        if facts.needs.domain == "photo":
            (quality,) = [row["psnr"] for row in facts.metrics["table"] if is_auto_at_25(row)]
            expected += f" {quality:.2f} {facts.metrics['seconds_per_mpixel']:.2f}"
        expected += f" {facts.parameters:,} {size / 1e6:.2f} {DOMAINS[facts.needs.domain]}"
        assert expected in text


def test_a_card_has_the_figures_that_were_measured(zoo):
    text = words_of(zoo, "#zoo-card")
    facts = next(facts for facts in list_models() if facts.name == "conv-photo")
    for row in facts.metrics["table"]:
        way = "told" if row["told"] else "auto"
        depth = "8 bits" if row["eight_bit"] else "float"
        quality = f"{row['psnr_noisy']:.2f} {row['psnr']:.2f} {row['ssim']:.4f}"
        assert f"{row['set_name']} {row['sigma_255']:g} {way} {depth} {quality}" in text
    assert f"One Mpixel takes {facts.metrics['seconds_per_mpixel']:.2g} s" in text


def words_of(page, where):
    return " ".join(page.locator(where).inner_text().split())


def is_auto_at_25(row):
    return row["sigma_255"] == 25 and not row["told"] and not row["eight_bit"]


def test_a_card_shows_text_and_pictures_of_its_folder(zoo):
    zoo.locator("#zoo-network input").click()
    zoo.get_by_role("option", name="gan-photo").click()
    zoo.locator("#zoo-card h1").get_by_text("gan-photo").wait_for()
    text = zoo.locator("#zoo-card").inner_text()
    facts = next(facts for facts in list_models() if facts.name == "gan-photo")
    assert facts.summary in text
    assert all(limit in text for limit in facts.limits)
    assert "license: apache" not in text
    pictures = zoo.locator("#zoo-card img")
    expected = [
        file
        for file in ("crops", "sweep", "curve")
        if (BUNDLED / "gan-photo" / f"{file}.png").is_file()
    ]
    assert pictures.count() == len(expected) > 0
    zoo.wait_for_function(
        "[...document.querySelectorAll('#zoo-card img')].every(one => one.naturalWidth > 200)"
    )
    served = zoo.request.get(pictures.first.evaluate("picture => picture.src"))
    assert served.body() == (BUNDLED / "gan-photo" / f"{expected[0]}.png").read_bytes()


def test_a_link_opens_the_card_of_a_network(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{server.url}/?tab=zoo&network=dense-mnist")
    page.locator("#zoo-card h1").get_by_text("dense-mnist").wait_for()
    context.close()


def test_a_phone_needs_no_sideways_scrolling(browser, server):
    context = browser.new_context(viewport=PHONE)
    page = open_page(context, server)
    open_tab(page, "The networks")
    page.locator("#zoo-card img").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()
