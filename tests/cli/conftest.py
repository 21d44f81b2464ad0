import pytest
from PIL import Image
from skimage import data


@pytest.fixture
def photo(tmp_path):
    file = tmp_path / "photo.png"
    Image.fromarray(data.astronaut()[:64, 200:280]).save(file)
    return file
