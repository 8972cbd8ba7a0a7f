"""Files are whole or not there, and the cache makes each file once."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import BinaryIO

import pytest

from auxgen.errors import NotSaved
from auxgen.files import CacheFile, load_or_create, write_file, write_folder
from auxgen.partial_files import LEFTOVER_SECONDS, MACHINE, create_folder


def list_names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half_a_file(file: BinaryIO) -> None:
    file.write(b"half")
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    file = tmp_path / "new" / "text"
    assert write_file(file, b"one") == file
    assert write_file(file, lambda out: out.write(b"two")) == file
    assert file.read_bytes() == b"two"
    assert list_names(file.parent) == ["text"]


def test_a_file_that_cannot_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "text"
    write_file(file, b"whole")
    with pytest.raises(NotSaved, match="text could not be written: no space is left"):
        write_file(file, write_half_a_file)
    assert file.read_bytes() == b"whole"
    assert list_names(tmp_path) == ["text"]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    write_folder(tmp_path / "model", {"a": b"1", "b": b"2"})
    write_folder(tmp_path / "model", {"c": b"3"})
    assert list_names(tmp_path) == ["model"]
    assert list_names(tmp_path / "model") == ["c"]


def test_what_killed_processes_left_is_swept_by_the_next_write(tmp_path: Path) -> None:
    dead, old = 2**22 + 1, time.time() - 2 * LEFTOVER_SECONDS  # no process has this number
    other = "0" * 8 if MACHINE != "0" * 8 else "1" * 8
    stays = {
        f".text.{MACHINE}-{dead}-0.partial": False,
        f".model.{MACHINE}-{dead}-1.partial/": False,
        f".text.{MACHINE}-{os.getpid()}-0.partial": True,
        f".text.{other}-{dead}-0.partial": True,
        f".text.{other}-{dead}-1.partial": False,
        ".text.partial": True,
        f".text.{dead}.partial": True,
        "text.partial": True,
    }
    for name in stays:
        path = tmp_path / name
        if name.endswith("/"):
            path.mkdir()
            (path / "half").touch()
        else:
            path.touch()
        if name.endswith("-1.partial"):
            os.utime(path, (old, old))
    write_file(tmp_path / "text", b"whole")
    assert {name: (tmp_path / name).exists() for name in stays} == stays
    assert (tmp_path / "text").read_bytes() == b"whole"


def test_of_two_that_make_a_folder_one_succeeds(tmp_path: Path) -> None:
    create_folder(tmp_path / "run", {"a": b"1"}, ("empty",))
    with pytest.raises(OSError, match="run"):
        create_folder(tmp_path / "run", {"b": b"2"})
    assert list_names(tmp_path) == ["run"]
    assert list_names(tmp_path / "run") == ["a", "empty"]


def test_a_file_may_have_the_longest_name_that_there_is(tmp_path: Path) -> None:
    file = tmp_path / ("é" * 127)
    assert write_file(file, b"whole").read_bytes() == b"whole"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AUXGEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def load_text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def test_a_file_of_the_cache_is_made_once_for_all_that_it_depends_on(cache: Path) -> None:
    def get(text: str, *words: object) -> str:
        file = CacheFile("my file/1", words, folder="room")
        return load_or_create(file, load_text, text.encode, what="Text")

    assert get("one", 1, "a") == get("two", 1, "a") == "one"
    assert get("three", 2, "a") == "three"
    kept = [name for name in list_names(cache / "room") if not name.startswith(".")]
    assert len(kept) == 2
    assert all(name.startswith("my_file_1-") for name in kept)


def test_a_new_state_replaces_older_ones(cache: Path) -> None:
    for state in ("old", "new"):
        file = CacheFile("set", (1,), state)
        assert load_or_create(file, load_text, state.encode, what="Text") == state
        assert file.list_states() == [file.path]
    assert len([path for path in cache.iterdir() if path.suffix == ".safetensors"]) == 1


@pytest.mark.usefixtures("cache")
def test_a_cache_that_cannot_be_written_names_its_setting() -> None:
    with pytest.raises(NotSaved, match="set AUXGEN_CACHE to a folder with room"):
        load_or_create(CacheFile("x", (1,)), load_text, lambda: write_half_a_file, what="Text")
