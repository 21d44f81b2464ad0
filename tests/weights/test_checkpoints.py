import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from denoise import Denoiser
from denoise.cli.main import main
from denoise.errors import UnknownModelError, WeightsError
from denoise.ui.server.service import Service
from denoise.weights.checkpoints import is_checkpoint, load_checkpoint, read_checkpoint

pytest.importorskip("spandrel")
from spandrel.architectures.Compact import Compact
from spandrel.architectures.DnCNN import DnCNN
from spandrel.architectures.DRUNet import DRUNet
from spandrel.architectures.NAFNet import NAFNet

TINY = {  # name -> network, whether it is told sigma, whether it is for gray pictures
    "DnCNN": (lambda: DnCNN(in_nc=1, out_nc=1, nc=4, nb=8, act_mode="R"), False, True),
    "FDnCNN": (
        lambda: DnCNN(in_nc=4, out_nc=3, nc=4, nb=8, act_mode="R", mode="FDnCNN"),
        True,
        False,
    ),
    "DRUNet": (lambda: DRUNet(in_nc=4, out_nc=3, nc=[4, 4, 4, 4], nb=2), True, False),
    "NAFNet": (lambda: NAFNet(width=4, enc_blk_nums=[1], dec_blk_nums=[1]), False, False),
}


@pytest.fixture(params=TINY)
def checkpoint(request, tmp_path):
    make, is_told, is_gray = TINY[request.param]
    torch.manual_seed(0)
    network = make().eval()
    file = tmp_path / f"{request.param}.safetensors"
    safetensors.torch.save_file(network.state_dict(), file)
    return file, network, is_told, is_gray


def load(file):
    return load_checkpoint(read_checkpoint(file), file.name)


def save_pth(file, content):
    torch.save(content, file)
    return file


def test_the_needs_are_those_of_the_network(checkpoint):
    file, _, is_told, is_gray = checkpoint
    needs = load(file).facts.needs
    assert (needs.takes_sigma, needs.blind) == (is_told, not is_told)
    assert needs.takes_gray == is_gray


def test_the_result_is_that_of_the_network_itself(checkpoint):
    file, network, is_told, is_gray = checkpoint
    loaded = load(file).network
    noisy = torch.rand(2, 1 if is_gray else 3, 16, 24, generator=torch.Generator().manual_seed(0))
    sigma = torch.tensor([0.1, 0.2]).view(2, 1, 1, 1)
    with torch.inference_mode():
        told = torch.cat((noisy, sigma.expand(2, 1, 16, 24)), dim=1) if is_told else noisy
        expected = network(told)
        found = loaded(noisy, sigma) if is_told else loaded(noisy)
    torch.testing.assert_close(found.clamp(0, 1), expected.clamp(0, 1))


def test_a_network_for_gray_takes_a_colour_picture_channel_by_channel(tmp_path):
    file = tmp_path / "gray.safetensors"
    safetensors.torch.save_file(TINY["DnCNN"][0]().state_dict(), file)
    network = load(file).network
    colour = torch.rand(1, 3, 16, 16)
    singles = torch.cat([network(colour[:, [i]]) for i in range(3)], dim=1)
    torch.testing.assert_close(network(colour), singles)


def test_a_pickled_file_of_tensors_is_read(tmp_path):
    network = TINY["NAFNet"][0]()
    loaded = load(save_pth(tmp_path / "net.pth", network.state_dict())).network
    picture = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(loaded(picture), network.eval()(picture).clamp(0, 1))


class Bomb:
    went_off = False

    def __reduce__(self):
        return setattr, (Bomb, "went_off", True)


def test_code_in_a_pickled_file_is_refused_and_never_run(tmp_path):
    file = save_pth(tmp_path / "bomb.pth", {"weight": Bomb()})
    with pytest.raises(WeightsError, match="may run code"):
        load(file)
    assert not Bomb.went_off


def test_a_network_that_enlarges_is_refused(tmp_path):
    enlarging = Compact(num_feat=4, num_conv=2, upscale=2)
    file = save_pth(tmp_path / "large.pth", enlarging.state_dict())
    with pytest.raises(WeightsError, match="in its own size"):
        load(file)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.safetensors", b"none", "no safetensors file"),
        ("a.pth", b"none", "damaged"),
        ("a.safetensors", safetensors.torch.save({"a": torch.zeros(3)}), "spandrel knows"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=sentence):
        load(tmp_path / name)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(UnknownModelError, match="no checkpoint"):
        load(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    ("model", "is_file"),
    [("conv-photo", False), ("a/b.safetensors", True), ("B.PTH", True), ("org/repo/name", False)],
)
def test_a_checkpoint_is_known_by_its_ending(model, is_file):
    assert is_checkpoint(model) == is_file


def test_a_denoiser_works_with_a_checkpoint_as_with_a_network_of_the_zoo(checkpoint):
    file, _, is_told, _ = checkpoint
    denoiser = Denoiser(str(file), device="cpu")
    noisy = np.random.default_rng(0).random((21, 30, 3), dtype=np.float32)
    result = denoiser.run(noisy)
    assert result.image.shape == noisy.shape
    assert result.report.model == file.stem
    assert result.report.sigma_source == ("estimated" if is_told else "ignored")


def test_telling_a_checkpoint_more_noise_changes_what_it_does(tmp_path):
    file = tmp_path / "told.safetensors"
    safetensors.torch.save_file(TINY["DRUNet"][0]().state_dict(), file)
    denoiser, noisy = Denoiser(str(file)), np.full((16, 16, 3), 0.5, np.float32)
    assert not np.array_equal(denoiser(noisy, 0.01), denoiser(noisy, 0.2))


def test_a_checkpoint_is_run_by_the_command_line(tmp_path):
    file, picture = tmp_path / "net.safetensors", tmp_path / "noisy.png"
    safetensors.torch.save_file(TINY["NAFNet"][0]().state_dict(), file)
    Image.new("RGB", (20, 12), "gray").save(picture)
    code = main(["run", str(picture), "-o", str(tmp_path / "out.png"), "--model", str(file)])
    assert code == 0
    with Image.open(tmp_path / "out.png") as denoised:
        assert denoised.size == (20, 12)


def test_a_visitor_cannot_have_the_server_open_a_checkpoint(tmp_path):
    file, picture = tmp_path / "net.safetensors", tmp_path / "noisy.png"
    safetensors.torch.save_file(TINY["NAFNet"][0]().state_dict(), file)
    Image.new("RGB", (20, 12), "gray").save(picture)
    service = Service(device="cpu", folder=tmp_path / "served")
    with pytest.raises(UnknownModelError, match="choose one of"):
        list(service.denoise(picture, str(file)))


def test_a_checkpoints_figures_are_refused_before_they_are_measured(tmp_path, capsys):
    file = tmp_path / "net.safetensors"
    safetensors.torch.save_file(TINY["NAFNet"][0]().state_dict(), file)
    Image.new("RGB", (20, 12), "gray").save(tmp_path / "clean.png")
    asked = ["benchmark", "--set", str(tmp_path), "--model", str(file), "--record"]
    assert main(asked) == 2
    told = capsys.readouterr()
    assert "net is from a file" in told.err
    assert told.out == ""
