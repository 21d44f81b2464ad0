"""Serve the page: `python app.py`, here and as a Hugging Face Space."""

if __name__ == "__main__":  # the processes that decode pictures import this file, too
    from denoise.ui.launch import run

    run()
