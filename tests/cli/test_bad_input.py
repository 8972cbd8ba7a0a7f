"""Inputs of every odd kind: one sentence, exit status 2, and nothing half written."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import shutil
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli.conftest import Command, assert_refused
from filelock import FileLock
from PIL import TiffImagePlugin

from auxgen.cli.main import main
from auxgen.engine.device import Ranks
from auxgen.errors import InputError
from auxgen.runs.folder import create_run

STEPS = ("--device", "cpu", "--steps", "4")


@pytest.mark.parametrize(
    "options",
    [
        ("--n", "0"), ("--n", "-3"), ("--seed", "-1"), ("--seed", "9" * 23), ("--alpha", "nan"),
        ("--steps", "0"), ("--alpha", "-1"), ("--alpha", "inf"),
    ],
)  # fmt: skip
def test_numbers_of_a_command(
    options: tuple[str, str], auxgen: Command, run: Path, tmp_path: Path
) -> None:
    out = tmp_path / "x.csv"
    assert_refused(auxgen("sample", run, "--out", out, *options), options[0][2:])
    assert not out.exists()


@pytest.mark.parametrize(
    "options",
    [
        ("--average", "2"), ("--average", "-1"), ("--steps", "0"), ("--seed", "-1"),
        ("--seed", "9" * 23), ("--lr", "nan"), ("--batch", "0"), ("--device", "meta"),
        ("--device", "cpu:7"), ("--device", "cuda:x"), ("--test-fraction", "1"), ("--size", "0"),
    ],
)  # fmt: skip
def test_numbers_of_an_experiment_leave_no_run(
    options: tuple[str, str], auxgen: Command, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    outcome = auxgen("train", "adgm.own", "--data", tmp_path / "none.csv", "--run", run, *options)
    assert_refused(outcome)
    assert "none.csv" not in outcome.err  # told before the data are looked for
    assert not run.exists()


@pytest.mark.parametrize("name", ["", ".", "a\0b"])
def test_names_that_no_run_can_have(name: str, auxgen: Command, own: Path) -> None:
    outcome = auxgen("train", own, "--run", name, *STEPS)
    assert_refused(outcome, "--run is")


def test_names_that_look_like_markup_are_shown_as_they_are(
    auxgen: Command, run: Path, tmp_path: Path
) -> None:
    odd = tmp_path / "[bold] x [/bold] [x]"
    shutil.copytree(run, odd)
    outcome = auxgen("evaluate", odd)
    assert outcome.status == 0
    assert "[x]" in outcome.out


def write_claim(file: Path) -> None:
    """An array whose header claims more rows than there are, and than memory holds."""
    np.save(file, np.zeros((3, 6), np.float32))
    file.write_bytes(file.read_bytes().replace(b"(3, 6), ", b"(300000000, 6), ", 1))


ARRAYS: dict[str, Callable[[Path], object]] = {
    "no dimension": lambda f: np.save(f, np.float32(3)),
    "an archive": lambda f: (np.savez(f, a=np.zeros(3)), f.with_name("x.npy.npz").rename(f)),
    "objects": lambda f: np.save(f, np.array([{}], dtype=object), allow_pickle=True),
    "texts": lambda f: np.save(f, np.array(["a"])),
    "a claim": write_claim,
    "nothing": lambda f: f.write_bytes(b""),
    "text": lambda f: f.write_text("1,2"),
    "cut": lambda f: (np.save(f, np.zeros((9, 6))), f.write_bytes(f.read_bytes()[:200])),
}


@pytest.mark.parametrize("kind", ARRAYS)
def test_odd_arrays(kind: str, auxgen: Command, run: Path, tmp_path: Path) -> None:
    file, out = tmp_path / "x.npy", tmp_path / "z.csv"
    ARRAYS[kind](file)
    assert_refused(auxgen("embed", run, file, "--out", out), "x.npy")
    assert not out.exists()


DEEP, LONG = "[" * 10_000 + "]" * 10_000, "9" * 6000


@pytest.mark.parametrize("text", [DEEP, f'{{"a": {LONG}}}', "[]", "3", "", "\xff", "{", "nul"])
@pytest.mark.parametrize("name", ["run.json", "sdgm/config.json", "scores.json"])
def test_odd_json(text: str, name: str, auxgen: Command, run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(run, copied)
    (copied / name).write_text(text, encoding="latin-1")
    command = ("sample", copied, "--out", tmp_path / "x.npy")
    outcome = auxgen(*(("evaluate", copied) if name != "sdgm/config.json" else command))
    assert_refused(outcome, name.rpartition("/")[2])


SPACES: list[dict[str, Any]] = [
    {"shape": "ab"}, {"shape": [0]}, {"shape": [6.5]}, {"kept": [0, 99]}, {"kept": ["a"]},
    {"scale": "ab"}, {"scale": [1, 2, 3]}, {"scale": [0] * 6}, {"scale": [float("nan")] * 6},
    {"shift": [float("inf")] * 6}, {"columns": [1, 2]}, {"classes": "ab"}, {"classes": ["a", "a"]},
    {"classes": [1, 2, 3]}, {"classes": [["a"]]}, {"fill": {"a": 1}, "kept": [0]}, {"kind": 3},
]  # fmt: skip


@pytest.mark.parametrize("space", SPACES)
def test_odd_spaces(space: dict[str, Any], auxgen: Command, run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(run / "sdgm", copied)
    config = json.loads((copied / "config.json").read_text())
    config["space"] |= space
    (copied / "config.json").write_text(json.dumps(config))
    outcome = auxgen("sample", copied, "--out", tmp_path / "x.npy")
    assert_refused(outcome, "config.json")


@pytest.mark.parametrize(
    "change",
    [{"seed": "abc"}, {"stages": 5}, {"options": []}, {"options": {"steps": "x"}}, {"seed": None}],
)
def test_odd_run_files(change: dict[str, Any], auxgen: Command, run: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(run, copied)
    config = json.loads((copied / "run.json").read_text())
    (copied / "run.json").write_text(json.dumps(config | change))
    name = "steps is 'x'" if change == {"options": {"steps": "x"}} else "run.json"
    assert_refused(auxgen("evaluate", copied), name)


def test_damaged_scores_are_told_before_anything_is_measured(
    auxgen: Command, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(run, copied)
    (copied / "scores.json").write_text('{"scores": []}')
    monkeypatch.setattr("auxgen.runs.evaluate.measure_scores", lambda *_, **__: 1 / 0)
    assert_refused(auxgen("evaluate", copied), "scores.json has no scores by name")


def start_run(path: Path, barrier: Any, results: Any) -> None:
    barrier.wait()
    try:
        create_run(path, {"id": os.getpid(), "options": {}, "seed": 0, "stages": []}, None, Ranks())
        results.put("made")
    except InputError as error:
        results.put(str(error))


def test_of_two_starts_into_one_folder_one_succeeds_and_stays(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for turn in range(20):
        path, barrier, results = tmp_path / str(turn), context.Barrier(2), context.Queue()
        both = [context.Process(target=start_run, args=(path, barrier, results)) for _ in range(2)]
        for process in both:
            process.start()
        told = sorted(results.get(timeout=60) for _ in both)
        for process in both:
            process.join()
        assert told[1] == "made"
        assert "exists already" in told[0]
        assert (path / "run.json").exists()


def test_a_run_that_trains_is_not_trained_by_another(auxgen: Command, run: Path) -> None:
    before = (run / "metrics.jsonl").read_bytes()
    with FileLock(run / ".lock"):
        assert_refused(auxgen("train", "--resume", run), "is being trained by another process")
    assert (run / "metrics.jsonl").read_bytes() == before
    assert auxgen("train", "--resume", run).status == 0


def run_on_full_disk(args: list[str], log: Path) -> None:
    """Carry out a command where no file can be longer than 600 bytes; stderr goes to the log."""
    with log.open("w") as err:
        os.dup2(err.fileno(), 2)
        sys.stderr = err
        resource.setrlimit(resource.RLIMIT_FSIZE, (600, resource.RLIM_INFINITY))
        main(args)


@pytest.mark.parametrize(
    ("command", "out"),
    [
        ("predict", "p.csv"), ("embed", "z.csv"), ("embed", "z.npz"), ("sample", "x.npy"),
        ("sample", "x.csv"), ("sample", "x.png"), ("reconstruct", "x.csv"), ("export", "model"),
        ("report", "page.html"),
    ],
)  # fmt: skip
def test_a_full_disk_leaves_whole_files_or_none(
    command: str, out: str, run: Path, tmp_path: Path
) -> None:
    rows, target = tmp_path / "rows.npy", tmp_path / out
    np.save(rows, np.random.default_rng(0).random((200, 6)).astype(np.float32))
    args = [
        command,
        str(run),
        *([str(rows)] if command in ("predict", "embed", "reconstruct") else []),
    ]
    args += [str(target)] if command == "export" else ["--out", str(target)]
    log = tmp_path / "stderr"
    process = multiprocessing.get_context("fork").Process(target=run_on_full_disk, args=(args, log))
    process.start()
    process.join()
    told = log.read_text()
    assert process.exitcode in (1, 2), told
    assert "Traceback" not in told
    last = told.strip().splitlines()[-1]
    assert "no space is left" in last
    assert out.partition(".")[0] in last
    assert not target.exists()
    assert not list(tmp_path.rglob("*partial*"))


def test_a_batch_of_one_row_is_refused_where_batch_norm_needs_two(
    auxgen: Command, tmp_path: Path
) -> None:
    from PIL import Image

    for kind in "ab":
        (tmp_path / "data" / kind).mkdir(parents=True)
        for i in range(5):
            pixels = np.full((8, 8), 20 * i + (100 if kind == "a" else 0), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / kind / f"{i}.png")
    options = ("--data", tmp_path / "data", "--batch", "1", "--steps", "1", "--run", tmp_path / "r")
    assert_refused(auxgen("train", "adgm.own", *options), "batch is 1; 2 or more is expected")
    assert not (tmp_path / "r").exists()


def test_a_library_s_warning_is_one_line(auxgen: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def warn(args: list[str]) -> None:
        warnings.simplefilter("always")
        place = (UserWarning, TiffImagePlugin.__file__, 3)
        warnings.warn_explicit("Corrupt EXIF data.\n Expecting \x1b[2J2 bytes", *place)

    monkeypatch.setattr("auxgen.cli.main.run_command", warn)
    outcome = auxgen("predict")
    assert outcome.status == 0
    assert outcome.err.startswith("PIL: Corrupt EXIF data. Expecting ")
    assert outcome.err.count("\n") == 1
    assert "\x1b" not in outcome.err
