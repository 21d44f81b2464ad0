"""What stand-ins for parts of the Hub have in common: answers in JSON, and a thread to serve in."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

TOKEN = "hf_writer"  # that may write


class JsonAnswers:
    """What a request handler takes on: it answers in JSON, and logs nothing."""

    def log_message(self, *_):
        pass

    def answer_json(self, content, status=200):
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    """Serves from a thread, which is stopped at the end."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
