"""Two processes that train one model end bit-equal, and stop and go on like one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from laws import METHODS, SAMPLE
from safetensors.torch import load_file
from warm import run_python

from auxgen.data.samplers import BalancedSampler, ShuffledSampler

LAWS = Path(__file__).parent.parent / "laws.py"

PROBE = """
import sys
from pathlib import Path
import torch
import torch.distributed as dist
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
from laws import METHODS, experiment
from auxgen.engine.device import exit_cleanly, init_ranks
from auxgen.launch import train
with exit_cleanly(), init_ranks("cpu") as here:
    for method in {methods!r}:
        stages = experiment(method=method)
        train(stages, run=Path({out!r}) / method, device="cpu", quiet=True)
        own = torch.cat([t.flatten().double() for t in stages[method].method.state_dict().values()])
        both = [torch.empty_like(own) for _ in range(2)]
        dist.all_gather(both, own)
        assert torch.equal(*both), method
    if here.is_first:
        print("bit-equal")
"""


RANKS = ("-m", "torch.distributed.run", "--nproc-per-node", "2")


def torchrun(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run_python(*RANKS, *arguments)


@pytest.mark.parametrize("methods", [SAMPLE, pytest.param(METHODS, marks=pytest.mark.slow)])
def test_every_method_ends_bit_equal_on_two_ranks_buffers_included(
    methods: Iterable[str], tmp_path: Path
) -> None:
    probe = tmp_path / "probe.py"
    probe.write_text(
        PROBE.format(tests=str(LAWS.parent), methods=list(methods), out=str(tmp_path / "runs"))
    )
    done = torchrun(str(probe))
    assert done.returncode == 0, done.stderr
    assert "bit-equal" in done.stdout


STOPPING = """
import os, signal, sys
from dataclasses import replace
import torch
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
import laws

class Stopping:
    def __init__(self, batches):
        self.batches = batches

    def __call__(self, step, rank, ranks, device):
        if step == 3 and rank == 1 and os.environ.get("STOP"):
            signal.raise_signal(signal.SIGTERM)
        return self.batches(step, rank, ranks, device)

def experiment(*, seed: int = 0, steps: int = 8):
    stage = laws.stage("sdgm", steps)
    return {{"sdgm": replace(stage, batches=Stopping(stage.batches))}}
"""


def test_the_command_on_two_ranks_stops_and_goes_on_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One rank hears the signal; both save and stop, and rank 0 alone writes."""
    file, whole, part = (tmp_path / name for name in ("mine.py", "whole", "part"))
    file.write_text(STOPPING.format(tests=str(LAWS.parent)))
    command = ("-m", "--", "auxgen", "train")
    asked = [sys.executable, *RANKS, *command, str(file), "--run", str(whole)]
    cold = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=300)
    assert cold.returncode == 0, cold.stderr
    with monkeypatch.context() as patch:
        patch.setenv("STOP", "1")
        stopped = torchrun(*command, str(file), "--run", str(part))
    assert stopped.returncode != 0
    assert f"auxgen train --resume {part}" in stopped.stderr
    assert [p.name for p in (part / "checkpoints").iterdir()] == ["sdgm-4"]
    done = torchrun(*command, "--resume", str(part))
    assert done.returncode == 0, done.stderr
    first, second = (load_file(run / "sdgm" / "model.safetensors") for run in (whole, part))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


DYING = """
import os, signal, sys
from dataclasses import replace
import torch
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
import laws

class Dying:
    def __init__(self, batches):
        self.batches = batches

    def __call__(self, step, rank, ranks, device):
        dies = os.environ.get("DIE") and os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
        if step == 5 and rank == 1 and dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return self.batches(step, rank, ranks, device)

def experiment(*, seed: int = 0, steps: int = 8):
    stage = laws.stage("sdgm", steps)
    engine = replace(stage.engine, save_every=0.0, log_every=2)
    return {{"sdgm": replace(stage, batches=Dying(stage.batches), engine=engine)}}
"""


def test_a_rank_that_is_killed_is_told_and_torchrun_goes_on_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, whole, lost, again = (tmp_path / name for name in ("mine.py", "whole", "lost", "again"))
    file.write_text(DYING.format(tests=str(LAWS.parent)))
    command = ("-m", "--", "auxgen", "train", str(file), "--run")
    done = torchrun(*command, str(whole))
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("DIE", "1")
    done = torchrun(*command, str(lost))
    assert done.returncode != 0
    told = "Another rank has ended before its time; continue with as many ranks: auxgen train"
    assert f"{told} --resume {lost}." in done.stderr
    done = torchrun("--max-restarts", "1", *command, str(again))
    assert done.returncode == 0, done.stderr
    monkeypatch.delenv("DIE")
    done = torchrun("-m", "--", "auxgen", "train", "--resume", str(lost))
    assert done.returncode == 0, done.stderr
    expected = load_file(whole / "sdgm" / "model.safetensors")
    for run in (lost, again):
        found = load_file(run / "sdgm" / "model.safetensors")
        assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize(("rows", "batch", "ranks"), [(10, 3, 2), (12, 4, 1), (7, 5, 3), (6, 2, 3)])
def test_an_epoch_of_the_sharded_stream_loses_and_doubles_no_row(
    rows: int, batch: int, ranks: int
) -> None:
    stream = ShuffledSampler(rows, batch, seed=3)
    steps = rows * 4 // (batch * ranks) + 2
    seen = torch.cat([stream(step, r, ranks) for step in range(steps) for r in range(ranks)])
    for epoch in range(4):
        own = seen[epoch * rows : (epoch + 1) * rows]
        assert own.sort().values.tolist() == list(range(rows))


def test_labelled_rows_are_all_in_every_batch_when_they_fit() -> None:
    rows = BalancedSampler(torch.tensor([0, 1, 1]), batch=3, seed=0)
    assert all(rows(step, rank, 2).tolist() == [0, 1, 2] for step in range(3) for rank in range(2))


def test_labelled_rows_that_do_not_fit_are_balanced_over_classes() -> None:
    y = torch.tensor([0] * 20 + [1] * 5 + [2] * 10)
    rows = BalancedSampler(y, batch=6, seed=0)
    for step in range(5):
        assert y[rows(step)].bincount().tolist() == [2, 2, 2]
    odd = BalancedSampler(y, batch=4, seed=0)
    counts = torch.stack([y[odd(step)].bincount(minlength=3) for step in range(6)])
    assert counts.sum(1).eq(4).all()
    assert counts.sum(0).tolist() == [8, 8, 8]
