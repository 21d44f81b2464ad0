import inspect
import json
from dataclasses import asdict

import pytest
import torch
from torch import nn

from denoise.models import ARCHITECTURES, build_network
from denoise.models.conv import (
    BottleneckAE,
    BottleneckAEConfig,
    ConvAE,
    ConvAEConfig,
    SparseAE,
    SparseAEConfig,
)
from denoise.models.dense import (
    DenseAE,
    DenseAEConfig,
    PatchDenseAE,
    PatchDenseAEConfig,
    to_opponent,
)
from denoise.models.unet import UNet, UNetConfig

# Where the default is heavy; an architecture that is not named here is tested as it is.
TINY = {
    "unet": {"widths": (4, 8), "blocks": (1, 2)},
    "generator": {"widths": (4, 8), "blocks": 1},
    "patch-dense-ae": {"width": 16, "depth": 3},
}


NO_DENOISERS = ("reader", "noise-estimator")


@pytest.fixture(params=[name for name in ARCHITECTURES if name not in NO_DENOISERS])
def network(request):
    torch.manual_seed(0)
    return build_network(request.param, TINY.get(request.param, {}))


def pictures(network, count=3, side=28, seed=0):
    channels = getattr(network.config, "channels", 1)
    rng = torch.Generator().manual_seed(seed)
    return torch.rand((count, channels, side, side), generator=rng)


def run(network, noisy):
    """Runs a network, told sigma where it wants to be."""
    wants_sigma = "sigma" in inspect.signature(network.forward).parameters
    return network(noisy, torch.full((1, 1, 1, 1), 0.1)) if wants_sigma else network(noisy)


@pytest.fixture
def unet():
    torch.manual_seed(0)
    return UNet(UNetConfig(widths=(4, 8), blocks=(1, 2)))


def test_shape_and_dtype_are_kept(network):
    noisy = pictures(network)
    denoised = run(network, noisy)
    assert denoised.shape == noisy.shape
    assert denoised.dtype == torch.float32


def test_a_batch_equals_one_by_one(network):
    network.eval()
    noisy = pictures(network)
    singles = torch.cat([run(network, one[None]) for one in noisy])
    torch.testing.assert_close(run(network, noisy), singles, atol=1e-5, rtol=0)


def test_every_parameter_gets_a_gradient(network):
    run(network, pictures(network, count=16)).square().mean().backward()
    without = [
        name for name, p in network.named_parameters() if p.grad is None or not p.grad.abs().any()
    ]
    assert not without


def test_the_input_is_left_alone(network):
    noisy = pictures(network)
    before = noisy.clone()
    run(network, noisy)
    assert torch.equal(noisy, before)


CODED = [name for name, (network, _) in ARCHITECTURES.items() if hasattr(network, "decode")]


@pytest.mark.parametrize("network", CODED, indirect=True)
def test_decoding_the_code_is_the_whole_network(network):
    network.eval()
    noisy = pictures(network)
    code = network.encode(noisy)
    assert torch.equal(network.decode(code), network(noisy))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_config_goes_through_json(name):
    config = ARCHITECTURES[name].config()
    fields = json.loads(json.dumps(asdict(config)))
    with torch.device("meta"):
        assert build_network(name, fields).config == config


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_a_field_that_the_config_has_not_is_refused(name):
    with pytest.raises(TypeError, match="floors"):
        build_network(name, {"floors": 3})


def test_an_unknown_architecture_is_refused():
    with pytest.raises(KeyError):
        build_network("vae", {})


@pytest.mark.parametrize(
    ("network", "count"),
    [
        (DenseAE(DenseAEConfig()), 101_200),
        (ConvAE(ConvAEConfig()), 3_217),
        (BottleneckAE(BottleneckAEConfig()), 194_785),
        (SparseAE(SparseAEConfig()), 9_912_129),
    ],
    ids=["dense", "conv", "bottleneck", "sparse"],
)
def test_the_networks_have_the_tutorials_number_of_parameters(network, count):
    assert sum(p.numel() for p in network.parameters()) == count


@pytest.mark.parametrize(
    "network",
    [
        DenseAE(DenseAEConfig()),
        ConvAE(ConvAEConfig()),
        BottleneckAE(BottleneckAEConfig()).eval(),
        SparseAE(SparseAEConfig()),
    ],
)
def test_the_tutorials_networks_stay_in_range(network):
    denoised = network(pictures(network) * 100 - 50)
    assert denoised.min() >= 0
    assert denoised.max() <= 1


@pytest.fixture
def patch_dense():
    torch.manual_seed(0)
    return PatchDenseAE(PatchDenseAEConfig(width=16, depth=2)).eval()


@pytest.mark.parametrize("shape", [(1, 1, 4, 4), (2, 3, 8, 12), (1, 3, 40, 20)])
def test_patches_that_find_no_noise_give_the_picture_back(patch_dense, shape):
    nn.init.zeros_(patch_dense.last.weight)
    nn.init.zeros_(patch_dense.last.bias)
    picture = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(run(patch_dense, picture), picture, atol=1e-6, rtol=0)


def test_a_tile_of_patches_equals_the_whole_away_from_its_edge(patch_dense):
    picture = torch.rand((1, 1, 80, 80), generator=torch.Generator().manual_seed(0))
    whole, tile = run(patch_dense, picture), run(patch_dense, picture[:, :, 24:, 24:])
    torch.testing.assert_close(whole[:, :, 48:, 48:], tile[:, :, 24:, 24:])


def test_the_planes_of_a_colour_picture_keep_its_noise_as_it_is():
    noise = torch.randn((1, 3, 64, 64), generator=torch.Generator().manual_seed(0))
    planes = to_opponent(noise)[0].flatten(1)
    assert torch.allclose(torch.cov(planes), torch.eye(3), atol=0.06)


def set_single_tap(conv: nn.Module):
    """Makes a 3x3 convolution that copies what lies under its middle."""
    nn.init.zeros_(conv.weight)
    conv.weight.data[0, 0, 1, 1] = 1


def test_strided_convolutions_have_the_phase_of_tensorflow():
    network = ConvAE(ConvAEConfig(widths=(1,)))
    set_single_tap(network.encoder[0])
    noisy = pictures(network)
    assert torch.equal(network.encode(noisy), noisy[..., 1::2, 1::2])  # by tf.nn.conv2d, "SAME"


def test_transposed_convolutions_have_the_phase_of_tensorflow():
    network = ConvAE(ConvAEConfig(widths=(1,)))
    set_single_tap(network.decoder[0])
    set_single_tap(network.tail)
    code = pictures(network, side=14)
    decoded = network.decode(code).logit()
    torch.testing.assert_close(decoded[..., 1::2, 1::2], code, atol=1e-5, rtol=0)
    assert decoded[..., ::2, :].abs().max() < 1e-6


def test_a_unet_scales_with_picture_and_sigma(unet):
    noisy, sigma = pictures(unet), torch.full((3, 1, 1, 1), 0.1)
    known = torch.tensor([1.0, 0.0, 0.5]).view(3, 1, 1, 1)
    scaled = unet(4 * noisy, sigma, 4 * known)  # known scales sigma's plane as well as its own
    torch.testing.assert_close(scaled, 4 * unet(noisy, sigma, known), atol=1e-5, rtol=1e-5)


def test_a_unet_that_guesses_scales_with_the_picture(unet):
    noisy = pictures(unet)
    torch.testing.assert_close(unet(4 * noisy), 4 * unet(noisy), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(("height", "width"), [(4, 4), (4, 12), (8, 20)])
def test_a_unet_takes_any_multiple(unet, height, width):
    assert unet(torch.rand(1, 3, height, width)).shape == (1, 3, height, width)


def test_a_unet_is_told_sigma_or_guesses(unet):
    noisy, sigma = pictures(unet), torch.full((3, 1, 1, 1), 0.1)
    told, guessed = unet(noisy, sigma), unet(noisy)
    assert not torch.allclose(told, guessed)
    assert torch.equal(unet(noisy, sigma, torch.zeros_like(sigma)), guessed)


@pytest.mark.parametrize("slope", [0.0, 0.1])
def test_a_block_whose_units_are_all_below_zero_learns_on_if_it_is_leaky(slope):
    torch.manual_seed(0)
    block = UNet(UNetConfig(widths=(4, 8), blocks=(1, 1), slope=slope)).bottom[0]
    with torch.no_grad():
        block.first.weight.copy_(-block.first.weight.abs())
    block(torch.rand(2, 8, 6, 6)).square().mean().backward()
    is_dead = not block.first.weight.grad.any() and not block.second.weight.grad.any()
    assert is_dead == (slope == 0)


def test_a_centred_block_does_not_see_what_all_its_inputs_have_in_common():
    torch.manual_seed(0)
    block = UNet(UNetConfig(widths=(4, 8), blocks=(1, 1), is_centred=True, slope=0.2)).bottom[0]
    x = torch.rand(1, 8, 9, 9)
    changes = [block(y) - y for y in (x, x + 5)]
    inside = (..., slice(2, -2), slice(2, -2))  # beyond the border there are zeros
    torch.testing.assert_close(changes[0][inside], changes[1][inside], atol=1e-4, rtol=0)


def test_a_leaky_unet_scales_with_picture_and_sigma():
    torch.manual_seed(0)
    leaky = UNet(UNetConfig(widths=(4, 8), blocks=(1, 2), slope=0.1))
    noisy, sigma = pictures(leaky), torch.full((3, 1, 1, 1), 0.1)
    known = torch.ones_like(sigma)
    scaled = leaky(4 * noisy, sigma, 4 * known)
    torch.testing.assert_close(scaled, 4 * leaky(noisy, sigma, known), atol=1e-5, rtol=1e-5)


def test_an_anchored_unet_sees_where_white_is():
    torch.manual_seed(0)
    anchored = UNet(UNetConfig(widths=(4, 8), blocks=(1, 2), is_anchored=True))
    noisy = pictures(anchored)
    assert anchored(noisy).shape == noisy.shape
    assert not torch.allclose(anchored(0.5 * noisy), 0.5 * anchored(noisy), atol=1e-5)


def test_features_of_a_unet_halve_in_size_level_by_level(unet):
    shapes = [found.shape for found in unet.features(pictures(unet))]
    assert shapes == [(3, 4, 14, 14)]
    three = UNet(UNetConfig(widths=(4, 8, 12), blocks=(1, 1, 1)))
    all_levels = three.features(torch.rand(1, 3, 16, 16))
    assert [found.shape for found in all_levels] == [(1, 4, 8, 8), (1, 8, 4, 4)]
    assert len(three.features(torch.rand(1, 3, 16, 16), levels=1)) == 1


def test_a_unet_takes_sigma_as_a_map(unet):
    noisy, sigma = pictures(unet), torch.tensor([0.0, 0.1, 0.2]).view(3, 1, 1, 1)
    mapped = unet(noisy, sigma.expand(3, 1, 28, 28))
    torch.testing.assert_close(mapped, unet(noisy, sigma))


def test_the_ends_of_a_unet_at_work_stay_in_float32_under_autocast(unet):
    unet.eval()
    dtypes = {}
    for name, module in unet.named_modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            module.register_forward_hook(lambda _, __, y, name=name: dtypes.update({name: y.dtype}))
    with torch.autocast("cpu", torch.bfloat16):
        denoised = unet(pictures(unet))
    ends = ("head", "up.0", "merge.0.", "tail")
    assert all((dtype == torch.float32) == name.startswith(ends) for name, dtype in dtypes.items())
    assert denoised.dtype == torch.float32
