"""Known classifiers on the same split."""

from __future__ import annotations

import torch

from auxgen.evaluation.baselines import (
    BaselineError,
    DensePathClassifier,
    make_knn_label_spreading,
)


def test_rows_that_no_label_reaches_get_the_first_class_without_a_warning() -> None:
    near, far = torch.linspace(0, 1, 10)[:, None], torch.linspace(100, 101, 10)[:, None]
    labels = torch.tensor([1, *[-1] * 18, 0])
    x = torch.cat([near, far, far + 1000])
    y = torch.tensor([*labels, *[-1] * 10])
    error = BaselineError(
        make_knn_label_spreading,
        x_train=x,
        y_train=y,
        x=torch.tensor([[0.5], [1100.5], [1100.6]]),
        y=torch.tensor([1, 0, 1]),
        name="label spreading",
    )
    assert round(error(None).value, 4) == round(100 / 3, 4)


def test_the_label_along_dense_paths_is_that_of_the_nearest_reached_row() -> None:
    chain = torch.arange(0.0, 3.1, 0.1)
    x = torch.cat([chain, torch.tensor([3.6, 50.0])])[:, None]
    y = torch.full((len(x),), -1)
    y[0], y[-2] = 1, 0
    error = BaselineError(
        DensePathClassifier,
        x_train=x,
        y_train=y,
        x=torch.tensor([[2.95], [3.5], [60.0]]),
        y=torch.tensor([1, 0, 0]),
        name="paths",
    )
    assert error(None).value == 0
