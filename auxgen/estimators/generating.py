"""How the networks of a density are made and trained, in one or two stages."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import Any, NamedTuple, Protocol

import torch

from ..builders import Recipe
from ..builders.artefact import make_artefact_config
from ..builders.seen_rows import SeenRows
from ..engine.device import resolve_device
from ..inference.initialization import initialize_from_source
from ..model import Model
from ..rng import use_seed
from .batches import WeightedBatches, choose_corruption
from .held_out import HeldOutLoss, hold_out
from .parameters import list_widths
from .training import Progress, Trained, make_schedule, train_method
from .weights import WeightedRows

TWO_STAGES = ("asl", "mi_asl")
"""Models that start from an encoder, which is trained before."""
_TRANSFORMS = 8


class DensitySettings(Protocol):
    """What training reads of a `GenerativeModel`, whose docstring has the meanings."""

    model: str
    hidden: Any
    latent: int
    steps: int
    learning_rate: float
    batch: int
    noise: float
    importance_weights: int
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    verbose: bool
    device: str
    seed_: int

    def get_params(self) -> dict[str, Any]:
        """All parameters by name."""
        ...


class FittedDensity(NamedTuple):
    """A trained density, the loss of each round of all stages, and how the last one goes on."""

    model: Model
    losses: list[float]
    progress: Progress


def train_density(
    settings: DensitySettings,
    rows: WeightedRows,
    seen: SeenRows,
    *,
    steps: int,
    start: Progress | None,
) -> FittedDensity:
    """Train a density on rows, from new weights or from where training ended.

    Raises:
        InputError: A builder refuses a parameter, or too few rows can be held out.
        Diverged: A loss is not finite.
        OutOfMemory: A round does not fit in memory.
    """
    space = seen.space
    recipes, losses = make_recipes(settings, seen), []
    seed, device = settings.seed_, resolve_device(settings.device)
    evaluate, kept = None, rows
    if settings.early_stopping:
        out = hold_out(rows, settings.validation_fraction, seed)
        kept = rows.select(~out)
        evaluate = HeldOutLoss(rows.select(out), space, 0.0, seed)
    x = space.transform(torch.from_numpy(kept.x)).float()
    batches = WeightedBatches(
        x,
        torch.from_numpy(kept.weights),
        batch=settings.batch,
        seed=seed,
        corruption=choose_corruption(seen, settings.noise),
        device=device,
    )
    schedule = make_schedule(settings, steps, device)
    trained: Trained | None = None
    for recipe in recipes:
        with use_seed(seed, torch.device(device)):
            method = recipe.build()
            if trained is not None:
                initialize_from_source(method, source=trained.method.cpu(), x=x.cpu())
        trained = train_method(method, batches, schedule, evaluate=evaluate, start=start)
        losses += trained.losses
    assert trained is not None
    card: dict[str, Any] = {"experiment": type(settings).__name__, "code": int(settings.latent)}
    card |= {name: str(value) for name, value in settings.get_params().items()}
    config = make_artefact_config(recipes[-1], space, card)
    return FittedDensity(
        Model(trained.method, space, "estimator", config), losses, trained.progress
    )


def make_recipes(settings: DensitySettings, seen: SeenRows) -> list[Recipe]:
    """The models to train in turn, the one that was asked for last."""
    hidden, z = list_widths(settings.hidden), int(settings.latent)
    base: dict[str, Any] = {"x": seen.space.width, "hidden": hidden}
    if settings.model == "vae":
        return [Recipe("vae", {**base, "z": z, "likelihood": seen.likelihood})]
    if settings.model == "iwae":
        layers = {"hidden": [hidden], "z": [z], "k": int(settings.importance_weights)}
        return [Recipe("iwae", {**base, **layers, "likelihood": seen.likelihood})]
    sizes: Mapping[str, Any] = {"transforms": _TRANSFORMS, "hidden": hidden}
    own = {"likelihood": seen.likelihood} if seen.families else {}
    fitted = Recipe(
        {"asl": "vae_asl", "mi_asl": "mi_asl"}[settings.model],
        {**base, "u": z, "kind": "affine", "sizes": sizes, "noise": 1.0, **own},
    )
    if settings.model == "mi_asl":
        return [Recipe("informative_encoder", {**base, "u": z}), fitted]
    gaussian = own or {"likelihood": "gaussian_scalar", "scale": exp(-1)}
    return [Recipe("vae", {**base, "z": z, **gaussian}), fitted]
