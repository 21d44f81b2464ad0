"""`python -m denoise` and the command `denoise`: the command line, with `serve` for the page."""

import sys
from typing import NoReturn

from denoise.cli.main import denoise, main

SERVE_HELP = (
    "Serve the page at http://127.0.0.1:7860 until Ctrl-C. Environment variables set the rest: "
    "GRADIO_SERVER_NAME and GRADIO_SERVER_PORT the address, DENOISE_DEVICE the device. "
    "docs/server.md in the repository lists them all."
)


@denoise.command(short_help="serve the page", help=SERVE_HELP)
def serve() -> NoReturn:
    """Serve the page until told to stop."""
    from denoise.ui.launch import run

    run()


if __name__ == "__main__":
    sys.exit(main())
