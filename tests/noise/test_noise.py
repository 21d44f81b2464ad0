import numpy as np
import pytest
import torch
from PIL import Image

from denoise import add_noise
from denoise.errors import ImageError, SettingError
from denoise.noise.kinds import KINDS, POISSON_BANDS
from denoise.noise.synthesis import seeded_generator

FLAT = np.full((64, 64, 3), 0.5)
LEVELS = {name: min(0.2, kind.max_level) for name, kind in KINDS.items()}


@pytest.fixture(params=KINDS)
def kind(request):
    return request.param


def picture(seed=0, shape=(24, 20, 3)):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_the_same_seed_gives_the_same_noise(kind):
    first, second = (add_noise(picture(), kind, LEVELS[kind], seed=3) for _ in range(2))
    assert np.array_equal(first, second)


def test_another_seed_gives_other_noise(kind):
    if kind == "jpeg":  # draws nothing
        return
    first, second = (add_noise(picture(), kind, LEVELS[kind], seed=seed) for seed in (3, 4))
    assert not np.array_equal(first, second)


def test_level_0_changes_nothing(kind):
    assert np.array_equal(add_noise(picture(), kind, 0.0), picture())


def test_a_bigger_level_is_more_noise(kind):
    clean = np.random.default_rng(0).uniform(0.2, 0.8, (64, 64, 3))
    top = KINDS[kind].max_level
    errors = [
        np.mean((add_noise(clean, kind, top * share) - clean) ** 2) for share in (0.1, 0.5, 1)
    ]
    assert errors == sorted(errors)
    assert errors[0] < errors[2]


def test_array_pil_and_tensor_get_the_same_noise(kind):
    level = LEVELS[kind]
    array = add_noise(picture(), kind, level, seed=5)
    image = add_noise(Image.fromarray(picture()), kind, level, seed=5)
    unit = torch.from_numpy(picture() / 255.0).permute(2, 0, 1)[None]
    tensor = add_noise(unit, kind, level, seed=5, clip=True)
    assert np.array_equal(np.asarray(image), array)
    assert np.array_equal(np.rint(tensor[0].permute(1, 2, 0).numpy() * 255), array)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1), (9, 7, 3), (1, 1)])
def test_shape_and_dtype_are_kept(kind, dtype, shape):
    clean = np.full(shape, 0.5 if np.dtype(dtype).kind == "f" else 100, dtype=dtype)
    noisy = add_noise(clean, kind, LEVELS[kind])
    assert noisy.shape == shape
    assert noisy.dtype == dtype


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_is_left_alone(kind, mode):
    image = Image.fromarray(picture(shape=(8, 8, 4))).convert(mode)
    noisy = add_noise(image, kind, LEVELS[kind])
    assert noisy.mode == mode
    assert np.array_equal(np.asarray(noisy)[..., -1], np.asarray(image)[..., -1])


@pytest.mark.parametrize("kind", ["gaussian", "uniform"])
def test_the_level_is_the_standard_deviation(kind):
    noise = add_noise(np.full((256, 256), 0.5), kind, 0.1) - 0.5
    assert noise.std() == pytest.approx(0.1, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.002)


def test_the_level_of_speckle_is_the_deviation_of_its_factor():
    noise = add_noise(np.full((256, 256), 0.5), "speckle", 0.1) - 0.5
    assert noise.std() == pytest.approx(0.05, rel=0.02)


def test_the_level_of_poisson_is_1_by_the_root_of_the_peak():
    noise = add_noise(np.full((256, 256), 0.25), "poisson", 0.1) - 0.25
    assert noise.std() == pytest.approx(0.5 * 0.1, rel=0.02)  # root of signal, by root of peak


def test_salt_and_pepper_hit_their_share_of_whole_pixels():
    noisy = add_noise(np.full((200, 200, 3), 0.5), "salt-pepper", 0.3)
    hit = noisy != 0.5
    assert hit[..., 0].mean() == pytest.approx(0.3, abs=0.02)
    assert np.array_equal(hit.any(axis=2), hit.all(axis=2))


def test_fireflies_are_rare_and_much_brighter_than_the_rest():
    clean = np.full((200, 200, 3), 0.3)
    noisy = add_noise(clean, "render", 0.05)
    hit = (noisy != clean).any(axis=2)
    assert hit.mean() == pytest.approx(0.05, abs=0.01)
    assert (noisy[hit] > 0.3).all()
    assert noisy[hit].mean() > 2


def test_a_mixture_is_its_parts_from_left_to_right():
    rng = seeded_generator(4)
    first = KINDS["gaussian"].apply(FLAT, 0.1, rng)
    expected = KINDS["salt-pepper"].apply(first, 0.02, rng)
    assert np.array_equal(add_noise(FLAT, "gaussian:0.1+salt-pepper:0.02", seed=4), expected)


def test_a_mixture_of_one_is_that_kind():
    assert np.array_equal(add_noise(FLAT, "gaussian:25/255"), add_noise(FLAT, "gaussian", 25 / 255))


@pytest.mark.parametrize(
    ("mixture", "why"),
    [
        ("gaussian:2", "from 0 to 1"),
        ("gaussian:0.1+fog:0.1", "Unknown kind"),
        ("gaussian:0.1+", "is no part"),
        ("gaussian:much", "is no part"),
        ("gaussian:0.1;jpeg:0.1", "is no part"),
        ("gaussian:0.1/0", "is no part"),
        ("+".join(["gaussian:0.1"] * 9), "at most 8"),
    ],
)
def test_a_mixture_that_is_none_is_refused(mixture, why):
    with pytest.raises(SettingError, match=why):
        add_noise(FLAT, mixture)


def test_gray_noise_is_the_same_in_all_channels(kind):
    clean = picture(shape=(32, 32, 3)) / 255
    change = add_noise(clean, kind, LEVELS[kind], gray=True) - clean
    hits_pixels = KINDS[kind].hits_pixels
    assert hits_pixels or np.allclose(change, change[..., :1], atol=1e-12)
    assert np.abs(change).max() > 0.01


@pytest.mark.parametrize(
    ("kind", "level", "words"),
    [
        ("gaussian", 0.1, "sigma 25.5/255"),
        ("poisson", 0.1, "100 photons at white"),
        ("poisson", 0.0, "endless photons"),
        ("salt-pepper", 0.02, "2% of the pixels"),
        ("jpeg", 0.4, "quality 60"),
        ("render", 0.05, "5% of the pixels"),
    ],
)
def test_a_level_is_described_in_the_unit_that_people_know(kind, level, words):
    assert KINDS[kind].describe(level) == words


def test_floats_are_clipped_only_where_asked():
    assert add_noise(FLAT, "gaussian", 0.5).max() > 1
    assert add_noise(FLAT, "gaussian", 0.5, clip=True).max() == 1


def test_poisson_noise_does_not_repeat_down_the_picture():
    noise = add_noise(np.full((64, 8), 0.5), "poisson", 0.1)
    bands = np.split(noise, POISSON_BANDS)
    assert not any(np.array_equal(bands[0], band) for band in bands[1:])


def test_a_golden_value_keeps_noise_the_same_for_ever():
    noisy = add_noise(np.zeros((2, 2)), "gaussian", 1.0, seed=7)
    expected = np.random.Generator(np.random.PCG64(7)).standard_normal((2, 2, 1))[..., 0]
    assert np.array_equal(noisy, expected)
    assert noisy[0, 0] == pytest.approx(0.0012301533574825742, abs=1e-15)


@pytest.mark.parametrize("level", [-0.1, 1.5, 25, float("nan"), float("inf"), "much", None, True])
def test_a_level_out_of_range_is_refused(level):
    with pytest.raises(SettingError, match="from 0 to"):
        add_noise(FLAT, "gaussian", level)


def test_a_level_in_the_papers_unit_gets_a_hint():
    with pytest.raises(SettingError, match="25/255"):
        add_noise(FLAT, "gaussian", 25)


def test_an_unknown_kind_is_refused_with_the_choice():
    with pytest.raises(SettingError, match="gaussian, poisson"):
        add_noise(FLAT, "fog")


@pytest.mark.parametrize("seed", [-1, 1.5, None, True])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(SettingError, match="whole number"):
        add_noise(FLAT, seed=seed)


@pytest.mark.parametrize(
    "image",
    [np.zeros((4, 4, 2)), np.zeros(4), np.zeros((4, 4), dtype=np.int32), np.zeros((0, 4)), "x.png"],
)
def test_what_is_no_image_is_refused(image):
    with pytest.raises(ImageError):
        add_noise(image)


def test_a_tensor_of_integers_is_refused():
    with pytest.raises(ImageError, match="float tensor"):
        add_noise(torch.zeros(1, 3, 4, 4, dtype=torch.uint8))


def test_the_images_of_a_batch_get_different_noise():
    noisy = add_noise(torch.full((2, 1, 8, 8), 0.5), "gaussian", 0.1)
    assert not torch.equal(noisy[0], noisy[1])


@pytest.mark.parametrize(("kind", "is_hinted"), [("gaussian", True), ("jpeg", False)])
def test_a_level_of_255_is_guessed_where_it_is_a_deviation(kind, is_hinted):
    with pytest.raises(SettingError) as refused:
        add_noise(np.zeros((8, 8), np.uint8), kind, 25)
    assert ("Did you mean 25/255?" in str(refused.value)) is is_hinted


def test_a_picture_too_long_for_jpeg_is_refused():
    with pytest.raises(ImageError, match="65500"):
        add_noise(np.zeros((1, 65_501), np.uint8), "jpeg", 0.4)
