"""A run that diverged begins anew from its last good checkpoint, with other options."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from laws import stage
from safetensors.torch import load_file

from auxgen.cli.main import run_command
from auxgen.errors import Diverged, InputError
from auxgen.networks.distributions import skip_argument_checks
from auxgen.runs.folder import Run
from auxgen.runs.metrics_file import MetricsFile
from auxgen.runs.new_start import find_new_start

EXPERIMENT = '''
import os
from dataclasses import replace
from laws import stage
from auxgen.engine.settings import adam

def experiment(*, seed: int = 0, lr: float = 0.01, steps: int = 12, model: str = "sdgm"):
    """A model that saves often.

    Args:
        seed: Of the run.
        lr: Learning rate.
        steps: Rounds.
        model: A method of the table of laws.
    """
    def rate(step):
        return 1e30 if lr > 0.005 and step >= 6 else 1.0
    found = stage(model, steps, save_every=0.0)
    engine = replace(found.engine, optimizers=adam(lr), learning_rate=rate)
    return {"first": stage("vae", 2), "model": replace(found, engine=engine)}
'''


@pytest.fixture(autouse=True)
def as_people_run_it() -> Iterator[None]:
    """Distributions that do not check their parameters, as outside of tests."""
    with skip_argument_checks():
        yield


@pytest.fixture
def diverged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run that diverged after step 7, at which its weights were finite and far too large."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(EXPERIMENT)
    with pytest.raises(Diverged) as told:
        train("mine.py", "--run", "old")
    batch = "old/diverged-model-8.safetensors"
    layer = "the first to fail was weight of q_a.network.maps.0 (Linear), which round 7 made so"
    command = "auxgen train --from-checkpoint old@6 --device cpu --lr 0.001 --run old-2"
    end = f"{layer}; the batch of that round is in {batch}; train with: {command}"
    assert str(told.value).endswith(end)
    assert "of stage model, which trains model, became nan in round 8, before" in str(told.value)
    kept, played = load_file(batch), stage("sdgm").batches(7, 0, 1, "cpu")
    assert kept.keys() == set(played._fields)
    assert all(kept[name].equal(getattr(played, name)) for name in kept)
    return Path("old")


def train(*words: str) -> None:
    run_command(["train", *words, "--device", "cpu"])


def list_steps(run: Path) -> list[tuple[str, int]]:
    return [(o["stage"], o["step"]) for o in MetricsFile(run / "metrics.jsonl").read_lines()]


def test_the_command_that_is_offered_trains_to_the_end(diverged: Path) -> None:
    with pytest.raises(Diverged):
        train("--resume", str(diverged))  # which helps nobody
    train("--from-checkpoint", f"{diverged}@6", "--run", "new", "--lr", "0.001")
    new, old = Run("new"), Run(diverged)
    assert new.trained_stages() == ["first", "model"]
    assert {**old.config["options"], "lr": 0.001} == new.config["options"]
    start = new.config["from_checkpoint"]
    assert (start["id"], start["stage"]) == (old.config["id"], "model")
    assert Path(start["run"]) == diverged.resolve()
    first, own = (load_file(p / "first" / "model.safetensors") for p in (diverged, Path("new")))
    assert all(first[name].equal(own[name]) for name in first)
    assert list_steps(Path("new"))[-1] == ("model", 12)
    steps = list_steps(Path("new"))
    assert len(steps) == len(set(steps))
    assert old.trained_stages() == ["first"]  # the old run is left as it is
    train("--resume", "new")


def test_the_newest_step_is_taken_unless_another_is_named(diverged: Path) -> None:
    assert find_new_start(diverged).step == 7
    assert find_new_start(f"{diverged}@6").step == 6
    with pytest.raises(InputError, match="no checkpoint of step 77 of stage model in old"):
        train("--from-checkpoint", f"{diverged}@77", "--run", "other")
    assert not Path("other").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--model", "m2"], "does not fit these options"),
        (["--steps", "3"], "give more rounds"),
        (["--seed", "1"], "seed is 1 and was 0"),
        (["--widht", "1"], "--widht"),
    ],
)
def test_options_that_cannot_change_are_refused_before_there_is_a_folder(
    words: list[str], told: str, diverged: Path
) -> None:
    with pytest.raises(InputError, match=told):
        train("--from-checkpoint", str(diverged), "--run", "new", *words)
    assert not [name for name in os.listdir() if "new" in name]


@pytest.mark.parametrize(
    "words", [["mine.py", "--from-checkpoint", "old"], ["--from-checkpoint", "old", "old"]]
)
def test_the_experiment_is_that_of_the_run(words: list[str], diverged: Path) -> None:
    del diverged
    with pytest.raises(InputError, match="the experiment is that of RUN"):
        train(*words, "--run", "new")


def harm_state(file: Path) -> None:
    state = json.loads(file.read_text())
    file.write_text(json.dumps({**state, "step": "x"}))


def harm_weights(file: Path) -> None:
    weights = file.with_name("model.safetensors")
    data = bytearray(weights.read_bytes())
    data[-3] ^= 0xFF
    weights.write_bytes(data)


@pytest.mark.parametrize("harm", [harm_state, harm_weights])
def test_a_damaged_checkpoint_is_told(harm: Callable[[Path], Any], diverged: Path) -> None:
    newest = max((diverged / "checkpoints").iterdir(), key=lambda p: int(p.name.rpartition("-")[2]))
    harm(newest / "state.json")
    with pytest.raises(InputError, match="damaged"):
        train("--from-checkpoint", str(diverged), "--run", "new", "--lr", "0.001")
    assert not Path("new").exists()
