import importlib

import pytest

import denoise


@pytest.mark.parametrize("name", denoise.__all__)
def test_every_public_name_is_there_and_comes_from_its_home(name):
    home = importlib.import_module(f"denoise.{denoise._HOMES[name]}")
    assert getattr(denoise, name) is getattr(home, name)
    assert name in dir(denoise)


@pytest.mark.parametrize(
    ("package", "names"),
    [
        ("images", "Picture load_picture save_picture encode_picture flatten MAX_PIXELS"),
        ("noise", "KINDS NoiseKind NoiseSpec add_noise find_kind find_stages check_level"),
        ("weights", "ModelFacts list_models read_facts load_network write_weights"),
        ("hub", "Repository"),
        ("zoo", "Zoo"),
        ("settings", "Settings"),
    ],
)
def test_a_package_hands_on_what_scripts_import_from_it(package, names):
    module = importlib.import_module(f"denoise.{package}")
    assert set(names.split()) <= vars(module).keys()


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'denoise_all'"):
        denoise.denoise_all  # noqa: B018
