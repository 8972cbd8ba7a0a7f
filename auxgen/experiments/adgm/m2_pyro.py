"""M2 on MNIST by the protocol of Pyro's tutorial on semi-supervised VAEs.

    auxgen train adgm.m2_pyro --labels 100 --run runs/m2
    auxgen reproduce adgm.m2_pyro

The first 50,000 images are for training, 10 to 300 of each class with their label, and the other
10,000 chose the multiplier of the classification term (`adgm.m2_multipliers`); one hidden layer of
500, z of 50, Adam at 4.2e-4, 200 unlabelled images a batch. Seeds are label draws. Hidden layers
here are rectified after batch norm, and pixels are binarised afresh in each batch; a round has
labelled rows beside the unlabelled ones, where the tutorial alternates; the KL's weight falls from
8 to 1, so that y has to tell the classes before z can, and that of the entropy of unlabelled rows
from 20 to 1, so that it does not tell them at once.
https://pyro.ai/examples/ss-vae.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from ...builders.adgm import LabelledBoundName
from ...data import images
from ...data.augmentation import binarise
from ...data.dataset import fit_preprocessor
from ...engine.settings import Engine, adam
from ...errors import require_at_least
from ...evaluation.classification import TestError
from ...stage import Experiment
from ..common import Reproduction, TableRow, format_verdict
from ._stages import (
    convert_epochs_to_steps,
    load_image_splits,
    make_dgm_recipe,
    make_semi_supervised_data,
    make_semi_supervised_stage,
    sample_labelled_rows,
)

EPOCHS: Mapping[str, Mapping[int, float]] = {
    "cpu": {100: 96, 600: 16, 1000: 16, 3000: 16},
    "paper": dict.fromkeys((100, 600, 1000, 3000), 200),
}
"""By budget and number of labels."""
MULTIPLIER = 50.0
PYRO = {100: 93.19, 600: 94.37, 1000: 94.87, 3000: 95.82}
"""Accuracies in per cent, by number of labels."""


def experiment(
    *,
    seed: int = 0,
    labels: Literal[100, 600, 1000, 3000] = 100,
    budget: Literal["cpu", "paper"] = "cpu",
    multiplier: float = MULTIPLIER,
    epochs: float | None = None,
    lr: float = 4.2e-4,
    hidden: int = 500,
    latent: int = 50,
    batch: int = 200,
    labelled_bound: LabelledBoundName = "conditional",
    classes_summed: int = 3,
    warm_up: float | None = None,
    warm_up_from: float = 8.0,
    temperature_from: float = 20.0,
    batch_norm: bool = True,
) -> Experiment:
    """M2 from a few labels; scores of 10,000 validation images, to choose by, and of the test.

    Args:
        seed: Of the label draw, the initialisation and the order.
        labels: Training rows that keep their label, as many of each class.
        budget: cpu is 96 epochs of 100 labels and 16 of more, paper 200.
        multiplier: Weight of the classification term.
        epochs: Passes over the unlabelled images; the budget's own when not given.
        lr: Learning rate of Adam.
        hidden: Units in the one hidden layer of each network.
        latent: Width of z.
        batch: Rows in a batch, labelled (or all of them) and unlabelled each.
        labelled_bound: Of a labelled row: conditional, of log p(x, y); marginal, of log p(x).
        classes_summed: Classes over which training sums the label of an unlabelled row out: the
            most probable ones and one drawn from the rest, without bias; 10 for all.
        warm_up: Epochs over which the weight of the KL goes to 1; three quarters of all when not
            given.
        warm_up_from: That weight at first.
        temperature_from: Weight of the entropy of q(y|x) of unlabelled rows at first, which goes to
            1 as that of the KL does; above 1, classes stay undecided for longer.
        batch_norm: Before the nonlinearities of hidden layers.
    """
    require_at_least(1, hidden=hidden, latent=latent)
    (train, valid), test = (
        load_image_splits("mnist", held_out=True),
        images.load_image_dataset("mnist", "test"),
    )
    rows = sample_labelled_rows(train, labels // len(train.classes), seed)
    data = make_semi_supervised_data(train, test, fit_preprocessor(train), rows, binarise)
    passes = epochs or EPOCHS[budget][labels]
    settled = 0.75 * passes if warm_up is None else warm_up
    made = make_dgm_recipe(
        "m2",
        data,
        hidden=[hidden],
        a=latent,
        z=latent,
        alpha=multiplier,
        likelihood="bernoulli",
        batch_norm=batch_norm,
        labelled_bound=labelled_bound,
        classes_summed=classes_summed,
        warm_up=convert_epochs_to_steps(len(train), batch, settled),
        warm_up_from=warm_up_from,
        temperature_from=temperature_from,
    )
    engine = Engine(convert_epochs_to_steps(len(train), batch, passes), adam(lr), precision="bf16")
    x = data.space.transform(valid.raw_rows())
    chosen_by = TestError(x, valid.y, split_name="validation", classes=data.space.classes)
    batches: Any = {"labelled": batch, "unlabelled": batch, "seed": seed}
    found = make_semi_supervised_stage(made, data, engine, **batches, draws=1)
    evaluations = {**found.evaluations, "validation_error": chosen_by}
    return {"m2": replace(found, evaluations=evaluations, data={**found.data, "valid": valid})}


SEEDS = 5
ERROR, VALIDATION_ERROR = "test error", "validation error"


def reproduction(budget: str) -> Reproduction:
    """Every number of labels under several draws."""
    rows = [
        TableRow(
            format_label_count(labels),
            "adgm.m2_pyro",
            {ERROR: "m2/test_error", VALIDATION_ERROR: "m2/validation_error"},
            {"budget": budget, "labels": labels},
            {ERROR: f"{100 - accuracy:.2f} % (Pyro)"},
        )
        for labels, accuracy in PYRO.items()
    ]
    return Reproduction("M2 by the protocol of Pyro's tutorial", rows, check_pyro_accuracies)


def format_label_count(labels: int) -> str:
    return f"{labels} labels"


def check_pyro_accuracies(means: Mapping[tuple[str, str], float]) -> str:
    """Accuracy beside the tutorial's."""
    told = []
    for labels, theirs in PYRO.items():
        ours = 100 - means[format_label_count(labels), ERROR]
        holds = format_verdict(ours >= theirs)
        told.append(
            f"{format_label_count(labels)}: {holds} ({ours:.2f} % right against {theirs:.2f})"
        )
    return f"At or above the tutorial's accuracy: {'; '.join(told)}."
