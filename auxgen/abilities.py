"""What a model can do, asked for where it is wanted; one that cannot says so in a sentence."""

from __future__ import annotations

from inspect import signature
from typing import Protocol, runtime_checkable

from torch import Tensor
from torch.distributions import Distribution

from .distributions import bernoulli
from .errors import InputError
from .method import (
    Bounds,
    Classifies,
    Decodes,
    Describes,
    Encodes,
    Extracts,
    Samples,
    SamplesByClass,
    Weighs,
)


@runtime_checkable
class Prior(Protocol):
    """Has a prior of its code that can be drawn from."""

    def p_z(self) -> Distribution:
        """p(z), batch ()."""
        ...


@runtime_checkable
class TellsLinearly(Protocol):
    """Its attributes' logits are linear in the code, w.z for each."""

    def attribute_weights(self) -> Tensor:
        """-> (k, d)."""
        ...


def encoder(method: object) -> Encodes:
    """The method, which has encode(x); InputError where it has not."""
    if isinstance(method, Encodes):
        return method
    raise lacking(method, "encode")


def decoder(method: object) -> Decodes:
    """The method, which has decode(z, y); InputError where it has not."""
    if isinstance(method, Decodes):
        return method
    raise lacking(method, "decode")


def classifier(method: object) -> Classifies:
    """The method, which has classify(x, draws); InputError where it has not."""
    if isinstance(method, Classifies):
        return method
    raise lacking(method, "classify")


def describer(method: object) -> Describes:
    """The method, which has attributes(x); InputError where it has not."""
    if isinstance(method, Describes):
        return method
    raise lacking(method, "tell attributes")


def extractor(method: object) -> Extracts:
    """The method, which has features(x); InputError where it has not."""
    if isinstance(method, Extracts):
        return method
    raise lacking(method, "extract features")


def sampler(method: object) -> Samples:
    """The method, which has sample(n); InputError where it has not."""
    if isinstance(method, Samples):
        return method
    raise lacking(method, "sample")


def sampler_by_class(method: object) -> SamplesByClass:
    """The method, which has sample(n, y); InputError where it has not."""
    if isinstance(method, SamplesByClass) and "y" in signature(method.sample).parameters:
        return method
    raise lacking(method, "sample by class")


def bounded(method: object) -> Bounds:
    """The method, which has elbo(x); InputError where it has not."""
    if isinstance(method, Bounds):
        return method
    raise lacking(method, "bound log p(x)")


def of_bits(method: object) -> bool:
    """Whether p(x|.) is of bits, of which grey values are the probabilities."""
    return getattr(getattr(method, "p_x", None), "family", None) is bernoulli


def weighed(method: object) -> Weighs:
    """The method, which has log_weights(x, k); InputError where it has not."""
    if isinstance(method, Weighs):
        return method
    raise lacking(method, "weigh draws of its code")


def prior(method: object) -> Prior:
    """The method, which has p_z(); InputError where it has not."""
    if isinstance(method, Prior):
        return method
    raise lacking(method, "draw codes from a prior")


def linear(method: object) -> TellsLinearly:
    """The method, which has attribute_weights(); InputError where it has not."""
    if isinstance(method, TellsLinearly):
        return method
    raise lacking(method, "tell attributes by directions of its code")


def lacking(method: object, what: str) -> InputError:
    return InputError(f"{type(method).__name__} cannot {what}; wanted is a model that can.")
