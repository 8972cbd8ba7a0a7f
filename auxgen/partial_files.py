"""Files and folders while they are written: whole or not there, and what killed processes left."""

import os
import platform
import re
import shutil
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO

Content = bytes | Callable[[BinaryIO], object]
"""What a file holds: its bytes, or a function that writes them to an open file."""
PARTIAL = ".partial"
"""Ending of what is being written or removed; before it stand machine, process and a number."""
LEFTOVER_SECONDS = 3600
"""After so long without a write, what a process of another machine was writing is a leftover."""
MACHINE = f"{zlib.crc32(platform.node().encode()):08x}"
"""This machine among those that share a folder: the numbers of processes mean something here."""

_MADE = re.compile(rf"\.([0-9a-f]{{8}})-(\d+)-\d+{re.escape(PARTIAL)}$")
_MADE_BEFORE_0_2 = re.compile(rf"\.(\d+){re.escape(PARTIAL)}$")
_numbers = count()
_swept: set[Path] = set()
"""Folders whose leftovers this process has deleted."""


@contextmanager
def _reserve_partial(path: Path) -> Iterator[Path]:
    """A name beside a file or folder, which nobody else has; what still has it then is deleted.

    Leftovers of killed processes in the same folder go first.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.parent.resolve() not in _swept:
        sweep_leftovers(path.parent)
        _swept.add(path.parent.resolve())
    made_by = f"{MACHINE}-{os.getpid()}-{next(_numbers)}"
    partial = path.with_name(f".{path.name[:40]}.{made_by}{PARTIAL}")
    try:
        yield partial
    finally:
        with suppress(OSError):  # what made the writing fail is told
            _delete(partial)


def replace_file(file: Path, content: Content) -> None:
    """Write a file beside the one of this name, then put it in its place.

    Raises:
        OSError: The device is full or refuses; an earlier file of this name is untouched.
    """
    with _reserve_partial(file) as partial:
        _write_to_disk(partial, content)
        partial.replace(file)
    sync_to_disk(file.parent)


def create_folder(
    folder: Path,
    files: Mapping[str, bytes],
    subfolders: tuple[str, ...] = (),
    *,
    replaces: bool = False,
) -> None:
    """Write a folder of files beside its place, then give it its name.

    Args:
        folder: The folder.
        files: Contents by name, or by path in the folder.
        subfolders: Names of empty folders in it.
        replaces: Whether an earlier folder of this name is removed just before that.

    Raises:
        OSError: The device is full or refuses, or there is a folder of this name that is not empty
            and stays; of several processes that make a folder at once, one alone succeeds.
    """
    with _reserve_partial(folder) as partial:
        partial.mkdir()
        for name in subfolders:
            (partial / name).mkdir()
        for name, data in files.items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            _write_to_disk(partial / name, data)
        if replaces and folder.exists():
            remove_folder(folder)
        partial.rename(folder)
    sync_to_disk(folder.parent)


def remove_folder(folder: Path) -> None:
    """Delete a folder in one step: it has lost its name before it loses its files.

    Raises:
        OSError: The device refuses.
    """
    with _reserve_partial(folder) as partial:
        folder.rename(partial)


def _write_to_disk(file: Path, content: Content) -> None:
    """Write a file, and wait until the disk has it."""
    with file.open("wb") as out:
        if isinstance(content, bytes):
            out.write(content)
        else:
            content(out)
        out.flush()
        os.fsync(out.fileno())


def sync_to_disk(path: Path) -> None:
    """Wait until the disk has what was renamed within a folder, or added to a file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep_leftovers(folder: Path, stem: str = "") -> None:
    """Delete what killed processes left half written or half removed in a folder.

    Args:
        folder: The folder.
        stem: Whose lock the caller holds, if any: of files `stem` nobody else writes now. With it
            files that versions before 0.2 left are deleted, too.
    """
    for path in folder.glob(f".*{PARTIAL}"):
        with suppress(OSError):
            own = stem != "" and path.name.startswith(f".{stem}")
            if own or _is_leftover(path, stem != ""):
                _delete(path)


def _is_leftover(path: Path, any_version: bool) -> bool:
    """Whether who was writing this is gone.

    Of another machine that shares the folder only the time is known: what it writes changes all
    the time.
    """
    made, made_before = _MADE.search(path.name), _MADE_BEFORE_0_2.search(path.name)
    if made and made[1] == MACHINE:
        return not _is_running(int(made[2]))
    is_old = time.time() - path.stat().st_mtime > LEFTOVER_SECONDS
    if made:
        return is_old
    return bool(any_version and made_before and is_old and not _is_running(int(made_before[1])))


def _delete(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it is another person's
        return True
    return True
