"""Directions in the space of codes, along which the logit of an attribute rises. Pure functions.

The logit of a linear classifier is w.z + bias: its gradient is w everywhere, so that to move along
w is to ascend it (Maggipinto et al., 2020, section 4.2), by |w| for a unit of distance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log

import torch
from torch import Tensor

from ..errors import InputError, unknown_name
from .precision import promote_to_float32

_NEGLIGIBLE_LENGTH = 1e-6
"""Length of what is left of a unit vector, below which nothing is left."""


@dataclass(frozen=True, eq=False)
class Direction:
    """Where an attribute's logit rises: logit(z) = scale * (vector . z) + bias.

    Attributes:
        name: Of the attribute, or what was made of several.
        vector: Unit vector (d,).
        scale: Rise of the logit for a unit of distance; |w| of its classifier.
        bias: Its logit at z = 0.
    """

    name: str
    vector: Tensor
    scale: float
    bias: float = 0.0

    @classmethod
    def from_weight(cls, name: str, weight: Tensor, bias: float = 0.0) -> Direction:
        """That of a linear classifier's weight (d,).

        Raises:
            InputError: The weight is zero or not finite, so that it points nowhere.
        """
        w = promote_to_float32(weight.detach())
        length = w.norm().item()
        if not 0 < length < float("inf"):
            raise InputError(
                f"The classifier of {name!r} has a weight of length {length:g}; wanted for a "
                "direction is a positive one."
            )
        return cls(name, w / length, length, bias)

    def logit(self, z: Tensor) -> Tensor:
        """z (..., d) -> (...)."""
        return self.scale * (z @ self.vector.to(z)) + self.bias

    def move(self, z: Tensor, delta: float | Tensor) -> Tensor:
        """z + delta * vector: z (n, d), one distance or n of them -> (n, d)."""
        far = torch.as_tensor(delta, dtype=z.dtype, device=z.device)
        return z + far[..., None] * self.vector.to(z)

    def distance_to_probability(self, z: Tensor, probability: float) -> Tensor:
        """How far to go until the classifier of z is that sure: z (n, d) -> (n,); below 0, back.

        Raises:
            InputError: The probability is not between 0 and 1.
        """
        check_probability(probability)
        wanted = log(probability) - log(1 - probability)
        return (wanted - self.logit(z)) / self.scale

    def cosine_similarity(self, other: Direction) -> float:
        """What two attributes share, from -1 to 1."""
        return float(self.vector @ other.vector.to(self.vector))

    def project_out(self, *others: Direction) -> Direction:
        """What is left when all that the others share with it is taken away.

        Moving along it keeps the others' logits; its own still rises, by less: scale * the length
        of what is left. The vector is projected on the orthogonal complement of the others.

        Raises:
            InputError: Nothing is left.
        """
        if not others:
            return self
        theirs = torch.stack([o.vector.to(self.vector).double() for o in others], 1)
        basis, sizes, _ = torch.linalg.svd(theirs, full_matrices=False)
        basis = basis[:, sizes > _NEGLIGIBLE_LENGTH]
        own = self.vector.double()
        left = own - basis @ (basis.T @ own)
        length = left.norm().item()
        named = " and ".join(o.name for o in others)
        if length < _NEGLIGIBLE_LENGTH:
            raise InputError(
                f"Nothing is left of {self.name!r} without {named}; wanted is a direction that is "
                "not made of theirs."
            )
        vector = (left / length).to(self.vector)
        return replace(
            self, name=f"{self.name} without {named}", vector=vector, scale=self.scale * length
        )


def combine_directions(weighted_directions: Sequence[tuple[Direction, float]]) -> Direction:
    """Several at once, sum_i s_i v_i made a unit vector again, as for figure 6.

    Its logit is the sum of theirs, each times s_i / |sum|, so that the scale is what that rises by.

    Args:
        weighted_directions: Directions with their factors s_i: +1 to add an attribute, -1 to remove it.

    Raises:
        InputError: There is none, or they cancel out.
    """
    if not weighted_directions:
        raise InputError("No direction was given to combine; one or more is wanted.")
    total = torch.stack([s * d.vector for d, s in weighted_directions]).sum(0)
    name = " ".join(f"{'+' if s > 0 else '-'}{d.name}" for d, s in weighted_directions)
    length = total.norm().item()
    if length < _NEGLIGIBLE_LENGTH:
        raise InputError(f"{name} cancel out; wanted are directions that do not.")
    weight = sum((s * d.scale * d.vector for d, s in weighted_directions), torch.zeros_like(total))
    bias = sum(s * d.bias for d, s in weighted_directions)
    vector = total / length
    return Direction(name, vector, float(weight @ vector), bias)


def sum_displacements(parts: Sequence[tuple[Direction, float]]) -> Tensor:
    """The way of several distances, one along each direction: -> (d,)."""
    return torch.stack([delta * direction.vector for direction, delta in parts]).sum(0)


def get_direction(directions: Mapping[str, Direction], name: str) -> Direction:
    """One of several by its name.

    Raises:
        InputError: There is none.
    """
    if name not in directions:
        raise unknown_name("attribute", name, directions)
    return directions[name]


def fit_linear_probe(name: str, z: Tensor, y: Tensor, *, penalty: float = 1.0) -> Direction:
    """The direction that a linear probe of codes finds, after the fact and of any encoder.

    Logistic regression with an intercept (scikit-learn), codes standardised.

    Args:
        name: Of the attribute.
        z: Codes (n, d).
        y: Answers (n,), 0 or 1, NaN where blank; blanks are left out.
        penalty: Of the squared weight, in standardised units, for all rows together.

    Raises:
        InputError: Only one answer is known.
    """
    from sklearn.linear_model import LogisticRegression

    known = _require_both_answers(name, y)
    codes = z[known].double().cpu()
    mean, std = codes.mean(0), codes.std(0).clamp(min=1e-12)
    fitted = LogisticRegression(C=1 / penalty, max_iter=1000)
    fitted.fit(((codes - mean) / std).numpy(), (y[known] == 1).cpu().numpy())
    weight = torch.from_numpy(fitted.coef_).flatten() / std
    bias = torch.as_tensor(fitted.intercept_).item() - float(weight @ mean)
    return Direction.from_weight(name, weight.to(torch.float32), bias)


def fit_mean_difference(name: str, z: Tensor, y: Tensor) -> Direction:
    """From the mean code of rows without an attribute to that of rows with it (Larsen et al. 2016).

    The logit is that of two Gaussians of covariance I about these means, equally frequent.

    Args:
        name: Of the attribute.
        z: Codes (n, d).
        y: Answers (n,), 0 or 1, NaN where blank; blanks are left out.

    Raises:
        InputError: Only one answer is known.
    """
    _require_both_answers(name, y)
    codes, answers = z.double().cpu(), y.cpu()
    there, absent = (codes[answers == answer].mean(0) for answer in (1, 0))
    way = there - absent
    return Direction.from_weight(name, way.to(torch.float32), -float(way @ (there + absent)) / 2)


def _require_both_answers(name: str, y: Tensor) -> Tensor:
    """Rows (n,) whose answer is known; raises unless both answers are."""
    known = ~y.isnan()
    if len(y[known].unique()) < 2:
        raise InputError(
            f"Rows with and without {name!r} are wanted to find its direction; only one kind is "
            "there."
        )
    return known


def check_probability(probability: float) -> None:
    """Raises unless it is a probability that a logit can have."""
    if not 0 < probability < 1:
        raise InputError(
            f"A probability of {probability:g} was given; one inside 0 to 1 is wanted."
        )
