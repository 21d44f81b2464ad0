import numpy as np
import pytest

from denoise import add_noise
from denoise.errors import SettingError
from denoise.noise import typical_camera
from denoise.noise.camera import photograph
from denoise.noise.synthesis import NoiseSpec, seeded_generator
from denoise.noise.typical_camera import STAGES, TYPICAL, add_camera_noise, leave_out, set_exposure

FLAT = np.full((256, 256, 3), 0.5)
PICTURE = np.random.default_rng(0).uniform(0.1, 0.9, (150, 41, 3))


def noise_on(clean, level, seed=5, **options):
    return add_noise(clean, "camera", level, seed=seed, **options) - clean


def alike(first, second):
    """Gives the correlation of two fields of noise."""
    return np.corrcoef(first.ravel(), second.ravel())[0, 1]


def neighbours(noise):
    return alike(noise[:, 1:], noise[:, :-1])


@pytest.mark.parametrize("without", [(), *[(stage,) for stage in STAGES], tuple(STAGES)])
@pytest.mark.parametrize("level", [0.002, 0.1, 0.5])
def test_the_level_is_the_deviation_at_middle_gray(level, without):
    for clean in (FLAT, FLAT[..., 0]):
        noise = noise_on(clean, level, without=without)
        assert noise.std() == pytest.approx(level, rel=0.03)


def test_demosaicing_makes_neighbours_and_channels_alike():
    bare = noise_on(FLAT, 0.05, without=list(STAGES))
    demosaiced = noise_on(FLAT, 0.05, without=list(STAGES)[1:])
    assert abs(neighbours(bare)) < 0.01
    assert abs(alike(bare[..., 0], bare[..., 1])) < 0.01
    assert neighbours(demosaiced) > 0.2
    assert alike(demosaiced[..., 0], demosaiced[..., 1]) > 0.2


def test_white_balance_makes_red_and_blue_noisier_than_green():
    red, green, blue = noise_on(FLAT, 0.05).std(axis=(0, 1))
    assert min(red, blue) > 1.2 * green


def test_the_tone_curve_makes_shadows_noisier():
    shadow, light = np.full_like(FLAT, 0.1), np.full_like(FLAT, 0.7)
    ratios = [
        noise_on(shadow, 0.05, without=without).std() / noise_on(light, 0.05, without=without).std()
        for without in ((), ("tone-curve",))
    ]
    assert ratios[0] > 1.5 * ratios[1]


def test_smoothing_leaves_coarse_grain():
    assert neighbours(noise_on(FLAT, 0.05)) > 0.1 + neighbours(
        noise_on(FLAT, 0.05, without=["smoothing"])
    )


@pytest.mark.parametrize("stage", ["mosaic", "white-balance", "color-matrix"])
def test_gray_pictures_skip_the_stages_of_colour(stage):
    gray = PICTURE[..., 0]
    noisy = add_noise(gray, "camera", 0.1)
    assert np.array_equal(add_noise(gray, "camera", 0.1, without=[stage]), noisy)
    assert not np.array_equal(add_noise(gray, "camera", 0.1, without=["tone-curve"]), noisy)


def test_gray_noise_is_that_of_a_gray_picture():
    noise = noise_on(FLAT, 0.1, gray=True)
    np.testing.assert_allclose(noise[..., 1], noise_on(FLAT[..., 0], 0.1), atol=1e-12)


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_changes_the_noise(stage):
    assert not np.allclose(noise_on(PICTURE, 0.1, without=[stage]), noise_on(PICTURE, 0.1))


def test_bands_make_no_difference():
    camera, gain = set_exposure(TYPICAL, 0.1)
    whole = photograph(PICTURE, camera, seeded_generator(5)) - PICTURE
    assert len(PICTURE) > 2 * typical_camera.BAND
    np.testing.assert_allclose(noise_on(PICTURE, 0.1), gain * whole, atol=1e-7)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (7, 1), (2, 3), (65, 1), (64, 33)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_is_kept(shape, channels):
    clean = np.full((*shape, channels), 0.5)
    noisy = add_noise(clean, "camera", 0.1)
    assert noisy.shape == clean.shape
    assert np.isfinite(noisy).all()
    assert (noisy != clean).any()


def test_values_beyond_black_and_white_stay_beyond():
    clean = PICTURE.copy()
    clean[:9], clean[9:18] = 1.5, -0.5
    noise = noise_on(clean, 0.1)
    inside = noise_on(clean.clip(0, 1), 0.1)
    np.testing.assert_allclose(noise, inside, atol=1e-12)
    assert (clean + noise)[:9].min() > 1.2


def test_the_last_digits_of_a_processor_do_not_show():
    steps = noise_on(np.zeros((8, 8, 3)), 0.1) * typical_camera.GRID
    assert np.array_equal(steps, np.rint(steps))


@pytest.mark.parametrize("level", [1e-9, 1e-6])
def test_noise_too_weak_to_see_is_no_more_than_it_is(level):
    assert np.abs(noise_on(PICTURE, level)).max() < 1e-4


def test_leaving_out_stages_leaves_the_others():
    camera = leave_out(TYPICAL, ["sharpening", "mosaic"])
    assert (camera.sharpening, camera.demosaicing) == (0.0, "none")
    assert (camera.gains, camera.gamma) == (TYPICAL.gains, TYPICAL.gamma)


def test_the_camera_of_a_mixture_lacks_the_stages_too():
    mixture = "camera:0.1+salt-pepper:0.02"
    rng = seeded_generator(4)
    first = add_camera_noise(PICTURE, 0.1, rng, without=["mosaic"])
    noisy = add_noise(PICTURE, mixture, seed=4, without=["mosaic"])
    kept = (noisy != 0) & (noisy != 1)
    assert np.array_equal(noisy[kept], first[kept])
    spec = NoiseSpec(kind=mixture, seed=4, without=["mosaic"], eight_bit=False)
    assert np.array_equal(spec.add_to((255 * PICTURE).astype(np.uint8)).shape, PICTURE.shape)


@pytest.mark.parametrize(
    ("kind", "without", "why"),
    [
        ("camera", ["lens"], "no stage 'lens' to leave out; choose from: mosaic, white-balance"),
        ("camera", "mosaic", "no stage 'm'"),
        ("gaussian", ["mosaic"], "no stage 'mosaic' to leave out; only camera noise has stages"),
        ("gaussian:0.1+jpeg:0.4", ["mosaic"], "only camera noise"),
    ],
)
def test_a_stage_that_is_not_there_is_refused(kind, without, why):
    for ask in (
        lambda: NoiseSpec(kind=kind, without=without),
        lambda: add_noise(PICTURE, kind, 0.1, without=without),
    ):
        with pytest.raises(SettingError, match=why):
            ask()
