"""A small server that speaks as much of the Hugging Face hub's HTTP as models need."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import unquote

Files = dict[str, bytes]


class Hub:
    """Repositories: for each the files of every commit, the newest last."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, Files]] = {}
        self.asked: list[str] = []
        self.private: set[str] = set()

    def commit(self, repository: str, changes: Files) -> str:
        """Add a commit with these files changed, and return its name."""
        known = self.commits.setdefault(repository, {})
        files = {**(list(known.values())[-1] if known else {}), **changes}
        parts = [
            f"{len(known)}".encode(),
            *(x for n, f in sorted(files.items()) for x in (n.encode(), f)),
        ]
        name = hashlib.sha1(b"\0".join(parts)).hexdigest()
        known[name] = files
        return name

    def find(self, repository: str, revision: str) -> tuple[str, Files] | None:
        """The commit of a revision and its files."""
        known = self.commits.get(repository)
        if not known:
            return None
        name = list(known)[-1] if revision == "main" else revision
        return (name, known[name]) if name in known else None


class Handler(BaseHTTPRequestHandler):
    """Answers as the hub does."""

    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""

    def reply(self, status: int, content: object = b"", **headers: str) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = unquote(self.path.partition("?")[0])
        self.hub.asked.append(f"{self.command} {path}")
        parts = path.strip("/").split("/")
        if parts[:2] == ["api", "models"]:
            self.describe("/".join(parts[2:4]), parts[4:])
        elif len(parts) >= 5 and parts[2] == "resolve":
            self.send_file("/".join(parts[:2]), parts[3], "/".join(parts[4:]))
        else:
            self.reply(404)

    def describe(self, repository: str, rest: list[str]) -> None:
        revision = rest[1] if len(rest) > 1 else "main"
        found = self.hub.find(repository, revision)
        if found is None:
            missing = "RevisionNotFound" if repository in self.hub.commits else "RepoNotFound"
            self.reply(404, {"error": missing}, X_Error_Code=missing, X_Error_Message=missing)
            return
        commit, files = found
        if rest[:1] == ["tree"]:
            listed = [
                {"type": "file", "path": n, "size": len(f), "oid": hashlib.sha1(f).hexdigest()}
                for n, f in files.items()
            ]
            self.reply(200, listed)
            return
        siblings = [{"rfilename": name} for name in files]
        about = {
            "id": repository,
            "sha": commit,
            "siblings": siblings,
            "private": False,
            "tags": [],
        }
        self.reply(200, about)

    def send_file(self, repository: str, revision: str, name: str) -> None:
        found = self.hub.find(repository, revision)
        if found is None or name not in found[1]:
            self.reply(404, b"", X_Error_Code="EntryNotFound")
            return
        commit, files = found
        etag = f'"{hashlib.sha1(files[name]).hexdigest()}"'
        self.reply(200, files[name], ETag=etag, X_Repo_Commit=commit)

    def do_POST(self) -> None:
        path = unquote(self.path.partition("?")[0])
        self.hub.asked.append(f"POST {path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") != "Bearer hf_right":
            self.reply(401, {"error": "Invalid credentials"})
            return
        parts = path.strip("/").split("/")
        repository = "/".join(parts[2:4])
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'someone'}/{asked['name']}"
            self.hub.commits.setdefault(name, {})
            self.hub.private |= (
                {name}
                if "private" in (asked.get("visibility"), asked.get("private") and "private")
                else set()
            )
            self.reply(200, {"url": f"http://{self.headers['Host']}/{name}", "name": name})
        elif path.startswith("/api/validate-yaml"):
            self.reply(200, {"errors": [], "warnings": []})
        elif parts[4:5] == ["preupload"]:
            files = [
                {**f, "uploadMode": "regular", "shouldIgnore": False}
                for f in json.loads(body)["files"]
            ]
            self.reply(200, {"files": files})
        elif parts[4:5] == ["commit"]:
            lines = [json.loads(line) for line in body.decode().splitlines()]
            files = {
                line["value"]["path"]: base64.b64decode(line["value"]["content"])
                for line in lines
                if line["key"] == "file"
            }
            commit = self.hub.commit(repository, files)
            url = f"http://{self.headers['Host']}/{repository}/commit/{commit}"
            self.reply(200, {"commitUrl": url, "commitOid": commit, "success": True})
        else:
            self.reply(404)


@contextmanager
def serve_hub() -> Iterator[tuple[str, Hub]]:
    """The address of a hub on this machine, and what it holds."""
    hub = Hub()
    handler = type("HubHandler", (Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
