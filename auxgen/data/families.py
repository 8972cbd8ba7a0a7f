"""Likelihoods of columns by name: what each is for, and a choice by what a column holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import InputError, unknown_name

GAUSSIANS = MappingProxyType(
    {
        "gaussian": "numbers; mean and standard deviation depend on the row's code",
        "gaussian_fixed": "numbers; the standard deviation is 1, that of the column",
        "gaussian_scalar": "numbers; one learned standard deviation for all columns",
        "gaussian_pixel": "numbers; one learned standard deviation for each column",
    }
)
COUNTS = MappingProxyType(
    {
        "poisson": "counts whose variance is their mean",
        "negative_binomial": "counts whose variance is above their mean",
        "zero_inflated_poisson": "counts with more zeros",
        "zero_inflated_negative_binomial": "counts with more zeros, and a variance above the mean",
    }
)
PROPORTIONS = MappingProxyType(
    {
        "beta": "proportions between 0 and 1",
        "truncated_gaussian": "proportions, 0 and 1 among them",
    }
)
FAMILIES = MappingProxyType(
    {
        **GAUSSIANS,
        "bernoulli": "two values",
        "discretized_logistic": "few whole levels in order",
        **PROPORTIONS,
        **COUNTS,
    }
)
"""Likelihoods of numbers, and what they are for; texts are categorical."""
AUTO = "auto"
OTHERS = "*"
"""In a mapping, all columns that it does not name."""
MOST_LEVELS = 12
"""Different whole numbers, at most, that "auto" takes for levels."""
_TOP = 255
"""Highest level above the lowest."""
Choice = str | Mapping[Any, str] | None
"""A likelihood for all columns of numbers, or one for each that is named; None for Gaussian."""


def choose_families(
    x: np.ndarray, names: Sequence[Any], choice: Choice, dates: Sequence[Any] = ()
) -> tuple[str, ...]:
    """The likelihood of each column of numbers x (n, m), NaN where unknown.

    Args:
        x: The columns.
        names: Their names.
        choice: What a person wants; columns that a mapping leaves out are Gaussian.
        dates: Names of those that are dates, which are Gaussian.

    Raises:
        InputError: A name is unknown, or a column holds what its likelihood cannot give.
    """
    if isinstance(choice, Mapping):
        for name in choice:
            if name not in names and name != OTHERS:
                raise unknown_name("column of numbers", str(name), [str(n) for n in names])
        single, word = choice, choice.get(OTHERS, "gaussian")
    else:
        single, word = {}, "gaussian" if choice is None else choice
    wanted = [single.get(name, "gaussian" if name in dates else word) for name in names]
    found = []
    for name, word, column in zip(names, wanted, x.T, strict=True):
        known = column[~np.isnan(column)]
        if word == AUTO:
            word = "gaussian" if name in dates else find_family(known)
        check_family(word, name, known)
        found.append(word)
    return tuple(found)


def parse_choice(words: Sequence[str]) -> Choice:
    """A choice from words: one name for all columns, and COLUMN=NAME for single ones.

    Raises:
        InputError: A name is unknown, or there are two for all columns.
    """
    named = dict(word.rsplit("=", 1) for word in words if "=" in word)
    alone = [word for word in words if "=" not in word]
    for family in (*named.values(), *alone):
        if family not in (*FAMILIES, AUTO):
            raise unknown_name("likelihood", family, [*FAMILIES, AUTO])
    if len(alone) > 1:
        raise InputError(
            f"Two likelihoods are for all columns, {alone[0]} and {alone[1]}; expected one, and "
            "COLUMN=NAME for single columns."
        )
    if not named:
        return alone[0] if alone else None
    return {**named, OTHERS: alone[0] if alone else "gaussian"}


def find_family(values: np.ndarray) -> str:
    """The likelihood that suits the known values of a column (n,).

    Two values are a Bernoulli's. Whole numbers are levels, where there are 12 different ones at
    most, no farther apart than 20; counts, where the least is below a quarter of their mean and
    their variance is above it; else Gaussian. Numbers in [0, 1] are
    proportions. All else is Gaussian.
    """
    different = np.unique(values)
    if len(different) < 2:
        return "gaussian"
    if len(different) == 2:
        return "bernoulli"
    low, high = different[0], different[-1]
    if (different == np.round(different)).all():
        if len(different) <= MOST_LEVELS and high - low <= 20:
            return "discretized_logistic"
        counts = 0 <= low < values.mean() / 4 and values.var() > values.mean()
        return "negative_binomial" if counts else "gaussian"
    if low >= 0 and high <= 1:
        return "truncated_gaussian" if low == 0 or high == 1 else "beta"
    return "gaussian"


def check_family(family: str, column: Any, values: np.ndarray) -> None:
    """Raise InputError unless a likelihood can give the known values of a column (n,)."""
    if family not in FAMILIES:
        raise unknown_name("likelihood", str(family), [*FAMILIES, AUTO])
    different = np.unique(values)
    whole = bool((different == np.round(different)).all())
    expected = ""
    if family == "bernoulli" and len(different) > 2:
        expected = "two different values"
    elif family == "discretized_logistic" and not (
        whole and (len(different) < 2 or different[-1] - different[0] <= _TOP)
    ):
        expected = f"whole levels, at most {_TOP} apart"
    elif family in PROPORTIONS and not ((different >= 0) & (different <= 1)).all():
        expected = "numbers from 0 to 1"
    elif family in COUNTS and not (whole and (different >= 0).all()):
        expected = "whole numbers of 0 or more"
    if expected:
        some = ", ".join(f"{v:g}" for v in different[:3]) + (", ..." if len(different) > 3 else "")
        raise InputError(
            f"Column {column!r} holds {len(different)} different numbers ({some}), which the "
            f"likelihood {family!r} cannot give; expected {expected}."
        )


def describe_choice(families: Mapping[Any, str]) -> str:
    """One line that says which likelihood was taken for which columns."""
    parts = []
    for family, count in Counter(families.values()).most_common():
        names = [str(name) for name, own in families.items() if own == family]
        shown = ", ".join(names[:4]) + (", ..." if count > 4 else "")
        parts.append(f"{family} for {count} column{'' if count == 1 else 's'} ({shown})")
    return f"Likelihoods: {'; '.join(parts)}."
