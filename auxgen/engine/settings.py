"""Settings of training, the same for every method."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from torch import nn
from torch.optim import Adam, Optimizer

from ..errors import InputError, require_at_least
from ..functional.schedules import Schedule, constant

Precision = Literal["32", "bf16"]
PrecisionChoice = Literal["auto", Precision]
"""auto: float32, unless bfloat16 is clearly faster on the machine at hand (engine/precision.py)."""

OptimizerFactory = Callable[[str, list[nn.Parameter]], Optimizer]
"""(player, its parameters) -> its optimiser."""


def adam(
    lr: float,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    rates: Mapping[str, float] = MappingProxyType({}),
) -> OptimizerFactory:
    """The same Adam for every player, in its fused form; the decay is part of the gradient.

    Args:
        lr: Learning rate of all players that have none in `rates`.
        rates: Learning rates by player.

    Raises:
        InputError: A learning rate is not a positive number.
    """
    for rate in (lr, *rates.values()):
        if not 0 < rate < float("inf"):
            raise InputError(f"A learning rate of {rate} was given; expected a positive number.")
    same = {"betas": betas, "eps": eps, "weight_decay": weight_decay, "fused": True}
    return lambda player, own: Adam(own, lr=rates.get(player, lr), **same)


@dataclass(frozen=True)
class Engine:
    """How a stage is trained.

    Attributes:
        steps: Number of rounds.
        optimizers: Function that makes each player's optimiser.
        learning_rate: Factor on every learning rate, as a function of the step.
        max_grad_norm: Largest norm of a player's gradient, which is scaled down to it.
        max_grad_value: Largest magnitude of an entry, to which it is clipped after that.
        average: Decay d of the moving average; at step t it is min(d, (1 + t) / (10 + t)).
        recalibration: Batches on which the average's batch-norm statistics are estimated.
        precision: Precision of forward passes, unless train is given another.
        old_precision: Precision of runs of version 0.1 whose run.json names none.
        log_every: Steps between lines of the log.
        save_every: Seconds between checkpoints.
    """

    steps: int
    optimizers: OptimizerFactory
    learning_rate: Schedule = constant
    max_grad_norm: float = float("inf")
    max_grad_value: float = float("inf")
    average: float = 0.999
    recalibration: int = 50
    precision: PrecisionChoice = "auto"
    old_precision: Precision = "32"
    log_every: int = 50
    save_every: float = 60.0

    def __post_init__(self) -> None:
        require_at_least(0, steps=self.steps)
