"""How large the denoising term is in the generator's gradient, at the paper's weight.

OMP_NUM_THREADS=1 python benchmarks/dfm_gradient_share.py results/dfm.gradient_share.json

The default runs of `dfm.digits` and `dfm.ring`, seed 0, are looked at while they train: the
gradients of the denoising and of the adversarial term of equation 4, both with their weights, by
the generator's parameters, on the next 8 batches. Under a minute of one core.
"""

from __future__ import annotations

import argparse
import copy
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor

from auxgen.engine.device import describe_hardware
from auxgen.engine.loop import Training
from auxgen.experiments.dfm.sets import digits, ring
from auxgen.files import write_file
from auxgen.method import Gradient
from auxgen.methods.dfm import DenoisingGAN
from auxgen.rng import use_seed
from auxgen.runs.config import find_commit
from auxgen.stage import Stage

LOOKS = {"dfm.digits": (20, 100, 300, 600, 900, 1200), "dfm.ring": (50, 300, 1000, 1500)}
BATCHES = 8


@dataclass(frozen=True)
class Look:
    """The denoising term after some rounds.

    Attributes:
        rounds: Rounds of training before.
        share: Norm of its gradient over that of the adversarial term, mean over batches.
        cosine: Of the angle between both gradients, mean over batches.
    """

    rounds: int
    share: float
    cosine: float


def measure_batch(method: DenoisingGAN, x: Tensor) -> tuple[float, float]:
    """Share and cosine on one batch x (b, *event)."""
    for move in method.round(x, torch.tensor(0)):
        if isinstance(move, Gradient) and move.players == ("generator",):
            adversarial = method.adversarial * move.terms["adversarial"]
            ours, other = (
                flatten_gradient(loss, method.g.parameters())
                for loss in (move.loss - adversarial, adversarial)
            )
            cosine = torch.nn.functional.cosine_similarity(ours, other, dim=0)
            return (ours.norm() / other.norm()).item(), cosine.item()
    raise AssertionError("a round without a gradient of the generator")


def flatten_gradient(loss: Tensor, parameters: Iterable[Tensor]) -> Tensor:
    """The gradient of a loss by all parameters, in one vector."""
    gradients = torch.autograd.grad(loss, list(parameters), retain_graph=True)
    return torch.cat([g.flatten() for g in gradients])


def train_and_look(stage: Stage, rounds: Iterable[int], seed: int) -> list[Look]:
    """The term after each number of rounds, in one training."""
    training, looks = Training(stage.method, stage.engine, seed=seed), []
    for stop in rounds:
        while training.step < stop:
            training.run_round(stage.batches(training.step, 0, 1, "cpu"))
        method = copy.deepcopy(training.method)
        assert isinstance(method, DenoisingGAN)
        with use_seed(0, torch.device("cpu")):
            batches = [stage.batches(stop + i, 0, 1, "cpu") for i in range(BATCHES)]
            each = [measure_batch(method, x) for x in batches if isinstance(x, Tensor)]
        share, cosine = (round(mean(values), 5) for values in zip(*each, strict=True))
        looks.append(Look(stop, share, cosine))
    return looks


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    file = parser.parse_args().file
    found = {}
    for (name, rounds), build in zip(LOOKS.items(), (digits, ring), strict=True):
        torch.manual_seed(0)
        stage = build(seed=0)["dfm"]
        found[name] = [asdict(look) for look in train_and_look(stage, rounds, seed=0)]
    about = {
        "command": "python benchmarks/dfm_gradient_share.py results/dfm.gradient_share.json",
        "about": "Norm of the gradient of the denoising term (weight 0.03 / n_h) by the "
        "generator's parameters over that of -log D(G(z)), and the cosine between both; means over "
        f"{BATCHES} batches.",
        "seed": 0,
        "hardware": describe_hardware("cpu"),
        "date": date.today().isoformat(),
        "commit": find_commit(),
        "versions": {"torch": version("torch")},
    }
    write_file(file, (json.dumps({**about, "looks": found}, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
