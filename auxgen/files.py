"""Writing so that nobody sees half a file, and reading so that a bad one is told in a sentence."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from .errors import InputError, NotSaved


def pack_tensors(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors in the safetensors format; aliases are written once for each name."""
    return save({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()})


def unpack_tensors(data: bytes, file: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file's content.

    Raises:
        InputError: It is not one, or is cut short.
    """
    try:
        return load(data)
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{file} is not a whole safetensors file: {error}.") from error


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """All of the files, flushed, under a temporary name, then renamed; a folder there is replaced.

    Raises:
        NotSaved: The device is full or refuses; what was there before is untouched.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, data in files.items():
            with (partial / name).open("wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
        if folder.exists():
            shutil.rmtree(folder)
        partial.rename(folder)
        _sync_folder(folder.parent)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        size = sum(map(len, files.values())) / 2**20
        raise make_save_error(folder, size, error) from error


def _sync_folder(folder: Path) -> None:
    """Renames within the folder reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_save_error(path: Path, megabytes: float, error: OSError) -> NotSaved:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    why = "no space is left on the device" if full else str(error.strerror or error)
    return NotSaved(f"{path} ({megabytes:.1f} MB) could not be written: {why}.")


def write_text_file(file: Path, text: str) -> None:
    """Replace a file's text in one step.

    Raises:
        NotSaved: The device is full or refuses; what was there before is untouched.
    """
    partial = file.with_name(f".{file.name}.partial")
    try:
        partial.write_text(text)
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise make_save_error(file, len(text) / 2**20, error) from error


def read_json(file: Path, what: str) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        InputError: There is no such file, or it holds none.
    """
    try:
        found = json.loads(file.read_text())
    except FileNotFoundError as error:
        raise InputError(f"{file.parent} is no {what}: it has no {file.name}.") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not JSON as a {what} has it: {error}.") from error
    if not isinstance(found, dict):
        raise InputError(f"{file} holds no JSON object, as a {what} has it.")
    return found


def compute_checksum(data: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def encode_json(value: Mapping[str, Any]) -> bytes:
    """JSON for people to read."""
    return json.dumps(value, indent=2, default=_reject_value).encode()


def _reject_value(value: object) -> str:
    raise InputError(f"{value!r} cannot be written as JSON; plain numbers, text and lists can.")
