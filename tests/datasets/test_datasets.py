import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from places import SHARED

from denoise.datasets import mnist
from denoise.datasets.mnist import SMALL_IMAGE_SETS, load_small_images
from denoise.datasets.photos import Sampling, describe_sources, load_photos, random_patch
from denoise.datasets.synthetic import draw_clothing, draw_digits
from denoise.errors import DenoiseError, ImageError
from denoise.training.recipes.registry import RECIPES

needs_shared_data = pytest.mark.skipif(not SHARED.is_dir(), reason="needs ../shared/data")


@pytest.fixture
def photos():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (130, 140, 3), dtype=np.uint8) for _ in range(3)]


@pytest.fixture
def photo_folder(tmp_path, photos):
    folder = tmp_path / "holiday"
    folder.mkdir()
    for index, photo in enumerate(photos):
        Image.fromarray(photo).save(folder / f"{index}.png")
    return folder


@pytest.mark.parametrize("make", [draw_digits, draw_clothing])
def test_made_small_pictures_are_light_on_black_and_come_back_by_seed(make):
    pictures, labels = make(20, seed=3)
    again, _ = make(20, seed=3)
    assert pictures.shape == (20, 1, 28, 28)
    assert torch.equal(pictures, again)
    assert pictures[:, :, 0, 0].max() == 0
    assert len(set(labels.tolist())) > 2


def test_shrunk_patches_may_keep_their_sharpness():
    stripes = np.zeros((300, 300, 3), np.uint8)
    stripes[:, ::2] = 255
    jagged = [
        sum(
            set(np.unique(random_patch([stripes], 64, np.random.default_rng(seed), sampling)))
            <= {0.0, 1.0}
            for seed in range(40)
        )
        for sampling in (Sampling(1, 0, 0, 0, 0), Sampling(1, 0, 0, 1, 0))
    ]
    assert jagged[0] <= 2  # at a scale of nearly one
    assert 10 <= jagged[1] <= 30  # half of them; the others are smooth, yet sharp


def test_random_patches_are_square_and_in_range(photos):
    rng = np.random.default_rng(0)
    patches = [random_patch(photos, 96, rng) for _ in range(40)]
    assert {patch.shape for patch in patches} == {(96, 96, 3), (96, 96, 1)}
    assert all(patch.min() >= 0 and patch.max() <= 1 for patch in patches)


def test_photographs_are_found_in_folders_below(photo_folder):
    assert len(load_photos([photo_folder.parent], min_side=128)) == 3
    assert describe_sources([photo_folder.parent]) == [
        {"name": "holiday", "pictures": "3", "license": "none stated"}
    ]


def test_photographs_that_are_too_small_are_refused(photo_folder):
    with pytest.raises(ImageError, match="at least 200 pixels a side"):
        load_photos([photo_folder], min_side=200)


@pytest.mark.parametrize("name", RECIPES)
def test_a_folder_that_is_not_there_is_refused(name, tmp_path):
    with pytest.raises(DenoiseError, match="There is no folder"):
        RECIPES[name].make_task([tmp_path / "missing"], 0)


@pytest.mark.parametrize("name", RECIPES)
def test_a_folder_without_training_data_is_refused(name, tmp_path):
    with pytest.raises(DenoiseError, match="--data"):
        RECIPES[name].make_task([tmp_path], 0)


def test_a_file_of_another_content_is_refused(tmp_path):
    for kind in ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"):
        (tmp_path / f"{kind}-ubyte.gz").write_bytes(b"not the official one")
    with pytest.raises(ImageError, match="official files of MNIST"):
        load_small_images("mnist", [tmp_path])


def test_a_download_without_a_network_is_refused(tmp_path, monkeypatch):
    from torchvision import datasets

    monkeypatch.setattr(mnist, "DOWNLOADS", tmp_path)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [(tmp_path / "nowhere").as_uri() + "/"])
    with pytest.raises(ImageError, match="cannot be downloaded"):
        load_small_images("mnist", [])


@needs_shared_data
@pytest.mark.parametrize("name", SMALL_IMAGE_SETS)
def test_small_images_are_read_from_the_official_files(name):
    pictures = load_small_images(name, [SHARED], is_test=True)
    assert pictures.shape == (10_000, 1, 28, 28)
    assert pictures.dtype == torch.uint8


@needs_shared_data
def test_the_two_sets_are_not_mistaken_for_each_other():
    with pytest.raises(ImageError, match="Fashion-MNIST"):
        load_small_images("fashion-mnist", [SHARED / "mnist"])


@needs_shared_data
def test_what_was_downloaded_is_used_again(tmp_path, monkeypatch):
    from torchvision import datasets

    monkeypatch.setattr(mnist, "DOWNLOADS", tmp_path)
    monkeypatch.setattr(datasets.MNIST, "mirrors", [(tmp_path / "nowhere").as_uri() + "/"])
    shutil.copytree(SHARED / "mnist", tmp_path / "MNIST" / "raw", copy_function=shutil.copyfile)
    pictures = load_small_images("mnist", [])
    assert pictures.shape == (60_000, 1, 28, 28)
    assert torch.equal(load_small_images("mnist", []), pictures)
