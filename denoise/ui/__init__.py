"""The page and its HTTP endpoints: Gradio lives here and in app.py only."""
