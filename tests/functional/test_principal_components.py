"""Principal components, with scikit-learn as the oracle."""

from __future__ import annotations

import pytest
import torch
from sklearn.decomposition import PCA

from auxgen.functional.principal_components import principal_components


def test_they_are_those_of_scikit_learn() -> None:
    x = torch.randn(80, 5, generator=torch.Generator().manual_seed(0)).double() @ torch.diag(
        torch.tensor([5.0, 3.0, 1.0, 0.5, 0.1]).double()
    )
    theirs = PCA(2).fit(x.numpy())
    points, shares = principal_components(x)
    torch.testing.assert_close(points.abs(), torch.from_numpy(theirs.transform(x.numpy())).abs())
    torch.testing.assert_close(shares, torch.from_numpy(theirs.explained_variance_ratio_))
    torch.testing.assert_close(principal_components(1e-6 * x), (1e-6 * points, shares))


@pytest.mark.parametrize("x", [torch.ones(4, 3), torch.rand(4, 1), torch.rand(1, 3)])
def test_what_does_not_vary_has_components_of_0(x: torch.Tensor) -> None:
    points, shares = principal_components(x.double(), 2)
    assert points.shape == (len(x), 2)
    assert points[:, 1].abs().max() == 0
    assert points.isfinite().all()
    assert 0 <= shares.sum() <= 1 + 1e-9
