"""Text from outside in a real Chromium: it is shown as it stands."""

from urllib.parse import quote

import pytest
from browsing import DESKTOP, WAIT_MS

from denoise.ui.language import read_phrases

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FOREIGN = "<svg><a>bold</a></svg><b>[a](b)</b>"  # no space: an address reads it as a plus


@pytest.fixture
def page(browser, server):
    """An empty page: the tests open addresses of their own."""
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    yield page
    context.close()


@pytest.mark.parametrize("language", ["", "zh"])
@pytest.mark.parametrize("name", ["network", "kind", "level", "mixture"])
def test_what_an_address_asks_for_is_shown_as_text(page, server, language, name):
    asked = f"{FOREIGN}:1" if name == "mixture" else FOREIGN
    page.goto(f"{server.url}/{language}?tab=lab&{name}={quote(asked)}")
    toast = page.get_by_test_id("toast-text")
    toast.get_by_text(name).wait_for()
    assert FOREIGN in toast.inner_text()
    assert toast.locator("svg, a, b, script").count() == 0


@pytest.mark.parametrize("language", ["", "zh"])
def test_a_mixture_that_is_typed_is_shown_as_text(page, server, language):
    page.goto(f"{server.url}/{language}?tab=lab")
    words = page.locator("#noisy-words")
    words.get_by_text("dB").wait_for()
    more = "More about the noise"
    page.get_by_text(read_phrases(language).say(more) if language else more).click()
    page.locator("#mixture input, #mixture textarea").first.fill(f"{FOREIGN}:0.1")
    words.get_by_text(FOREIGN).wait_for()
    assert words.locator("svg a, a, b").count() == 0
