"""The Zoo in a real Chromium."""

import pytest
from browsing import PHONE, open_page, open_tab

from denoise import list_models
from denoise.weights import BUNDLED

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def zoo(page):
    open_tab(page, "Zoo")
    page.locator("#zoo-card h1").get_by_text("conv-photo").wait_for()
    return page


def test_the_table_lists_every_network(zoo):
    text = zoo.locator("#zoo-table").inner_text()
    for facts in list_models():
        assert facts.name in text
        assert f"{facts.parameters:,}" in text


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
    source = pictures.first.get_attribute("src")
    served = zoo.request.get(
        f"{zoo.url.rstrip('/')}/{source.lstrip('/')}" if "://" not in source else source
    )
    assert served.body() == (BUNDLED / "gan-photo" / f"{expected[0]}.png").read_bytes()


def test_a_phone_needs_no_sideways_scrolling(browser, server):
    context = browser.new_context(viewport=PHONE)
    page = open_page(context, server)
    open_tab(page, "Zoo")
    page.locator("#zoo-card img").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()
