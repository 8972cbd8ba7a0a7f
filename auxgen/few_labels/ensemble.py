"""An ensemble of small M2s, trained on rows of which few have labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, islice

import torch
from torch import Tensor

from ..builders import Recipe
from ..data.batches import SemiSupervisedBatch
from ..engine.loop import Training
from ..engine.settings import Engine, adam
from ..functional.bounds import classification_weight
from ..methods.ensemble import Ensemble
from ..rng import make_corruption_generator, use_seed


@dataclass(frozen=True)
class EnsembleSettings:
    """How an ensemble is trained.

    Attributes:
        hidden: Units of the hidden layers.
        latent: Width of the code.
        rounds: Rounds of training.
        learning_rate: Learning rate of Adam.
        batch: Rows in a batch, labelled and unlabelled each.
        noise: Standard deviation of the noise that training adds to standardised rows.
        beta: Weight of the classification term, before its factor (N_l + N_u) / N_l.
        label_temperature: Weight of the entropy of an unlabelled row's label; above 1 it stays
            undecided for longer.
        likelihood: Family of p(x|.).
    """

    hidden: tuple[int, ...] = (100,)
    latent: int = 10
    rounds: int = 200
    learning_rate: float = 4e-3
    batch: int = 100
    noise: float = 0.3
    beta: float = 0.1
    label_temperature: float = 2.0
    likelihood: str = "gaussian"


@dataclass(eq=False)
class MemberBatches:
    """Batches with an axis of members in front, of rows that training adds noise to.

    Attributes:
        x: All rows (n, d), of which the unlabelled stream takes any.
        y: Classes (n,), -1 where unknown.
        labelled: The labelled rows of each member, as indices; members take them in turns.
        batch: Rows of a stream for each member.
        noise: Standard deviation of the noise.
        seed: Seed of the rows and of the noise.
    """

    x: Tensor
    y: Tensor
    labelled: Sequence[Tensor]
    batch: int
    noise: float
    seed: int

    def __call__(self, step: int) -> SemiSupervisedBatch:
        """x (m, b, d), y (m, b), x_unlabelled (m, u, d)."""
        generator = make_corruption_generator(str(self.x.device), self.seed, step, 0)
        size = min(self.batch, max(map(len, self.labelled)))
        turn = torch.arange(step * size, (step + 1) * size)
        known = torch.stack([own[turn % len(own)] for own in self.labelled]).to(self.x.device)
        shape = (len(self.labelled), min(self.batch, len(self.x)))
        rows = torch.randint(len(self.x), shape, generator=generator, device=self.x.device)
        x, x_unlabelled = (self._disturb(self.x[each], generator) for each in (known, rows))
        return SemiSupervisedBatch(x, self.y[known], x_unlabelled)

    def _disturb(self, x: Tensor, generator: torch.Generator) -> Tensor:
        noise = torch.randn(x.shape, generator=generator, device=x.device)
        return x + self.noise * noise


def train_ensemble(
    x: Tensor,
    y: Tensor,
    labelled: Sequence[Tensor],
    settings: EnsembleSettings,
    *,
    seed: int,
    device: str = "cpu",
) -> tuple[Ensemble, Recipe]:
    """Members that learn side by side, each from labelled rows of its own, and how to build them.

    Args:
        x: Standardised rows (n, d), with or without a label.
        y: Classes (n,), -1 where unknown.
        labelled: The labelled rows of each member, as indices.
        settings: How they learn.
        seed: Seed of weights, rows and draws; torch's random state stays as it was.
        device: "cpu" or "cuda".
    """
    rows = max(map(len, labelled))
    arguments = {
        "members": len(labelled),
        "x": x.shape[1],
        "hidden": list(settings.hidden),
        "z": settings.latent,
        "classes": int(y.max()) + 1,
        "alpha": classification_weight(settings.beta, rows, len(x)),
        "prior_rows": len(x),
        "likelihood": settings.likelihood,
        "temperature": settings.label_temperature,
    }
    recipe = Recipe("m2_ensemble", arguments)
    mixed = [order_by_turns(own, y) for own in labelled]
    batches = MemberBatches(x.to(device), y.to(device), mixed, settings.batch, settings.noise, seed)
    with use_seed(seed, torch.device(device)):
        engine = Engine(settings.rounds, adam(settings.learning_rate))
        training = Training(recipe.build(), engine, seed=seed, device=device)
        for batch in islice(map(batches, count()), settings.rounds):
            training.run_round(batch)
        method = training.build_averaged_method([])
    assert isinstance(method, Ensemble)
    return method, recipe


def order_by_turns(rows: Tensor, y: Tensor) -> Tensor:
    """The same rows, one of each class in turn, so that any stretch of them is balanced: (n,)."""
    own = y[rows]
    place = torch.zeros_like(rows)
    for c in own.unique():
        mine = own == c
        place[mine] = torch.arange(int(mine.sum()), device=rows.device)
    return rows[torch.argsort(place, stable=True)]
