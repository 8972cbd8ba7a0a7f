"""Two ranks that share weights train what two ranks train that each hold all of them."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
from laws import METHODS, X
from safetensors.torch import load_file
from warm import run_python

WIDE = {name: {**METHODS[name].recipe.arguments, "hidden": [300, 300]} for name in ("vae", "adgm")}
WIDE["gan"] = {"kind": "perceptrons", "sizes": {"x": X, "z": 2, "hidden": [300, 300]}}
TESTS = str(Path(__file__).parent.parent)
RANKS = ("-m", "torch.distributed.run", "--nproc-per-node", "2")
REFUSED = {"denoising_gan"}
"""Methods of the laws that use weights outside their layers."""


def torchrun(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return run_python(*RANKS, *words)


COMPARING = """
import json, sys, warnings
from dataclasses import replace
from pathlib import Path
import torch
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
import laws
from auxgen.engine import checkpoint
from auxgen.engine.device import exit_cleanly, init_ranks
from auxgen.engine.loop import Training
from auxgen.engine.shards import ShardedWeights
from auxgen.engine.weights import Weights

def sgd(player, own):
    return torch.optim.SGD(own, lr=0.05, momentum=0.9)

def begin(name, hold):
    stage = laws.stage(name)
    # as fully_shard wants it: where a row lies in memory decides which of its entries drop out
    stage.method.to(memory_format=torch.contiguous_format)
    stage = replace(stage, engine=replace(stage.engine, optimizers=sgd, average=0.9))
    how = {{"seed": 3, "ranks": here, "hold_weights": hold}}
    return stage, Training(stage.method, stage.engine, **how)

def play(stage, training, rounds):
    for _ in range(rounds):
        training.run_round(stage.batches(training.step, here.rank, 2, "cpu"))

def count_bytes(training):
    held = [p for own in training.player_parameters.values() for p in own]
    held += training.average.means.values()
    for optimizer in training.optimizers.values():
        held += [v for state in optimizer.state.values() for v in state.values()]
    gradients = [p.grad for p in training.method.parameters() if p.grad is not None]
    gradients = [getattr(g, "to_local", lambda g=g: g)() for g in gradients]
    return sum(t.numel() * t.element_size() for t in [*held, *gradients] if t is not None)

def hold_gradient(stage, training):
    # the moves of a round up to its first step, so that a gradient is there
    batch = stage.batches(training.step, here.rank, 2, "cpu")
    moves = training.method.round(batch, training.make_step_tensor())
    with training.weights.explain_errors():
        training.play_until_step(moves)

def measure_difference(one, two):
    assert one.keys() == two.keys()
    each = [(one[k].double() - two[k].double()).abs().max() for k in one if one[k].numel()]
    return max(each).item()

warnings.simplefilter("error")
found, folder = {{}}, Path({out!r})
with exit_cleanly(), init_ranks("cpu") as here:
    for name in {methods!r}:
        own = {{}}
        (stage, whole), (other, shared) = (begin(name, h) for h in (Weights, ShardedWeights))
        play(stage, whole, 3)
        play(other, shared, 3)
        means = [t.meter.compute_means() for t in (whole, shared)]
        first, second = means
        scales = {{k: max(1, abs(first[k])) for k in second}}
        own["terms"] = max(abs(first[k] - second[k]) / scales[k] for k in second)
        own["terms_left_out"] = sorted(first.keys() - second.keys())
        saved = []
        for kind, training in (("whole", whole), ("shared", shared)):
            place = folder / kind
            saved.append(checkpoint.save_checkpoint(place, name, "run", training))
        here.wait()
        again = [begin(name, hold) for hold in (ShardedWeights, Weights, ShardedWeights)]
        for (_, training), place in zip(again, (saved[1], saved[1], saved[0])):
            checkpoint.load_checkpoint(place, name, "run", training)
        for each, training in ((stage, whole), (other, shared), *again):
            play(each, training, 2)
        states = [t.weights.gather_state() for t in (whole, shared, *(t for _, t in again))]
        own["weights"] = measure_difference(*states[:2])
        own["resumed"] = measure_difference(states[1], states[2])
        own["resumed_otherwise"] = max(measure_difference(states[0], s) for s in states[3:])
        batches = [stage.batches(step, here.rank, 2, "cpu") for step in range(5, 8)]
        averaged = [t.build_averaged_method(batches).state_dict() for t in (whole, shared)]
        own["average"] = measure_difference(*averaged)
        shared.weights.restore_method(averaged[1])
        own["restored"] = measure_difference(averaged[1], other.method.state_dict())
        found[name] = own
    for name, arguments in {wide!r}.items():
        counts = []
        for hold in (Weights, ShardedWeights):
            stage, _ = begin(name, Weights)
            method = replace(stage.recipe, arguments=arguments).build()
            training = Training(method, stage.engine, seed=3, ranks=here, hold_weights=hold)
            play(stage, training, 1)
            hold_gradient(stage, training)
            counts.append(count_bytes(training))
        found["wide " + name] = counts
    if here.is_first:
        (folder / "found.json").write_text(json.dumps(found))
"""


@pytest.mark.parametrize("methods", [("adgm",), pytest.param(METHODS, marks=pytest.mark.slow)])
def test_ranks_that_share_weights_train_as_those_that_hold_all(
    methods: Iterable[str], tmp_path: Path
) -> None:
    """By SGD, since Adam makes steps of rounding where a gradient is zero but for rounding."""
    probe, names = tmp_path / "probe.py", [name for name in methods if name not in REFUSED]
    wide = {name: arguments for name, arguments in WIDE.items() if name in names}
    probe.write_text(COMPARING.format(tests=TESTS, out=str(tmp_path), methods=names, wide=wide))
    done = run_python(*RANKS, probe, limit=None)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    for name in wide:  # where biases and batch norm, which are not shared, are few
        whole, shared = found.pop(f"wide {name}")
        assert shared < 0.52 * whole, name
    assert list(found) == names
    for name, own in found.items():
        assert own["weights"] < 1e-4, name
        assert own["average"] < 1e-3, name
        assert own["terms"] < 1e-4, name
        assert all(term.startswith("share/") for term in own["terms_left_out"]), name
        assert own["resumed"] == 0, name
        assert own["resumed_otherwise"] < 1e-4, name
        assert own["restored"] == 0, name


EXPERIMENT = """
import os, signal, sys
from dataclasses import replace
import torch
torch.set_num_threads(1)
sys.path.insert(0, {tests!r})
import laws

class Ending:
    def __init__(self, batches):
        self.batches = batches

    def __call__(self, step, rank, ranks, device):
        if step == 3 and rank == 1 and os.environ.get("END"):
            os.kill(os.getpid(), int(os.environ["END"]))
        return self.batches(step, rank, ranks, device)

def sgd(player, own):
    return torch.optim.SGD(own, lr=0.05, momentum=0.9)

def experiment(*, seed: int = 0, method: str = "sdgm", steps: int = 8):
    stage = laws.stage(method, steps)
    engine = replace(stage.engine, optimizers=sgd, log_every=2)
    return {{"stage": replace(stage, batches=Ending(stage.batches), engine=engine)}}
"""
TRAIN = ("-m", "--", "auxgen", "train")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "mine.py"
    made.write_text(EXPERIMENT.format(tests=TESTS))
    return made


def measure_difference(one: Path, two: Path) -> float:
    first, second = (load_file(run / "stage" / "model.safetensors") for run in (one, two))
    assert first.keys() == second.keys()
    return max((first[n].double() - second[n].double()).abs().max().item() for n in first)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["--shard-weights"], []),
        pytest.param([], ["--shard-weights"], marks=pytest.mark.slow),
    ],
)
def test_the_command_stops_and_goes_on_with_shared_weights_and_without(
    before: list[str],
    after: list[str],
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole, run = tmp_path / "whole", tmp_path / "run"
    done = torchrun(*TRAIN, file, "--run", whole)
    assert done.returncode == 0, done.stderr
    with monkeypatch.context() as patch:
        patch.setenv("END", str(int(signal.SIGTERM)))
        stopped = torchrun(*TRAIN, file, "--run", run, *before)
    assert f"auxgen train --resume {run}" in stopped.stderr
    done = torchrun(*TRAIN, "--resume", run, *after)
    assert done.returncode == 0, done.stderr
    assert measure_difference(whole, run) < 1e-5
    assert json.loads((run / "run.json").read_text()).get("shard_weights", False) is bool(before)


def test_a_lost_rank_and_weights_that_are_used_elsewhere_are_told(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = (*TRAIN, file, "--shard-weights", "--run")
    done = torchrun(*words, tmp_path / "own", "--method", "denoising_gan")
    told = "HistoricalAveraging uses weights outside their layers, where a rank has its own rows"
    assert done.returncode != 0
    assert done.stderr.count(told) == 1
    monkeypatch.setenv("END", str(int(signal.SIGKILL)))
    done = torchrun(*words, tmp_path / "lost")
    assert done.returncode != 0
    assert "Another rank has ended before its time" in done.stderr
    assert 'auxgen/cli/main.py", line' not in done.stderr
