"""The server's log: lines of text, or a JSON object a line."""

import json
import logging
import time

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def set_up_logs(*, as_json: bool) -> None:
    """Have everything logged to standard error; as JSON: time (UTC), level, logger, message."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if as_json else logging.Formatter(TEXT))
    logging.basicConfig(handlers=[handler])


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
