"""Real handwritten digits from five labels a class: the demo.

    auxgen train adgm.digits --run runs/digits          one label draw, under three minutes
    auxgen reproduce adgm.digits                        five draws, beside M2 and the baselines

The 8x8 digits that ship in scikit-learn: 1,297 for training, of which 50 keep their label, 500 for
testing. Beside the model: the same classifier network trained on the 50 labelled rows alone, and
scikit-learn's label spreading on the same split.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ...builders import Recipe
from ...data import images
from ...data.augmentation import binarised
from ...data.dataset import space_of
from ...engine.settings import Engine, adam
from ...evaluation.classification import PeerError
from ...evaluation.peers import Peer, spreading_by_distance, spreading_by_neighbours
from ...functional.bounds import alpha
from ...functional.schedules import hold_then_cosine
from ...plotting.pages import show_classes
from ...stage import Experiment
from ..claims import verdict
from ..common import About, Reproduction, Row
from ._stages import Name, Split, drawn, hidden_labels, recipe, split, stage

ABOUT = About(
    shows="Handwritten digits from 5 labels a class; the demo",
    paper="none: not in the paper",
    ours="SDGM 7.8 %, the classifier alone 13.3 %, label spreading 6.9 %, 5 label draws "
    "(results/adgm.digits.json)",
    time="under 3 minutes on 2 CPU cores",
)


def experiment(
    *,
    seed: int = 0,
    model: Name = "sdgm",
    labels_per_class: int = 5,
    steps: int = 6000,
    lr: float = 3e-3,
    beta: float = 0.1,
    hidden: int = 100,
    latent: int = 16,
    warm_up: int = 300,
) -> Experiment:
    """Handwritten digits from a few labels, and the same classifier from those labels alone.

    Args:
        seed: Of the label draw, the initialisation and the order.
        model: adgm, sdgm, or m2, which has no auxiliary variable.
        labels_per_class: Rows of each class that keep their label.
        steps: Rounds of training.
        lr: Learning rate of Adam.
        beta: Weight of the classification term, times (N_l + N_u) / N_l.
        hidden: Units in each of two hidden layers.
        latent: Width of a and of z.
        warm_up: Rounds over which the log-ratios of a and z gain their weight.
    """
    train, test = images.load("digits", "train"), images.load("digits", "test")
    data = split(train, test, space_of(train), drawn(train, labels_per_class, seed), binarised)
    weight = alpha(beta, len(data.x), len(train))
    sizes = {"hidden": [hidden, hidden], "batch_norm": True}
    made = recipe(
        model,
        data,
        a=latent,
        z=latent,
        alpha=weight,
        warm_up=warm_up,
        likelihood="bernoulli",
        **sizes,
    )
    alone = Recipe(
        "classifier",
        {
            "x": data.space.width,
            "classes": len(data.space.classes),
            "prior_rows": len(data.x),
            **sizes,
        },
    )
    rate = partial(hold_then_cosine, steps=steps, hold=0.5)
    engine = Engine(steps, adam(lr), learning_rate=rate, max_grad_norm=5.0, precision="bf16")
    few = Engine(1000, adam(lr), average=0.99)
    batches: Any = {"labelled": 100, "unlabelled": 100, "seed": seed}
    return {
        "supervised": stage(alone, data, few, **batches, draws=1, more=peers(data)),
        model: stage(
            made,
            data,
            engine,
            **batches,
            pictures={"samples by class": partial(show_classes, space=data.space)},
        ),
    }


def peers(data: Split) -> dict[str, PeerError]:
    """scikit-learn's label spreading, which sees the same labelled and unlabelled rows."""
    x, y = hidden_labels(data)

    def error(peer: Callable[[], Peer], name: str) -> PeerError:
        return PeerError(peer, x_train=x, y_train=y, x=data.x_test, y=data.y_test, name=name)

    return {
        "peer_label_spreading_rbf_error": error(
            spreading_by_distance, "label spreading, rbf kernel, gamma 5"
        ),
        "peer_label_spreading_knn_error": error(
            spreading_by_neighbours, "label spreading, 7 nearest neighbours"
        ),
    }


SEEDS = 5
ERROR = "test error"
ALONE = "Same classifier, labelled rows alone"


def reproduction(budget: str) -> Reproduction:
    """Five label draws of each model beside the classifier alone and label spreading."""
    del budget
    beside = {
        ALONE: "supervised/test_error",
        "Label spreading, 7 nearest neighbours": "supervised/peer_label_spreading_knn_error",
        "Label spreading, rbf kernel": "supervised/peer_label_spreading_rbf_error",
    }
    models = [
        Row(model.upper(), "adgm.digits", {ERROR: f"{model}/test_error"}, {"model": model})
        for model in ("sdgm", "adgm", "m2")
    ]
    peers = [
        Row(title, "adgm.digits", {ERROR: score}, {"model": "sdgm"})
        for title, score in beside.items()
    ]
    return Reproduction("Digits from 5 labels a class", [*models, *peers], claim)


def claim(means: Mapping[tuple[str, str], float]) -> str:
    """Whether SDGM's error is at most two thirds of the classifier's alone."""
    ours, alone = means["SDGM", ERROR], means[ALONE, ERROR]
    holds = verdict(ours <= 2 / 3 * alone)
    return (
        "SDGM's error is at most two thirds of the same classifier's trained on the labelled rows "
        f"alone: {holds} ({ours:.2f} % against {alone:.2f} %)."
    )
