"""M2 as Pyro's tutorial writes it (pyro.ai/examples/ss-vae.html), with classes enumerated at once.

A peer for benchmarks; `pip install pyro-ppl`. Hidden layers are rectified, as ours are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from auxgen.data.batches import SemiSupervisedBatch


def build_layers(inputs: int, hidden: int, out: int) -> nn.Sequential:
    """One hidden layer."""
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, out))


def join(*inputs: Tensor) -> Tensor:
    """Inputs side by side, repeated for all classes."""
    shape = torch.broadcast_shapes(*(each.shape[:-1] for each in inputs))
    return torch.cat([each.expand(*shape, -1) for each in inputs], -1)


def make_pyro_m2(
    width: int, classes: int, hidden: int, codes: int, *, bf16: bool = False
) -> Callable[[SemiSupervisedBatch], None]:
    """What plays a round: a step on unlabelled rows, one on labelled rows, one of their classes.

    Raises:
        ImportError: Pyro is not installed.
    """
    import pyro  # pyright: ignore[reportMissingImports]
    import pyro.distributions as dist  # pyright: ignore[reportMissingImports]
    from pyro.infer import (  # pyright: ignore[reportMissingImports]
        SVI,
        Trace_ELBO,
        TraceEnum_ELBO,
        config_enumerate,
    )
    from pyro.optim import Adam  # pyright: ignore[reportMissingImports]

    pyro.clear_param_store()
    pyro.enable_validation(False)
    networks = nn.ModuleDict(
        {
            "q_y": build_layers(width, hidden, classes),
            "q_z": build_layers(width + classes, hidden, 2 * codes),
            "p_x": build_layers(classes + codes, hidden, width),
        }
    )

    def model(x: Tensor, y: Any = None) -> None:
        pyro.module("m2", networks)
        with pyro.plate("rows"):
            zero = x.new_zeros(len(x), codes)
            z = pyro.sample("z", dist.Normal(zero, zero + 1).to_event(1))
            even = x.new_zeros(len(x), classes)
            y = pyro.sample("y", dist.OneHotCategorical(logits=even), obs=y)
            logits = networks["p_x"](join(y, z)).float()
            pyro.sample("x", dist.Bernoulli(logits=logits).to_event(1), obs=x)

    def guide(x: Tensor, y: Any = None) -> None:
        with pyro.plate("rows"):
            if y is None:
                logits = networks["q_y"](x).float()
                y = pyro.sample("y", dist.OneHotCategorical(logits=logits))
            mean, log_std = networks["q_z"](join(x, y)).float().chunk(2, -1)
            pyro.sample("z", dist.Normal(mean, log_std.exp()).to_event(1))

    def classify(x: Tensor, y: Tensor) -> None:
        pyro.module("m2", networks)
        with pyro.plate("rows"):
            logits = networks["q_y"](x).float()
            with pyro.poutine.scale(scale=60.0):
                pyro.sample("label", dist.OneHotCategorical(logits=logits), obs=y)

    def guide_nothing(x: Tensor, y: Tensor) -> None:
        """The classes have no latent variable."""

    optimizer = Adam({"lr": 1e-3})
    enumerated = config_enumerate(guide, "parallel", expand=True)
    bound = SVI(model, enumerated, optimizer, loss=TraceEnum_ELBO(max_plate_nesting=1))
    label = SVI(classify, guide_nothing, optimizer, loss=Trace_ELBO())

    def play(batch: SemiSupervisedBatch) -> None:
        x, labels, x_u = batch
        y = F.one_hot(labels, classes).float()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            bound.step(x_u)
            bound.step(x, y)
            label.step(x, y)

    return play
