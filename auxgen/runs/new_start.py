"""A new run that begins at a checkpoint of another one, with other options."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..engine import checkpoint
from ..engine.device import Ranks
from ..errors import InputError, list_first
from ..files import unpack_tensors
from ..rng import derive_seed
from ..stage import Experiment
from .datasets import check_data_unchanged
from .folder import Run
from .metrics_file import MetricsFile

MAY_CHANGE = "learning rates, weights of terms, steps, epochs, batch and precision may change"
"""What a new start is for, in words."""


@dataclass(frozen=True)
class NewStart:
    """A checkpoint of a run, from which another run begins.

    Attributes:
        run: The run that has it.
        folder: The checkpoint.
        stage: Name of its stage; the stages before it are trained.
        step: Rounds that were played.
    """

    run: Run
    folder: Path
    stage: str
    step: int

    def describe(self) -> dict[str, Any]:
        """What run.json of the new run says of it."""
        run = str(self.run.path.resolve())
        return {"run": run, "id": self.run.config["id"], "stage": self.stage, "step": self.step}


def find_new_start(place: str | Path) -> NewStart:
    """The checkpoint that RUN@STEP names, or the newest one of RUN.

    It is one of the stage in progress, or of the last one if all are trained.

    Raises:
        InputError: There is no such run, or no such checkpoint.
    """
    text = str(place)
    path, at, step = text.rpartition("@")
    if not at or Path(text).exists():
        path, step = text, ""
    run = Run(path)
    trained, stages = run.trained_stages(), run.config["stages"]
    stage = next((name for name in stages if name not in trained), stages[-1])
    found = checkpoint.find_checkpoints(run.path / "checkpoints", stage)
    chosen = [each for each in found if step in ("", each.name.rpartition("-")[2])]
    if not chosen:
        steps = list_first(each.name.rpartition("-")[2] for each in found)
        there = f"has those of steps {steps}" if found else "has none; train a new run"
        what = f"checkpoint of step {step}" if step else "checkpoint"
        raise InputError(f"There is no {what} of stage {stage} in {run.path}, which {there}.")
    return NewStart(run, chosen[-1], stage, int(chosen[-1].name.rpartition("-")[2]))


def collect_start_files(
    start: NewStart, config: Mapping[str, Any], stages: Experiment, ranks: Ranks
) -> dict[str, bytes]:
    """What the new run's folder has from the other run, by path: checkpoint, log, trained stages.

    Args:
        start: Where the run begins.
        config: What its run.json will hold.
        stages: Its stages, built with the new options.
        ranks: The processes that train it.

    Raises:
        InputError: The checkpoint does not fit the new options or the data, or is damaged.
    """
    run, stage, old = start.run, start.stage, start.run.config
    check_data_unchanged(run.path, old.get("datasets", {}), stages)
    for what in ("seed", "stages"):
        if old.get(what) != config.get(what):
            raise InputError(
                f"{what} is {config.get(what)!r} and was {old.get(what)!r} in {run.path}; of a new "
                f"start {MAY_CHANGE}."
            )
    steps = stages[stage].engine.steps
    if start.step >= steps:
        raise InputError(
            f"{start.folder} is at step {start.step} of {steps}; give more rounds, or a checkpoint "
            "of an earlier step."
        )
    state, found = checkpoint.read_checkpoint(start.folder)
    if state.get("ranks") != ranks.size:
        raise InputError(
            f"{start.folder} was written by {state.get('ranks')} ranks and this is a run on "
            f"{ranks.size}; start with the same number."
        )
    _check_fits(start, state, found["model.safetensors"], stages)
    before = config["stages"][: config["stages"].index(stage)]
    state |= {"run": config["id"], "seed": derive_seed(config["seed"], 5, len(before))}
    found["state.json"] = checkpoint.encode_state(state)
    contents = {f"checkpoints/{start.folder.name}/{name}": data for name, data in found.items()}
    for name in before:
        for file in (run.path / name).iterdir():
            contents[f"{name}/{file.name}"] = file.read_bytes()
    lines = [
        o for o in MetricsFile(run.path / "metrics.jsonl").read_lines() if _is_before(o, start)
    ]
    contents["metrics.jsonl"] = "".join(json.dumps(line) + "\n" for line in lines).encode()
    return contents


def _is_before(line: Mapping[str, Any], start: NewStart) -> bool:
    """Whether a line of the log was written before the checkpoint."""
    names = start.run.config["stages"]
    if line["stage"] != start.stage:
        return names.index(line["stage"]) < names.index(start.stage)
    return line["step"] <= start.step and "end" not in line


def _check_fits(
    start: NewStart, state: Mapping[str, Any], weights: bytes, stages: Experiment
) -> None:
    """Raise InputError where the new options change networks, or whether there are looks."""
    stage = stages[start.stage]
    tensors = unpack_tensors(weights, start.folder / "model.safetensors")
    own = {name: tuple(each.shape) for name, each in stage.method.state_dict().items()}
    other = {name: tuple(each.shape) for name, each in tensors.items()}
    if own != other:
        name = sorted(set(own.items()) ^ set(other.items()))[0][0]
        raise InputError(
            f"{start.folder} does not fit these options: {name} of stage {start.stage} is "
            f"{other.get(name, 'not there')} in it and {own.get(name, 'not there')} here; of a new "
            f"start {MAY_CHANGE}, networks and data may not."
        )
    if ("looks" in state) != (stage.stopping is not None):
        raise InputError(
            f"{start.folder} is of a run {'with' if 'looks' in state else 'without'} --stop-early, "
            "which a new start cannot change."
        )
