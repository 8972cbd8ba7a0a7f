"""Whole files or none when writing, one-sentence errors when reading, and files kept in a cache."""

import errno
import hashlib
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from .errors import InputError, NotSaved
from .partial_files import Content, create_folder, replace_file, sweep_leftovers

T = TypeVar("T")


def write_file(file: Path, content: Content) -> Path:
    """Write a whole file in one step, and return its path.

    The content goes to a temporary file in the same folder, is flushed to the disk and renamed, so
    that nobody sees half a file, not even after a crash. Missing folders are made.

    Raises:
        NotSaved: The device is full or refuses; an earlier file of this name is untouched.
    """
    try:
        replace_file(file, content)
    except OSError as error:
        size = len(content) if isinstance(content, bytes) else 0
        raise make_save_error(file, size / 2**20, error) from error
    return file


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder of files in one step; a folder of this name is replaced.

    Raises:
        NotSaved: The device is full or refuses; an earlier folder of this name is untouched.
    """
    try:
        create_folder(folder, files, replaces=True)
    except OSError as error:
        raise make_save_error(folder, sum(map(len, files.values())) / 2**20, error) from error


def make_exists_error(folder: Path) -> InputError:
    """The error for a folder that should be new and is there."""
    return InputError(f"{folder} exists already; expected a new folder.")


def make_save_error(path: Path, megabytes: float, error: OSError) -> NotSaved:
    """The error for a file or folder that could not be written, with its size and the reason."""
    size = f" ({megabytes:.1f} MB)" if megabytes >= 0.05 else ""
    return NotSaved(f"{path}{size} could not be written: {describe_os_error(error)}.")


def describe_os_error(error: OSError) -> str:
    """The reason that the system gives, in words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "no space is left"
    if isinstance(error, FileExistsError):  # where a folder has to be made
        return f"{error.filename} is not a folder"
    return (error.strerror or str(error)).lower()


def pack_tensors(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors in the safetensors format; tensors that share memory are written once per name."""
    return save({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()})


def unpack_tensors(data: bytes, file: Path) -> dict[str, Tensor]:
    """The tensors in the content of a safetensors file.

    Raises:
        InputError: The content has another format, or is truncated.
    """
    try:
        return load(data)
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise InputError(f"{file} is not a whole safetensors file: {error}.") from error


def read_json(file: Path, what: str) -> dict[str, Any]:
    """The JSON object in a file; errors say what its folder should be, such as "run".

    Raises:
        InputError: There is no such file, or it holds no JSON object.
    """
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"{file.parent} is no {what}: it has no {file.name}.") from error
    except (ValueError, RecursionError) as error:  # also of numbers with too many digits
        raise InputError(f"{file} is not JSON as a {what} has it: {error}.") from error
    if not isinstance(found, dict):
        raise InputError(f"{file} holds no JSON object, as a {what} has it.")
    return found


def encode_json(value: Mapping[str, Any]) -> bytes:
    """JSON with line breaks, for people to read."""

    def reject(value: object) -> str:
        raise InputError(f"{value!r} cannot be written as JSON; plain numbers, text and lists can.")

    return json.dumps(value, indent=2, default=reject).encode()


def compute_checksum(data: bytes) -> str:
    """SHA-256, hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def compute_digest(*words: object) -> str:
    """A short digest of the words' text, hexadecimal."""
    return hashlib.blake2b(json.dumps([str(w) for w in words]).encode(), digest_size=8).hexdigest()


def get_cache_folder() -> Path:
    """AUXGEN_CACHE, or ~/.cache/auxgen."""
    return Path(os.environ.get("AUXGEN_CACHE") or "~/.cache/auxgen").expanduser()


@dataclass(frozen=True)
class CacheFile:
    """A safetensors file in the cache, named by all that its content depends on.

    Attributes:
        label: For people who look into the folder.
        words: What the content depends on; the version of the file's format is one of them.
        state: The state of the source, where the content is that of a source that may change: a
            file of a new state replaces those of older states.
        folder: A folder in the cache.
    """

    label: str
    words: tuple[object, ...]
    state: str = ""
    folder: str = ""

    @property
    def stem(self) -> str:
        """The file's name without its state."""
        label = re.sub(r"[^A-Za-z0-9_.-]+", "_", self.label)[-60:].strip("_")
        return f"{label}-{compute_digest(*self.words)}"

    @property
    def path(self) -> Path:
        """Where the file is."""
        name = f"{self.stem}-{self.state}" if self.state else self.stem
        return get_cache_folder() / self.folder / f"{name}.safetensors"

    def list_states(self) -> list[Path]:
        """The files of all states that are there, the newest first."""
        found = self.path.parent.glob(f"{self.stem}-*.safetensors")
        return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def load_or_create(
    file: CacheFile, load: Callable[[Path], T | None], create: Callable[[], Content], *, what: str
) -> T:
    """The content of a file in the cache, which is created first where it is not there.

    Other processes that need the same file wait until it is whole.

    Args:
        file: Where it is.
        load: Reads it; None if it is missing, damaged or not the one that the words describe.
        create: Makes its content.
        what: What the file holds, for the message of an error.

    Raises:
        NotSaved: The cache cannot be written.
    """
    path = file.path
    found = load(path)
    if found is not None:
        return found
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{file.stem}.lock")):
            found = load(path)
            if found is None:
                sweep_leftovers(path.parent, file.stem)
                replace_file(path, create())
                found = load(path)
                for older in file.list_states() if file.state else ():
                    if older != path:
                        older.unlink(missing_ok=True)
        if found is None:
            raise OSError(f"{path.name} was written but cannot be read")
    except NotSaved:  # of a file that `create` needs
        raise
    except OSError as error:
        way_out = "set AUXGEN_CACHE to a folder with room"
        raise NotSaved(
            f"{what} cannot be written to {path.parent} ({error}); {way_out}."
        ) from error
    return found
