"""The endpoints of the lab: every method on one picture, at one noise level or many."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from denoise.evaluation.comparison import levels_for
from denoise.evaluation.results import MethodResult, make_report, write_table, write_zip
from denoise.noise.synthesis import NoiseSpec
from denoise.ui.api.checks import Answers, check_flags, check_text, expose, listed, served
from denoise.ui.server.service import Service
from denoise.ui.server.uploads import uploaded_file


def add_lab_endpoints(service: Service) -> None:
    """Add /compare and /sweep to the page that is being built."""
    expose(_compare(service), "compare")
    expose(_sweep(service), "sweep")


def _compare(service: Service) -> Callable[..., Any]:
    def compare(
        image: gr.FileData,
        kind: str = "gaussian",
        level: float = 0.1,
        seed: int = 0,
        models: list[str] | None = None,
        gray: bool = False,
        eight_bit: bool = True,
        told: bool = False,
        clip: bool = False,
        without: list[str] | None = None,
    ) -> Answers:
        """Add noise to a clean picture and denoise it by networks and classical methods.

        An interim answer without a file follows every method.

        Args:
            image: the clean picture; one above 1 Mpixel is shrunk.
            kind: as of /add_noise.
            level: as of /add_noise.
            seed: as of /add_noise.
            models: names from /models, median, nl-means, tv, wavelets, bm3d; null: the quick ones.
            gray: true gives all channels the same noise.
            eight_bit: true clips and rounds the noisy picture, as a file would.
            told: true tells networks the noise level; classical methods are always told.
            clip: true clips the noisy picture where eight_bit is false, without rounding it.
            without: as of /add_noise.

        Returns:
            A zip of all pictures as PNG and of the table as CSV.
            The report: what was asked for, and rows with psnr, ssim, haarpsi, seconds_per_mpixel.
        """
        file = uploaded_file(image, service.storage.folder)
        check_text("kind", kind)
        check_flags(gray=gray, eight_bit=eight_bit, told=told, clip=clip)
        spec = NoiseSpec(
            kind=kind,
            level=level,
            seed=seed,
            gray=gray,
            eight_bit=eight_bit,
            clip=clip,
            without=listed("without", without, str, "names"),
        )
        subject = service.prepare(file, listed("models", models, str, "names"))
        entries: list[MethodResult] = []
        for entry in service.compare(subject, spec, is_told=told):
            entries.append(entry)
            yield None, {"done": len(entries) - 1, "methods": len(subject.methods)}
        packed = service.storage.new_file("compared.zip")
        write_zip(subject.clean, entries, packed)
        rows = [entry.to_dict() for entry in entries]
        yield served(packed), make_report(subject, spec, rows, is_told=told)

    return compare


def _sweep(service: Service) -> Callable[..., Any]:
    def sweep(
        image: gr.FileData,
        kind: str = "gaussian",
        levels: list[float] | None = None,
        seed: int = 0,
        models: list[str] | None = None,
        gray: bool = False,
        eight_bit: bool = True,
        told: bool = False,
        clip: bool = False,
        without: list[str] | None = None,
    ) -> Answers:
        """Do what /compare does at one noise level after another.

        An interim answer without a file follows every figure.

        Args:
            image: the clean picture; one above 1 Mpixel is shrunk.
            kind: as of /add_noise, but no mixture.
            levels: of the noise; null: 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, as far as the kind goes.
            seed: as of /add_noise.
            models: as of /compare.
            gray: true gives all channels the same noise.
            eight_bit: true clips and rounds the noisy picture, as a file would.
            told: true tells networks the noise level.
            clip: as of /compare.
            without: as of /add_noise.

        Returns:
            The table as CSV, a row for each level and method.
            The report: what was asked for, and the rows.
        """
        file = uploaded_file(image, service.storage.folder)
        chosen = listed("levels", levels, (int, float), "numbers") or levels_for(kind)
        check_text("kind", kind)
        check_flags(gray=gray, eight_bit=eight_bit, told=told, clip=clip)
        spec = NoiseSpec(
            kind=kind,
            level=chosen[0],
            seed=seed,
            gray=gray,
            eight_bit=eight_bit,
            clip=clip,
            without=listed("without", without, str, "names"),
        )
        subject = service.prepare(file, listed("models", models, str, "names"))
        total = len(chosen) * (len(subject.methods) + 1)
        rows: list[dict[str, Any]] = []
        for at, entry in service.sweep(subject, spec, chosen, is_told=told):
            rows.append({"level": at, **entry.to_dict()})
            yield None, {"done": len(rows), "figures": total}
        table = service.storage.new_file("sweep.csv")
        table.write_text(write_table(rows), encoding="utf-8")
        yield served(table), make_report(subject, spec, rows, is_told=told, levels=chosen)

    return sweep
