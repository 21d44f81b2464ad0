import numpy as np
import pytest
import torch

from denoise import Denoiser, add_noise, list_models
from denoise.errors import SettingError

CODED = [facts.name for facts in list_models() if facts.needs.code_shape is not None]
NOISY = add_noise(np.eye(28, dtype=np.uint8) * 255, "gaussian", 0.4)
# Of a code: its parts, each a number or a map.
PARTS = {"dense-mnist": (64,), "conv-mnist": (64, 3, 3), "sparse-mnist": (64, 7, 7)}


@pytest.mark.parametrize("name", CODED)
def test_a_code_is_taken_in_its_parts(name):
    denoiser = Denoiser(name, device="cpu")
    code = denoiser.look_inside(NOISY).code
    assert code.shape == PARTS.get(name, denoiser.facts.needs.code_shape)
    torch.testing.assert_close(code.flatten(), denoiser.encode(NOISY)[0].flatten())


@pytest.mark.parametrize("name", CODED)
def test_what_a_part_draws_is_what_the_picture_lacks_without_it(name):
    denoiser = Denoiser(name, device="cpu")
    found = denoiser.look_inside(NOISY)
    part = int(found.code.flatten(1).sum(1).argmax()) if found.code.ndim > 1 else 5
    without = found.code.clone()
    without[part] = 0
    codes = torch.stack([found.code, without]).reshape(2, *denoiser.facts.needs.code_shape)
    whole, lacking = denoiser.decode(codes)[:, 0]
    torch.testing.assert_close(found.drawn[part], whole - lacking, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", CODED)
def test_every_layer_with_weights_is_seen_in_its_order(name):
    denoiser = Denoiser(name, device="cpu")
    layers = denoiser.look_inside(NOISY).layers
    assert layers[-1].output.numel() >= 28 * 28
    norms = 2 * 2 * (16 + 32 + 64) // 2 if name == "conv-mnist" else 0  # of batch norm
    assert sum(layer.weights for layer in layers) + norms == denoiser.facts.parameters


def test_a_network_with_skips_has_no_inside_to_show():
    with pytest.raises(SettingError, match="no code of its own"):
        Denoiser("conv-photo", device="cpu").look_inside(np.zeros((28, 28, 3), np.uint8))
