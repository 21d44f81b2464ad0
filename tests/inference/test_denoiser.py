import math
import shutil
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from skimage import data

import denoise.inference.tiling
from denoise import Denoiser, add_noise, estimate_sigma, fit_picture, psnr
from denoise.devices import choose_dtype
from denoise.errors import ImageError, SettingError, UnknownModelError, WeightsError
from denoise.images.arrays import unpack
from denoise.images.picture import Picture
from denoise.inference.noise_level import Residual, estimate_noise, interpret_residual
from denoise.inference.passes import Inference, Part, _white_noise, dither_level
from denoise.inference.settings import Settings
from denoise.inference.sigma_plan import SigmaPlan, plan_sigma
from denoise.models import Needs
from denoise.training.validation import to_chw
from denoise.weights.facts import list_models
from denoise.weights.tensors import BUNDLED
from denoise.zoo.zoo import Zoo, find_estimator

HALF_STEP = 0.5 / 255
PHOTO_MODELS = [facts.name for facts in list_models() if facts.needs.fixed_size is None]
SMALL_MODELS = [facts.name for facts in list_models() if facts.needs.fixed_size is not None]
ALL_MODELS = PHOTO_MODELS + SMALL_MODELS


@pytest.fixture(scope="module")
def denoisers():
    return {name: Denoiser(name, device="cpu") for name in ALL_MODELS}


@pytest.fixture(params=PHOTO_MODELS)
def photo_denoiser(request, denoisers):
    return denoisers[request.param]


@pytest.fixture(params=ALL_MODELS)
def any_denoiser(request, denoisers):
    return denoisers[request.param]


@pytest.fixture(scope="module")
def clean():
    return data.astronaut()[:96, 200:312]


def suited(denoiser, clean):
    side = denoiser.facts.needs.fixed_size
    return clean if side is None else np.ascontiguousarray(clean[:side, :side, 0])


def test_a_noisy_photo_comes_back_cleaner(photo_denoiser, clean):
    noisy = add_noise(clean, "gaussian", 25 / 255)
    assert psnr(clean, photo_denoiser(noisy, 25 / 255)) > psnr(clean, noisy) + 6
    assert psnr(clean, photo_denoiser(noisy)) > psnr(clean, noisy) + 6


def test_a_clean_photo_comes_back_nearly_as_it_was(photo_denoiser, clean):
    assert psnr(clean, photo_denoiser(clean)) > 36


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
def test_type_shape_and_dtype_of_an_array_are_kept(any_denoiser, clean, dtype):
    scale = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    image = (suited(any_denoiser, clean) / 255.0 * scale).astype(dtype)
    denoised = any_denoiser(image)
    assert (denoised.shape, denoised.dtype) == (image.shape, image.dtype)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_mode_and_transparency_of_a_pil_image_are_kept(photo_denoiser, clean, mode):
    image = Image.fromarray(clean).convert(mode)
    denoised = photo_denoiser(image)
    assert (denoised.mode, denoised.size) == (image.mode, image.size)
    if mode.endswith("A"):
        assert denoised.getchannel("A").tobytes() == image.getchannel("A").tobytes()


def test_a_16_bit_pil_image_comes_back_with_16_bits(photo_denoiser, clean):
    image = Image.fromarray(clean[..., 0].astype(np.uint16) * 257)
    denoised = np.asarray(photo_denoiser(image))
    assert denoised.dtype == np.uint16
    assert len(np.unique(denoised)) > 256


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_a_tensor_comes_back_as_a_tensor(photo_denoiser, dtype):
    image = torch.rand(2, 3, 24, 20, generator=torch.Generator().manual_seed(0)).to(dtype)
    denoised = photo_denoiser(image, 0.1)
    assert (denoised.shape, denoised.dtype) == (image.shape, dtype)


def test_a_picture_keeps_all_but_its_pixels(photo_denoiser, clean):
    alpha = np.full(clean.shape[:2], 7, dtype=np.uint8)
    picture = Picture(clean, alpha=alpha, format="TIFF", icc_profile=b"profile")
    denoised = photo_denoiser(picture)
    assert np.array_equal(denoised.alpha, alpha)
    assert (denoised.format, denoised.icc_profile) == ("TIFF", b"profile")
    assert np.array_equal(denoised.pixels, photo_denoiser(clean))


@pytest.mark.parametrize("size", [(1, 1), (7, 13), (15, 17), (16, 16), (33, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_is_taken(photo_denoiser, size, channels):
    image = np.random.default_rng(0).uniform(0, 1, (*size, channels)).astype(np.float32)
    denoised = photo_denoiser(image, 0.1)
    assert denoised.shape == image.shape
    assert np.isfinite(denoised).all()


def test_another_size_than_28_is_refused(denoisers, clean):
    for name in SMALL_MODELS:
        with pytest.raises(ImageError, match="28x28 pixels only"):
            denoisers[name](clean)


def test_gray_comes_back_as_three_equal_channels_would(photo_denoiser, clean):
    gray = clean[..., 0]
    colour = photo_denoiser(np.repeat(gray[..., None], 3, axis=2).astype(np.float32) / 255, 0.1)
    single = photo_denoiser(gray.astype(np.float32) / 255, 0.1)
    assert np.allclose(single, colour.mean(axis=2), atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("sigma", [None, 25 / 255, 50 / 255])
@pytest.mark.parametrize("name", PHOTO_MODELS)
def test_tiled_and_whole_differ_by_less_than_half_a_step(name, dtype, sigma, monkeypatch):
    denoiser = Denoiser(name, device="cpu", dtype=dtype)
    noisy = add_noise(data.coffee()[:400, :440] / 255.0, "gaussian", sigma or 0.1)
    noisy = noisy.astype(np.float32)
    whole = denoiser(noisy, sigma)
    monkeypatch.setattr(denoise.inference.tiling, "TILE", 320)
    tiled, report = denoiser.run(noisy, Settings(sigma=sigma))
    assert report.tiles == 9
    assert np.abs(tiled - whole).max() <= HALF_STEP


def test_a_batch_equals_one_by_one(any_denoiser, clean):
    image = suited(any_denoiser, clean) / np.float32(255)
    batch = torch.from_numpy(np.atleast_3d(image)).permute(2, 0, 1)[None].float()
    batch = torch.cat((batch, batch.flip(2)))
    together = any_denoiser(batch)
    one_by_one = torch.cat([any_denoiser(batch[i : i + 1]) for i in range(2)])
    assert (together - one_by_one).abs().max() <= HALF_STEP


def test_strength_blends_with_the_noisy_picture(any_denoiser, clean):
    noisy = suited(any_denoiser, clean).astype(np.float32) / 255
    full = any_denoiser(noisy)
    assert np.array_equal(any_denoiser(noisy, strength=0), noisy)
    assert np.allclose(any_denoiser(noisy, strength=0.5), (noisy + full) / 2, atol=1e-3)


def test_the_ensemble_is_the_mean_of_eight_orientations(photo_denoiser, clean):
    noisy = add_noise(clean / 255.0, "gaussian", 0.1).astype(np.float32)
    mean = np.zeros_like(noisy)
    for turns in range(4):
        turned = np.rot90(noisy, turns)
        mean += np.rot90(photo_denoiser(np.ascontiguousarray(turned), 0.1), -turns) / 8
        mirrored = np.ascontiguousarray(np.fliplr(turned))
        mean += np.rot90(np.fliplr(photo_denoiser(mirrored, 0.1)), -turns) / 8
    assert np.abs(photo_denoiser(noisy, 0.1, ensemble=True) - mean).max() < 0.01


@pytest.fixture
def textured_denoiser(monkeypatch):
    """A network whose textured counterpart gives half of its input."""
    denoiser = Denoiser("conv-photo", device="cpu")
    monkeypatch.setattr(denoiser, "facts", replace(denoiser.facts, textured="conv-photo"))
    made = (lambda noisy, sigma: noisy / 2, denoiser.facts)
    monkeypatch.setattr(denoiser, "_textured", made, raising=False)
    return denoiser


def test_texture_blends_with_the_textured_counterpart(textured_denoiser, clean):
    image = 0.3 + 0.3 * clean / np.float32(255)
    faithful, textured = textured_denoiser(image, 0.1), textured_denoiser(image, 0.1, texture=1)
    assert np.allclose(textured, image / 2, atol=1e-6)
    blended = textured_denoiser(image, 0.1, texture=0.25)
    assert np.allclose(blended, 0.75 * faithful + 0.25 * textured, atol=1e-3)


def test_blending_counts_the_passes_of_both_networks(textured_denoiser, clean):
    calls = []
    done = textured_denoiser.run(
        clean, Settings(texture=0.5), on_tile=lambda *progress: calls.append(progress)
    )
    assert calls == [(1, 2), (2, 2)]
    assert done.report.textured_by == "conv-photo"


def test_texture_is_refused_where_there_is_no_counterpart(denoisers):
    with pytest.raises(SettingError, match="no textured counterpart"):
        denoisers["dense-mnist"](np.zeros((28, 28), dtype=np.uint8), texture=0.5)


def test_given_back_detail_mends_a_picture_denoised_too_strongly(photo_denoiser):
    clean = data.coffee()[50:306, 100:356]
    noisy = add_noise(clean / 255.0, "gaussian", 10 / 255)
    smooth = photo_denoiser(noisy, 40 / 255)
    mended = photo_denoiser(noisy, 40 / 255, detail=1.0)
    assert psnr(clean / 255, mended) > psnr(clean / 255, smooth) + 0.5


@pytest.mark.parametrize("name", ["ensemble", "detail"])
def test_settings_for_photos_are_refused_elsewhere(denoisers, name):
    with pytest.raises(SettingError, match=f"{name} is for photo networks"):
        denoisers["dense-mnist"](
            np.zeros((28, 28), dtype=np.uint8), **{name: name == "ensemble" or 1}
        )


@pytest.mark.parametrize("sigma", [-1, 25, 1.001, math.nan, math.inf, "0.1"])
def test_a_sigma_out_of_range_is_refused(photo_denoiser, clean, sigma):
    with pytest.raises(SettingError, match="from 0 to 1"):
        photo_denoiser(clean, sigma)


def test_a_sigma_in_the_papers_unit_gets_a_hint(photo_denoiser, clean):
    with pytest.raises(SettingError, match=r"Did you mean 25/255 = 0\.098"):
        photo_denoiser(clean, 25)


@pytest.mark.parametrize("share", [-0.1, 7, math.nan, None])
@pytest.mark.parametrize("name", ["strength", "texture", "detail"])
def test_a_share_out_of_range_is_refused(denoisers, clean, name, share):
    with pytest.raises(SettingError, match=f"{name} is a number from 0 to 1"):
        denoisers["conv-photo"](clean, **{name: share})


def test_sigma_may_be_a_number_for_each_image_or_a_map(photo_denoiser):
    images = torch.rand(2, 3, 24, 20, generator=torch.Generator().manual_seed(0))
    each = photo_denoiser(images, torch.tensor([0.05, 0.2]))
    planes = torch.tensor([0.05, 0.2]).view(2, 1, 1, 1).expand(2, 1, 24, 20)
    assert (photo_denoiser(images, planes) - each).abs().max() <= HALF_STEP
    assert (photo_denoiser(images[1:], 0.2) - each[1:]).abs().max() <= HALF_STEP


def test_a_map_of_another_size_is_refused(photo_denoiser):
    with pytest.raises(SettingError, match="a map"):
        photo_denoiser(torch.rand(1, 3, 24, 20), torch.full((1, 1, 8, 8), 0.1))


def test_the_report_says_whether_sigma_was_told_or_guessed(denoisers, clean):
    told = denoisers["conv-photo"].run(clean, Settings(sigma=0.1)).report
    guessed = denoisers["blind-photo"].run(clean).report
    assert (told.sigma_used, told.sigma_source) == (0.1, "told")
    assert (guessed.sigma_used, guessed.sigma_source) == (None, "guessed")
    assert guessed.sigma_estimated == estimate_sigma(clean)
    assert guessed.size == (112, 96)


def at_auto(denoiser, kind, level, **settings):
    noisy = add_noise(data.astronaut()[:256, 100:356], kind, level)
    passes = []
    report = denoiser.run(noisy, Settings(**settings), on_tile=lambda *n: passes.append(n)).report
    return report, len(passes)


def test_white_noise_is_told_as_it_was_found(denoisers):
    report, passes = at_auto(denoisers["conv-photo"], "gaussian", 0.1)
    assert (report.sigma_source, report.guided_by, passes) == ("estimated", None, 1)
    assert report.sigma_used == pytest.approx(0.095, rel=0.06)  # 0.1 before it was clipped


def test_the_blind_network_removes_noise_that_is_not_white(denoisers):
    noisy = add_noise(data.astronaut()[:256, 100:356], "salt-pepper", 0.1)
    image, report = denoisers["conv-photo"].run(noisy)
    assert (report.guided_by, report.sigma_used) == ("blind-photo", 0)
    assert np.array_equal(image, denoisers["blind-photo"](noisy))


def test_the_told_network_removes_a_cameras_noise_under_white_noise():
    conv, blind = (
        Denoiser(name, device="cpu", dtype="float32") for name in ("conv-photo", "blind-photo")
    )
    noisy = add_noise(data.astronaut()[:256, 100:356] / 255.0, "camera", 0.03)
    image, report = conv.run(noisy)
    assert (report.guided_by, report.sigma_used) == ("blind-photo", 0)
    given = plan_sigma(unpack(noisy)[0], None, conv.facts).dither.given
    before, guessed = (to_chw(picture)[None] for picture in (noisy, blind(noisy)))
    start, level = torch.lerp(before, guessed, given), dither_level(guessed)
    dither = level * _white_noise(start)
    planes = 7 / 6 * level
    with torch.inference_mode():
        both = [conv._network(start + sign * dither, planes) for sign in (1, -1)]
    expected = ((both[0] + both[1]) / 2)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(image, expected.clip(0, 1), atol=1e-5)


@pytest.mark.parametrize("level", [0.02, 0.03, 0.06])
def test_both_networks_remove_more_of_a_cameras_noise_than_the_pilot_alone(denoisers, level):
    clean = data.astronaut()[:256, 100:356]
    noisy = add_noise(clean, "camera", level)
    alone, both = (denoisers[name](noisy) for name in ("blind-photo", "conv-photo"))
    assert psnr(clean, both) > psnr(clean, alone) + 0.02 > psnr(clean, noisy) + 1


@pytest.mark.parametrize(("level", "given"), [(0.012, (0.5, 0.6)), (0.06, (0.75, 0.9))])
def test_the_pilot_removes_more_of_stronger_noise(denoisers, level, given):
    noisy = add_noise(data.astronaut()[:256, 100:356], "camera", level)
    plan = plan_sigma(unpack(noisy)[0], None, denoisers["conv-photo"].facts)
    assert given[0] <= plan.dither.given <= given[1]


def test_noise_that_neighbours_do_not_share_is_left_to_the_pilot_alone(denoisers):
    report, passes = at_auto(denoisers["conv-photo"], "salt-pepper", 0.1)
    assert (report.guided_by, passes) == ("blind-photo", 1)
    report, passes = at_auto(denoisers["conv-photo"], "camera", 0.06)
    assert (report.guided_by, passes) == ("blind-photo", 3)


def test_less_white_noise_is_added_where_there_is_fine_detail():
    picture = torch.full((1, 3, 64, 128), 0.5)
    picture[..., 64:] += 0.1 * torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    level = dither_level(picture)
    assert level.shape == (1, 1, 64, 128)
    assert torch.allclose(level[..., :40], torch.tensor(10 / 255))
    assert torch.allclose(level[..., 88:], torch.tensor(4 / 255))


def test_the_white_noise_that_is_added_is_the_same_on_every_tile():
    whole = _white_noise(torch.zeros(1, 3, 512, 700))
    tile = _white_noise(torch.zeros(2, 3, 300, 300))
    assert torch.equal(whole[..., 256:, 256:556], tile[..., :256, :])
    assert torch.equal(_white_noise(torch.zeros(1, 1, 9, 9)), whole[:, :1, :9, :9])
    assert abs(float(whole.std()) - 1) < 0.01


@pytest.mark.parametrize("quality", [30, 60, 80])
@pytest.mark.parametrize("level", [0, 0.03])
def test_jpegs_traces_are_removed_with_the_noise_under_them(denoisers, level, quality):
    clean = data.astronaut()[:256, 100:356]
    stored = add_noise(add_noise(clean, "gaussian", level), "jpeg", 1 - quality / 100)
    alone, both = (denoisers[name](stored) for name in ("blind-photo", "conv-photo"))
    assert psnr(clean, both) > psnr(clean, alone) + 0.2
    assert psnr(clean, both) > psnr(clean, stored) + 0.5


def test_the_report_has_the_step_of_a_jpeg_whose_traces_are_removed(denoisers):
    clean = data.astronaut()[:256, 100:356]
    stored = add_noise(clean, "jpeg", 0.25)
    assert 255 * denoisers["conv-photo"].run(stored).report.jpeg_step == pytest.approx(6.6, abs=0.5)
    assert denoisers["blind-photo"].run(stored).report.jpeg_step is None
    assert denoisers["conv-photo"].run(clean).report.jpeg_step is None
    told = denoisers["conv-photo"].run(stored, Settings(sigma=0.02)).report
    assert told.jpeg_step is None


def test_of_a_coarser_jpeg_more_is_taken(denoisers):
    clean = data.astronaut()[:256, 100:356]
    levels = []
    for quality in (20, 50, 80):
        images, _ = unpack(add_noise(clean, "jpeg", 1 - quality / 100))
        plan = plan_sigma(images, None, denoisers["conv-photo"].facts)
        assert (plan.pilot_share, plan.dither.share) == (1, 1)
        levels.append(255 * plan.dither.least)
    assert levels[0] > 1.5 * levels[1] > 2 * levels[2] > 6


def test_a_jpegs_steps_do_not_count_beside_much_stronger_noise(denoisers):
    noisy = add_noise(data.astronaut()[:256, 100:356], "gaussian", 0.1)
    stored = add_noise(noisy, "jpeg", 0.15)
    assert estimate_noise(stored).jpeg_step > 0
    images, _ = unpack(stored)
    plan = plan_sigma(images, None, denoisers["conv-photo"].facts)
    assert plan.dither.least == 0


def test_texture_alone_needs_no_pilot(denoisers):
    report, passes = at_auto(denoisers["conv-photo"], "camera", 0.03, texture=1.0)
    assert (report.textured_by, report.guided_by, passes) == ("gan-photo", None, 1)


def test_partly_white_noise_is_left_to_both_networks(denoisers):
    denoiser = denoisers["conv-photo"]
    plan = SigmaPlan(torch.full((1, 1, 1, 1), 0.05), None, 0.05, "estimated", (), 0.5)
    assert denoiser._inference(plan, Settings()).passes == 2


def test_noise_beyond_the_trained_range_is_told_as_it_is_and_doubted(denoisers):
    noisy = add_noise(data.astronaut()[:256, 100:356] / 255.0, "gaussian", 100 / 255)
    image, report = denoisers["conv-photo"].run(noisy)
    assert report.sigma_used == pytest.approx(100 / 255, rel=0.1)
    assert "outside the range" in report.warnings[0]
    assert psnr(data.astronaut()[:256, 100:356] / 255.0, image) > 24


def test_a_told_level_needs_no_pilot(denoisers):
    report, passes = at_auto(denoisers["conv-photo"], "camera", 0.05, sigma=0.05)
    assert (report.sigma_source, report.guided_by, passes) == ("told", None, 1)


def test_a_textured_counterpart_guesses_where_the_level_is_but_estimated(denoisers):
    noisy = add_noise(data.astronaut()[:128, 100:228], "gaussian", 0.1)
    made_up = denoisers["conv-photo"](noisy, texture=1)
    assert np.array_equal(made_up, denoisers["gan-photo"](noisy))


def test_a_zoo_without_the_pilot_takes_the_bundled_one(tmp_path, denoisers):
    shutil.copytree(BUNDLED / "conv-photo", tmp_path / "conv-photo")
    alone = Denoiser("conv-photo", device="cpu", zoo=tmp_path)
    noisy = add_noise(data.astronaut()[:128, 100:228], "salt-pepper", 0.1)
    assert np.array_equal(alone(noisy), denoisers["conv-photo"](noisy))


def test_noise_is_estimated_by_the_zoos_own_estimator_if_it_has_one(tmp_path):
    assert find_estimator(Zoo(tmp_path)).folder == BUNDLED / "blind-photo"
    shutil.copytree(BUNDLED / "blind-photo", tmp_path / "blind-photo")
    assert find_estimator(Zoo(tmp_path)).folder == tmp_path / "blind-photo"


def test_a_network_that_takes_no_sigma_says_that_it_was_ignored(denoisers):
    report = (
        denoisers["dense-mnist"].run(np.zeros((28, 28), dtype=np.uint8), Settings(sigma=0.1)).report
    )
    assert report.sigma_source == "ignored"
    assert "ignored" in report.warnings[0]


def test_sigma_outside_the_trained_range_is_a_warning(denoisers, clean):
    report = denoisers["conv-photo"].run(clean, Settings(sigma=0.9)).report
    assert "outside the range" in report.warnings[0]


def test_the_bounds_of_the_trained_range_are_inside_it(denoisers, clean):
    for bound in (0.0, 75 / 255):
        assert denoisers["conv-photo"].run(clean, Settings(sigma=bound)).report.warnings == ()


def test_told_0_a_picture_is_left_alone(photo_denoiser, clean):
    noisy = add_noise(clean / 255.0, "gaussian", 0.1, clip=True).astype(np.float32)
    assert np.abs(photo_denoiser(noisy, 0.0) - noisy).max() < 1e-6
    planes = torch.zeros(1, 1, *noisy.shape[:2])
    planes[..., : noisy.shape[1] // 2] = 0.1
    batch = torch.from_numpy(noisy).permute(2, 0, 1)[None]
    changed = (photo_denoiser(batch, planes) - batch).abs()
    assert changed[..., noisy.shape[1] // 2 :].max() < 1e-6
    assert changed[..., : noisy.shape[1] // 2].mean() > 0.03


def test_what_on_tile_raises_stops_the_work(photo_denoiser, monkeypatch):
    monkeypatch.setattr(denoise.inference.tiling, "TILE", 320)
    calls = []

    def stop_at_the_second(done, total):
        calls.append((done, total))
        if done == 2:
            raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        photo_denoiser(np.zeros((400, 400, 3), dtype=np.uint8), on_tile=stop_at_the_second)
    assert calls == [(1, 9), (2, 9)]


@pytest.mark.parametrize(("takes_gray", "seen"), [(True, 1), (False, 3)])
def test_gray_goes_in_as_the_network_takes_it(takes_gray, seen):
    channels = []

    def network(picture):
        channels.append(picture.shape[1])
        return picture

    needs = Needs(3, "photo", (0.0, 1.0), takes_sigma=False, blind=True, takes_gray=takes_gray)
    inference = Inference("net", (Part(network, 1.0),), needs, torch.float32)
    gray = torch.rand(1, 1, 8, 8)
    torch.testing.assert_close(inference.denoise(gray, None, lambda: None), gray)
    assert channels == [seen]


@pytest.mark.parametrize("name", ALL_MODELS)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_network_that_gives_no_numbers_gives_no_picture(name, bad, clean):
    denoiser = Denoiser(name, device="cpu")
    next(denoiser._network.parameters()).data.fill_(bad)
    with pytest.raises(WeightsError, match=f"^{name} gave NaN or infinity"):
        denoiser(suited(denoiser, clean))


def test_an_ensemble_can_be_stopped_between_its_passes(photo_denoiser, clean):
    calls = []

    def stop_at_the_third(done, total):
        calls.append((done, total))
        if done == 3:
            raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        photo_denoiser(clean, ensemble=True, on_tile=stop_at_the_third)
    assert calls == [(1, 8), (2, 8), (3, 8)]


def test_one_denoiser_serves_many_threads(photo_denoiser, clean):
    images = [np.roll(clean, shift, axis=1) for shift in range(4)]
    expected = [photo_denoiser(image, 0.1) for image in images]
    results = [None] * 4

    def work(i):
        results[i] = photo_denoiser(images[i], 0.1)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert all(np.array_equal(a, b) for a, b in zip(results, expected, strict=True))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 200.0])
def test_floats_that_cannot_be_meant_are_refused(photo_denoiser, value):
    image = np.zeros((16, 16), dtype=np.float32)
    image[3, 4] = value
    with pytest.raises(ImageError, match="from 0 \\(black\\) to 1 \\(white\\)"):
        photo_denoiser(image)


def test_a_file_name_is_not_an_image(photo_denoiser):
    with pytest.raises(ImageError, match="load_picture reads files"):
        photo_denoiser("noisy.png")


def test_the_input_is_not_changed(photo_denoiser, clean):
    before = clean.copy()
    photo_denoiser(clean)
    assert np.array_equal(clean, before)


def test_an_unknown_model_device_or_precision_is_refused():
    with pytest.raises(UnknownModelError, match="choose one of"):
        Denoiser("vae")
    with pytest.raises(SettingError, match="choose one of: auto, cpu"):
        Denoiser(device="tpu")
    with pytest.raises(SettingError, match="choose one of: auto, float32"):
        Denoiser(dtype="float64")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_refused():
    with pytest.raises(SettingError, match="has no cuda device"):
        Denoiser(device="cuda")


def test_bfloat16_is_chosen_only_where_it_does_no_harm():
    cpu = torch.device("cpu")
    assert choose_dtype("auto", cpu, bfloat16_is_harmless=False) is torch.float32
    assert choose_dtype("bfloat16", cpu, bfloat16_is_harmless=False) is torch.bfloat16


@pytest.mark.parametrize("level", [5, 15, 25, 50])
def test_the_estimated_sigma_of_white_noise_is_near(level):
    noisy = add_noise(data.astronaut() / 255.0, "gaussian", level / 255)
    assert estimate_sigma(noisy) * 255 == pytest.approx(level, rel=0.2)


@pytest.mark.parametrize(
    ("kind", "level", "camera", "other"),
    [("gaussian", 0.1, 0, 0), ("camera", 0.03, 1, None), ("salt-pepper", 0.05, 0, 1)],
)
def test_the_kind_of_noise_is_told_apart(kind, level, camera, other):
    found = estimate_noise(add_noise(data.astronaut()[:256, 100:356], kind, level))
    assert found.camera == camera
    assert other in (None, found.other)


def test_a_residual_in_few_places_is_not_a_cameras_noise():
    sparse = Residual(3 / 255, correlation=0.1, gray_share=0.8, kurtosis=2)
    spread, rare = (sparse._replace(correlation=0.6, kurtosis=kurtosis) for kurtosis in (2, 60))
    assert interpret_residual(spread, sparse).camera == 1
    assert interpret_residual(rare, sparse).camera == 0


def test_letters_are_no_impulses(denoisers):
    page = Image.new("RGB", (400, 320), "white")
    drawing = ImageDraw.Draw(page)
    words = "The quick brown fox jumps over the lazy dog 0123456789, again and again."
    for line in range(24):
        drawing.text((6, 6 + 13 * line), words, fill=(20, 20, 60))
    drawing.ellipse((250, 150, 380, 280), outline=(200, 0, 0), width=2)
    drawing.rectangle((20, 200, 120, 300), fill=(0, 120, 200))
    letters = np.asarray(page)
    assert estimate_noise(letters).other < 0.1  # 0.59 without a look at detail
    assert psnr(letters, denoisers["conv-photo"](letters)) > 41  # 39.2 then


def test_noise_among_letters_is_seen(denoisers):
    page = data.page()[:160, :200]
    noisy = add_noise(page, "gaussian", 0.05)
    found = estimate_noise(noisy)
    assert found.white > 0.8 * found.sigma
    assert psnr(page, denoisers["conv-photo"](noisy)) > psnr(page, noisy) + 4  # 0.7 as detail


def test_a_clean_picture_has_little_noise_to_tell_of():
    found = estimate_noise(data.coffee())
    assert found.white < 1.5 / 255
    assert (found.camera, found.other) == (0, 0)


@pytest.mark.parametrize("level", [15, 25, 50])
def test_the_level_to_tell_of_white_noise_is_right(level):
    noisy = add_noise(data.astronaut() / 255.0, "gaussian", level / 255)
    assert estimate_noise(noisy).white * 255 == pytest.approx(level, rel=0.05)


@pytest.mark.parametrize(("kind", "low", "high"), [("gaussian", -0.1, 0.1), ("camera", 0.3, 0.8)])
def test_the_correlation_tells_white_noise_from_a_cameras(kind, low, high):
    noisy = add_noise(data.astronaut()[:256, :256], kind, 0.08, seed=1)
    assert low < estimate_noise(noisy).correlation < high


def test_the_estimated_sigma_of_correlated_noise_is_near():
    clean = data.astronaut() / 255.0
    noisy = add_noise(clean, "camera", 12 / 255)
    rms = np.sqrt(np.mean((noisy - clean) ** 2))
    assert estimate_sigma(noisy) == pytest.approx(rms, rel=0.25)


def test_a_photo_is_fitted_for_a_28x28_network(clean):
    fitted, notes = fit_picture(clean, "dense-mnist")
    assert fitted.shape == (28, 28)
    assert notes


def test_a_photo_needs_no_fitting_for_a_photo_network(clean):
    fitted, notes = fit_picture(clean, "conv-photo")
    assert np.array_equal(fitted, clean)
    assert notes == ()
