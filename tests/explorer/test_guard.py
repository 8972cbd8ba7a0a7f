"""What the server answers at all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from auxgen.explorer.guard import LOOPBACK_NAMES, Guard, is_page_address


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/config", "/theme.css", "/assets/index-1.js", "/static/img/logo.svg"),
        *("/gradio_api/run/predict", "/gradio_api/upload"),
        *("/gradio_api/heartbeat/abc123", "/gradio_api/file=/tmp/x/a.png"),
    ],
)
def test_the_page_s_own_addresses_are_answered(path: str) -> None:
    assert is_page_address(path)


@pytest.mark.parametrize(
    "path",
    [
        *("/docs", "/login", "/monitoring", "/gradio_api/proxy=https://a.hf.space/x"),
        *("/gradio_api/vibe-edit/", "/gradio_api/run-history/connect", "/gradio_api/runs"),
        *("/gradio_api/process_recording", "/gradio_api/run/x", "/gradio_api/call/x"),
        *("/gradio_api/queue/join", "/gradio_api/queue/data", "/gradio_api/cancel"),
        *("/gradio_api/component_server", "/gradio_api/custom_component/1/client/a/b"),
        *("/assets/../../etc/passwd", "/gradio_api/file=/tmp/x/../../etc/passwd"),
        *("/static/..\\..\\secret", "/gradio_api/heartbeat/../upload", "", "//", "/config/x"),
    ],
)
def test_all_others_are_not_found(path: str) -> None:
    assert not is_page_address(path)


async def answer_ok(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


async def receive() -> Mapping[str, Any]:
    return {"type": "http.request"}


def request(path: str, host: str, names: frozenset[str] = LOOPBACK_NAMES) -> Mapping[str, Any]:
    """The start of the answer to a request."""
    sent: list[Mapping[str, Any]] = []

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "headers": [(b"host", host.encode())]}
    asyncio.run(Guard(answer_ok, names)(scope, receive, send))
    return sent[0]


@pytest.mark.parametrize("host", ["127.0.0.1:7860", "localhost", "localhost:1", "[::1]:7860"])
def test_this_machine_is_answered_with_a_policy(host: str) -> None:
    start = request("/", host)
    assert start["status"] == 200
    policy = dict(start["headers"])[b"content-security-policy"].decode()
    assert "default-src 'self'" in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", ""]
)
def test_another_name_is_refused_on_loopback_alone(host: str) -> None:
    assert request("/", host)["status"] == 404
    assert request("/", host, frozenset())["status"] == 200
    assert request("/docs", host, frozenset())["status"] == 404
