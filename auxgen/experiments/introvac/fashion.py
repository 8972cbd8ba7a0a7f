"""Clothes with attributes made of classes: IntroVAC for CPUs, on Fashion-MNIST at 32 x 32.

    auxgen train introvac.fashion --run runs/fashion
    auxgen evaluate runs/fashion

Long sleeves: pullovers and coats have them, T-shirts have not, and of all other clothes it is left
blank. High shaft: ankle boots have one, sneakers and sandals have not, and of what is no shoe it is
left blank. So most answers are missing, and a direction is learned from those that are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from ...data import attributes as described
from ...data import images
from ...evaluation.judges import MulticlassScorer
from ...stage import Experiment
from ._measured import IntrovacEvaluations
from ._pictures import IntrovacPictures
from ._stages import IntrovacModelName, Plan, build_introvac_stages

SLEEVES: Mapping[str, int] = {"Pullover": 1, "Coat": 1, "T - shirt / top": 0}
SHAFT: Mapping[str, int] = {"Ankle boot": 1, "Sneaker": 0, "Sandal": 0}
ATTRIBUTES: Mapping[str, Mapping[str, int]] = {"LongSleeves": SLEEVES, "HighShaft": SHAFT}
PLAN = Plan(
    widths=(16, 32, 64),
    z=32,
    epochs=3,
    vac_epochs=3,
    pretraining=1,
    vac_halvings=(0.4, 0.6, 0.8),
    lr=1e-3,
    average=0.99,
)


def experiment(
    *,
    seed: int = 0,
    model: IntrovacModelName = "all",
    epochs: float = 1.0,
    lr: float = 1e-3,
    batch: int = 64,
    rows: int = 20000,
    split: Literal["test", "validation"] = "test",
    judge: str = "features.fashion_mnist",
) -> Experiment:
    """A plain VAE, VAC and IntroVAC on clothes.

    Args:
        seed: Of the initialisation and the order.
        model: all, or one of them alone.
        epochs: Factor on three passes over the training rows, one of them pretraining.
        lr: Learning rate of Adam.
        batch: Rows in a batch.
        rows: Training rows, the first ones.
        split: What is measured on: test, or the last 2,000 training rows for choices.
        judge: Classifier of the clothes, trained apart, that edits are measured by.
    """
    train = described.derive_attributes_from_classes(
        images.load_image_dataset("fashion_mnist", "train", size=32), ATTRIBUTES
    )
    held_out = train[-2000:]
    if split == "test":
        test = images.load_image_dataset("fashion_mnist", "test", size=32)
        held_out = described.derive_attributes_from_classes(test, ATTRIBUTES)
    some = train[: min(rows, len(train) - 2000)]
    plan = replace(
        PLAN,
        lr=lr,
        batch=batch,
        epochs=PLAN.epochs * epochs,
        vac_epochs=PLAN.vac_epochs * epochs,
        pretraining=PLAN.pretraining * epochs,
    )
    measured = IntrovacEvaluations(
        some, held_out, split, MulticlassScorer(judge, ATTRIBUTES), judge
    )
    shown = IntrovacPictures(some, held_out, delta=4.0)
    return build_introvac_stages(
        some, plan, seed=seed, model=model, evaluations=measured, illustrations=shown
    )
