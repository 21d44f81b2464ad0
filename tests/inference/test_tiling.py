import numpy as np
import pytest
from skimage import data

from denoise import Denoiser, Picture, add_noise
from denoise.inference import tiling
from denoise.inference.settings import Settings
from denoise.inference.tiling import GRID, NEAR, OVERLAP, TILE, around, spans
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


class Watch:
    """Asks for regions in turn, and keeps what is shown."""

    def __init__(self, *regions):
        self.regions, self.shown, self.plans = list(regions), [], []

    def begin(self, plan):
        self.plans.append(plan)

    def next_region(self):
        return self.regions.pop(0) if self.regions else None

    def show(self, rows, columns, pixels):
        self.shown.append((rows, columns, pixels.copy()))


@pytest.mark.parametrize(("kind", "sigma"), [("gaussian", 0.1), ("camera", None)])
def test_a_region_and_all_tiles_are_shown_as_the_whole_has_them(monkeypatch, kind, sigma):
    monkeypatch.setattr(tiling, "TILE", 512)  # pixels, so that four tiles are enough
    noisy = add_noise(np.tile(data.coffee(), (2, 1, 1))[:520], kind, 0.1)
    watch = Watch((slice(128, 384), slice(128, 384)), (slice(360, 520), slice(400, 600)))
    denoised = Denoiser().run(Picture(noisy), Settings(sigma=sigma), preview=watch).image.pixels
    assert len(watch.plans) == 1
    assert [part[:2] for part in watch.shown[:2]] == [
        (slice(128, 384), slice(128, 384)),
        (slice(360, 520), slice(400, 600)),
    ]
    covered = np.zeros(noisy.shape[:2], int)
    for number, (rows, columns, pixels) in enumerate(watch.shown):
        off = abs(pixels.astype(int) - denoised[rows, columns])
        assert off.max() <= (8 if number < 2 else 1)  # a region sees less around it
        assert off.mean() < 0.1
        covered[rows, columns] += number >= 2
    assert (covered == 1).all()
    assert watch.shown[2][0].stop == 520  # the tile that is nearest to the last region
    assert watch.shown[2][1].stop == 600


@pytest.mark.parametrize("start", [0, 100, 128, 640, 1500])
def test_a_region_is_read_from_where_the_tiles_grid_lies(start):
    rows, columns = around(slice(start, start + 384), slice(0, 384), (1, 2000, 3000, 3))
    assert rows.read.start % GRID == 0
    assert rows.read.start <= max(0, start - NEAR)
    assert rows.read.stop == min(2000, start + 384 + NEAR)
    assert rows.kept_of_read.start + rows.read.start == start
    assert columns.read.start == 0
