"""The charts of the lab, drawn by the browser."""

from collections.abc import Sequence
from typing import Any

import altair

from denoise.evaluation.residual import Residual

# Read on white; style.css makes them lighter on dark.
AMBER, TEAL, GRAY, FAINT = "#c2660a", "#0f766e", "#6f6862", "#8a827b40"
PALETTE = [GRAY, AMBER, TEAL, "#6d3fd1", "#be123c", "#0369a1", "#4d7c0f", "#c026a8", "#7a4a21"]
TICKS = 8  # at most about so many along the bottom, so that they have room on a phone
ROOM = {"top": 34, "left": 8, "right": 14, "bottom": 8}  # pixels; the label stands at the top
FIGURES = {"PSNR": "psnr", "SSIM": "ssim", "HaarPSI": "haarpsi"}  # title: key of a row
UNITS = {"PSNR": "PSNR, dB", "SSIM": "SSIM", "HaarPSI": "HaarPSI"}
DIGITS = {"PSNR": ".2f", "SSIM": ".4f", "HaarPSI": ".4f"}


def sweep_chart(
    rows: Sequence[dict[str, Any]], figure: str, kind: str, trained: tuple[float, float] | None
) -> altair.LayerChart:
    """Draw a figure against the noise level, one line per method, with a crosshair.

    Args:
        rows: with "level", "method" and the figures.
        figure: one of FIGURES.
        kind: of the noise.
        trained: lowest and highest level that the networks were trained for, shaded; None where
            the level of the kind is no standard deviation.
    """
    values = [
        {"level": row["level"], "method": row["method"], "figure": row[FIGURES[figure]]}
        for row in rows
        if row[FIGURES[figure]] is not None
    ]
    methods = list(dict.fromkeys(row["method"] for row in values))
    for row in values:
        row["column"] = _column(methods.index(row["method"]))
    data = altair.InlineData(values=values)
    level = altair.X(
        "level:Q",
        title=f"level of {kind} noise",
        axis=altair.Axis(tickCount=TICKS),
        scale=altair.Scale(zero=True),
    )
    height = altair.Y("figure:Q", title=UNITS[figure], scale=_scale_of(values))
    lines = (
        altair.Chart(data)
        .mark_line(point=altair.OverlayMarkDef(size=40), strokeWidth=2)
        .encode(level, height, _colour_of(methods))
    )
    crosshair = _crosshair(data, level, methods, DIGITS[figure])
    layers = [*_shaded(trained), lines, crosshair] if values else [lines]
    return _finished(altair.layer(*layers), height=340)


def _scale_of(values: Sequence[dict[str, Any]]) -> altair.Scale:
    """Return the scale of the figures; it begins at 0 where a single figure has no range."""
    return altair.Scale(zero=len({row["figure"] for row in values}) == 1)


def _colour_of(methods: list[str]) -> altair.Color:
    return altair.Color(
        "method:N",
        title=None,
        sort=methods,
        scale=altair.Scale(domain=methods, range=PALETTE),
        legend=altair.Legend(orient="bottom", columns=2, symbolType="stroke", labelLimit=0),
    )


def _crosshair(
    data: altair.InlineData, level: altair.X, methods: list[str], digits: str
) -> altair.Chart:
    """Draw a line at the level next to the pointer, with the figures of all methods."""
    nearest = altair.selection_point(
        fields=["level"], nearest=True, on="pointerover", empty=False, clear="pointerout"
    )
    told = [
        altair.Tooltip(f"{_column(index)}:Q", title=method, format=digits)
        for index, method in enumerate(methods)
    ]
    crosshair: altair.Chart = (
        altair.Chart(data)
        .transform_pivot("column", value="figure", groupby=["level"])
        .mark_rule(color=GRAY)
        .encode(
            level,
            opacity=altair.condition(nearest, altair.value(0.7), altair.value(0)),
            tooltip=[altair.Tooltip("level:Q", title="level", format=".3~f"), *told],
        )
        .add_params(nearest)
    )
    return crosshair


def _column(index: int) -> str:
    """Return a name for a method's figures that no language changes."""
    return f"method_{index}"


def _shaded(trained: tuple[float, float] | None) -> list[Any]:
    if trained is None:
        return []
    low, high = trained
    band = altair.Chart(altair.InlineData(values=[{"low": low, "high": high}]))
    return [band.mark_rect(color=AMBER, opacity=0.1).encode(x="low:Q", x2="high:Q")]


def lesson_chart(points: Sequence[tuple[float, float]], title: str) -> altair.LayerChart:
    """Draw a figure of a training against its epochs, from pairs of epoch and figure."""
    values = [{"epoch": epoch, "figure": figure} for epoch, figure in points]
    line = (
        altair.Chart(altair.InlineData(values=values))
        .mark_line(color=AMBER, strokeWidth=2, point=altair.OverlayMarkDef(size=24, color=AMBER))
        .encode(
            altair.X(
                "epoch:Q",
                title="epoch",
                axis=altair.Axis(tickCount=TICKS),
                scale=altair.Scale(zero=True),
            ),
            altair.Y("figure:Q", title=title, scale=_scale_of(values)),
            tooltip=[
                altair.Tooltip("epoch:Q", title="epoch", format=".2f"),
                altair.Tooltip("figure:Q", title=title, format=".4~f"),
            ],
        )
    )
    return _finished(altair.layer(line), height=220)


def histogram_chart(residual: Residual) -> altair.LayerChart:
    """Draw the histogram of what was removed, with a normal distribution as wide."""
    values = [
        {"value": 255 * value, "density": density / 255, "normal": normal / 255}
        for value, density, normal in residual.histogram.tolist()
    ]
    base = altair.Chart(altair.InlineData(values=values))
    value = altair.X("value:Q", title="removed, steps of 1/255", axis=altair.Axis(tickCount=TICKS))
    bars = base.mark_area(color=AMBER, opacity=0.5, interpolate="step").encode(
        value, altair.Y("density:Q", title="share of values a step")
    )
    line = base.mark_line(color=TEAL).encode(value, altair.Y("normal:Q"))
    return _finished(altair.layer(bars, line), height=220)


def spectrum_chart(residual: Residual) -> altair.LayerChart:
    """Draw the power of what was removed by frequency; 1 is its mean."""
    values = [
        {"frequency": frequency, "power": max(power, 1e-4)}
        for frequency, power in residual.spectrum.tolist()
    ]
    line = (
        altair.Chart(altair.InlineData(values=values))
        .mark_line(color=AMBER, strokeWidth=2)
        .encode(
            altair.X("frequency:Q", title="cycles a pixel", axis=altair.Axis(tickCount=TICKS)),
            altair.Y(
                "power:Q",
                title="power, mean = 1",
                scale=altair.Scale(type="log", domainMin=0.01, clamp=True, nice=False),
            ),
            tooltip=[
                altair.Tooltip("frequency:Q", title="cycles a pixel", format=".3f"),
                altair.Tooltip("power:Q", title="power, mean = 1", format=".3g"),
            ],
        )
    )
    white = altair.Chart(altair.InlineData(values=[{"power": 1}])).mark_rule(
        color=TEAL, strokeDash=[4, 4]
    )
    return _finished(altair.layer(line, white.encode(y="power:Q")), height=220)


def _finished(chart: altair.LayerChart, *, height: int) -> altair.LayerChart:
    """Return the chart as wide as its place, in colours that are read on light and dark."""
    finished: altair.LayerChart = (
        chart.properties(width="container", height=height, padding=ROOM, background="transparent")
        .configure_axis(
            labelColor=GRAY,
            titleColor=GRAY,
            titleFontWeight="normal",
            gridColor=FAINT,
            domainColor=FAINT,
            tickColor=FAINT,
        )
        .configure_legend(labelColor=GRAY)
        .configure_view(stroke=None)
    )
    return finished
