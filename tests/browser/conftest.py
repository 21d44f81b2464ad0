"""A real Chromium, and a page in it."""

import os

import pytest
from browsing import CHROMIUM, DESKTOP, FLAGS, open_page


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        message = "NO CHROMIUM: the page is not tested in a browser. Install chromium."
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser, server):
    context = browser.new_context(viewport=DESKTOP)
    page = open_page(context, server)
    yield page
    context.close()
