"""The lesson Training in a real Chromium: a network is trained, judged, used and taken home."""

import io
import zipfile

import pytest
from browsing import PHONE, bytes_of, download, open_page, open_tab

from denoise import Denoiser, add_noise, psnr
from denoise.ui.tabs.samples import SampleStore

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def set_epochs(page, epochs):
    page.locator("#train-epochs input[type=number]").fill(str(epochs))
    page.locator("#train-epochs input[type=number]").press("Enter")


@pytest.fixture
def classroom(page):
    open_tab(page, "Training")
    set_epochs(page, 2)
    return page


def test_what_was_trained_serves_and_can_be_taken_home(classroom, tmp_path):
    classroom.locator("#train").click()
    classroom.locator("#train-status").get_by_text("Epoch").wait_for()
    assert classroom.locator("#train-pictures img").count() in (24, 32)  # without and with epoch 1
    classroom.locator("#train-status").get_by_text("Done after").wait_for()
    with zipfile.ZipFile(io.BytesIO(bytes_of(download(classroom, "#train-download")))) as packed:
        assert sorted(name for name in packed.namelist() if not name.endswith("/")) == [
            "conv-fashion-mine/config.json",
            "conv-fashion-mine/model.safetensors",
        ]
        packed.extractall(tmp_path)
    classroom.locator("#train-compared canvas").wait_for()
    classroom.locator("#train-use").click()
    clean = SampleStore().get("fashion-mnist").pictures[0]
    mine = Denoiser("conv-fashion-mine", zoo=tmp_path, device="cpu")
    decibel = psnr(clean, mine(add_noise(clean, "gaussian", 0.4, seed=0)))
    last = classroom.locator("#digits-figure figure").last
    last.get_by_text(f"{decibel:.1f} dB").wait_for()
    assert classroom.locator("#digits-network input:checked").input_value() == "conv-fashion-mine"


def test_a_training_is_stopped_and_kept(classroom):
    set_epochs(classroom, 50)
    classroom.locator("#train").click()
    classroom.locator("#train-status").get_by_text("of 50").wait_for()
    classroom.locator("#train-stop").click()
    classroom.locator("#train-status").get_by_text("Done after").wait_for()


def test_a_phone_needs_no_sideways_scrolling(browser, server):
    context = browser.new_context(viewport=PHONE)
    page = open_page(context, server)
    open_tab(page, "Training")
    page.locator("#train").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    context.close()
