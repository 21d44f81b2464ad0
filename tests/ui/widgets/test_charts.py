"""What the charts say, and that the Chinese page says it in Chinese."""

import re

import pytest
from skimage import data

from denoise import add_noise
from denoise.evaluation.residual import analyse_residual
from denoise.ui.language import read_phrases, translate_chart
from denoise.ui.widgets.charts import histogram_chart, lesson_chart, spectrum_chart, sweep_chart

METHODS = ("Noisy", "conv-photo", "Non-local means", "conv-fashion, shipped")
ROWS = [
    {"level": level, "method": method, "psnr": 30 - 10 * level, "ssim": None}
    for level in (0.1, 0.2)
    for method in METHODS
]


def parts_of(chart):
    """Gives every dictionary in a chart."""
    waiting = [chart.to_dict()]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def charts():
    clean = data.astronaut()[:64, :64]
    removed = analyse_residual(add_noise(clean), clean)
    return {
        "sweep": sweep_chart(ROWS, "PSNR", "gaussian", (0, 0.3)),
        "lesson": lesson_chart([(1, 0.5), (2, 0.4)], "loss"),
        "histogram": histogram_chart(removed),
        "spectrum": spectrum_chart(removed),
    }


def test_the_crosshair_tells_every_method_with_its_figure():
    told = [part for chart in [charts()["sweep"]] for part in parts_of(chart) if "tooltip" in part]
    titles = [one["title"] for part in told for one in part["tooltip"] if isinstance(one, dict)]
    assert titles == ["level", *METHODS]


@pytest.mark.parametrize("name", charts())
def test_what_an_axis_or_a_tooltip_is_called_is_chinese_on_the_chinese_page(name):
    parts = list(parts_of(translate_chart(charts()[name], read_phrases("zh"))))
    titles = {part["title"] for part in parts if isinstance(part.get("title"), str)}
    english = {title for title in titles if not re.search("[\u4e00-\u9fff]", title)}
    assert len(titles) >= 2
    assert all(title.startswith("PSNR") or title == "conv-photo" for title in english)


@pytest.mark.parametrize("name", charts())
def test_both_axes_are_named(name):
    parts = list(parts_of(charts()[name]))
    for axis in ("x", "y"):
        assert [one for part in parts if (one := part.get(axis)) and "title" in one]


def test_the_legend_in_chinese_has_the_names_of_the_lines():
    parts = list(parts_of(translate_chart(charts()["sweep"], read_phrases("zh"))))
    (domain,) = [part["domain"] for part in parts if isinstance(part.get("domain"), list)]
    assert domain[:3] == ["带噪", "conv-photo", "非局部均值"]
    assert "自带" in domain[3]
    assert {part["method"] for part in parts if isinstance(part.get("method"), str)} == set(domain)


def test_a_figure_that_there_is_not_is_left_out():
    chart = sweep_chart(ROWS, "SSIM", "jpeg", None)
    assert not [part for part in parts_of(chart) if "tooltip" in part]


@pytest.mark.parametrize(("count", "from_zero"), [(1, True), (2, False)])
def test_a_single_figure_has_a_scale_from_0_and_several_have_their_own(count, from_zero):
    rows = [row for row in ROWS if row["method"] == "Noisy"]
    charts = [
        sweep_chart(rows[:count], "PSNR", "jpeg", None),
        lesson_chart([(1, 0.5), (2, 0.4)][:count], "loss"),
    ]
    for chart in charts:
        heights = [part["y"] for part in parts_of(chart) if "y" in part]
        assert [height["scale"] for height in heights] == [{"zero": from_zero}]
