"""Likelihoods of columns: a choice by what they hold, and how counts are seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from auxgen.builders.likelihoods import describe_likelihood, get_likelihood
from auxgen.data.dataset import Dataset, Preprocessor
from auxgen.data.families import (
    COUNTS,
    FAMILIES,
    check_family,
    choose_families,
    describe_choice,
    find_family,
    parse_choice,
)
from auxgen.data.fitting import fit_preprocessor
from auxgen.errors import InputError

RNG = np.random.default_rng(0)
COLUMNS = {
    "bernoulli": [RNG.integers(0, 2, 200), RNG.choice([3.5, -1.0], 200)],
    "discretized_logistic": [RNG.integers(1, 6, 200), RNG.integers(-2, 3, 200)],
    "negative_binomial": [RNG.negative_binomial(1, 0.02, 200), RNG.poisson(RNG.gamma(1, 30, 200))],
    "beta": [RNG.beta(2, 3, 200), RNG.uniform(0.2, 0.4, 200)],
    "truncated_gaussian": [np.append(RNG.beta(2, 3, 200), 0), np.append(RNG.random(200), [0, 1])],
    "gaussian": [
        RNG.normal(size=200),
        RNG.integers(1950, 2020, 200),
        -RNG.poisson(40, 200),
        RNG.uniform(0, 2, 200),
        np.zeros(5),
        np.empty(0),
    ],
}


@pytest.mark.parametrize("family", COLUMNS)
def test_a_column_gets_the_likelihood_that_suits_it(family: str) -> None:
    for values in COLUMNS[family]:
        assert find_family(np.asarray(values, dtype=float)) == family
        check_family(find_family(values), "a", values)


@pytest.mark.parametrize("scale", [1, 7])
def test_a_choice_does_not_depend_on_the_order_of_rows_or_on_blanks(scale: int) -> None:
    x = scale * RNG.integers(0, 50, (300, 3)).astype(float)
    holes = np.where(RNG.random(x.shape) < 0.2, np.nan, x)
    assert choose_families(x, "abc", "auto") == choose_families(x[::-1], "abc", "auto")
    assert choose_families(holes, "abc", "auto") == choose_families(x, "abc", "auto")


@pytest.mark.parametrize(
    ("family", "values"),
    [
        ("bernoulli", [1, 2, 3]),
        ("discretized_logistic", [0.5, 1]),
        ("discretized_logistic", [0, 1000]),
        *(("beta", v) for v in ([-0.1, 0.5], [0.5, 1.1])),
        *((family, v) for family in COUNTS for v in ([-1, 2], [0.5, 2])),
    ],
)
def test_a_column_that_a_likelihood_cannot_give_is_refused(family: str, values: list) -> None:
    with pytest.raises(InputError, match=f"Column 'a' holds .*{family}.*; expected"):
        choose_families(np.array(values, dtype=float)[:, None], ["a"], {"a": family})


def test_unknown_likelihoods_and_columns_are_refused_with_the_nearest_name() -> None:
    x = np.ones((3, 1))
    with pytest.raises(InputError, match="poisson"):
        choose_families(x, ["a"], "poison")
    with pytest.raises(InputError, match="visits"):
        choose_families(x, ["visits"], {"visit": "poisson"})
    with pytest.raises(InputError, match="negative_binomial"):
        check_family("negative_binomal", "a", x[0])


def test_words_name_one_likelihood_for_all_columns_and_others_for_single_ones() -> None:
    x = np.stack([RNG.poisson(RNG.gamma(1, 30, 99)), RNG.normal(size=99)], 1).astype(float)

    def read(*words: str) -> tuple[str, ...]:
        return choose_families(x, ["a=b", "c"], parse_choice(words))

    assert read() == ("gaussian", "gaussian")
    assert read("a=b=poisson") == ("poisson", "gaussian")
    assert read("auto", "c=gaussian_fixed") == ("negative_binomial", "gaussian_fixed")
    for odd, match in ((["auto", "beta"], "Two likelihoods"), (["c=poison"], "poisson")):
        with pytest.raises(InputError, match=match):
            parse_choice(odd)
    with pytest.raises(InputError, match="column"):
        read("d=poisson")


def test_a_choice_is_told_in_one_line() -> None:
    families = {f"c{i}": "gaussian" for i in range(6)} | {"n": "poisson"}
    told = describe_choice(families)
    assert told == (
        "Likelihoods: gaussian for 6 columns (c0, c1, c2, c3, ...); poisson for 1 column (n)."
    )


def make_dataset(x: np.ndarray) -> Dataset:
    return Dataset(torch.from_numpy(x), torch.full((len(x),), -1), (), "rows", "")


def make_mixed_rows(rows: int) -> tuple[np.ndarray, tuple[str, ...]]:
    """Rows with a column of every likelihood, and some entries unknown."""
    columns = {
        "beta": RNG.beta(2, 3, rows),
        "truncated_gaussian": RNG.integers(0, 5, rows) / 4,
        "bernoulli": RNG.choice([3, 8], rows),
        "discretized_logistic": RNG.integers(-2, 4, rows),
    }
    x = np.stack(
        [
            columns.get(f, RNG.poisson(3 * 10 ** RNG.uniform(0, 3, rows)) * (f in COUNTS) + 0.0)
            if f in columns or f in COUNTS
            else RNG.normal(5, 2, rows)
            for f in FAMILIES
        ],
        1,
    ).astype(float)
    x[RNG.random(x.shape) < 0.1] = np.nan
    return x, tuple(FAMILIES)


def test_every_likelihood_reads_the_rows_that_its_space_wrote() -> None:
    """Rows go there and back exactly where whole; densities and draws are finite, and in units."""
    x, families = make_mixed_rows(400)
    space = fit_preprocessor(make_dataset(x), standardise=True, families=families)
    seen = space.transform(torch.from_numpy(x))
    back = space.inverse_transform(seen).numpy()
    np.testing.assert_allclose(back, x, rtol=1e-4, atol=1e-4)
    counts = [i for i, f in enumerate(families) if f in COUNTS]
    np.testing.assert_array_equal(back[:, counts], x[:, counts])
    heads, make = get_likelihood(describe_likelihood(space, families, x), space.width, 1.0)
    p_x = make(0.1 * torch.randn(400, heads, generator=torch.Generator().manual_seed(0)))
    assert p_x.log_prob(seen).isfinite().all()
    drawn = space.inverse_transform(p_x.sample()).numpy()
    own = dict(zip(families, drawn.T, strict=True))
    assert all((own[f] == own[f].round()).all() and (own[f] >= 0).all() for f in COUNTS)
    np.testing.assert_allclose(np.unique(own["bernoulli"]), [3, 8], rtol=1e-5)
    np.testing.assert_allclose(np.unique(own["discretized_logistic"].round(4)), range(-2, 4))
    for name in ("beta", "truncated_gaussian"):
        assert ((own[name] > -1e-6) & (own[name] < 1 + 1e-6)).all()
    assert Preprocessor.from_json(space.to_json()) == space


def test_rare_and_large_counts_are_seen_as_they_are() -> None:
    x = np.zeros((20_000, 3))
    x[0, 0], x[5, 1], x[:, 2] = 3, 400_000, RNG.poisson(4, 20_000)
    space = fit_preprocessor(make_dataset(x), standardise=True, families=("poisson",) * 3)
    back = space.inverse_transform(space.transform(torch.from_numpy(x))).numpy()
    np.testing.assert_allclose(back, x, rtol=1e-5)
    np.testing.assert_array_equal(back[:, [0, 2]], x[:, [0, 2]])


def test_shares_of_a_library_do_not_depend_on_its_size_and_come_back_as_counts() -> None:
    x = RNG.poisson(RNG.gamma(2, 5, (300, 1)) * [1, 2, 0.5, 3]).astype(float)
    families = ("negative_binomial",) * 4
    dataset = make_dataset(x)
    space = fit_preprocessor(dataset, standardise=True, families=families, library_size=True)
    seen = space.transform(torch.from_numpy(x))
    assert seen.shape == (300, 5)
    assert space.width == 5
    np.testing.assert_array_equal(space.inverse_transform(seen).numpy(), x)
    some = torch.from_numpy(x[:50])
    torch.testing.assert_close(space.transform(3 * some)[:, :4], space.transform(some)[:, :4])
    holes = x.copy()
    holes[:, 1] = np.nan  # the size is that of whole rows all the same
    known = space.transform(torch.from_numpy(holes))
    assert (known[:, 4] - seen[:, 4]).mean().abs() < 0.1
    holes[0] = np.nan
    assert space.transform(torch.from_numpy(holes))[0].isnan().all()
    empty = space.transform(torch.zeros(1, 4).double())
    assert empty.isfinite().all()
    np.testing.assert_array_equal(space.inverse_transform(empty).numpy(), np.zeros((1, 4)))


@pytest.mark.parametrize("odd", [-1.0, 0.5])
def test_a_new_row_with_no_count_in_a_column_of_counts_is_refused(odd: float) -> None:
    x = RNG.poisson(3, (50, 2)).astype(float)
    space = fit_preprocessor(make_dataset(x), standardise=True, families=("poisson", "poisson"))
    x[7, 1] = odd
    with pytest.raises(InputError, match=f"Column 1 has {odd:g} in row 8"):
        space.transform(torch.from_numpy(x))
