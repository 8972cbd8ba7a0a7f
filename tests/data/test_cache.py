"""The cache of decoded pictures: what has changed is noticed, what is damaged is made again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from auxgen.data import user
from auxgen.data.dataset import Dataset
from auxgen.partial_files import LEFTOVER_SECONDS


def put(file: Path, value: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((3, 3), value, np.uint8)).save(file, compress_level=0)


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    for i, name in enumerate(("a/1.png", "a/2.png", "b/1.png", "test.txt")):
        if name.endswith("png"):
            put(tmp_path / "zoo" / name, i + 100)
    return tmp_path / "zoo"


def is_same(first: Dataset, second: Dataset) -> bool:
    assert first.frame == second.frame
    assert first.notes == second.notes
    return first.fingerprint == second.fingerprint and torch.equal(first.x, second.x)


def get_only_file(cache: Path) -> Path:
    (file,) = cache.glob("*.safetensors")
    return file


def test_any_changed_byte_of_a_cached_file_is_noticed(zoo: Path, cache: Path) -> None:
    """Also those of labels, names, frame and notes; but for spaces that pad the header."""
    first = user.load_image_folder(zoo)
    file = get_only_file(cache)
    whole = file.read_bytes()
    header = whole.rindex(b"}", 0, len(whole) - 27 - 24) + 1
    for place in [*range(0, header, 7), *range(len(whole) - 27 - 24, len(whole))]:
        changed = bytearray(whole)
        changed[place] ^= 1
        file.write_bytes(changed)
        assert is_same(user.load_image_folder(zoo), first), place
        assert file.read_bytes() == whole, place


def test_a_picture_of_equal_size_and_time_is_noticed(zoo: Path) -> None:
    first = user.load_image_folder(zoo)
    for name, value in (("a/1.png", 77), ("b/1.png", 88)):
        before = (zoo / name).stat()
        put(zoo / name, value)
        os.utime(zoo / name, ns=(before.st_atime_ns, before.st_mtime_ns))
        after = (zoo / name).stat()
        assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        second = user.load_image_folder(zoo)
        assert not is_same(second, first)
        assert value in second.x
        first = second


def test_two_pictures_that_change_places_are_noticed(zoo: Path) -> None:
    first = user.load_image_folder(zoo)
    (zoo / "a" / "1.png").rename(zoo / "x")
    (zoo / "b" / "1.png").rename(zoo / "a" / "1.png")
    (zoo / "x").rename(zoo / "b" / "1.png")
    assert not is_same(user.load_image_folder(zoo), first)


def test_what_killed_processes_left_is_swept(zoo: Path, cache: Path) -> None:
    user.load_image_folder(zoo)
    file, dead = get_only_file(cache), 2**22 + 1  # no process has this number
    old = time.time() - 2 * LEFTOVER_SECONDS
    made = {
        "own": (cache / f".{file.name}.{dead}.partial", None, False),
        "old": (cache / f".other.safetensors.{dead}.partial", old, False),
        "fresh": (cache / f".other.safetensors.{dead + 1}.partial", None, True),
        "alive": (cache / f".other.safetensors.{os.getpid()}.partial", old, True),
        "strange": (cache / ".other.partial", old, True),
    }
    for path, moment, _ in made.values():
        path.touch()
        if moment is not None:
            os.utime(path, (moment, moment))
    put(zoo / "b" / "2.png", 9)
    user.load_image_folder(zoo)
    assert {name: path.exists() for name, (path, _, _) in made.items()} == {
        name: stays for name, (_, _, stays) in made.items()
    }
