"""Street View House Numbers with 1,000 labels (Maaloe et al., 2016, table 2).

    auxgen train adgm.svhn --run runs/svhn [--model adgm] [--no-extra]
    auxgen reproduce adgm.svhn

Colour images of 32 x 32 pixels, from the authors' .mat files or the hub; with the 531,131 "extra"
images as unlabelled rows, or without. Neither budget has been run yet: the data is not at hand.
"""

from __future__ import annotations

from typing import Any, Literal

from ...data import images
from ...stage import Experiment
from ..common import Reproduction, TableRow
from ._pixels import (
    compute_channel_std,
    concat_datasets,
    make_dequantised_data,
    make_pixel_experiment,
    make_pixel_space,
)
from ._stages import AblationName, DGMName, sample_labelled_rows


def experiment(
    *,
    seed: int = 0,
    model: Literal[DGMName, AblationName] = "sdgm",
    budget: Literal["cpu", "paper"] = "cpu",
    extra: bool = True,
    epochs: float | None = None,
    lr: float | None = None,
    beta: float = 0.1,
    samples: int | None = None,
    warm_up: float = 0.0,
    labels_per_class: int = 100,
) -> Experiment:
    """SVHN with 1,000 labels; every pixel with noise of a grey level, by its channel's deviation.

    Args:
        seed: Of the label draw, the initialisation and the order.
        model: sdgm; adgm; m2, which has no auxiliary variable; adgm_deterministic, whose a is no
            variable; adgm_uninformed, whose p(a) sees nothing.
        budget: cpu is small and short; paper has layers of 1000 and codes of 300.
        extra: Whether the extra images are among the unlabelled rows.
        epochs: Passes over the unlabelled images; the budget's own when not given.
        lr: Learning rate of Adam; the budget's own when not given.
        beta: Weight of the classification term, times (N_l + N_u) / N_l.
        samples: Monte-Carlo draws of a; the budget's own when not given.
        warm_up: Epochs over which the log-ratios of a and z gain their weight.
        labels_per_class: Training rows of each class that keep their label; none is extra.
    """
    train, test = (
        images.load_image_dataset("svhn", "train"),
        images.load_image_dataset("svhn", "test"),
    )
    rows = sample_labelled_rows(train, labels_per_class, seed)
    every = concat_datasets(train, images.load_image_dataset("svhn", "extra")) if extra else train
    data = make_dequantised_data(
        every, test, make_pixel_space(every, scale=compute_channel_std(every)), rows
    )
    given: dict[str, Any] = {"epochs": epochs, "lr": lr, "samples": samples}
    settings = {"seed": seed, "beta": beta, "warm_up": warm_up}
    return make_pixel_experiment(data, model, BUDGETS[budget], **settings, **given)


SIZES = {"labelled": 1000, "unlabelled": 1000, "samples": 1}
BUDGETS: dict[str, dict[str, Any]] = {
    "cpu": {**SIZES, "hidden": 256, "latent": 50, "epochs": 5, "lr": 1e-3, "monitor": 1},
    "paper": {**SIZES, "hidden": 1000, "latent": 300, "epochs": 300, "lr": 3e-4, "monitor": 10},
}

SEEDS = 3
ERROR = "test error"


def make_table2_rows(budget: str) -> list[TableRow]:
    """Both models with the extra images, and the SDGM without."""
    with_extra = [("sdgm", True, "16.61 (0.24) %"), ("adgm", True, "22.86 %")]
    said = {True: "", False: ", no extra"}
    return [
        TableRow(
            f"SVHN: {model.upper()}{said[extra]}",
            "adgm.svhn",
            {ERROR: f"{model}/test_error"},
            {"budget": budget, "model": model, "extra": extra},
            {ERROR: paper},
        )
        for model, extra, paper in [*with_extra, ("sdgm", False, "29.82 %")]
    ]


def reproduction(budget: str) -> Reproduction:
    """SDGM and ADGM, and what the extra images are worth."""
    return Reproduction("SVHN with 1,000 labels", make_table2_rows(budget))
