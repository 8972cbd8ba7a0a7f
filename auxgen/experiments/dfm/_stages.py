"""What all experiments share: four objectives for one pair of networks, and their stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from torch import Tensor

from ...builders import Recipe
from ...data.batches import InMemoryBatches
from ...data.dataset import Dataset, Preprocessor
from ...engine.settings import Engine, Precision, adam
from ...errors import InputError, require_at_least
from ...score import Evaluation
from ...stage import Monitor, Stage
from ._pictures import show_beside_real

Objective = Literal["gan", "fm", "dfm", "fm_dfm"]
OBJECTIVE_TITLES: Mapping[Objective, str] = {
    "gan": "GAN",
    "fm": "feature matching",
    "dfm": "denoising feature matching",
    "fm_dfm": "both kinds of feature matching",
}
MONITOR_COUNT = 10
"""How often collapse is watched for while training."""
PICTURE_ROWS = 1000
"""Rows in a picture of points."""
RECALIBRATION_BATCHES = 20
"""Batches from which G's batch-norm statistics are taken whenever it is looked at."""


@dataclass(frozen=True, kw_only=True)
class DenoiserSettings:
    """What is the denoiser's own.

    Attributes:
        depth: Hidden layers of r.
        width: Of each.
        denoising: n_h times lambda_denoise.
        noise: sigma.
        annealing_steps: Rounds over which sigma falls to 0; 0 keeps it.
    """

    depth: int
    width: int
    denoising: float
    noise: float
    annealing_steps: int

    def make_builder_arguments(self) -> dict[str, Any]:
        """Of the builder.

        Raises:
            InputError: r has no hidden layer, or a number is negative.
        """
        require_at_least(1, depth=self.depth, width=self.width)
        for name in ("denoising", "noise"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)}; 0 or more is wanted.")
        return {
            "denoiser": [self.width] * self.depth,
            "denoising": self.denoising,
            "noise": self.noise,
            "annealed": self.annealing_steps,
        }


def make_dfm_recipe(
    objective: Objective, networks: Mapping[str, Any], denoiser: DenoiserSettings, **common: Any
) -> Recipe:
    """Feature matching takes the place of -log D(G(z)); in both kinds it is added to DFM's terms.

    Args:
        objective: Which.
        networks: Kind and sizes.
        denoiser: The denoiser, where there is one.
        common: Further arguments of both builders.
    """
    base = {**networks, **common}
    made = {
        "gan": ("gan", {}),
        "fm": ("gan", {"adversarial": 0.0, "matching": 1.0}),
        "dfm": ("denoising_gan", denoiser.make_builder_arguments()),
        "fm_dfm": ("denoising_gan", {**denoiser.make_builder_arguments(), "matching": 1.0}),
    }
    builder, own = made[objective]
    return Recipe(builder, {**base, **own})


def build_dfm_stage(
    recipe: Recipe,
    train: Dataset,
    space: Preprocessor,
    *,
    steps: int,
    batch: int,
    lr: float,
    seed: int,
    average: float,
    evaluations: Mapping[str, Evaluation],
    monitored: Mapping[str, Evaluation],
    data: Mapping[str, Dataset],
    precision: Precision = "32",
) -> Stage:
    """A game by Adam with beta_1 = 0.5 (section 5).

    Args:
        recipe: The method.
        train: Raw rows.
        space: How the method sees them.
        steps: Rounds.
        batch: Rows in a batch; batch norm needs two.
        lr: Learning rate of all players.
        seed: Of the order.
        average: Decay of the moving average of weights; 0 for the last weights, as in the paper.
        evaluations: Of the trained method.
        monitored: Of the method while it trains.
        data: Raw rows by split, the last of which samples are shown beside.
        precision: Of forward passes.
    """
    require_at_least(2, batch=batch)
    descent, shown = adam(lr, betas=(0.5, 0.999)), [*data.values()][-1][:PICTURE_ROWS]
    return Stage(
        method=recipe.build(),
        batches=InMemoryBatches(train.x, batch, seed, partial(_transform_raw_rows, space=space)),
        engine=Engine(
            steps,
            descent,
            average=average,
            recalibration=RECALIBRATION_BATCHES,
            precision=precision,
        ),
        evaluations={**monitored, **evaluations},
        monitor=Monitor(max(1, steps // MONITOR_COUNT), monitored),
        recipe=recipe,
        space=space,
        pictures={"samples": partial(show_beside_real, space=space, real=shown)},
        data=data,
        facts={"data": train.name, "fingerprint": train.fingerprint},
    )


def _transform_raw_rows(x: Tensor, generator: object, space: Preprocessor) -> Tensor:
    """Raw rows as the method sees them; no corruption."""
    del generator
    return space.transform(x)
