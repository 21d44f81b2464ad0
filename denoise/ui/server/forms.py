"""Uploads as they come: how much of them, and how many files."""

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

MAX_FIELD_BYTES = 1_000_000  # of all fields that are no files: Gradio keeps them in memory
MAX_HEAD = 4_000  # bytes of the headers of a part that are looked at
MAX_MULTIPART_BYTES = 1_000_000  # around the file: boundaries, headers, small fields


class UploadBody:
    """The body of an upload, which ends as if the client had gone as soon as it is too large.

    Args:
        scope: of the request.
        receive: its messages.
        max_bytes: of the files.
    """

    def __init__(self, scope: Scope, receive: Receive, max_bytes: int) -> None:
        self._receive = receive
        self._left = max_bytes + MAX_MULTIPART_BYTES
        self._fields = _Fields(Headers(scope=scope).get("content-type", ""))
        self.is_too_large = False
        self.is_broken_off = False  # by its sender

    async def receive(self) -> Message:
        """Return the next message of the body."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self.is_broken_off = True
            return message
        content = message.get("body", b"")
        self._left -= len(content)
        self.is_too_large |= self._left < 0 or self._fields.add(content) > MAX_FIELD_BYTES
        return {"type": "http.disconnect"} if self.is_too_large else message


class _Fields:
    """Counts the bytes of a form's fields that are no files."""

    def __init__(self, content_type: str) -> None:
        self._bytes, self._is_file, self._head = 0, False, b""
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        self._parser: MultipartParser | None = None
        if boundary:
            self._parser = MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_value": self._take_head,
                    "on_part_data": self._take,
                },
            )

    def add(self, content: bytes) -> int:
        """Take the next piece of the form, and return the bytes so far."""
        if self._parser is not None:
            try:
                self._parser.write(content)
            except FormParserError:  # Gradio refuses it
                self._parser = None
        return self._bytes

    def _begin(self) -> None:
        self._head = b""

    def _take_head(self, data: bytes, start: int, end: int) -> None:
        self._head = (self._head + data[start:end])[:MAX_HEAD]

    def _take(self, _: bytes, start: int, end: int) -> None:
        if b"filename" not in self._head.lower():
            self._bytes += end - start
