"""Files while they are written: whole or not there, and what killed processes left of them."""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

Content = bytes | Callable[[BinaryIO], object]
"""What a file holds: its bytes, or a function that writes them to an open file."""
PARTIAL = ".partial"
"""Ending of a file that is being written; before it stands the number of the process."""
LEFTOVER_SECONDS = 3600
"""After so long without a write, a partial file of a process that is gone is a leftover."""


def replace_file(file: Path, content: Content) -> None:
    """Write a file beside the one of this name, then put it in its place.

    Raises:
        OSError: The device is full or refuses; an earlier file of this name is untouched.
    """
    # Two processes that write the same file do not write into each other's temporary file
    temporary = file.with_name(f".{file.name}.{os.getpid()}{PARTIAL}")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        write_to_disk(temporary, content)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(file.parent)


def write_to_disk(file: Path, content: Content) -> None:
    """Write a file, and wait until the disk has it."""
    with file.open("wb") as out:
        if isinstance(content, bytes):
            out.write(content)
        else:
            content(out)
        out.flush()
        os.fsync(out.fileno())


def sync_folder(folder: Path) -> None:
    """Make sure that renames within the folder reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep_leftovers(folder: Path, stem: str) -> None:
    """Delete what killed processes left half written in a folder, under the lock of files `stem`.

    Of these files nobody else writes now. Others may be written on another machine that shares the
    folder, whose processes have numbers that mean nothing here; these change all the time.
    """
    for path in folder.glob(f".*{PARTIAL}"):
        number = path.name.removesuffix(PARTIAL).rpartition(".")[2]
        with contextlib.suppress(OSError):
            own = path.name.startswith(f".{stem}")
            old = time.time() - path.stat().st_mtime > LEFTOVER_SECONDS
            if own or (old and number.isdecimal() and not _is_running(int(number))):
                path.unlink()


def _is_running(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another person's
        return True
    return True
