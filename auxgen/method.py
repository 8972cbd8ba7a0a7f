"""What the rest of auxgen knows of a method: networks, players, and a round of moves."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Protocol, TypeVar, runtime_checkable

from torch import Tensor, nn
from torch.distributions import Bernoulli, Categorical, Distribution

from .errors import InputError


@dataclass(frozen=True)
class Gradient:
    """Add the gradient of `loss` to the parameters of these players, and of no one else.

    Attributes:
        loss: A scalar.
        players: Whose parameters receive the gradient.
        terms: Named terms of the paper's objective, for the log; scalars.
        parts: Named parts of the loss, with their weights, whose share of the gradient is logged.
    """

    loss: Tensor
    players: tuple[str, ...]
    terms: Mapping[str, Tensor] = field(default_factory=dict)
    parts: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """These players step down the gradients gathered since they last did."""

    players: tuple[str, ...]


Moves = Iterator[Gradient | Step]


def descend(loss: Tensor, *players: str, **terms: Tensor) -> Moves:
    """A gradient and a step: all that a method with one player needs."""
    yield Gradient(loss, players, terms)
    yield Step(players)


class Method(nn.Module, ABC):
    """Networks and the game they play. A concrete method is final: compose, don't extend."""

    @abstractmethod
    def players(self) -> dict[str, tuple[nn.Module, ...]]:
        """Who has an optimiser, and what it owns. What nobody owns is held fixed, in eval mode."""

    @abstractmethod
    def round(self, batch: Any, step: Tensor) -> Moves:
        """Round number `step` (0-dim, integer) of training, as the paper's algorithm states it."""


@runtime_checkable
class Samples(Protocol):
    """A generative model."""

    def sample(self, n: int) -> Tensor:
        """n draws of x (mean of the last conditional), shape (n, *event)."""
        ...


@runtime_checkable
class SamplesByClass(Protocol):
    """A generative model of x given its class."""

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """n draws of x; y (n,) class indices, drawn from p(y) when None."""
        ...


@runtime_checkable
class SamplesConditional(Protocol):
    """A generative model that ends in p(x|.), whose draws and means can both be had."""

    def sample_p_x(self, n: int) -> Distribution:
        """p(x|.) at n draws of all that it is given: batch (n,); by class as `sample`."""
        ...


@runtime_checkable
class Encodes(Protocol):
    """Has a code z of x."""

    def encode(self, x: Tensor) -> Distribution:
        """q(z|x): x (b, *event) -> batch (b,)."""
        ...


@runtime_checkable
class Decodes(Protocol):
    """Makes x of a code."""

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """p(x|z) or p(x|y,z): z (b, d), y (b,) class indices -> batch (b,)."""
        ...


@runtime_checkable
class DecodesDraw(Protocol):
    """Makes x of a code, its class, and a draw of what x depends on besides."""

    def decode_draw(self, z: Tensor, y: Tensor) -> Distribution:
        """p(x|.) as `Decodes`, at draws, not means, of all other variables: -> batch (b,)."""
        ...


@runtime_checkable
class Classifies(Protocol):
    """Has a classifier."""

    def classify(self, x: Tensor, draws: int = 1) -> Categorical:
        """q(y|x), mean over `draws` of what it conditions on: x (b, *event) -> batch (b,)."""
        ...


@runtime_checkable
class Describes(Protocol):
    """Has a classifier of attributes."""

    def attributes(self, x: Tensor) -> Bernoulli:
        """q(y_k|x), independent over k: x (b, *event) -> batch (b, k)."""
        ...


@runtime_checkable
class Extracts(Protocol):
    """Has features of x, such as Frechet distances are measured in."""

    def features(self, x: Tensor) -> Tensor:
        """x (b, *event) -> (b, d)."""
        ...


@runtime_checkable
class Bounds(Protocol):
    """Has an evidence lower bound."""

    def elbo(self, x: Tensor) -> Tensor:
        """One-sample estimate of a lower bound on log p(x), in nats: (b, *event) -> (b,)."""
        ...


@runtime_checkable
class Weighs(Protocol):
    """Has importance weights whose mean is p(x)."""

    def log_weights(self, x: Tensor, k: int) -> Tensor:
        """log of k independent unbiased estimates of p(x), in nats: (b, *event) -> (k, b)."""
        ...


@runtime_checkable
class Completes(Protocol):
    """Has importance weights, and p(x|.) at what they weigh, for rows of which entries are NaN."""

    def weigh_draws(self, x: Tensor, k: int) -> tuple[Tensor, Distribution]:
        """log p(x,.) / q(.|x) of k draws of all else, and p(x|.) at each: x (b, d).

        Weights (k, b) or, one for each class too, (k, b, c); the distribution's batch is the same.
        """
        ...


@runtime_checkable
class HasPrior(Protocol):
    """Has a prior of its code that can be drawn from."""

    def p_z(self) -> Distribution:
        """p(z), batch ()."""
        ...


@runtime_checkable
class HasAttributeWeights(Protocol):
    """Its attributes' logits are linear in the code, w.z for each."""

    def attribute_weights(self) -> Tensor:
        """-> (k, d)."""
        ...


ABILITIES: dict[type, str] = {
    Encodes: "encode",
    Decodes: "decode",
    DecodesDraw: "decode draws",
    Classifies: "classify",
    Describes: "predict attributes",
    Extracts: "extract features",
    Samples: "sample",
    SamplesByClass: "sample by class",
    SamplesConditional: "draw from p(x|.)",
    Bounds: "bound log p(x)",
    Weighs: "weigh draws of its code",
    Completes: "fill in what is unknown of a row",
    HasPrior: "draw codes from a prior",
    HasAttributeWeights: "predict attributes by directions of its code",
}
"""What a method can do, in words, by its Protocol."""

Ability = TypeVar("Ability")


def has_ability(method: object, protocol: type) -> bool:
    """Whether a method has all of a Protocol of this module."""
    if protocol is SamplesByClass and isinstance(method, SamplesByClass):
        return "y" in signature(method.sample).parameters
    return isinstance(method, protocol)


def require(method: object, protocol: type[Ability]) -> Ability:
    """The method, known to have what the Protocol asks for.

    Args:
        method: A method, or anything else.
        protocol: One of this module, such as `Encodes`.

    Raises:
        InputError: The method lacks it.
    """
    if not has_ability(method, protocol):
        raise InputError(
            f"{type(method).__name__} cannot {ABILITIES[protocol]}; a model that can is needed."
        )
    return method  # pyright: ignore[reportReturnType]
