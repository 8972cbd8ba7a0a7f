"""The explorer in a process of its own, and a browser that refuses every address beyond it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

CHROMIUM = os.environ.get("CHROMIUM") or which("chromium") or which("chromium-browser") or ""
START_SECONDS = 180
"""A machine that does much else takes long to import torch and Gradio."""
OFFLINE = """
import socket

def is_near(address):
    return not isinstance(address, tuple) or str(address[0]) in ("127.0.0.1", "::1", "localhost")

def refuse_far(name):
    own = getattr(socket.socket, name)
    def connect(self, address):
        if not is_near(address):
            with open({log!r}, "a") as out:
                print(address, file=out)
            raise OSError("the tests allow no connection beyond this machine")
        return own(self, address)
    setattr(socket.socket, name, connect)

refuse_far("connect")
refuse_far("connect_ex")
"""
"""What Python imports at its start: connections beyond loopback are refused, and noted."""


def find_missing() -> str:
    """What the tests in a browser lack here; "" for nothing."""
    missing = [name for name in ("gradio", "playwright") if find_spec(name) is None]
    missing += [] if Path(CHROMIUM).is_file() else ["Chromium (CHROMIUM names it)"]
    return " and ".join(missing)


@dataclass(frozen=True)
class Explorer:
    """A running explorer: its address, its process, its folder of temporary files."""

    url: str
    process: subprocess.Popen[str]
    temporary: Path

    def list_leftovers(self) -> list[Path]:
        return list(self.temporary.glob("auxgen-explorer-*"))

    def end(self, number: int = signal.SIGINT) -> tuple[int, str]:
        """Send a signal; return the exit status and what stderr has."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err


@contextmanager
def run_explorer(folder: Path, *words: str | Path) -> Iterator[Explorer]:
    """An explorer with these words on its command line, on a free port."""
    folder.mkdir(parents=True)
    log, temporary = folder / "connections.txt", folder / "tmp"
    temporary.mkdir()
    (folder / "sitecustomize.py").write_text(OFFLINE.format(log=str(log)))
    root = Path(__file__).parent.parent.parent
    path = os.pathsep.join([str(folder), str(root)])
    environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": str(temporary)}
    command = [sys.executable, "-m", "auxgen", "explore", *map(str, words), "--port", "0"]
    process = subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    found = re.search(r"http://\S+/", process.stdout.readline())
    if found is None:
        raise AssertionError(process.communicate(timeout=60)[1])
    explorer = Explorer(found[0], process, temporary)
    try:
        wait_until_answered(explorer.url)
        yield explorer
    finally:
        if process.poll() is None:
            explorer.end()
    assert not log.exists(), log.read_text()


def wait_until_answered(url: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            if get(url)[0] == 200:
                return
        except (URLError, TimeoutError):
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer.")


def get(url: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Status and content of an answer."""
    kind = {"content-type": "application/json"} if body else {}
    request = Request(url, data=body, headers={**kind, **headers})
    try:
        with urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        return error.code, error.read()


@dataclass
class Browser:
    """Chromium's pages, and all that they asked for beyond the explorer or complained of."""

    chromium: Any
    problems: list[str]

    @contextmanager
    def open(self, url: str, width: int = 1280) -> Iterator[Any]:
        """A page of a width in pixels; nothing beyond its address is reached."""
        context = self.chromium.new_context(viewport={"width": width, "height": 900})

        def answer(route: Any) -> None:
            if route.request.url.startswith(url):
                route.continue_()
            else:
                self.problems.append(f"asked for {route.request.url}")
                route.abort()

        context.route(re.compile(r"^(?!data:|blob:)"), answer)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", self._note)
        page.goto(url)
        page.wait_for_selector(".ax-header")
        try:
            yield page
        finally:
            context.close()

    def _note(self, message: Any) -> None:
        if message.type == "error":
            self.problems.append(f"console: {message.text}")


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Chromium; a request beyond the pages' own address, or an error in them, fails at the end."""
    from playwright.sync_api import sync_playwright  # pyright: ignore[reportMissingImports]

    with sync_playwright() as library:
        options: Sequence[str] = ["--no-sandbox", "--disable-dev-shm-usage"]
        chromium = library.chromium.launch(executable_path=CHROMIUM, args=options)
        browser = Browser(chromium, [])
        yield browser
        chromium.close()
        assert not browser.problems, browser.problems
