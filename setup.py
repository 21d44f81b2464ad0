"""Build the package with the weights of the clone inside, so that they are committed once."""

from itertools import chain
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

WEIGHTS = Path(__file__).parent / "weights"
INSIDE = "denoise/_weights"  # where denoise.defaults.BUNDLED finds them
# What the code reads; the cards' pictures stay behind.
NEEDED = ("manifest.json", "config.json", "model.safetensors", "curve*.csv")


class BuildWithWeights(build_py):
    """setuptools' step for modules, and the weights after it."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:  # an editable install uses those of the clone
            for source, target in self._weights():
                self.mkpath(str(target.parent))
                self.copy_file(str(source), str(target))

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        outputs = list(super().get_outputs(include_bytecode))
        return outputs + [str(target) for _, target in self._weights()]

    def _weights(self) -> list[tuple[Path, Path]]:
        inside = Path(self.build_lib, INSIDE)
        files = sorted(chain.from_iterable(map(WEIGHTS.rglob, NEEDED)))
        return [(file, inside / file.relative_to(WEIGHTS)) for file in files]


setup(cmdclass={"build_py": BuildWithWeights})
