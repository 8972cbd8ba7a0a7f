"""A disk that fails at a chosen moment: counts what a process does to files, and harms it then.

Counted are, below one folder: opening a file to write, each half of a write, fsync, rename, mkdir,
unlink and rmdir, and the rounds of training. The state of the disk changes at these alone, so that
one fault at each of them is all the faults that there are of its kind.
"""

from __future__ import annotations

import builtins
import errno
import io
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SIGNALS = {
    "SIGKILL": (signal.SIGKILL,),
    "SIGTERM": (signal.SIGTERM,),
    "SIGINT": (signal.SIGINT,),
    "SIGINT twice": (signal.SIGINT, signal.SIGINT),
}
"""Kinds of fault that are signals: one at an event, the next one at the event after it."""
REFUSALS = {"full disk": errno.ENOSPC, "read-only folder": errno.EROFS}
"""Kinds of fault that last from an event on: what the system then answers."""
KINDS = (*SIGNALS, "power cut", *REFUSALS)
GROWING = ("open", "write", "rest", "mkdir")
"""Events that need room on the disk."""


@dataclass(frozen=True)
class Fault:
    """One of KINDS at an event, counted from 0; "slow disk" waits at each, seeded by `at`."""

    kind: str
    at: int


@dataclass
class Shim:
    """Counts events below a folder, and does harm at one of them.

    Attributes:
        root: The folder.
        fault: What happens, and at which event; None counts alone.
        events: What happened so far.
        synced: Bytes of each file, by its inode, that have surely reached the disk.
    """

    root: str
    fault: Fault | None = None
    events: list[str] = field(default_factory=list)
    synced: dict[int, int] = field(default_factory=dict)
    waits: random.Random = field(default_factory=random.Random)

    def tick(self, event: str, *paths: Any) -> None:
        """Count an event, before it happens; the paths are those that the system would name.

        Raises:
            OSError: The disk refuses it.
        """
        now = len(self.events)
        self.events.append(event)
        if self.fault is None:
            return
        kind, since = self.fault.kind, now - self.fault.at
        if kind == "slow disk":
            time.sleep(self.waits.random() * 0.004)
        elif kind == "power cut" and since == 0:
            self.lose_power()
        elif 0 <= since < len(SIGNALS.get(kind, ())):
            os.kill(os.getpid(), SIGNALS[kind][since])
        elif since >= 0 and kind in REFUSALS and event != "round":
            if kind == "full disk" and event not in GROWING:
                return
            raise OSError(REFUSALS[kind], os.strerror(REFUSALS[kind]), *map(os.fspath, paths))

    def lose_power(self) -> None:
        """End, and take with it what was written and not flushed to the disk."""
        for folder, _, names in os.walk(self.root):
            for name in names:
                path = os.path.join(folder, name)
                known = self.synced.get(os.stat(path).st_ino)
                if known is not None and known < os.path.getsize(path):
                    os.truncate(path, known)
        os.kill(os.getpid(), signal.SIGKILL)

    def is_inside(self, path: Any) -> bool:
        """Whether a path, or an open folder by its number, is below the root."""
        try:
            text = os.readlink(f"/proc/self/fd/{path}") if isinstance(path, int) else path
            return os.path.abspath(os.fspath(text)).startswith(self.root)
        except (OSError, TypeError, ValueError):
            return False


def install_shim(root: Path, fault: Fault | None) -> Shim:
    """Let this process's files go through a shim, until the process ends."""
    shim = Shim(str(root.resolve()), fault)
    shim.waits.seed(fault.at if fault else 0)
    for name in ("rename", "replace", "mkdir", "unlink", "remove", "rmdir"):
        setattr(os, name, _count_calls(shim, name, getattr(os, name)))
    _watch_fsync(shim)
    _watch_os_open(shim)
    _watch_open(shim)
    from auxgen.engine.loop import Training

    play = Training.run_round

    def run_round(self: Training, batch: object) -> None:
        shim.tick("round")
        play(self, batch)

    Training.run_round = run_round
    return shim


def _count_calls(shim: Shim, event: str, call: Callable[..., Any]) -> Callable[..., Any]:
    def counted(path: Any, *rest: Any, **named: Any) -> Any:
        folder = named.get("dir_fd")
        if shim.is_inside(path if folder is None else folder):
            shim.tick("unlink" if event == "remove" else event, path)
        return call(path, *rest, **named)

    return counted


def _watch_fsync(shim: Shim) -> None:
    sync = os.fsync

    def fsync(number: int) -> None:
        if not shim.is_inside(number):
            return sync(number)
        shim.tick("fsync")  # this machine does not lose power: that it was asked for is enough
        found = os.fstat(number)
        if found.st_ino in shim.synced:
            shim.synced[found.st_ino] = found.st_size
        return None

    os.fsync = fsync


def _watch_os_open(shim: Shim) -> None:
    real = os.open

    def counted(path: Any, flags: int, *rest: Any, **named: Any) -> int:
        if flags & os.O_CREAT and shim.is_inside(path) and not os.path.exists(path):
            shim.tick("open", path)
        return real(path, flags, *rest, **named)

    os.open = counted


def _watch_open(shim: Shim) -> None:
    real = io.open

    class CountedFile(io.FileIO):
        def write(self, data: Any, /) -> int:
            view = memoryview(data).cast("B")
            half = len(view) // 2
            shim.tick("write")
            done = super().write(view[:half]) if half else 0
            shim.tick("rest")
            return (done or 0) + (super().write(view[half:]) or 0)

    def counted(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        writes = any(letter in mode for letter in "wax+")
        if not writes or isinstance(file, int) or not shim.is_inside(file):
            return real(file, mode, *rest, **named)
        shim.tick("open", file)
        raw = CountedFile(file, mode.replace("b", "").replace("t", ""))
        before = os.fstat(raw.fileno())
        shim.synced.setdefault(before.st_ino, before.st_size)
        binary = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return binary if "b" in mode else io.TextIOWrapper(binary, encoding="utf-8")

    io.open = builtins.open = counted
