"""Numbers that change in training, as functions of the step."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Schedule = Callable[[Tensor], Tensor]
"""step (0-dim, integer), a tensor so that CUDA graphs can hold it -> factor (0-dim, float32)."""


def constant(step: Tensor) -> Tensor:
    """1 at every step."""
    return torch.ones_like(step, dtype=torch.float32)


def linear_warm_up(step: Tensor, steps: int) -> Tensor:
    """From 0 at step 0 to 1 at `steps`, then 1; always 1 when `steps` is 0."""
    return (step / steps).clamp(max=1.0) if steps else constant(step)


def staircase_decay(step: Tensor, every: int, factor: float, floor: float) -> Tensor:
    """factor^(step // every), never below `floor`."""
    return (factor ** (step // every).float()).clamp(min=floor)


def cosine_decay(step: Tensor, steps: int, floor: float = 0.0) -> Tensor:
    """Half a cosine from 1 at step 0 to `floor` at `steps`."""
    turn = torch.pi * (step / steps).clamp(max=1.0)
    return floor + (1 - floor) * (1 + turn.cos()) / 2


def hold_then_cosine(step: Tensor, steps: int, hold: float, floor: float = 0.0) -> Tensor:
    """1 for the first `hold` (a fraction) of `steps`, then half a cosine to `floor`."""
    first = round(hold * steps)
    return cosine_decay((step - first).clamp(min=0), max(steps - first, 1), floor)


def rise_then_cosine(step: Tensor, steps: int, rise: float, floor: float = 0.0) -> Tensor:
    """A rise to 1 over the first `rise` (a fraction) of `steps`, then half a cosine to `floor`.

    It is one cycle (Smith & Topin, 2018, arXiv:1708.07120), with a cosine on the way down.
    """
    up = linear_warm_up(step + 1, round(rise * steps))
    return up.minimum(hold_then_cosine(step, steps, rise, floor))


def linear_ramp(step: Tensor, steps: int, start: float, end: float = 1.0) -> Tensor:
    """From `start` at step 0 to `end` at `steps`, then `end`; `end` when `steps` is 0."""
    return start + (end - start) * linear_warm_up(step, steps)


def multistep_decay(step: Tensor, at: Sequence[int], factor: float) -> Tensor:
    """1, multiplied by `factor` at each of the steps `at`."""
    passed = torch.stack([(step >= one).float() for one in at]).sum(0) if at else step * 0.0
    return factor**passed
