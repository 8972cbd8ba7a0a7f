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
from ...data.augmentation import binarise
from ...data.dataset import fit_preprocessor
from ...engine.settings import Engine, adam
from ...evaluation.classification import BaselineError
from ...evaluation.peers import (
    BaselineClassifier,
    make_knn_label_spreading,
    make_rbf_label_spreading,
)
from ...functional.bounds import classification_weight
from ...functional.schedules import hold_then_cosine
from ...plotting.pages import show_class_grid
from ...stage import Experiment
from ..common import Reproduction, TableRow, format_verdict
from ._stages import (
    DGMName,
    SemiSupervisedData,
    make_dgm_recipe,
    make_semi_supervised_data,
    make_semi_supervised_stage,
    make_transductive_inputs,
    sample_labelled_rows,
)


def experiment(
    *,
    seed: int = 0,
    model: DGMName = "sdgm",
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
    train, test = (
        images.load_image_dataset("digits", "train"),
        images.load_image_dataset("digits", "test"),
    )
    data = make_semi_supervised_data(
        train,
        test,
        fit_preprocessor(train),
        sample_labelled_rows(train, labels_per_class, seed),
        binarise,
    )
    weight = classification_weight(beta, len(data.x), len(train))
    sizes = {"hidden": [hidden, hidden], "batch_norm": True}
    made = make_dgm_recipe(
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
        "supervised": make_semi_supervised_stage(
            alone,
            data,
            few,
            **batches,
            draws=1,
            extra_evaluations=_make_label_spreading_evaluations(data),
        ),
        model: make_semi_supervised_stage(
            made,
            data,
            engine,
            **batches,
            pictures={"samples by class": partial(show_class_grid, space=data.space)},
        ),
    }


def _make_label_spreading_evaluations(data: SemiSupervisedData) -> dict[str, BaselineError]:
    """scikit-learn's label spreading, which sees the same labelled and unlabelled rows."""
    x, y = make_transductive_inputs(data)

    def error(peer: Callable[[], BaselineClassifier], name: str) -> BaselineError:
        return BaselineError(peer, x_train=x, y_train=y, x=data.x_test, y=data.y_test, name=name)

    return {
        "peer_label_spreading_rbf_error": error(
            make_rbf_label_spreading, "label spreading, rbf kernel, gamma 5"
        ),
        "peer_label_spreading_knn_error": error(
            make_knn_label_spreading, "label spreading, 7 nearest neighbours"
        ),
    }


SEEDS = 5
ERROR = "test error"
CLASSIFIER_ALONE = "Same classifier, labelled rows alone"


def reproduction(budget: str) -> Reproduction:
    """Five label draws of each model beside the classifier alone and label spreading."""
    del budget
    beside = {
        CLASSIFIER_ALONE: "supervised/test_error",
        "Label spreading, 7 nearest neighbours": "supervised/peer_label_spreading_knn_error",
        "Label spreading, rbf kernel": "supervised/peer_label_spreading_rbf_error",
    }
    models = [
        TableRow(model.upper(), "adgm.digits", {ERROR: f"{model}/test_error"}, {"model": model})
        for model in ("sdgm", "adgm", "m2")
    ]
    peers = [
        TableRow(title, "adgm.digits", {ERROR: score}, {"model": "sdgm"})
        for title, score in beside.items()
    ]
    return Reproduction(
        "Digits from 5 labels a class", [*models, *peers], _check_sdgm_gain_over_classifier
    )


def _check_sdgm_gain_over_classifier(means: Mapping[tuple[str, str], float]) -> str:
    """Whether SDGM's error is at most two thirds of the classifier's alone."""
    ours, alone = means["SDGM", ERROR], means[CLASSIFIER_ALONE, ERROR]
    holds = format_verdict(ours <= 2 / 3 * alone)
    return (
        "SDGM's error is at most two thirds of the same classifier's trained on the labelled rows "
        f"alone: {holds} ({ours:.2f} % against {alone:.2f} %)."
    )
