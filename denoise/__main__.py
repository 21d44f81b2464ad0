"""`python -m denoise`."""

import sys

from denoise.cli import main

if __name__ == "__main__":
    sys.exit(main())
