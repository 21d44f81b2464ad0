"""Serve the page: `python app.py`, here and as a Hugging Face Space."""

from denoise.ui.launch import run

if __name__ == "__main__":
    run()
