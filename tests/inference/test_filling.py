"""Unknown entries: summed out of densities, unseen by networks, and filled in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from evaluation.linear_gaussian import LinearGaussian
from torch import Tensor
from torch.distributions import Distribution, Independent, Normal

from auxgen.builders import Recipe
from auxgen.builders.likelihoods import get_likelihood
from auxgen.data.columns import Column
from auxgen.data.dataset import Preprocessor
from auxgen.data.table_schema import TableSchema
from auxgen.inference.filling import fill_rows
from auxgen.method import Bounds, Classifies, Completes, Encodes, Weighs, require
from auxgen.networks.distributions import Family, bounded_normal, observed_normal

SIZES: dict[str, Any] = {"x": 6, "hidden": [8], "z": 2, "likelihood": "gaussian"}
CLASSES: dict[str, Any] = {"classes": 3, "alpha": 1.0, "prior_rows": 10}
LAYERS: dict[str, Any] = {"x": 6, "hidden": [[8], [8]], "z": [3, 2], "likelihood": "gaussian"}
METHODS = {
    "m2": {**SIZES, **CLASSES},
    "sdgm": {**SIZES, **CLASSES, "a": 2},
    "adgm": {**SIZES, **CLASSES, "a": 2, "a_sees_x": True},
    "vae": SIZES,
    "iwae": {**LAYERS, "k": 2},
    "avae": {**LAYERS, "a": [2, 2]},
}


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def test_an_unknown_number_is_summed_out_of_a_gaussian() -> None:
    parameters, x = torch.randn(5, 8), torch.randn(5, 4)
    torch.testing.assert_close(
        observed_normal(parameters).log_prob(x), bounded_normal(parameters).log_prob(x)
    )
    x[0, 1] = x[2, :] = torch.nan
    known = [0, 2, 3]
    left = bounded_normal(parameters[0, [*known, *(k + 4 for k in known)]]).log_prob(x[0, known])
    found = observed_normal(parameters.requires_grad_()).log_prob(x)
    torch.testing.assert_close(found[0], left)
    assert found[2] == 0
    (gradient,) = torch.autograd.grad(found.sum(), parameters)
    assert gradient.isfinite().all()
    assert not gradient[2].any()


def test_the_density_of_a_table_is_that_of_its_columns() -> None:
    """One number and two texts: sums over all texts are 1, and an unknown one is summed out."""
    parameters = torch.randn(2 + 2 + 3, dtype=torch.float64)
    p_x = make_table_family(1, [2, 3])(parameters)
    number = torch.tensor([0.3], dtype=torch.float64)
    every = [
        torch.cat((number, a, b))
        for a in torch.eye(2, dtype=torch.float64)
        for b in torch.eye(3, dtype=torch.float64)
    ]
    joint = torch.stack([p_x.log_prob(x) for x in every]).exp().view(2, 3)
    density = Normal(parameters[0], parameters[1].exp()).log_prob(number[0]).exp()
    torch.testing.assert_close(joint.sum(), density)
    unknown = torch.full((3,), torch.nan, dtype=torch.float64)
    without = torch.stack([p_x.log_prob(torch.cat((x[:3], unknown))).exp() for x in every[::3]])
    torch.testing.assert_close(without, joint.sum(1))
    drawn = p_x.sample((20000,))
    torch.testing.assert_close(drawn[:, 1:].mean(0), p_x.mean[1:], rtol=0, atol=0.015)
    assert drawn[:, 1:3].sum(1).eq(1).all()


@pytest.mark.parametrize("name", METHODS)
def test_what_a_model_says_of_a_row_does_not_depend_on_unknown_entries(name: str) -> None:
    """Bounds, classes and codes of a row are those of a model without the entry."""
    method = Recipe(name, METHODS[name]).build().eval()
    x = torch.randn(4, 6)
    x[:, 2] = torch.nan
    with torch.no_grad():
        for parameter_name, parameter in method.named_parameters():
            if parameter.ndim == 2 and parameter.shape[1] == 6 and "maps" in parameter_name:
                parameter[:, 2] = 0.0  # networks that do not see the entry
    zeroed = x.nan_to_num(0.0)
    with torch.no_grad():
        codes = [require(method, Encodes).encode(rows).mean for rows in (x, zeroed)]
        torch.testing.assert_close(*codes, rtol=0, atol=0)
        if isinstance(method, Classifies) and name != "vae":
            torch.manual_seed(1)
            first = method.classify(x).logits
            torch.manual_seed(1)
            torch.testing.assert_close(method.classify(zeroed).logits, first, rtol=0, atol=0)
        torch.manual_seed(1)
        log_w, p_x = require(method, Completes).weigh_draws(x, 5)
        torch.manual_seed(1)
        whole, _ = require(method, Completes).weigh_draws(zeroed, 5)
        base = p_x.base_dist if isinstance(p_x, Independent) else None
        assert isinstance(base, Normal)
        factor = base.log_prob(torch.zeros(6))[..., 2]
        torch.testing.assert_close(log_w + factor, whole, rtol=1e-4, atol=1e-4)
        torch.manual_seed(2)
        assert require(method, Bounds).elbo(x).isfinite().all()
        assert require(method, Weighs).log_weights(x, 3).isfinite().all()


def make_table_family(numbers: int, texts: list[int]) -> Family:
    """Gaussians and categories, as artefacts of tables describe them."""
    return get_likelihood({"numbers": numbers, "texts": texts}, numbers + sum(texts), 1.0)[1]


class Completed(LinearGaussian):
    """A linear Gaussian model whose q(z|x) is N(0, 2 I), so that weights have work to do."""

    def weigh_draws(self, x: Tensor, k: int) -> tuple[Tensor, Distribution]:
        spread = 2**0.5
        z = spread * torch.randn(k, len(x), 2, dtype=x.dtype)
        zero = torch.zeros(2, dtype=x.dtype)
        q_z = Independent(Normal(zero, spread * torch.ones_like(zero)), 1)
        prior = Independent(Normal(zero, torch.ones_like(zero)), 1)
        each = Normal(z @ self.w.T, self.noise)
        log_p = torch.where(x.isnan(), 0.0, each.log_prob(x.nan_to_num())).sum(-1)
        return log_p + prior.log_prob(z) - q_z.log_prob(z), Independent(each, 1)


def test_numbers_are_filled_in_as_the_closed_form_has_them() -> None:
    """x ~ N(0, C): means C_uk C_kk^-1 x_k, and draws with covariance C_uu - C_uk C_kk^-1 C_ku."""
    method, space = Completed(), Preprocessor(kind="points", shape=(3,))
    covariance = method.p_x().covariance_matrix  # pyright: ignore[reportAttributeAccessIssue]
    x = torch.tensor([[0.5, torch.nan, -1.0]], dtype=torch.float64)
    known, unknown = [0, 2], [1]
    slope = covariance[unknown][:, known] @ torch.linalg.inv(covariance[known][:, known])
    mean = (slope @ x[0, known]).item()
    variance = (covariance[1, 1] - slope @ covariance[known][:, unknown]).item()
    filled = fill_rows(method, space, x, 100_000)
    assert filled[0, known].equal(x[0, known])
    assert filled[0, 1].item() == pytest.approx(mean, abs=0.02)
    draws = fill_rows(method, space, x.repeat(4000, 1), 500, mean=False)[:, 1]
    assert draws.mean().item() == pytest.approx(mean, abs=0.05)
    assert draws.var().item() == pytest.approx(variance, rel=0.1)


class TwoTexts(torch.nn.Module):
    """p(z) = 1/2, z in {0, 1}; texts given z: a and b, each one of two or blank."""

    def __init__(self) -> None:
        super().__init__()
        self.a = torch.tensor([[0.7, 0.1, 0.2], [0.2, 0.4, 0.4]])
        self.b = torch.tensor([[0.9, 0.1], [0.3, 0.7]])

    def weigh_draws(self, x: Tensor, k: int) -> tuple[Tensor, Distribution]:
        z = torch.arange(k)[:, None].expand(k, len(x)) % 2
        logits = torch.cat((self.a[z].log(), self.b[z].log()), -1)
        p_x = make_table_family(0, [3, 2])(logits)
        return p_x.log_prob(x), p_x


def test_texts_are_filled_in_by_enumeration_and_never_as_blank() -> None:
    columns = (Column("a", "category", ("x", "y", "")), Column("b", "category", ("u", "v")))
    table = TableSchema(columns)
    space = Preprocessor(kind="table", shape=(5,), table=table, columns=table.entry_names)
    method = TwoTexts()
    raw = torch.tensor([[0.0, 0.0, 1.0, 0.0, 1.0]])  # a blank, b = v
    joint = method.b[:, 1, None] * method.a[:, :2]  # over z and a = x, y, given that it is known
    truth = joint.sum(0) / joint.sum()
    filled = fill_rows(method, space, raw, 2)
    torch.testing.assert_close(filled[0, :2], truth)
    assert filled[0, 2] == 0
    assert table.decode(filled.numpy())["a"].tolist() == ["y" if truth[1] > truth[0] else "x"]
    draws = fill_rows(method, space, raw.repeat(8000, 1), 2, mean=False)
    assert draws[:, 2].sum() == 0
    assert draws[:, 1].mean().item() == pytest.approx(truth[1].item(), abs=0.02)
    assert np.isin(draws.numpy(), (0, 1)).all()
