"""Precision by measurement: bfloat16 only where this machine is clearly faster with it."""

import copy
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from math import inf, isfinite
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ..errors import NotSaved, find_full_memory
from ..files import CacheFile, load_or_create, pack_tensors
from ..method import Method
from ..rng import use_seed
from .device import describe_hardware, describe_instructions
from .loop import Training
from .settings import Engine, Precision
from .timing import Clock, PlayRounds, choose_clock, time_in_turn

MIN_GAIN = 1.15
"""bfloat16 is taken where a round in float32 takes this many times as long, or more."""
MIN_STEPS = 200
"""Shorter stages are in float32: measuring would take a good part of their time."""
CACHE_VERSION = 1


@dataclass(frozen=True)
class RoundTimes:
    """Seconds that a round takes, by precision; infinity where it fails in bfloat16."""

    float32: float
    bfloat16: float

    def choose(self) -> Precision:
        """bfloat16 where it is at least `MIN_GAIN` times as fast, else float32."""
        return "bf16" if self.float32 >= MIN_GAIN * self.bfloat16 else "32"

    def describe(self) -> str:
        """What was chosen, and why, in words."""
        name = {"32": "float32", "bf16": "bfloat16"}[self.choose()]
        if self.bfloat16 == inf:
            return f"trains in {name}: its rounds fail in bfloat16"
        each = f"{1000 * self.float32:.3g} ms in float32, {1000 * self.bfloat16:.3g} in bfloat16"
        return f"trains in {name}: here a round takes {each}"


def time_rounds(play_float32: PlayRounds, play_bfloat16: PlayRounds, clock: Clock) -> RoundTimes:
    """The least of repeated, interleaved samples of the time of a round (engine/timing.py)."""
    return RoundTimes(*time_in_turn(play_float32, play_bfloat16, clock))


def measure_round_times(
    method: Method,
    batches: Sequence[object],
    engine: Engine,
    *,
    device: str,
    clock: Clock | None = None,
) -> RoundTimes:
    """Play rounds of copies of the method in both precisions, which changes nothing outside.

    Args:
        method: What would be trained; its weights and the random state stay as they are.
        batches: Batches of the stage, played in turn.
        engine: How it would be trained.
        device: Where.
        clock: Seconds; processor time on one thread of a CPU when None, which other programs do
            not disturb, and else time by the clock.
    """

    def make_trial(precision: Precision) -> Training:
        tried = copy.deepcopy(method)
        return Training(tried, engine, seed=0, device=device, precision=precision)

    with use_seed(0, torch.device(device)), torch.enable_grad():
        float32, bfloat16 = make_trial("32"), make_trial("bf16")
        each = partial(float32.play_rounds, batches), partial(bfloat16.play_rounds, batches)
        each[0](1)  # an error here is the method's own
        try:
            each[1](1)
            found = time_rounds(*each, clock or choose_clock(device))
        except RuntimeError as error:  # an operation that the device does not have in bfloat16
            if find_full_memory(error):
                raise
            return RoundTimes(0.0, inf)
        if not all(map(isfinite, bfloat16.meter.compute_means().values())):
            return RoundTimes(found.float32, inf)
    return found


def find_round_times(
    method: Method,
    batches: Sequence[object],
    engine: Engine,
    *,
    device: str,
    sizes: object = None,
) -> RoundTimes:
    """The round times of `measure_round_times`, measured once for a machine and the same sizes.

    They are kept in the cache by hardware, version of torch, threads, and the shapes of weights
    and batches; where the cache cannot be written they are measured anew.

    Args:
        method, batches, engine, device: As for `measure_round_times`.
        sizes: What else a round's shapes depend on, such as the arguments of the method's builder.
    """
    shapes = [(name, tuple(tensor.shape)) for name, tensor in method.state_dict().items()]
    words = (
        CACHE_VERSION,
        describe_hardware(device),
        describe_instructions(device),
        os.environ.get("ONEDNN_MAX_CPU_ISA", ""),
        torch.__version__,
        shapes,
        _describe_shapes(batches[0]),
        json.dumps(sizes, sort_keys=True, default=str),
    )
    file = CacheFile(type(method).__name__, words, folder="precision")
    measured: list[RoundTimes] = []

    def measure() -> bytes:
        found = measure_round_times(method, batches, engine, device=device)
        measured.append(found)
        seconds = torch.tensor([found.float32, found.bfloat16], dtype=torch.float64)
        return pack_tensors({"seconds": seconds})

    with suppress(NotSaved):
        return load_or_create(file, _load_round_times, measure, what="Times of rounds")
    if not measured:
        measure()
    return measured[0]


def _load_round_times(path: Path) -> RoundTimes | None:
    try:
        return RoundTimes(*load_file(path)["seconds"].tolist())
    except (OSError, SafetensorError, KeyError, TypeError):
        return None


def _describe_shapes(batch: object) -> object:
    """Shape and type of each tensor in a batch, which may be a tensor or hold several."""
    if isinstance(batch, Tensor):
        return (tuple(batch.shape), str(batch.dtype))
    if isinstance(batch, tuple | list):
        return [_describe_shapes(each) for each in batch]
    if isinstance(batch, Mapping):
        return {key: _describe_shapes(each) for key, each in batch.items()}
    return type(batch).__name__
