"""What it saves to leave out classes that q(y|.) rules out, and what it does to the gradient.

OMP_NUM_THREADS=1 python benchmarks/live_classes.py > results/adgm.live_classes.json

Rounds: an ADGM of 444-500-500-100, 100 labelled and 100 unlabelled rows, by the classes of an
unlabelled row that are live, beside the sum over all of them and beside straightforward code that
repeats x for each class. Rounds of all ways take turns; the median and the quartiles stand, in
milliseconds of the processor. Estimates: a small M2 with batch norm and without, the gradient of
U(x) as each way has it, against the sum over all classes. Rows are made up, so nothing is needed.
Three minutes of one core; `--small` takes seconds.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from typing import Any
from unittest.mock import patch

import torch
from straightforward_adgm import StraightforwardADGM
from torch import Tensor
from torch.distributions import Normal

from auxgen.builders import Recipe
from auxgen.data.batches import SemiSupervisedBatch
from auxgen.engine.device import describe_hardware
from auxgen.engine.loop import Training
from auxgen.engine.settings import Engine, adam
from auxgen.functional.bounds import find_live_classes
from auxgen.methods.adgm import ADGM
from auxgen.methods.m2 import M2
from auxgen.networks.distributions import categorical
from auxgen.runs.config import find_commit

RULED_OUT = -40.0
"""Logit of a class that is ruled out, beside those of an initial network."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        x: Width of a row of the rounds.
        hidden: Units of a hidden layer.
        codes: Width of a and of z.
        rows: Labelled rows, and unlabelled ones.
        many: The greater number of classes.
        rounds: Rounds of each way.
        draws: Gradients of each way in the small model.
    """

    x: int = 444
    hidden: int = 500
    codes: int = 100
    rows: int = 100
    many: int = 1000
    rounds: int = 25
    draws: int = 600


SMALL = Sizes(x=8, hidden=8, codes=4, rows=10, many=20, rounds=2, draws=20)


def build_adgm(sizes: Sizes, classes: int, live: float | None = None, **options: Any) -> ADGM:
    """An ADGM with batch norm, of whose classes so many a row, on average, are live."""
    hidden, codes = [sizes.hidden] * 2, {"a": sizes.codes, "z": sizes.codes}
    given = {"x": sizes.x, "classes": classes, "alpha": 60.0, "prior_rows": 60_000, **options}
    method = Recipe("adgm", {"hidden": hidden, "batch_norm": True, **codes, **given}).build()
    assert isinstance(method, ADGM)
    if live is not None:
        pattern = torch.full((sizes.rows, 1, classes), RULED_OUT)
        for row in range(sizes.rows):  # the first rows have one class more than the others
            count = int(live) + (row < round(sizes.rows * (live - int(live))))
            pattern[row, 0, torch.arange(row, row + count) % classes] = 0.0
        method.q_y.family = lambda logits: categorical(logits + pattern)
    return method


def list_ways(sizes: Sizes) -> dict[str, tuple[Callable[[SemiSupervisedBatch], object], int]]:
    """A function that plays a round, and the number of classes, by the name of the way."""
    skip, engine = {"skip_below": 1e-4}, Engine(1, adam(1e-3))
    methods = {
        "all 10 classes": build_adgm(sizes, 10),
        "3 of 10 classes, one of them drawn": build_adgm(sizes, 10, classes_summed=3),
        "10 of 10 classes live": build_adgm(sizes, 10, 10, **skip),
        "3 of 10 classes live": build_adgm(sizes, 10, 3, **skip),
        "1.2 of 10 classes live": build_adgm(sizes, 10, 1.2, **skip),
        f"3 of {sizes.many:,} classes live": build_adgm(sizes, sizes.many, 3, **skip),
    }
    plain = StraightforwardADGM(sizes.x, 10, sizes.hidden, sizes.codes)
    ways: dict[str, tuple[Callable[[SemiSupervisedBatch], object], int]] = {
        "straightforward, 10 classes": (plain.train_on, 10)
    }
    for name, method in methods.items():
        training = Training(method, engine, seed=0, precision="32")
        ways[name] = training.run_round, len(method.p_y.every)
    return ways


def measure_rounds(sizes: Sizes) -> dict[str, dict[str, float]]:
    """Milliseconds of a round: median and quartiles, and the share of those of all classes."""
    x, x_u = torch.rand(2, sizes.rows, sizes.x).round().unbind()
    ways = list_ways(sizes)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for i in range(sizes.rounds + 1):
        for name, (play, classes) in ways.items():
            batch = SemiSupervisedBatch(x, torch.arange(sizes.rows) % classes, x_u)
            start = time.process_time()
            play(batch)
            if i:  # nobody's first round is timed
                seconds[name].append(1000 * (time.process_time() - start))
    whole = statistics.median(seconds["all 10 classes"])
    found = {}
    for name, each in seconds.items():
        low, middle, high = statistics.quantiles(each, n=4)
        found[name] = {"ms": middle, "low": low, "high": high, "of_all_10": middle / whole}
    return found


def build_m2(batch_norm: bool, sharpness: float, options: Mapping[str, Any]) -> M2:
    """A small M2 as torch starts layers, with logits of q(y|x) so many times as large."""
    torch.manual_seed(0)
    given = {"x": 20, "classes": 10, "hidden": [32, 32], "z": 5, "alpha": 1.0, "prior_rows": 1}
    method = Recipe("m2", {**given, "batch_norm": batch_norm, **options}).build().train()
    assert isinstance(method, M2)
    method.q_y.family = lambda logits: categorical(sharpness * logits)
    return method


def estimate(method: M2, x: Tensor) -> Tensor:
    """U(x), and its gradient with respect to all parameters: -> (1 + p,)."""
    loss = -method.elbo(x, 1.0, method.summation).mean()
    parts = torch.autograd.grad(loss, list(method.parameters()))
    return torch.cat([loss.detach().view(1), *(part.flatten() for part in parts)])


def take_mean(self: Normal, shape: torch.Size = torch.Size()) -> Tensor:  # noqa: B008
    """The mean in place of a draw."""
    return self.mean.expand(*shape, *self.mean.shape)


def compare_estimates(batch_norm: bool, sharpness: float, draws: int) -> dict[str, Any]:
    """Each way to sum beside the sum over all classes whose batch norm counts them in that way."""
    x = torch.rand(100, 20, generator=torch.Generator().manual_seed(0)).round()
    ways: dict[str, tuple[dict[str, Any], str]] = {
        "all, which count alike": ({}, ""),
        "all, which count by q": ({"skip_below": 0.0}, "all, which count alike"),
        "3, one of them drawn": ({"classes_summed": 3}, "all, which count alike"),
        **{f"q from {t:g} on": ({"skip_below": t}, "all, which count by q") for t in (1e-4, 1e-2)},
    }
    means: dict[str, Tensor] = {}
    variances: dict[str, Tensor] = {}
    exact: dict[str, Tensor] = {}
    found: dict[str, Any] = {}
    for name, (options, against) in ways.items():
        method = build_m2(batch_norm, sharpness, options)
        torch.manual_seed(1)
        each = torch.stack([estimate(method, x) for _ in range(draws)]).double()
        means[name], variances[name] = each.mean(0), each.var(0)
        with patch.object(Normal, "rsample", take_mean):
            torch.manual_seed(1)
            exact[name] = estimate(method, x).double()
        found[name] = {
            "U": means[name][0].item(),
            "noise_of_gradient": (variances[name][1:].sum().sqrt() / means[name][1:].norm()).item(),
        }
        if "skip_below" in options:
            live = find_live_classes(method.q_y(x).logits, options["skip_below"])
            found[name]["live_classes"] = live.double().sum(1).mean().item()
        if against == "all, which count by q":  # without draws, since the difference is so small
            gap = exact[name] - exact[against]
            share = (gap[1:].norm() / exact[against][1:].norm()).item()
            found[name] |= {"U_off_at_means": gap[0].item(), "gradient_off_at_means": share}
        elif against:
            found[name] |= compare_means(means, variances, name, against, draws)
    return found


def compare_means(
    means: Mapping[str, Tensor],
    variances: Mapping[str, Tensor],
    name: str,
    against: str,
    draws: int,
) -> dict[str, float]:
    """Differences of means over draws, and how many standard errors (root mean square) they are."""
    gap = means[name] - means[against]
    error = ((variances[name] + variances[against]) / draws).sqrt()
    moves = error[1:] > 1e-6 * error.max()  # biases before batch norm have no gradient
    return {
        "U_off": gap[0].item(),
        "gradient_off": (gap[1:].norm() / means[against][1:].norm()).item(),
        "chance_alone": (error[1:].norm() / means[against][1:].norm()).item(),
        "standard_errors": (gap[1:][moves] / error[1:][moves]).square().mean().sqrt().item(),
    }


def round_numbers(value: Any) -> Any:
    """Numbers with four digits."""
    if isinstance(value, dict):
        return {key: round_numbers(each) for key, each in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sizes = SMALL if "--small" in sys.argv else Sizes()
    estimates = {
        f"{norm}, {told}": compare_estimates(norm == "batch norm", sharpness, sizes.draws)
        for norm in ("batch norm", "no batch norm")
        for told, sharpness in (("q flat", 1.0), ("q sharp", 60.0))
    }
    found = {
        "command": " ".join(["python", "benchmarks/live_classes.py", *sys.argv[1:]]),
        "about": "Rounds in milliseconds of the processor, median and quartiles. Estimates of U(x) "
        "(nats) and its gradient, whose differences and noise are shares of the gradient's norm; "
        "chance_alone is the difference that the noise of the draws makes; standard_errors is a "
        "root mean square, 1 by chance; at_means has the mean of z for its draws.",
        "hardware": describe_hardware("cpu"),
        "date": date.today().isoformat(),
        "commit": find_commit(),
        "versions": {"torch": version("torch")},
        "rounds": measure_rounds(sizes),
        "estimates": estimates,
    }
    print(json.dumps(round_numbers(found), indent=1))


if __name__ == "__main__":
    main()
