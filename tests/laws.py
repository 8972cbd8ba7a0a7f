"""One table of methods; every law is tested on every one of them. A new method adds a line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from auxgen.builders import Recipe
from auxgen.data.batches import SemiSupervisedBatches, as_they_lie, binarised
from auxgen.data.examples import Space
from auxgen.engine.settings import Engine, adam
from auxgen.experiment import Batches, Stage

X, K = 6, 3
SIZES = {"x": X, "hidden": [8, 8], "batch_norm": True}
MODEL = {**SIZES, "classes": K, "z": 2, "alpha": 2.0, "prior_rows": 64}


def semi_supervised(corruption: Any = binarised) -> Batches:
    generator = torch.Generator().manual_seed(0)
    x = torch.rand(64, X, generator=generator)
    y = torch.arange(9) % K
    return SemiSupervisedBatches(
        x[:9], y, x, labelled=6, unlabelled=16, seed=0, corruption=corruption
    )


@dataclass(eq=False)
class UnlabelledOf:
    """The unlabelled rows of a semi-supervised stream."""

    source: Batches = field(default_factory=semi_supervised)

    def __call__(self, step: int, rank: int, ranks: int, device: str) -> torch.Tensor:
        return self.source(step, rank, ranks, device).x_unlabelled


@dataclass(frozen=True)
class Law:
    """A method small enough to test."""

    recipe: Recipe
    batches: Callable[[], Batches] = semi_supervised


METHODS = {
    "vae": Law(Recipe("vae", {**SIZES, "z": 2}), UnlabelledOf),
    "vae_gaussian": Law(
        Recipe("vae", {**SIZES, "z": 2, "likelihood": "gaussian_scalar"}), UnlabelledOf
    ),
    "m2": Law(Recipe("m2", MODEL)),
    "adgm": Law(Recipe("adgm", {**MODEL, "a": 2})),
    "adgm_a_sees_x": Law(Recipe("adgm", {**MODEL, "a": 2, "a_sees_x": True, "samples": 3})),
    "sdgm": Law(Recipe("sdgm", {**MODEL, "a": 2, "warm_up": 5})),
    "sdgm_gaussian": Law(
        Recipe("sdgm", {**MODEL, "a": 2, "likelihood": "gaussian", "batch_norm": False}),
        lambda: semi_supervised(as_they_lie),
    ),
    "classifier": Law(Recipe("classifier", {**SIZES, "classes": K, "prior_rows": 9})),
}


def stage(name: str, steps: int = 6, **engine: Any) -> Stage:
    """A method's stage with weights that depend on its name alone."""
    law = METHODS[name]
    torch.manual_seed(1)
    settings = {"max_grad_norm": 5.0, "recalibration": 3, "log_every": 2, **engine}
    return Stage(
        method=law.recipe.build(),
        batches=law.batches(),
        engine=Engine(steps, adam(1e-2), **settings),
        recipe=law.recipe,
        space=Space(kind="points", shape=(X,), classes=tuple("abc")),
    )


def experiment(*, seed: int = 0, method: str = "sdgm", steps: int = 6) -> dict[str, Stage]:
    """One stage of a method of the table.

    Args:
        seed: Of the run.
        method: Its name in the table.
        steps: Rounds to play.
    """
    del seed
    return {method: stage(method, steps)}
