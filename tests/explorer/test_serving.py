"""The server's port, and what it says where Gradio is missing."""

from __future__ import annotations

import importlib.util
import socket
from contextlib import closing

import pytest

from auxgen.errors import InputError
from auxgen.explorer import serving


def test_a_free_port_is_found() -> None:
    with closing(serving.open_socket("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()
        assert host == "127.0.0.1"
        with socket.create_connection((host, port), timeout=5):
            pass


def test_a_port_in_use_is_said() -> None:
    with closing(serving.open_socket("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(InputError, match=rf"Port {port} of 127.0.0.1 cannot be used \(address"):
            serving.open_socket("127.0.0.1", port)


@pytest.mark.parametrize("port", [-1, 65536, 10**9])
def test_a_port_out_of_range_is_said(port: int) -> None:
    with pytest.raises(InputError, match="0 to 65,535 is expected"):
        serving.open_socket("127.0.0.1", port)


@pytest.mark.parametrize("host", ["no such host", "300.1.1.1", "a" * 400, "\0"])
def test_a_host_that_is_none_is_said(host: str) -> None:
    with pytest.raises(InputError, match=r"host|cannot be used"):
        serving.open_socket(host, 0)


def test_a_missing_extra_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'auxgen\[app\]'"):
        serving.check_extra_installed()
