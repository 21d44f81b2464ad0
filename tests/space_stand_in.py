"""A stand-in for the part of the Hub that makes Spaces, on the loopback."""

import base64
import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from stand_in import TOKEN, JsonAnswers, serving


class StandIn(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.spaces: dict[str, dict[str, bytes]] = {}
        self.created: list[dict] = []  # what was asked for
        self.commits = 0
        self.status = 0  # that every answer has, where it is not 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(JsonAnswers, BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self):
        parts = self.path.split("/")
        name = "/".join(parts[3:5])
        files = self.server.spaces.get(name)
        if files is None:
            return self.answer_json({"error": "Repository not found"}, 404)
        if "tree" not in parts:
            return self.answer_json({"id": name, "sha": "0" * 40, "private": False, "siblings": []})
        entries = [{"type": "file", "path": f, "size": 1, "oid": "0" * 40} for f in files]
        return self.answer_json(entries)

    def do_POST(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.status:
            return self.answer_json({"error": "no"}, self.server.status)
        if self.path == "/api/validate-yaml":
            return self.answer_json({"errors": [], "warnings": []})
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer_json({"error": "who are you?"}, 401)
        if self.path == "/api/repos/create":
            return self.create(json.loads(content))
        if "/preupload/" in self.path:
            asked = json.loads(content)["files"]
            told = [{"path": f["path"], "uploadMode": "regular", "shouldIgnore": 0} for f in asked]
            return self.answer_json({"files": told})
        return self.commit([json.loads(line) for line in content.splitlines()])

    def create(self, asked):
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.server.spaces:
            url = f"{self.server.url}/spaces/{name}"
            return self.answer_json({"error": "it exists", "url": url, "name": name}, 409)
        self.server.created.append(asked)
        self.server.spaces[name] = {".gitattributes": b""}
        return self.answer_json({"url": f"{self.server.url}/spaces/{name}", "name": name})

    def commit(self, lines):
        name = "/".join(self.path.split("/")[3:5])
        files = self.server.spaces[name]
        for line in lines:
            if line["key"] == "file":
                files[line["value"]["path"]] = base64.b64decode(line["value"]["content"])
            elif line["key"] == "deletedFile":
                del files[line["value"]["path"]]
        self.server.commits += 1
        sha = f"{self.server.commits:040x}"
        url = f"{self.server.url}/spaces/{name}/commit/{sha}"
        self.answer_json({"commitUrl": url, "commitOid": sha})


@contextmanager
def running_stand_in():
    hub = StandIn()
    with serving(hub):
        yield hub
