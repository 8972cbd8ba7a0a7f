"""Python in processes forked from one that has imported auxgen, so that none pays for imports.

The ranks of a torchrun are forked as well.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest

IMPORTED = (
    "laws",
    "auxgen.cli.main",
    "auxgen.launch",
    "torch._dynamo",
    "torch.distributed.launcher",
)


def run_python(
    *words: str | Path, file_size: int | None = None, limit: float | None = 300.0
) -> subprocess.CompletedProcess[str]:
    """How `python WORDS` ends, and what it writes to stdout and stderr.

    Args:
        words: -c CODE, -m MODULE or a file, and arguments.
        file_size: The most bytes that a file can have, as on a device that is full.
        limit: Seconds after which it hangs; None where it takes as long as it takes.
    """
    context = _start_server()
    pipes = [context.Pipe(duplex=False) for _ in range(2)]
    given = [str(word) for word in words], dict(os.environ), os.getcwd(), file_size
    process = context.Process(target=_become_python, args=(*given, [pipe[1] for pipe in pipes]))
    process.start()
    said: list[list[bytes]] = [[], []]
    readers = [
        threading.Thread(target=_read, args=(pipe[0], parts), daemon=True)
        for pipe, parts in zip(pipes, said, strict=True)
    ]
    for (_, written), reader in zip(pipes, readers, strict=True):
        written.close()
        reader.start()
    process.join(limit)
    if process.exitcode is None:
        process.kill()
        raise subprocess.TimeoutExpired(given[0], limit or 0.0)
    for reader in readers:
        reader.join(limit)
    out, err = (b"".join(parts).decode() for parts in said)
    return subprocess.CompletedProcess(given[0], process.exitcode, out, err)


@cache
def _start_server() -> ForkServerContext:
    """The process that is forked, with the modules of this one within its reach."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", *IMPORTED])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        forkserver.ensure_running()
    return context


def _read(pipe: Connection, parts: list[bytes]) -> None:
    """Gather all that is written into a pipe until nobody holds its other end."""
    while part := os.read(pipe.fileno(), 65536):
        parts.append(part)
    pipe.close()


def _become_python(
    words: Sequence[str],
    environment: Mapping[str, str],
    folder: str,
    file_size: int | None,
    pipes: Sequence[Connection],
) -> None:
    """Run what Python would run, with stdout and stderr in pipes."""
    from torch.distributed.elastic.multiprocessing.subprocess_handler import subprocess_handler

    for number, pipe in enumerate(pipes, 1):
        os.dup2(pipe.fileno(), number)
        pipe.close()
    sys.stdout, sys.stderr = (os.fdopen(n, "w", 1, closefd=False) for n in (1, 2))
    os.chdir(folder)
    if file_size is not None:
        sys.dont_write_bytecode = True  # or Python would cut its own files
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    # so that torchrun forks its ranks
    subprocess_handler.Popen = ForkedPython  # pyright: ignore[reportPrivateImportUsage]
    _run_words(words, environment)


class ForkedPython(subprocess.Popen[bytes]):
    """A process of Python that is forked where it would be started."""

    def _execute_child(self, args: Any, *rest: Any) -> None:
        from auxgen.engine.device import exit_cleanly

        environment = rest[5]
        self.pid = os.fork()
        if self.pid:
            self._child_created = True
            return
        with exit_cleanly():
            os.setsid()
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            _run_words(args[1:], environment)


def _run_words(words: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run what `python WORDS` runs, in this process."""
    os.environ.clear()
    os.environ.update(environment)
    match words:
        case ["-u", *others]:
            _run_words(others, environment)
        case ["-c", code, *arguments]:
            sys.argv = ["-c", *arguments]
            exec(code, {"__name__": "__main__"})
        case ["-m", module, *arguments]:
            sys.argv = [module, *arguments]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [file, *arguments]:
            sys.argv = [file, *arguments]
            runpy.run_path(file, run_name="__main__")
