"""Every network gives the results that it gave before, and noise is the same to the bit.

`python tests/golden/make.py` stores new results where they are meant to change.
"""

import numpy as np
import pytest
from golden.make import (
    AUTO_CASES,
    FOLDER,
    cases_of,
    denoise_case,
    estimate_case,
    hash_noise,
    list_noise,
    read_facts,
    read_results,
    report_case,
)

from denoise import list_models

# In [0,1]. Between one thread and two, and with AVX2 and without, results in float32 differ by 7e-7
# at most; storing them in 16 bits adds 8e-6. Together the two bounds keep the root mean square
# below 4.5e-5, which is 0.012 dB at 30 dB.
MAX_DIFFERENCE, MEAN_DIFFERENCE = 1e-4, 2e-5
LEVEL_DIFFERENCE = 1e-4  # as a share of the level, which differs by 5e-7 in the same ways
MODELS = [facts.name for facts in list_models()]
CASES = [(name, case) for name in MODELS for case in cases_of(name)]
FACTS = read_facts()
HOW = "`PYTHONPATH=. python tests/golden/make.py{}` stores it."


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_network_gives_its_golden_result(name, case):
    golden = read_results(name)
    assert case in golden, f"There is no golden result of {name}, {case}. {HOW.format(f' {name}')}"
    difference = np.abs(denoise_case(name, cases_of(name)[case]) - golden[case])
    assert difference.max() < MAX_DIFFERENCE
    assert difference.mean() < MEAN_DIFFERENCE


def test_no_golden_result_is_left_that_nothing_is_compared_with():
    names = [file.stem for file in FOLDER.glob("*.npz")]
    assert {(name, case) for name in names for case in read_results(name)} <= set(CASES)


@pytest.mark.parametrize("is_gray", [False, True])
@pytest.mark.parametrize("kind", list_noise())
def test_noise_is_the_same_to_the_bit(kind, is_gray):
    golden = FACTS["gray noise" if is_gray else "noise"]
    assert kind in golden, f"There is no golden hash of {kind} noise. {HOW.format(' --facts')}"
    assert hash_noise(kind, gray=is_gray) == golden[kind]


@pytest.mark.parametrize("name", AUTO_CASES)
def test_the_estimated_noise_level_is_the_same(name):
    golden = FACTS["estimated sigma"][name]
    assert estimate_case(AUTO_CASES[name]) == pytest.approx(golden, rel=LEVEL_DIFFERENCE)


@pytest.mark.parametrize("name", AUTO_CASES)
def test_auto_decides_the_same(name):
    assert report_case(AUTO_CASES[name]) == FACTS["reports"][name]
