"""Early stopping of a stage: what a look at held-out rows measures, and the sentence about it."""

import torch

from ..engine.device import Ranks
from ..engine.looks import Looks
from ..engine.shared_rows import share_rows
from ..method import Method
from ..rng import get_device
from ..stage import EarlyStopping
from .evaluate import measure_scores


def measure_look(method: Method, stopping: EarlyStopping, seed: int, ranks: Ranks) -> float:
    """The value on held-out rows, the first rank's: all must end at the same round."""
    measured = {stopping.score: stopping.evaluation}
    with share_rows(ranks):
        scores = measure_scores("", method, measured, seed)
    value = torch.tensor(scores[f"/{stopping.score}"]["value"], dtype=torch.float64)
    value = value.to(get_device(method))
    ranks.broadcast([value])
    return value.item()


def describe_end(looks: Looks, step: int, steps: int) -> str:
    """When a stage ended, and which weights it keeps, in words."""
    ended = f"stopped after {step:,} of {steps:,} rounds"
    if step >= steps:
        ended = f"trained for all {steps:,} rounds"
    if not looks.best:
        return f"{ended}; the weights are the last ones, for no look gave a finite value"
    which = f"the best of {looks.count} look{'s' * (looks.count != 1)} at held-out rows"
    return f"{ended}; the weights are those of round {looks.best_step:,}, {which}"
