import gzip
import hashlib
import io

import numpy as np
import pytest

from denoise.datasets import test_sets as sets
from denoise.errors import ImageError

PICTURES = np.random.default_rng(0).integers(0, 256, (20, 28, 28), dtype=np.uint8)
LABELS = np.arange(20, dtype=np.uint8) % 10
FILES = {
    "t10k-images-idx3-ubyte.gz": gzip.compress(bytes(16) + PICTURES.tobytes()),
    "t10k-labels-idx1-ubyte.gz": gzip.compress(bytes(8) + LABELS.tobytes()),
}


@pytest.fixture
def asked(monkeypatch):
    """The addresses that were asked for of two mirrors, of which the second answers."""
    addresses = []

    def answer(address, timeout):
        assert timeout > 0
        addresses.append(address)
        if address.startswith("http://first/"):
            raise OSError("It does not answer.")
        return io.BytesIO(FILES[address.rsplit("/", 1)[1]])

    sums = {file: hashlib.md5(content).hexdigest() for file, content in FILES.items()}

    class SmallSet:
        mirrors = ("http://first/", "http://second/")
        resources = (("train-images-idx3-ubyte.gz", "0"), *sums.items())

    monkeypatch.setattr(sets, "torchvision_class", lambda name: SmallSet)
    monkeypatch.setattr(sets, "urlopen", answer)
    return addresses


def test_the_test_files_alone_are_fetched_from_the_mirror_that_answers(asked, tmp_path):
    sets.fetch_test_set("mnist", tmp_path, seconds=60)
    pictures, labels = sets.read_test_set("mnist", tmp_path)
    assert np.array_equal(pictures, PICTURES)
    assert np.array_equal(labels, LABELS)
    assert not any("train" in address for address in asked)


@pytest.mark.usefixtures("asked")
def test_altered_files_are_not_kept(tmp_path, monkeypatch):
    monkeypatch.setitem(FILES, "t10k-labels-idx1-ubyte.gz", b"others")
    with pytest.raises(ImageError, match="t10k-labels"):
        sets.fetch_test_set("mnist", tmp_path, seconds=60)
    assert sets.read_test_set("mnist", tmp_path) is None


def test_a_fetch_ends_with_its_time(asked, tmp_path):
    with pytest.raises(ImageError):
        sets.fetch_test_set("mnist", tmp_path, seconds=0)
    assert asked == []


@pytest.mark.usefixtures("asked")
def test_what_is_too_large_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(sets, "MAX_BYTES", 10)
    with pytest.raises(ImageError):
        sets.fetch_test_set("mnist", tmp_path, seconds=60)
