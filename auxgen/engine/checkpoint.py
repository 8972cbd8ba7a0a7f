"""Exact checkpoints: model, average, optimisers, position, the terms since the last line of the log
and what was seen of held-out rows, each file with its checksum."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from .. import files
from ..errors import InputError
from ..partial_files import remove_folder, sweep_leftovers
from .looks import Looks
from .loop import Training

MAX_CHECKPOINTS = 2
"""Checkpoints kept of a stage: the newest, and one before it should the disk damage the newest."""


def save_checkpoint(
    folder: Path, stage: str, run: str, training: Training, looks: Looks | None = None
) -> Path:
    """Write checkpoints/<stage>-<step>, then drop those older than the last two.

    The identity of the run is written too: a checkpoint of another run has another one. The random
    state is the seed and the step. All ranks call it together, and the first one writes: what they
    share is gathered, so that a checkpoint does not tell how ranks held it.

    Raises:
        NotSaved: It could not be written; older checkpoints are untouched.
    """
    target, average = folder / f"{stage}-{training.step}", training.average
    tensors, numbers = _collect_optimizer_state(training)
    weights = training.weights.gather_state()
    means = training.weights.gather_named(average.live_parts, average.means)
    if target.exists() or not training.ranks.is_first:
        return target
    contents = {
        "model.safetensors": files.pack_tensors(weights),
        "average.safetensors": files.pack_tensors(means),
        "optimizers.safetensors": files.pack_tensors(tensors),
        "meter.safetensors": files.pack_tensors(training.meter.sums),
    }
    if looks is not None:
        contents["best.safetensors"] = files.pack_tensors(looks.weights)
    state = {
        "run": run,
        "stage": stage,
        "step": training.step,
        "seed": training.seed,
        "ranks": training.ranks.size,
        "optimizers": numbers,
        "meter": training.meter.counts,
        "sha256": {name: files.compute_checksum(data) for name, data in contents.items()},
    }
    if looks is not None:
        state["looks"] = looks.list_numbers()
    files.write_folder(target, {**contents, "state.json": encode_state(state)})
    drop_old_checkpoints(folder, stage)
    return target


def drop_old_checkpoints(folder: Path, stage: str) -> None:
    """Remove a stage's checkpoints older than the last two, and what killed processes left.

    Raises:
        NotSaved: The device refuses.
    """
    sweep_leftovers(folder)
    for old in find_checkpoints(folder, stage)[:-MAX_CHECKPOINTS]:
        try:
            remove_folder(old)
        except OSError as error:
            raise files.make_save_error(folder, 0.0, error) from error


def _compute_state_checksum(state: Mapping[str, Any]) -> str:
    """The checksum of what state.json holds, less this checksum."""
    sums = {name: value for name, value in state["sha256"].items() if name != "state.json"}
    return files.compute_checksum(files.encode_json({**state, "sha256": sums}))


def find_checkpoints(folder: Path, stage: str) -> list[Path]:
    """A stage's whole checkpoints, oldest first."""
    found = [p for p in folder.glob(f"{stage}-*") if p.name.removeprefix(f"{stage}-").isdigit()]
    return sorted(found, key=lambda p: int(p.name.rpartition("-")[2]))


def load_checkpoint(
    checkpoint: Path, stage: str, run: str, training: Training, looks: Looks | None = None
) -> None:
    """Put `training`, and its looks at held-out rows, back to where the checkpoint was written.

    Raises:
        InputError: It is of another run or another number of ranks, or is truncated or damaged.
    """
    state = files.read_json(checkpoint / "state.json", "checkpoint")
    for what, value in {"run": run, "stage": stage, "seed": training.seed}.items():
        if state.get(what) != value:
            raise InputError(
                f"{checkpoint} belongs to another experiment: its {what} is {state.get(what)!r}, "
                f"this run's is {value!r}."
            )
    if state.get("ranks") != training.ranks.size:
        raise InputError(
            f"{checkpoint} was written by {state.get('ranks')} ranks and this is a run on "
            f"{training.ranks.size}; continue with the same number."
        )
    sums = _check_state(checkpoint, state)
    contents = {n: _read_verified_tensors(checkpoint / n, c) for n, c in sums.items()}
    try:
        training.weights.load_state(contents["model.safetensors"])
        for name, mean in training.average.means.items():
            whole = contents["average.safetensors"][name]
            mean.copy_(training.weights.take_part(training.average.live_parts[name], whole))
        _restore_optimizers(training, contents["optimizers.safetensors"], state["optimizers"])
        counts = state.get("meter", {})  # checkpoints of earlier versions have none
        sums = contents.get("meter.safetensors", {})
        training.meter.sums = {name: sums[name].to(training.device) for name in counts}
        training.meter.counts = {name: int(n) for name, n in counts.items()}
        if looks is not None:
            looks.restore(state["looks"], contents["best.safetensors"])
        training.step = int(state["step"])
    except (KeyError, IndexError, RuntimeError, ValueError, TypeError, AttributeError) as error:
        version = "another version or other options than this"
        raise InputError(
            f"{checkpoint} does not fit this experiment, having been written by {version}: resume "
            "with what wrote it, or train a new run."
        ) from error


def _check_state(checkpoint: Path, state: Mapping[str, Any]) -> dict[str, str]:
    """The checksums of a checkpoint's other files, if its state is as it was written."""
    sums, step = state.get("sha256"), state.get("step")
    if (
        not isinstance(sums, dict)
        or str(step) != checkpoint.name.rpartition("-")[2]
        # checkpoints of earlier versions have no checksum of their state
        or sums.get("state.json") not in (None, _compute_state_checksum(state))
    ):
        raise InputError(
            f"{checkpoint}/state.json is damaged: its checksum is not the one written, or its step "
            f"not its folder's; remove {checkpoint} to go on from the checkpoint before it."
        )
    return {name: value for name, value in sums.items() if name != "state.json"}


def read_checkpoint(checkpoint: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The state of a checkpoint, and its other files by name.

    Raises:
        InputError: It is no checkpoint, or is damaged.
    """
    state = files.read_json(checkpoint / "state.json", "checkpoint")
    sums = _check_state(checkpoint, state)
    return state, {name: _read_verified(checkpoint / name, value) for name, value in sums.items()}


def encode_state(state: Mapping[str, Any]) -> bytes:
    """The content of state.json, its own checksum computed anew."""
    sums = {**state["sha256"], "state.json": _compute_state_checksum(state)}
    return files.encode_json({**state, "sha256": sums})


def _read_verified_tensors(file: Path, expected: str) -> dict[str, Tensor]:
    """A checkpoint's tensors, if every byte is as it was written."""
    return files.unpack_tensors(_read_verified(file, expected), file)


def _read_verified(file: Path, expected: str) -> bytes:
    data = file.read_bytes() if file.exists() else b""
    if files.compute_checksum(data) != expected:
        raise InputError(
            f"{file} is damaged ({len(data)} bytes whose checksum is not the one written); "
            f"remove {file.parent} to go on from the checkpoint before it."
        )
    return data


def _collect_optimizer_state(training: Training) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors by "player/parameter/name", and what is a plain number likewise."""
    tensors: dict[str, Tensor] = {}
    numbers: dict[str, Any] = {}
    for player, optimizer in training.optimizers.items():
        own = _list_optimized(optimizer)
        for index, state in optimizer.state_dict()["state"].items():
            for name, value in state.items():
                key = f"{player}/{index}/{name}"
                if isinstance(value, Tensor):
                    tensors[key] = training.weights.gather(own[index], value)
                else:
                    numbers[key] = value
    return tensors, numbers


def _list_optimized(optimizer: Optimizer) -> list[Tensor]:
    """What an optimiser changes, in the order of its state."""
    return [p for group in optimizer.param_groups for p in group["params"]]


@torch.no_grad()
def _restore_optimizers(
    training: Training, tensors: dict[str, Tensor], numbers: dict[str, Any]
) -> None:
    for player, optimizer in training.optimizers.items():
        own = _list_optimized(optimizer)
        state: dict[int, dict[str, Any]] = {}
        for key, value in {**tensors, **numbers}.items():
            owner, index, name = key.split("/")
            if owner == player:
                k = int(index)
                if isinstance(value, Tensor):
                    value = training.weights.take_part(own[k], value)
                state.setdefault(k, {})[name] = _match_memory_format(value, own[k])
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _match_memory_format(value: Any, parameter: Tensor) -> Any:
    """The same numbers in the memory layout of their parameter.

    Files hold rows after rows, and a fused step goes through parameter and moments as they lie:
    with channels last in one alone, it would step with the moments of other entries.
    """
    if not isinstance(value, Tensor) or value.shape != parameter.shape:
        return value
    return torch.empty_like(parameter, dtype=value.dtype).copy_(value)
