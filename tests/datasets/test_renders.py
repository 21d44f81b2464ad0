import numpy as np
import pytest

from denoise.datasets import renders
from denoise.datasets.renders import RenderPair, RenderSettings, load_renders, make_renders
from denoise.errors import DenoiseError
from denoise.training.rendering import show_light, spoil_by_rendering

TINY = RenderSettings(side=16, samples=(1, 4), reference_samples=16)


def made_pair(seed=0, side=32):
    rng = np.random.default_rng(seed)
    light = rng.uniform(0, 1, (side, side, 3))
    noisy = {count: (light * rng.gamma(count, 1 / count, light.shape)) for count in (4, 16)}
    return RenderPair(
        {count: picture.astype(np.float16) for count, picture in noisy.items()},
        light.astype(np.float16),
    )


@pytest.fixture
def counted(monkeypatch):
    """Scenes that cost nothing, and the seeds that were rendered."""
    rendered = []

    def render(seed, settings):
        rendered.append(seed)
        return made_pair(seed, settings.side)

    monkeypatch.setattr(renders, "render_scene", render)
    return rendered


def test_only_missing_scenes_are_rendered(tmp_path, counted):
    make_renders(tmp_path, [0, 2], TINY)
    files = make_renders(tmp_path, range(3), TINY)
    assert counted == [0, 2, 1]
    assert len(files) == len(list(tmp_path.iterdir())) == 3


def test_what_was_rendered_is_read_back(tmp_path, counted):
    make_renders(tmp_path / "some", [5], TINY)
    (found,) = load_renders([tmp_path])
    wanted = made_pair(5, TINY.side)
    assert np.array_equal(found.reference, wanted.reference)
    assert found.noisy.keys() == wanted.noisy.keys()
    assert all(np.array_equal(found.noisy[count], wanted.noisy[count]) for count in (4, 16))


def test_an_unfinished_file_is_none(tmp_path, counted):
    (tmp_path / "render-00000-16-16.part").write_bytes(b"half")
    assert load_renders([tmp_path]) == []


def test_without_mitsuba_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(renders.optional.__globals__, "import_module", refuse)
    with pytest.raises(DenoiseError, match=r"\[renders\]"):
        make_renders(tmp_path, [0], TINY)


def refuse(name):
    raise ImportError(name)


def test_a_scene_comes_back_by_its_seed_and_more_samples_are_nearer():
    pytest.importorskip("mitsuba")
    first, again, other = (renders.render_scene(seed, TINY) for seed in (3, 3, 4))
    assert np.array_equal(first.reference, again.reference)
    assert not np.array_equal(first.reference, other.reference)
    assert first.reference.shape == (16, 16, 3)
    assert np.isfinite(first.reference).all()
    assert error_of(first, 4) < error_of(first, 1)


def error_of(pair, count):
    pictures = (pair.noisy[count], pair.reference)
    few, many = (show_light(light.astype(np.float32)) for light in pictures)
    return np.abs(few - many).mean()


def test_black_and_white_light_are_shown_as_such():
    light = np.array([[[0.0, 1.0, 9.0]]], np.float32)
    for shoulder in (0.0, 1.0):
        assert show_light(light, shoulder)[0, 0].tolist() == [0.0, 1.0, 1.0]


def test_a_patch_and_its_reference_are_cut_and_shown_alike():
    light = made_pair().reference
    pair = RenderPair({4: light}, light)
    for seed in range(5):
        spoilt = spoil_by_rendering(pair, 8, np.random.default_rng(seed))
        assert np.array_equal(spoilt.clean, spoilt.noisy)
        assert spoilt.clean.shape == (8, 8, 3)


def test_few_samples_are_noise():
    spoilt = spoil_by_rendering(made_pair(), 16, np.random.default_rng(0))
    assert 0.01 < np.sqrt(np.mean((spoilt.clean - spoilt.noisy) ** 2)) < 0.5
