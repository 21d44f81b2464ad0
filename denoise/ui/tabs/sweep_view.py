"""How good each method is, from little noise to much."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import gradio as gr
from gradio.events import Dependency

from denoise.evaluation.baselines import BASELINES
from denoise.evaluation.methods import CleanImage
from denoise.evaluation.results import write_table
from denoise.noise.kinds import KINDS
from denoise.noise.synthesis import NoiseSpec
from denoise.ui.server.service import Service
from denoise.ui.widgets.charts import FIGURES, sweep_chart
from denoise.ui.widgets.methods import build_run, listen_run, noise_words
from denoise.ui.widgets.noise_controls import NoiseControls
from denoise.ui.widgets.parts import PictureInput, Slider
from denoise.ui.widgets.quoting import quoted

WORDS = (
    "One line a method, over the level of the kind of noise above. Shaded is what the chosen "
    "networks were trained for, where the level is a standard deviation."
)
SIGMA_KINDS = ("gaussian", "uniform", "camera")  # whose level is a standard deviation


class _Views(NamedTuple):
    plot: gr.Plot
    table: gr.DownloadButton
    rows: gr.State  # with the methods' titles
    about: gr.State  # the kind of noise, and the trained range


def build_sweep_view(
    service: Service, clean: PictureInput, noise: NoiseControls, changed: Dependency
) -> None:
    """Adds the view."""
    gr.Markdown(WORDS, elem_classes="quiet")
    run = build_run(service, "sweep", _build_settings)
    figure = _build_figure()
    views = _Views(
        gr.Plot(label="Quality against noise", elem_id="sweep-plot"),
        gr.DownloadButton("Download as CSV", interactive=False, elem_id="sweep-download"),
        gr.State([]),
        gr.State(("gaussian", None)),
    )

    def work(subject: CleanImage, spec: NoiseSpec, is_told: bool, *chosen: Any) -> Iterator[Any]:
        yield from _work(service, subject, spec, *chosen, is_told=is_told)

    listen_run(service, run, clean, noise, changed, [figure], list(views), work)
    figure.change(
        lambda rows, about, figure: sweep_chart(rows, figure, *about) if rows else gr.skip(),
        [views.rows, views.about, figure],
        views.plot,
        queue=False,
        trigger_mode="always_last",
        api_visibility="private",
    )


def _work(
    service: Service,
    subject: CleanImage,
    spec: NoiseSpec,
    highest: float,
    count: float,
    figure: str,
    *,
    is_told: bool,
) -> Iterator[Any]:
    """Gives the status and the values of `_Views`, figure by figure."""
    levels = _levels(spec.kind, highest, int(count))
    about = (spec.kind, _trained(service, spec.kind, subject.methods))
    rows: list[dict[str, Any]] = []
    drawn_rows: list[dict[str, Any]] = []  # the same, by the methods' titles
    total = len(levels) * (len(subject.methods) + 1)
    for level, entry in service.sweep(subject, spec, levels, is_told=is_told):
        rows.append({"level": level, **entry.to_dict()})
        drawn_rows.append(rows[-1] | {"method": entry.title})
        words = f"{len(rows)} of {total} figures are done."
        yield words, sweep_chart(drawn_rows, figure, *about), gr.skip(), drawn_rows, about
    written = service.storage.new_file("sweep.csv")
    written.write_text(write_table(rows), encoding="utf-8")
    noise = noise_words(spec, f"{spec.kind} at {len(levels)} levels up to {levels[-1]:g}")
    done = quoted(" ".join(["Done.", noise, *subject.warnings]))
    download = gr.update(value=str(written), interactive=True)
    yield done, sweep_chart(drawn_rows, figure, *about), download, drawn_rows, about


def _build_settings() -> list[Any]:
    with gr.Row(equal_height=True):
        return [
            Slider(
                0.02,
                1,
                0.3,
                step=0.01,
                label="Highest level",
                info="Of the kind of noise above.",
                min_width=240,
                elem_id="sweep-highest",
            ),
            Slider(
                2,
                16,
                6,
                step=1,
                label="Number of levels",
                info="In equal steps.",
                min_width=240,
                elem_id="sweep-count",
            ),
        ]


def _build_figure() -> gr.Radio:
    return gr.Radio(list(FIGURES), value="PSNR", label="Figure", elem_id="sweep-figure")


def _levels(kind: str, highest: float, count: int) -> list[float]:
    """Gives levels in equal steps up to the highest one, or the highest that the kind has."""
    known = KINDS.get(kind)
    top = min(highest, known.max_level) if known else highest
    return [round(top * (step + 1) / count, 4) for step in range(count)]


def _trained(service: Service, kind: str, methods: list[str]) -> tuple[float, float] | None:
    """Gives the levels that all the chosen networks were trained for."""
    networks = [service.zoo.read_facts(name) for name in methods if name not in BASELINES]
    ranges = [facts.needs.trained_sigma for facts in networks]
    if kind not in SIGMA_KINDS or not ranges:
        return None
    return max(low for low, _ in ranges), min(high for _, high in ranges)
