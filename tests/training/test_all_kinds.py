import numpy as np
import pytest

from denoise.training.all_kinds import ALL_KINDS, DRAWING_SHARES, MARGIN, Kind, make_spoilt
from denoise.training.compression import SUBSAMPLING, compress, through_file
from denoise.training.recolouring import recolor
from denoise.training.spoiling import (
    FEW_IMPULSES,
    Noisy,
    add_impulses,
    add_in_a_part,
    add_photons,
    add_white,
    leave_clean,
)

SIDE = 24


def rng(seed=0):
    return np.random.default_rng(seed)


def picture(side, channels=3, seed=0):
    return rng(seed).random((side, side, channels), np.float32)


def spoilt(kind, seed, channels=3):
    return make_spoilt(kind, lambda side: picture(side, channels), SIDE, rng(seed))


@pytest.mark.parametrize("name", ALL_KINDS)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_kind_gives_a_clean_patch_and_a_noisy_one(name, channels):
    for seed in range(20):
        clean, noisy, deviation = spoilt(ALL_KINDS[name], seed, channels)
        assert clean.shape == noisy.shape == (SIDE, SIDE, channels)
        assert clean.dtype == noisy.dtype == np.float32
        assert np.isfinite(noisy).all()
        assert 0 <= clean.min() <= clean.max() <= 1
        assert deviation is None or deviation.shape == (SIDE, SIDE)


@pytest.mark.parametrize("name", ALL_KINDS)
def test_a_patch_comes_back_by_its_seed(name):
    first, again = spoilt(ALL_KINDS[name], 3), spoilt(ALL_KINDS[name], 3)
    assert np.array_equal(first.noisy, again.noisy)


@pytest.mark.parametrize("name", ALL_KINDS)
def test_only_clean_patches_are_left_alone(name):
    changes = [
        np.abs(s.noisy - s.clean).max() for s in (spoilt(ALL_KINDS[name], i) for i in range(9))
    ]
    assert (max(changes) == 0) == (name == "clean")


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gray_patch_stays_gray(channels):
    gray = np.repeat(picture(SIDE + 2 * MARGIN, 1), channels, axis=2)
    recolored = recolor(gray, rng())
    assert recolored.shape == gray.shape
    if channels == 1:
        assert 0 <= recolored.min() <= recolored.max() <= 1


def test_recoloured_patches_are_those_of_a_file():
    recolored = recolor(picture(16), rng(1)) * 255
    np.testing.assert_allclose(recolored, np.rint(recolored), atol=1e-3)


def test_recolouring_makes_colours_stronger_and_weaker():
    clean = np.float32([[[0.5, 0.4, 0.45]]])
    spread = [np.ptp(recolor(clean, rng(seed))) for seed in range(60)]
    assert min(spread) < 0.05 < 0.13 < max(spread)


def test_white_noise_has_the_deviation_that_it_says():
    for seed in range(40):
        clean = np.full((64, 64, 3), 0.5, np.float32)
        noisy, deviation = add_white(clean, rng(seed))
        if deviation is not None and (deviation > 0).mean() > 0.1:
            measured = np.sqrt(((noisy - clean) ** 2).mean(axis=2)[deviation > 0].mean())
            told = np.sqrt((deviation[deviation > 0] ** 2).mean())
            assert 0.3 * told < measured < 1.3 * told


def test_a_thing_on_plain_ground_is_noisy_alone():
    for seed in range(10):
        clean = picture(32, seed=seed)
        noisy, deviation = add_in_a_part(clean, rng(seed))
        ground = deviation == 0
        assert np.array_equal(noisy[ground], clean[ground])
        assert not ground.any() or np.ptp(clean[ground], axis=0).max() == 0


def test_photons_keep_the_mean():
    clean = np.full((96, 96, 3), 0.3, np.float32)
    for seed in range(30):
        assert add_photons(clean.copy(), rng(seed)).patch.mean() == pytest.approx(0.3, rel=0.05)


def test_impulses_alone_are_more_than_a_picture_has_points_of_its_own():
    for seed in range(40):
        clean = np.full((128, 128, 3), 0.5, np.float32)
        changed = np.abs(add_impulses(clean, rng(seed)).patch - clean) > 0
        is_alone = changed.any(axis=2).mean() < 0.9
        assert not is_alone or changed.any(axis=2).mean() > 0.6 * FEW_IMPULSES


def test_isolated_points_belong_to_a_clean_patch():
    points = []
    for seed in range(40):
        clean = np.full((32, 32, 3), 0.5, np.float32)
        noisy = leave_clean(clean, rng(seed)).patch
        assert np.array_equal(noisy, clean)
        points.append((np.abs(clean - 0.5) > 0.01).any())
    assert 2 < sum(points) < 25


def test_shrunk_patches_keep_their_place():
    kind = Kind(1.0, lambda clean, rng: Noisy(clean.copy()), shrunk=1.0, rounded=0.0)
    clean, noisy, _ = spoilt(kind, 0)
    np.testing.assert_allclose(noisy, clean, atol=1e-6)


def test_the_shares_of_drawings_are_a_whole():
    assert sum(DRAWING_SHARES.values()) == pytest.approx(1)
    names = {name for kind in ALL_KINDS.values() for name in kind.drawings}
    assert names <= set(DRAWING_SHARES)


@pytest.mark.parametrize("subsampling", SUBSAMPLING)
def test_a_file_of_high_quality_changes_little(subsampling):
    smooth = np.linspace(0, 1, 32 * 32, dtype=np.float32).reshape(32, 32, 1)
    found = through_file(np.repeat(smooth, 3, 2), "JPEG", quality=98, subsampling=subsampling)
    assert np.abs(found - smooth).max() < 0.03


@pytest.mark.parametrize("channels", [1, 3])
def test_a_low_quality_changes_more(channels):
    patch = picture(32, channels)
    errors = [
        np.abs(compress(patch, rng(), lowest=q, highest=q + 1) - patch).mean() for q in (10, 95)
    ]
    assert errors[0] > 2 * errors[1]
