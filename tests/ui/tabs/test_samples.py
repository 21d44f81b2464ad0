import numpy as np
import pytest

from denoise.errors import ImageError
from denoise.ui.tabs import samples
from denoise.ui.tabs.samples import SampleStore

TEST_SET = np.zeros((5, 28, 28), np.uint8), np.arange(5)


@pytest.fixture
def fetched(monkeypatch, tmp_path):
    """The sets that were fetched to a machine that had none."""
    here = {}
    monkeypatch.setattr(samples, "DOWNLOADS", tmp_path)
    monkeypatch.setattr(samples, "read_test_set", here.get)
    return here


def test_fetched_pictures_serve_whoever_comes_later(fetched, monkeypatch):
    monkeypatch.setattr(
        samples, "fetch_test_set", lambda name, seconds: fetched.update({name: TEST_SET})
    )
    store = SampleStore()
    assert store.get("mnist").is_made
    store.fetch_tests()
    for later in (store, SampleStore()):
        assert np.array_equal(later.get("mnist").pictures, TEST_SET[0])
        assert later.get("mnist").source == "Test pictures of MNIST."


def test_what_is_here_is_not_fetched_again(fetched, monkeypatch):
    fetched |= {"mnist": TEST_SET, "fashion-mnist": TEST_SET}
    monkeypatch.setattr(samples, "fetch_test_set", None)
    SampleStore().fetch_tests()


@pytest.mark.usefixtures("fetched")
def test_where_nothing_can_be_fetched_the_drawn_pictures_go_on_serving(monkeypatch):
    def fail(name, seconds):
        raise ImageError("There is no network.")

    monkeypatch.setattr(samples, "fetch_test_set", fail)
    store = SampleStore()
    store.fetch_tests()
    assert store.get("mnist").source == "Drawn by the program."


def test_networks_for_a_kind_come_with_the_shortest_code_first():
    zoo = samples.Zoo(takes_addresses=False)
    names = [facts.name for facts in samples.networks_for(zoo, "digits")]
    assert names == ["dense-mnist", "conv-mnist", "sparse-mnist"]
    assert [facts.name for facts in samples.networks_for(zoo, "clothing")] == ["conv-fashion"]
