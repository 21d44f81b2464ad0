import numpy as np
import pytest

from denoise.training.rough_camera import camera_noise


@pytest.mark.parametrize("blur", [0.0, 0.5, 1.2])
def test_the_level_of_camera_noise_is_its_deviation_at_middle_gray(blur):
    noise = (
        camera_noise(np.full((256, 256, 3), 0.5), 0.1, np.random.default_rng(0), blur=blur) - 0.5
    )
    assert noise.std() == pytest.approx(0.1, rel=0.03)
