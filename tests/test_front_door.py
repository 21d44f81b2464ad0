import importlib

import pytest

import denoise


@pytest.mark.parametrize("name", denoise.__all__)
def test_every_public_name_is_there_and_comes_from_its_home(name):
    home = importlib.import_module(f"denoise.{denoise._HOMES[name]}")
    assert getattr(denoise, name) is getattr(home, name)
    assert name in dir(denoise)


def test_a_name_that_is_not_public_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'denoise_all'"):
        denoise.denoise_all  # noqa: B018
