import pytest

from denoise.inference.tiling import OVERLAP, TILE, spans
from denoise.weights.facts import list_models

LENGTHS = [1, 95, 96, 97, 128, 160, 161, 500]


@pytest.mark.parametrize("length", LENGTHS)
def test_tiles_keep_every_pixel_once(length):
    kept = [pixel for span in spans(length, 96, 16) for pixel in range(*span.kept.indices(length))]
    assert kept == list(range(length))


@pytest.mark.parametrize("length", LENGTHS)
def test_tiles_read_their_overlap_but_at_the_edge(length):
    for span in spans(length, 96, 16):
        assert span.read.start in (0, span.kept.start - 16)
        assert span.read.stop in (length, span.kept.stop + 16)


@pytest.mark.parametrize("length", LENGTHS)
def test_no_tile_is_larger_than_allowed(length):
    assert all(span.read.stop - span.read.start <= 96 for span in spans(length, 96, 16))


@pytest.mark.parametrize("facts", list_models(), ids=lambda facts: facts.name)
def test_tiles_start_where_the_networks_strides_do(facts):
    if facts.needs.fixed_size is None:
        assert (TILE - 2 * OVERLAP) % facts.needs.multiple_of == 0
