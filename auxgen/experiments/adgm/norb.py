"""Small NORB with 1,000 labels (Maaloe et al., 2016, table 2).

    auxgen train adgm.norb --run runs/norb [--model adgm] [--single]
    auxgen reproduce adgm.norb

Toys before two cameras, 32 x 32 pixels of each, from the authors' .mat files: a row is a pair, or a
single image. Neither budget has been run yet: the data is not at hand.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

from ...data import images
from ...data.dataset import Dataset
from ...stage import Experiment
from ..common import Reproduction, TableRow
from ._pixels import make_dequantised_data, make_pixel_experiment, make_pixel_space
from ._stages import AblationName, DGMName, sample_labelled_rows

IMAGE_SIZE = 32


def experiment(
    *,
    seed: int = 0,
    model: Literal[DGMName, AblationName] = "sdgm",
    budget: Literal["cpu", "paper"] = "cpu",
    single: bool = False,
    epochs: float | None = None,
    lr: float | None = None,
    beta: float = 0.1,
    samples: int | None = None,
    warm_up: float = 0.0,
    labels: int = 1000,
) -> Experiment:
    """Small NORB with 1,000 labels; every pixel with noise of a grey level, less its mean.

    Args:
        seed: Of the label draw, the initialisation and the order.
        model: sdgm; adgm; m2, which has no auxiliary variable; adgm_deterministic, whose a is no
            variable; adgm_uninformed, whose p(a) sees nothing.
        budget: cpu is small and short; paper has layers of 500 and codes of 100.
        single: Single images as rows, rather than pairs.
        epochs: Passes over the unlabelled rows; the budget's own when not given.
        lr: Learning rate of Adam; the budget's own when not given.
        beta: Weight of the classification term, times (N_l + N_u) / N_l.
        samples: Monte-Carlo draws of a; the budget's own when not given.
        warm_up: Epochs over which the log-ratios of a and z gain their weight.
        labels: Training rows that keep their label, as many of each of the 5 classes.
    """
    name = "small_norb_single" if single else "small_norb"
    train, test = (
        images.load_image_dataset(name, part, size=IMAGE_SIZE) for part in ("train", "test")
    )
    space = make_pixel_space(train, shift=_compute_pixel_mean(train))
    data = make_dequantised_data(
        train, test, space, sample_labelled_rows(train, labels // len(train.classes), seed)
    )
    given: dict[str, Any] = {"epochs": epochs, "lr": lr, "samples": samples}
    settings = {"seed": seed, "beta": beta, "warm_up": warm_up}
    return make_pixel_experiment(data, model, BUDGETS[budget], **settings, **given)


def _compute_pixel_mean(train: Dataset) -> Tensor:
    """Each pixel's mean over rows, in [0, 1]: -> (d,)."""
    return train.x.flatten(1).sum(0, dtype=torch.float64).div(255 * len(train)).float()


SIZES = {"labelled": 100, "unlabelled": 100, "samples": 1}
BUDGETS: dict[str, dict[str, Any]] = {
    "cpu": {**SIZES, "hidden": 256, "latent": 50, "epochs": 10, "lr": 1e-3, "monitor": 1},
    "paper": {**SIZES, "hidden": 500, "latent": 100, "epochs": 300, "lr": 3e-4, "monitor": 10},
}

SEEDS = 3
ERROR = "test error"


def make_table2_rows(budget: str) -> list[TableRow]:
    """Both models of pairs, and the SDGM of single images."""
    pairs = [("sdgm", False, "9.40 (0.04) %"), ("adgm", False, "10.06 (0.05) %")]
    said = {True: ", single images", False: ""}
    return [
        TableRow(
            f"NORB: {model.upper()}{said[single]}",
            "adgm.norb",
            {ERROR: f"{model}/test_error"},
            {"budget": budget, "model": model, "single": single},
            {ERROR: paper},
        )
        for model, single, paper in [*pairs, ("sdgm", True, "about 13 %")]
    ]


def reproduction(budget: str) -> Reproduction:
    """SDGM and ADGM of pairs, and the SDGM of single images."""
    return Reproduction("Small NORB with 1,000 labels", make_table2_rows(budget))
