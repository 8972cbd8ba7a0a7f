"""How a classifier's networks are made and trained, from rows with weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import ceil
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch

from ..builders import Recipe
from ..builders.artefact import make_artefact_config
from ..builders.seen_rows import SeenRows
from ..data.batches import SemiSupervisedBatch
from ..engine.device import resolve_device
from ..errors import InputError
from ..few_labels.committee import complete_committee, hide_folds
from ..few_labels.parts import FOLDS
from ..functional.bounds import classification_weight
from ..model import Model
from ..rng import derive_seed, use_seed
from .batches import PartlyLabelledBatches, choose_corruption, stack_members
from .class_weights import average_class_weight, find_prior, weigh_classes, weigh_labels
from .committee import find_committee_rows, find_folds
from .held_out import HeldOutLoss, hold_out
from .parameters import list_widths
from .training import Progress, Trained, make_schedule, train_method
from .weights import WeightedRows


class ClassifierSettings(Protocol):
    """What training reads of a `SemiSupervisedClassifier`, whose docstring has the meanings."""

    model: str
    hidden: Any
    latent: int
    learning_rate: float
    batch: int
    noise: float
    beta: float
    label_temperature: float
    batch_norm: bool
    labelled_bound: str
    classes_summed: int | None
    skip_below: float | None
    class_weight: Any
    class_prior: Any
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    verbose: bool
    device: str
    classes_: np.ndarray
    seed_: int

    def get_params(self) -> dict[str, Any]:
        """All parameters by name."""
        ...


class FittedClassifier(NamedTuple):
    """A trained classifier."""

    model: Model
    trained: Trained


def train_classifier(
    estimator: ClassifierSettings,
    rows: WeightedRows,
    seen: SeenRows,
    *,
    steps: int,
    start: Progress | None,
    holds_out: bool,
) -> FittedClassifier:
    """Train an estimator's model on rows, from new weights or from where training ended.

    `holds_out`: whether labels are held out of a committee's M2s, none of which has seen others.

    Raises:
        InputError: The builder refuses a parameter, or too few rows can be held out.
        Diverged: A loss is not finite.
        OutOfMemory: A round does not fit in memory.
    """
    recipe, space = make_recipe(estimator, rows, seen), seen.space
    device, seed = resolve_device(estimator.device), estimator.seed_
    schedule = make_schedule(estimator, steps, device)
    evaluate, kept = None, np.ones(len(rows), dtype=bool)
    if estimator.early_stopping:
        out = hold_out(rows, estimator.validation_fraction, seed)
        kept = ~out
        evaluate = HeldOutLoss(rows.select(out), space, recipe.arguments["alpha"], seed)
    with use_seed(seed, torch.device(device)):
        method = recipe.build()
    fold = find_folds(rows, kept) if holds_out else np.full(len(rows), -1)
    batches = make_batches(rows, kept, fold, seen, estimator, device)
    axis = 1 if estimator.model == "committee" else 0
    trained = train_method(method, batches, schedule, evaluate=evaluate, start=start, row_axis=axis)
    method = trained.method
    if estimator.model == "committee":
        labels = weigh_labels(
            estimator.class_weight, estimator.class_prior, estimator.classes_, rows
        )
        known = find_committee_rows(space, rows, fold, labels)
        given = estimator.class_prior is not None or estimator.class_weight is not None
        method, recipe = complete_committee(
            method.cpu(),
            recipe,
            known,
            seed=seed,
            estimates_shares=not given,
            codes=bool(space.counts),
        )
        method = method.to(device)
    card = {"experiment": type(estimator).__name__, "code": estimator.latent}
    card |= {name: str(value) for name, value in estimator.get_params().items()}
    config = make_artefact_config(recipe, space, card)
    return FittedClassifier(Model(method, space, "estimator", config), trained)


def make_recipe(estimator: ClassifierSettings, rows: WeightedRows, seen: SeenRows) -> Recipe:
    """The model by an estimator's parameters, for rows that count so often.

    Of a committee it is that of its M2s.
    """
    labelled, every = rows.weights[rows.labelled].sum(), rows.weights.sum()
    each = weigh_classes(estimator.class_weight, estimator.classes_, rows)
    alpha = classification_weight(estimator.beta, labelled, every)
    arguments = {
        "x": seen.space.width,
        "hidden": list_widths(estimator.hidden),
        "z": int(estimator.latent),
        "classes": len(estimator.classes_),
        "alpha": float(alpha * average_class_weight(each, rows)),
        "prior_rows": float(every),
        "likelihood": seen.likelihood,
        "temperature": float(estimator.label_temperature),
        "class_prior": find_prior(estimator.class_prior, estimator.classes_, rows),
    }
    alone = {
        "batch_norm": bool(estimator.batch_norm),
        "labelled_bound": estimator.labelled_bound,
        "classes_summed": estimator.classes_summed,
        "skip_below": None if estimator.skip_below is None else float(estimator.skip_below),
    }
    if estimator.model == "committee":
        defaults = {"batch_norm": False, "labelled_bound": "conditional"}
        if alone != {**defaults, "classes_summed": None, "skip_below": None}:
            raise InputError(
                f"{', '.join(alone)} are of one model alone; expected their defaults, or a model "
                "of 'm2', 'sdgm' or 'adgm'."
            )
        shared = set(seen.families.values()) & {"gaussian_scalar", "gaussian_pixel"}
        if shared:
            raise InputError(
                f"A committee's M2s cannot learn deviations that all rows share; expected another "
                f"likelihood than {shared.pop()!r}, or a model of 'm2', 'sdgm' or 'adgm'."
            )
        return Recipe("m2_ensemble", {**arguments, "members": 1 + FOLDS})
    auxiliary = {} if estimator.model == "m2" else {"a": int(estimator.latent)}
    return Recipe(estimator.model, {**arguments, **auxiliary, **alone})


def make_batches(
    rows: WeightedRows,
    kept: np.ndarray,
    fold: np.ndarray,
    seen: SeenRows,
    estimator: ClassifierSettings,
    device: str,
) -> Callable[[int], SemiSupervisedBatch]:
    """Batches of the rows that are kept (n,), as the model sees them.

    Those of a committee have an axis of M2s, each without the labels of its fold (n,).
    """
    places = torch.from_numpy(rows.places[kept])
    weights = torch.from_numpy(rows.weights[kept])
    each = weigh_classes(estimator.class_weight, estimator.classes_, rows.select(kept))
    own = each / average_class_weight(each, rows.select(kept))
    label_weights = weights * torch.from_numpy(own)[places.clamp(min=0)]
    make = partial(
        PartlyLabelledBatches,
        seen.space.transform(torch.from_numpy(rows.x[kept])).float(),
        weights=weights,
        label_weights=label_weights,
        batch=estimator.batch,
        corruption=choose_corruption(seen, estimator.noise),
        device=device,
    )
    if estimator.model != "committee":
        return make(places, seed=estimator.seed_)
    count = label_weights[places >= 0].sum().item()
    members = [
        make(
            torch.from_numpy(learned[kept]),
            seed=derive_seed(estimator.seed_, i),
            labelled_batch=min(estimator.batch, max(1, ceil(count))),
        )
        for i, learned in enumerate(hide_folds(rows.places, fold))
    ]
    return partial(stack_members, members)
