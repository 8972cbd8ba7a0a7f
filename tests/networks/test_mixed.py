"""Families of entries as a model sees them, and rows of several families."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats as scipy_stats
from torch import Tensor
from torch.distributions import Distribution, Normal

from auxgen.builders.likelihoods import get_likelihood
from auxgen.errors import InputError

stats: Any = scipy_stats  # its types are too narrow

UNITS = {"shift": [1.1, 0.7], "scale": [0.5, 0.8]}
SHARES = {"shift": [0.4, 0.7], "scale": [0.2, 0.15]}
FAMILIES: dict[str, dict[str, Any]] = {
    "bernoulli": {"shift": [0.3, 0.6], "scale": [0.46, 0.49]},
    "discretized_logistic": {"shift": [1.4, 2.0], "scale": [0.9, 1.2], "top": [3.0, 5.0]},
    "beta": SHARES,
    "truncated_gaussian": SHARES,
    "poisson": UNITS,
    "negative_binomial": UNITS,
    "zero_inflated_poisson": UNITS,
    "zero_inflated_negative_binomial": UNITS,
}
GAUSSIANS = ("gaussian", "gaussian_fixed", "gaussian_scalar", "gaussian_pixel")


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def make(*blocks: dict[str, Any]) -> tuple[Distribution, Tensor]:
    """p(x|.) of blocks at random parameters, and these."""
    width = sum(len(block["entries"]) for block in blocks)
    heads, family = get_likelihood(blocks, width, 0.7)
    if isinstance(family, torch.nn.Module):
        family.double()
    parameters = 0.5 * torch.randn(heads, dtype=torch.float64)
    return family(parameters), parameters


def block(family: str, entries: list[int]) -> dict[str, Any]:
    return {"family": family, "entries": entries, **FAMILIES.get(family, {})}


def list_values(family: str) -> list[list[float]]:
    """All values of the two entries in their own units, or enough of them."""
    if family == "bernoulli":
        return [[0, 1], [0, 1]]
    if family == "discretized_logistic":
        return [list(range(4)), list(range(6))]
    return [list(range(120))] * 2


def see(family: str, own: Tensor) -> Tensor:
    """Entries in their own units as a model sees them."""
    shift, scale = (own.new_tensor(FAMILIES[family][n]) for n in ("shift", "scale"))
    counts = "poisson" in family or "binomial" in family
    return ((own.log1p() if counts else own) - shift) / scale


@pytest.mark.parametrize("family", [f for f in FAMILIES if f not in ("beta", "truncated_gaussian")])
def test_probabilities_of_all_values_sum_to_1_and_give_the_mean(family: str) -> None:
    p_x, _ = make(block(family, [0, 1]))
    every = torch.tensor(list(itertools.product(*list_values(family))), dtype=torch.float64)
    probs = p_x.log_prob(see(family, every)).exp()
    assert float(probs.sum()) == pytest.approx(1, abs=1e-4)
    mean = (probs.unsqueeze(1) * every).sum(0)
    torch.testing.assert_close(p_x.mean, see(family, mean), rtol=0, atol=5e-3)


def test_a_beta_is_that_of_scipy() -> None:
    """Mean sigmoid(b + logit m), precision exp(a) (m (1 - m) / s^2 - 1), of rows (m, s)."""
    p_x, parameters = make(block("beta", [0, 1]))
    x = np.array([0.2, 0.9])
    m, s = np.array(SHARES["shift"]), np.array(SHARES["scale"])
    b, a = parameters.numpy().reshape(2, 2)
    mean = 1 / (1 + np.exp(-b) * (1 - m) / m)
    precision = np.exp(a) * (m * (1 - m) / s**2 - 1)
    expected = stats.beta(mean * precision, (1 - mean) * precision).logpdf(x).sum()
    found = p_x.log_prob(see("beta", torch.from_numpy(x)))
    assert float(found) == pytest.approx(expected, rel=1e-5)
    torch.testing.assert_close(p_x.mean, see("beta", torch.from_numpy(mean)), rtol=0, atol=1e-5)
    for end in (0.0, 1.0):
        assert p_x.log_prob(see("beta", torch.full((2,), end).double())).isfinite()


@pytest.mark.parametrize("family", [*FAMILIES, *GAUSSIANS])
def test_an_unknown_entry_is_summed_out_and_draws_have_the_mean(family: str) -> None:
    p_x, _ = make(block(family, [0, 1]))
    drawn = p_x.sample(torch.Size((20_000,)))
    if family in FAMILIES and "poisson" not in family and "binomial" not in family:
        deviation = drawn.std(0) / len(drawn) ** 0.5  # counts' means are of what is not logarithm
        assert ((drawn.mean(0) - p_x.mean).abs() < 5 * deviation + 1e-3).all()
    unknown = torch.full_like(drawn[:5], torch.nan)
    first, second = drawn[:5].clone(), drawn[:5].clone()
    first[:, 1], second[:, 0] = torch.nan, torch.nan
    each = p_x.log_prob(first) + p_x.log_prob(second)
    torch.testing.assert_close(each, p_x.log_prob(drawn[:5]))
    assert (p_x.log_prob(unknown) == 0).all()


@pytest.mark.parametrize("family", [*FAMILIES, *GAUSSIANS])
def test_gradients_are_finite_where_entries_are_unknown(family: str) -> None:
    heads, make_p = get_likelihood([block(family, [0, 1])], 2, 0.7)
    parameters = torch.randn(3, heads, requires_grad=True)
    p_x = make_p(parameters)
    x = p_x.sample()
    x[0, 0] = x[1] = torch.nan
    (gradient,) = torch.autograd.grad(p_x.log_prob(x).sum(), parameters)
    assert gradient.isfinite().all()
    assert not gradient[1].any()


LIBRARY = {
    "family": "negative_binomial",
    "entries": [0, 1, 2],
    "shift": [1.1, 0.7, 2.2],
    "scale": [0.5, 0.8, 0.6],
    "library": 9.0,
}


def test_counts_of_a_library_are_negative_binomials_around_shares_of_its_size() -> None:
    p_x, parameters = make(LIBRARY)
    counts, size = np.array([4.0, 2.0]), 6.0
    ratio = 9.0 / size
    seen = np.append(np.log1p(counts * ratio), np.log1p(size))
    seen = (seen - LIBRARY["shift"]) / LIBRARY["scale"]
    logits, log_size = parameters.numpy().reshape(2, 2)
    shares = np.exp(logits) * np.expm1([1.1, 0.7])
    shares /= shares.sum()
    n = np.exp(log_size)
    each = stats.nbinom(n, n / (n + shares * size)).logpmf(counts)
    found = p_x.log_prob(torch.from_numpy(seen))
    assert float(found) == pytest.approx(each.sum() + stats.norm.logpdf(seen[-1]), rel=1e-5)
    expected = (np.log1p(9.0 * shares) - [1.1, 0.7]) / [0.5, 0.8]
    np.testing.assert_allclose(p_x.mean.numpy(), np.append(expected, 0), atol=1e-6)


def test_draws_of_a_library_are_whole_counts_with_its_means() -> None:
    p_x, parameters = make(LIBRARY)
    drawn = p_x.sample(torch.Size((40_000,))).numpy() * LIBRARY["scale"] + LIBRARY["shift"]
    size = np.expm1(drawn[:, 2]).clip(0)
    counts = np.expm1(drawn[:, :2]) * size[:, None] / 9.0
    np.testing.assert_allclose(counts, counts.round(), atol=1e-3)
    shares = np.exp(parameters.numpy()[:2]) * np.expm1([1.1, 0.7])
    np.testing.assert_allclose(counts.mean(0) / size.mean(), shares / shares.sum(), atol=0.03)
    assert stats.kstest((drawn[:, 2] - 2.2) / 0.6, stats.norm.cdf).pvalue > 1e-3


def test_a_row_of_blocks_in_any_order_has_the_density_of_its_parts() -> None:
    blocks = [
        block("poisson", [3, 0]),
        {"family": "gaussian", "entries": [1]},
        {"family": "categorical", "entries": [2, 4, 5]},
    ]
    p_x, parameters = make(*blocks)
    drawn = p_x.sample(torch.Size((30_000,)))
    assert drawn.shape == (30_000, 6)
    x = drawn[0]
    heads, family = get_likelihood([block("poisson", [0, 1])], 2, 1.0)
    assert isinstance(family, torch.nn.Module)
    counts = family.double()(parameters[:heads])
    number = Normal(parameters[2], parameters[3].exp())
    text = parameters[4:].log_softmax(0)
    expected = counts.log_prob(x[[3, 0]]) + number.log_prob(x[1]) + (text * x[[2, 4, 5]]).sum()
    torch.testing.assert_close(p_x.log_prob(x), expected)
    torch.testing.assert_close(p_x.mean[[2, 4, 5]], text.exp())
    torch.testing.assert_close(p_x.mean[[3, 0]], counts.mean)
    torch.testing.assert_close(drawn[:, 1].mean(), p_x.mean[1], rtol=0, atol=0.05)
    assert drawn[:, [2, 4, 5]].sum(1).eq(1).all()


def test_blocks_must_cover_the_row_and_have_names() -> None:
    with pytest.raises(InputError, match="expected each of 3 entries once"):
        get_likelihood([block("poisson", [0, 1])], 3, 1.0)
    with pytest.raises(InputError, match="expected each of 2 entries once"):
        get_likelihood([block("poisson", [0, 0])], 2, 1.0)
    for damaged in ([3], [{"entries": [0]}], [{"family": "poisson"}], [{"family": "beta"}]):
        with pytest.raises(InputError, match="not a list of blocks"):
            get_likelihood(damaged, 1, 1.0)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="poisson"):
        get_likelihood([{"family": "poison", "entries": [0]}], 1, 1.0)
