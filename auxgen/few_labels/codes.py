"""A classifier of codes: a VAE of all rows, and logistic regression of those that have a label.

M1 of Kingma et al. (2014). What the labels do not tell, which differences between rows are common,
the codes have learned from all rows: with counts, where most of a row is noise, that is worth more
than labels that a classifier gives to rows itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count, islice
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from ..builders import Recipe
from ..data.batches import InMemoryBatches
from ..engine.loop import Training
from ..engine.settings import Engine, adam
from ..methods.vae import VAE
from ..networks.classic import MeanCodes
from ..rng import use_seed
from .parts import Part, fit_logistic

ROUNDS, LEARNING_RATE, BATCH = 300, 3e-3, 100


def fit_codes(
    x: np.ndarray,
    y: np.ndarray,
    sizes: Mapping[str, Any],
    seed: int,
    weights: np.ndarray | None = None,
    repeated: np.ndarray | None = None,
) -> Part:
    """Logistic regression of the mean codes of a VAE.

    Args:
        x: Rows as a model sees them (n, d), NaN where unknown.
        y: Classes (n,), -1 where unknown.
        sizes: Arguments of the builder `vae`.
        seed: Seed of the VAE's weights, rows and draws.
        weights, repeated: As for `parts.fit_mixture`.
    """
    every = torch.from_numpy(x if repeated is None else x[repeated])
    batches = InMemoryBatches(every, min(BATCH, len(every)), seed)
    with use_seed(seed, torch.device("cpu")):
        engine = Engine(ROUNDS, adam(LEARNING_RATE))
        training = Training(Recipe("vae", sizes).build(), engine, seed=seed, device="cpu")
        for batch in islice((batches(step, 0, 1, "cpu") for step in count()), ROUNDS):
            training.run_round(batch)
        vae = cast(VAE, training.build_averaged_method([]))
    codes = MeanCodes(vae.q_z)
    with torch.no_grad():
        seen = codes(torch.from_numpy(np.nan_to_num(x))).numpy()
    linear = fit_logistic(seen, y, seed, weights)
    return Part(nn.Sequential(codes, linear.network), linear.held_out)
