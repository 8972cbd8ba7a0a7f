"""What the server answers at all: the page's own addresses, to the machine's own name.

Gradio has many more addresses than a page needs (other apps' files through a proxy, a history of
runs, recordings, code); what is not on the list here is not found.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, final

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_PAGE_ADDRESSES = re.compile(
    r"/|/config|/theme\.css|/favicon\.ico|/manifest\.json|/(assets|static|svelte)/.*"
    r"|/gradio_api/(info|startup-events|upload|upload_progress|run/predict|reset"
    r"|heartbeat/\w+|file=.*|theme\.css)/?"
)
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; "
    "style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
LOOPBACK_NAMES = frozenset(("127.0.0.1", "localhost", "[::1]"))


@final
class Guard:
    """An ASGI application that lets through what the page needs, and no address beyond.

    Attributes:
        application: What answers the rest.
        names: Names of the host that requests may be for; none for any. A page elsewhere whose name
            was made to lead to this machine would read the explorer otherwise.
    """

    def __init__(self, application: Application, names: frozenset[str]) -> None:
        self.application, self.names = application, names

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.application(scope, receive, send)
        elif scope["type"] != "http" or not self.is_allowed(scope):
            await _refuse(scope, send)
        else:
            await self.application(scope, receive, _add_headers(send))

    def is_allowed(self, scope: Scope) -> bool:
        """Whether a request is for this host, and for an address of the page."""
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        name = re.sub(r":\d+$", "", host)
        return (not self.names or name in self.names) and is_page_address(scope["path"])


def is_page_address(path: str) -> bool:
    """Whether the page needs what is at an address, and none of its steps leads upwards."""
    steps = re.split(r"[/\\]", path)
    return _PAGE_ADDRESSES.fullmatch(path) is not None and ".." not in steps


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] != "http":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 404, "headers": headers})
    await send({"type": "http.response.body", "body": b"There is nothing at this address."})


def _add_headers(send: Send) -> Send:
    """Say with each answer that the page loads nothing from elsewhere."""

    async def answer(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
            message = {**message, "headers": [*message["headers"], *own]}
        await send(message)

    return answer
