"""Parameters of estimators: checks of what a person gives, one sentence each, and seeds."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from numbers import Real
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import torch

from ..engine.device import resolve_device
from ..errors import InputError, unknown_name


class Rule(Protocol):
    """What a parameter may be."""

    def __call__(self, name: str, value: Any) -> None:
        """Raise InputError unless the value is allowed."""
        ...


@dataclass(frozen=True)
class Whole:
    """A whole number, or None where that is allowed."""

    least: int
    optional: bool = False

    def __call__(self, name: str, value: Any) -> None:
        if value is None and self.optional:
            return
        if value is not None and is_whole(value) and int(value) >= self.least:
            return
        other = " or None" if self.optional else ""
        expected = f"a whole number of {self.least} or more{other}"
        raise InputError(f"{name} is {value!r}; expected {expected}.")


@dataclass(frozen=True)
class Number:
    """A finite number between two bounds, which count as allowed unless `above` leaves the least
    out or `below` the most; or None where that is allowed."""

    least: float
    most: float = inf
    above: bool = False
    below: bool = False
    optional: bool = False

    def __call__(self, name: str, value: Any) -> None:
        if value is None and self.optional:
            return
        if isinstance(value, Real) and not isinstance(value, bool | np.bool_):
            x = float(value)
            low = x > self.least if self.above else x >= self.least
            high = x < self.most if self.below else x <= self.most
            if isfinite(x) and low and high:
                return
        start = f"above {self.least:g}" if self.above else f"from {self.least:g} on"
        end = f" and below {self.most:g}" if self.below else f" and up to {self.most:g}"
        expected = start + (end if self.most < inf else "")
        other = " or None" if self.optional else ""
        raise InputError(f"{name} is {value!r}; expected a number {expected}{other}.")


@dataclass(frozen=True)
class OneOf:
    """One of several words."""

    words: Sequence[str]

    def __call__(self, name: str, value: Any) -> None:
        if not isinstance(value, str) or value not in self.words:
            raise unknown_name(name, str(value), self.words)


@dataclass(frozen=True)
class Several:
    """An array, a list or a mapping of any length, whose entries or keys are of one kind."""

    kind: type

    def __call__(self, name: str, value: Any) -> None:
        several = isinstance(value, list | tuple | np.ndarray | Mapping)
        if not several or not all(isinstance(each, self.kind) for each in value):
            raise InputError(f"{name} is {value!r}; expected several of {self.kind.__name__}.")


def check_flag(name: str, value: Any) -> None:
    """Raise InputError unless the value is true or false."""
    if not isinstance(value, bool | np.bool_):
        raise InputError(f"{name} is {value!r}; expected True or False.")


def _check_widths(name: str, value: Any) -> None:
    """Raise InputError unless the value is a whole number above 0, or several."""
    list_widths(value, name)


def list_widths(value: Any, name: str = "hidden") -> list[int]:
    """Widths of layers, of which one alone may be given as a number.

    Raises:
        InputError: One is no whole number above 0, or there is none.
    """
    widths = [value] if is_whole(value) else value
    if isinstance(widths, str) or not hasattr(widths, "__iter__"):
        widths = []
    widths = list(widths)
    if not widths or not all(is_whole(w) and w > 0 for w in widths):
        raise InputError(f"{name} is {value!r}; expected a whole number above 0, or several.")
    return [int(w) for w in widths]


def _check_device(name: str, value: Any) -> None:
    """Raise InputError unless the value names a device that is there."""
    if not isinstance(value, str):
        raise InputError(f"{name} is {value!r}; expected 'cpu', 'cuda' or 'auto'.")
    resolve_device(value)


def check_parameters(estimator: Any, rules: Mapping[str, Rule]) -> None:
    """Check an estimator's parameters by the rule of each.

    Raises:
        InputError: One is not allowed.
    """
    for name, rule in rules.items():
        rule(name, getattr(estimator, name))


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number of any kind, true and false excepted."""
    if isinstance(value, bool | np.bool_ | torch.Tensor):
        return False
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


TRAINING_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "hidden": _check_widths,
        "latent": Whole(1),
        "steps": Whole(1),
        "batch": Whole(1),
        "learning_rate": Number(0, above=True),
        "noise": Number(0),
        "early_stopping": check_flag,
        "validation_fraction": Number(0, 1, above=True, below=True),
        "n_iter_no_change": Whole(1),
        "warm_start": check_flag,
        "draws": Whole(1),
        "library_size": check_flag,
        "device": _check_device,
    }
)
"""What parameters of training may be, in every estimator."""


def make_seed(random_state: Any) -> int:
    """A seed from what scikit-learn takes as a random state.

    Args:
        random_state: A whole number of any kind; a numpy RandomState or Generator, from which one
            number is drawn; or None for another seed each time. numpy's own state stays as it is.

    Raises:
        InputError: It is something else, or below 0.
    """
    if random_state is None:
        return int(np.random.default_rng().integers(2**62))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(2**31 - 1))
    if isinstance(random_state, np.random.Generator):
        return int(random_state.integers(2**62))
    if not is_whole(random_state) or not 0 <= int(random_state) < 2**62:
        raise InputError(
            f"random_state is {random_state!r}; expected a whole number from 0 on, a RandomState, "
            "a Generator or None."
        )
    return int(random_state)
