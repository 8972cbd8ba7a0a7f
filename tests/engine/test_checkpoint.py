"""What a checkpoint holds, in which order they are found, and what is noticed of a changed one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from laws import stage

from auxgen import files
from auxgen.engine import checkpoint
from auxgen.engine.checkpoint import (
    drop_old_checkpoints,
    find_checkpoints,
    load_checkpoint,
    read_checkpoint,
    save_checkpoint,
)
from auxgen.engine.device import Ranks
from auxgen.engine.looks import Looks
from auxgen.engine.loop import Training
from auxgen.errors import InputError, NotSaved

METHOD = "sdgm"


def train_until(step: int, seed: int = 3) -> Training:
    of = stage(METHOD)
    training = Training(of.method, of.engine, seed=seed)
    play(training, step)
    return training


def play(training: Training, step: int) -> None:
    while training.step < step:
        training.run_round(stage(METHOD).batches(training.step, 0, 1, "cpu"))


def save(folder: Path, training: Training, looks: Looks | None = None) -> Path:
    return save_checkpoint(folder, METHOD, "run", training, looks)


def load(path: Path, training: Training, looks: Looks | None = None) -> None:
    load_checkpoint(path, METHOD, "run", training, looks)


def assert_same(one: Training, other: Training) -> None:
    """Weights, averages, optimisers, position and the terms since the last line of the log."""
    for a, b in (
        (one.method.state_dict(), other.method.state_dict()),
        (one.average.means, other.average.means),
        (one.meter.sums, other.meter.sums),
    ):
        assert a.keys() == b.keys()
        assert all(torch.equal(a[name], b[name]) for name in a)
    for name, optimizer in one.optimizers.items():
        torch.testing.assert_close(
            optimizer.state_dict(), other.optimizers[name].state_dict(), rtol=0, atol=0
        )
    assert (one.step, one.meter.counts) == (other.step, other.meter.counts)


def test_training_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(tmp_path: Path) -> None:
    whole = train_until(3)
    path = save(tmp_path, whole)
    assert path.name == "sdgm-3"
    again = train_until(1)  # with weights, moments, an average and terms of its own
    load(path, again)
    assert_same(again, whole)
    for training in (whole, again):
        play(training, 5)
    assert_same(again, whole)


def test_looks_go_on_too_with_the_weights_of_the_best(tmp_path: Path) -> None:
    training, looks = train_until(1), Looks(patience=2)
    for step, loss in ((1, 3.0), (2, 1.0), (3, 2.0)):
        looks.add(step, loss, {"w": torch.tensor([float(step)])})
    again = Looks(patience=2)
    load(save(tmp_path, training, looks), train_until(0), again)
    assert again == looks


@pytest.mark.parametrize("names", [["a-9", "a-10", "a-100", "a-0"], ["a-2", "a-1"], []])
def test_checkpoints_are_found_in_the_order_of_their_steps(
    names: list[str], tmp_path: Path
) -> None:
    others = ["b-1", "a-b-7", "a-1-5", "a-", "a-x", "a-5.tmp", "a"]
    for name in (*names, *others):
        (tmp_path / name).mkdir()
    expected = sorted(int(name[2:]) for name in names)
    assert [path.name for path in find_checkpoints(tmp_path, "a")] == [f"a-{n}" for n in expected]
    assert [path.name for path in find_checkpoints(tmp_path, "a-1")] == ["a-1-5"]


def test_the_newest_two_of_a_stage_are_kept_and_all_of_others(tmp_path: Path) -> None:
    for name in ("a-9", "a-10", "a-200", "a-11", "b-1", "a-b-2"):
        (tmp_path / name).mkdir()
    drop_old_checkpoints(tmp_path, "a")
    assert {path.name for path in tmp_path.iterdir()} == {"a-11", "a-200", "b-1", "a-b-2"}


def test_a_folder_that_cannot_be_dropped_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    for step in range(3):
        (tmp_path / f"a-{step}").mkdir()
    monkeypatch.setattr(checkpoint, "remove_folder", refuse)
    with pytest.raises(NotSaved) as told:
        drop_old_checkpoints(tmp_path, "a")
    assert str(told.value) == f"{tmp_path} could not be written: permission denied."


def test_a_checkpoint_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    training = train_until(1)
    path = save(tmp_path, training)
    before = {file.name: file.stat().st_mtime_ns for file in path.iterdir()}
    with torch.no_grad():
        next(training.method.parameters()).add_(1)
    assert save(tmp_path, training) == path
    assert {file.name: file.stat().st_mtime_ns for file in path.iterdir()} == before


NAMES = ("model", "average", "optimizers", "meter")
HARM: dict[str, Callable[[Path], object]] = {
    "flipped": lambda file: file.write_bytes(file.read_bytes()[:-1] + b"\x7f"),
    "truncated": lambda file: file.write_bytes(file.read_bytes()[:-1]),
    "emptied": lambda file: file.write_bytes(b""),
    "gone": lambda file: file.unlink(),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("checkpoints"), train_until(2))


@pytest.fixture
def saved(written: Path, tmp_path: Path) -> Path:
    """A checkpoint after two rounds, to be harmed."""
    copied = tmp_path / written.name
    copied.mkdir()
    for file in written.iterdir():
        (copied / file.name).write_bytes(file.read_bytes())
    return copied


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("harm", HARM)
def test_any_changed_file_is_named_and_how_to_go_on(saved: Path, name: str, harm: str) -> None:
    file = saved / f"{name}.safetensors"
    HARM[harm](file)
    size = file.stat().st_size if file.exists() else 0
    for read in (lambda: read_checkpoint(saved), lambda: load(saved, train_until(0))):
        with pytest.raises(InputError) as told:
            read()
        assert str(told.value) == (
            f"{file} is damaged ({size} bytes whose checksum is not the one written); "
            f"remove {saved} to go on from the checkpoint before it."
        )


def test_an_undisturbed_one_is_read_whole(saved: Path) -> None:
    state, contents = read_checkpoint(saved)
    assert (state["run"], state["stage"], state["step"], state["ranks"]) == ("run", METHOD, 2, 1)
    assert set(contents) == {f"{name}.safetensors" for name in NAMES}
    assert all(data == (saved / name).read_bytes() for name, data in contents.items())


@pytest.mark.parametrize("change", [{"step": 3}, {"note": 1}, {"sha256": []}, {"sha256": None}])
def test_a_state_that_was_not_written_so_is_refused(saved: Path, change: dict[str, Any]) -> None:
    file = saved / "state.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(InputError, match=r"state.json is damaged"):
        read_checkpoint(saved)
    with pytest.raises(InputError, match=r"state.json is damaged"):
        load(saved, train_until(0))


def test_a_folder_of_another_step_is_refused(saved: Path) -> None:
    moved = saved.rename(saved.with_name("sdgm-4"))
    with pytest.raises(InputError, match=r"or its step not its folder's"):
        read_checkpoint(moved)


@pytest.mark.parametrize(
    ("stage_name", "run", "seed", "told"),
    [
        ("other", "run", 3, "its stage is 'sdgm', this run's is 'other'"),
        (METHOD, "other", 3, "its run is 'run', this run's is 'other'"),
        (METHOD, "run", 4, "its seed is 3, this run's is 4"),
    ],
)
def test_one_of_another_experiment_is_refused(
    stage_name: str, run: str, seed: int, told: str, saved: Path
) -> None:
    with pytest.raises(InputError, match=told):
        load_checkpoint(saved, stage_name, run, train_until(0, seed))


def test_another_number_of_ranks_is_refused(saved: Path) -> None:
    training = train_until(0)
    training.ranks = replace(Ranks(), size=2)
    with pytest.raises(InputError, match="was written by 1 ranks and this is a run on 2"):
        load(saved, training)


def test_earlier_versions_wrote_neither_a_meter_nor_a_checksum_of_the_state(saved: Path) -> None:
    file = saved / "state.json"
    state = json.loads(file.read_text())
    del state["meter"], state["sha256"]["meter.safetensors"], state["sha256"]["state.json"]
    file.write_text(json.dumps(state))
    (saved / "meter.safetensors").unlink()
    training, expected = train_until(0), train_until(2)
    load(saved, training)
    expected.meter.reset()
    assert_same(training, expected)


def test_what_fits_no_more_is_told_in_one_sentence(saved: Path) -> None:
    of = stage("vae")
    with pytest.raises(InputError, match="does not fit this experiment"):
        load(saved, Training(of.method, of.engine, seed=3))


def test_moments_lie_in_memory_as_their_parameter_does() -> None:
    """A fused step goes through both as they lie."""
    parameter = torch.zeros(2, 3, 4, 5).to(memory_format=torch.channels_last)
    value = torch.arange(120.0, dtype=torch.float64).view(2, 3, 4, 5)
    found = checkpoint._match_memory_format(value, parameter)
    assert found.stride() == parameter.stride() != value.stride()
    assert found.dtype == torch.float64
    assert torch.equal(found, value)
    count = torch.tensor(3.0)
    assert checkpoint._match_memory_format(count, parameter) is count
    assert checkpoint._match_memory_format(7, parameter) == 7


def test_a_full_disk_leaves_the_checkpoints_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = train_until(1)
    save(tmp_path, training)
    play(training, 2)

    def fill(folder: Path, *_: object) -> None:
        raise NotSaved(f"{folder} could not be written: no space is left.")

    monkeypatch.setattr(files, "write_folder", fill)
    with pytest.raises(NotSaved):
        save(tmp_path, training)
    assert [path.name for path in find_checkpoints(tmp_path, METHOD)] == ["sdgm-1"]
