"""The game that all experiments play: five objectives for one pair of networks, and their stage."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from ...builders import Recipe
from ...data.batches import InMemoryBatches
from ...data.dataset import Dataset, Preprocessor
from ...engine.settings import Engine, adam
from ...errors import InputError, require_at_least
from ...inference.codes import sample_rows
from ...method import Method
from ...plotting.panels import write_panels, write_scatter
from ...score import Evaluation
from ...stage import Experiment, Monitor, Stage
from ..common import dataset_facts
from .plans import DfmPlan

MONITOR_COUNT = 10
"""How often collapse is watched for while training."""
PICTURE_ROWS = 1000
"""Rows in a picture of points."""
PICTURE_IMAGES = 64
"""Images in a grid."""
RECALIBRATION_BATCHES = 20
"""Batches from which G's batch-norm statistics are taken whenever it is looked at."""


def build_game(
    plan: DfmPlan,
    networks: Mapping[str, Any],
    train: Dataset,
    space: Preprocessor,
    *,
    data: Mapping[str, Dataset],
    n_h: int,
    steps: int,
    seed: int,
    monitored: Mapping[str, Evaluation],
    evaluations: Mapping[str, Evaluation],
    milestones: Sequence[int] = (),
) -> Experiment:
    """A stage, named by its objective, that Adam trains with beta_1 = 0.5 (section 5).

    Args:
        plan: Objective, denoiser, and training; batch norm needs two rows or more in a batch.
        networks: Kind and sizes of G and D, but for spectral norm.
        train: Raw rows that are learned.
        space: How the method sees them.
        data: Raw rows by split; samples are shown beside the last split.
        n_h: Width of the features.
        steps: Rounds.
        seed: Seed of the order of the rows.
        monitored: Evaluations of the method while it is trained, and when it is.
        evaluations: Further evaluations of the trained method.
        milestones: Rounds after which these are taken, too.

    Raises:
        InputError: r has no hidden layer, the batch is too small, or a number is negative.
    """
    recipe = _make_recipe(plan, networks, n_h, steps)
    require_at_least(2, batch=plan.batch)
    shown = [*data.values()][-1][:PICTURE_ROWS]
    stage = Stage(
        method=recipe.build(),
        batches=InMemoryBatches(train.x, plan.batch, seed, lambda x, _: space.transform(x)),
        engine=Engine(
            steps,
            adam(plan.lr, betas=(0.5, 0.999), rates=_collect_rates(plan)),
            average=plan.average,
            recalibration=RECALIBRATION_BATCHES,
            old_precision=plan.old_precision,
        ),
        evaluations={**monitored, **evaluations},
        monitor=Monitor(
            max(1, steps // MONITOR_COUNT),
            monitored,
            {step: evaluations for step in milestones if 0 < step <= steps},
        ),
        recipe=recipe,
        space=space,
        pictures={"samples": partial(_draw_beside_real, space=space, real=shown)},
        data=data,
        facts=dataset_facts(train),
    )
    return {plan.objective: stage}


def _collect_rates(plan: DfmPlan) -> dict[str, float]:
    """Learning rates of players that have their own."""
    rates = {"discriminator": plan.discriminator_lr, "denoiser": plan.denoiser_lr}
    return {player: rate for player, rate in rates.items() if rate is not None}


def _make_recipe(plan: DfmPlan, networks: Mapping[str, Any], n_h: int, steps: int) -> Recipe:
    """Feature matching takes the place of -log D(G(z)) or is added to it, and to DFM's terms.

    An annealed sigma falls to 0 over the rounds.
    """
    width = n_h if plan.denoiser_width is None else plan.denoiser_width
    require_at_least(1, denoiser_depth=plan.denoiser_depth, denoiser_width=width)
    for name in ("denoising_weight", "feature_noise"):
        if getattr(plan, name) < 0:
            raise InputError(f"{name} is {getattr(plan, name)}; 0 or more is expected.")
    sizes = {**networks["sizes"], "spectral_norm": plan.spectral_norm}
    base = {"history": plan.history_weight, "l1": plan.l1_matching}
    base = {**networks, **base, "sizes": sizes}
    denoiser = {
        "denoiser": [width] * plan.denoiser_depth,
        "denoising": plan.denoising_weight,
        "noise": plan.feature_noise,
        "annealed": steps if plan.anneal_noise else 0,
        "norm": plan.denoiser_norm,
    }
    builder, own = {
        "gan": ("gan", {}),
        "fm": ("gan", {"adversarial": 0.0, "matching": 1.0}),
        "gan_fm": ("gan", {"matching": 1.0}),
        "dfm": ("denoising_gan", denoiser),
        "fm_dfm": ("denoising_gan", {**denoiser, "matching": 1.0}),
    }[plan.objective]
    return Recipe(builder, {**base, **own})


def _draw_beside_real(method: Method, file: Path, *, space: Preprocessor, real: Dataset) -> None:
    """Samples beside real rows: images in two grids, points in one cloud of two colours."""
    x = real.raw_rows()
    if space.kind == "images":
        x = x[:PICTURE_IMAGES]
        write_panels({"samples": sample_rows(method, space, len(x)), "real images": x}, file)
    else:
        made = sample_rows(method, space, len(x))
        labels = torch.arange(2).repeat_interleave(len(x))
        write_scatter(torch.cat([x, made]), file, labels=labels, classes=("real rows", "samples"))
