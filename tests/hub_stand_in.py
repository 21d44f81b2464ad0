"""A stand-in for the Hugging Face Hub on the loopback, as much of it as its client asks for."""

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from stand_in import TOKEN, JsonAnswers, serving

RESOLVE = re.compile(r"/([\w.-]+/[\w.-]+)/resolve/([^/]+)/(.+)")
INFO = re.compile(r"/api/models/([\w.-]+/[\w.-]+)(?:/revision/([^/]+))?")
TREE = re.compile(r"/api/models/([\w.-]+/[\w.-]+)/tree/([^/]+)")
PREUPLOAD = re.compile(r"/api/models/([\w.-]+/[\w.-]+)/preupload/([^/]+)")
COMMIT = re.compile(r"/api/models/([\w.-]+/[\w.-]+)/commit/([^/]+)")
BATCH = re.compile(r"/([\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch")
LARGE = (".safetensors", ".pth", ".png")  # endings of what git only has a pointer to


@dataclass
class Repo:
    """A repository: its commits, by their 40 hex digits, and where its branches are."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    is_private: bool = False
    is_gated: bool = False

    def commit(self, files: dict[str, bytes], branch: str = "main") -> str:
        """Add files to a branch, and return the commit."""
        everything = self.commits.get(self.branches.get(branch, ""), {}) | files
        names = "".join(f"{name}{hashlib.sha1(c).hexdigest()}" for name, c in everything.items())
        sha = hashlib.sha1(f"{len(self.commits)}{names}".encode()).hexdigest()
        self.commits[sha], self.branches[branch] = everything, sha
        return sha

    def at(self, revision: str) -> str | None:
        sha = self.branches.get(revision, revision)
        return sha if sha in self.commits else None


class StandIn(ThreadingHTTPServer):
    """The server; what it is asked stands in `asked`, and its faults are set by a test."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos: dict[str, Repo] = {}
        self.large: dict[str, bytes] = {}  # uploads, by sha256
        self.asked: list[tuple[str, str]] = []  # method and path
        self.ranges: list[str] = []
        self.status = 0  # that everything is answered with, where it is not 0
        self.is_corrupting = 0  # answers with weights whose last bit is wrong, from now
        self.is_cutting = 0  # answers with weights that end in their middle, from now
        self.is_redirecting = False  # weights lie at another host
        self.hold = threading.Event()  # weights go on when it is set
        self.hold.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def repo(self, name: str, files: dict[str, bytes]) -> str:
        """Add a repository, or files to it, and return the commit."""
        return self.repos.setdefault(name, Repo()).commit(files)

    def downloads(self, file: str = "") -> list[str]:
        return [path for method, path in self.asked if method == "GET" and path.endswith(file)]


class Handler(JsonAnswers, BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandIn

    def do_HEAD(self):
        self.answer_read()

    def do_GET(self):
        self.answer_read()

    def answer_read(self):
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append((self.command, path))
        if self.server.status:
            return self.answer(self.server.status)
        if path.startswith("/cdn/"):
            return self.send_file(self.server.large[path.removeprefix("/cdn/")], {})
        if match := RESOLVE.fullmatch(path):
            return self.resolve(*match.groups())
        if match := INFO.fullmatch(path):
            return self.tell(match[1], match[2] or "main")
        if match := TREE.fullmatch(path):
            return self.list(*match.groups())
        return self.answer(404)

    def find(self, name, revision):
        """Return repository and commit, or answer why not."""
        repo = self.server.repos.get(name)
        if repo is None or (repo.is_private and not self.may_write()):
            return self.answer(401 if repo else 404, {"X-Error-Code": "RepoNotFound"})
        if repo.is_gated and not self.may_write():
            return self.answer(403, {"X-Error-Code": "GatedRepo"})
        if repo.at(revision) is None:
            return self.answer(404, {"X-Error-Code": "RevisionNotFound"})
        return repo, repo.at(revision)

    def tell(self, name, revision):
        if found := self.find(name, revision):
            repo, sha = found
            self.answer_json({"id": name, "sha": sha, "private": repo.is_private})

    def list(self, name, revision):
        if found := self.find(name, revision):
            repo, sha = found
            files = [
                {"type": "file", "path": file, "size": len(content), "oid": git_hash(content)}
                for file, content in repo.commits[sha].items()
            ]
            self.answer_json(files)

    def resolve(self, name, revision, file):
        if (found := self.find(name, revision)) is None:
            return None
        repo, sha = found
        headers = {"X-Repo-Commit": sha}
        if (content := repo.commits[sha].get(file)) is None:
            return self.answer(404, headers | {"X-Error-Code": "EntryNotFound"})
        digest = hashlib.sha256(content).hexdigest()
        etag = digest if file.endswith(LARGE) else git_hash(content)
        headers |= {"ETag": f'"{etag}"', "Accept-Ranges": "bytes"}
        if self.server.is_redirecting and file.endswith(".safetensors"):
            self.server.large[digest] = content
            other = self.server.url.replace("127.0.0.1", "localhost")
            linked = {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(content))}
            return self.answer(302, headers | linked | {"Location": f"{other}/cdn/{digest}"})
        return self.send_file(content, headers)

    def send_file(self, content, headers):
        is_large = len(content) > 5000 and self.command == "GET" and b"\0" in content[:8]
        start, status = 0, 200
        if asked := self.headers.get("Range"):
            self.server.ranges.append(asked)
            start, status = int(re.search(r"\d+", asked)[0]), 206
            headers = headers | {
                "Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"
            }
        sent = content[start:]
        if is_large and self.server.is_corrupting:
            self.server.is_corrupting -= 1
            sent = sent[:-1] + bytes([sent[-1] ^ 1])
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(sent))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        middle = len(sent) // 2 if is_large else 0
        self.wfile.write(sent[:middle])
        self.wfile.flush()
        if is_large and self.server.is_cutting:
            self.server.is_cutting -= 1
            self.close_connection = True
            return
        if is_large:
            self.server.hold.wait(30)
        self.wfile.write(sent[middle:])

    def may_write(self):
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def do_PUT(self):
        content = self.body()
        self.server.large[hashlib.sha256(content).hexdigest()] = content
        self.answer(200)

    def do_POST(self):
        path = unquote(urlsplit(self.path).path)
        content = self.body()
        self.server.asked.append(("POST", path))
        if self.server.status:
            return self.answer(self.server.status)
        if path == "/api/validate-yaml":
            return self.answer_json({"errors": [], "warnings": []})
        if not self.may_write():
            return self.answer(403 if self.headers.get("Authorization") else 401)
        if path == "/api/repos/create":
            return self.create(json.loads(content))
        if match := PREUPLOAD.fullmatch(path):
            return self.preupload(json.loads(content))
        if match := BATCH.fullmatch(path):
            return self.batch(json.loads(content))
        if match := COMMIT.fullmatch(path):
            return self.commit(match[1], [json.loads(line) for line in content.splitlines()])
        return self.answer(404)

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        content = b""
        while size := int(self.rfile.readline(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def create(self, asked):
        name = f"{asked['organization']}/{asked['name']}"
        if name in self.server.repos:
            there = {"error": "exists", "url": f"{self.server.url}/{name}"}
            return self.answer_json(there, 409)
        is_private = asked.get("private") or asked.get("visibility") == "private"
        self.server.repos[name] = Repo(is_private=bool(is_private))
        self.server.repos[name].commit({".gitattributes": b""})
        return self.answer_json({"url": f"{self.server.url}/{name}", "name": name})

    def preupload(self, asked):
        files = [
            {
                "path": one["path"],
                "uploadMode": "lfs" if one["path"].endswith(LARGE) else "regular",
                "shouldIgnore": False,
            }
            for one in asked["files"]
        ]
        self.answer_json({"files": files})

    def batch(self, asked):
        objects = [
            {**one, "actions": {"upload": {"href": f"{self.server.url}/upload/{one['oid']}"}}}
            for one in asked["objects"]
        ]
        self.answer_json({"transfer": "basic", "objects": objects})

    def commit(self, name, lines):
        repo = self.server.repos[name]
        header = next(one["value"] for one in lines if one["key"] == "header")
        if header.get("parentCommit", repo.branches["main"]) != repo.branches["main"]:
            return self.answer(412)
        files = {}
        for one in lines:
            value = one["value"]
            if one["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif one["key"] == "lfsFile":
                files[value["path"]] = self.server.large[value["oid"]]
        sha = repo.commit(files)
        return self.answer_json(
            {"commitUrl": f"{self.server.url}/{name}/commit/{sha}", "commitOid": sha}
        )

    def answer(self, status, headers=None):
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def running_hub() -> Iterator[StandIn]:
    """Start a stand-in, and stop it at the end."""
    hub = StandIn()
    with serving(hub):
        try:
            yield hub
        finally:
            hub.hold.set()


def git_hash(content: bytes) -> str:
    """Return git's hash of a file, which is the ETag of a small one."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


def files_of(folder, prefix=""):
    """Return the files below a folder, by path, as a repository holds them."""
    return {
        prefix + file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
