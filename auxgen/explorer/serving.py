"""The explorer's server: on loopback by default, and nothing is kept or fetched from elsewhere."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import Any

from ..errors import InputError
from ..files import describe_os_error
from ..model import Model
from .examples import Examples
from .guard import LOOPBACK_NAMES, Guard
from .uploads import MAX_MEGABYTES

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")
_SETTINGS = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_SHARE": "False",
    "GRADIO_MCP_SERVER": "False",
    "GRADIO_SSR_MODE": "False",
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_ALLOWED_PATHS": "",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def check_extra_installed() -> None:
    """Raises InputError unless Gradio is there.

    Raises:
        InputError: It is not.
    """
    from importlib.util import find_spec

    if find_spec("gradio") is None:
        raise InputError(
            "The explorer needs Gradio, which is missing; expected: pip install 'auxgen[app]'."
        )


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that listens on a host's port; 0 for any that is free.

    Raises:
        InputError: The port is in use, or the host is not one of this machine.
    """
    if not 0 <= port <= 65535:
        raise InputError(f"port is {port}; 0 to 65,535 is expected.")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise InputError(f"There is no host {host!r}; expected a name of this machine.") from error
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()
    except OSError as error:
        listening.close()
        raise InputError(
            f"Port {port} of {host} cannot be used ({describe_os_error(error)}); choose another by "
            "--port, or 0 for any that is free."
        ) from error
    return listening


def serve_page(
    model: Model,
    examples: Examples,
    *,
    title: str,
    notes: Sequence[str],
    host: str,
    listening: socket.socket,
) -> None:
    """Serve the page of a model until Ctrl-C, and leave nothing behind.

    Uploads and pictures that Gradio keeps lie in a temporary folder, which is removed at the end;
    nothing outside it is served.

    Args:
        model: The model.
        examples: Rows to look at.
        title: How the model is called.
        notes: Sentences that a person should know.
        host: What the socket listens on, as it was given.
        listening: The socket, of `open_socket`.

    Raises:
        InputError: There is nothing to show of the model.
    """
    with TemporaryDirectory(prefix="auxgen-explorer-", ignore_cleanup_errors=True) as folder:
        os.environ.update(_SETTINGS, GRADIO_TEMP_DIR=folder)  # before gradio is imported
        application = _make_application(model, examples, title, notes, host)
        number = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        print(f"The explorer: http://{shown}:{number}/  (Ctrl-C ends it)", flush=True)
        if host not in LOOPBACK_HOSTS:
            print(
                f"It listens on {host}: whoever reaches this machine can use the model and see "
                "these rows; --host 127.0.0.1 keeps it to yourself.",
                file=sys.stderr,
            )
        _run_server(application, listening)


def _make_application(
    model: Model, examples: Examples, title: str, notes: Sequence[str], host: str
) -> Guard:
    import gradio  # pyright: ignore[reportMissingImports]
    from fastapi import FastAPI  # pyright: ignore[reportMissingImports]
    from gradio import processing_utils  # pyright: ignore[reportMissingImports]

    from . import page

    processing_utils.async_ssrf_protected_download = _refuse_to_fetch
    processing_utils.ssrf_protected_download = _refuse_to_fetch
    blocks = page.build_page(model, examples, title, notes)
    plain = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    mounted: Any = gradio.mount_gradio_app(
        plain,
        blocks,
        path="/",
        **{"theme": page.make_theme(), "css_paths": page.STYLE, "footer_links": []},
        **{"max_file_size": f"{MAX_MEGABYTES}mb", "ssr_mode": False, "mcp_server": False},
        **{"run_history": False, "enable_monitoring": False, "pwa": False, "show_error": True},
        **{"allowed_paths": [], "server_name": host},
    )
    return Guard(mounted, LOOPBACK_NAMES if host in LOOPBACK_HOSTS else frozenset())


def _refuse_to_fetch(*_: Any, **__: Any) -> Any:
    """In place of Gradio's download of an address that a request names in place of a file."""
    raise ValueError("Addresses are not fetched; send the file.")


def _run_server(application: Guard, listening: socket.socket) -> None:
    """Answer requests until Ctrl-C or SIGTERM."""
    import uvicorn  # pyright: ignore[reportMissingImports]

    config = uvicorn.Config(
        application, log_level="error", access_log=False, timeout_graceful_shutdown=1, ws="none"
    )
    server = uvicorn.Server(config)
    # uvicorn raises the signal again once it has stopped, so that what follows is carried out
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
    print("The explorer has ended.", file=sys.stderr)
