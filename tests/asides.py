"""Work that is done in a thread aside."""

import gc
import warnings
from concurrent.futures import ThreadPoolExecutor


def aside(work):
    """Return what work returns; Gradio leaves open the event loops that it makes for a page."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        with ThreadPoolExecutor(1) as thread:
            result = thread.submit(work).result()
        gc.collect()
    return result
