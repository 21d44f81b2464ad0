"""Anyone's checkpoint on the page, where its owner allows every model, in a real Chromium."""

import re

import numpy as np
import pytest
from browsing import finish, open_tab, upload
from conftest import running_server
from hub_stand_in import running_hub
from PIL import Image

pytest.importorskip("spandrel")
from checkpoints import as_safetensors, drunet, nafnet

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoints")
    (folder / "mine.safetensors").write_bytes(as_safetensors(drunet()))
    two = {name: as_safetensors(drunet()) for name in ("a.safetensors", "b.safetensors")}
    with running_hub() as hub:
        hub.repo(
            "org/restorer", {"config.json": b"{}", "net.safetensors": as_safetensors(nafnet())}
        )
        hub.repo("org/two", two)
        settings = {"HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "home")}
        settings |= {"DENOISE_ANY_MODEL": "1", "DENOISE_CHECKPOINTS": str(folder)}
        with running_server(folder / "server", **settings) as running:
            yield running


@pytest.fixture
def picture(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "noisy.png")
    return tmp_path / "noisy.png"


def choose(page, where, name):
    field = page.locator(f"{where} input").first
    field.fill(name)
    field.press("Enter")


def type_network(page, picture, name):
    """Cleans a picture, then types another network and asks for it."""
    upload(page, picture)
    finish(page)
    page.locator(".advanced summary").click()
    page.locator(".advanced .model").select_option("")
    page.locator(".advanced .typed").fill(name)
    page.locator(".stale .update").click()


def test_an_address_is_typed_and_its_network_denoises(page, picture):
    type_network(page, picture, "org/restorer")
    page.locator(".report").get_by_text("by restorer on").wait_for()
    assert "--model org/restorer" in page.locator(".command code").inner_text()


def test_an_address_that_is_not_enough_says_what_to_type(page, picture):
    type_network(page, picture, "org/two")
    page.locator(".refusal").get_by_text("name one as org/two/a.safetensors").wait_for()


def test_the_owners_choice_and_an_address_are_compared(page, server, picture):
    page.goto(f"{server.url}?tab=lab&network=org/restorer")
    page.locator("#denoised-words").get_by_text("SSIM").wait_for()
    page.get_by_label("Remove Image").or_(page.get_by_label("Clear")).last.click()
    upload(page, picture, "#clean-picture")
    page.locator("#compare-methods .remove-all").click()
    for name in ("mine", "org/restorer"):
        choose(page, "#compare-methods", name)
    page.locator("#compare").click()
    page.locator("#compare-status").get_by_text(re.compile(r"^Done\.")).wait_for()
    text = " ".join(page.locator("#compare-table").inner_text().split())
    assert re.search(r"Noisy [\d. ]+ mine [\d. ]+ org/restorer [\d. ]+$", text)


def test_the_tab_zoo_shows_the_card_of_the_owners_choice(page):
    open_tab(page, "The networks")
    choose(page, "#zoo-network", "mine")
    page.locator("#zoo-card").get_by_text("A DRUNet from mine.safetensors.").wait_for()
    page.locator("#zoo-card").get_by_text("stated by its source").wait_for()


def test_in_chinese_it_is_said_in_chinese(page, server, picture):
    page.goto(f"{server.url}/zh")
    type_network(page, picture, "org/two")
    page.locator(".refusal").get_by_text("中有多个检查点").wait_for()
