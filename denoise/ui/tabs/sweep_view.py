"""How good each method is, from little noise to much."""

from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from denoise.evaluation.baselines import BASELINES
from denoise.evaluation.results import write_table
from denoise.noise.kinds import KINDS
from denoise.ui.server.service import Service
from denoise.ui.widgets.charts import FIGURES, sweep_chart
from denoise.ui.widgets.events import LATEST, Updates
from denoise.ui.widgets.methods import Job, Spoilt, build_run, done_words, listen_run
from denoise.ui.widgets.parts import Slider

WORDS = (
    "One line per method, against the level of the kind of noise above. Where the level is a "
    "standard deviation, the range that the chosen networks were trained for is shaded."
)
SIGMA_KINDS = ("gaussian", "uniform", "camera")  # whose level is a standard deviation


class _Views(NamedTuple):
    status: gr.Markdown
    plot: gr.Plot
    table: gr.DownloadButton
    rows: gr.State  # with the methods' titles
    about: gr.State  # the kind of noise, and the trained range


def build_sweep_view(service: Service, spoilt: Spoilt) -> None:
    """Add the view."""
    gr.Markdown(WORDS, elem_classes="quiet")
    run = build_run(service, "sweep", _build_settings)
    figure = gr.Radio(list(FIGURES), value="PSNR", label="Figure", elem_id="sweep-figure")
    views = _Views(
        run.status,
        gr.Plot(label="Quality against noise", elem_id="sweep-plot"),
        gr.DownloadButton("Download as CSV", interactive=False, elem_id="sweep-download"),
        gr.State([]),
        gr.State(("gaussian", None)),
    )
    work = partial(_work, service, views, run.settings, figure)
    listen_run(service, run, spoilt=spoilt, work=work, shown=[figure], outputs=views[1:])
    figure.change(
        lambda rows, about, figure: sweep_chart(rows, figure, *about) if rows else gr.skip(),
        [views.rows, views.about, figure],
        views.plot,
        **LATEST,
    )


def _work(
    service: Service, views: _Views, settings: list[Any], figure: gr.Radio, job: Job
) -> Iterator[Updates]:
    spec, image, values = job.spec, job.image, job.values
    highest, count = (values[one] for one in settings)
    levels = _levels(spec.kind, highest, int(count))
    about = (spec.kind, _trained(service, spec.kind, image.methods))
    rows: list[dict[str, Any]] = []
    drawn: list[dict[str, Any]] = []  # the same, by the methods' titles
    total = len(levels) * (len(image.methods) + 1)
    for level, result in service.sweep(image, spec, levels, is_told=job.is_told):
        rows.append({"level": level, **result.to_dict()})
        drawn.append(rows[-1] | {"method": result.title})
        yield {
            views.status: f"{len(rows)} of {total} figures are done.",
            views.plot: sweep_chart(drawn, values[figure], *about),
            views.rows: drawn,
            views.about: about,
        }
    written = service.storage.new_file("sweep.csv")
    written.write_text(write_table(rows), encoding="utf-8")
    noise = f"{spec.kind} at {len(levels)} levels up to {levels[-1]:g}"
    yield {
        views.status: done_words(job, noise),
        views.table: gr.update(value=str(written), interactive=True),
    }


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


def _levels(kind: str, highest: float, count: int) -> list[float]:
    """Return levels in equal steps up to the highest one, or the highest that the kind has."""
    known = KINDS.get(kind)
    top = min(highest, known.max_level) if known else highest
    return [round(top * (step + 1) / count, 4) for step in range(count)]


def _trained(service: Service, kind: str, methods: list[str]) -> tuple[float, float] | None:
    """Return the range of levels that all the chosen networks were trained for."""
    networks = [service.zoo.read_facts(name) for name in methods if name not in BASELINES]
    ranges = [facts.needs.trained_sigma for facts in networks]
    if kind not in SIGMA_KINDS or not ranges:
        return None
    return max(low for low, _ in ranges), min(high for _, high in ranges)
