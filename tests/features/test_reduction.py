"""Components of features: against scikit-learn, and how many of them labels choose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from auxgen.errors import InputError
from auxgen.features.reduction import fit_components
from auxgen.networks.components import Components, take_roots

torch.set_num_threads(1)


def make_features(informative: int, n: int = 400) -> tuple[Tensor, Tensor]:
    """Features of whose roots component number `informative` tells two classes apart.

    Deviations of the components fall from the first on; every tenth row has a label.
    """
    rng = np.random.default_rng(0)
    y = np.arange(n) % 2
    h = rng.normal(size=(n, 40)) * np.linspace(2.0, 1.0, 40)
    h[:, informative] *= 0.6
    h[:, informative] += np.linspace(1.6, 0.8, 40)[informative] * (2 * y - 1)
    directions, _ = np.linalg.qr(rng.normal(size=(90, 41)))
    roots = h @ directions[:, :40].T + 100 * directions[:, 40]
    features = np.sign(roots) * roots**2
    labels = np.where(np.arange(n) % 20 < 2, y, -1)
    return torch.from_numpy(features).float(), torch.from_numpy(labels)


def test_roots_have_unit_length_and_signs() -> None:
    h = torch.tensor([[9.0, -16.0, 0.0], [0.0, 0.0, 0.0]])
    torch.testing.assert_close(take_roots(h), torch.tensor([[0.6, -0.8, 0.0], [0.0, 0.0, 0.0]]))


def test_components_are_those_of_scikit_learn_in_one_unit() -> None:
    features, y = make_features(0)
    fitted = fit_components(features, y, widths=(5,))
    roots = take_roots(features).double().numpy()
    expected: Any = PCA(5).fit_transform(roots)
    expected /= np.sqrt((expected**2).mean())
    found = fitted.transform(features)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), rtol=1e-3, atol=2e-3)
    assert (found**2).mean() == pytest.approx(1, rel=1e-3)
    assert "5 principal components of 90 features" in fitted.note


@pytest.mark.parametrize(("informative", "width"), [(6, 8), (14, 16)])
def test_as_many_components_as_labels_need(informative: int, width: int) -> None:
    features, y = make_features(informative)
    fitted = fit_components(features, y, widths=(4, 8, 16))
    assert isinstance(fitted.network, Components)
    assert fitted.network.directions.shape == (width, 90)
    assert "held out" in fitted.note


def test_without_labels_to_hold_out_all_are_taken() -> None:
    features, y = make_features(1)
    single = torch.full_like(y, -1)
    single[0], single[1] = 0, 1
    for labels in (single, torch.full_like(y, -1)):
        assert fit_components(features, labels, widths=(4, 8)).network.directions.shape[0] == 8


def test_few_rows_give_fewer_components() -> None:
    features, y = make_features(1)
    assert fit_components(features[:6], y[:6]).network.directions.shape[0] <= 5


def test_what_has_no_directions_is_refused() -> None:
    for features in (torch.rand(1, 5), torch.ones(4, 5), torch.zeros(4, 5)):
        with pytest.raises(InputError, match="expected"):
            fit_components(features, torch.full((len(features),), -1))


def test_a_row_does_not_depend_on_the_others() -> None:
    features, y = make_features(1)
    fitted = fit_components(features, y)
    together = fitted.transform(features)
    alone = fitted.transform(features[7:8].numpy())
    np.testing.assert_allclose(together[7:8], alone, rtol=1e-3, atol=1e-4)
