"""`python -m denoise` and the command `denoise`: `serve` starts the page, cli does the rest."""

import argparse
import sys
from typing import NoReturn

SERVE_HELP = (
    "Serve the page at http://127.0.0.1:7860 until Ctrl-C. Environment variables set the rest: "
    "GRADIO_SERVER_NAME and GRADIO_SERVER_PORT the address, DENOISE_DEVICE the device. "
    "docs/server.md in the repository lists them all."
)


def main() -> int:
    """Run what the command line asks for and return the exit code."""
    if sys.argv[1:2] == ["serve"]:
        _serve(sys.argv[2:])
    from denoise.cli import main as run_command

    return run_command()


def _serve(arguments: list[str]) -> NoReturn:
    parser = argparse.ArgumentParser(prog="python -m denoise serve", description=SERVE_HELP)
    parser.parse_args(arguments)
    from denoise.ui.launch import run

    run()


if __name__ == "__main__":
    sys.exit(main())
